"""The flagged rows as a workbook: what is wrong has a colour and a note, and all text stays text.

Sheets are written into temporary files, which are packed at the end. The writer of workbooks takes
some microseconds for each cell; so the rows are put into XML here, many at a time, and it writes
what is around them.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import PurePath
from typing import Any, BinaryIO

import numpy as np
import polars as pl

from csvimport import scratch
from csvimport.issue import CUT_MARK, Severity
from csvimport.report.csv import SPREADSHEET_LINES, own_columns, table
from csvimport.report.findings import told as findings_of
from csvimport.report.printable import in_xml, printable
from csvimport.report.telling import TITLES, count, explanation, remedy, rules_of, sentence
from csvimport.result import Result
from csvimport.spill import Chunk, Stored

#: The rows and columns of a sheet, and the UTF-16 units of a cell.
SHEET_ROWS = SPREADSHEET_LINES
SHEET_COLUMNS = 16_384
LONGEST_CELL = 32_767
#: Notes are kept in memory until the end, and a workbook with many of them opens slowly.
MOST_NOTES = 10_000
#: The letters of a note that fit on it.
_LONGEST_NOTE = 1_000

#: The letters and the ground of cells that are wrong: what spreadsheets have for "bad", "neutral".
_COLORS = {Severity.ERROR: ("#9C0006", "#FFC7CE"), Severity.WARNING: ("#7F6000", "#FFEB9C")}
_WIDTHS = {"Row": 8, "Line": 8, "Issue type": 11, "Description": 60}
_WIDTH = 20
_SUMMARY = "Summary"
#: A name that spreadsheets keep for themselves.
_RESERVED = "history"
#: What the name of a sheet may not hold, or what counts twice of its 31 letters.
_NOT_IN_NAMES = re.compile(r"[^\w .-]|[\U00010000-\U0010FFFF]")
_LONGEST_NAME = 24
#: The writer takes such a text for XML that is ready to be written.
_RICH = re.compile(r"<r>.*</r>", re.DOTALL)

#: The cells that are put into XML at once.
_CELLS = 100_000
#: What XML cannot hold, or not as it is, by what stands for it; and what looks like such a thing,
#: or would with the `_` of what follows.
_ESCAPES = {
    **{chr(code): f"_x{code:04X}_" for code in (*range(32), 0xFFFE, 0xFFFF) if code not in (9, 10)},
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
}
_ESCAPED = "(_x[0-9a-fA-F]{4})"


def write(results: Sequence[Result], file: BinaryIO) -> None:
    """Write a workbook of `results` to `file`: sheets for each of them; the second is a summary.

    Their chunks have to hold the flagged rows.
    """
    from xlsxwriter.exceptions import FileCreateError

    book = _Book(file)
    try:
        for result in results:
            with scratch.told():  # nothing is written to `file` yet
                book.add(result, "Rows" if len(results) == 1 else PurePath(result.file).stem)
        book.end(results)
    except FileCreateError as error:
        raise error.args[0] from None
    except BaseException:
        book.drop()
        raise


class _Book:
    def __init__(self, file: BinaryIO) -> None:
        from xlsxwriter import Workbook

        with scratch.told():
            folder = str(scratch.folder(self))
        self.file = _Sink(file)
        self.book: Any = Workbook(self.file, {"constant_memory": True, "tmpdir": folder})
        self.book.use_zip64()
        # in a cell that is text, nothing becomes a number or a formula even when it is edited
        self.text = self.book.add_format({"num_format": "@"})
        self.bold = self.book.add_format({"num_format": "@", "bold": True})
        self.marked = {
            severity: self.book.add_format(
                {"num_format": "@", "font_color": letters, "bg_color": ground}
            )
            for severity, (letters, ground) in _COLORS.items()
        }
        self.summary: Any = None
        self.names = {_RESERVED, _SUMMARY.lower()}
        self.sheets: list[list[str]] = []
        """The names of the sheets of each result."""
        self.notes = self.cut_cells = 0
        self.left_out: list[str] = []

    def add(self, result: Result, stem: str) -> None:
        """Add the flagged rows of `result`, on as many sheets called `stem` as they need."""
        own = own_columns(result)
        names = [*own, *result.headers]
        if more := max(len(names) - SHEET_COLUMNS, 0):
            told = f"{count(more, 'more column')} left out: a sheet holds {SHEET_COLUMNS:,}"
            self.left_out.append(f"{printable(result.file)}: {told}")
        self.sheets.append([])
        sheet, at = self._sheet(stem, names), 1
        step = max(_CELLS // len(names), 1)
        for chunk in result.chunks():
            marks = _marks(result, chunk, len(own))
            rows = table(chunk, result.headers, result.legend, result.parts)
            while rows.height:
                if at == SHEET_ROWS:
                    self._end(sheet, at, names)
                    sheet, at = self._sheet(stem, names), 1
                some = rows.head(min(step, SHEET_ROWS - at))
                here = some.select("row").with_row_index("line")
                here = here.join(marks, on="row", maintain_order="left_right")
                self._note(sheet, at, here)
                sheet.fh.write(self._lines(some, at, here))
                rows, at = rows[some.height :], at + some.height
        self._end(sheet, at, names)

    def _lines(self, rows: pl.DataFrame, at: int, marks: pl.DataFrame) -> str:
        """`rows` as those of a sheet from that at `at`, counted from 0; wrong cells are marked."""
        from xlsxwriter.utility import xl_col_to_name

        kind = rows.get_column_index("type")
        shown = rows.select(rows.columns[:SHEET_COLUMNS])
        height, width = shown.shape
        index = {str(each): look._get_xf_index() for each, look in self.marked.items()}
        looks = np.full((height, rows.width), self.text._get_xf_index())
        looks[:, kind] = rows["type"].str.to_lowercase().replace_strict(index)
        worst = marks.sort("severity", descending=True)  # of several, the last one stays
        looks[worst["line"], worst["at"]] = worst["severity"].replace_strict(index)
        # all cells, row by row
        by_row = np.arange(height * width).reshape(width, height).T.ravel()
        text = shown.cast(pl.String).unpivot()["value"][by_row]
        if (text.str.len_bytes() > LONGEST_CELL).any():
            text = pl.Series(map(self._cut, text), dtype=pl.String)
        column = np.tile(np.arange(width), height)
        letters = pl.Series(map(xl_col_to_name, range(width)), dtype=pl.String)
        is_number = np.array([each.is_integer() for each in shown.dtypes])
        cells = pl.DataFrame(
            {
                "text": text,
                "number": np.repeat(np.arange(at + 1, at + 1 + height), width),
                "column": column,
                "letters": letters[column],
                "look": looks[:, :width].ravel(),
                "is_number": is_number[column],
            }
        )
        is_marked = pl.col("look") != self.text._get_xf_index()
        return str(cells.select(_xml(is_marked).str.join())[0, 0])

    def _cut(self, text: str | None) -> str | None:
        """`text` as far as there is room for it in a cell."""
        units = (text or "").encode("utf-16-le")
        if len(units) <= 2 * LONGEST_CELL:
            return text
        self.cut_cells += 1
        return units[: 2 * (LONGEST_CELL - len(CUT_MARK))].decode("utf-16-le", "ignore") + CUT_MARK

    def _text(self, sheet: Any, at: int, column: int, text: str, look: Any) -> None:
        text = self._cut(text) or ""
        if _RICH.fullmatch(text):
            text = f'<r><t xml:space="preserve">{in_xml(text)}</t></r>'
        sheet.write_string(at, column, text, look)

    def _note(self, sheet: Any, at: int, marks: pl.DataFrame) -> None:
        """Write the notes of cells in the rows from `at` on, as long as there is room for any."""
        cells = marks.group_by("line", "at", maintain_order=True).agg(issues=pl.struct(pl.all()))
        room, self.notes = max(MOST_NOTES - self.notes, 0), self.notes + cells.height
        for line, column, issues in cells.head(room).iter_rows():
            if column < SHEET_COLUMNS:
                told = [
                    f"{sentence(each)}; {remedy(each['suggestion'], each['help'])}"
                    for each in issues
                ]
                text = "\n".join(told)[:_LONGEST_NOTE]
                sheet.write_comment(at + line, column, text, {"x_scale": 2, "y_scale": 1.5})

    def _sheet(self, stem: str, names: Sequence[str]) -> Any:
        """A new sheet with the header row."""
        sheet = self._named(stem)
        self.sheets[-1].append(sheet.name)
        if self.summary is None:
            self.summary = self.book.add_worksheet(_SUMMARY)
        for column, name in enumerate(names[:SHEET_COLUMNS]):
            sheet.set_column(column, column, _WIDTHS.get(name, _WIDTH), self.text)
            self._text(sheet, 0, column, name, self.bold)
        sheet._write_single_row(1)  # the rows go behind it
        sheet.freeze_panes(1, 0)
        return sheet

    def _named(self, wanted: str) -> Any:
        name = base = _NOT_IN_NAMES.sub("_", wanted)[:_LONGEST_NAME].strip() or "Rows"
        number = 1
        while name.lower() in self.names:
            number += 1
            name = f"{base} ({number})"
        self.names.add(name.lower())
        return self.book.add_worksheet(name)

    def _end(self, sheet: Any, rows: int, names: Sequence[str]) -> None:
        last = min(len(names), SHEET_COLUMNS) - 1
        sheet.autofilter(0, 0, rows - 1, last)
        sheet._check_dimensions(rows - 1, last)
        sheet.previous_row = rows  # whose like it would look for, were it among those written
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{SHEET_ROWS}"})
        sheet._opt_close()  # or each sheet keeps a file open; opened again to be packed

    def end(self, results: Sequence[Result]) -> None:
        """Write the summary, and pack it all."""
        sheet = self.summary or self.book.add_worksheet(_SUMMARY)
        for column, width in enumerate((16, 12, 100)):
            sheet.set_column(column, column, width)
        for at, (look, cells) in enumerate(self._summary(results)):
            for column, cell in enumerate(cells):
                if isinstance(cell, int):
                    sheet.write_number(at, column, cell)
                else:
                    self._text(sheet, at, column, cell, look)
        if results:  # the same results make the same bytes
            self.book.set_properties({"title": "csvimport", "created": results[0].now})
        self.book.close()

    def _summary(self, results: Sequence[Result]) -> Iterator[tuple[Any, Sequence[str | int]]]:
        for notice in self._notices():
            yield self.marked[Severity.WARNING], [notice]
        for result, sheets in zip(results, self.sheets, strict=True):
            yield self.bold, [f"{printable(result.file)}: {TITLES[result.verdict]}"]
            yield self.text, [f"sheet: {', '.join(sheets)}"]
            for line in explanation(result):
                yield self.text, [line]
            if result.issues_by_rule:
                yield self.bold, ["Issues", "Issue type", "Rule"]
            for number, severity, rule in rules_of(result):
                yield self.marked[severity], [number, severity.capitalize(), rule]
            yield self.text, []

    def _notices(self) -> Iterator[str]:
        yield from self.left_out
        if any(len(sheets) > 1 for sheets in self.sheets):
            yield f"the rows go on on further sheets: one holds {SHEET_ROWS:,}"
        if self.notes > MOST_NOTES:
            yield f"the first {MOST_NOTES:,} of {self.notes:,} cells have notes; see Description"
        if self.cut_cells:
            yield f"{count(self.cut_cells, 'cell')} cut: one holds {LONGEST_CELL:,} letters"

    def drop(self) -> None:
        """Leave it as it is, broken off."""
        for sheet in self.book.worksheets():
            with suppress(OSError):  # what is left to write may have no room
                sheet._opt_close()


class _Sink:
    """A file that takes anything once it is closed.

    An archive that was broken off is ended when it is forgotten, and would complain then.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.place = file, 0

    def write(self, data: bytes) -> int:
        return len(data) if self.file.closed else self.file.write(data)

    def seek(self, place: int) -> int:
        self.place = place if self.file.closed else self.file.seek(place)
        return self.place

    def tell(self) -> int:
        self.place = self.place if self.file.closed else self.file.tell()
        return self.place

    def flush(self) -> None:
        if not self.file.closed:
            self.file.flush()


