"""The error report: every flagged row with its cells, what is wrong, and how to mend it."""

import csv
import io
from pathlib import Path

import polars as pl

from csvimport.block import cell_names
from csvimport.cells import behind
from csvimport.issue import LEAVE_BLANK, Severity
from csvimport.result import Result
from csvimport.spill import Chunk, Lines, Records, Stored
from csvimport.target import replacing

COLUMNS = ("Row", "Line", "Issue type", "Rules", "Description", "Original text")
#: The lines that a spreadsheet holds.
SPREADSHEET_LINES = 1_048_576

_BOM = b"\xef\xbb\xbf"
#: What a spreadsheet takes for a formula, except for numbers and phone numbers. Some pass over what
#: ends a line; where signs are typed in full width, those do, too.
_SIGNS = "=@\t\r\n+＝＠＋－-"
_FORMULA = f"^[{_SIGNS}]"
_NUMBER = r"^[+-]\.?[0-9][0-9., ]*(?:[eE][+-]?[0-9]+)?%?$"
_PHONE = r"^\+\(?[0-9][0-9 ().\-/]*$"
#: The rest.
_HARMLESS = f"^(?:{_NUMBER[1:-1]}|{_PHONE[1:-1]}|[^{_SIGNS}](?:[^a]|a)*)?$"


def write(result: Result, path: Path, *, raw: bool = False) -> tuple[int, int]:
    """Write the report of `result` to `path`; return its lines and how many cells were guarded.

    UTF-8 with a byte-order mark, CRLF. `raw` leaves out the `'` before cells that a spreadsheet
    would take for a formula. OutputError where it cannot be written.
    """
    header, guarded = _header(result, raw=raw)
    count = 1
    with replacing(path) as file:
        file.write(_BOM + header)
        for chunk in result.chunks():
            lines = chunk.lines or lines_of(
                chunk, result.headers, result.legend, result.parts, raw=raw
            )
            lines.write_to(file)
            count, guarded = count + lines.count, guarded + lines.guarded
    return count, guarded


def lines_of(
    chunk: Chunk | Stored,
    headers: list[str],
    legend: pl.DataFrame,
    parts: list[str],
    *,
    raw: bool = False,
) -> Lines:
    """The report's lines about the rows of `chunk`."""
    if isinstance(chunk, Chunk) and chunk.records:
        return _lines_of_records(chunk, chunk.records, headers, legend, parts, raw=raw)
    frame, guarded = table(chunk, headers, legend, parts), 0
    if not raw:
        frame, guarded = _guarded(frame)
    return Lines(_csv(frame, "\r\n"), frame.height, guarded)


def _lines_of_records(
    chunk: Chunk,
    records: Records,
    headers: list[str],
    legend: pl.DataFrame,
    parts: list[str],
    *,
    raw: bool,
) -> Lines:
    """The same where rows are there as records, whose cells are copied from one CSV to another."""
    told, guarded = _told(chunk.issues, headers, legend), 0
    assert chunk.rows is not None
    assert told["row"].equals(chunk.rows["row"]), "every record is told once"
    told = _of_parts(told.with_columns(text=pl.lit("")), parts)
    if not raw:
        told, guarded = _guarded(told)
    lines = behind(
        _csv(told, "\n"),
        records.text,
        records.starts,
        records.stops,
        delimiter=records.delimiter,
        width=len(headers),
        harmless=None if raw else _HARMLESS,
    )
    assert lines is not None, "who gives records has asked whether they can be copied"
    return Lines(lines[0], told.height, guarded + lines[1])


def _csv(frame: pl.DataFrame, line_end: str) -> bytes:
    file = io.BytesIO()
    frame.with_columns(_unquoted(pl.col(pl.String))).write_csv(
        file, include_header=False, line_terminator=line_end, quote_style="necessary"
    )
    return file.getvalue()


def own_columns(result: Result) -> list[str]:
    """The report's own columns, under other names where the file has these."""
    own = []
    for name in (*(["File"] if len(result.parts) > 1 else []), *COLUMNS):
        while name in result.headers:
            name += " (report)"  # noqa: PLW2901
        own.append(name)
    return own


