"""The exact path: one record, read byte for byte, and where to go on after a broken one.

The scanner hands over here every record that it cannot vouch for. A broken record must neither
swallow the innocent lines behind it nor be blamed on one of them, so after a fault that spans
lines the reader looks for *evidence*: a later line that is a complete row by itself. Where there
is one, the quote that was open when it began is the fault.

Cost: a record is read at most to the limit of its size. After a fault the lines that were
spanned are read again, but none of them can leave a quote open except the last (a line with an
even number of quotes ends as it began, and one with an odd number would have ended the record),
so a line is read a few times at most, and asked once at most whether it stands alone.
"""

import re
from functools import cache

import msgspec

from csvimport.dialect import CR, LF, QUOTE, WHITE_SPACE, Dialect
from csvimport.encoding import is_utf8

#: A record must stay below this many bytes.
MAX_RECORD = 1 << 20


class Record(msgspec.Struct, frozen=True):
    """One record of `text`: offsets in bytes, lines counted from the record's own (0)."""

    start: int
    end: int
    following: int | None
    """Where the next line starts; None where this record's last line goes on beyond `text`."""
    lines: int
    cells: list[bytes]
    """Unquoted; of a broken record those that were complete before the fault."""
    found: int
    """The number of cells, as far as it was read."""
    blank: bool = False
    fault: str | None = None
    cell: tuple[int, int] | None = None
    """Of a fault inside a cell: where that starts, and the first byte behind what shows it."""
    evidence: int | None = None
    """A later line, counted from the record's own, that is a whole row by itself."""

    @property
    def is_sound(self) -> bool:
        return self.fault is None and not self.blank


@cache
def _patterns(dialect: Dialect) -> tuple[re.Pattern[bytes], ...]:
    """Unquoted cells with their delimiters, the run of one without, and a line end."""
    delimiter, line_end = re.escape(dialect.delimiter), rb"\r"
    run = rb'[^"\r' + delimiter + rb"]*+"
    if dialect.line_end == LF:
        run = rb'(?:[^"\r\n' + delimiter + rb"]|\r(?!\r?\n))*+"
        line_end = rb"\r?\r?\n"
    runs = rb"(?:%s%s)*+" % (run, delimiter)
    return re.compile(runs), re.compile(run), re.compile(line_end)


@cache
def _row(dialect: Dialect, width: int) -> re.Pattern[bytes]:
    """A whole record on one line, well-quoted and of `width` cells."""
    delimiter = re.escape(dialect.delimiter)
    cell = rb'(?:"(?:[^"]|"")*+"|[^"' + delimiter + rb"]*+)"
    return re.compile(rb"%s(?:%s%s){%d}+" % (cell, delimiter, cell, width - 1))


