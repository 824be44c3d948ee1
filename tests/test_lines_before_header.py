"""Titles and dates above the header are named as such; the rest is checked as if they were gone."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from running import issues, run

TABLE = "external_id,email,plan\nA1,a@example.com,x\nA1,not an address,x\nA2,b\n\nA3,,\n"
TITLES = ["Contacts", "Exported,2026-11-20", "", ",,", '"a title, quoted"', "a;b", "email;x", "é"]
TITLES += ['"two\nlines"', '"three,\n\nlines",']


def told(
    source: str, *, lines: int = 0, rows: int = 0, size: int = 0, **options: int
) -> list[tuple[object, ...]]:
    return [
        (each.rule, each.row - rows, each.line - lines, each.byte - size, each.value)
        for each in issues(source, **options)
        if each.row is not None and each.line is not None and each.byte is not None
    ]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.sampled_from(TITLES), max_size=19),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([7, 100, 1 << 20]),
)
def test_what_follows_is_checked_as_if_they_were_gone(
    titles: list[str], end: str, block: int
) -> None:
    table = TABLE.replace("\n", end)
    # blank rows before are told as such, and a line that has a name is a header
    before = "".join(title.replace("\n", end) + end for title in ["The first", *titles])
    assume(before.count(end) <= 20)
    result = run(before + table, block_size=block)
    (first, *_) = (each for each in result if each.rule == "lines-before-header")
    rows = 1 + len(titles)
    lines = before.count(end)
    assert first.value == "The first"
    assert f"line {lines + 1}" in first.message
    shift = {"lines": lines, "rows": rows, "size": len(before.encode())}
    assert told(before + table, block_size=block, **shift) == told(table)
    assert result.headers == ["external_id", "email", "plan"]
    assert result.rows == run(table).rows


@pytest.mark.parametrize(
    "before",
    [
        "x\n" * 21,
        "email\n",
        "a,phone\nx\n",
        '"open\n',
    ],
)
def test_where_that_is_not_sure_the_first_line_is_the_header(before: str) -> None:
    first = before.partition("\n")[0].strip('"')
    result = run(before + TABLE)
    rules = {each.rule for each in result}
    if first == "open":  # but a broken first line is still no header
        assert "lines-before-header" in rules
    else:
        assert "lines-before-header" not in rules
        assert result.headers == first.split(",")


@pytest.mark.parametrize(
    "source",
    [
        "Email,Channels\nanna@x.com,sms|email|phone\nbo@x.com,sms\n",
        "E-Mail,Vorname,Kanal\na@x.com,Bo,sms\nsms;email;phone\n",
        "Kunde,K1,K2\n1,sms,\n13,email,phone\n14,a,b\n",
        'Kunde\nexternal_id,email,O"Brien\n1,2,3\n',
    ],
)
def test_a_row_of_names_is_no_header(source: str) -> None:
    assert "lines-before-header" not in run(source).issues_by_rule


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block", [7, 1 << 20])
def test_a_title_on_several_lines_is_one_row_of_a_spreadsheet(end: str, block: int) -> None:
    title = '"Contacts\n\nof the shop",,\n\n"as of\ntoday"\n'.replace("\n", end)
    table = TABLE.replace("\n", end)
    result = run(title + table, block_size=block)
    assert result.headers == ["external_id", "email", "plan"]
    (first, *_) = (each for each in result if each.rule == "lines-before-header")
    assert first.value == '"Contacts'
    assert "line 7" in first.message
    shift = {"lines": 6, "rows": 3, "size": len(title)}
    assert told(title + table, block_size=block, **shift) == told(table)


def test_a_quote_that_is_never_closed_opens_no_title_on_several_lines() -> None:
    before = '"Contacts\nof the shop\n'
    assert told(before + TABLE, lines=2, rows=2, size=len(before)) == told(TABLE)


def test_a_title_is_as_wide_as_its_cells_not_as_its_commas() -> None:
    source = '"Contacts, leads, and others, as of today",,\n' + TABLE
    assert "lines-before-header" in run(source).issues_by_rule


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_a_header_need_not_be_followed_by_anything(end: str, *, last: bool) -> None:
    source = f"Contacts{end}external_id,email" + last * end
    result = run(source)
    assert result.headers == ["external_id", "email"]
    assert {each.rule for each in result} - {"cr-line-endings"} == {
        "lines-before-header",
        "no-data-rows",
    }
    (header,) = (each for each in result if each.rule == "lines-before-header")
    assert "line 2" in header.message


def test_a_header_that_is_cut_off_by_the_limit_is_none() -> None:
    source = "Contacts\nexternal_id,email,plan" + "x" * 100
    assert run(source, max_record=30).headers == ["Contacts"]
