"""A block of records: those that are plain, and those that need a look, as frames."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

import msgspec
import numpy as np
import polars as pl

from csvimport.automaton import ended_lines
from csvimport.dialect import CR, QUOTE, Dialect
from csvimport.hashes import Cells, Texts, spans
from csvimport.issue import CUT_MARK, LONGEST
from csvimport.lines import BOM, LONGEST_CELL, Bytes, Flags, Offsets, split
from csvimport.parity import STRAY, Window
from csvimport.recovery import Reader

_INT: pl.DataType = pl.Int64()
_TEXT: pl.DataType = pl.String()
#: Where a record stands, the last of its lines, and how that ends (`Dialect.ending`).
PLACE = {"row": _INT, "line": _INT, "byte": _INT, "last": _INT, "ending": _INT}
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

#: The frames of so many records are made at once, by whoever finds them; of fewer, when they are
#: put together with others.
MANY = 8192
#: The raw records whose quotes are looked at are taken together up to so many bytes.
_PIECE = 1 << 17

#: `cut`, of many texts.
_cut = (
    pl.when(pl.col("text").str.len_chars() > LONGEST)
    .then(pl.col("text").str.head(LONGEST) + CUT_MARK)
    .otherwise("text")
)

#: The bytes that any one thing in memory takes, beside its text.
_OBJECT = 64

Row = tuple[Any, ...]


class Raw(msgspec.Struct, frozen=True):
    """Well-quoted records, or broken lines, as they stand: `text` holds each with its line end.

    `place` has a row for each of PLACE. `sizes` are those of the contents, `steps` with the line
    ends. `more` is what else there is to say: of sound records a later line that is a whole row
    itself, 0 where there is none; of those of the wrong width how many cells there are; of broken
    lines what breaks them.
    """

    place: Offsets
    sizes: Offsets
    steps: Offsets
    more: Offsets
    text: bytes

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def starts(self) -> Offsets:
        """Where each record starts in `text`."""
        return np.cumsum(self.steps) - self.steps

    def of(self, which: Flags) -> "Raw":
        """Those of the records that `which` holds for."""
        data = np.frombuffer(self.text, np.uint8)
        text = data[np.repeat(which, self.steps)].tobytes()
        return Raw(
            self.place[:, which], self.sizes[which], self.steps[which], self.more[which], text
        )

    def contents(self, line_end: bytes) -> pl.Series:
        """The records without their line ends."""
        # where two CR were taken off, a third would be taken for a part of the line end
        ended_twice = (self.place[-1] == 2).any()
        lines = None if ended_twice else split(self.text, line_end, lossy=False)
        if lines is not None and len(lines) == len(self):
            return lines.alias("text")
        starts, stops = self.starts, self.starts + self.sizes
        spans = zip(starts.tolist(), stops.tolist(), strict=True)
        texts = [self.text[start:stop].decode() for start, stop in spans]
        return pl.Series("text", texts, dtype=_TEXT)


_NONE: Offsets = np.zeros(0, np.int64)
NOTHING = Raw(np.zeros((len(PLACE), 0), np.int64), _NONE, _NONE, _NONE, b"")


def one_raw(raws: Sequence[Raw]) -> Raw:
    """All of these records."""
    filled = [raw for raw in raws if len(raw)]
    if len(filled) < 2:
        return filled[0] if filled else NOTHING
    return Raw(
        np.concatenate([raw.place for raw in filled], axis=1),
        np.concatenate([raw.sizes for raw in filled]),
        np.concatenate([raw.steps for raw in filled]),
        np.concatenate([raw.more for raw in filled]),
        b"".join(raw.text for raw in filled),
    )


@dataclass
class Found:
    """Records that need a look. They become frames when somebody asks.

    For few records that costs nearly as much as for many: what several windows hold is put together
    first. In `raw`, `sound` and `blank` ones are all there are; `wrong` (of another width than the
    header) and `broken` were found on the fast path. Of what else is broken, `exact` has a row of
    FAULT, and the cells that were read before the fault.
    """

    dialect: Dialect
    width: int | None
    raw: dict[str, Raw]
    exact: list[Row]
    _read: dict[int, pl.Series] = field(default_factory=dict)
    """Columns of cells of the sound records, as far as anybody has asked."""

    def __len__(self) -> int:
        return sum(map(len, self.raw.values())) + len(self.exact)

    @cached_property
    def size(self) -> int:
        """In bytes, about."""
        texts = sum(len(raw.text) for raw in self.raw.values())
        cells = sum(len(cell) for row in self.exact for cell in row[len(FAULT) :])
        return texts + cells + _OBJECT * sum(map(len, self.exact))

    @property
    def blank_rows(self) -> int:
        """How many of the records are blank."""
        return len(self.raw["blank"])

    def places(self, *, blank: bool = True) -> Offsets:
        """Where the records stand: a row for each of PLACE; the blank ones, too."""
        raws = [raw.place for kind, raw in self.raw.items() if blank or kind != "blank"]
        exact = [row[: len(PLACE)] for row in self.exact]
        places = np.concatenate([*raws, *([np.array(exact).T] if exact else [])], axis=1)
        return places[:, np.argsort(places[0])]

    @cached_property
    def text(self) -> bytes:
        """What the spans of `sound` and `blanks` refer to."""
        parts = (self.raw["sound"].text, self.raw["blank"].text)
        filled = [part for part in parts if part]
        return filled[0] if len(filled) == 1 else b"".join(filled)  # no second copy

    @cached_property
    def sound(self) -> pl.DataFrame:
        """PLACE; `start` and `end`, between which it stands in `text`; `swallowed`, a later line of
        it that is a whole row itself; and one column of text for every column of the header: `c0`,
        `c1`, …
        """
        return self.sound_with(range(self.width or 0))

    def sound_with(self, positions: Sequence[int]) -> pl.DataFrame:
        """The same with the cells in these columns only."""
        if not positions:
            return self._sound_in_order
        return by_row([self._sound_places.hstack(self.read(positions))])

    @cached_property
    def _sound_in_order(self) -> pl.DataFrame:
        return by_row([self._sound_places])

    @cached_property
    def _sound_places(self) -> pl.DataFrame:
        """What `sound` says before their cells, as they stand in their text."""
        raw = self.raw["sound"]
        line = pl.Series(raw.more)
        none = pl.repeat(None, len(raw), dtype=_INT, eager=True)
        return _placed(raw, 0).with_columns(swallowed=line.zip_with(line > 0, none))

    def read(self, positions: Sequence[int]) -> list[pl.Series]:
        """The cells in these columns of the sound records, as they stand in their text; once."""
        if missing := [each for each in positions if each not in self._read]:
            cells = self._cells(self.raw["sound"], missing)
            self._read.update(zip(missing, cells.iter_columns(), strict=True))
        return [self._read[each] for each in positions]

    @cached_property
    def faults(self) -> pl.DataFrame:
        """FAULT, and the cells that were read before the fault."""
        parts = [rows_as_frame(self.exact, FAULT, cell_names(self.width))]
        if len(self.raw["wrong"]):
            parts.append(self._wrong(self.raw["wrong"]))
        if len(self.raw["broken"]):
            parts.append(self._broken(self.raw["broken"]))
        return by_row(parts)

    @cached_property
    def blanks(self) -> pl.DataFrame:
        """PLACE; `start` and `end`, between which it stands in `text`."""
        return by_row([_placed(self.raw["blank"], len(self.raw["sound"].text))])

    def make_frames(self, positions: Sequence[int] | None) -> None:
        """Make them now, in whatever thread this is, with the cells in these columns, or all."""
        if self._sound_places.height:
            self.read(range(self.width or 0) if positions is None else positions)
        assert self.faults is not None
        assert self.blanks is not None

    def cells(self, positions: Sequence[int]) -> tuple[Offsets, Sequence[Cells]]:
        """The numbers of the sound records in any order, and the cells in these columns."""
        raw = self.raw["sound"]
        starts = raw.starts
        ends = starts + raw.sizes
        found = spans(raw.text, starts, ends, self.dialect.delimiter, positions)
        return raw.place[0], found or [Texts(each) for each in self.read(positions)]

    def and_sound(self, raw: Raw) -> "Found":
        """These and more sound records; what was read already is not read again."""
        more = self._cells(raw, list(self._read)).iter_columns()
        read = {
            position: pl.concat([self._read[position], cells])
            for position, cells in zip(self._read, more, strict=True)
        }
        sound = one_raw([self.raw["sound"], raw])
        return replace(self, raw=self.raw | {"sound": sound}, _read=read)

    def matching(self, pattern: str) -> Flags:
        """Which sound records match that of plain ones, as far as they are short and on one line.

        As short as that, none of their cells is too long to be plain.
        """
        raw = self.raw["sound"]
        stops, flags = ended_lines(raw.text, self.dialect.line_end, pattern, lossy=False)
        starts, ends = raw.starts, raw.starts + raw.steps - 1
        line = stops.searchsorted(ends)
        are_short = raw.sizes < LONGEST_CELL + (self.width or 0)
        on_one_line = np.concatenate(([-1], stops))[line] == starts - 1
        found: Flags = flags[line] & on_one_line & are_short
        return found

    def without(self, which: Flags) -> "Found":
        """These but for `which` of the sound records."""
        return replace(self, raw=self.raw | {"sound": self.raw["sound"].of(~which)}, _read={})

    def _cells(self, raw: Raw, positions: Sequence[int]) -> pl.DataFrame:
        return parsed(raw.text, len(raw), self.dialect, self.width, positions)

    def _wrong(self, raw: Raw) -> pl.DataFrame:
        """The faults on the fast path: well-quoted, on one line, but of the wrong width."""
        few = raw.more < (self.width or 0)
        frame = _at(raw).with_columns(
            fault=pl.Series(np.where(few, "too-few-cells", "too-many-cells"), dtype=_TEXT),
            text=raw.contents(self.dialect.line_end).to_frame().select(_cut).to_series(),
            value=pl.lit(None, _TEXT),
            found=pl.Series(raw.more),
            evidence=pl.lit(None, _INT),
            bad_bytes=pl.lit(None, _TEXT),
            at=pl.lit(None, _INT),
        )
        return frame.hstack(self._cells(raw, list(range(self.width or 0))))

    def _broken(self, raw: Raw) -> pl.DataFrame:
        """The faults of lines that their first quote breaks."""
        delimiter = self.dialect.delimiter.decode()
        text = raw.contents(self.dialect.line_end)
        halves = text.str.splitn('"', 2).struct.unnest()
        before, behind = halves["field_0"], halves["field_1"]
        pieces = before.str.split(delimiter)
        last, counts = pieces.list.last(), pieces.list.len()
        faults = np.where(raw.more == STRAY, "stray-quote", "unclosed-quote")
        frame = _at(raw).with_columns(
            fault=pl.Series(faults, dtype=_TEXT),
            text=text,
            value=last + '"' + behind.str.splitn(delimiter, 2).struct.field("field_0"),
            found=counts.cast(_INT),
            evidence=pl.lit(None, _INT),
            bad_bytes=pl.lit(None, _TEXT),
            at=before.str.len_chars().cast(_INT) - last.str.len_chars(),
        )
        names = cell_names(self.width)
        most = min(int(counts.to_numpy().max()) - 1, len(names))
        read = [
            pl.when(pl.col("found") > index + 1)
            .then(pl.lit(pieces).list.get(index, null_on_oob=True))
            .otherwise(pl.lit(""))
            for index in range(most)
        ]
        # behind the quote none is read, and it nearly always stands in one of the same columns
        read += [pl.lit("")] * (len(names) - most)
        return frame.with_columns(cell.alias(name) for name, cell in zip(names, read, strict=True))


def together(parts: Sequence[Found]) -> Found:
    """The records of consecutive windows."""
    if len(parts) == 1:
        return parts[0]
    raw = {kind: one_raw([part.raw[kind] for part in parts]) for kind in parts[0].raw}
    exact = [row for part in parts for row in part.exact]
    return Found(parts[0].dialect, parts[0].width, raw, exact)


class Plain(msgspec.Struct, frozen=True):
    """Records of a window that plainly are in order, one a line of it or on several.

    Rows and lines count from the window's first; `place` is where in the file that stands.
    """

    window: Window
    place: tuple[int, int, int]
    row: Offsets
    first: Offsets
    last: Offsets

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

    def cells(self, positions: Sequence[int]) -> tuple[Offsets, Sequence[Cells]]:
        """Their numbers, and the cells in these columns, which ascend."""
        window = self.window
        starts, ends = window.starts[self.first], window.ends[self.last]
        found = spans(window.text, starts, ends, window.dialect.delimiter, positions)
        if found is None:
            text, _ = ended_once(window, self.first, self.last)
            frame = parsed(text, len(self), window.dialect, window.width, positions)
            return self.rows, [Texts(each) for each in frame.iter_columns()]
        return self.rows, found

    def as_sound(self, rows: Offsets) -> Raw:
        """Those of the records that have one of these numbers."""
        at = self.rows.searchsorted(rows)
        which = at[np.append(self.rows, -1)[at] == rows]
        first, last = self.first[which], self.last[which]
        more = swallowed(self.window, self.place, first, last)
        return raw_records(self.window, self.place, self.row[which], first, last, more)


class Block(msgspec.Struct, frozen=True):
    """Some consecutive records: plain ones, and those that need a look.

    `rows` is the number of all records that are not blank. `repeated` says of which of them that
    they repeat earlier ones (`Identities.repeated`), once that has been looked up.
    """

    rows: int
    plain: Plain | None
    found: Found
    repeated: Offsets | None = None

    @property
    def sound(self) -> pl.DataFrame:
        """Those that can be read, ascending by row (`Found.sound`)."""
        return self.found.sound

    def sound_with(self, positions: Sequence[int]) -> pl.DataFrame:
        """The same with the cells in these columns only."""
        return self.found.sound_with(positions)

    @property
    def faults(self) -> pl.DataFrame:
        """The broken ones, ascending by row (`Found.faults`)."""
        return self.found.faults

    @property
    def blanks(self) -> pl.DataFrame:
        """The blank ones, ascending by row."""
        return self.found.blanks

    @property
    def text(self) -> bytes:
        """What `start` and `end` in these frames refer to."""
        return self.found.text

    @property
    def dialect(self) -> Dialect:
        """How the records are written."""
        return self.found.dialect

    @property
    def data(self) -> Bytes:
        """`text` as an array."""
        return np.frombuffer(self.text, np.uint8)

    def blank_cells(self, rows: pl.DataFrame, names: list[str]) -> pl.DataFrame:
        """The white space in `rows`, taken from `blanks`, by row, in columns of these names."""
        found: list[tuple[object, ...]] = []
        if not rows.height:
            return rows_as_frame(found, {"row": _INT}, names)
        spans = rows.select("start", "end").to_numpy().ravel()
        is_space = np.append(self.data != self.dialect.delimiter[0], False)
        some = np.logical_or.reduceat(is_space, spans)[::2]
        for row, start, end in rows.select("row", "start", "end").filter(some).iter_rows():
            text = self.text[start:end]
            record = Reader(text, self.dialect, None, len(text) + 1).read(0)
            cells = [cell.decode() for cell in record.cells[: len(names)]]
            found.append((row, *cells, *[None] * (len(names) - len(cells))))
        return rows_as_frame(found, {"row": _INT}, names)

    def quoted(self, rows: pl.DataFrame) -> Flags:
        """Which cells of `rows`, taken from `sound`, stand in quotes: rows by columns."""
        starts, ends = rows["start"].to_numpy(), rows["end"].to_numpy()
        width = self.found.width or 0
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
        """Those of the quoted cells whose content can do without: no delimiter, quote, line end.

        Of the columns that are not in `rows`, none.
        """
        quoted = self.quoted(rows)
        needs = '["\r\n' + re.escape(self.dialect.delimiter.decode()) + "]"
        quoted &= np.isin(cell_names(self.found.width), rows.columns)
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
    repeated = [block.repeated for block in blocks if block.repeated is not None]
    return Block(
        sum(block.rows for block in blocks),
        None,
        together([block.found for block in blocks]),
        np.concatenate(repeated, axis=1) if repeated else None,
    )


def cell_names(width: int | None) -> list[str]:
    """The names of the columns of cells in a block's frames."""
    return [f"c{index}" for index in range(width or 0)]


