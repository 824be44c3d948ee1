"""Identifiers that occur again: in any block, by kind and value, with the row that was first."""

import re
from collections.abc import Iterator
from contextlib import nullcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import issues, run, without_code

from csvimport.duplicates import FirstRows, _sorted
from csvimport.hashes import Hashes
from csvimport.lines import Offsets


@pytest.fixture(scope="module", params=["compiled", "not compiled"], autouse=True)
def _code(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whether anything was."""
    with nullcontext() if request.param == "compiled" else without_code():
        yield


Found = list[tuple[int | None, str | None, int]]
"""Row, column, the first row."""


def duplicates(source: str, **options: int | str) -> Found:
    found = []
    for each in issues(source, **options):
        if each.rule == "duplicate-identifier":
            match = re.search(r"row ([0-9]+)$", each.message)
            assert match is not None
            assert each.value is not None
            assert f"`{each.value}`" in each.message
            found.append((each.row, each.column, int(match[1])))
    return found


# --- The table of first rows ---------------------------------------------------------------------


def _hash(key: int, seed: int) -> int:
    """Spread over all shelves, with many keys that share their first bits."""
    return (key * 0x9E3779B97F4A7C15 + seed * (key + 1) * 0xD1B54A32D192ED03) % 2**64


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 40), max_size=30), max_size=12),
    st.booleans(),
    st.sampled_from([2, 8]),
    st.sampled_from([30, 1 << 20]),
)
def test_first_rows_are_those_of_a_dictionary(
    blocks: list[list[int]], scattered: bool, runs: int, many: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.duplicates._RUNS", runs)
        patch.setattr("csvimport.duplicates._MANY", many)
        assert_as_a_dictionary(blocks, scattered)


def first_rows(table: FirstRows, keys: Hashes, checks: Hashes, rows: Offsets) -> list[int]:
    """The first row of each key, 0 where it is new."""
    again, first = table.add(keys, checks, rows)
    known = dict(zip(again.tolist(), first.tolist(), strict=True))
    assert list(known) == sorted(known)
    return [known.get(row, 0) for row in rows.tolist()]


def assert_as_a_dictionary(blocks: list[list[int]], scattered: bool) -> None:
    table = FirstRows()
    known: dict[int, int] = {}
    row = 1
    for block in blocks:
        hashed = [_hash(key, 0) if scattered else key for key in block]
        keys = np.array(hashed, np.uint64)
        checks = np.array([_hash(key, 1) for key in block], np.uint64)
        rows = np.arange(row, row + 2 * len(block), 2)
        row += 2 * len(block) + 1
        expected = [
            known.setdefault(key, at) if key in known else known.update({key: at}) or 0
            for key, at in zip(block, rows.tolist(), strict=True)
        ]
        assert first_rows(table, keys, checks, rows) == expected
        assert table.nbytes <= 14 * len(known)


def test_keys_that_share_half_their_bits_are_different() -> None:
    table = FirstRows()
    keys = np.array([7, 7, 8], np.uint64)
    checks = np.array([1, 2, 1], np.uint64)
    assert first_rows(table, keys, checks, np.array([2, 3, 4])) == [0, 0, 0]
    keys = np.array([7, 8], np.uint64)
    checks = np.array([3, 2], np.uint64)
    assert first_rows(table, keys, checks, np.array([5, 6])) == [0, 0]


def test_memory_of_a_million_keys() -> None:
    table = FirstRows()
    chance = np.random.default_rng(1)
    row = 2
    for _ in range(20):
        keys = chance.integers(0, 2**64, 50_000, np.uint64)
        assert not any(first_rows(table, keys, ~keys, np.arange(row, row + len(keys))))
        again = np.arange(10) + row + 10**8
        assert first_rows(table, keys[:10], ~keys[:10], again) == list(range(row, row + 10))
        row += len(keys)
        assert table.nbytes == 14 * (row - 2)
    last = 4_000_000_000  # rows need more than thirty-one bits
    assert first_rows(table, keys[-1:], ~keys[-1:], np.array([last])) == [row - 1]
    key = np.array([123], np.uint64)
    assert first_rows(table, key, key, np.array([last])) == [0]
    assert first_rows(table, key, key, np.array([last + 1])) == [last]


@given(st.lists(st.integers(0, 9) | st.integers(0, 2**64 - 1), max_size=300), st.integers(0, 60))
def test_keys_are_sorted_with_their_values(keys: list[int], shift: int) -> None:
    shifted = [key << shift & (2**64 - 1) for key in keys]  # with nothing but zeros behind
    hashed = np.array(shifted, np.uint64)
    found, order = _sorted(hashed.copy(), np.arange(len(keys), dtype=np.uint64))
    assert order.tolist() == sorted(range(len(keys)), key=shifted.__getitem__)
    assert found.tolist() == sorted(shifted)


# --- In files ------------------------------------------------------------------------------------

ID = st.sampled_from(["", " ", "A", "a", "B", "A ", "a@b.co", "+44207", "C", "D"])
EMAIL = st.sampled_from(
    ["", " ", "a@b.co", "A@B.co", " a@b.co ", "c@d.co", "A", "ÄÖ@b.co", "äö@b.co"]
)
ROW = st.tuples(ID, EMAIL, st.sampled_from(["", "+44207", "a@b.co", "+44 207"]))


def _key(external_id: str, email: str, phone: str) -> tuple[int, str, str] | None:
    if external_id.strip():
        return (0, "external_id", external_id)
    if email.strip():
        return (1, "email", email.strip().lower())
    return (2, "phone", phone) if phone.strip() else None


@settings(max_examples=60, deadline=None)
@given(st.lists(ROW, max_size=25), st.integers(1, 80), st.permutations([0, 1, 2]))
def test_duplicates_are_those_of_a_dictionary(
    rows: list[tuple[str, str, str]], block_size: int, order: list[int]
) -> None:
    lines = [("external_id", "email", "phone"), *rows]
    source = "".join(",".join(line[at] for at in order) + ",x\n" for line in lines)
    first: dict[tuple[int, str, str], int] = {}
    expected: Found = []
    for number, row in enumerate(rows, 2):
        key = _key(*row)
        if key and first.setdefault(key, number) != number:
            expected.append((number, key[1], first[key]))
    assert duplicates(source, block_size=block_size, probe=16, max_record=60) == expected


PART = st.text("ab,", max_size=2)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PART, PART), max_size=12), st.integers(1, 60))
def test_an_alias_is_a_pair(pairs: list[tuple[str, str]], block_size: int) -> None:
    rows = "".join(f'"{name}",x,"{label}"\n' for name, label in pairs)
    first: dict[tuple[str, str], int] = {}
    expected: Found = [
        (number, "user_alias_name", first[pair])
        for number, pair in enumerate(pairs, 2)
        if all(pair) and first.setdefault(pair, number) != number
    ]
    source = "user_alias_name,plan,user_alias_label\n" + rows
    assert duplicates(source, block_size=block_size, probe=16, max_record=60) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("external_id,email\nA,\nB,\nA,\nA,\n", [(4, "external_id", 2), (5, "external_id", 2)]),
        ("external_id,email\na@b.co,\n,a@b.co\n", []),
        ("external_id,email\nA,x@y.co\nB,x@y.co\n", []),
        ("external_id,email\nA,x@y.co\n,x@y.co\n", []),
        ("email,phone\n+44207,\n,+44207\n", []),
        ("email\nColby@Example.com\n colby@example.COM\u00a0\n", [(3, "email", 2)]),
        ("phone\n+44207\n+44207\n+44 207\n", [(3, "phone", 2)]),
        ("external_id\nA\nA \na\n", []),
        ("braze_id,external_id\nA,\n,A\nA,\n", [(4, "braze_id", 2)]),
        # rows in error count, malformed ones do not
        ("email,plan\nnot one,\nnot one,\n", [(3, "email", 2)]),
        ('external_id,plan\nA,"x"y\nA,\nA\nA,\n', [(5, "external_id", 3)]),
        # the first row is counted with blank and malformed rows before it
        ("\nexternal_id,plan\n,\nA\nB,\nB,\n", [(6, "external_id", 5)]),
        # half an alias is none
        ("user_alias_name,user_alias_label,email\na,,x@y.co\na,,x@y.co\n", [(3, "email", 2)]),
        ("user_alias_name,user_alias_label,email\na,,\na,,\n", []),
        # of equal headers the first keeps its meaning
        ("external_id,external_id\nA,B\nC,B\nA,D\n", [(4, "external_id", 2)]),
    ],
)
def test_files(source: str, expected: Found) -> None:
    assert duplicates(source) == expected


@pytest.mark.parametrize("kind", ["auto", "events"])
def test_events_repeat_their_users(kind: str) -> None:
    source = "external_id,name,time\nA,x,2024-06-10T12:00:00Z\nA,x,2024-06-10T12:00:00Z\n"
    assert duplicates(source, kind=kind) == []


def test_the_same_text_in_both_parts_of_an_alias() -> None:
    header = "user_alias_name,user_alias_label\n"
    assert duplicates(header + "ab,c\na,bc\n") == []
    assert duplicates(header + "a,b\nb,a\n") == []
    assert duplicates(header + "a,a\nb,b\n") == []
    assert duplicates(header + "a,b\nA,b\na,B\na,b\n") == [(5, "user_alias_name", 2)]


def test_another_subscription_group_has_words_of_its_own() -> None:
    one, two = (f"{number}ff593d7-cf69-448b-aca9-abf7d7b8c273" for number in range(2))
    rows = [("A", one), ("A", two), ("A", one), ("A", ""), ("A", two), ("B", one), ("B", one)]
    source = "external_id,subscription_group_id,subscription_state\n"
    source += "".join(f"{name},{group},subscribed\n" for name, group in rows)
    for block_size in (1, 50, 1 << 20):
        result = run(source, block_size=block_size, probe=16, max_record=100)
        helps = dict(result.legend.select("wording", "help").iter_rows())
        told = [
            (row, "one import per subscription group" in helps[wording])
            for chunk in result.chunks()
            for row, wording in chunk.issues.select("row", "wording").rows()
            if result.legend["rule"][wording] == "duplicate-identifier"
        ]
        assert told == [(3, True), (4, False), (5, True), (6, False), (8, False)]


def test_a_large_file() -> None:
    names = [f"user-{number}" for number in range(30_000)]
    source = "external_id,plan\n" + "".join(f"{name},x\n" for name in [*names, *names[::7]])
    expected = [
        (30_002 + number, "external_id", 2 + 7 * number) for number in range(len(names[::7]))
    ]
    assert duplicates(source, block_size=20_000, probe=100, max_record=100) == expected


def test_a_return_before_a_delimiter_belongs_to_its_cell() -> None:
    source = 'external_id,first_name,email\na\r,b,c@d.ee\na,b\r,"k\r,@d.ee"\nc,"d\r",\n'
    found = [(each.row, each.column, each.rule) for each in issues(source) if each.row]
    assert (2, "external_id", "control-character") in found
    assert (3, "first_name", "control-character") in found
    assert "duplicate-identifier" not in {rule for *_, rule in found}
