"""What a finding is, as a record and as the columns of a frame."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

#: Values and original text are cut at this many characters.
LONGEST = 32_000
#: In the middle of a message a value is cut at this many.
LONGEST_IN_MESSAGE = 80
CUT_MARK = "… [cut]"
#: What to do where nothing is suggested instead of the value.
LEAVE_BLANK = "leave the cell blank"


class Severity(StrEnum):
    """An error keeps its row, or the file, from being imported; a warning loses a value."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding. `row`, `line` (from 1) and `byte` (from 0) are None for the file as a whole.

    `row` is what a spreadsheet shows, `line` what a text editor does, `byte` the offset in the
    decompressed input, None where that was transcoded. `column` is the header's text.
    """

    file: str
    rule: str
    severity: Severity
    row: int | None
    line: int | None
    byte: int | None
    column: str | None
    value: str | None
    message: str
    suggestion: str | None


#: The columns of `Result.issues`, in the order of `Issue`'s fields.
ISSUE_COLUMNS: dict[str, pl.DataType] = {
    "file": pl.String(),
    "rule": pl.String(),
    "severity": pl.String(),
    "row": pl.Int64(),
    "line": pl.Int64(),
    "byte": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "message": pl.String(),
    "suggestion": pl.String(),
}


def cut(text: str, longest: int = LONGEST, mark: str = CUT_MARK) -> str:
    """`text`, or its first `longest` characters and a mark that says so."""
    return text if len(text) <= longest else text[:longest] + mark


def cut_cells(cells: pl.Expr, longest: int = LONGEST, mark: str = CUT_MARK) -> pl.Expr:
    """`cut` for a column of text."""
    # the number of bytes is known; that of characters has to be counted
    long = (cells.str.len_bytes() > longest) & (cells.str.len_chars() > longest)
    return pl.when(long).then(cells.str.head(longest) + mark).otherwise(cells)