def raw_records(
    window: Window,
    place: tuple[int, int, int],
    row: Offsets,
    first: Offsets,
    last: Offsets,
    more: Offsets,
) -> Raw:
    """The records that these lines of `window`, which stands at `place`, hold."""
    if not len(row):
        return NOTHING
    here = (row, first, window.starts[first], last)
    origin = (place[0], place[1], place[2], place[1])
    endings = window.endings[last]
    places = np.stack([*(at + zero for at, zero in zip(here, origin, strict=True)), endings])
    sizes = window.ends[last] - window.starts[first]
    text, steps = ended_once(window, first, last)
    return Raw(places, sizes, steps, more, text)


def ended_once(window: Window, first: Offsets, last: Offsets) -> tuple[bytes, Offsets]:
    """The text of the records that these lines hold, and what each takes of it."""
    if (window.endings[last] == 2).any():  # two CR before the LF are one too many for the parser
        starts, ends = window.starts[first], window.ends[last]
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        line_end = window.dialect.line_end
        text = b"".join(window.text[start:end] + line_end for start, end in spans)
        return text, ends - starts + 1
    starts, stops = window.starts[first], window.stops[last]
    return window.joined(starts, stops), stops - starts + 1


def swallowed(
    window: Window, place: tuple[int, int, int], first: Offsets, last: Offsets
) -> Offsets:
    """The first line in each record, behind its own, that is a whole row by itself; 0: none is."""
    spans = np.flatnonzero(last > first)
    if not len(spans):
        return np.zeros(len(first), np.int64)
    rows = window.rows_inside(first[spans], last[spans])
    line = np.append(rows, len(window.stops))[np.searchsorted(rows, first + 1)]
    return np.where(line <= last, place[1] + line, 0)


