"""The error report, read back: every flagged row as it stood in the file, and what is wrong."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model import read
from running import checked, report, report_bytes, run
from tables import FILES, INPUTS

from csvimport import Issue, OutputError, Result, Severity, check
from csvimport.issue import LEAVE_BLANK
from csvimport.rulebook import rulebook

BOOK = rulebook()
OWN = ["Row", "Line", "Issue type", "Rules", "Description", "Original text"]


def _csv(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _helps(rule: str) -> list[str]:
    return [wording.help for _, wording in BOOK[rule].wordings()]


def _sentences(found: list[Issue]) -> str:
    """A pattern of the description of a row with these issues."""
    sentences = []
    for each in found:
        helps = "|".join(re.escape(text) for text in _helps(each.rule))
        remedy = f"(?:{helps})"
        if each.suggestion is not None:
            use = f'use "{each.suggestion}"'
            remedy = re.escape(use if each.suggestion else LEAVE_BLANK)
        column = f"{each.column}: " if each.column else ""
        sentences.append(re.escape(f"{column}{each.message}; ") + remedy)
    return re.escape(" | ").join(sentences)


def _by_line(result: Result) -> list[list[Issue]]:
    """The issues of each line of the report: those of the file one by one, the others by row."""
    lines: list[list[Issue]] = []
    for each in result:
        if each.row is not None and lines and lines[-1][0].row == each.row:
            lines[-1].append(each)
        else:
            lines.append([each])
    return lines


@settings(max_examples=120, deadline=None)
@given(INPUTS, st.sampled_from(["auto", "events"]))
def test_every_flagged_row_has_one_line_in_the_order_of_the_file(data: bytes, kind: str) -> None:
    result = run(data, kind=kind)
    header, *lines = report(result, raw=True)
    assert header[6:] == result.headers
    assert {len(line) for line in lines} <= {len(header)}
    rows = _by_line(result)
    assert len(lines) == len(rows)
    for line, found in zip(lines, rows, strict=True):
        row, number, issue_type, rules, description, _ = line[:6]
        assert row == ("" if found[0].row is None else str(found[0].row))
        assert number == ("" if found[0].line is None else str(found[0].line))
        worst = any(each.severity == Severity.ERROR for each in found)
        assert issue_type == ("Error" if worst else "Warning")
        assert rules == "; ".join(dict.fromkeys(each.rule for each in found))
        assert re.fullmatch(_sentences(found), description), (description, _sentences(found))


@settings(max_examples=60, deadline=None)
@given(FILES)
def test_malformed_rows_keep_their_text_and_the_cells_before_the_fault(text: str) -> None:
    data = text.encode()
    result = run(data)
    header, *lines = report(result, raw=True)
    entries = read(data).entries
    bounds = [*(entry.byte for entry in entries), len(data)]
    for line in lines:
        if not line[0]:
            assert line[5:] == [""] * (len(header) - 5)
            continue
        row = int(line[0])
        entry = entries[row - 1]
        record = data[bounds[row - 1] : bounds[row]].decode()
        if entry.fault:
            assert record.startswith(line[5])
            assert record[len(line[5]) :].strip("\r\n") == ""
            before = [cell for cell in line[6:] if cell]
            assert all(cell.replace('"', '""') in record for cell in before)
        else:
            assert line[5] == ""
        if entry.kind == "data" and entry.cells is not None and result.columns is not None:
            assert line[6:] == [cell.decode() for cell in entry.cells]
        if entry.kind == "header" and not entry.fault:
            assert line[6:] == result.headers


def test_cells_before_the_fault() -> None:
    data = (
        "external_id,plan,note,more\n"
        'A1,"a ""b""",O"Brien,x\n'
        'A2,,"x"y,z\n'
        'A3,"open,x,y\n'
        "A4,x,y,z,too,many\n"
        "A5,x\n"
        "A6,x,y,z\n"
        '"\n'
    )
    header, *lines = report(run(data))
    assert header == [*OWN, "external_id", "plan", "note", "more"]
    assert [line[5:] for line in lines] == [
        ['A1,"a ""b""",O"Brien,x', "A1", 'a "b"', "", ""],
        ['A2,,"x"y,z', "A2", "", "", ""],
        ['A3,"open,x,y', "A3", "", "", ""],
        ["A4,x,y,z,too,many", "A4", "x", "y", "z"],
        ["A5,x", "A5", "x", "", ""],
        ['"', "", "", "", ""],
    ]
    assert [line[0] for line in lines] == ["2", "3", "4", "5", "6", "8"]


CELL = st.text(
    st.characters(exclude_categories=["Cs"], include_characters="=@+-\t\r\n\",'0123456789"),
    max_size=6,
)
CELLS = st.one_of(
    CELL,
    st.builds(str.__add__, st.sampled_from("=@+-\t\r"), CELL),
    st.sampled_from(["", "'", "'=x", "\r\n", '"', "\ufeff", "a,b", " ", "\0", "\u2028", "N/A"]),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=8))
