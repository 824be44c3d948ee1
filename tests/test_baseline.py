"""What an earlier run found is left out: counted, named, and in no form told again."""

import gzip
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from readers import COUNTS
from running import checked, face, report, run, whole
from tables import INPUTS

import csvimport
import csvimport.report.console as console_report
from csvimport import OptionError, OutputError, Result, Verdict
from csvimport.baseline import Baseline, read
from csvimport.cli import CANNOT_RUN, FOUND, OK, main
from csvimport.report.telling import meaning, next_step

HEADER = "external_id,email,home_city\n"
#: Two addresses that are wrong, one of them twice, a row without an identifier, a stray quote.
OLD = HEADER + '1,a@@x.com,\n2,a@@x.com,\n3,b@@x.com,\n,,Rome\n4,c"@x.com,\n'
NOW = datetime(2026, 11, 22, tzinfo=UTC)
SMALL: dict[str, Any] = {"block_size": 40, "max_record": 100, "probe": 16}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def noted(data: str | bytes, path: str = "old.jsonl", **options: Any) -> Path:
    """What an earlier run has found in `data`."""
    Path(path).write_bytes(face([run(data, **options)], ".jsonl"))
    return Path(path)


def since(old: str | bytes, new: str | bytes, **options: Any) -> Result:
    """The result of `new` where what is in `old` is known."""
    redact = options.get("redact", False)
    return run(new, baseline=read(noted(old), redact=redact), now=NOW, **options)


def known(result: Result) -> int:
    assert result.baseline is not None
    return result.baseline.known


def values(result: Result) -> list[tuple[str, int | None, str | None]]:
    return [(each.rule, each.row, each.value) for each in result]


# --- What is known -------------------------------------------------------------------------------


def test_nothing_is_new_in_the_same_file() -> None:
    result = since(OLD, OLD)
    assert list(result) == []
    assert known(result) == len(list(run(OLD))) == 5
    assert (result.verdict, result.issues_by_rule) == (Verdict.COMPLETE, {})
    assert (result.rows_with_errors, result.rows_with_warnings) == (0, 0)
    assert report(result)[1:] == []


def test_what_stands_on_another_line_is_known() -> None:
    moved = HEADER + "7,fine@x.com,\n" + "".join(reversed(OLD.splitlines(keepends=True)[1:]))
    assert list(since(OLD, moved)) == []


def test_of_five_where_three_are_known_the_last_two_are_new() -> None:
    three = HEADER + "".join(f"{n},a@@x.com,\n" for n in range(3))
    five = HEADER + "".join(f"{n},a@@x.com,\n" for n in range(5))
    result = since(three, five)
    assert [row for _, row, _ in values(result)] == [5, 6]
    assert known(result) == 3


def test_issues_without_a_value_are_told_apart_by_rule_and_column() -> None:
    result = since(HEADER + ",,Rome\n", HEADER + ",,Rome\n,,Oslo\n")
    assert values(result) == [("missing-identifier", 3, None)]


def test_the_same_value_in_another_column_or_of_another_rule_is_new() -> None:
    old = "external_id,gender,language\n1,zz,en\n"
    new = "external_id,gender,language\n1,M,zz\n"
    assert [(each.column, each.value) for each in since(old, new)] == [("language", "zz")]


def test_an_empty_value_is_not_the_same_as_none() -> None:
    line = json.loads(face([run(HEADER + ",,Rome\n")], ".jsonl"))
    Path("old.jsonl").write_text(json.dumps(line | {"value": ""}), encoding="utf-8")
    assert known(run(HEADER + ",,Rome\n", baseline=read(Path("old.jsonl")))) == 0


def test_values_with_characters_of_all_kinds_are_known() -> None:
    cells = [
        "é@",
        "\u2028@",
        "\x7f@",
        "\t@",
        "\\@",
        "x\u202e@",
        "\U0001f600@",
        "a\x00@",
        "x" * 40_000,
    ]
    data = HEADER + "".join(f'{n},"{cell}",\n' for n, cell in enumerate(cells))
    result = since(data, data)
    assert (values(result), known(result)) == ([], len(list(run(data))))


def test_a_known_issue_of_the_file_is_left_out() -> None:
    data = OLD.replace(",", ";")
    assert [each.rule for each in run(data) if each.row is None] == ["wrong-delimiter"]
    assert list(since(data, data)) == []


def test_a_known_issue_of_the_header_uncovers_no_other() -> None:
    """A habit of a column is told where its header has no other issue, be that known or not."""
    header, rows = "external_id,Email\n", "".join(f"{n},a{n}@@x.com\n" for n in range(30))
    assert list(since(header + rows, header + rows)) == []


def test_a_row_with_a_known_and_a_new_issue_is_shown_for_the_new_one() -> None:
    old = "external_id,email,phone\n1,a@@x.com,\n"
    result = since(old, old.replace(".com,", ".com,nope"))
    (line,) = report(result)[1:]
    assert "phone: " in line[4]
    assert "email: " not in line[4]


