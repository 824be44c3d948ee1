"""What a sample says about columns: types, habits; the same however the file is cut into blocks."""

import csv
import io
from collections.abc import Iterable
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import checked, run, told, whole

from csvimport import forms, inference
from csvimport.columns import percent
from csvimport.workspace import Workspace


def file(*values: str, header: str = "external_id,x") -> str:
    """A file with these raw cells in its last column."""
    return "\n".join([header, *(f"u{i},{value}" for i, value in enumerate(values)), ""])


def column(text: str, name: str = "x", **options: object) -> dict[str, str | None]:
    """What a check says of the column `name`."""
    columns = run(text, **options).columns
    assert columns is not None
    return next(each for each in columns if each["name"] == name)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["true", "FALSE", "True"], "boolean"),
        (["1", "-2", "0.5", "-0", "0"], "number"),
        (["2024-02-29", "2024-06-10T12:00:00.000Z", "2024-06-10T12:00:00+14:00"], "datetime"),
        (["premium", "basic"], "string"),
        # near forms count for their type
        (["0130", "00", '"1,234"', "$5", "4.42E+11", "7"], "number"),
        (["1/2/2024", "2 January 2024", "2024-01-01 10:00", "2024-01-01"], "datetime"),
        # these do not
        (["1e5", ".5", "1.", "007.5", "٣"], "string"),
        (["2023-02-29", "2024-01-01T24:00:00", "20240101T1", "0000-00-00"], "string"),
        # nothing here is a value that says anything
        (["", "", '""'], None),
        (["NULL", "N/A", "#REF!", ""], None),
        (["'1'", '"2"', '"true"', "'x'"], None),
        # quotes that a value needs are none on purpose
        (['"a,b"', '"c ""d"""'], "string"),
        (["NULL", "1", '"x"'], "number"),
    ],
)
def test_the_type_is_what_the_values_have(values: list[str], kind: str | None) -> None:
    assert column(file(*values))["type"] == kind


def test_nearly_all_is_enough_and_five_in_a_hundred_is_not_nothing() -> None:
    assert column(file(*["1"] * 95, *["x"] * 5))["type"] == "number"
    assert column(file(*["1"] * 94, *["x"] * 6))["type"] == "string"
    told_of = {rule for rule, row, *_ in told(run(file(*["1"] * 94, *["x"] * 6))) if row == 1}
    assert told_of == {"mixed-types"}
    assert not told(run(file(*["1"] * 4, *["x"] * 96)))
    assert told(run(file(*["1"] * 5, *["x"] * 95))) == []
    assert [rule for rule, *_ in told(run(file(*["1"] * 6, *["x"] * 94)))] == ["mixed-types"]


def test_what_is_mixed_is_said_once_with_the_shares() -> None:
    (issue,) = run(file(*["1"] * 3, *["true"] * 2, *["x"] * 5))
    assert (issue.rule, issue.row, issue.column) == ("mixed-types", 1, "x")
    assert "50 % string, 30 % number, 20 % boolean" in issue.message


def test_a_declared_type_is_the_type() -> None:
    text = file(*["1"] * 94, *["x"] * 6)
    workspace = Workspace(attributes={"x": "number"})
    assert column(text, workspace=workspace)["type"] == "number"
    found = told(run(text, workspace=workspace))
    assert [rule for rule, *_ in found] == ["mixed-types"] * 6
    assert run(text, workspace=workspace).new_attributes == []
    assert run(text).new_attributes == ["x"]


def test_a_habit_is_one_issue_and_its_cells_are_silent() -> None:
    (issue,) = run(file(*["0130"] * 2, *["7"] * 38))
    assert (issue.rule, issue.row, issue.value) == ("leading-zero-number", 1, "0130")
    assert "5 %" in issue.message
    found = told(run(file("0130", *["7"] * 39)))
    assert found == [("leading-zero-number", 2, "x", None)]


def test_a_silenced_cell_gets_no_later_rule() -> None:
    # `[ x]` would be an array; as long as that is a habit, its white space is no matter
    assert [rule for rule, *_ in told(run(file("[1] ", "[2]", "[3]")))] == [
        "array-value",
        "surrounding-whitespace",
    ][:1]


