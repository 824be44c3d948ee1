"""The fast path's arithmetic: which line ends and delimiters of a window stand outside quotes.

In well-quoted text a byte stands inside quotes if and only if an odd number of quotes precedes
it (an escaped quote counts twice and changes nothing). Whether the text *is* well-quoted can be
seen at the quotes alone: those that open stand behind a delimiter or a line end (or are the
second half of an escape), those that close before one (or are the first half).

A broken record can leave the count odd, and everything behind it would seem turned inside out.
So there are two readings of a window, one for each parity; each is computed at most once, and
the scanner changes over to the other where a broken record ends. That costs nothing a record.

Where it is known what a plain record looks like (`csvimport.plain`), the lines that do are asked
nothing else: they are records by themselves wherever they start outside quotes, and no line that
starts inside is one. The arithmetic is left with the other lines.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

import msgspec
import numpy as np

from csvimport.automaton import matching
from csvimport.cells import copied, have_longer_cells, have_odd_quotes
from csvimport.dialect import LF, NO_LINE_END, Dialect
from csvimport.encoding import invalid_utf8
from csvimport.issue import LONGEST
from csvimport.lines import (
    INNER_END,
    LONGEST_CELL,
    Bytes,
    Flags,
    Offsets,
)

_QUOTE, _LF, _CR = b'"\n\r'
#: What breaks a line at its first quote.
STRAY, UNCLOSED = 1, 2
#: Where fewer than one record in so many is looked up, it is not worth the while to make a list.
_ONE_IN = 32
#: Pieces of text that may be put together one by one.
_FEW = 8


class Reading(msgspec.Struct, frozen=True, dict=True):
    """The records of a window, if its first byte stands outside quotes (0) or inside (1).

    `first` and `last` are the records' lines, `width` their numbers of cells, `plain` those that
    plainly are in order; `suspects` are the records that are not known to be sound, ascending; the
    last may be `len(last)`: the record that is still open at the end of the window.
    """

    first: Offsets
    last: Offsets
    width: Offsets
    plain: Flags
    suspects: Offsets

    def record_at(self, line: int) -> int:
        """The record that starts with `line`."""
        if len(self.suspects) * _ONE_IN < len(self.last):
            return int(self.last.searchsorted(line))
        return bisect_left(self._last, line)

    def next_suspect(self, record: int) -> int:
        """The first suspect from `record` on, or the number of records if there is none."""
        index = bisect_left(self._suspects, record)
        return self._suspects[index] if index < len(self._suspects) else len(self.last)

    # where faults are many, single numbers are looked up faster in lists

    @cached_property
    def _last(self) -> list[int]:
        return list(self.last.tolist())

    @cached_property
    def _suspects(self) -> list[int]:
        return list(self.suspects.tolist())


class Extract(msgspec.Struct, frozen=True, dict=True):
    """Some records of a window, one behind the other, each beginning outside quotes.

    `stops` is where the last line end of each stands in `data`.
    """

    data: Bytes
    stops: Offsets
    dialect: Dialect

    @cached_property
    def quotes(self) -> Offsets:
        return np.flatnonzero(self.data == _QUOTE)

    @cached_property
    def odd(self) -> Flags:
        """Which records hold an odd number of quotes."""
        odd: Flags = np.diff(np.searchsorted(self.quotes, self.stops), prepend=0) & 1 == 1
        return odd

    @cached_property
    def width(self) -> Offsets:
        """The numbers of cells."""
        delimiters = np.flatnonzero(self.data == self.dialect.delimiter[0])
        # counted at the quotes, which are fewer as a rule: every other stretch between two of
        # them is inside
        inside = np.diff(np.searchsorted(delimiters, self.quotes), prepend=0)
        inside[::2] = 0
        inside_before = np.concatenate(([0], np.cumsum(inside)))
        outside = np.searchsorted(delimiters, self.stops)
        outside -= inside_before[np.searchsorted(self.quotes, self.stops)]
        return np.diff(outside, prepend=0) + 1

    @cached_property
    def broken(self) -> Flags:
        """Which records have a quote that opens or closes where none may."""
        opens = (np.arange(len(self.quotes)) & 1) == 0
        wrong = ~np.where(opens, self.may_open, self.may_close)
        return self._those_with(self.quotes[wrong])

    @cached_property
    def may_open(self) -> Flags:
        """Which quotes stand where a cell begins, or behind another quote."""
        before = self.data[np.maximum(self.quotes - 1, 0)]
        may: Flags = (before == self.dialect.delimiter[0]) | (before == _QUOTE)
        may |= (before == self.dialect.line_end[0]) | (self.quotes == 0)
        return may

    @cached_property
    def may_close(self) -> Flags:
        """Which quotes stand where a cell ends, or before another quote."""
        line_end, last = self.dialect.line_end, len(self.data) - 1
        after = self.data[np.minimum(self.quotes + 1, last)]
        may: Flags = (after == self.dialect.delimiter[0]) | (after == _QUOTE)
        may |= after == line_end[0]
        if line_end == LF and (after == _CR).any():
            one = self.data[np.minimum(self.quotes + 2, last)]
            two = self.data[np.minimum(self.quotes + 3, last)]
            may |= (after == _CR) & ((one == _LF) | ((one == _CR) & (two == _LF)))
        return may

    @cached_property
    def unreadable(self) -> Flags:
        """Which records the CSV parser that reads the sound ones would drop a byte of.

        It takes a CR before a delimiter or a line end for half a line end.
        """
        if self.dialect.line_end != LF:
            return np.zeros(len(self.stops), np.bool_)
        carriage_returns = np.flatnonzero(self.data == _CR)
        # behind each there is a line end, somewhere
        one, two, three = (
            self.data[np.minimum(carriage_returns + each, len(self.data) - 1)] for each in (1, 2, 3)
        )
        wrong = one == self.dialect.delimiter[0]
        wrong |= (one == _CR) & (two == _CR) & (three == _LF)
        return self._those_with(carriage_returns[wrong])

    @cached_property
    def invalid(self) -> Flags:
        """Which records are not UTF-8."""
        return self._those_with(invalid_utf8(self.data))

    def has_longer_cells(self, most: int) -> Flags:
        """Which records have a cell of more than `most` bytes, where no cell holds a quote."""
        line_end, delimiter = self.dialect.line_end[0], self.dialect.delimiter[0]
        opening, closing = self.quotes[::2], self.quotes[1::2]
        marks = np.flatnonzero(
            (self.data == delimiter) | (self.data == line_end) | (self.data == _QUOTE)
        )
        bare = marks[np.diff(marks, prepend=-1) > most + 1]
        return self._those_with(np.concatenate((bare, closing[closing - opening > most + 1])))

    def _those_with(self, places: Offsets) -> Flags:
        found = np.zeros(len(self.stops), np.bool_)
        found[np.searchsorted(self.stops, places)] = True
        return found


@dataclass
class Window:
    """Some whole lines of `text`: line i is `text[starts[i]:stops[i]]` and a line end.

    `pattern` is what a plain record matches, None where nobody knows; `plain` says which lines do.
    """

    text: bytes
    stops: Offsets
    plain: Flags
    dialect: Dialect
    width: int | None
    max_record: int
    ended: bool
    """Whether `text` ends where the input does, so that its last line needs no line end."""
    may_be_invalid: bool
    max_lines: int
    pattern: str | None = None
    _asked_from: int | None = None
    """The first line of which was asked whether it is broken."""

    def __post_init__(self) -> None:
        if self.ended and self.text and not self.text.endswith(self.dialect.line_end):
            self.stops = np.append(self.stops, len(self.text))
        self.is_cut = len(self.stops) > self.max_lines
        self.stops = stops = self.stops[: self.max_lines]
        self.starts: Offsets = np.concatenate(([0], stops[:-1] + 1)).astype(np.int64)[: len(stops)]
        self.size = int(stops[-1]) if len(stops) else 0

    @cached_property
    def plain_lines(self) -> Flags:
        """Which lines, as records by themselves, plainly are in order."""
        plain = np.zeros(len(self.stops), np.bool_)
        asked = self.plain[: len(plain)]
        plain[: len(asked)] = asked
        if plain.any():
            self._drop_long_cells(plain, self.starts, self.stops)
        return plain

    def _drop_long_cells(self, plain: Flags, starts: Offsets, stops: Offsets) -> None:
        """Those of the records from `starts` to `stops` that have long cells are not `plain`."""
        assert self.width is not None
        sizes = stops - starts
        plain &= sizes < self.max_record
        large = np.flatnonzero(plain & (sizes >= LONGEST_CELL + self.width))
        if len(large):
            places = starts[large], stops[large]
            longer = have_longer_cells(self.text, *places, self.dialect.delimiter, LONGEST_CELL)
            if longer is None:
                longer = self._extracted(*places).has_longer_cells(LONGEST_CELL)
            plain[large] = ~longer

    def extract(self, first: Offsets, last: Offsets) -> Extract:
        """The records that the lines `first` to `last` hold, which ascend."""
        return self._extracted(self.starts[first], self.stops[last])

    def _extracted(self, starts: Offsets, stops: Offsets) -> Extract:
        data = np.frombuffer(self.joined(starts, stops), np.uint8)
        return Extract(data, np.cumsum(stops - starts + 1) - 1, self.dialect)

    def joined(self, starts: Offsets, stops: Offsets) -> bytes:
        """The bytes of the records from `starts` to `stops`, each with its line end."""
        if not len(starts):
            return b""
        gaps = np.flatnonzero(starts[1:] != stops[:-1] + 1)
        if len(gaps) > _FEW:
            line_end = self.dialect.line_end
            lines = copied(self.text, starts, stops, line_end, line_end)
            if lines is not None:
                return lines.tobytes()
        runs = zip(
            starts[np.concatenate(([0], gaps + 1))].tolist(),
            stops[np.concatenate((gaps, [len(stops) - 1]))].tolist(),
            strict=True,
        )
        pieces = [self.text[start : stop + 1] for start, stop in runs]
        if stops[-1] == len(self.text):
            pieces.append(self.dialect.line_end)
        return b"".join(pieces)

    @cached_property
    def endings(self) -> Offsets:
        """How each line ends (`Dialect.ending`)."""
        endings = np.zeros(len(self.stops), np.int64)
        if self.dialect.line_end == LF and b"\r" in self.text:
            all_bytes = np.frombuffer(self.text, np.uint8)
            one = (self.stops > self.starts) & (all_bytes[self.stops - 1] == _CR)
            two = one & (self.stops > self.starts + 1) & (all_bytes[self.stops - 2] == _CR)
            endings += one
            endings += two
        if self.size == len(self.text) and len(endings):
            endings[-1] = NO_LINE_END
        return endings

    @cached_property
    def ends(self) -> Offsets:
        """The ends of the lines' content."""
        return self.stops - np.maximum(self.endings, 0)

    @cached_property
    def _odd(self) -> Flags:
        """Which lines hold an odd number of quotes."""
        odd = np.zeros(len(self.stops), np.bool_)
        others = np.flatnonzero(~self.plain_lines)
        found = have_odd_quotes(self.text, self.starts[others], self.stops[others])
        odd[others] = self.extract(others, others).odd if found is None else found
        return odd

    @cached_property
    def _parities(self) -> Offsets:
        """The parity behind each line."""
        return np.cumsum(self._odd) & 1

    def parity_at(self, line: int) -> int:
        """Whether the number of quotes before `line` is odd."""
        return int(self._parities[line - 1]) if line else 0

    @cached_property
    def broken_lines(self) -> Offsets:
        """Which lines, where they start outside quotes, are broken records: STRAY, UNCLOSED, or 0.

        Nothing is said of the first ones, if the first that is asked for comes later.
        It is the first quote that breaks them, as far as that shows without the exact path: within
        a cell that it did not open; or as the only one, opening a cell that the next line's first
        quote does not close, where that line is no evidence, with an odd number of them.
        """
        broken = np.zeros(len(self.stops), np.int64)
        sizes = self.stops - self.starts
        fits = (sizes < min(self.max_record // 2, LONGEST) - 1) & (self.endings <= 1)
        if self.text.endswith(b"\r"):
            fits[-1:] = False
        fits[: self._asked_from] = False
        others = np.flatnonzero(~self.plain_lines & fits)
        records = self.extract(others, others)
        end = np.searchsorted(records.quotes, records.stops)
        count = np.diff(end, prepend=0)
        some = (count > 0) & ~records.invalid if self.may_be_invalid else count > 0
        others, count, first = others[some], count[some], (end - count)[some]
        opens = records.may_open[first]
        broken[others[~opens]] = STRAY
        shows = ~records.may_close[first] & (count & 1 == 1)
        unclosed = (opens & (count == 1))[:-1] & shows[1:] & (np.diff(others) == 1)
        broken[others[:-1][unclosed]] = UNCLOSED
        return broken

    def broken_until(self, line: int) -> int:
        """The first line from `line` on, which ascends, that is not among `broken_lines`."""
        if self._asked_from is None:
            self._asked_from = line
        first, end = self._broken_runs
        run = bisect_right(first, line) - 1
        return end[run] if run >= 0 and line < end[run] else line

    @cached_property
    def _broken_runs(self) -> tuple[list[int], list[int]]:
        """Where there are broken lines, one behind the other: the first ones, and those behind."""
        edges = np.flatnonzero(np.diff(self.broken_lines != 0, prepend=False, append=False))
        return edges[::2].tolist(), edges[1::2].tolist()

    @cached_property
    def even(self) -> Reading:
        return self._read(0)

    @cached_property
    def odd(self) -> Reading:
        return self._read(1)

    def _read(self, parity: int) -> Reading:
        last = np.flatnonzero(self._parities == parity)
        first = np.concatenate(([0], last[:-1] + 1)).astype(np.int64)[: len(last)]
        spans = last > first
        plain = self.plain_lines[last] & ~spans
        suspect = np.arange(len(last)) < parity  # what ends inside out has begun before the window
        if spans.any():
            # a plain line inside a record may be evidence of a fault: that is not for here
            before = np.concatenate(([0], np.cumsum(self.plain_lines)))
            suspect |= spans & (before[last + 1] > before[first])
            plain |= self._plain_spans(first, last, spans & ~suspect)
        width = np.full(len(last), self.width or 0)
        rest = np.flatnonzero(~(plain | suspect))
        records = self.extract(first[rest], last[rest])
        width[rest] = records.width
        suspect[rest] = self.ends[last[rest]] - self.starts[first[rest]] >= self.max_record
        suspect[rest] |= records.broken | records.unreadable
        if self.text.endswith(b"\r") and self.dialect.line_end == LF:
            suspect[len(last) - 1 :] = True
        if self.may_be_invalid:
            suspect[rest] |= records.invalid
        if self.width is not None:
            suspect |= spans & (width != self.width)
        open_at_end = len(self.stops) > 0 and (not len(last) or last[-1] < len(self.stops) - 1)
        return Reading(first, last, width, plain, np.flatnonzero(np.append(suspect, open_at_end)))

    def _plain_spans(self, first: Offsets, last: Offsets, asked: Flags) -> Flags:
        """Which of the records that are `asked`, which span lines, plainly are in order."""
        plain = np.zeros(len(first), np.bool_)
        some = np.flatnonzero(asked)
        if self.pattern is None or not len(some):
            return plain
        if INNER_END.encode() in self.text:
            return plain
        line_end, lossy = self.dialect.line_end, self.may_be_invalid
        starts, stops = self.starts[first[some]], self.stops[last[some]]
        lines = copied(self.text, starts, stops, line_end, INNER_END.encode())
        if lines is None:
            lines = self._on_one_line(first[some], last[some])
        flags = matching(lines, line_end, self.pattern, lossy=lossy)
        if flags is not None and len(flags) == len(some):
            plain[some] = flags
        self._drop_long_cells(plain, self.starts[first], self.stops[last])
        some = np.flatnonzero(plain)
        plain[np.searchsorted(last, self.rows_inside(first[some], last[some]))] = False
        return plain

    def _on_one_line(self, first: Offsets, last: Offsets) -> Bytes:
        """The records, each on one line, where nothing was compiled."""
        found = self.extract(first, last)
        data = found.data.copy()
        inner = data == self.dialect.line_end[0]
        inner[found.stops] = False
        data[inner] = ord(INNER_END)
        return data

    def rows_inside(self, first: Offsets, last: Offsets) -> Offsets:
        """The lines of sound records, behind the first of each, that are whole rows themselves."""
        if self.width is None or self.width < 3:
            return np.zeros(0, np.int64)
        sizes = last - first
        behind = np.repeat(first + 1 - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
        behind = behind[~self._odd[behind]]
        alone = self.extract(behind, behind)
        whole = (alone.width == self.width) & ~alone.broken
        whole &= self.ends[behind] - self.starts[behind] < self.max_record
        rows: Offsets = behind[whole]
        return rows