def test_a_file_whose_every_row_is_flagged_comes_back_byte_for_byte(
    cells: list[tuple[str, str, str]],
) -> None:
    rows = [["", f"x{one}", two, three] for one, two, three in cells]
    result = run(_csv([["external_id", "one", "two", "three"], *rows]))
    assert result.rows_with_errors == len(rows)
    _, *raw = report(result, raw=True)
    lines = [line for line in raw if line[0] and int(line[0]) > 1]
    assert [line[6:] for line in lines] == rows
    _, *safe = report(result)
    for mine, cell in zip(
        (cell for line in safe if line[0] and int(line[0]) > 1 for cell in line[6:]),
        (cell for row in rows for cell in row),
        strict=True,
    ):
        if cell[:1] in ("=", "@", "\t", "\r", "\n", "＝", "＠", "＋", "－"):
            assert mine == f"'{cell}"
        elif cell[:1] in ("+", "-"):
            assert mine in (cell, f"'{cell}")
        else:
            assert mine == cell


GUARDED = [
    "=1+1",
    "@x",
    "\t1",
    "\r1",
    "+x",
    "-x",
    "+",
    "-",
    "+1+cmd|x",
    "-1+1",
    "--1",
    "+=1",
    "-@x",
]
GUARDED += ["\n1", "＝1", "＋1", "－1", "＠x"]
GUARDED += ["-.", "+.x", "+(", "+(x)", "-(1)", "+.5+x"]
GUARDED += ["=", "-2+3+cmd|' /C calc'!A0", "+44 20 7183 8750 x", "-\n1", "+1\n=2", "=é"]
PLAIN = ["+442071838750", "+44 20 7183 8750", "+1 (415) 555-2671", "-5", "+5", "-1.5", "-1,234.50"]
PLAIN += ["-.5", "+.5", "-.5e3", "+(44)20", "+(44) 20-7183"]
PLAIN += ["1-2", "a=b", " =1", "'=1", "'+44", "x@y.z", "", "-1.5E+10", "-0"]


def _line(result: Result, *, row: int, raw: bool = False) -> list[str]:
    """The line of the report about this row."""
    return next(line for line in report(result, raw=raw) if line[0] == str(row))


@pytest.mark.parametrize("cell", [*GUARDED, *PLAIN], ids=repr)
def test_formulas_are_guarded_in_every_cell_of_the_report(cell: str) -> None:
    safe = f"'{cell}" if cell in GUARDED else cell
    data = _csv([["external_id", "plan", "note"], ["", "x", cell]])
    assert _line(run(data), row=2)[8] == safe
    assert _line(run(data), row=2, raw=True)[8] == cell
    if cell.strip() and "\n" not in cell and "\r" not in cell:
        data = _csv([["external_id", cell], ["", "x"]])
        assert report(run(data, kind="attributes"))[0][7] == safe
        assert report(run(data, kind="attributes"), raw=True)[0][7] == cell


def test_original_text_and_description_are_guarded() -> None:
    _, *lines = report(run('external_id,=plan ,x\n=1"+2,3,4\n'))
    by_row = {line[0]: line for line in lines}
    assert by_row["1"][4].startswith("'=plan : found white space")
    assert by_row["2"][5] == "'=1\"+2,3,4"


@pytest.mark.parametrize(
    ("data", "guarded"),
    [
        ("external_id,=x\n,1\n", 1),
        ("external_id,=x\n,=1\n", 2),
        ("external_id,x,x\n,+y,@z\n", 2),
        ("external_id,x\n,1\n", 0),
    ],
)
def test_every_guarded_cell_is_counted(tmp_path: Path, data: str, guarded: int) -> None:
    result = check(io.BytesIO(data.encode()), kind="attributes", report=tmp_path / "r.csv")
    header = sum(cell.startswith("'") for cell in report(result)[0])
    rows = sum(cell.startswith("'") for line in report(result)[1:] for cell in line)
    assert result.report_guarded == header + rows >= guarded
    assert header == ("=x" in data)
    result = check(io.BytesIO(data.encode()), report=tmp_path / "r.csv", raw=True)
    assert result.report_guarded == 0


def test_a_column_of_the_file_keeps_its_name() -> None:
    names = ["external_id", "Row", "Rules", "Rules (report)", "line", "Description "]
    cells = ["", "1", "2", "3", "4", "5"]
    header, *lines = report(run(_csv([names, cells])))
    line = next(line for line in lines if line[0] == "2")
    assert header[:6] == [
        "Row (report)",
        "Line",
        "Issue type",
        "Rules (report) (report)",
        "Description",
        "Original text",
    ]
    assert header[6:] == names
    assert line[6:] == cells


def test_issues_of_the_file_come_first() -> None:
    data = b"\xff\xfe" + "sep=;\n\nexternal_id;plan \r\n;x\n".encode("utf-16-le")
    header, *lines = report(run(data))
    assert [line[3] for line in lines] == [
        "header-line-ending-differs",
        "separator-line",
        "wrong-delimiter",
        "wrong-encoding",
        "blank-row",
        "header-whitespace",
        "missing-identifier",
    ]
    assert [line[:2] for line in lines] == [["", ""]] * 4 + [["1", "2"], ["2", "3"], ["3", "4"]]
    assert lines[5][6:] == ["external_id", "plan "]
    assert {len(line) for line in lines} == {len(header)}