def test_an_ignored_rule_has_no_habit() -> None:
    text = file(*["NULL"] * 10, *["x"] * 10)
    assert [rule for rule, *_ in told(run(text))] == ["null-literal"]
    assert told(run(text, ignore=frozenset({"null-literal"}))) == []


def test_a_header_cell_has_one_issue() -> None:
    text = file("NULL", "[1]", "0130", header="external_id, x")
    assert [rule for rule, row, *_ in told(run(text)) if row == 1] == ["header-whitespace"]


def test_foreign_cells_count_for_a_type_and_not_for_a_habit() -> None:
    header = "external_id,name,time,a.properties.x"
    rows = [
        f"u{i},{'a' if i % 2 else 'b'},2024-01-01,{'7' if i % 2 else '0130'}" for i in range(20)
    ]
    result = run("\n".join([header, *rows, ""]))
    assert result.columns is not None
    assert result.columns[-1]["type"] == "number"
    assert {rule for rule, *_ in told(result)} == {"foreign-property"}


def test_shares_in_words() -> None:
    assert [percent(share) for share in (1, 0.999, 0.004, 0, 0.5)] == [
        "100 %",
        "99 %",
        "under 1 %",
        "0 %",
        "50 %",
    ]


def test_what_has_a_rule_of_its_own_is_no_other_type_even_if_that_is_ignored() -> None:
    for value, rule in [("0130", "leading-zero-number"), ("NULL", "null-literal")]:
        text = file(*[value] * 6, *["7"] * 20)
        assert [name for name, *_ in told(run(text))] == [rule]
        assert told(run(text, ignore=frozenset({rule}))) == []


def test_values_that_show_no_type_are_not_called_none() -> None:
    assert column(file('"0130"', '"0131"'))["reason"] == "no value in the sample shows a type"
    assert column(file("", ""))["reason"] == "no values in the sample"


def test_a_missing_header_has_no_habits() -> None:
    text = "a@x.com,0130\nb@x.com,0131\n"
    assert [rule for rule, row, *_ in told(run(text)) if row == 1] == ["missing-header"]


def test_cells_under_a_property_with_white_space_around_it_are_no_property_s() -> None:
    header = "external_id,name,time, a.properties.x"
    text = f"{header}\nu1,a,2024-01-01,5\nu2,b,2024-01-01,x\n"
    assert [rule for rule, *_ in told(run(text))] == ["header-whitespace"]


# The sample


def test_an_early_result_leaves_no_trace_in_the_later_one() -> None:
    rows = [f"u{i},0130,1/2/2000\n" for i in range(50)] + ["z,5,13/1/2000\n"]
    text = "external_id,v,dob\n" + "".join(rows)
    check = checked(text, block_size=100, blocks=3, probe=16, max_record=64)
    assert check.sample is not None
    assert next(each.suggestion for each in check.result() if each.column == "dob") is None
    assert check.checker._explained == {}


def test_blank_rows_end_the_sample_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "MOST_BYTES", 100)
    text = "external_id,v\nu1,7\n" + ",\n" * 1000 + "u2,x\n" * 10
    assert column(text, "v", block_size=50)["reason"] == "100 % of 1 value"
    check = checked(text, block_size=50, blocks=10, probe=16, max_record=64)
    assert check.sample is None
    assert not check.waiting


def test_the_sample_ends_with_its_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "MOST_RECORDS", 10)
    # broken rows are records too, blank ones are not
    text = file("1", "1", "x,x", *["1"] * 6, "", "1", "1", *["x"] * 9).replace("u9,\n", "\n")
    for block_size in (1, 7, 50, 1000):
        assert column(text, block_size=block_size)["reason"] == "100 % of 9 values"


def test_the_sample_ends_with_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "MOST_BYTES", 20)
    for block_size in (1, 7, 50, 1000):
        # of five bytes each, the fifth starts at the twentieth
        assert column(file(*["1"] * 8), block_size=block_size)["reason"] == "100 % of 4 values"


