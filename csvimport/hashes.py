"""What the cells of a column are compared by: hashes; and which of them are blank.

`hashes.c` says so of cells where they stand; where nothing was compiled, polars does of texts.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from csvimport import cells
from csvimport.compiled import ARRAY, FLAG, SIZE, TEXT, library
from csvimport.lines import Flags, Offsets

Hashes = npt.NDArray[np.uint64]
Keys = tuple[Hashes, Hashes]
"""Two hashes of each of some things."""

_CELLS = TEXT, ARRAY, ARRAY, SIZE
_CODE = library(
    hashes_blank=(None, *_CELLS, ARRAY),
    hashes_of=(None, *_CELLS, SIZE, FLAG, ARRAY, ARRAY, ARRAY),
)


class Texts(msgspec.Struct, frozen=True):
    """The cells of a column as texts."""

    cells: pl.Series

    def blank(self) -> Flags:
        """Which of them are empty or white space alone."""
        return (self.cells.str.strip_chars() == "").to_numpy()

    def hashes(self, seed: int = 0, *, folded: bool = False) -> Keys:
        """Hashes of each, for which white space around it and case are none where `folded`."""
        compared = self.folded() if folded else self.cells
        key, check = (compared.hash(2 * seed + each).to_numpy() for each in range(2))
        return key, check

    def folded(self) -> pl.Series:
        """Without the white space around them, in small letters."""
        folded = pl.first().str.strip_chars().str.to_lowercase()
        return self.cells.to_frame().select(folded).to_series()


class Spans(msgspec.Struct, frozen=True):
    """The same of cells that go from `starts` to `stops` in a text, without their quotes.

    Quotes in them are doubled, always.
    """

    text: bytes
    starts: Offsets
    stops: Offsets

    def blank(self) -> Flags:
        """Which of them are empty or white space alone."""
        assert _CODE
        blank = np.empty(len(self.starts), np.bool_)
        _CODE.hashes_blank(*self._places, blank.ctypes.data)
        return blank

    def hashes(self, seed: int = 0, *, folded: bool = False) -> Keys:
        """Hashes of each, for which white space around it and case are none where `folded`."""
        assert _CODE
        keys, checks = np.empty((2, len(self.starts)), np.uint64)
        odd = np.empty(len(self.starts), np.bool_)
        places = (each.ctypes.data for each in (keys, checks, odd))
        _CODE.hashes_of(*self._places, seed, folded, *places)
        if folded and odd.any():
            keys[odd], checks[odd] = self._folded(odd).hashes(seed)
        return keys, checks

    @property
    def _places(self) -> tuple[bytes, int, int, int]:
        return self.text, self.starts.ctypes.data, self.stops.ctypes.data, len(self.starts)

    def _folded(self, some: Flags) -> "Spans":
        """`some` of them, without what is no difference."""
        spans = zip(self.starts[some].tolist(), self.stops[some].tolist(), strict=True)
        texts = Texts(pl.Series([self.text[start:stop].decode() for start, stop in spans]))
        folded = [each.encode() for each in texts.folded()]
        stops = np.cumsum(list(map(len, folded)), dtype=np.int64)
        return Spans(b"".join(folded), np.concatenate(([0], stops[:-1])), stops)


Cells = Texts | Spans


def spans(
    text: bytes, starts: Offsets, stops: Offsets, delimiter: bytes, positions: Sequence[int]
) -> list[Spans] | None:
    """The cells at `positions`, which ascend, of well-quoted records; None where not compiled."""
    found = cells.spans(text, starts, stops, delimiter, positions) if _CODE else None
    return None if found is None else [Spans(text, *each) for each in found]
