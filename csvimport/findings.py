"""What the two paths find in a window, and the block that it comes to."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import polars as pl

from csvimport.block import (
    MANY,
    NOTHING,
    SCHEMAS,
    Block,
    Found,
    Plain,
    Raw,
    Row,
    cell_names,
    ended_once,
    parsed,
    raw_records,
    rows_as_frame,
    swallowed,
)
from csvimport.cells import first_cells
from csvimport.dialect import WHITE_SPACE, Dialect
from csvimport.issue import LONGEST, cut
from csvimport.lines import Flags, Offsets
from csvimport.parity import Reading, Window
from csvimport.recovery import Record, first_bad_bytes


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
    Of plain records the cells in the columns `positions` are read, which ascend; of others, where
    they are many, those in the columns that are `wanted`, or all.
    """

    window: Window
    row: int
    line: int
    byte: int
    positions: list[int] = field(default_factory=list)
    wanted: list[int] | None = None
    are_blank: bool = False
    """Whether all records are known to be blank."""
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
        """The block of the records."""
        row, first, last, width, plain = self._stretched()
        window = self.window
        others = np.flatnonzero(~plain)
        blank = np.zeros(len(row), np.bool_)
        blank[others] = self.are_blank or blanks(window, first[others], last[others])
        wrong = ~(blank | plain) & (width != (width if window.width is None else window.width))
        sound = ~(blank | wrong | plain)
        exact: dict[str, list[Row]] = {
            "sound": [self._exact_sound(each) for each in self.exact if each.record.is_sound],
            "faults": [self._exact_fault(each) for each in self.exact if each.record.fault],
            "blanks": [self._exact_blank(each) for each in self.exact if each.record.blank],
        }
        found = Found(
            window.dialect,
            window.width,
            {
                "sound": self._raw(
                    row[sound],
                    first[sound],
                    last[sound],
                    swallowed(window, self._place, first[sound], last[sound]),
                ),
                "wrong": self._raw(row[wrong], first[wrong], last[wrong], width[wrong]),
                "broken": self._broken(),
                "blank": self._raw(row[blank], first[blank], last[blank], width[blank]),
            },
            {kind: self._frames(kind, rows) for kind, rows in exact.items()},
            b"".join(self._pieces),
        )
        if len(found) >= MANY:
            found.make_frames(self.wanted)
        elif len(found) and self.wanted is not None:
            found.read(self.wanted)
        rows = self.rows - found.blank_rows
        return Block(rows, self._plain(row[plain], first[plain], last[plain]), found)

    def _frames(self, kind: str, rows: list[Row]) -> list[pl.DataFrame]:
        names = [] if kind == "blanks" else cell_names(self.window.width)
        return [rows_as_frame(rows, SCHEMAS[kind], names)] if rows else []

    @property
    def _place(self) -> tuple[int, int, int]:
        return self.row, self.line, self.byte

    def _raw(self, row: Offsets, first: Offsets, last: Offsets, more: Offsets) -> Raw:
        return raw_records(self.window, self._place, row, first, last, more)

    def _plain(self, row: Offsets, first: Offsets, last: Offsets) -> Plain:
        return Plain(self.window, self._place, row, first, last, self._cells(first, last))

    def _cells(self, first: Offsets, last: Offsets) -> pl.DataFrame:
        """The cells in the columns `positions` of the plain records on these lines."""
        window = self.window
        if self.positions == [0] and window.width != 1:
            starts, stops = window.starts[first], window.stops[last]
            firsts = first_cells(window.text, starts, stops, window.dialect.delimiter)
            if firsts is not None:
                return firsts.alias(cell_names(1)[0]).to_frame()
        text = ended_once(window, first, last)[0] if self.positions else b""
        return parsed(text, len(first), window.dialect, window.width, self.positions)

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

    def _broken(self) -> Raw:
        if not self.broken:  # which lines are is not asked without need
            return NOTHING
        row = _ranges((row, row + end - first) for row, first, end in self.broken)
        line = _ranges((first, end) for _, first, end in self.broken)
        return self._raw(row, line, line, self.window.broken_lines[line])

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


def _ranges(spans: Iterable[tuple[int, int]]) -> Offsets:
    none: Offsets = np.zeros(0, np.int64)
    return np.concatenate([none, *(np.arange(start, end) for start, end in spans)])


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