def test_rows_with_known_errors_are_still_not_importable() -> None:
    result = since(OLD, OLD)
    assert result.rows_importable == run(OLD).rows_importable == 3
    assert result.to_dict()["baseline"] == {
        "path": "old.jsonl",
        "known": 5,
        "rows_with_errors": 2,
    }


@settings(max_examples=40, deadline=None)
@given(INPUTS, INPUTS)
def test_what_is_new_is_the_difference_of_the_multisets(old: bytes, new: bytes) -> None:
    def keys(result: Iterable[csvimport.Issue]) -> Counter[tuple[str, str | None, str | None]]:
        return Counter((each.rule, each.column, each.value) for each in result)

    before, after = keys(run(old, now=NOW)), keys(run(new, now=NOW))
    result = since(old, new)
    assert keys(result) == after - before
    assert known(result) == (after & before).total()
    assert sum(result.issues_by_rule.values()) == (after - before).total()


@settings(max_examples=25, deadline=None)
@given(INPUTS)
def test_what_is_new_does_not_depend_on_the_blocks(data: bytes) -> None:
    noted(OLD + "".join(OLD.splitlines(keepends=True)[1:3]))
    before = read(Path("old.jsonl"))
    new = OLD.encode() + data
    sizes = {"max_record": 100}
    one = run(new, baseline=before, now=NOW, **sizes)
    assert whole(run(new, baseline=before, now=NOW, **SMALL)) == whole(one)


def test_a_result_before_the_end_tells_of_what_is_new_until_then() -> None:
    data = OLD + "".join(f"{n},new{n}@@x.com,\n" for n in range(10, 60))
    before = read(noted(OLD))
    rows: list[list[tuple[str, int | None, str | None]]] = []
    check = checked(
        data,
        baseline=before,
        now=NOW,
        at_each_stop=lambda c: rows.append(values(c.result())),
        **SMALL,
    )
    final = values(check.result())
    assert len(rows) > 3
    assert all(each == final[: len(each)] for each in rows)


@pytest.mark.parametrize("suffix", COUNTS)
def test_every_form_of_report_tells_of_the_new_ones_alone(suffix: str) -> None:
    result = since(OLD, OLD + "5,d@@x.com,\n")
    expected = Counter((each.rule, str(each.severity)) for each in result)
    assert expected.total() == 1
    assert COUNTS[suffix](face([result], suffix)) == expected


# --- What is said --------------------------------------------------------------------------------


def test_it_is_said_how_many_were_left_out_and_by_which_file() -> None:
    result = since(OLD, OLD + "5,d@@x.com,\n")
    assert "5 known issues of old.jsonl are left out" in list(meaning(result))
    assert "2 rows have known errors alone: the import skips them, too" in list(meaning(result))
    assert "5 known issues of old.jsonl are left out" in face([result], ".html").decode()
    text = "\n".join(line.plain for line in console_report.render(result, show=10))
    assert "  5 known issues of old.jsonl are left out\n" in text


def test_no_issues_means_no_new_ones() -> None:
    result = since(OLD, OLD)
    assert "no new issues" in list(meaning(result))
    assert next_step(result) == "import the data, or correct first what is known"


def test_where_nothing_is_known_that_is_said_too() -> None:
    assert "0 known issues of old.jsonl are left out" in list(meaning(since("", OLD)))
    one = since(HEADER + ",,Rome\n", OLD)
    assert "1 known issue of old.jsonl is left out" in list(meaning(one))


def test_without_a_baseline_nothing_is_said_of_one() -> None:
    result = run(OLD)
    assert result.to_dict()["baseline"] is None
    assert not any("known" in line for line in meaning(result))


# --- Masked values -------------------------------------------------------------------------------


@pytest.mark.parametrize("redact", [False, True])
def test_with_redact_masked_and_unmasked_baselines_are_the_same(redact: bool) -> None:
    before = read(noted(OLD, redact=redact), redact=True)
    result = run(OLD + "5,ddd@@x.com,\n", baseline=before, redact=True)
    assert [value for _, _, value in values(result)] == ["xxx@@x.xxx"]
    assert known(result) == 5


def test_of_a_masked_baseline_nothing_is_known_without_redact() -> None:
    result = run(OLD, baseline=read(noted(OLD, redact=True)))
    assert {each.value for each in result} >= {"a@@x.com", "b@@x.com"}


# --- The file ------------------------------------------------------------------------------------

LINE = face([run(HEADER + ",,Rome\n")], ".jsonl")
FOREIGN = "is no list of issues, expected the JSON Lines that `--issues` writes"


