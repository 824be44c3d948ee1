"""Several files as one import: rows are counted on, and every issue names the file it is in."""

import csv
import io
import json
import threading
import zipfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import CROSS_ROW, SAMPLED, run

from csvimport import Result, Verdict, check, start
from csvimport.cli import CANNOT_RUN, OK, main
from csvimport.errors import OptionError, SourceError
from csvimport.source import Source, Together, source_of

HEADER = b"external_id,email,plan\n"
#: Rows, with what is wrong with them in them alone.
ROWS = [
    b"A1,a@example.com,gold\n",
    b"A2,not an address,gold\n",
    b"A1,b@example.com,x\n",
    b"A3,c@example.com\n",
    b',,"silver, or\ngold"\n',
    b"\n",
    b"A4,\xff@example.com,gold\n",
    b'A5,d"e@example.com,gold\n',
    b"A6,f@example.com,007\n",
]


class Named(io.BytesIO):
    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self.name = name


def together(tables: Sequence[bytes]) -> list[Named]:
    return [Named(table, f"part-{index}.csv") for index, table in enumerate(tables)]


def zipped(tables: Sequence[bytes]) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for part in together(tables):
            archive.writestr(part.name, part.getvalue())
    return Named(file.getvalue(), "export.zip")


def told(result: Result) -> list[tuple[object, ...]]:
    """What is said of rows, but for where they stand and for the numbers of others."""
    return [
        (each.rule, each.row, each.column, each.value, each.suggestion)
        for each in result
        if each.row is not None
    ]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(ROWS), max_size=6), min_size=2, max_size=4))
def test_parts_say_what_the_whole_does(parts: list[list[bytes]]) -> None:
    one = check(io.BytesIO(HEADER + b"".join(chain(*parts))))
    tables = [HEADER + b"".join(rows) for rows in parts]
    # a header more in front of the rows of each part
    starts = [1 + sum(map(len, parts[:index])) for index in range(len(parts))]
    expected = [
        (rule, row + sum(row > start for start in starts[1:]), *rest)
        for rule, row, *rest in told(one)
        if isinstance(row, int)
    ]
    for source in (together(tables), zipped(tables)):
        result = check(source)
        assert told(result) == expected
        assert (result.rows, result.rows_with_errors) == (one.rows, one.rows_with_errors)
        assert result.bytes == result.bytes_checked == sum(map(len, tables))
        assert len(result.parts) == len(tables)
        for issue in result:
            assert issue.file in result.parts
            if issue.row is not None and issue.line is not None and issue.byte is not None:
                table = tables[result.parts.index(issue.file)]
                assert table[: issue.byte].count(b"\n") == issue.line - 1


@pytest.mark.parametrize("stop", range(1, 15))
def test_a_check_that_stops_tells_what_it_saw(stop: int) -> None:
    tables = [HEADER + b"".join(ROWS) * count for count in (1, 3, 2)]
    full = told(check(together(tables)))
    source = Together([Source(each) for each in together(tables)])
    result = run(source, blocks=stop, probe=16, block_size=100, max_record=60)
    rows = [row for _, row, *_ in told(result) if isinstance(row, int)]
    unlike = CROSS_ROW | SAMPLED
    assert [each for each in told(result) if each[0] not in unlike] == [
        each
        for each in full
        if each[0] not in unlike and isinstance(each[1], int) and each[1] <= max(rows, default=0)
    ]
    assert sum(result.issues_by_rule.values()) == len(list(result))
    assert not result.complete
    assert "duplicate-identifier" in result.incomplete_rules


def test_duplicates_are_found_across_parts() -> None:
    tables = [HEADER + b"A1,,\n", HEADER + b"A2,,\n", HEADER + b"A1,,\n"]
    (issue,) = check(together(tables))
    assert (issue.file, issue.rule, issue.row, issue.line) == (
        "part-2.csv",
        "duplicate-identifier",
        6,
        2,
    )
    assert "row 2" in issue.message


def test_each_part_has_its_own_encoding_and_faults() -> None:
    text = "external_id,home_city\nA1,Orléans\n"
    tables = [text.encode(), text.replace("A1", "A2").encode("utf-16"), b"sep=,\n" + text.encode()]
    issues = {(each.file, each.rule) for each in check(together(tables)) if each.row is None}
    assert issues == {
        ("part-1.csv", "wrong-encoding"),
        ("part-2.csv", "separator-line"),
    }
    result = check(together([text.encode(), *[text.replace("A1", "A2").encode("cp1252")] * 2]))
    assert [each.file for each in result if each.rule == "wrong-encoding"] == [
        "part-1.csv",
        "part-2.csv",
    ]
    (again,) = (each for each in result if each.rule == "duplicate-identifier")
    assert again.byte is None