class Reader(msgspec.Struct):
    """Reads records of one `text`. `width` is the header's number of cells, None if unknown.

    Unless `text` holds `lookahead` bytes behind a record's start, or the end of the input, it must
    be a text that `settles` it.
    """

    text: bytes
    dialect: Dialect
    width: int | None
    max_record: int = MAX_RECORD

    @staticmethod
    def lookahead(max_record: int) -> int:
        """The bytes behind a record's start that settle it: itself, and one line as long."""
        return 2 * max_record + 4

    def settles(self, start: int) -> bool:
        """Whether what is behind `text` could not change how the record at `start` is read.

        All that is looked at is the lines up to that in which it ends, or which breaks it.
        """
        *_, at, _ = self._cells(start)
        return at < len(self.text) and self.text.endswith(self.dialect.line_end)

    def read(self, start: int) -> Record:
        """The record that starts at `start`, the first byte of a line."""
        cells, openings, fault, at, began = self._cells(start)
        if fault is None:
            return self._whole(start, cells, openings, at)
        witness = self._witness(start, at)
        if witness is not None:
            return self._unclosed(start, cells, openings, witness)
        if fault == "unclosed-quote" or (
            fault == "text-after-quote"
            and self.text.find(self.dialect.line_end, openings[-1][0], at) >= 0
        ):
            return self._unclosed(start, cells, openings, None)
        return self._record(
            start, cells, fault, last=at, found=len(cells) + 1, cell=(began, at + 1)
        )

    def _cells(self, start: int) -> tuple[list[bytes], list[tuple[int, int]], str | None, int, int]:
        """Cells, quoted cells as (offset, index), the quoting fault and where it is, or the end.

        Last comes where the cell that was being read began.
        """
        text, delimiter = self.text, self.dialect.delimiter
        runs, run, line_end = _patterns(self.dialect)
        cells: list[bytes] = []
        openings: list[tuple[int, int]] = []
        limit = start + self.max_record - 1  # the first byte that is too much
        at = start
        while True:
            began = at
            if at < limit and text.startswith(QUOTE, at):
                openings.append((at, len(cells)))
                close = self._close(at, limit)
                if close is None:
                    return (
                        cells,
                        openings,
                        "unclosed-quote",
                        min(limit, len(text)),
                        began,
                    )
                cell = text[at + 1 : close].replace(b'""', b'"')
                at = close + 1
                fault = "text-after-quote"
            else:
                several = runs.match(text, at, limit)
                if several and several[0]:
                    cells += several[0][:-1].split(delimiter)
                    at = several.end()
                    continue
                match = run.match(text, at)
                assert match is not None
                cell = match[0]
                at = match.end()
                fault = "stray-quote"
            if at < limit and text.startswith(delimiter, at):
                cells.append(cell)
                at += 1
            elif at <= limit and (at == len(text) or line_end.match(text, at)):
                cells.append(cell)
                return cells, openings, None, at, began
            elif at >= limit:
                return cells, openings, "record-too-large", limit, began
            else:
                return cells, openings, fault, at, began

    def _close(self, opening: int, limit: int) -> int | None:
        """The quote that closes the cell opened at `opening`; None if none does before `limit`."""
        at = opening + 1
        while True:
            at = self.text.find(QUOTE, at, limit)
            if at < 0:
                return None
            if not self.text.startswith(QUOTE, at + 1):
                return at
            at += 2

    def _whole(
        self, start: int, cells: list[bytes], openings: list[tuple[int, int]], end: int
    ) -> Record:
        """A well-quoted record: blank, of the wrong width, not UTF-8, or sound."""
        found = len(cells)
        valid = is_utf8(self.text[start:end])
        if valid and not b"".join(cells).decode().strip(WHITE_SPACE):
            return self._record(start, cells, None, last=end, found=found, blank=True)
        wrong_width = self.width is not None and found != self.width
        if wrong_width and (witness := self._witness(start, end)) is not None:
            return self._unclosed(start, cells, openings, witness)
        if not valid:
            return self._not_utf8(start, cells, end)
        if wrong_width:
            assert self.width is not None
            fault = "too-few-cells" if found < self.width else "too-many-cells"
            return self._record(start, cells, fault, last=end, found=found)
        witness = self._witness(start, end) if self.width and self.width >= 3 else None
        return self._record(start, cells, None, last=end, found=found, witness=witness)

    def _not_utf8(self, start: int, cells: list[bytes], end: int) -> Record:
        text, found = self.text, len(cells)
        good = next(index for index, cell in enumerate(cells) if not is_utf8(cell))
        bad = start + first_bad_bytes(text[start:end])[0]
        before = (text.rfind(mark, start, bad) + 1 for mark in (self.dialect.delimiter, LF, CR))
        cell = (max(start, *before), bad + 1)
        return self._record(start, cells[:good], "invalid-utf8", last=end, found=found, cell=cell)

    def _witness(self, start: int, at: int) -> int | None:
        """The first line behind `start`, up to the one that holds `at`, that is a whole row."""
        if self.width is None or self.width < 2:
            return None
        line_end, text = self.dialect.line_end, self.text
        line = text.find(line_end, start, at) + 1
        while 0 < line <= at:
            if self._stands_alone(line):
                return line
            line = text.find(line_end, line, at) + 1
        return None

    def _stands_alone(self, line: int) -> bool:
        """Whether the line at `line` is, by itself, a well-quoted record of the right width."""
        stop = self.text.find(self.dialect.line_end, line, line + self.max_record + 2)
        stop = len(self.text) if stop < 0 else self.dialect.strip(self.text, line, stop)
        if stop - line >= self.max_record:
            return False
        assert self.width is not None
        return _row(self.dialect, self.width).fullmatch(self.text, line, stop) is not None

    def _unclosed(
        self,
        start: int,
        cells: list[bytes],
        openings: list[tuple[int, int]],
        witness: int | None,
    ) -> Record:
        """The record ends with the line on which the cell opened that `witness` interrupts."""
        opening, index = next(
            (at, index) for at, index in reversed(openings) if witness is None or at < witness
        )
        return self._record(
            start,
            cells[:index],
            "unclosed-quote",
            last=opening,
            found=index + 1,
            cell=(opening, opening + 1),
            witness=witness,
        )

    def _record(
        self,
        start: int,
        cells: list[bytes],
        fault: str | None,
        *,
        last: int,
        found: int,
        blank: bool = False,
        cell: tuple[int, int] | None = None,
        witness: int | None = None,
    ) -> Record:
        """The record from `start` to the end of the line that holds the byte `last`."""
        line_end = self.dialect.line_end
        stop = self.text.find(line_end, last)
        if stop < 0:
            end, following = len(self.text), None
        else:
            end, following = self.dialect.strip(self.text, start, stop), stop + 1
        lines = self.text.count(line_end, start, end) + 1
        evidence = None if witness is None else self.text.count(line_end, start, witness)
        return Record(start, end, following, lines, cells, found, blank, fault, cell, evidence)


def first_bad_bytes(text: bytes) -> tuple[int, bytes]:
    """Where `text` stops being UTF-8, and the bytes that are not; its end and nothing if it is."""
    try:
        text.decode()
    except UnicodeDecodeError as error:
        return error.start, text[error.start : error.end]
    return len(text), b""