def _xml(is_marked: pl.Expr) -> pl.Expr:
    """The XML of cells, and of the rows that they are in; nothing of the empty, unless marked."""
    text, column, number = pl.col("text"), pl.col("column"), pl.col("number")
    start = pl.format('<c r="{}{}" s="{}"', "letters", number, "look")
    inner = text.str.replace_all(_ESCAPED, "_x005F$1").str.replace_many(_ESCAPES)
    in_line = pl.format(' t="inlineStr"><is><t xml:space="preserve">{}</t></is></c>', inner)
    filled = pl.when("is_number").then(pl.format("><v>{}</v></c>", text)).otherwise(in_line)
    empty = pl.when(is_marked).then(start + "/>").otherwise(pl.lit(""))
    cell = pl.when(text.fill_null("") == "").then(empty).otherwise(start + filled)
    opened = pl.when(column == 0).then(pl.format('<row r="{}">', number)).otherwise(pl.lit(""))
    closed = pl.when(column == column.max()).then(pl.lit("</row>")).otherwise(pl.lit(""))
    return opened + cell + closed


def _marks(result: Result, chunk: Chunk | Stored, own: int) -> pl.DataFrame:
    """The issues of rows, with the column of the sheet, `own` of which are the report's.

    An issue without a column of the file is about the original text, the last of the own ones.
    """
    at = own + pl.col("position").fill_null(-1)
    return findings_of(result, chunk).drop_nulls("row").with_columns(at=at)
