"""A block of records as frames, put together from what the two paths found in a window."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

import numpy as np
import polars as pl

from csvimport.dialect import QUOTE, WHITE_SPACE, Dialect
from csvimport.issue import LONGEST, cut
from csvimport.lines import Bytes, Flags, Offsets, split
from csvimport.parity import STRAY, Reading, Window
from csvimport.recovery import Reader, Record, first_bad_bytes

_INT: pl.DataType = pl.Int64()
_TEXT: pl.DataType = pl.String()
#: Where a record stands, the last of its lines, and how that ends (`Dialect.ending`).
PLACE = {"row": _INT, "line": _INT, "byte": _INT, "last": _INT, "ending": _INT}
#: A blank record is `text[start:end]`.
BLANK = {**PLACE, "start": _INT, "end": _INT}
#: A sound record is `text[start:end]`; `swallowed`: a later line of it that is a whole row itself.
SOUND = {**BLANK, "swallowed": _INT}
#: A broken record: `fault` is the rule's name, `text` the record as it stands, `value` the place
#: in it, which stands at character `at`, `found` the number of cells up to the fault, the rest
#: what single faults tell besides.
FAULT = {
    **PLACE,
    "fault": _TEXT,
    "text": _TEXT,
    "value": _TEXT,
    "found": _INT,
    "evidence": _INT,
    "bad_bytes": _TEXT,
    "at": _INT,
}

#: The raw records whose quotes are looked at are taken together up to so many bytes.
_PIECE = 1 << 20

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Plain:
    """Records of a window that plainly are in order, one a line of it or on several.

    Rows and lines count from the window's first; `place` is where in the file that stands. `cells`
    are those in the columns that were asked for.
    """

    window: Window
    place: tuple[int, int, int]
    row: Offsets
    first: Offsets
    last: Offsets
    cells: pl.DataFrame

    def __len__(self) -> int:
        return len(self.row)

    @property
    def rows(self) -> Offsets:
        """Their numbers in the file."""
        return self.row + self.place[0]

    @property
    def endings(self) -> Offsets:
        """How they end (`Dialect.ending`)."""
        return self.window.endings[self.last]

    def as_sound(self, which: Flags) -> tuple[pl.DataFrame, bytes]:
        """Those of the records that `which` holds for, as a block has sound ones; their text."""
        first, last = self.first[which], self.last[which]
        findings = Findings(self.window, *self.place)
        return findings.sound(self.row[which], first, last), self.window.joined(first, last)


@dataclass(frozen=True, slots=True)
class Block:
    """Some consecutive records: plain ones, sound ones, faults and blank ones, ascending by row.

    `sound` has the columns of SOUND and one of text for every column of the header: `c0`, `c1`, …
    (none where the header is broken). `faults` has those of FAULT and the cells that were read
    before the fault. `text` is what `start` and `end` refer to: no more than these records.
    `rows` is the number of all records that are not blank.
    """

    rows: int
    plain: Plain | None
    sound: pl.DataFrame
    faults: pl.DataFrame
    blanks: pl.DataFrame
    text: bytes
    dialect: Dialect

    def with_sound(self, sound: pl.DataFrame, text: bytes) -> "Block":
        """The block with more sound records among its own, which are parts of this `text`."""
        sound = sound.with_columns(pl.col("start", "end") + len(self.text))
        sound = pl.concat([self.sound, sound]).sort("row")
        return replace(self, sound=sound, text=self.text + text)

    @property
    def data(self) -> Bytes:
        """`text` as an array."""
        return np.frombuffer(self.text, np.uint8)

    def blank_cells(self, rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
        """The white space in `rows`, taken from `blanks`, by row, in columns of these names."""
        found: list[tuple[object, ...]] = []
        if not rows.height:
            return _frame(found, {"row": _INT}, names)
        spans = rows.select("start", "end").to_numpy().ravel()
        is_space = np.append(self.data != self.dialect.delimiter[0], False)
        some = np.logical_or.reduceat(is_space, spans)[::2]
        for row, start, end in rows.select("row", "start", "end").filter(some).iter_rows():
            text = self.text[start:end]
            record = Reader(text, self.dialect, None, len(text) + 1).read(0)
            cells = [cell.decode() for cell in record.cells[: len(names)]]
            found.append((row, *cells, *[None] * (len(names) - len(cells))))
        return _frame(found, {"row": _INT}, names)

    def quoted(self, rows: pl.DataFrame) -> Flags:
        """Which cells of `rows`, taken from `sound`, stand in quotes: rows by columns."""
        starts, ends = rows["start"].to_numpy(), rows["end"].to_numpy()
        width = sum(name.startswith("c") and name[1:].isdigit() for name in self.sound.columns)
        result = np.zeros((len(starts), width), np.bool_)
        quotes = np.flatnonzero(self.data == QUOTE[0])
        some = np.flatnonzero(np.searchsorted(quotes, starts) < np.searchsorted(quotes, ends))
        lengths = np.cumsum(ends[some] - starts[some])
        bounds = np.searchsorted(lengths, np.arange(0, lengths[-1] if len(some) else 0, _PIECE))
        for piece in np.split(some, bounds[1:]):
            if len(piece):
                result[piece] = self._quoted(starts[piece], ends[piece], width)
        return result

    def quoted_on_purpose(self, rows: pl.DataFrame) -> Flags:
        """Those of the quoted cells whose content can do without: no delimiter, quote, line end."""
        quoted = self.quoted(rows)
        needs = '["\r\n' + re.escape(self.dialect.delimiter.decode()) + "]"
        for position in np.flatnonzero(quoted.any(axis=0)):
            cells = rows.select(pl.col(f"c{position}").str.contains(needs)).to_series()
            quoted[:, position] &= ~cells.to_numpy()
        return quoted

    def _quoted(self, starts: Offsets, ends: Offsets, width: int) -> Flags:
        """`quoted` for the records from `starts` to `ends`, which are well-quoted."""
        lengths = ends - starts
        first = np.cumsum(lengths) - lengths
        text = self.data[np.repeat(starts - first, lengths) + np.arange(lengths.sum())]
        inside = np.logical_xor.accumulate(text == QUOTE[0])
        stops = np.flatnonzero((text == self.dialect.delimiter[0]) & ~inside)
        cells = np.column_stack((first, stops.reshape(len(first), width - 1) + 1))
        # an empty last cell starts where the next record does
        filled = cells < (first + lengths)[:, None]
        found: Flags = filled & (np.append(text, 0)[cells] == QUOTE[0])
        return found


def joined(blocks: Sequence[Block]) -> Block:
    """Consecutive blocks as one, without what is plain in them."""
    if len(blocks) == 1:
        return replace(blocks[0], plain=None)
    sizes = np.cumsum([0, *(len(block.text) for block in blocks)]).tolist()
    spans = [pl.col("start", "end") + size for size in sizes]
    sound = [block.sound.with_columns(span) for block, span in zip(blocks, spans, strict=False)]
    blanks = [block.blanks.with_columns(span) for block, span in zip(blocks, spans, strict=False)]
    return Block(
        sum(block.rows for block in blocks),
        None,
        pl.concat(sound),
        pl.concat([block.faults for block in blocks]),
        pl.concat(blanks),
        b"".join(block.text for block in blocks),
        blocks[0].dialect,
    )


def cell_names(width: int | None) -> list[str]:
    """The names of the columns of cells in a block's frames."""
    return [f"c{index}" for index in range(width or 0)]


