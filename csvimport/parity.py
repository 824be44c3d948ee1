"""The fast path's arithmetic: which line ends and delimiters of a window stand outside quotes.

In well-quoted text a byte stands inside quotes if and only if an odd number of quotes precedes
it (an escaped quote counts twice and changes nothing). Whether the text *is* well-quoted can be
seen at the quotes alone: those that open stand behind a delimiter or a line end (or are the
second half of an escape), those that close before one (or are the first half).

A broken record can leave the count odd, and everything behind it would seem turned inside out.
So there are two readings of a window, one for each parity; each is computed at most once, and
the scanner changes over to the other where a broken record ends. That costs nothing a record.
"""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from csvimport.dialect import LF, NO_LINE_END, Dialect
from csvimport.encoding import invalid_utf8

Offsets = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

_QUOTE, _LF, _CR = b'"\n\r'


@dataclass(frozen=True)
class Reading:
    """The records of a window, if its first byte stands outside quotes (0) or inside (1).

    `first` and `last` are the records' lines, `width` their numbers of cells, `suspects` the
    records that are not known to be sound, ascending; the last may be `len(last)`: the record
    that is still open at the end of the window.
    """

    first: Offsets
    last: Offsets
    width: Offsets
    suspects: Offsets

    def record_at(self, line: int) -> int:
        """The record that starts with `line`."""
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


