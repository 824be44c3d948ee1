"""Which lines of a text match an expression, what these begin with, and how long their cells are.

`automaton.c` says so where it was compiled and knows the expression; elsewhere polars' engine does,
some four times as slowly.
"""

import ctypes
import threading
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from csvimport.compiled import library
from csvimport.lines import INNER_END, Flags, Offsets, ends_of, split, unknown

#: Few large ones, since with each polars' engine starts from nothing.
_PARTS = 2


def _compiled() -> ctypes.CDLL | None:
    found = library()
    if not found:
        return None
    text, array = ctypes.c_char_p, ctypes.c_void_p
    size, byte = ctypes.c_int64, ctypes.c_uint8
    found.automaton_new.argtypes = [text, byte]
    found.automaton_new.restype = array
    found.automaton_free.argtypes = [array]
    found.automaton_count.argtypes = [text, size, byte]
    found.automaton_count.restype = size
    found.automaton_match.argtypes = [array, text, size, array, array]
    found.cells_first.argtypes = [text, array, array, size, byte, array]
    found.cells_first.restype = size
    found.cells_longer.argtypes = [text, array, array, size, byte, size, array]
    return found


_CODE = _compiled()


@dataclass(slots=True)
class _Automaton:
    """The automaton for lines that `line_end` ends; none where it does not know `pattern`."""

    pattern: str
    line_end: bytes
    _handle: int | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if _CODE:
            self._handle = _CODE.automaton_new(self.pattern.encode(), self.line_end[0])

    def __bool__(self) -> bool:
        return self._handle is not None

    def __del__(self) -> None:
        if _CODE and self._handle:
            _CODE.automaton_free(self._handle)

    def lines(self, text: bytes) -> tuple[Offsets, Flags]:
        """Where each of these whole lines ends, and whether it matches."""
        assert _CODE
        count = _CODE.automaton_count(text, len(text), self.line_end[0])
        stops, flags = np.empty(count, np.int64), np.empty(count, np.bool_)
        if count:
            _CODE.automaton_match(
                self._handle, text, len(text), stops.ctypes.data, flags.ctypes.data
            )
        return stops, flags


#: One is for one thread at a time.
_of_this_thread = threading.local()


def _automaton(pattern: str, line_end: bytes) -> _Automaton:
    last: _Automaton | None = getattr(_of_this_thread, "last", None)
    if last is None or (last.pattern, last.line_end) != (pattern, line_end):
        last = _of_this_thread.last = _Automaton(pattern, line_end)
    return last


def ended_lines(
    text: bytes, line_end: bytes, pattern: str | None, before: str | None, *, lossy: bool
) -> tuple[Offsets, Flags, pl.Series]:
    """Where lines end in `text`, which of them match `pattern`, and what stands `before` that.

    The latter two as far as that can be asked, and is. What matches holds no quote within quotes.
    `lossy` is for text that may not be UTF-8.
    """
    whole = text[: text.rfind(line_end) + 1]
    if pattern is None or INNER_END.encode() in text:
        return _unasked(text, line_end)
    if automaton := _automaton(pattern, line_end):
        stops, flags = automaton.lines(whole)
        firsts = None if before is None else _firsts(whole, stops, flags, before)
        return stops, flags, unknown(len(stops)) if firsts is None else firsts
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
    firsts = unknown(len(stops)) if before is None else beginnings(lines, before)
    return stops, _match(lines, pattern), firsts


def _unasked(text: bytes, line_end: bytes) -> tuple[Offsets, Flags, pl.Series]:
    stops = ends_of(text, line_end)
    return stops, np.zeros(len(stops), np.bool_), unknown(len(stops))


def _firsts(text: bytes, stops: Offsets, flags: Flags, before: str) -> pl.Series | None:
    """What stands before the first `before` in each line that matches, in quotes or not."""
    assert _CODE
    if not flags.any():
        return None
    found = np.empty(len(text), np.uint8)
    size = _CODE.cells_first(
        text,
        stops.ctypes.data,
        flags.ctypes.data,
        len(stops),
        ord(before),
        found.ctypes.data,
    )
    lines = split(found[:size].tobytes(), b"\n", lossy=False)
    return lines if lines is not None and len(lines) == len(stops) else None


def have_longer_cells(
    text: bytes, starts: Offsets, stops: Offsets, delimiter: bytes, most: int
) -> Flags | None:
    """Which records from `starts` to `stops` have a cell of more than `most` bytes.

    No cell holds a quote. None where nothing was compiled.
    """
    if not _CODE:
        return None
    starts, stops = map(np.ascontiguousarray, (starts, stops))
    longer = np.empty(len(starts), np.bool_)
    places = (starts.ctypes.data, stops.ctypes.data, len(starts))
    _CODE.cells_longer(text, *places, delimiter[0], most, longer.ctypes.data)
    return longer


def beginnings(lines: pl.Series, before: str) -> pl.Series:
    """What stands in each line before the first `before`: unknown without one, or in quotes."""
    line = pl.col(lines.name)
    size = line.str.find(before, literal=True)  # in bytes
    is_known = size.is_not_null() & ~line.str.starts_with('"')
    first = pl.when(is_known).then(line.cast(pl.Binary).bin.head(size))
    return lines.to_frame().select(first.cast(pl.String)).to_series()


def matching(text: bytes, line_end: bytes, pattern: str, *, lossy: bool) -> Flags | None:
    """Which of these whole lines match `pattern`, None where that cannot be said.

    Asked in several threads where there is only one that waits for it.
    """
    if automaton := _automaton(pattern, line_end):
        return automaton.lines(text)[1]
    lines = split(text, line_end, lossy=lossy)
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


def _match(lines: pl.Series, pattern: str) -> Flags:
    found: Flags = lines.str.contains(pattern).fill_null(False).to_numpy()
    return found
