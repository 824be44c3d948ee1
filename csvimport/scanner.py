"""Bytes to blocks of records: the fast path, and what it hands to the exact one.

A window of whole lines is scanned with numpy (`parity`): that gives the records, and the
suspects among them. The stretches between the suspects go to polars' CSV parser, joined; each
suspect is read by `recovery`, and the scan goes on behind it, wherever that is. So a window with
one broken line costs one exact read, not an exact window.
"""

import copy
import re
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import msgspec
import numpy as np
import polars as pl
from msgspec.structs import replace

from csvimport.automaton import ended_lines
from csvimport.block import Block
from csvimport.dialect import ENDINGS, LF, Dialect, LineEndings, line_end_byte
from csvimport.encoding import Encoding, Utf8Stream
from csvimport.errors import BrokenOffError
from csvimport.feed import NO_FLAGS, Feed, Page, pages_of
from csvimport.findings import Findings
from csvimport.issue import cut
from csvimport.lines import ends_of
from csvimport.parity import Reading, Window
from csvimport.recovery import MAX_RECORD, Reader, Record

BLOCK_SIZE = 8 << 20
#: The arrays over the lines of a block are bounded by this, however short the lines are.
MAX_LINES = 1 << 17
#: The first blocks have no more lines: they are the sample by which all others are judged, and
#: until that is done, every row gets a close look.
_FIRST_LINES = 1 << 12
_FIRST_BLOCKS = 8
#: Where fewer than one in so many records are plain, that is no longer asked; so many have to be
#: seen to tell.
_ENOUGH = 16
_MANY = 1000
#: The first bytes, on which the line end is judged.
PROBE = 1 << 20
#: So many lines may precede the header that are none, and so many names show a header to be one.
_MOST_BEFORE = 20
_SURE = 2

_OTHER_DELIMITERS = (b";", b"\t", b"|")
#: What blank lines hold, by the delimiter that they would be judged to have.
_BLANK = {b",": rb"[ \t\v\f,]", b";": rb"[ \v\f;]", b"|": rb"[ \v\f|]"}
#: A character, and no byte that is none.
_SEPARATOR_LINE = re.compile("sep=[^\udc80-\udcff]")


class Header(msgspec.Struct, frozen=True):
    """The header's cells, where it stands, and its fault: a frame of one row, or of none."""

    row: int
    line: int
    byte: int | None
    cells: list[str]
    text: str
    faults: pl.DataFrame

    @property
    def width(self) -> int | None:
        """How many cells a row has; None where the header is broken, and nobody knows."""
        return None if self.faults.height else len(self.cells)


class Last(msgspec.Struct, frozen=True):
    """The last record that is not blank: where it stands, and its cells, of which some may lack.

    There are none if it is broken otherwise.
    """

    row: int
    line: int
    cells: list[str]


class Survey(msgspec.Struct, frozen=True):
    """What is known of a file behind a block, while the scanner is ahead already."""

    encoding: Encoding = msgspec.field(default_factory=Encoding)
    dialect: Dialect = msgspec.field(default_factory=Dialect)
    separator_line: str | None = None
    line_before: str | None = None
    """The first of the lines that precede the header and are none."""
    header: Header | None = None
    line_endings: LineEndings = msgspec.field(default_factory=LineEndings)
    bytes_read: int = 0
    """Of the input."""
    finished: bool = False
    part: int = 0
    """Which one of the parts of the input this is about."""
    differs: bool = False
    """Whether the input is other bytes than its text in UTF-8."""
    misfits: bool = False
    """Whether bytes of it did not fit the encoding."""
    last: Last | None = None


