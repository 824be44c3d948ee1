"""Which lines of a text match an expression, and which cells that of their column.

`automaton.c` says so where it was compiled and knows the expression; elsewhere polars' engine does,
some four times as slowly.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from csvimport.compiled import ARRAY, BYTE, SIZE, TEXT, library
from csvimport.lines import INNER_END, Bytes, Flags, Offsets, ends_of, split

#: There is none in UTF-8.
NO_BYTE = b"\xff"
#: Few large ones, since with each polars' engine starts from nothing.
_PARTS = 2

_CODE = library(
    automaton_new=(ARRAY, TEXT, BYTE),
    automaton_free=(None, ARRAY),
    automaton_count=(SIZE, ARRAY, SIZE, BYTE),
    automaton_match=(None, ARRAY, ARRAY, SIZE, ARRAY, ARRAY),
    automaton_cells=(None, ARRAY, SIZE, TEXT, ARRAY, ARRAY, SIZE, BYTE, SIZE, ARRAY),
)


def is_compiled() -> bool:
    """Whether there are automata at all."""
    return bool(_CODE)


@dataclass(slots=True)
class Automaton:
    """The automaton for lines that `line_end` ends; none where it does not know `pattern`."""

    pattern: str
    line_end: bytes
    handle: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if _CODE:
            self.handle = _CODE.automaton_new(self.pattern.encode(), self.line_end[0])

    def __bool__(self) -> bool:
        return self.handle is not None

    def __del__(self) -> None:
        if _CODE and self.handle:
            _CODE.automaton_free(self.handle)

    def lines(self, text: bytes | Bytes) -> tuple[Offsets, Flags]:
        """Where each of these whole lines ends, and whether it matches."""
        assert _CODE
        start = text if isinstance(text, bytes) else text.ctypes.data
        count = _CODE.automaton_count(start, len(text), self.line_end[0])
        stops, flags = np.empty(count, np.int64), np.empty(count, np.bool_)
        if count:
            _CODE.automaton_match(
                self.handle, start, len(text), stops.ctypes.data, flags.ctypes.data
            )
        return stops, flags


@dataclass(slots=True)
class CellAutomata:
    """Those for the cells of each column, in quotes or not; for one thread at a time."""

    patterns: Sequence[str]
    _automata: dict[str, Automaton] = field(init=False)

    def __post_init__(self) -> None:
        self._automata = {each: Automaton(f"^{each}$", NO_BYTE) for each in self.patterns}

    def matching(
        self, text: bytes, starts: Offsets, stops: Offsets, delimiter: bytes, most: int
    ) -> Flags | None:
        """Which cells match: columns by records, which are well-quoted and go from starts to stops.

        Of more than `most` bytes none does. None where that cannot be asked.
        """
        if not _CODE or not self.patterns or INNER_END.encode() in text:
            return None
        starts, stops = np.ascontiguousarray(starts), np.ascontiguousarray(stops)
        columns = np.array([self._automata[each].handle or 0 for each in self.patterns], np.uintp)
        found = np.empty((len(columns), len(starts)), np.bool_)
        places = text, starts.ctypes.data, stops.ctypes.data, len(starts)
        automata = columns.ctypes.data, len(columns)
        _CODE.automaton_cells(*automata, *places, delimiter[0], most, found.ctypes.data)
        return found


#: One is for one thread at a time.
_of_this_thread = threading.local()


def automaton_of(pattern: str, line_end: bytes) -> Automaton:
    """The one for this expression, for use in this thread."""
    last: Automaton | None = getattr(_of_this_thread, "last", None)
    if last is None or (last.pattern, last.line_end) != (pattern, line_end):
        last = _of_this_thread.last = Automaton(pattern, line_end)
    return last


def ended_lines(
    text: bytes, line_end: bytes, pattern: str | None, *, lossy: bool
) -> tuple[Offsets, Flags]:
    """Where lines end in `text`, and which of them match `pattern`, as far as that can be asked.

    `lossy` is for text that may not be UTF-8.
    """
    whole = text[: text.rfind(line_end) + 1]
    if pattern is None or INNER_END.encode() in text:
        return _unasked(text, line_end)
    if automaton := automaton_of(pattern, line_end):
        return automaton.lines(whole)
    lines = split(whole, line_end, lossy=lossy)
    if lines is None:
        return _unasked(text, line_end)
    lengths = lines.str.len_bytes().fill_null(0).to_numpy()
    stops = np.cumsum(lengths + 1, dtype=np.int64) - 1
    # CRs were left out of the lines, and what is not UTF-8 takes more bytes there
    if b"\r" in text or (len(stops) and stops[-1] != len(whole) - 1):
        stops = ends_of(text, line_end)
    if len(lines) != len(stops):
        return _unasked(text, line_end)
    found: Flags = lines.str.contains(pattern).fill_null(False).to_numpy()
    return stops, found


def _unasked(text: bytes, line_end: bytes) -> tuple[Offsets, Flags]:
    stops = ends_of(text, line_end)
    return stops, np.zeros(len(stops), np.bool_)


def matching(text: bytes | Bytes, line_end: bytes, pattern: str, *, lossy: bool) -> Flags | None:
    """Which of these whole lines match `pattern`, None where that cannot be said.

    Asked in several threads where there is only one that waits for it.
    """
    if automaton := automaton_of(pattern, line_end):
        return automaton.lines(text)[1]
    lines = split(bytes(text), line_end, lossy=lossy)
    if lines is None:
        return None
    frame, size = lines.to_frame().lazy(), len(lines) // _PARTS + 1
    holds = pl.col(lines.name).str.contains(pattern).fill_null(False)
    flags = [frame.slice(start, size).select(holds) for start in range(0, len(lines), size)]
    try:
        parts = [part.to_series().to_numpy() for part in pl.collect_all(flags)]
    except pl.exceptions.ComputeError:  # too large, which no page has shown yet
        return None
    found: Flags = np.concatenate([np.zeros(0, np.bool_), *parts])
    return found