ORLEANS = "external_id,home_city\nA1,Orléans\nA2,Besançon\nA3,Chambéry\n"


@pytest.mark.parametrize(
    ("encodings", "encoding", "bom"),
    [
        (["utf-8", "utf-8"], "utf-8", False),
        (["utf-8-sig", "utf-8-sig"], "utf-8", True),
        (["utf-8", "utf-8-sig"], "utf-8", True),
        (["cp1252", "cp1252"], "windows-1252", False),
        (["utf-8", "cp1252"], "mixed", False),
        (["cp1252", "utf-8-sig"], "mixed", True),
        (["utf-16", "utf-16"], "utf-16-le", False),
        (["", "cp1252", ""], "windows-1252", False),
        (["", ""], "utf-8", False),
    ],
)
def test_what_is_said_of_the_encoding_is_true_of_all_parts(
    encodings: list[str], encoding: str, *, bom: bool
) -> None:
    result = check(together([ORLEANS.encode(each) if each else b"" for each in encodings]))
    assert (result.encoding, result.bom) == (encoding, bom)
    assert result.to_dict()["encoding"] == encoding


@pytest.mark.parametrize("end", [b"\n", b"\r"])
def test_a_part_without_a_header_says_nothing_of_the_separators(end: bytes) -> None:
    table = b"external_id;email\nA1;\n".replace(b"\n", end)
    result = check(together([b"", table, end]))
    assert (result.delimiter, result.line_ending) == (";", {b"\n": "lf", b"\r": "cr"}[end])


def test_what_was_not_reached_says_nothing_of_the_encoding() -> None:
    tables = [HEADER + ROWS[0] * 50, HEADER + "A1,é,\n".encode("cp1252") * 50]
    source = Together([Source(each) for each in together(tables)])
    result = run(source, blocks=4, probe=16, block_size=100, max_record=60)
    assert (result.encoding, result.complete) == ("utf-8", False)
    assert 0 < result.rows_checked < 50


@pytest.mark.parametrize(
    "other", [b"external_id,email\nA1,\n", b"external_id;email;plan\nA1;;\n", HEADER[:-1] + b"\r"]
)
def test_another_header_is_no_part(other: bytes) -> None:
    for source, folder in (
        (together([HEADER, other]), ""),
        (zipped([HEADER, other]), "export.zip/"),
    ):
        with pytest.raises(SourceError) as caught:
            check(source)
        assert str(caught.value) == (
            f"{folder}part-1.csv: has another header than {folder}part-0.csv, "
            "expected parts of one import; check each by itself"
        )


def test_a_part_may_be_empty() -> None:
    result = check(together([b"", HEADER + ROWS[0], b""]))
    assert [(each.file, each.rule) for each in result] == [
        ("part-0.csv", "empty-file"),
        ("part-2.csv", "empty-file"),
    ]
    assert result.rows == 1


def test_what_is_one_input_and_what_are_parts(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(HEADER + ROWS[0])
    path = str(tmp_path / "a.csv")
    assert check([path]).parts == [path]
    assert told(check([path])) == told(check(path)) == told(check([HEADER, ROWS[0]]))
    assert check([HEADER, ROWS[0]]).parts == ["stream"]
    assert isinstance(source_of([path, path]), Together)
    with pytest.raises(OptionError):
        check([path, 1])  # type: ignore[arg-type]


def test_streams_without_a_name_are_told_apart() -> None:
    streams = [iter([HEADER, row]) for row in ROWS[:3]]
    result = check(streams)
    assert result.parts == ["stream", "stream-2", "stream-3"]
    assert result.file == "stream and 2 more"
    assert {each.file for each in result if each.row} == {"stream-2", "stream-3"}
    assert check([Named(HEADER, "a.csv"), iter([HEADER])]).parts == ["a.csv", "stream-2"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "a.csv").write_bytes(HEADER + ROWS[0])
    (folder / "b.CSV").write_bytes(HEADER + ROWS[1] + ROWS[0])
    for name in ("a.report.csv", ".hidden.csv", "notes.txt", "a.csv~"):
        (folder / name).write_bytes(b"no table of this import\n")
    return folder


@pytest.mark.usefixtures("folder")
def test_a_folder_is_the_files_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "export"]) == OK
    out = capsys.readouterr().out
    assert "export/a.csv: validation complete" in out
    assert "export/b.CSV: issues found" in out
    assert out.endswith("\n2 files: 3 rows checked, 0 errors, 1 warning\n")
    assert Path("b.report.csv").is_file()