@dataclass(frozen=True, slots=True)
class Exact:
    """A record of the exact path: its ordinal and its line in the window, and how it ends."""

    row: int
    line: int
    record: Record
    ending: int


@dataclass(slots=True)
class Findings:
    """The records of a window, in order: stretches of a reading, broken lines, single exact ones.

    Rows, lines and offsets count from the window's first; `row`, `line` and `byte` are its place.
    Of plain records the cells in the columns `positions` are read, which ascend.
    """

    window: Window
    row: int
    line: int
    byte: int
    positions: list[int] = field(default_factory=list)
    rows: int = 0
    stretches: list[tuple[int, Reading, int, int]] = field(default_factory=list)
    broken: list[tuple[int, int, int]] = field(default_factory=list)
    exact: list[Exact] = field(default_factory=list)
    _pieces: list[bytes] = field(default_factory=list)
    _kept: int = 0

    def add_stretch(self, reading: Reading, first: int, end: int) -> None:
        """The records from `first` up to `end` of `reading`, none of them suspect."""
        self.stretches.append((self.rows, reading, first, end))
        self.rows += end - first

    def add_broken(self, first: int, end: int) -> None:
        """The lines from `first` up to `end`, each of which is a broken record by itself."""
        self.broken.append((self.rows, first, end))
        self.rows += end - first

    def add_exact(self, line: int, record: Record, ending: int) -> None:
        """A record that starts on `line` and was read on the exact path."""
        self.exact.append(Exact(self.rows, line, record, ending))
        self.rows += 1

    def end_last(self, ending: int) -> None:
        """How the last record ends, which went on beyond the window."""
        self.exact[-1] = replace(self.exact[-1], ending=ending)

    def block(self) -> Block:
        """The records as frames."""
        row, first, last, width, plain = self._stretched()
        window, names = self.window, cell_names(self.window.width)
        others = np.flatnonzero(~plain)
        blank = np.zeros(len(row), np.bool_)
        blank[others] = blanks(window, first[others], last[others])
        wrong = ~(blank | plain) & (width != (width if window.width is None else window.width))
        sound = ~(blank | wrong | plain)
        exact_sound = [each for each in self.exact if each.record.is_sound]
        exact_blank = [each for each in self.exact if each.record.blank]
        exact_faults = [each for each in self.exact if each.record.fault]
        return Block(
            self.rows - int(blank.sum()) - len(exact_blank),
            self._plain(row[plain], first[plain], last[plain]),
            _in_order(
                self.sound(row[sound], first[sound], last[sound]),
                _frame(map(self._exact_sound, exact_sound), SOUND, names),
            ),
            _in_order(
                self._wrong(row[wrong], first[wrong], last[wrong], width[wrong]),
                self._broken(),
                _frame(map(self._exact_fault, exact_faults), FAULT, names),
            ),
            _in_order(
                self._placed(
                    row[blank], first[blank], last[blank], window.joined(first[blank], last[blank])
                ),
                _frame(map(self._exact_blank, exact_blank), BLANK, []),
            ),
            b"".join(self._pieces),
            window.dialect,
        )

    def _plain(self, row: Offsets, first: Offsets, last: Offsets) -> Plain:
        window, place = self.window, (self.row, self.line, self.byte)
        text = window.joined(first, last) if self.positions else b""
        cells = _parsed(window, first, last, text, self.positions)
        return Plain(window, place, row, first, last, cells)

    def _keep(self, text: bytes) -> int:
        """Make `text` a part of the block's; where it stands there."""
        start = self._kept
        self._pieces.append(text)
        self._kept += len(text)
        return start

    def _stretched(self) -> tuple[Offsets, Offsets, Offsets, Offsets, Flags]:
        """Ordinal, first line, last line and width of the records on the fast path; the plain."""
        none: Offsets = np.zeros(0, np.int64)
        parts = [(none, none, none, none, none.astype(np.bool_))] + [
            (
                np.arange(row, row + end - start),
                reading.first[start:end],
                reading.last[start:end],
                reading.width[start:end],
                reading.plain[start:end],
            )
            for row, reading, start, end in self.stretches
        ]
        row, first, last, width, plain = (np.concatenate(part) for part in zip(*parts, strict=True))
        return row, first, last, width, plain

    def _places(self, row: Offsets, first: Offsets, last: Offsets) -> pl.DataFrame:
        return pl.DataFrame(
            {
                "row": self.row + row,
                "line": self.line + first,
                "byte": self.byte + self.window.starts[first],
                "last": self.line + last,
                "ending": self.window.endings[last],
            },
            schema=PLACE,
        )

    def _placed(self, row: Offsets, first: Offsets, last: Offsets, text: bytes) -> pl.DataFrame:
        window = self.window
        sizes = window.stops[last] - window.starts[first] + 1
        start = self._keep(text) + np.cumsum(sizes) - sizes
        end = start + window.ends[last] - window.starts[first]
        return self._places(row, first, last).with_columns(
            start=pl.Series(start), end=pl.Series(end)
        )

    def sound(self, row: Offsets, first: Offsets, last: Offsets) -> pl.DataFrame:
        """The sound records that these lines hold."""
        if not len(row):
            return _frame([], SOUND, cell_names(self.window.width))
        text = self.window.joined(first, last)
        frame = self._placed(row, first, last, text)
        frame = frame.with_columns(swallowed=self._swallowed(first, last))
        return frame.hstack(self._cells(first, last, text))

    def _cells(self, first: Offsets, last: Offsets, text: bytes) -> pl.DataFrame:
        positions = list(range(self.window.width or 0))
        return _parsed(self.window, first, last, text, positions)

    def _swallowed(self, first: Offsets, last: Offsets) -> pl.Series:
        """The first line in each record, behind its own, that is a whole row by itself."""
        none = pl.repeat(None, len(first), dtype=_INT, eager=True)
        spans = np.flatnonzero(last > first)
        if not len(spans):
            return none
        rows = self.window.rows_inside(first[spans], last[spans])
        line = np.append(rows, len(self.window.stops))[np.searchsorted(rows, first + 1)]
        return pl.Series(self.line + line).zip_with(pl.Series(line <= last), none)

    def _wrong(self, row: Offsets, first: Offsets, last: Offsets, width: Offsets) -> pl.DataFrame:
        """The faults on the fast path: well-quoted, on one line, but of the wrong width."""
        if not len(row):
            return _frame([], FAULT, cell_names(self.window.width))
        text = self.window.text
        spans = zip(
            self.window.starts[first].tolist(),
            self.window.ends[last].tolist(),
            strict=True,
        )
        few = width < (self.window.width or 0)
        frame = self._places(row, first, last).with_columns(
            fault=pl.Series(np.where(few, "too-few-cells", "too-many-cells"), dtype=_TEXT),
            text=pl.Series([cut(text[start:end].decode()) for start, end in spans], dtype=_TEXT),
            value=pl.lit(None, _TEXT),
            found=pl.Series(width),
            evidence=pl.lit(None, _INT),
            bad_bytes=pl.lit(None, _TEXT),
            at=pl.lit(None, _INT),
        )
        return frame.hstack(self._cells(first, last, self.window.joined(first, last)))

    def _broken(self) -> pl.DataFrame:
        """The faults of lines that their first quote breaks."""
        window, delimiter = self.window, self.window.dialect.delimiter.decode()
        names = cell_names(window.width)
        row = _ranges((row, row + end - first) for row, first, end in self.broken)
        line = _ranges((first, end) for _, first, end in self.broken)
        if not len(line):
            return _frame([], FAULT, names)
        text = split(window.joined(line, line), window.dialect.line_end, lossy=False)
        if text is None:
            spans = zip(window.starts[line].tolist(), window.ends[line].tolist(), strict=True)
            text = pl.Series([window.text[start:end].decode() for start, end in spans], dtype=_TEXT)
        before, behind = (
            pl.col("text").str.splitn('"', 2).struct.field(f"field_{part}") for part in (0, 1)
        )
        pieces = before.str.split(delimiter)
        rest = behind.str.splitn(delimiter, 2).struct.field("field_0")
        faults = np.where(window.broken_lines[line] == STRAY, "stray-quote", "unclosed-quote")
        frame = text.to_frame("text").select(
            fault=pl.Series(faults, dtype=_TEXT),
            text="text",
            value=pieces.list.last() + '"' + rest,
            found=pieces.list.len().cast(_INT),
            evidence=pl.lit(None, _INT),
            bad_bytes=pl.lit(None, _TEXT),
            at=before.str.len_chars().cast(_INT) - pieces.list.last().str.len_chars(),
            pieces=pieces.list.head(pieces.list.len() - 1),
        )
        cells = (
            pl.col("pieces").list.get(index, null_on_oob=True).fill_null("").alias(name)
            for index, name in enumerate(names)
        )
        return self._places(row, line, line).hstack(frame.with_columns(cells).drop("pieces"))

    def _exact_place(self, found: Exact) -> tuple[int, int, int, int, int]:
        line = self.line + found.line
        record = found.record
        last = line + record.lines - 1
        return self.row + found.row, line, self.byte + record.start, last, found.ending

    def _exact_blank(self, found: Exact) -> tuple[int, ...]:
        return (*self._exact_place(found), *self._exact_span(found.record))

    def _exact_span(self, record: Record) -> tuple[int, int]:
        # what comes behind must not make a CRLF of a CR
        start = self._keep(self.window.text[record.start : record.end] + b" ")
        return start, start + record.end - record.start

    def _exact_sound(self, found: Exact) -> tuple[object, ...]:
        record = found.record
        cells = [cell.decode() for cell in record.cells] if self.window.width else []
        return (
            *self._exact_place(found),
            *self._exact_span(record),
            self._evidence(found),
            *cells,
        )

    def _exact_fault(self, found: Exact) -> tuple[object, ...]:
        record, width = found.record, self.window.width or 0
        # of a record that is too large, the rest may or may not stand in the window
        end = min(record.end, record.start + self.window.max_record)
        text = self.window.text[record.start : end]
        cells = [cell.decode(errors="replace") for cell in record.cells[:width]]
        return (
            *self._exact_place(found),
            record.fault,
            cut(text.decode(errors="replace")),
            _value(self.window, record),
            len(record.cells) + 1 if record.fault == "invalid-utf8" else record.found,
            self._evidence(found),
            first_bad_bytes(text)[1].hex(" ").upper() or None,
            _characters(self.window.text[record.start : record.cell[0]]) if record.cell else None,
            *cells,
            *[""] * (width - len(cells)),
        )

    def _evidence(self, found: Exact) -> int | None:
        evidence = found.record.evidence
        return None if evidence is None else self.line + found.line + evidence


