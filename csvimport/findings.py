"""What the two paths find in a window, and the block that it comes to."""

import re
from collections.abc import Iterable
from functools import cache

import msgspec
import numpy as np
from msgspec.structs import replace

from csvimport.block import (
    MANY,
    NOTHING,
    Block,
    Found,
    Plain,
    Raw,
    one_raw,
    raw_records,
    swallowed,
)
from csvimport.dialect import WHITE_SPACE, Dialect
from csvimport.issue import LONGEST, cut
from csvimport.lines import Flags, Offsets
from csvimport.parity import Reading, Window
from csvimport.recovery import Record, first_bad_bytes


class Exact(msgspec.Struct, frozen=True):
    """A record of the exact path: its ordinal and its line in the window, and how it ends."""

    row: int
    line: int
    record: Record
    ending: int


class Findings(msgspec.Struct):
    """The records of a window, in order: stretches of a reading, broken lines, single exact ones.

    Rows, lines and offsets count from the window's first; `row`, `line` and `byte` are its place.
    Of records that are not plain, where they are many, the cells in the columns that are `wanted`
    are read, or all.
    """

    window: Window
    row: int
    line: int
    byte: int
    wanted: list[int] | None = None
    are_blank: bool = False
    """Whether all records are known to be blank."""
    rows: int = 0
    stretches: list[tuple[int, Reading, int, int]] = msgspec.field(default_factory=list)
    broken: list[tuple[int, int, int]] = msgspec.field(default_factory=list)
    exact: list[Exact] = msgspec.field(default_factory=list)

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
        widths = width[others]
        is_blank = np.ones(len(others), np.bool_)
        if not self.are_blank:
            is_blank = blanks(window, first[others], last[others])
        is_wrong = ~is_blank & (widths != (widths if window.width is None else window.width))
        blank, wrong = others[is_blank], others[is_wrong]
        sound = others[~(is_blank | is_wrong)]
        broken = [self._exact_fault(each) for each in self.exact if each.record.fault]
        sound_row = (row[sound], first[sound], last[sound])
        found = Found(
            window.dialect,
            window.width,
            {
                "sound": one_raw(
                    [
                        self._raw(*sound_row, swallowed(window, self._place, *sound_row[1:])),
                        self._exact_raw([each for each in self.exact if each.record.is_sound]),
                    ]
                ),
                "wrong": self._raw(row[wrong], first[wrong], last[wrong], width[wrong]),
                "broken": self._broken(),
                "blank": one_raw(
                    [
                        self._raw(row[blank], first[blank], last[blank], width[blank]),
                        self._exact_raw([each for each in self.exact if each.record.blank]),
                    ]
                ),
            },
            broken,
        )
        if len(found) >= MANY:
            found.make_frames(self.wanted)
        rows = self.rows - found.blank_rows
        if len(others):
            row, first, last = row[plain], first[plain], last[plain]
        return Block(rows, self._plain(row, first, last), found)

    @property
    def _place(self) -> tuple[int, int, int]:
        return self.row, self.line, self.byte

    def _raw(self, row: Offsets, first: Offsets, last: Offsets, more: Offsets) -> Raw:
        return raw_records(self.window, self._place, row, first, last, more)

    def _plain(self, row: Offsets, first: Offsets, last: Offsets) -> Plain:
        return Plain(self.window, self._place, row, first, last)

    def _stretched(self) -> tuple[Offsets, Offsets, Offsets, Offsets, Flags]:
        """Ordinal, first line, last line and width of the records on the fast path; the plain."""
        none: Offsets = np.zeros(0, np.int64)
        parts = [
            (
                np.arange(row, row + end - start),
                reading.first[start:end],
                reading.last[start:end],
                reading.width[start:end],
                reading.plain[start:end],
            )
            for row, reading, start, end in self.stretches
        ] or [(none, none, none, none, none.astype(np.bool_))]
        if len(parts) == 1:
            return parts[0]
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

    def _exact_raw(self, records: list[Exact]) -> Raw:
        """Sound or blank ones."""
        if not records:
            return NOTHING
        line_end, texts = self.window.dialect.line_end, []
        for each in records:
            text = self.window.text[each.record.start : each.record.end]
            # what belongs to the content is not to be taken for a part of the line end
            texts.append(text + b"\r" * text.endswith(b"\r") + line_end)
        return Raw(
            np.array([self._exact_place(each) for each in records]).T,
            np.array([each.record.end - each.record.start for each in records]),
            np.array(list(map(len, texts))),
            np.array([self._evidence(each) or 0 for each in records]),
            b"".join(texts),
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
