"""Which keys occurred before, and in which row first, in sixteen bytes a key.

A key is a 96-bit hash: 64 bits to sort by and 32 more beside the row's number, which has the
other 32. (Two among a hundred million different keys share one with a chance of about one in
ten million million.) Sorted runs are merged as soon as there are some of one size, so that adding
all keys costs n log n; larger ones are dealt out to shelves by their first bits, so that a merge
needs a fraction of the memory at a time. Nearly every key is new, and that shows at once: a Bloom
filter says so of all that it does not know, without a search.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Run = tuple[Hashes, Hashes]
"""Keys, ascending, and of each the other bits and the row."""

_SHELVES = 256
_SHELF_SHIFT = np.uint64(64 - 8)
#: So many runs of about one size become one.
_RUNS = 8
_ROW_BITS = np.uint64(32)
_LOW = np.uint64(0xFFFF_FFFF)
#: The filter has so many words to a power of two, whatever the number of keys; each key has a bit
#: for every six bits of its check.
_FILTER_WORDS = 20
_FILTER_SHIFT = np.uint64(64 - _FILTER_WORDS)
_SIX_BITS = np.uint64(63)
_MORE_BITS = (np.uint64(6), np.uint64(12), np.uint64(18))
_ONE = np.uint64(1)


@dataclass(slots=True)
class FirstRows:
    """The first row of every key so far."""

    _recent: list[Run] = field(default_factory=list)
    _shelves: list[list[Run]] = field(default_factory=lambda: [[] for _ in range(_SHELVES)])
    _filter: Hashes = field(default_factory=lambda: np.zeros(1 << _FILTER_WORDS, np.uint64))

    @property
    def nbytes(self) -> int:
        """The bytes that the keys take."""
        runs = [*self._recent, *(run for shelf in self._shelves for run in shelf)]
        return sum(each.nbytes for run in runs for each in run)

    def add(
        self, keys: Hashes, checks: Hashes, rows: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """The first row of each key, 0 for a key that is new; `rows` ascends and goes on."""
        order = np.argsort(keys)
        keys = keys[order]
        _sort_equals(keys, order)  # of equal keys the first row goes first
        values = (checks[order] << _ROW_BITS) | rows[order].astype(np.uint64)
        first = _first_of_these(keys, values)
        known = np.flatnonzero(self._may_know(keys, checks[order]))
        earlier = self._earlier(keys[known], values[known])
        first[known] = np.where(earlier, earlier, first[known])
        new = first == 0
        if new.any():
            self._recent.append((keys[new], values[new]))
        if len(self._recent) >= _RUNS:
            self._deal()
        result = np.empty_like(first)
        result[order] = first
        return result

    def _may_know(self, keys: Hashes, checks: Hashes) -> npt.NDArray[np.bool_]:
        """Which keys may have occurred: all that have, and few that have not; now they have.

        All bits of a key are in one word, and the keys ascend: the filter is gone through once.
        """
        words = (keys >> _FILTER_SHIFT).astype(np.intp)
        bits = _ONE << (checks & _SIX_BITS)
        for shift in _MORE_BITS:
            bits |= _ONE << (checks >> shift & _SIX_BITS)
        before = self._filter[words]
        known: npt.NDArray[np.bool_] = before & bits == bits
        self._filter[words] = before | bits
        while len(words):  # of keys in one word, only the last one is stored at a time
            lost = self._filter[words] & bits != bits
            words, bits = words[lost], bits[lost]
            self._filter[words] |= bits
        return known

    def _earlier(self, keys: Hashes, values: Hashes) -> npt.NDArray[np.int64]:
        """The first row of each of these keys, which ascend, among those added before; or 0."""
        first = np.zeros(len(keys), np.int64)
        spans = [(0, len(keys)), *pairwise(_bounds(keys))]
        for runs, (start, end) in zip([self._recent, *self._shelves], spans, strict=True):
            for run_keys, run_values in runs if start < end else ():
                at = np.searchsorted(run_keys, keys[start:end])
                at[at == len(run_keys)] = 0
                here = np.flatnonzero(run_keys[at] == keys[start:end])
                theirs, mine = run_values[at[here]], values[start:end][here]
                same = theirs >> _ROW_BITS == mine >> _ROW_BITS
                first[start:end][here[same]] = (theirs[same] & _LOW).astype(np.int64)
        return first

    def _deal(self) -> None:
        """Put the recent keys on the shelves."""
        keys, values = _merged(self._recent)
        for shelf, (start, end) in zip(self._shelves, pairwise(_bounds(keys)), strict=True):
            if start < end:
                # copies, or all would stay as long as one of them does
                shelf.append((keys[start:end].copy(), values[start:end].copy()))
            while len(shelf) >= _RUNS and len(shelf[-_RUNS][0]) <= _RUNS * len(shelf[-1][0]):
                runs = shelf[-_RUNS:]
                del shelf[-_RUNS:]
                shelf.append(_merged(runs))


def _sort_equals(keys: Hashes, order: npt.NDArray[np.intp]) -> None:
    """Sort `order` among equal `keys`, which ascend: a stable sort of all would take far longer."""
    equal = np.concatenate(([False], keys[1:] == keys[:-1], [False]))
    some = np.flatnonzero(equal[1:] | equal[:-1])
    order[some] = order[some][np.lexsort((order[some], keys[some]))]


def _bounds(keys: Hashes) -> list[int]:
    """Where each shelf's part of `keys`, which ascend, starts; and their end."""
    bounds: list[int] = np.searchsorted(keys >> _SHELF_SHIFT, np.arange(_SHELVES + 1)).tolist()
    return bounds


def _first_of_these(keys: Hashes, values: Hashes) -> npt.NDArray[np.int64]:
    """The first row of those of `keys`, which ascend, that stand behind an equal one; else 0."""
    equal = (keys[1:] == keys[:-1]) & (values[1:] >> _ROW_BITS == values[:-1] >> _ROW_BITS)
    again = np.concatenate(([False], equal))
    leader = np.maximum.accumulate(np.where(again, 0, np.arange(len(keys))))
    first: npt.NDArray[np.int64] = np.where(again, values[leader] & _LOW, 0).astype(np.int64)
    return first


def _merged(runs: list[Run]) -> Run:
    """All of `runs` as one; they are dropped, since both at once would take twice the memory."""
    parts = [list(each) for each in zip(*runs, strict=True)]
    runs.clear()
    keys = np.concatenate(parts.pop(0))
    order = np.argsort(keys)
    keys = keys[order]
    return keys, np.concatenate(parts.pop())[order]
