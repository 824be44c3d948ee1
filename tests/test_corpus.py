"""What was found by mutation once is examined for ever, and some new inputs each time."""

import random
from pathlib import Path

import pytest
from fuzz import CORPUS, examine, examine_reading, mutated, seeds
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*")), ids=lambda path: path.name)
def test_what_was_found_stays_mended(path: Path) -> None:
    for seed in range(4):
        examine_reading(path.read_bytes(), random.Random(seed))
        examine(path.read_bytes(), random.Random(seed))


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_what_happens_by_accident(seed: int) -> None:
    choose = random.Random(seed)
    data = mutated(choose, seeds())
    examine_reading(data, choose)
    examine(data, choose)
