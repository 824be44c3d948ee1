"""What a finding is."""

from dataclasses import dataclass
from enum import StrEnum

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


def cut(text: str, longest: int = LONGEST, mark: str = CUT_MARK) -> str:
    """`text`, or its first `longest` characters and a mark that says so."""
    return text if len(text) <= longest else text[:longest] + mark