@dataclass
class Window:
    """Some whole lines of `text`: line i is `text[starts[i]:stops[i]]` and a line end."""

    text: bytes
    dialect: Dialect
    width: int | None
    max_record: int
    ended: bool
    """Whether `text` ends where the input does, so that its last line needs no line end."""
    may_be_invalid: bool
    max_lines: int

    def __post_init__(self) -> None:
        data = np.frombuffer(self.text, np.uint8)
        stops = np.flatnonzero(data == self.dialect.line_end[0])
        self.is_cut = len(stops) > self.max_lines
        if self.is_cut:
            stops = stops[: self.max_lines]
        elif self.ended and self.text and not self.text.endswith(self.dialect.line_end):
            stops = np.append(stops, len(self.text))
        self.stops: Offsets = stops
        self.starts: Offsets = np.concatenate(([0], stops[:-1] + 1)).astype(np.int64)[: len(stops)]
        self.size = int(stops[-1]) if len(stops) else 0
        self.data = data[: self.size]
        self.quotes: Offsets = np.flatnonzero(self.data == _QUOTE)

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
        if self.ends_without_line_end and len(endings):
            endings[-1] = NO_LINE_END
        return endings

    @property
    def ends_without_line_end(self) -> bool:
        return self.size == len(self.text)

    @cached_property
    def ends(self) -> Offsets:
        """The ends of the lines' content."""
        return self.stops - np.maximum(self.endings, 0)

    @cached_property
    def delimiters(self) -> Offsets:
        return np.flatnonzero(self.data == self.dialect.delimiter[0])

    @cached_property
    def _quotes_before_stops(self) -> Offsets:
        return np.searchsorted(self.quotes, self.stops)

    @cached_property
    def _delimiters_before_stops(self) -> Offsets:
        return np.searchsorted(self.delimiters, self.stops)

    @cached_property
    def _delimiters_between_quotes(self) -> Offsets:
        """How many stand before each quote, behind the one before it."""
        return np.diff(np.searchsorted(self.delimiters, self.quotes), prepend=0)

    def parity_at(self, line: int) -> int:
        """Whether the number of quotes before `line` is odd."""
        return self._parities[line - 1] if line and len(self.quotes) else 0

    @cached_property
    def _parities(self) -> list[int]:
        return list((self._quotes_before_stops & 1).tolist())

    @cached_property
    def even(self) -> Reading:
        return self._read(0)

    @cached_property
    def odd(self) -> Reading:
        return self._read(1)

    @cached_property
    def _may_open(self) -> Flags:
        before = self.data[np.maximum(self.quotes - 1, 0)]
        may: Flags = (before == self.dialect.delimiter[0]) | (before == _QUOTE)
        may |= (before == self.dialect.line_end[0]) | (self.quotes == 0)
        return may

    @cached_property
    def _may_close(self) -> Flags:
        line_end = self.dialect.line_end
        text = np.frombuffer(self.text, np.uint8)
        last = len(text) - 1
        after = text[np.minimum(self.quotes + 1, last)]
        may: Flags = (after == self.dialect.delimiter[0]) | (after == _QUOTE)
        may |= (after == line_end[0]) | (self.quotes == last)
        if line_end == LF and (after == _CR).any():
            one = text[np.minimum(self.quotes + 2, last)]
            two = text[np.minimum(self.quotes + 3, last)]
            may |= (after == _CR) & ((one == _LF) | ((one == _CR) & (two == _LF)))
        return may

    def broken_quotes(self, parity: int) -> Offsets:
        """The quotes that, in the reading of `parity`, open or close where none may."""
        opens = (np.arange(len(self.quotes)) & 1) == parity
        return self.quotes[~np.where(opens, self._may_open, self._may_close)]

    def outside_delimiters(self, parity: int) -> Offsets:
        """How many stand outside quotes before each stop that itself does, in this reading."""
        # counted at the quotes, which are fewer as a rule: every other stretch between two of
        # them is inside
        inside = self._delimiters_between_quotes.copy()
        inside[parity::2] = 0
        inside_before = np.concatenate(([0], np.cumsum(inside)))
        return self._delimiters_before_stops - inside_before[self._quotes_before_stops]

    def _read(self, parity: int) -> Reading:
        if len(self.quotes):
            last = np.flatnonzero((self._quotes_before_stops & 1) == parity)
        else:
            last = np.arange(len(self.stops))
        first = np.concatenate(([0], last[:-1] + 1)).astype(np.int64)[: len(last)]
        stops = self.stops[last]
        width = np.diff(self.outside_delimiters(parity)[last], prepend=0) + 1
        suspect = (self.ends[last] - self.starts[first]) >= self.max_record
        if self.width is not None:
            suspect |= (last > first) & (width != self.width)
        places = [self.broken_quotes(parity), self._unreadable()]
        if self.may_be_invalid:
            places.append(invalid_utf8(self.data))
        open_at_end = len(self.stops) > 0 and (not len(last) or last[-1] < len(self.stops) - 1)
        suspect = np.append(suspect, open_at_end)
        for each in places:
            suspect[np.searchsorted(stops, each)] = True
        return Reading(first, last, width, np.flatnonzero(suspect))

    def _unreadable(self) -> Offsets:
        """Where the CSV parser that reads the sound records would drop a byte.

        It takes a CR before a delimiter, a line end or the end of the input for half a line end.
        """
        places: list[Offsets] = []
        if self.dialect.line_end == LF and b"\r" in self.text:
            carriage_returns = np.flatnonzero(self.data[:-1] == _CR)
            behind = self.data[carriage_returns + 1]
            places.append(carriage_returns[behind == self.dialect.delimiter[0]])
            full = self.ends[self.ends > self.starts] - 1
            places.append(full[self.data[full] == _CR])
        return np.concatenate(places) if places else np.zeros(0, np.int64)

    def stands_alone(self) -> Flags:
        """Which lines are, each by itself, a well-quoted record of the header's width."""
        alone = np.zeros(len(self.stops), np.bool_)
        odd_before = np.concatenate(([0], self._quotes_before_stops[:-1])) & 1
        balanced = (np.diff(self._quotes_before_stops, prepend=0) & 1) == 0
        for parity in (0, 1):
            width = np.diff(self.outside_delimiters(parity), prepend=0) + 1
            sound = width == self.width
            sound[np.searchsorted(self.stops, self.broken_quotes(parity))] = False
            alone |= sound & (odd_before == parity)
        alone &= balanced & (self.ends - self.starts < self.max_record)
        return alone