@pytest.mark.usefixtures("folder")
def test_the_total_tells_of_files_that_could_not_be_checked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("export/c.csv.gz").write_bytes(b"\x1f\x8b\x08")
    assert main(["check", "export", "--no-report"]) == CANNOT_RUN
    told = "2 files: 3 rows checked, 0 errors, 1 warning; 1 file could not be checked"
    assert capsys.readouterr().out.endswith(f"\n{told}\n")
    assert main(["check", "export/a.csv", "export/c.csv.gz", "--no-report"]) == CANNOT_RUN
    told = "1 file: 1 row checked, 0 errors, 0 warnings; 1 file could not be checked"
    assert capsys.readouterr().out.endswith(f"\n{told}\n")


@pytest.mark.usefixtures("folder")
def test_a_link_in_a_folder_that_leads_nowhere_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("export/c.csv").symlink_to("nowhere")
    assert main(["check", "export"]) == CANNOT_RUN
    out, err = capsys.readouterr()
    assert "export/a.csv: validation complete" in out
    assert err == "csvimport: error: export/c.csv: no such file or directory\n"


@pytest.mark.usefixtures("folder")
def test_files_together_are_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "export", "--together", "--issues", "issues.jsonl"]) == OK
    out = capsys.readouterr().out
    assert out.startswith("export/a.csv and 1 more: issues found\n")
    assert "3 rows in 2 parts checked as attributes" in out
    assert "--> export/b.CSV:3 (row 5)" in out
    report = Path("export.report.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(report)))
    assert [(row["File"], row["Row"], row["Line"]) for row in rows] == [
        ("export/b.CSV", "4", "2"),
        ("export/b.CSV", "5", "3"),
    ]
    issues = [json.loads(line) for line in Path("issues.jsonl").read_text().splitlines()]
    assert {issue["file"] for issue in issues} == {"export/b.CSV"}
    assert main(["check", "export", "--together", "--format", "json", "--no-report"]) == OK
    (told,) = json.loads(capsys.readouterr().out)["files"]
    assert told["parts"] == ["export/a.csv", "export/b.CSV"]


def test_a_folder_without_tables_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "nothing").mkdir()
    assert main(["check", "export/nothing"]) == CANNOT_RUN
    assert capsys.readouterr().err == (
        "csvimport: error: export/nothing: is a folder without CSV files\n"
    )


def test_the_sample_may_be_full_before_the_last_part() -> None:
    rows = b"".join(b"A%d,,x\n" % row for row in range(12_000))
    result = check(together([HEADER + rows, HEADER + b"B1,,x\n", b"\n" + HEADER + b"A1,,x\n"]))
    assert result.rows == 12_002
    assert [(each.file, each.rule, each.row) for each in result] == [
        ("part-2.csv", "blank-row", 12_004),
        ("part-2.csv", "duplicate-identifier", 12_006),
    ]


@pytest.mark.parametrize("size", [1, 40, 1 << 20])
def test_blank_rows_may_precede_the_header_of_each_part(size: int) -> None:
    tables = [HEADER + ROWS[0], b"\n\n" + HEADER, b"\n" + HEADER + b"B1,,x\n"]
    result = run(Together([Source(each) for each in together(tables)]), block_size=size, probe=16)
    assert [(each.file, each.rule, each.row) for each in result] == [
        ("part-1.csv", "no-data-rows", None),
        ("part-1.csv", "blank-row", 3),
        ("part-1.csv", "blank-row", 4),
        ("part-2.csv", "blank-row", 6),
    ]


def test_what_later_parts_would_decide_is_not_fully_checked() -> None:
    tables = [HEADER + ROWS[0] * 50, b"A title\n" + HEADER]
    source = Together([Source(each) for each in together(tables)])
    result = run(source, blocks=4, probe=16, block_size=100, max_record=60, size_limit=0.001)
    assert 0 < result.rows_checked < 50
    assert {"file-too-large", "lines-before-header", "no-data-rows"} <= set(result.incomplete_rules)


# --- Time ----------------------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[Iterator[bytes]]:
    """A part of which nothing comes for as long as the test takes."""
    over = threading.Event()

    def wait() -> Iterator[bytes]:
        over.wait()
        yield b""

    yield wait()
    over.set()


