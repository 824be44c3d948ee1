"""Which keys occurred before, and in which row first, in fourteen bytes a key.

A key is an 80-bit hash: 64 bits to sort by and 16 more; the row's number has 32. (Two among a
hundred million different keys share one with a chance of about one in two hundred million.) Sorted
runs are merged as soon as there are some of one size, so that adding all keys costs n log n; larger
ones are dealt out to shelves by their first bits, so that a merge needs a fraction of the memory at
a time. Nearly every key is new, and that shows at once: a Bloom filter says so of all that it does
not know, without a search.
"""

from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from csvimport.compiled import ARRAY, SIZE, library
from csvimport.hashes import Hashes
from csvimport.lines import Flags, Offsets

Run = tuple[Hashes, npt.NDArray[np.uint16], npt.NDArray[np.uint32]]
"""Keys, ascending, and of each the other bits, and the row."""

_SHELVES = 256
_SHELF_SHIFT = np.uint64(64 - 8)
#: So many runs of about one size become one; those of the last keys if they are twice as many, or
#: have so many keys.
_RUNS = 8
_MANY = 1 << 20
_ROW_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFF_FFFF)
_CHECK_BITS = np.uint64(0xFFFF)
#: The filter has so many words to a power of two, whatever the number of keys; each key has a bit
#: for every six of its last bits.
_FILTER_WORDS = 20
_FILTER_SHIFT = np.uint64(64 - _FILTER_WORDS)
_SIX_BITS = np.uint64(63)
_MORE_BITS = (np.uint64(6), np.uint64(12), np.uint64(18))
_ONE = np.uint64(1)

_CODE = library(
    duplicates_sort=(None, ARRAY, ARRAY, ARRAY, ARRAY, SIZE),
    duplicates_known=(None, ARRAY, SIZE, ARRAY, SIZE, ARRAY),
)


class FirstRows(msgspec.Struct):
    """The first row of every key so far."""

    _recent: list[Run] = msgspec.field(default_factory=list)
    _shelves: list[list[Run]] = msgspec.field(default_factory=lambda: [[] for _ in range(_SHELVES)])
    _filter: Hashes = msgspec.field(default_factory=lambda: np.zeros(1 << _FILTER_WORDS, np.uint64))

    @property
    def nbytes(self) -> int:
        """The bytes that the keys take."""
        runs = [*self._recent, *(run for shelf in self._shelves for run in shelf)]
        return sum(each.nbytes for run in runs for each in run)

    def add(self, keys: Hashes, checks: Hashes, rows: Offsets) -> tuple[Offsets, Offsets]:
        """The rows whose keys are not new, ascending, and the first row of each.

        `rows` may come in any order, but all of them are larger than those before.
        """
        keys, values = _sorted(
            keys.copy(), (checks & _CHECK_BITS) << _ROW_BITS | rows.astype(np.uint64)
        )
        first = _first_of_these(keys, values)
        known = np.flatnonzero(self._may_know(keys))
        earlier = self._earlier(keys[known], values[known])
        first[known] = np.where(earlier, earlier, first[known])
        again = np.flatnonzero(first)
        if len(again) < len(keys):
            new = first == 0
            self._recent.append(_run(keys[new], values[new]))
        if len(self._recent) >= 2 * _RUNS or sum(len(run[0]) for run in self._recent) >= _MANY:
            self._deal()
        rows = (values[again] & _LOW).astype(np.int64)
        order = np.argsort(rows)
        return rows[order], first[again][order]

    def _may_know(self, keys: Hashes) -> Flags:
        """Which keys may have occurred: all that have, and few that have not; now they have.

        All bits of a key are in one word, and the keys ascend: the filter is gone through once.
        """
        if _CODE:
            known: Flags = np.empty(len(keys), np.bool_)
            arrays = (keys.ctypes.data, len(keys), known.ctypes.data)
            _CODE.duplicates_known(self._filter.ctypes.data, _FILTER_WORDS, *arrays)
            return known
        words = (keys >> _FILTER_SHIFT).astype(np.intp)
        bits = _ONE << (keys & _SIX_BITS)
        for shift in _MORE_BITS:
            bits |= _ONE << (keys >> shift & _SIX_BITS)
        before = self._filter[words]
        np.bitwise_or.at(self._filter, words, bits)
        found: Flags = before & bits == bits
        return found

    def _earlier(self, keys: Hashes, values: Hashes) -> Offsets:
        """The first row of each of these keys, which ascend, among those added before; or 0."""
        first = np.zeros(len(keys), np.int64)
        shelves = (keys >> _SHELF_SHIFT).astype(np.intp)
        starts = np.flatnonzero(np.diff(shelves, prepend=-1))
        spans = pairwise([*starts.tolist(), len(keys)])
        asked = [(self._shelves[shelves[start]], start, end) for start, end in spans]
        for runs, start, end in [(self._recent, 0, len(keys)), *asked]:
            for run_keys, run_checks, run_rows in runs:
                at = np.searchsorted(run_keys, keys[start:end])
                at[at == len(run_keys)] = 0
                here = np.flatnonzero(run_keys[at] == keys[start:end])
                if not len(here):
                    continue
                at = at[here]
                same = run_checks[at] == values[start:end][here] >> _ROW_BITS
                first[start:end][here[same]] = run_rows[at[same]]
        return first

    def _deal(self) -> None:
        """Put the recent keys on the shelves."""
        keys, values = _merged(self._recent)
        for shelf, (start, end) in zip(self._shelves, pairwise(_bounds(keys)), strict=True):
            if start < end:
                # a copy, or all would stay as long as one of them does
                shelf.append(_run(keys[start:end].copy(), values[start:end]))
            while len(shelf) >= _RUNS and len(shelf[-_RUNS][0]) <= _RUNS * len(shelf[-1][0]):
                runs = shelf[-_RUNS:]
                del shelf[-_RUNS:]
                shelf.append(_run(*_merged(runs)))


