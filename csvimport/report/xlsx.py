"""The flagged rows as a workbook: what is wrong has a colour and a note, and all text stays text.

It is written row by row into temporary files, which are packed at the end.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Any, BinaryIO

from csvimport import scratch
from csvimport.issue import CUT_MARK, Severity
from csvimport.report.csv import COLUMNS, SPREADSHEET_LINES, own_columns, table
from csvimport.report.findings import told
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

Marks = dict[int, dict[int, list[dict[str, Any]]]]
"""Issues by the row of the file and the column of the sheet."""


def write(results: Sequence[Result], file: BinaryIO) -> None:
    """Write a workbook of `results` to `file`: sheets for each of them; the second is a summary.

    Their chunks have to hold the flagged rows.
    """
    from xlsxwriter.exceptions import FileCreateError

    book = _Book(file)
    try:
        for result in results:
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
        row = len(own) - len(COLUMNS)
        self.sheets.append([])
        sheet, at = self._sheet(stem, names), 1
        for chunk in result.chunks():
            marks = _marks(result, chunk, len(own))
            frame = table(chunk, result.headers, result.legend, result.parts)
            for cells in frame.iter_rows():
                if at == SHEET_ROWS:
                    self._end(sheet, at, names)
                    sheet, at = self._sheet(stem, names), 1
                found = {row + 2: Severity(cells[row + 2].lower())}
                for column, issues in marks.get(cells[row], {}).items():
                    found[column] = min(Severity(each["severity"]) for each in issues)
                    self._note(sheet, at, column, issues)
                self._row(sheet, at, cells, found)
                at += 1
        self._end(sheet, at, names)

    def _row(self, sheet: Any, at: int, cells: Sequence[Any], found: dict[int, Severity]) -> None:
        for column, cell in enumerate(cells[:SHEET_COLUMNS]):
            look = self.marked[found[column]] if column in found else self.text
            if isinstance(cell, int):
                sheet.write_number(at, column, cell)
            elif cell:
                self._text(sheet, at, column, cell, look)
            elif column in found:
                sheet.write_blank(at, column, None, look)

    def _text(self, sheet: Any, at: int, column: int, text: str, look: Any) -> None:
        if _RICH.fullmatch(text):
            text = f'<r><t xml:space="preserve">{in_xml(text)}</t></r>'
        if sheet.write_string(at, column, text, look) == _TOO_LONG:
            self.cut_cells += 1
            units = text.encode("utf-16-le")[: 2 * (LONGEST_CELL - len(CUT_MARK))]
            sheet.write_string(at, column, units.decode("utf-16-le", "ignore") + CUT_MARK, look)

    def _note(self, sheet: Any, at: int, column: int, issues: Sequence[dict[str, Any]]) -> None:
        self.notes += 1
        if self.notes <= MOST_NOTES and column < SHEET_COLUMNS:
            told = [
                f"{sentence(each)}; {remedy(each['suggestion'], each['help'])}" for each in issues
            ]
            text = "\n".join(told)[:_LONGEST_NOTE]
            sheet.write_comment(at, column, text, {"x_scale": 2, "y_scale": 1.5})

    def _sheet(self, stem: str, names: Sequence[str]) -> Any:
        """A new sheet with the header row."""
        sheet = self._named(stem)
        self.sheets[-1].append(sheet.name)
        if self.summary is None:
            self.summary = self.book.add_worksheet(_SUMMARY)
        for column, name in enumerate(names[:SHEET_COLUMNS]):
            sheet.set_column(column, column, _WIDTHS.get(name, _WIDTH), self.text)
            self._text(sheet, 0, column, name, self.bold)
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
            sheet._opt_close()


#: What the writer answers when it has cut a text; and the letters of a note that fit on it.
_TOO_LONG = -2
_LONGEST_NOTE = 1_000


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


def _marks(result: Result, chunk: Chunk | Stored, own: int) -> Marks:
    """The issues by row and column of the sheet, `own` of which are the report's.

    An issue without a column of the file is about the original text, the last of the own ones.
    """
    marks: Marks = {}
    for each in told(result, chunk).drop_nulls("row").iter_rows(named=True):
        column = own + (-1 if each["position"] is None else each["position"])
        marks.setdefault(each["row"], {}).setdefault(column, []).append(each)
    return marks
