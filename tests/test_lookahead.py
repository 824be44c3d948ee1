"""What other threads make ahead comes in order, and so does what goes wrong."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvimport.lookahead import each_made


class OddError(Exception):
    """What an item may raise."""


def _items(count: int, *, breaks: bool) -> Iterator[int]:
    yield from range(count)
    if breaks:
        raise OddError


@given(st.integers(0, 9), st.booleans(), st.integers(1, 4))
def test_all_items_are_made_in_order_then_the_end_is_told(
    count: int, breaks: bool, hands: int
) -> None:
    made = each_made(_items(count, breaks=breaks), str, hands)
    assert [next(made) for _ in range(count)] == [str(each) for each in range(count)]
    with pytest.raises(OddError if breaks else StopIteration):
        next(made)


@given(st.integers(0, 5))
def test_what_cannot_be_made_is_told_in_its_place(place: int) -> None:
    def make(item: int) -> int:
        if item == place:
            raise OddError
        return item

    made = each_made(iter(range(place + 5)), make, 2)
    assert [next(made) for _ in range(place)] == list(range(place))
    with pytest.raises(OddError):
        next(made)


def test_two_are_made_at_a_time() -> None:
    both = threading.Barrier(2, timeout=30)
    met = list(each_made(iter("abcd"), lambda _: both.wait(), 2))
    assert sorted(met) == [0, 0, 1, 1]


def test_no_thread_stays_behind() -> None:
    before = threading.active_count()
    made = each_made(iter(range(9)), str, 2)
    assert next(made) == "0"
    assert threading.active_count() > before
    made.close()
    assert threading.active_count() == before