def _frame(
    rows: Iterable[tuple[object, ...]], schema: dict[str, pl.DataType], names: list[str]
) -> pl.DataFrame:
    found = list(rows)
    if not found:
        return _no_rows(tuple(schema.items()), tuple(names))
    return pl.DataFrame(found, schema=schema | dict.fromkeys(names, _TEXT), orient="row")


@lru_cache(maxsize=16)
def _no_rows(schema: tuple[tuple[str, pl.DataType], ...], names: tuple[str, ...]) -> pl.DataFrame:
    # with thousands of columns, to make it takes longer than all else about a block
    return pl.DataFrame(schema=dict(schema) | dict.fromkeys(names, _TEXT))


def _in_order(*parts: pl.DataFrame) -> pl.DataFrame:
    filled = [part for part in parts if part.height]
    return pl.concat(filled).sort("row") if len(filled) > 1 else (filled or parts)[0]


def _ranges(spans: Iterable[tuple[int, int]]) -> Offsets:
    none: Offsets = np.zeros(0, np.int64)
    return np.concatenate([none, *(np.arange(start, end) for start, end in spans)])


def _parsed(
    window: Window, first: Offsets, last: Offsets, text: bytes, positions: list[int]
) -> pl.DataFrame:
    """The cells in these columns of the well-quoted records of `text`; null where there is none."""
    dialect, names = window.dialect, cell_names(window.width)
    schema = {names[position]: _TEXT for position in positions}
    if not len(first) or not positions:
        return pl.DataFrame(schema=schema)
    if (window.endings[last] == 2).any():  # two CR before the LF are one too many for the parser
        pairs = zip(window.starts[first].tolist(), window.ends[last].tolist(), strict=True)
        text = b"".join(window.text[start:end] + dialect.line_end for start, end in pairs)
    # at the start of its input the parser takes a byte-order mark for one
    guard = b""
    if text.startswith(_BOM):
        guard = b"x" + dialect.delimiter * (len(names) - 1) + dialect.line_end
    frame = pl.read_csv(
        guard + text,
        has_header=False,
        columns=None if len(positions) == len(names) else positions,
        separator=dialect.delimiter.decode(),
        eol_char=dialect.line_end.decode(),
        schema=dict.fromkeys(names, _TEXT),
        infer_schema=False,
        empty_string_is_null=False,
        extra_columns="ignore",
        missing_columns="insert",
    )[bool(guard) :]
    assert frame.height == len(first), "the scanner and the parser count records differently"
    return frame


