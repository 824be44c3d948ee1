"""What is asked of the cells of many records at once: by `cells.c`, where it was compiled.

Records go from `starts` to `stops` in a text. Where nothing was compiled, nothing is said.
"""

from collections.abc import Sequence

import numpy as np

from csvimport.automaton import NO_BYTE, automaton_of, is_compiled
from csvimport.compiled import ARRAY, BYTE, SIZE, TEXT, library
from csvimport.lines import Bytes, Flags, Offsets

_RECORDS = TEXT, ARRAY, ARRAY, SIZE
_CODE = library(
    cells_spans=(None, *_RECORDS, BYTE, ARRAY, SIZE, ARRAY, ARRAY),
    cells_longer=(None, *_RECORDS, BYTE, SIZE, ARRAY),
    cells_odd_quotes=(None, *_RECORDS, ARRAY),
    cells_copied=(None, *_RECORDS, BYTE, BYTE, ARRAY),
    cells_behind=(SIZE, TEXT, SIZE, *_RECORDS, BYTE, ARRAY, ARRAY, ARRAY),
)


def spans(
    text: bytes, starts: Offsets, stops: Offsets, delimiter: bytes, positions: Sequence[int]
) -> list[tuple[Offsets, Offsets]] | None:
    """From where to where each cell at `positions`, which ascend, stands in well-quoted records.

    Without its quotes.
    """
    if not _CODE:
        return None
    starts, stops = _arrays(starts, stops)
    places = (starts.ctypes.data, stops.ctypes.data, len(starts))
    columns = np.array(positions, np.int64)
    found = np.empty((2, len(columns), len(starts)), np.int64)
    ends = (each.ctypes.data for each in found)
    _CODE.cells_spans(text, *places, delimiter[0], columns.ctypes.data, len(columns), *ends)
    return list(zip(*found, strict=True))


def have_longer_cells(
    text: bytes, starts: Offsets, stops: Offsets, delimiter: bytes, most: int
) -> Flags | None:
    """Which records have a cell of more than `most` bytes; no cell holds a quote."""
    if not _CODE:
        return None
    starts, stops = _arrays(starts, stops)
    longer = np.empty(len(starts), np.bool_)
    places = (starts.ctypes.data, stops.ctypes.data, len(starts))
    _CODE.cells_longer(text, *places, delimiter[0], most, longer.ctypes.data)
    return longer


def have_odd_quotes(text: bytes, starts: Offsets, stops: Offsets) -> Flags | None:
    """Which records hold an odd number of quotes."""
    if not _CODE:
        return None
    starts, stops = _arrays(starts, stops)
    odd = np.empty(len(starts), np.bool_)
    places = (starts.ctypes.data, stops.ctypes.data, len(starts))
    _CODE.cells_odd_quotes(text, *places, odd.ctypes.data)
    return odd


def copied(
    text: bytes, starts: Offsets, stops: Offsets, line_end: bytes, inner_end: bytes
) -> Bytes | None:
    """The records, each with a line end behind it, and `inner_end` in place of those inside."""
    if not _CODE:
        return None
    starts, stops = _arrays(starts, stops)
    lines = np.empty(int((stops - starts).sum()) + len(starts), np.uint8)
    places = (starts.ctypes.data, stops.ctypes.data, len(starts))
    _CODE.cells_copied(text, *places, line_end[0], inner_end[0], lines.ctypes.data)
    return lines


def are_copied() -> bool:
    """Whether `behind` can do that."""
    return bool(_CODE) and is_compiled()


def behind(
    told: bytes,
    text: bytes,
    starts: Offsets,
    stops: Offsets,
    *,
    delimiter: bytes,
    width: int,
    harmless: str | None,
) -> tuple[memoryview, int] | None:
    """Each line of `told`, and behind it the cells of a record, as a CSV's that ends in CRLF.

    So many of them are guarded by a `'`: those that do not match the expression `harmless`, if
    there is one; it matches all that start with an ASCII letter or digit. The records are
    well-quoted, of `width` cells each, and there is one for each line.
    """
    automaton = harmless and automaton_of(harmless, NO_BYTE)
    if not _CODE or (harmless and not automaton):
        return None
    starts, stops = _arrays(starts, stops)
    room = len(told) + int((stops - starts).sum()) + (3 * width + 2) * len(starts)
    lines, guarded = np.empty(room, np.uint8), np.zeros(1, np.int64)
    places = (starts.ctypes.data, stops.ctypes.data, len(starts))
    size = _CODE.cells_behind(
        told,
        len(told),
        text,
        *places,
        delimiter[0],
        automaton.handle if automaton else None,
        lines.ctypes.data,
        guarded.ctypes.data,
    )
    return lines[:size].data, int(guarded[0])


def _arrays(starts: Offsets, stops: Offsets) -> tuple[Offsets, Offsets]:
    return np.ascontiguousarray(starts, np.int64), np.ascontiguousarray(stops, np.int64)
