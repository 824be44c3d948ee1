"""Hashes of cells where they stand, and of texts: equal for equal cells, and only for them."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvimport import hashes
from csvimport.hashes import Cells, Spans, Texts
from csvimport.lines import Offsets

#: White space of every kind, what looks like it, letters that change their length, and the rest.
LETTERS = (
    " \t\n\v\f\r\x1c\x1f\x85\xa0\u1680\u180e\u2000\u200a\u200b\u2028\u2029\u202f\u205f\u2060"
    "\u3000\ufeff"
    'aAzZ@[`{0"éÉßẞİıſKΣσς'
)
WORDS = st.lists(
    st.text(st.sampled_from(LETTERS), max_size=9) | st.text(max_size=20), min_size=1, max_size=30
)


def spans_of(words: list[str]) -> Spans:
    """The same as stretches of a text."""
    texts = [word.encode() for word in words]
    sizes = np.array(list(map(len, texts)), np.int64)
    stops: Offsets = np.cumsum(sizes + 1) - 1
    starts = stops - sizes
    return Spans(b"x".join([*texts, b""]), starts, stops)


def both(words: list[str]) -> list[Cells]:
    texts = Texts(pl.Series(words, dtype=pl.String))
    return [texts, spans_of(words)] if hashes._CODE else [texts]


@given(WORDS)
def test_blank_is_what_polars_calls_white_space(words: list[str]) -> None:
    expected = pl.Series(words, dtype=pl.String).str.strip_chars().eq("").to_list()
    for cells in both(words):
        assert cells.blank().tolist() == expected


@given(WORDS, st.booleans())
def test_hashes_are_equal_where_cells_are(words: list[str], folded: bool) -> None:
    words = [*words, *(word.upper() for word in words), *(f"  {word}\t" for word in words)]
    column = pl.Series(words, dtype=pl.String)
    compared = column.str.strip_chars().str.to_lowercase().to_list() if folded else words
    for cells in both(words):
        keys, checks = (each.tolist() for each in cells.hashes(folded=folded))
        assert keys != checks
        for each in (keys, checks, list(zip(keys, checks, strict=True))):
            assert len(set(zip(each, compared, strict=True))) == len(set(each))
            assert len(set(each)) == len(set(compared))


@pytest.mark.skipif(not hashes._CODE, reason="nothing was compiled")
def test_hashes_of_neighbours_differ_in_half_their_bits() -> None:
    words = [f"user-{number:07}" for number in range(1 << 16)]
    for each in spans_of(words).hashes():
        assert len(np.unique(each)) == len(words)
        assert len(np.unique(each >> np.uint64(32))) > len(words) - 10
        changed = (each[1:] ^ each[:-1]).view(np.uint8)
        bits = np.unpackbits(changed.reshape(-1, 8), axis=1).mean(axis=0)
        assert (abs(bits - 0.5) < 0.02).all()