def test_blank_rows_before_the_header_have_all_cells() -> None:
    header, *lines = report(run("\n,\nexternal_id,plan,x\n,a,b\n"))
    assert [line[3] for line in lines] == ["blank-row", "blank-row", "missing-identifier"]
    assert {len(line) for line in lines} == {len(header)} == {9}


def test_the_type_of_a_row_is_its_worst() -> None:
    data = "external_id,email,plan\nA1,,\nA1,,\n,a,\n,b@example.com,\n"
    _, *lines = report(run(data))
    assert [(line[0], line[2], line[3]) for line in lines] == [
        ("3", "Warning", "duplicate-identifier"),
        ("4", "Error", "identifier-fallback; unusable-identifier"),
        ("5", "Warning", "identifier-fallback"),
    ]
    _, *lines = report(run(data, severities={"duplicate-identifier": Severity.ERROR}))
    assert [line[2] for line in lines] == ["Error", "Error", "Warning"]


def test_the_description_tells_what_to_do() -> None:
    _, first, second = report(run("external_id,email\n A1,\n,a@exämple.com\n"))
    assert first[4] == ('external_id: found white space at the start or end of ` A1`; use "A1"')
    fallback, unusable = second[4].split(" | ")
    assert fallback.startswith("email: found no `external_id` in this row")
    assert fallback.endswith("; put users with and without that identifier into two files")
    assert unusable.endswith('to identify the user; use "a@xn--exmple-cua.com"')


def test_the_help_of_a_variant_stands_in_the_description() -> None:
    groups = [f"{number}ff593d7-cf69-448b-aca9-abf7d7b8c273" for number in range(2)]
    data = "external_id,subscription_group_id,subscription_state\n" + "".join(
        f"A1,{group},subscribed\n" for group in (*groups, groups[0])
    )
    _, other, same = report(run(data))
    assert "one import per subscription group" in other[4]
    assert "one import per subscription group" not in same[4]


@settings(max_examples=40, deadline=None)
@given(INPUTS)
def test_the_bytes_of_the_report(data: bytes) -> None:
    text = report_bytes(run(data))
    assert text.startswith(b"\xef\xbb\xbf")
    assert text.endswith(b"\r\n")
    text.decode()
    # outside quotes all lines end in CRLF
    outside = b"".join(text.split(b'"')[::2])
    assert outside.count(b"\n") == outside.count(b"\r") == outside.count(b"\r\n")


def test_where_there_is_nothing_to_report_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "x.report.csv"
    result = check(io.BytesIO(b"external_id\nA1\n"), report=path)
    assert result.report is None
    assert list(tmp_path.iterdir()) == []
    result = check(io.BytesIO(b"external_id\n\nA1\n"), report=path)
    assert result.report == str(path)
    assert list(tmp_path.iterdir()) == [path]
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert result.report_lines == len(list(csv.reader(file))) == 2


def test_a_report_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.report.csv"
    path.write_text("from an earlier run")

    class Full(io.FileIO):
        def write(self, _: object) -> int:
            raise OSError(28, "No space left on device")

    opened = Path.open

    def full(path: Path, *mode: Any, **how: Any) -> Any:
        return Full(path, "w") if path.suffix == ".part" else opened(path, *mode, **how)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="no space left"):
        check(io.BytesIO(b"external_id\n\nA1\n"), report=path)
    assert path.read_text() == "from an earlier run"
    assert list(tmp_path.iterdir()) == [path]


def test_the_header_of_a_file_with_a_malformed_one() -> None:
    header, *lines = report(run('external_id,plan,"x"y,z\nA1,O"Brien\n'))
    assert header == [*OWN, "external_id", "plan"]
    assert [line[5:] for line in lines] == [
        ['external_id,plan,"x"y,z', "external_id", "plan"],
        ['A1,O"Brien', "", ""],
    ] or [line[5:] for line in lines] == [
        ['external_id,plan,"x"y,z', "external_id", "plan"],
        ['A1,O"Brien', "A1", ""],
    ]


def test_rows_of_many_blocks_are_joined_with_their_issues() -> None:
    rows = [[f"id{number}" if number % 3 else "", f"x{number}"] for number in range(200)]
    data = _csv([["external_id", "plan"], *rows])
    _, *lines = report(checked(data, block_size=16, probe=16, max_record=40).result())
    expected = [(str(row), *cells) for row, cells in enumerate(rows, 2) if not cells[0]]
    assert [(line[0], *line[6:]) for line in lines] == expected


@pytest.mark.parametrize("block_size", [100, 600, 5000])
def test_the_text_of_a_record_that_is_too_large_does_not_depend_on_the_blocks(
    block_size: int,
) -> None:
    data = b"external_id,a\nA1," + b"x" * 2000 + b"\nA2,y\n"
    result = run(data, block_size=block_size, max_record=300)
    (example,) = result.examples
    assert example.issue.rule == "record-too-large"
    assert example.text == "A1," + "x" * 297