def parsed(
    text: bytes, count: int, dialect: Dialect, width: int | None, positions: Sequence[int]
) -> pl.DataFrame:
    """The cells in these columns of the well-quoted records of `text`; null where there is none."""
    names = cell_names(width)
    schema = {names[position]: _TEXT for position in positions}
    if not count or not positions:
        return pl.DataFrame(schema=schema)
    # at the start of its input the parser takes a byte-order mark for one
    guard = b""
    if text.startswith(BOM):
        guard = b"x" + dialect.delimiter * (len(names) - 1) + dialect.line_end
    frame = pl.read_csv(
        guard + _with_all_returns(text, dialect),
        has_header=False,
        columns=None if len(positions) == len(names) else list(positions),
        separator=dialect.delimiter.decode(),
        eol_char=dialect.line_end.decode(),
        schema=dict.fromkeys(names, _TEXT),
        infer_schema=False,
        empty_string_is_null=False,
        extra_columns="ignore",
        missing_columns="insert",
    )[bool(guard) :]
    assert frame.height == count, "the scanner and the parser count records differently"
    return frame


def _with_all_returns(text: bytes, dialect: Dialect) -> bytes:
    """`text` with a CR more where the parser would drop one, before a delimiter outside quotes."""
    if dialect.line_end == CR or CR + dialect.delimiter not in text:
        return text
    data = np.frombuffer(text, np.uint8)
    places = np.flatnonzero((data[:-1] == CR[0]) & (data[1:] == dialect.delimiter[0]))
    before = np.searchsorted(np.flatnonzero(data == QUOTE[0]), places)
    return np.insert(data, places[before & 1 == 0], CR[0]).tobytes()