@dataclass
class Scanner:
    """Iterates over the blocks of a stream of UTF-8.

    `header` is known behind the blocks of blank rows that precede it; it stays None where
    nothing else is there. The blocks' records depend neither on the size of the stream's chunks
    nor on `block_size` (bytes) or `max_lines`. `exact` sends every record through the exact path.
    """

    stream: Utf8Stream
    block_size: int = BLOCK_SIZE
    max_record: int = MAX_RECORD
    max_lines: int = MAX_LINES
    probe: int = PROBE
    exact: bool = False
    known_names: Callable[[Sequence[str]], int] = lambda _: 1
    """How many cells of a header are names that an import knows."""
    dialect: Dialect = field(default_factory=Dialect)
    separator_line: str | None = None
    line_before: str | None = None
    header: Header | None = None
    pattern: str | None = None
    """What a plain record matches, as soon as that is known."""
    wanted: list[int] | None = None
    """The columns whose cells are read of other records where these are many; None is all."""
    line_endings: LineEndings = field(default_factory=LineEndings)
    part: int = 0
    row: int = 1
    """The number of the next record."""
    _blocks_made: int = 0
    """Of data rows."""
    bytes_read: int = 0
    """How many bytes of the stream the blocks so far hold, its byte-order mark included."""
    last: Last | None = None
    _failure: str | None = None
    """What kept the stream from being read to its end."""

    def __iter__(self) -> Iterator[Block]:
        chunks = self._pieces()
        unread = (Page(chunk, bytes_read=self.stream.bytes_read) for chunk in chunks)
        start = len(self.stream.encoding.bom)
        self._feed = feed = Feed(self._whole(unread), byte=start, row=self.row)
        feed.fill(self.probe + 1)
        head = feed.text[: self.probe]
        self.dialect = Dialect(line_end=line_end_byte(head, whole=feed.ended))
        self._take_separator_line()
        for block in self._before_header():
            yield self._counted(block)
        line_end = self.dialect.line_end
        stream = self.stream
        pages = pages_of(
            chunks, lambda: stream.bytes_read, line_end, self._page_size, self._page, self.max_lines
        )
        with closing(pages):
            feed.read_on(self._whole(pages), line_end)
            for block in self._blocks():
                yield self._counted(block)
        self.bytes_read, self.row = feed.byte, feed.row

    def surveyed(self) -> Generator[tuple[Block | None, Survey]]:
        """The blocks, each with what is known behind it; None at the end."""
        for block in self:
            yield block, self._survey()
        yield None, self._survey()

    def _survey(self) -> Survey:
        encoding = self.stream.encoding
        finished = self._feed.ended and not self._feed.text
        # of what is transcoded, only the pages say; of no text at all there is none
        transcoded = self.stream.bytes_read if finished else self._feed.bytes_read
        return Survey(
            encoding,
            self.dialect,
            self.separator_line,
            self.line_before,
            self.header,
            copy.deepcopy(self.line_endings),
            self.bytes_read if encoding.is_utf8 else transcoded,
            finished,
            self.part,
            self.stream.differs,
            self.stream.misfits,
            self.last,
        )

    def _page_size(self) -> int:
        """In bytes: less where every row gets a close look, which takes memory."""
        return self.block_size if self.pattern else max(self.block_size // 2, 1)

    def _page(self, page: Page) -> Page:
        """`page` with what is to be found out about it."""
        pattern = self.pattern  # another thread may set it
        try:
            stops, plain = ended_lines(
                page.text, self.dialect.line_end, pattern, lossy=self.stream.may_be_invalid
            )
        except pl.exceptions.ComputeError:  # what it makes of many columns is too large for it
            self.pattern = None
            return self._page(page)
        return replace(page, stops=stops, plain=plain, pattern=pattern)

    def _pieces(self) -> Iterator[bytes]:
        try:
            for chunk in self.stream:
                # a cut within a line would have to be mended: a little more is no matter
                size = self.block_size if len(chunk) >= 2 * self.block_size else len(chunk)
                for start in range(0, len(chunk), max(size, 1)):
                    yield chunk[start : start + size]
        except BrokenOffError as error:  # raised behind all that was read
            self._failure = str(error)  # it itself knows what is open

    def _whole(self, pages: Iterator[Page]) -> Iterator[Page]:
        """`pages`, behind which nobody takes for the end what is none."""
        yield from pages
        if self._failure:
            raise BrokenOffError(self._failure)

    def _counted(self, block: Block) -> Block:
        self.bytes_read, self.row = self._feed.byte, self._feed.row
        plain = block.plain
        assert plain is not None
        *_, last, how = block.found.places()
        for line, lines, endings in ((0, last, how), (plain.place[1], plain.last, plain.endings)):
            for ending in range(len(ENDINGS)):
                these = endings == ending
                if count := int(np.count_nonzero(these)):
                    self.line_endings.add(ending, count, line + int(lines[these.argmax()]))
        if self.line_endings.first_row is None and self.header is not None:
            rows, *_, how = block.found.places(blank=False)
            first = list(zip(rows[:1].tolist(), how[:1].tolist(), strict=True))
            first += list(zip(plain.rows[:1].tolist(), plain.endings[:1].tolist(), strict=True))
            self.line_endings.first_row = min(first)[1] if first else None
        self.last = self._last_of(block) or self.last
        return block

    def _last_of(self, block: Block) -> Last | None:
        """The last record of `block` that is not blank: no more than that is kept."""
        plain = block.plain
        assert plain is not None
        window, (_, line, byte) = plain.window, plain.place
        places = block.found.places(blank=False)[:3, -1:].T - [[0, 0, byte]]
        found = [tuple(place) for place in places.tolist()]
        if len(plain):
            first = plain.first[-1]
            found.append((int(plain.rows[-1]), int(line + first), int(window.starts[first])))
        if not found:
            return None
        row, line, start = max(found)
        record = self._reader(window.text).read(start)
        are_known = record.is_sound or record.fault == "too-few-cells"
        return Last(row, line, _decoded(record.cells) if are_known else [])

    # What precedes the data rows

    def _take_separator_line(self) -> None:
        text = self._feed.text
        stop = text.find(self.dialect.line_end)
        end = len(text) if stop < 0 else self.dialect.strip(text, 0, stop)
        line = text[: min(end, 16)].decode(errors="surrogateescape")
        if _SEPARATOR_LINE.fullmatch(line):
            self.separator_line = line
            self._feed.drop(end if stop < 0 else stop + 1, 1, 0)

    def _before_header(self) -> Iterator[Block]:
        """The blank rows before the header; and the header, where there is one.

        A row that its own delimiter shows to be blank says nothing of the rows behind it.
        """
        feed = self._feed
        comma = self.dialect
        while True:
            try:
                feed.fill(Reader.lookahead(self.max_record))
            except BrokenOffError:
                if comma.line_end not in feed.text:  # a header is a whole line
                    raise
            if not feed.text:
                return
            if size := self._plainly_blank():
                block = self._blank_lines(size)
                self.dialect = comma
                yield block
                continue
            record = self._reader(feed.text).read(0)
            if not record.blank:
                self._judge_delimiter()
                record = self._reader(feed.text).read(0)
            if not record.blank:
                if self._drop_lines_before(record):
                    self.dialect = comma
                    continue
                self._take_header()
                return
            block = self._blank_records(record, alone=self.dialect != comma)
            self.dialect = comma
            yield block

    def _drop_lines_before(self, first: Record) -> bool:
        """Drop the lines up to that which seems to be the header, where the `first` does not."""
        feed, line_end = self._feed, self.dialect.line_end
        text = feed.text[: self.max_record]
        whole = feed.ended and len(feed.text) == len(text)
        if self.line_before is not None or self.known_names(_decoded(first.cells)):
            return False
        start, filled = 0, self._filled(self._first_line())
        for lines in range(1, _MOST_BEFORE + 1):
            start = text.find(line_end, start) + 1
            stop = text.find(line_end, start)
            if not start or (stop < 0 and not whole):
                return False
            line = text[start:] if stop < 0 else text[start : self.dialect.strip(text, start, stop)]
            dialect = self._dialect_of(line)
            record = self._by_itself(line, dialect)
            # what is above may be a header that is hardly known, and this a row of names
            is_wider = _filled(record.cells) > filled
            if not record.fault and is_wider and self.known_names(_decoded(record.cells)) >= _SURE:
                self.line_before = cut(self._first_line().decode(errors="replace"))
                feed.drop(start, lines, self._records(text[:start], dialect))
                return True
            filled = max(filled, self._filled(line))
        return False

    def _by_itself(self, line: bytes, dialect: Dialect) -> Record:
        return Reader(line, dialect, None, self.max_record).read(0)

    def _filled(self, line: bytes) -> int:
        """How many cells of `line` are filled, with the delimiter that makes the most of it."""
        dialects = (Dialect(each, self.dialect.line_end) for each in (b",", *_OTHER_DELIMITERS))
        return max(_filled(self._by_itself(line, dialect).cells) for dialect in dialects)

    def _records(self, lines: bytes, dialect: Dialect) -> int:
        """How many records these whole `lines` are: a title in quotes may be on several."""
        reader, at, records = Reader(lines, dialect, None, self.max_record), 0, 0
        while at < len(lines):
            at, records = reader.read(at).following or len(lines), records + 1
        return records

    def _plainly_blank(self) -> int:
        """The size of the blank lines at the start, as far as they need no second look.

        They are all of the same delimiter, which is the dialect's from now on.
        """
        line_end = rb"\r?\r?\n" if self.dialect.line_end == LF else rb"\r"
        for delimiter, space in _BLANK.items():
            line = rb"%s{0,%d}+%s" % (space, self.max_record - 1, line_end)
            match = re.match(rb"(?:%s){0,%d}+" % (line, self.max_lines), self._feed.text)
            if match and match.end():
                self.dialect = Dialect(delimiter, self.dialect.line_end)
                return match.end()
        return 0

    def _blank_records(self, record: Record, *, alone: bool) -> Block:
        """The blank record at the start, and those behind it, unless it is to stay `alone`."""
        feed = self._feed
        text = feed.text
        findings, reader = self._findings(self._window(text, ended=feed.ended)), self._reader(text)
        at = line = 0
        while record.blank and findings.rows < self.max_lines:
            end = len(text) if record.following is None else record.following
            findings.add_exact(line, record, self.dialect.ending(text[at:end]))
            at, line = end, line + record.lines
            settled = feed.ended or len(text) - at >= Reader.lookahead(self.max_record)
            if alone or at == len(text) or not settled:
                break
            record = reader.read(at)
        feed.drop(at, line, findings.rows)
        return findings.block()

    def _blank_lines(self, size: int) -> Block:
        window = self._window(self._feed.text[:size], ended=False)
        findings = replace(self._findings(window), are_blank=True)
        lines, none = np.arange(len(window.stops)), np.zeros(len(window.stops), np.int64)
        reading = Reading(lines, lines, none, none.astype(np.bool_), none[:0])
        findings.add_stretch(reading, 0, len(lines))
        self._feed.drop(size, findings.rows, findings.rows)
        return findings.block()

    def _judge_delimiter(self) -> None:
        self.dialect = self._dialect_of(self._first_line())

    def _dialect_of(self, line: bytes) -> Dialect:
        """The dialect of a file whose header is `line`."""
        comma = Dialect(line_end=self.dialect.line_end)
        if self._width(line, b",") >= 2:
            return comma
        best = max(_OTHER_DELIMITERS, key=lambda delimiter: self._width(line, delimiter))
        return Dialect(best, comma.line_end) if self._width(line, best) >= 2 else comma

    def _width(self, line: bytes, delimiter: bytes) -> int:
        """How many cells `line` has by itself; 0 if it is broken."""
        record = self._by_itself(line, Dialect(delimiter, self.dialect.line_end))
        return record.found if record.fault in (None, "invalid-utf8") else 0

    def _first_line(self) -> bytes:
        text = self._feed.text
        stop = text.find(self.dialect.line_end)
        return text if stop < 0 else text[: self.dialect.strip(text, 0, stop)]

    def _take_header(self) -> None:
        feed, line = self._feed, self._first_line()
        record = self._reader(line).read(0)
        findings = self._findings(self._window(line, ended=True))
        findings.add_exact(0, record, 0)
        row, number, byte = feed.row, feed.line, feed.byte
        ending = self.dialect.ending(feed.drop_line(self.dialect.line_end, self.block_size))
        feed.drop(0, 1, 1)
        self.line_endings.header = ending
        self.line_endings.add(ending, 1, number)
        # a header without an end has no cells worth showing, and there may be a million
        shown = [] if record.fault == "record-too-large" else record.cells
        cells = _decoded(shown)
        text = cut(line.decode(errors="replace"))
        faults = findings.block().faults
        self.header = Header(row, number, byte, cells, text, faults)
        if any(position >= (self.header.width or 0) for position in self.wanted or ()):
            self.wanted, self.pattern = None, None  # this is no part of what they are of

    # The data rows

    def _blocks(self) -> Iterator[Block]:
        feed, size = self._feed, 1
        while True:
            feed.fill(size)
            if not feed.text:
                return
            if self.pattern and feed.pattern is None:  # it was not known when this was read
                feed.ask(self._page)
            block = self._next_block()
            if block is None:  # nothing could be settled: look further, in steps that grow
                size = 2 * len(feed.text)
            else:
                assert block.plain is not None
                window = block.plain.window
                self._blocks_made += 1
                # short lines: what is there already is more than is looked at at once
                size = max(len(feed.text) + (not window.is_cut), 1)
                asked = window.pattern is not None
                if asked and block.rows > _MANY and len(block.plain) < block.rows / _ENOUGH:
                    self.pattern = None  # to ask is of no use
                yield block

    def _next_block(self) -> Block | None:
        """The records of what the feed holds, as far as they can be settled."""
        feed = self._feed
        text = feed.text
        window = self._window(text, feed, ended=feed.ended)
        findings = self._findings(window)
        reader = self._reader(text)
        lines = len(window.stops)
        at, line = 0, 0
        goes_on = False
        while at < len(text):
            if line < lines:
                reading, first = self._resume(window, line)
                suspect = first if self.exact else reading.next_suspect(first)
                if suspect > first:
                    findings.add_stretch(reading, first, suspect)
                    line = int(reading.last[suspect - 1]) + 1
                    at = int(window.stops[line - 1]) + 1
                    continue
                if not self.exact and (end := window.broken_until(line)) > line:
                    findings.add_broken(line, end)
                    line = end
                    at = int(window.stops[line - 1]) + 1
                    continue
            elif window.is_cut:
                break
            is_short = not feed.ended and len(text) - at < Reader.lookahead(self.max_record)
            if is_short and not reader.settles(at):
                break
            record = reader.read(at)
            goes_on = record.following is None and not feed.ended
            end = len(text) if record.following is None else record.following
            findings.add_exact(line, record, self.dialect.ending(text[at:end][-3:]))
            line += record.lines
            at = end
        if not findings.rows:
            return None
        feed.drop(min(at, len(text)), line, findings.rows)
        if goes_on:
            rest = feed.drop_line(self.dialect.line_end, self.block_size)
            findings.end_last(self.dialect.ending((text + rest)[-3:]))
        return findings.block()

    def _resume(self, window: Window, line: int) -> tuple[Reading, int]:
        """The reading in which `line` stands outside quotes, and the record that it starts."""
        reading = window.odd if window.parity_at(line) else window.even
        return reading, reading.record_at(line)

    def _reader(self, text: bytes) -> Reader:
        width = None if self.header is None else self.header.width
        return Reader(text, self.dialect, width, self.max_record)

    def _window(self, text: bytes, feed: Feed | None = None, *, ended: bool) -> Window:
        """A window on `text`, with what the `feed` knows of it."""
        is_first = bool(feed) and self.pattern is None and self._blocks_made < _FIRST_BLOCKS
        return Window(
            text,
            feed.stops if feed else ends_of(text, self.dialect.line_end),
            feed.plain if feed else NO_FLAGS,
            self.dialect,
            None if self.header is None else self.header.width,
            self.max_record,
            ended=ended,
            may_be_invalid=self.stream.may_be_invalid,
            max_lines=min(self.max_lines, _FIRST_LINES) if is_first else self.max_lines,
            pattern=feed.pattern if feed else None,
        )

    def _findings(self, window: Window) -> Findings:
        feed = self._feed
        wanted = self.wanted if self.header else None  # those of another part's header
        return Findings(window, feed.row, feed.line, feed.byte, wanted)


def _decoded(cells: Sequence[bytes]) -> list[str]:
    return [cell.decode(errors="replace") for cell in cells]


def _filled(cells: Sequence[bytes]) -> int:
    return sum(bool(cell.strip()) for cell in cells)