def _value(window: Window, record: Record) -> str | None:
    """What to show of a fault: the cell, as far as the next delimiter behind the fault."""
    if record.cell is None:
        return None
    start, behind = record.cell
    text = window.text
    end = text.find(window.dialect.delimiter, behind, record.end)
    line_end = text.find(window.dialect.line_end, behind, record.end if end < 0 else end)
    end = line_end if line_end >= 0 else record.end if end < 0 else end
    longest = 4 * LONGEST + 4  # bytes; the cut behind them never shows
    return cut(text[start : min(end, start + longest)].decode(errors="replace"))


def _characters(text: bytes) -> int:
    return len(text.decode(errors="replace"))


def blanks(window: Window, first: Offsets, last: Offsets) -> Flags:
    """Which of the well-quoted records from the lines `first` to `last` are blank.

    A few bytes of a record decide nearly always; only where they leave it open, the whole does.
    """
    starts, ends = window.starts[first], window.ends[last]
    blank: Flags = starts == ends
    undecided = np.flatnonzero(~blank)
    solid, data = _solid(window.dialect), np.frombuffer(window.text, np.uint8)
    for offset in (0, 1):
        for from_end in (False, True):
            places = ends[undecided] - 1 - offset if from_end else starts[undecided] + offset
            inside = np.clip(places, starts[undecided], ends[undecided] - 1)
            undecided = undecided[~solid[data[inside]]]
    if len(undecided):
        records = window.extract(first[undecided], last[undecided])
        begins = np.concatenate(([0], records.stops[:-1] + 1))
        known = solid | _space(window.dialect)
        is_solid = np.logical_or.reduceat(solid[records.data], begins)
        is_open = np.logical_or.reduceat(~known[records.data], begins) & ~is_solid
        blank[undecided[~is_solid]] = True
        undecided = undecided[is_open]
    pattern = _blank_record(window.dialect)
    blank[undecided] = [
        pattern.fullmatch(window.text[start:end].decode()) is not None
        for start, end in zip(starts[undecided].tolist(), ends[undecided].tolist(), strict=True)
    ]
    return blank


@cache
def _solid(dialect: Dialect) -> Flags:
    """The bytes that no blank record holds."""
    solid = np.zeros(256, np.bool_)
    solid[:0x80] = True
    solid[list(b'\t\n\v\f\r "' + dialect.delimiter)] = False
    return solid


@cache
def _space(dialect: Dialect) -> Flags:
    """The bytes that a blank record may hold, whatever stands beside them."""
    space = np.zeros(256, np.bool_)
    space[list(b"\t\n\v\f\r " + dialect.delimiter)] = True
    return space


@cache
def _blank_record(dialect: Dialect) -> re.Pattern[str]:
    delimiter = re.escape(dialect.delimiter.decode())
    bare = "[" + re.escape(WHITE_SPACE.replace(dialect.delimiter.decode(), "")) + "]*+"
    quoted = '"[' + re.escape(WHITE_SPACE) + ']*+"'
    cell = f"(?:{quoted}|{bare})"
    return re.compile(f"{cell}(?:{delimiter}{cell})*+")
