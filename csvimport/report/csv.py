"""The error report: every flagged row with its cells, what is wrong, and how to mend it."""

import csv
import io
from pathlib import Path

import polars as pl

from csvimport.block import cell_names
from csvimport.issue import LEAVE_BLANK, Severity
from csvimport.result import Result
from csvimport.spill import Chunk
from csvimport.target import replacing

COLUMNS = ("Row", "Line", "Issue type", "Rules", "Description", "Original text")
#: The lines that a spreadsheet holds.
SPREADSHEET_LINES = 1_048_576

_BOM = b"\xef\xbb\xbf"
#: What a spreadsheet takes for a formula, except for numbers and phone numbers.
_FORMULA = "^[=@\t\r+-]"
_NUMBER = r"^[+-]\.?[0-9][0-9., ]*(?:[eE][+-]?[0-9]+)?%?$"
_PHONE = r"^\+\(?[0-9][0-9 ().\-/]*$"


def write(result: Result, path: Path, *, raw: bool = False) -> tuple[int, int]:
    """Write the report of `result` to `path`; return its lines and how many cells were guarded.

    UTF-8 with a byte-order mark, CRLF. `raw` leaves out the `'` before cells that a spreadsheet
    would take for a formula. OutputError where it cannot be written.
    """
    header, guarded = _header(result.headers, raw=raw)
    lines = 1
    with replacing(path) as file:
        file.write(_BOM + header)
        for chunk in result.chunks():
            frame = _lines(result, chunk)
            if not raw:
                counts = frame.select(_is_formula(pl.col(pl.String)).sum())
                guarded += int(counts.sum_horizontal().sum())
                frame = frame.with_columns(_guarded(pl.col(pl.String)))
            lines += frame.height
            frame.with_columns(_unquoted(pl.col(pl.String))).write_csv(
                file, include_header=False, line_terminator="\r\n", quote_style="necessary"
            )
    return lines, guarded


def _header(headers: list[str], *, raw: bool) -> tuple[bytes, int]:
    """The report's own columns, under other names where the file has these, then the file's.

    Behind it how many of the cells were guarded.
    """
    own = []
    for name in COLUMNS:
        while name in headers:
            name += " (report)"  # noqa: PLW2901
        own.append(name)
    names = pl.DataFrame({"name": [*own, *headers]}, schema={"name": pl.String})
    guarded = 0
    if not raw:
        guarded = int(names.select(_is_formula(pl.col("name")).sum()).item())
        names = names.select(_guarded(pl.col("name")))
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(names["name"])
    return text.getvalue().encode(), guarded


def _lines(result: Result, chunk: Chunk) -> pl.DataFrame:
    headers = pl.DataFrame(
        {"position": range(len(result.headers)), "column": result.headers},
        schema={"position": pl.Int32, "column": pl.String},
    )
    issues = (
        chunk.issues.with_row_index("number")
        .join(result.legend, on="wording", how="left", maintain_order="left")
        .join(headers, on="position", how="left", maintain_order="left")
    )
    prefix = pl.when(pl.col("column") != "").then(pl.col("column") + ": ").otherwise(pl.lit(""))
    suggestion = pl.col("suggestion")
    use = pl.when(suggestion == "").then(pl.lit(LEAVE_BLANK)).otherwise('use "' + suggestion + '"')
    remedy = pl.coalesce(use, pl.col("help"))
    # issues of the file as a whole have no row, and a line each
    key = pl.coalesce(pl.col("row"), -1 - pl.col("number").cast(pl.Int64))
    told = issues.group_by(key.alias("key"), maintain_order=True).agg(
        pl.col("row", "line").first(),
        pl.when((pl.col("severity") == Severity.ERROR).any())
        .then(pl.lit("Error"))
        .otherwise(pl.lit("Warning"))
        .alias("type"),
        pl.col("rule").unique(maintain_order=True).str.join("; ").alias("rules"),
        pl.concat_str(prefix, "message", pl.lit("; "), remedy).str.join(" | ").alias("description"),
    )
    # rows that precede the header do not know yet how many cells it has
    cells = cell_names(len(result.headers))
    missing = {name: pl.lit("") for name in cells if name not in chunk.rows.columns}
    rows = chunk.rows.with_columns(**missing).select("row", "text", *cells)
    return told.drop("key").join(rows, on="row", how="left", maintain_order="left")


def _is_formula(text: pl.Expr) -> pl.Expr:
    harmless = text.str.contains(_NUMBER) | text.str.contains(_PHONE)
    return text.str.contains(_FORMULA) & ~harmless


def _guarded(text: pl.Expr) -> pl.Expr:
    return pl.when(_is_formula(text)).then(pl.lit("'") + text).otherwise(text).name.keep()


def _unquoted(text: pl.Expr) -> pl.Expr:
    """The writer quotes an empty cell, and leaves a missing one bare."""
    return pl.when(text != "").then(text).name.keep()
