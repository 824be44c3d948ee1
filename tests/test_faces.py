"""The same findings in every form, each read back by a reader that is not this project's."""

import csv
import io
import json
import os
import re
import sys
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from readers import COUNTS, Counts, as_text, cells, notes, objects, sarif, sheets, suites, tables
from running import checked, face, report, run
from tables import INPUTS

import csvimport
from csvimport import OptionError, OutputError, Result, Verdict
from csvimport.cli import CANNOT_RUN, FOUND, OK, main
from csvimport.cli.choices import Format
from csvimport.issue import CUT_MARK
from csvimport.report import concise, github, junit, markdown, xlsx
from csvimport.report import sarif as sarif_report
from csvimport.report.faces import FACES

SUFFIXES = list(FACES)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
FILE = 'external_id,email,plan\nA1,a@example.com,x\nA1,not one,y\n,,z\nA2,O"B,x\n\nA3,,w\n'


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _counts(*results: Result) -> Counts:
    return Counter((each.rule, str(each.severity)) for result in results for each in result)


def _lines(*results: Result) -> list[str]:
    return list(concise.render(results))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- The same in all of them ---------------------------------------------------------------------


def test_every_face_has_a_reader() -> None:
    assert COUNTS.keys() == FACES.keys()


@pytest.mark.parametrize("suffix", [".csv", *SUFFIXES])
def test_every_face_is_documented(capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    assert main(["check", "--help"]) == OK
    assert re.search(rf"\s{re.escape(suffix)}\b", capsys.readouterr().out)
    reports = Path(__file__).parents[1] / "docs" / "reports.md"
    assert f"\n| `{suffix}` |" in reports.read_text(encoding="utf-8")
    assert f"`{suffix}`" in (csvimport.check.__doc__ or "") or suffix == ".csv"


@settings(max_examples=25)
@given(INPUTS, st.sampled_from([FILE.encode(), b"", b"external_id\nA1\n"]))
@example(FILE.encode(), FILE.encode())
def test_all_faces_tell_the_same(data: bytes, other: bytes) -> None:
    results = [run(data), run(other)]
    expected = _counts(*results)
    told = {suffix: read(face(results, suffix)) for suffix, read in COUNTS.items()}
    assert told == dict.fromkeys(SUFFIXES, expected)
    words = [line.partition(": ")[2].split(" ")[:2] for line in _lines(*results)]
    assert Counter((rule, severity) for severity, rule in words) == expected


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_without_results_every_face_is_whole(suffix: str) -> None:
    assert (COUNTS[suffix](face([], suffix)) if suffix != ".xlsx" else Counter()) == Counter()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_result_has_the_same_bytes(suffix: str) -> None:
    result = run(FILE)
    assert face([result], suffix) == face([result], suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_said_does_not_depend_on_the_blocks(suffix: str) -> None:
    data = FILE + "".join(f"B{number % 7},x{number},=1\n" for number in range(60))
    now = datetime(2026, 11, 22, tzinfo=UTC)
    small = {"block_size": 40, "max_record": 100, "probe": 16}
    found = [run(data, now=now), run(data, now=now, **small)]
    whole, pieces = (replace(result, elapsed_seconds=0) for result in found)
    assert as_text(face([whole], suffix), suffix) == as_text(face([pieces], suffix), suffix)


# --- Workbooks -----------------------------------------------------------------------------------


@settings(max_examples=25)
@given(INPUTS)
def test_a_workbook_shows_the_rows_of_the_csv_report(data: bytes) -> None:
    result = run(data)
    shown = [[str(cell) for cell in line] for line in cells(sheets(face([result], ".xlsx"))[0])]
    width = max(map(len, shown))
    assert [line + [""] * (width - len(line)) for line in report(result, raw=True)] == shown


def test_text_stays_text() -> None:
    values = [
        "007",
        "12345678901234567890",
        "1E5",
        "=1+1",
        "@x",
        "TRUE",
        "2024-01-01",
        "1,5",
        " x ",
    ]
    values += ["http://example.com", "internal:A1", "{=1}", "<r><t>x</t></r>", "<r></r>", "_x0041_"]
    values += ["_x0041_x0042_", "_x0041\x01"]
    values += ["'x", "#REF!", "\x1b[31m", "a\rb\nc", "\ufffe\uffff", "\u202ex", "&lt;<b>", "]]>"]
    rows = [["", value, value] for value in values]
    result = run(_csv([["external_id", "one", "two"], *rows]), kind="attributes")
    sheet = sheets(face([result], ".xlsx"))[0]
    shown = {line[0]: line[6:] for line in cells(sheet)[1:]}
    assert [shown[row] for row in range(2, len(rows) + 2)] == rows
    looks = {cell.number_format for row in sheet.iter_rows(min_col=3) for cell in row if cell.value}
    assert looks == {"@"}, "nor does it become anything else when it is edited"


def test_what_is_wrong_has_the_colour_of_its_severity_and_a_note() -> None:
    sheet = sheets(face([run(FILE)], ".xlsx"))[0]
    lines = list(sheet.iter_rows())
    colors = {
        (cells_[0].value, cell.coordinate[0]): cell.fill.fgColor.rgb
        for cells_ in lines[1:]
        for cell in cells_
        if cell.fill.fill_type
    }
    error, warning = "FFFFC7CE", "FFFFEB9C"
    assert colors == {
        (3, "C"): warning,
        (3, "G"): warning,
        (3, "H"): warning,
        (4, "C"): error,
        (4, "G"): error,
        (5, "C"): error,
        (5, "F"): error,
        (6, "C"): warning,
        (6, "F"): warning,
    }
    assert {name[0] for name in notes(sheet)} == {"F", "G", "H"}
    told = notes(sheet)["G2"]
    assert told == "external_id: found `A1` again, first in row 2; keep one row for each user"


def test_the_header_of_a_sheet_stays_and_filters() -> None:
    sheet = sheets(face([run(FILE)], ".xlsx"))[0]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:I{sheet.max_row}"


def test_each_result_has_its_sheets_and_the_summary_is_the_second() -> None:
    results = [csvimport.check(io.BytesIO(FILE.encode())) for _ in range(3)]
    named = [
        _renamed(result, name)
        for result, name in zip(results, ["a/users.csv", "b/USERS.csv", "History.csv"], strict=True)
    ]
    found = sheets(face(named, ".xlsx"))
    assert [sheet.title for sheet in found] == ["users", "Summary", "USERS (2)", "History (2)"]
    told = [line[0] for line in cells(found[1])]
    assert "sheet: USERS (2)" in told
    assert "b/USERS.csv: issues found" in told


def _renamed(result: Result, name: str) -> Result:
    return replace(result, file=name)


@pytest.mark.parametrize(
    "name", ["x" * 100, "[a]:*?/b\\", "'", "", "\U0001f984" * 40, "Summary", "a\x1b\u202eb", "é漢"]
)
def test_any_name_of_a_file_makes_a_name_of_a_sheet(name: str) -> None:
    result = _renamed(run(FILE), name)
    assert len(sheets(face([result, result], ".xlsx"))) == 3


def test_rows_that_are_written_apart_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [run("external_id,plan\n" + "A1,\x01<&>\n,  y \n" * 9, now=NOW)]
    results = [replace(each, elapsed_seconds=0) for each in results]
    whole = face(results, ".xlsx")
    monkeypatch.setattr(xlsx, "_CELLS", 30)
    assert face(results, ".xlsx") == whole


def test_a_sheet_that_is_full_goes_on_on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 4)
    result = run("external_id,plan\n" + ",x\n" * 7)
    first, summary, *more = sheets(face([result], ".xlsx"))
    assert [sheet.title for sheet in (first, *more)] == ["Rows", "Rows (2)", "Rows (3)"]
    rows = [cells(sheet) for sheet in (first, *more)]
    assert [len(lines) for lines in rows] == [4, 4, 2]
    assert [line[0] for lines in rows for line in lines[1:]] == [2, 3, 4, 5, 6, 7, 8]
    assert len({tuple(lines[0]) for lines in rows}) == 1
    assert cells(summary)[0][0] == "the rows go on on further sheets: one holds 4"


def test_what_a_workbook_cannot_hold_is_said_to_be_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(xlsx, "SHEET_COLUMNS", 8)
    monkeypatch.setattr(xlsx, "MOST_NOTES", 2)
    long, wide = "x" * 40_000, "\U0001f984" * 20_000
    result = run(
        _csv([["external_id", "a", "b", "c"], ["", long, "", ""], ["", wide, "", ""], [""]])
    )
    rows, summary = sheets(face([result], ".xlsx"))
    assert [line[0] for line in cells(summary)[:3]] == [
        "file.csv: 2 more columns left out: a sheet holds 8",
        "the first 2 of 5 cells have notes; see Description",
        "2 cells cut: one holds 32,767 letters",
    ]
    assert len(notes(rows)) == 2
    shown = [line[7] for line in cells(rows)[1:3]]
    assert [text.endswith(CUT_MARK) for text in shown] == [True, True]
    assert [len(text.encode("utf-16-le")) // 2 for text in shown] == [32_767, 32_767]


# --- Logs of tools and tests ---------------------------------------------------------------------


def test_a_log_has_a_run_for_each_result_and_its_places() -> None:
    result = run(FILE)
    log = sarif(face([result, run("external_id\nA1\n")], ".sarif"))
    first, second = log["runs"]
    assert second["results"] == []
    places = [
        (each["ruleId"], each["locations"][0]["physicalLocation"].get("region"))
        for each in first["results"]
    ]
    assert places == [
        ("duplicate-identifier", {"startLine": 3, "startColumn": 1}),
        ("invalid-email", {"startLine": 3, "startColumn": 4}),
        ("missing-identifier", {"startLine": 4, "startColumn": 1}),
        ("stray-quote", {"startLine": 5, "startColumn": 4}),
        ("blank-row", {"startLine": 6}),
    ]
    assert [each["properties"]["row"] for each in first["results"]] == [3, 3, 4, 5, 6]


def test_names_of_files_in_a_log_are_references() -> None:
    names = ["a b.csv", "/x/é%.csv", "c:d.csv", "x\n#?.csv"]
    names += ["https://h.example:8000/a%20b é.csv", "s3://bucket/a%b=c.csv", "a://b.csv"]
    results = [_renamed(run(FILE), name) for name in names]
    results = [_in_part(result, name) for result, name in zip(results, names, strict=True)]
    uris = [
        run_["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for run_ in sarif(face(results, ".sarif"))["runs"]
    ]
    assert uris == [
        "a%20b.csv",
        "file:///x/%C3%A9%25.csv",
        "c%3Ad.csv",
        "x%0A%23%3F.csv",
        "https://h.example:8000/a%20b%20%C3%A9.csv",
        "s3://bucket/a%25b=c.csv",
        "a%3A//b.csv",
    ]


def _in_part(result: Result, name: str) -> Result:
    return replace(result, parts=[name])


def test_no_message_of_a_log_is_a_link() -> None:
    result = run("external_id,email\nA1,[x](http://example.com)\n")
    (found,) = sarif(face([result], ".sarif"))["runs"][0]["results"]
    assert r"\[x\](http" in found["message"]["text"]
    assert found["properties"]["value"] == "[x](http://example.com)"


def test_an_error_fails_and_a_warning_is_skipped() -> None:
    (suite,) = suites(face([run(FILE)], ".junit.xml"))
    assert (suite.tests, suite.failures, suite.skipped) == (5, 2, 3)


def test_a_file_in_order_is_a_test_that_passes() -> None:
    (suite,) = suites(face([run("external_id\nA1\n")], ".junit.xml"))
    (case,) = suite
    assert (case.name, case.is_passed) == ("validation complete", True)


@pytest.mark.parametrize("data", ["external_id\nA1\n", FILE])
def test_a_check_that_did_not_reach_the_end_looks_like_no_success(data: str) -> None:
    result = replace(run(data), verdict=Verdict.TIMED_OUT, bytes=99, bytes_checked=0)
    (suite,) = suites(face([result], ".junit.xml"))
    number = result.errors + result.warnings
    assert (suite.tests, suite.errors) == (number + 1, 1)
    assert not any(case.is_passed for case in suite)
    (run_,) = sarif(face([result], ".sarif"))["runs"]
    (invocation,) = run_["invocations"]
    assert not invocation["executionSuccessful"]
    (told,) = [n for n in invocation["toolExecutionNotifications"] if n["level"] == "error"]
    assert told["message"]["text"] == "the check ran out of time after 0 bytes of 99 bytes"


def test_a_file_that_could_not_be_read_leaves_its_trace() -> None:
    Path("users.csv").write_text("external_id\nA1\n")
    Path("bad.csv").write_bytes(b"%PDF-1.7\n\0\0")
    reports = ["--report", "r.junit.xml", "--report", "r.sarif"]
    assert main(["check", "bad.csv", "users.csv", *reports]) == CANNOT_RUN
    good, bad = suites(Path("r.junit.xml").read_bytes())
    assert (good.errors, bad.name, bad.tests, bad.errors) == (0, "bad.csv", 1, 1)
    first, second = sarif(Path("r.sarif").read_bytes())["runs"]
    assert first["invocations"][0]["executionSuccessful"]
    assert second["results"] == []
    (invocation,) = second["invocations"]
    assert not invocation["executionSuccessful"]
    assert "bad.csv" in invocation["toolExecutionNotifications"][0]["message"]["text"]


@pytest.mark.parametrize("name", ["bad.csv", "missing.csv"])
def test_the_library_leaves_the_same_trace(name: str) -> None:
    Path("bad.csv").write_bytes(b"%PDF-1.7\n\0\0")
    for old in ("r.sarif", "r.junit.xml"):
        Path(old).write_text("of an earlier run")
    with pytest.raises(csvimport.SourceError) as raised:
        csvimport.check(name, report=["r.sarif", "r.junit.xml", "r.jsonl", "r.csv"])
    (told,) = sarif(Path("r.sarif").read_bytes())["runs"]
    (invocation,) = told["invocations"]
    assert not invocation["executionSuccessful"]
    (notice,) = invocation["toolExecutionNotifications"]
    assert notice["message"]["text"] == str(raised.value)
    (suite,) = suites(Path("r.junit.xml").read_bytes())
    assert (suite.name, suite.errors) == (name, 1)
    assert not Path("r.csv").exists()


# --- What a reader can take ----------------------------------------------------------------------

CAPPED = {".sarif": sarif_report, ".junit.xml": junit, ".md": markdown}


@pytest.mark.parametrize("suffix", CAPPED)
def test_where_not_all_have_room_errors_come_first_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(CAPPED[suffix], "MOST", 4)
    result = run("external_id,plan\nA1,x\n" + "A1,y\n" * 5 + ",z\n" * 2)
    assert (result.errors, result.warnings) == (2, 5)
    data = face([result], suffix)
    assert "3 more issues left out" in data.decode()
    told = COUNTS[suffix](data) if suffix != ".md" else _listed(data)
    assert told == {("missing-identifier", "error"): 2, ("duplicate-identifier", "warning"): 2}


def _listed(data: bytes) -> Counts:
    return Counter((line[2], line[1]) for line in tables(data)[1][1:])


def test_the_command_says_what_a_report_lacks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("users.csv").write_text("external_id\n" + '"\n' * 5)
    few = {suffix: structs.replace(each, most=each.most and 2) for suffix, each in FACES.items()}
    monkeypatch.setattr("csvimport.report.faces.FACES", few)
    assert main(["check", "users.csv", "--report", "r.sarif", "--report", "r.jsonl"]) == FOUND
    said = capsys.readouterr().err
    lacking = len(objects(Path("r.jsonl").read_bytes())) - 2
    assert said == (
        f"csvimport: r.sarif lacks {lacking} issues: readers of this form take 2 of a file; "
        "one that ends in .jsonl has all\n"
    )


# --- Standard output -----------------------------------------------------------------------------


def test_a_concise_line_is_a_place_and_a_sentence() -> None:
    assert _lines(run(FILE))[:2] == [
        "file.csv:3:1: warning duplicate-identifier external_id: found `A1` again, first in row 2",
        "file.csv:3:4: warning invalid-email email: found `not one`, but an e-mail address must "
        "have an @-sign",
    ]


def test_issues_of_the_whole_file_stand_at_its_start() -> None:
    assert _lines(run("sep=;\nexternal_id;plan\nA1;x\n"))[0].startswith("file.csv:1:1: ")


def test_a_character_is_that_of_a_column_and_not_of_its_name() -> None:
    result = run("external_id,plan,plan,plan\nA1,a,b,c\n")
    marked = [line for line in _lines(result) if " plan: " in line]
    places = [line.split(":")[2] for line in marked]
    assert len(places) > 1
    assert [place for place in places if place != "1"] == [places[0]], "of others it is not known"


@settings(max_examples=25)
@given(INPUTS)
def test_characters_of_issues_are_those_of_their_lines(data: bytes) -> None:
    result = run(data)
    lines = data.decode(errors="replace").split("\n")
    for line in _lines(result):
        match = re.fullmatch(r"file\.csv:(\d+):(\d+): (error|warning) [a-z0-9-]+ .+", line)
        assert match
        if result.encoding == "utf-8" and not result.bom and result.line_ending in ("lf", "crlf"):
            assert int(match[2]) <= len(lines[int(match[1]) - 1]) + 1


COMMAND = re.compile(r"::(error|warning|notice) ((?:\w+=[^,:]*,?)*)::(.*)")


def _commands(*results: Result) -> list[tuple[str, dict[str, str], str]]:
    """Annotations as the runner of a workflow reads them."""
    found = []
    for line in github.render(results):
        match = COMMAND.fullmatch(line)
        assert match
        pairs = (pair.split("=", 1) for pair in match[2].split(","))
        found.append((match[1], {key: _decoded(each) for key, each in pairs}, _decoded(match[3])))
    return found


def _decoded(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_annotations_have_places_titles_and_messages() -> None:
    error, *_ = _commands(run(FILE))
    assert error == (
        "error",
        {"file": "file.csv", "line": "4", "col": "1", "title": "missing-identifier"},
        "external_id: found no identifier in this row",
    )


def test_what_would_end_a_command_is_escaped() -> None:
    name = "a,b::c%0A\n.csv"
    result = _in_part(run("external_id,email\nA1,50%::x\n"), name)
    ((_, properties, message),) = _commands(result)
    assert properties["file"] == "a,b::c%0A↵.csv"
    assert "`50%::x`" in message


def test_annotations_end_where_they_are_dropped_and_say_so() -> None:
    many = run("external_id,plan\nA1,x\n" + "A1,y\n" * 25 + ",z\n" * 15)
    *shown, (kind, _, message) = _commands(many, many)
    assert Counter(name for name, _, _ in shown) == {"error": 10, "warning": 10}
    assert kind == "notice"
    assert message.startswith("60 more issues without an annotation")
    assert [name for name, _, _ in _commands(run(",plan\n"))].count("notice") == 0


@pytest.mark.parametrize("form", ["concise", "github"])
def test_forms_of_standard_output_are_all_there_is(
    capsys: pytest.CaptureFixture[str], form: str
) -> None:
    Path("a.csv").write_text(FILE)
    Path("b.csv").write_text(FILE)
    assert main(["check", "a.csv", "b.csv", "--no-report", "--format", form]) == FOUND
    out, err = capsys.readouterr()
    assert err == ""
    assert len(out.splitlines()) == 10
    Path("a.csv").write_text("external_id\nA1\n")
    assert main(["check", "a.csv", "--format", form]) == OK
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "form", [*Format, *(each for each in SUFFIXES if each not in (".jsonl", ".parquet"))]
)
def test_nobody_is_fooled_by_a_silenced_rule(capsys: pytest.CaptureFixture[str], form: str) -> None:
    """What was asked is told in every form that tells of more than single issues."""
    Path("users.csv").write_text(FILE)
    Path("old.jsonl").write_text("")
    asked = ["--ignore=invalid-email", "--severity=mojibake=error", "--baseline=old.jsonl"]
    output = ["--format", form] if form in [*Format] else ["--report", f"report{form}"]
    assert main(["check", "users.csv", "--no-progress", *output, *asked]) == FOUND
    told = "".join(capsys.readouterr())
    if form in SUFFIXES:
        data = Path(f"report{form}").read_bytes()
        told = str([*map(cells, sheets(data))]) if form == ".xlsx" else data.decode()
    for word in ("invalid-email", "mojibake", "old.jsonl"):
        assert word in told


# --- How it is asked for -------------------------------------------------------------------------


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_one_run_writes_every_form(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(FILE)
    Path("b.csv").write_text("external_id\nA1\n")
    Path("tables").mkdir()
    wanted = ["tables", *(f"all{suffix}" for suffix in SUFFIXES)]
    options = [word for name in wanted for word in ("--report", name)]
    assert main(["check", "a.csv", "b.csv", *options]) == FOUND
    out, err = capsys.readouterr()
    assert err == ""
    assert _names(folder) == {"a.csv", "b.csv", *wanted}
    assert _names(folder / "tables") == {"a.report.csv"}
    assert out.endswith("".join(f"report: {name}\n" for name in wanted[1:]))
    expected = _counts(csvimport.check("a.csv"))
    for suffix, read in COUNTS.items():
        assert read(Path(f"all{suffix}").read_bytes()) == expected


def test_the_csv_report_is_written_where_no_other_is_named(folder: Path) -> None:
    Path("a.csv").write_text(FILE)
    assert main(["check", "a.csv", "--report", "A.SARIF"]) == FOUND
    assert _names(folder) == {"a.csv", "A.SARIF"}
    assert main(["check", "a.csv", "--issues", "issues"]) == FOUND
    assert _names(folder) == {"a.csv", "A.SARIF", "issues", "a.report.csv"}
    assert len(objects(Path("issues").read_bytes())) == 5


def test_the_result_as_json_names_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.csv").write_text(FILE)
    main(["check", "a.csv", "--format", "json", "--report", "r.md"])
    assert json.loads(capsys.readouterr().out)["files"][0]["report"] == "r.md"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            ["--report", "r.txt"],
            "r.txt: found a name that ends in `.txt`, expected one of "
            f"{', '.join(['.csv', *SUFFIXES])}",
        ),
        (["--report", "r.xml"], "r.xml: found a name that ends in `.xml`, expected one of "),
        (["--report", "a.csv", "--report", "b.csv"], "found two CSV reports, `a.csv` and `b.csv`"),
        (["--report", "r.md", "--report", "./r.md"], "r.md: is named for two outputs"),
        (["--report", "r.jsonl", "--issues", "r.jsonl"], "r.jsonl: is named for two outputs"),
        (["--report", "no/r.md"], "no/r.md: there is no folder `no`"),
        (["--report", "users.csv"], "users.csv: is an input"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_before_the_check(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    Path("users.csv").write_text(FILE)
    assert main(["check", "users.csv", *options]) == CANNOT_RUN
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"csvimport: error: {said}")
    assert err.count("\n") == 1
    assert _names(folder) == {"users.csv"}


def test_an_extra_that_is_missing_is_named_before_the_check(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("users.csv").write_text(FILE)
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    assert main(["check", "users.csv", "--report", "r.xlsx"]) == CANNOT_RUN
    assert capsys.readouterr() == (
        "",
        'csvimport: error: r.xlsx: `xlsxwriter` is not installed; `pip install "csvimport[xlsx]"` '
        "does that\n",
    )
    with pytest.raises(OptionError, match="not installed"):
        csvimport.check("users.csv", report="r.xlsx")
    assert _names(folder) == {"users.csv"}


def test_other_faces_are_written_where_one_cannot_be(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    Path("users.csv").write_text(FILE)
    faces = FACES | {".md": structs.replace(FACES[".md"], write=full)}
    monkeypatch.setattr("csvimport.report.faces.FACES", faces)
    options = ["--report", "r.md", "--report", "r.sarif"]
    assert main(["check", "users.csv", *options]) == CANNOT_RUN
    out, err = capsys.readouterr()
    assert err == "csvimport: error: r.md: no space left on device\n"
    assert out.endswith("\n\nreport: r.sarif\n")
    assert _names(folder) == {"users.csv", "r.sarif"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_said_once(capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    Path("users.csv").write_text(FILE)
    Path(f"r{suffix}").symlink_to("/dev/full")
    assert main(["check", "users.csv", "--report", f"r{suffix}"]) == CANNOT_RUN
    said = f"csvimport: error: r{suffix}: no space left on device\n"
    assert capsys.readouterr().err == said


def test_a_workbook_tells_which_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sheets are written to temporary files, of which there may be more than of the rest."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    result = run(FILE)
    monkeypatch.setattr("csvimport.report.xlsx._Book._lines", full)
    with pytest.raises(OutputError, match=r"^temporary files in .*: no space left on device$"):
        csvimport.write(result, "r.xlsx")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_pipe_takes_every_form(suffix: str) -> None:
    """As in `--report >(cat)`, which cannot be rewound."""
    Path("users.csv").write_text(FILE)
    os.mkfifo(f"pipe{suffix}")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(Path(f"pipe{suffix}").read_bytes()))
    reader.start()
    status = main(["check", "users.csv", "--report", f"pipe{suffix}"])
    reader.join()
    assert status == FOUND
    assert COUNTS[suffix](read[0]) == _counts(run(FILE))


# --- The library ---------------------------------------------------------------------------------


def test_the_library_writes_a_path_or_several(folder: Path) -> None:
    result = csvimport.check(io.BytesIO(FILE.encode()), report=["r.csv", Path("r.xlsx"), "r.md"])
    assert result.report == "r.csv"
    assert _names(folder) == {"r.csv", "r.xlsx", "r.md"}
    lines = [[str(cell) for cell in line] for line in cells(sheets(Path("r.xlsx").read_bytes())[0])]
    assert list(csv.reader(io.StringIO(Path("r.csv").read_text("utf-8-sig")))) == lines
    job = csvimport.start(io.BytesIO(FILE.encode()), report="job.sarif")
    assert job.result().report == "job.sarif"
    assert COUNTS[".sarif"](Path("job.sarif").read_bytes()) == _counts(result)


@pytest.mark.parametrize("suffix", [".csv", *SUFFIXES])
def test_a_result_is_written_afterwards(suffix: str) -> None:
    result = csvimport.check(io.BytesIO(FILE.encode()))
    csvimport.write(result, f"r{suffix}")
    csvimport.write([result], f"list{suffix}")
    data = Path(f"r{suffix}").read_bytes()
    assert data == Path(f"list{suffix}").read_bytes()
    assert data if suffix == ".csv" else COUNTS[suffix](data) == _counts(result)


def test_rows_that_were_not_kept_cannot_be_written() -> None:
    result = csvimport.check(io.BytesIO(FILE.encode()), report="r.csv")
    csvimport.write(result, "again.csv")
    assert Path("again.csv").read_bytes() == Path("r.csv").read_bytes()
    with pytest.raises(OptionError, match=r"r\.xlsx: the rows were not kept"):
        csvimport.write(result, "r.xlsx")
    with pytest.raises(OptionError, match="found 2 results"):
        csvimport.write([result, result], "r.csv")
    result = csvimport.check(io.BytesIO(FILE.encode()), report="r.md")
    with pytest.raises(OptionError, match=r"two\.csv: the rows were not kept"):
        csvimport.write(result, "two.csv")


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_result_never_replaces_what_was_checked(folder: Path, suffix: str) -> None:
    path = folder / f"mine{suffix}"
    path.write_text(FILE)
    with path.open("rb") as file:
        results = [csvimport.check(path.name), csvimport.check([path, path]), csvimport.check(file)]
    Path("elsewhere").mkdir()
    os.chdir("elsewhere")
    Path(f"link{suffix}").symlink_to(path)
    for result in results:
        for target in (path, f"link{suffix}"):
            with pytest.raises(OutputError, match="is an input"):
                csvimport.write(result, target)
    assert path.read_text() == FILE
    csvimport.write(results[0], path.name)


@pytest.mark.parametrize(
    ("reports", "kept"),
    [([], True), (["r.csv"], False), (["r.sarif"], False), (["r.csv", "r.xlsx"], True)],
)
def test_rows_are_kept_for_who_needs_them(reports: list[str], kept: bool) -> None:
    data = FILE + ",,x\n" * 60_000
    result = csvimport.check(io.BytesIO(data.encode()), report=reports or None)
    _, *chunks = [chunk for chunk in result.chunks() if chunk.issues.height]
    assert {chunk.has_rows for chunk in chunks} == {kept}


def test_a_report_that_fails_is_told_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    faces = FACES | {".md": structs.replace(FACES[".md"], write=full)}
    monkeypatch.setattr("csvimport.report.faces.FACES", faces)
    job = csvimport.start(io.BytesIO(FILE.encode()), report=["r.sarif", "r.md", "r.jsonl"])
    with pytest.raises(OutputError, match=r"r\.md: no space left"):
        job.result()
    assert job.result().report == "r.sarif"
    assert _names(folder) == {"r.sarif", "r.jsonl"}


# --- Time ----------------------------------------------------------------------------------------


def test_slow_faces_are_given_their_time() -> None:
    check = checked("external_id\n" + '"\n' * 100)
    total = check.result().errors
    assert check.seconds_to_tell(1 / FACES[".xlsx"].pace) >= total / 5e4
    assert check.seconds_to_tell(0) < 1e-3


def test_wide_rows_are_given_their_time() -> None:
    rows, columns = 20, 500
    names = ",".join(f"c{at}" for at in range(columns - 1))
    check = checked(f"external_id,{names}\n" + ("," * (columns - 1) + "x\n") * rows)
    each = FACES[".xlsx"]
    told = check.seconds_to_tell(1 / each.pace, 1 / each.cell_pace)
    assert told >= rows * columns / 1e6
    assert told == pytest.approx(
        check.seconds_to_tell(1 / each.pace) + rows * columns / each.cell_pace
    )
    job = csvimport.start(io.BytesIO(b"external_id\n"), report="r.xlsx")
    job.result()
    assert job._each_cell == 1 / each.cell_pace