def _sorted(keys: Hashes, values: Hashes) -> tuple[Hashes, Hashes]:
    """Both by key, equal ones by value, in the same arrays or others."""
    if not _CODE:
        order = np.lexsort((values, keys))
        return keys[order], values[order]
    spare = np.empty((2, len(keys)), np.uint64)
    arrays = (each.ctypes.data for each in (keys, values, *spare))
    _CODE.duplicates_sort(*arrays, len(keys))
    return keys, values


def _bounds(keys: Hashes) -> list[int]:
    """Where each shelf's part of `keys`, which ascend, starts; and their end."""
    bounds: list[int] = np.searchsorted(keys >> _SHELF_SHIFT, np.arange(_SHELVES + 1)).tolist()
    return bounds


def _first_of_these(keys: Hashes, values: Hashes) -> Offsets:
    """The first row of those of `keys`, which ascend, that stand behind an equal one; else 0."""
    first: Offsets = np.zeros(len(keys), np.int64)
    again = np.flatnonzero(keys[1:] == keys[:-1]) + 1
    again = again[values[again] >> _ROW_BITS == values[again - 1] >> _ROW_BITS]
    if len(again):
        leads = np.diff(again, prepend=-1) > 1  # the first of several behind an equal one
        leader = np.maximum.accumulate(np.where(leads, again, 0)) - 1
        first[again] = values[leader] & _LOW
    return first


def _run(keys: Hashes, values: Hashes) -> Run:
    return keys, (values >> _ROW_BITS).astype(np.uint16), values.astype(np.uint32)


def _merged(runs: list[Run]) -> tuple[Hashes, Hashes]:
    """All of `runs`, and drop them, since both at once would take twice the memory."""
    keys, checks, rows = (list(each) for each in zip(*runs, strict=True))
    runs.clear()
    values = np.concatenate(checks).astype(np.uint64) << _ROW_BITS
    checks.clear()
    values |= np.concatenate(rows)
    rows.clear()
    return _sorted(np.concatenate(keys), values)
