"""Which keys occurred before, and in which row first, in sixteen bytes a key.

A key is a 96-bit hash: 64 bits to sort by and 32 more beside the row's number, which has the
other 32. (Two among a hundred million different keys share one with a chance of about one in
ten million million.) Sorted runs double in size as they are merged, so that adding all keys costs
n log n; the keys are dealt out to shelves by their first bits, so that a merge needs a fraction
of the memory at a time.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

_SHELVES = 8
_SHELF_SHIFT = np.uint64(64 - 3)
_ROW_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFF_FFFF)


@dataclass(slots=True)
class FirstRows:
    """The first row of every key so far."""

    _shelves: list[list[tuple[Hashes, Hashes]]] = field(
        default_factory=lambda: [[] for _ in range(_SHELVES)]
    )

    @property
    def nbytes(self) -> int:
        """The bytes that the keys take."""
        return sum(each.nbytes for shelf in self._shelves for run in shelf for each in run)

    def add(
        self, keys: Hashes, checks: Hashes, rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """The first row of each key, 0 for a key that is new; `rows` ascends and goes on."""
        order = np.argsort(keys)
        if (keys[order[1:]] == keys[order[:-1]]).any():  # of equal keys the first row goes first
            order = np.argsort(keys, kind="stable")
        keys, checks = keys[order], checks[order]
        values = (checks << _ROW_BITS) | rows[order].astype(np.uint64)
        first = np.zeros(len(keys), np.int64)
        bounds = np.searchsorted(keys >> _SHELF_SHIFT, np.arange(_SHELVES + 1))
        for shelf, (start, end) in zip(self._shelves, pairwise(bounds), strict=True):
            if start < end:
                first[start:end] = _add(shelf, keys[start:end], values[start:end])
        result = np.empty_like(first)
        result[order] = first
        return result


def _add(shelf: list[tuple[Hashes, Hashes]], keys: Hashes, values: Hashes) -> npt.NDArray[np.int64]:
    again = np.concatenate(
        ([False], (keys[1:] == keys[:-1]) & (values[1:] >> _ROW_BITS == values[:-1] >> _ROW_BITS))
    )
    leader = np.maximum.accumulate(np.where(again, 0, np.arange(len(keys))))
    first = np.where(again, values[leader] & _LOW, 0).astype(np.int64)
    for run_keys, run_values in shelf:
        at = np.searchsorted(run_keys, keys)
        at[at == len(run_keys)] = 0
        found = (run_keys[at] == keys) & (run_values[at] >> _ROW_BITS == values >> _ROW_BITS)
        first[found] = (run_values[at[found]] & _LOW).astype(np.int64)
    new = first == 0
    if new.any():
        shelf.append((keys[new], values[new]))
        while len(shelf) > 1 and len(shelf[-2][0]) <= 2 * len(shelf[-1][0]):
            right, left = shelf.pop(), shelf.pop()
            shelf.append(_merge(left, right))
    return first


def _merge(left: tuple[Hashes, Hashes], right: tuple[Hashes, Hashes]) -> tuple[Hashes, Hashes]:
    at = np.searchsorted(left[0], right[0]) + np.arange(len(right[0]))
    from_left = np.ones(len(left[0]) + len(right[0]), np.bool_)
    from_left[at] = False
    merged = []
    for mine, theirs in zip(left, right, strict=True):
        both = np.empty(len(from_left), np.uint64)
        both[from_left] = mine
        both[at] = theirs
        merged.append(both)
    return merged[0], merged[1]
