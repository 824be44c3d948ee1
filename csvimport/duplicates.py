"""Which keys occurred before, and in which row first, in sixteen bytes a key.

A key is a 96-bit hash: 64 bits to sort by and 32 more beside the row's number, which has the
other 32. (Two among a hundred million different keys share one with a chance of about one in
ten million million.) Sorted runs are merged as soon as there are some of one size, so that adding
all keys costs n log n; the keys are dealt out to shelves by their first bits, so that a merge needs
a fraction of the memory at a time. Nearly every key is new, and that shows at once: a table of the
first bits that occurred says so of all that it does not know, without a search.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]

_SHELVES = 16
_SHELF_SHIFT = np.uint64(64 - 4)
#: So many runs of about one size become one.
_RUNS = 8
_ROW_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFF_FFFF)
#: Of the table, whose size does not depend on the number of keys.
_TABLE_BITS = 23
_TABLE_SHIFT = np.uint64(64 - _TABLE_BITS)


@dataclass(slots=True)
class FirstRows:
    """The first row of every key so far."""

    _shelves: list[list[tuple[Hashes, Hashes]]] = field(
        default_factory=lambda: [[] for _ in range(_SHELVES)]
    )
    _table: npt.NDArray[np.bool_] = field(
        default_factory=lambda: np.zeros(1 << _TABLE_BITS, np.bool_)
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
        slots = keys >> _TABLE_SHIFT
        known = self._table[slots]
        self._table[slots] = True
        first = np.zeros(len(keys), np.int64)
        bounds = np.searchsorted(keys >> _SHELF_SHIFT, np.arange(_SHELVES + 1))
        for shelf, (start, end) in zip(self._shelves, pairwise(bounds), strict=True):
            if start < end:
                part = slice(start, end)
                first[part] = _add(shelf, keys[part], values[part], known[part])
        result = np.empty_like(first)
        result[order] = first
        return result


def _add(
    shelf: list[tuple[Hashes, Hashes]],
    keys: Hashes,
    values: Hashes,
    known: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    """Add keys to a shelf; only those that may be `known` are looked for there."""
    again = np.concatenate(
        ([False], (keys[1:] == keys[:-1]) & (values[1:] >> _ROW_BITS == values[:-1] >> _ROW_BITS))
    )
    leader = np.maximum.accumulate(np.where(again, 0, np.arange(len(keys))))
    first = np.where(again, values[leader] & _LOW, 0).astype(np.int64)
    some = np.flatnonzero(known)
    looked_for = keys[some]
    for run_keys, run_values in shelf if len(some) else ():
        at = np.searchsorted(run_keys, looked_for)
        at[at == len(run_keys)] = 0
        here = np.flatnonzero(run_keys[at] == looked_for)
        theirs, mine = run_values[at[here]], values[some[here]]
        same = theirs >> _ROW_BITS == mine >> _ROW_BITS
        first[some[here[same]]] = (theirs[same] & _LOW).astype(np.int64)
    new = first == 0
    if new.any():
        shelf.append((keys[new], values[new]))
        while len(shelf) >= _RUNS and len(shelf[-_RUNS][0]) <= _RUNS * len(shelf[-1][0]):
            shelf[-_RUNS:] = [_merged(shelf[-_RUNS:])]
    return first


def _merged(runs: list[tuple[Hashes, Hashes]]) -> tuple[Hashes, Hashes]:
    keys, values = (np.concatenate(each) for each in zip(*runs, strict=True))
    order = np.argsort(keys)
    return keys[order], values[order]
