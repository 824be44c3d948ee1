"""A row of totals at the end is named as such; no user is, nor anything before the end."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import run

from csvimport import Result, check

HEADER = "external_id,first_name,orders,revenue\n"
USERS = "A1,Jane,3,120.50\nA2,Tom,1,80\n"


def totals(result: Result) -> list[str]:
    return [each.message for each in result if each.rule == "totals-row"]


@pytest.mark.parametrize(
    "row",
    [
        "Total,,4,200.50",
        "TOTAL:,,4,",
        "Totals,,,",
        ",Grand total,4,200.50",
        ",,Total:,200.50",
        "Total: 2,,4,200.50",
        "Suma: 2,,,",
        "Total:12,,,",
        "Grand total,,,",
        "Sum,-,4,€ 200.50",
        '*** Summe ***,,4,"200,50 €"',
        "Gesamtergebnis,,4,200.50",
        'Total général,,4,"200,50"',
        "Totale complessivo,,(4),2.0E+02",
        "Suma ko\u0144cowa,,4,50 %",
        "\u0418\u0442\u043e\u0433\u043e:,,4,200",
        "\u5408\u8ba1,,4,200",
        '"\u0627\u0644\u0645\u062c\u0645\u0648\u0639",,\u0664,200',
        "Total,Total,4,200.50",
        "Total,,4,200.50\n\n,,,\n",
        "Total,,4\n",  # the cells that lack are another fault
        "Grand total: 2\n",
    ],
)
def test_a_row_of_totals_at_the_end_is_named(row: str) -> None:
    (said,) = totals(run(HEADER + USERS + row))
    assert "row 4 on line 4" in said


@pytest.mark.parametrize(
    "rows",
    [
        USERS,
        "Total,,4,200\n" + USERS,  # a user of that name, it seems
        USERS + "A3,Total,4,200\n",
        USERS + "total,Jane,4,200\n",
        USERS + "total42,,4,200\n",
        USERS + "total-1,,1,2\ntotal-2,,4,200\n",
        USERS + "sum-002,,4,200\n",
        USERS + "Suma,,,\n",
        USERS + "Sum,-,,\n",
        USERS + "A total,,4,200\n",
        USERS + ",Jane,Total,200\n",
        USERS + "Total,,4,2026-11-22\n",
        USERS + 'Total,,4,"200\n',
        "Total,,4,200\n",  # of nothing
        USERS + f"{'Total' * 20},,4,200\n",
        "",
    ],
)
def test_no_other_row_is_taken_for_one(rows: str) -> None:
    assert totals(run(HEADER + rows)) == []


@pytest.mark.parametrize(
    "source",
    [
        "external_id\nA1\nTotal\n",
        "first_name,external_id,orders\nJane,17,3\nSum,18,4\n",
        "external_id,email\nA1,\nSum,sum@example.com\n",
        "external_id,user_alias_label\nA1,x\n",
    ],
)
def test_who_has_an_identifier_is_a_user(source: str) -> None:
    assert totals(run(source)) == []


def test_the_totals_may_stand_in_any_identifier_column() -> None:
    source = "orders,revenue,external_id\n3,120,A1\n1,80,A2\n4,200,Total\n"
    (said,) = totals(run(source))
    assert "`Total`" in said


def test_with_a_broken_header_the_first_cell_tells() -> None:
    assert totals(run('external_id,"email\nA1,\nTotal,\n')) != []
    assert totals(run('external_id,"email\nA1,\n17,Total\n')) == []


def test_the_cell_is_masked_with_the_others() -> None:
    (said,) = totals(run(HEADER + USERS + "Total,,4,200\n", redact=True))
    assert "Total" not in said
    assert "`Xxxxx`" in said


LINES = [
    "A1,Jane,3,120",
    "Total,,4,200",
    "Total,,,",
    "Sum,,,",
    ",,,",
    "",
    'A2,"two\nlines",1,80',
    "A3,x",
    '"',
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), max_size=8), st.integers(1, 60), st.booleans())
def test_it_depends_on_the_last_row_alone(rows: list[str], size: int, end: bool) -> None:
    source = HEADER + "\n".join(rows) + "\n" * end
    options = {"probe": 16, "block_size": size, "max_record": 100}
    result = run(source, **options)
    filled = [each for each in rows if each.strip(",")]
    broken = '"' in rows
    if not broken:
        expected = len(filled) > 1 and filled[-1] in ("Total,,4,200", "Total,,,")
        assert bool(totals(result)) == expected
    assert totals(result) == totals(run(source, max_record=100))


@pytest.mark.parametrize("blocks", range(1, 6))
def test_where_the_end_was_not_reached_it_is_not_claimed(blocks: int) -> None:
    source = HEADER + (USERS + "Total,,4,200\n") * 12
    result = run(source, blocks=blocks, probe=16, block_size=45, max_record=45)
    assert not result.complete
    assert totals(result) == []
    assert "totals-row" in result.incomplete_rules


def test_each_part_may_have_its_own() -> None:
    part = (HEADER + USERS + "Total,,4,200\n").encode()
    result = check([iter([part]), iter([part]), iter([(HEADER + USERS).encode()])])
    first, second = totals(result)
    assert "row 4 on line 4" in first
    assert "row 8 on line 4" in second


def test_a_plain_row_is_looked_at_like_any_other() -> None:
    users = "".join(f"A{number},Jane,3,120.50\n" for number in range(30_000))
    (said,) = totals(run(HEADER + users + "Total,,4,\n", block_size=50_000))
    assert "row 30002 on line 30002" in said