def rows_as_frame(
    rows: Iterable[Row], schema: dict[str, pl.DataType], names: list[str]
) -> pl.DataFrame:
    """Single rows as a frame with these columns, and some of text."""
    if not rows:
        return _no_rows(tuple(schema.items()), tuple(names))
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(names, _TEXT), orient="row")


@lru_cache(maxsize=16)
def _no_rows(schema: tuple[tuple[str, pl.DataType], ...], names: tuple[str, ...]) -> pl.DataFrame:
    # with thousands of columns, to make it takes longer than all else about a block
    return pl.DataFrame(schema=dict(schema) | dict.fromkeys(names, _TEXT))


def _at(raw: Raw) -> pl.DataFrame:
    return pl.DataFrame(dict(zip(PLACE, raw.place, strict=True)), schema=PLACE)


def _placed(raw: Raw, base: int) -> pl.DataFrame:
    start = base + raw.starts
    return _at(raw).with_columns(start=pl.Series(start), end=pl.Series(start + raw.sizes))


def by_row(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The records of these frames, of which there is one at least, as one, ascending by row."""
    filled = [part for part in parts if part.height]
    frame = pl.concat(filled) if len(filled) > 1 else (filled or parts)[0]
    rows = frame["row"].to_numpy()
    return frame.sort("row") if (rows[1:] < rows[:-1]).any() else frame