def _header(result: Result, *, raw: bool) -> tuple[bytes, int]:
    """The report's own columns, then the file's; how many of their names were guarded."""
    names = pl.DataFrame(
        {"name": [*own_columns(result), *result.headers]}, schema={"name": pl.String}
    )
    guarded = 0
    if not raw:
        names, guarded = _guarded(names)
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(names["name"])
    return text.getvalue().encode(), guarded


def table(
    chunk: Chunk | Stored, names: list[str], legend: pl.DataFrame, parts: list[str]
) -> pl.DataFrame:
    """The flagged rows of `chunk` as the report shows them, in the order of its columns."""
    told = _told(chunk.issues, names, legend)
    # rows that precede the header do not know yet how many cells it has
    cells = cell_names(len(names))
    rows = chunk.rows
    assert rows is not None
    known = set(rows.columns)  # which are listed anew each time that they are asked for
    missing = {name: pl.lit("") for name in cells if name not in known}
    rows = rows.with_columns(**missing).select("row", "text", *cells)
    if told["row"].equals(rows["row"]):
        told = told.hstack(rows.drop("row"))
    else:  # what is said of the file as a whole is about no row
        told = told.join(rows, on="row", how="left", maintain_order="left")
    return _of_parts(told, parts)


def _of_parts(told: pl.DataFrame, parts: list[str]) -> pl.DataFrame:
    if len(parts) == 1:
        return told.drop("part")
    return told.with_columns(part=pl.lit(pl.Series(parts)).gather("part"))


def _told(issues: pl.DataFrame, names: list[str], legend: pl.DataFrame) -> pl.DataFrame:
    """What is said of the rows that `issues` are about: of each, all that is wrong with it."""
    prefixes = pl.Series([f"{name}: " if name else "" for name in names], dtype=pl.String)
    prefix = pl.lit(prefixes).gather("position").fill_null("")
    suggestion = pl.col("suggestion")
    use = pl.when(suggestion == "").then(pl.lit(LEAVE_BLANK)).otherwise('use "' + suggestion + '"')
    help_, rule, severity = (
        pl.lit(legend[name]).gather("wording") for name in ("help", "rule", "severity")
    )
    is_error = severity == Severity.ERROR
    said = issues.select(
        "part",
        "row",
        "line",
        type=pl.when(is_error).then(pl.lit("Error")).otherwise(pl.lit("Warning")),
        rules=rule,
        description=pl.concat_str(prefix, "message", pl.lit("; "), pl.coalesce(use, help_)),
    )
    # issues of the file as a whole have no row, and a line each
    together = said["row"].is_duplicated() & said["row"].is_not_null()
    if not together.any():
        return said
    said = said.with_row_index("number")
    several = said.filter(together).group_by("row", maintain_order=True)
    joined = several.agg(
        pl.col("number", "part", "line").first(),
        pl.col("type").min(),  # an error, if there is one
        pl.col("rules").unique(maintain_order=True).str.join("; "),
        pl.col("description").str.join(" | "),
    )
    told = pl.concat([said.filter(~together), joined.select(said.columns)])
    return told.sort("number").drop("number")


def _guarded(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """`frame` with a `'` before what a spreadsheet would take for a formula; how many that are."""
    suspect = frame.select(pl.col(pl.String).str.contains(_FORMULA).any()).row(0, named=True)
    text = pl.col([name for name, any_ in suspect.items() if any_])
    harmless = text.str.contains(_NUMBER) | text.str.contains(_PHONE)
    masks = frame.select(text.str.contains(_FORMULA) & ~harmless)
    counts = masks.sum().row(0, named=True) if masks.width else {}
    return frame.with_columns(
        pl.when(masks[name]).then("'" + pl.col(name)).otherwise(name).alias(name)
        for name, count in counts.items()
        if count
    ), sum(counts.values())


def _unquoted(text: pl.Expr) -> pl.Expr:
    """The writer quotes an empty cell, and leaves a missing one bare."""
    return pl.when(text != "").then(text).name.keep()