def test_a_part_that_is_silent_keeps_no_other_from_being_checked(silent: Iterator[bytes]) -> None:
    first, *others = together([HEADER + ROWS[1] * 3, HEADER + ROWS[0]])
    result = check([first, silent, *others], time_budget=1)
    assert result.verdict == Verdict.TIMED_OUT_WITH_ISSUES
    assert (result.rows_checked, result.issues_by_rule["invalid-email"]) == (3, 3)
    assert result.parts == ["part-0.csv", "stream-2", "part-1.csv"]
    assert result.bytes_checked == len(HEADER + ROWS[1] * 3)
    assert "empty-file" in result.incomplete_rules


def test_while_nothing_comes_nothing_is_claimed(silent: Iterator[bytes]) -> None:
    (other,) = together([HEADER * 100])
    result = check([silent, other], time_budget=0.5)
    assert (result.verdict, result.rows_checked, result.bytes_checked) == (Verdict.TIMED_OUT, 0, 0)
    assert result.parts == ["stream", "part-0.csv"]
    assert list(result) == []


def test_a_job_can_be_cancelled_while_a_part_is_silent(silent: Iterator[bytes]) -> None:
    job = start([*together([HEADER + ROWS[0]]), silent])
    assert job.result(timeout=1).rows_checked == 1
    job.cancel()
    assert job.result().verdict == Verdict.SKIPPED


@pytest.mark.parametrize("stop", [1, 2, 7, 40, 41, 60])
def test_between_parts_it_is_asked_whether_there_is_time(stop: int) -> None:
    opened = 0

    class Counted(Source):
        def open(self, member: str | None = None) -> Iterator[bytes]:
            nonlocal opened
            opened += 1
            return super().open(member)

    tables = together([HEADER + ROWS[0]] * 40)
    result = run(Together([Counted(each) for each in tables]), blocks=stop)
    assert not result.complete
    assert len(result.parts) == 40
    assert opened <= 2 * stop
    assert "duplicate-identifier" in result.incomplete_rules


@pytest.mark.parametrize("stop", range(1, 12))
def test_the_size_of_all_parts_is_not_that_of_one(stop: int) -> None:
    source = Together([Source(each) for each in together([HEADER + ROWS[0] * 40] * 3)])
    result = run(source, blocks=stop, probe=16, block_size=500, max_record=60, size_limit=0.001)
    assert not {"file-too-large", "file-near-limit"} & set(result.issues_by_rule)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_the_header_of_a_stream_is_compared_when_it_is_reached(encoding: str) -> None:
    texts = ["external_id,größe\nA1,1\n", "external_id,größer\nA2,1\n"]
    one, other = (text.encode(encoding) for text in texts)
    assert check([iter([one]), *together([one]), iter([one])]).rows == 3
    mixtures: list[list[Any]] = [[one, *together([other])], [*together([one]), other], [one, other]]
    for parts in mixtures:
        streams = [iter([part]) if isinstance(part, bytes) else part for part in parts]
        with pytest.raises(SourceError, match="has another header than"):
            check(streams)


@pytest.mark.parametrize("other", [b"external_id\n", b'plan,"no\nemail,external_id\n'])
def test_a_stream_of_other_columns_is_told_however_much_was_read_before(other: bytes) -> None:
    one = b"plan,email,external_id\n" + b"".join(b"x,,A%d\n" % row for row in range(12_000))
    with pytest.raises(SourceError, match="has another header than"):
        check([iter([one]), iter([other, b"x,,B1\n" * 9])])


def test_a_header_in_quotes_is_the_same_one() -> None:
    first, *others = together([b'external_id,plan\nA1,"x"\n', b'"external_id",plan\n"A1",\n'])
    result = check([first, *others])
    assert (result.rows, dict(result.issues_by_rule)) == (2, {"duplicate-identifier": 1})
    with pytest.raises(SourceError, match="has another header than"):
        check([*together([b'external_id,"plan\nA1,x\n']), *together([b'external_id,plan"\nA2,\n'])])


def test_the_headers_of_files_are_compared_before_all_else() -> None:
    def late() -> Iterator[bytes]:
        raise AssertionError
        yield b""

    first, *others = together([HEADER, HEADER, HEADER[1:]])
    with pytest.raises(SourceError, match=r"part-2\.csv: has another header than part-0\.csv"):
        check([first, late(), *others])


def test_an_archive_in_a_stream_is_looked_into_when_it_is_first() -> None:
    tables = [HEADER + ROWS[0], HEADER + ROWS[1]]
    archive = zipped(tables).getvalue()
    assert check([iter([archive]), *together(tables)]).rows == 4
    with pytest.raises(SourceError, match="stream-3: holds 2 files, expected one"):
        check([*together(tables), iter([archive])])