@pytest.mark.parametrize(
    "data",
    [
        OLD.encode(),
        b"{}\n",
        b"null\n",
        b"[]\n",
        b'{"rule": "blank-row"}\n',
        LINE.replace(b'"error"', b'"grave"'),
        LINE[:-20],
        LINE + LINE[:50] + b"\n" + LINE,
        LINE.replace(b"\n", LINE),
        LINE.replace(b"missing", b"\xff"),
        gzip.compress(LINE),
        b"\x00" * 100,
        b"x" * 1_000_000,
        json.dumps(run(OLD).to_dict(), indent=1, default=str).encode(),
    ],
)
def test_a_broken_or_foreign_file_is_named_in_one_line(data: bytes) -> None:
    Path("old.jsonl").write_bytes(data)
    with pytest.raises(OptionError, match=f"^old.jsonl: {re.escape(FOREIGN)}$"):
        read(Path("old.jsonl"))


def test_a_file_that_cannot_be_read_is_named_in_one_line() -> None:
    Path("folder").mkdir()
    for name, why in {"none": "no such file or directory", "folder": "is a directory"}.items():
        with pytest.raises(OptionError, match=f"^{name}: {why}$"):
            read(Path(name))
    with pytest.raises(OptionError, match=r"^a file name cannot hold a NUL$"):
        read(Path("a\0b"))
    with pytest.raises(OptionError, match=r"^https://…: is an address, expected a path"):
        csvimport.check(io.BytesIO(b""), baseline="https://example.com/old.jsonl")


def test_a_file_of_no_issues_knows_none() -> None:
    Path("old.jsonl").write_bytes(b"")
    result = run(OLD, baseline=read(Path("old.jsonl")))
    assert values(result) == values(run(OLD))


def test_a_file_that_is_read_in_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    path = noted(OLD)
    one = read(path)
    monkeypatch.setattr("csvimport.baseline._PIECE", 7)
    pieces = read(path)
    for name in ("keys", "checks", "times"):
        assert getattr(one, name).tolist() == getattr(pieces, name).tolist()


def test_lines_may_end_as_another_system_does() -> None:
    path = noted(OLD)
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert list(run(OLD, baseline=read(path))) == []


# --- The library and the command -----------------------------------------------------------------


def test_the_library_takes_a_path() -> None:
    path = noted(OLD)
    assert list(csvimport.check([OLD.encode()], baseline=path)) == []
    assert list(csvimport.start([OLD.encode()], baseline=str(path)).result()) == []


def test_no_report_goes_over_the_baseline() -> None:
    path = noted(OLD)
    with pytest.raises(OutputError):
        csvimport.check([OLD.encode()], baseline=path, report=path)
    Path("a.csv").write_text(OLD, encoding="utf-8")
    before = path.read_bytes()
    assert main(["check", "a.csv", "--baseline", str(path), "--issues", str(path)]) == CANNOT_RUN
    result = csvimport.check("a.csv", baseline=path)
    with pytest.raises(OutputError):
        csvimport.write(result, path)
    assert path.read_bytes() == before


def test_the_status_tells_of_what_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(OLD, encoding="utf-8")
    assert main(["check", "a.csv", "--no-report", "--issues", "old.jsonl"]) == FOUND
    assert main(["check", "a.csv", "--baseline", "old.jsonl", "--format", "json"]) == OK
    assert not Path("a.report.csv").exists()
    Path("a.csv").write_text(OLD + ",,Oslo\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["check", "a.csv", "--baseline", "old.jsonl", "--format", "json"]) == FOUND
    (result,) = json.loads(capsys.readouterr().out)["files"]
    assert result["issues_by_rule"] == {"missing-identifier": 1}
    assert result["baseline"]["known"] == 5


def test_of_several_files_each_knows_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """What was mended in one file is no excuse for another."""
    Path("a.csv").write_text(OLD, encoding="utf-8")
    Path("b.csv").write_text(HEADER, encoding="utf-8")
    main(["check", "a.csv", "b.csv", "--no-report", "--issues", "old.jsonl"])
    Path("b.csv").write_text(OLD, encoding="utf-8")
    capsys.readouterr()
    command = ["check", "a.csv", "b.csv", "--no-report", "--baseline", "old.jsonl"]
    assert main([*command, "--format", "json"]) == FOUND
    results = json.loads(capsys.readouterr().out)["files"]
    assert [each["baseline"]["known"] for each in results] == [5, 0]


def test_a_missing_baseline_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(OLD, encoding="utf-8")
    assert main(["check", "a.csv", "--baseline", "none.jsonl"]) == CANNOT_RUN
    told_of = capsys.readouterr()
    assert (told_of.out, told_of.err) == (
        "",
        "csvimport: error: none.jsonl: no such file or directory\n",
    )


def test_a_million_issues_take_some_bytes_each() -> None:
    line = json.loads(LINE)
    many = "".join(json.dumps(line | {"value": str(n)}) + "\n" for n in range(20_000))
    Path("old.jsonl").write_text(many, encoding="utf-8")
    before = read(Path("old.jsonl"))
    assert isinstance(before, Baseline)
    assert before.keys.nbytes + before.checks.nbytes + before.times.nbytes <= 24 * 20_000