VALUES = st.sampled_from(
    [
        "1",
        "0130",
        '"7"',
        "'7'",
        "x",
        "true",
        "2024-01-01",
        "1/2/2024",
        "13/2/2024",
        "NULL",
        "",
        " x",
        '"1,234"',
        "[1]",
        "#REF!",
        '"a\nb"',
        "x,y",
        'a"b',
        "=1",
        "'+4",
        "JosÃ©",
        "4.42E+11",
    ]
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), max_size=25), st.integers(1, 200), st.integers(1, 20))
def test_the_size_of_blocks_does_not_show(
    rows: list[tuple[str, str]], block_size: int, most: int
) -> None:
    text = "external_id,x,y\n" + "".join(f"u{i},{a},{b}\n" for i, (a, b) in enumerate(rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inference, "MOST_RECORDS", most)
        assert whole(run(text, block_size=block_size)) == whole(run(text))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=25), st.integers(1, 20))
def test_a_partial_result_judges_by_what_is_there(rows: list[tuple[str, str]], blocks: int) -> None:
    text = "external_id,x,y\n" + "".join(f"u{i},{a},{b}\n" for i, (a, b) in enumerate(rows))
    check = checked(text, block_size=1, blocks=blocks)
    first, second = check.result(), check.result()
    assert whole(first) == whole(second)
    assert first.rows_checked == check.result().rows_checked
    if not first.complete:
        cut = text.encode()[: first.bytes_checked]
        assert told(first) == [each for each in told(run(cut)) if each[1] is not None]


# What stands in quotes


def _raw(cell: str, *, quoted: bool) -> str:
    needs = any(char in cell for char in ',"\r\n')
    return '"' + cell.replace('"', '""') + '"' if quoted or needs else cell


CELL = st.text(st.sampled_from("ab,\"\n'é "), max_size=4)


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(
            st.lists(st.tuples(CELL, st.booleans()), min_size=width, max_size=width),
            min_size=1,
            max_size=8,
        )
    )
)
def test_quotes_are_seen_where_they_stand(rows: list[list[tuple[str, bool]]]) -> None:
    names = [f"n{i}" for i in range(len(rows[0]))]
    raw = [[_raw(cell, quoted=quoted) for cell, quoted in row] for row in rows]
    text = "\n".join(map(",".join, [names, *raw]))
    for block, _ in replace(checked(text).scanner, row=1).surveyed():
        if block is None or not block.sound.height:
            continue
        found = block.quoted(block.sound)
        lines = dict(zip(_ordinals(text), raw, strict=False))
        for row, quoted in zip(block.sound["row"], found, strict=True):
            assert list(quoted) == [cell.startswith('"') for cell in lines[row]]


def _ordinals(text: str) -> Iterable[int]:
    """The rows of the records behind the header."""
    return range(2, 2 + len(list(csv.reader(io.StringIO(text)))))


# The forms

SNIPPETS = st.sampled_from(
    [
        "0",
        "1",
        "13",
        "2024",
        "1,234",
        ".",
        ",",
        "-",
        "/",
        "+",
        "$",
        "€",
        "%",
        " ",
        "\xa0",
        "T",
        ":",
        "jan",
        "March",
        "E+11",
        "true",
        "null",
        "N/A",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "x",
        "#N/A",
        r"\N",
    ]
)
TEXTS = st.lists(SNIPPETS, max_size=6).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=50))
def test_whatever_a_rule_is_about_stands_out(values: list[str]) -> None:
    frame = pl.DataFrame({"c0": values})
    stands_out = frame.select(forms.stands_out("c0", "string")).to_series()
    for rule, form in {**forms.HABITS, **{n: f for n, (_, f) in forms.NEAR_TYPE.items()}}.items():
        assert not frame.filter(form(pl.col("c0")) & ~stands_out).height, rule


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=50))
def test_a_value_is_of_one_type(values: list[str]) -> None:
    cell = pl.col("c0")
    kinds: dict[str, pl.Expr] = {kind: form(cell) for kind, form in forms.OF_TYPE.items()}
    for kind, form in forms.NEAR_TYPE.values():
        kinds[kind] = kinds[kind] | form(cell)
    frame = pl.DataFrame({"c0": values})
    assert frame.select(pl.sum_horizontal(kinds.values())).to_series().max() <= 1  # type: ignore[operator]
