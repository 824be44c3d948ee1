"""The command line: what it prints where, what it writes, and with which status it ends."""

import csv
import functools
import gc
import io
import itertools
import json
import os
import re
import select
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import types
import unicodedata
from collections.abc import Callable, Container
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from csvimport import Verdict
from csvimport.cli import CANNOT_RUN, FOUND, INTERRUPTED, OK, TIMED_OUT, main
from csvimport.rulebook import rulebook

CLEAN = "external_id,email\n1,a@example.com\n2,b@example.com\n"
#: One row in error, one with a warning.
ERRORS = 'external_id,email\n1,a@example.com\nx,O"Brien\n1,b@example.com\n3,c@example.com\n'
#: Warnings alone.
WARNINGS = "external_id,email\n1,a@example.com\n\n1,b@example.com\n"
FORMULA = 'external_id,email,"=1+1"\n1,a@example.com,+44 20 7946 0000\n1,=cmd(),-x\n'
DEADLINE = 30


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, empty; temporary files go to another one."""
    working, temporary = tmp_path / "work", tmp_path / "tmp"
    working.mkdir()
    temporary.mkdir()
    monkeypatch.chdir(working)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CLICOLOR_FORCE", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)
    return working


def write(name: str, text: str | bytes) -> Path:
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def names(folder: Path | None = None) -> set[str]:
    """What lies in the working folder, hidden files too."""
    return {path.name for path in (folder or Path()).iterdir()}


def temporary() -> list[str]:
    """What is left of the temporary files."""
    gc.collect()
    return sorted(os.listdir(tempfile.gettempdir()))


def report(path: str | Path) -> list[list[str]]:
    csv.field_size_limit(1 << 30)
    text = Path(path).read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def assert_nothing_is_left(but: Container[str] = ()) -> None:
    assert [name for name in names() if name not in but] == []
    assert temporary() == []


class Printed:
    """Runs the command in this process and keeps what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str | Path) -> int:
        status = main([str(each) for each in arguments])
        self.out, self.err = self._capsys.readouterr()
        return status

    def json(self, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
        """The status, and the first file's result."""
        status = self("check", "--format", "json", *arguments)
        document = json.loads(self.out)
        result: dict[str, Any] = document["files"][0]
        return status, result

    def complaint(self, *arguments: str | Path) -> str:
        """The one line that says why the command could not run."""
        assert self(*arguments) == CANNOT_RUN
        assert self.out == ""
        return one_line(self.err)


def one_line(err: str) -> str:
    """What is said in the one line that `err` must be."""
    prefix = "csvimport: error: "
    assert err.startswith(prefix)
    assert err.count("\n") == 1
    assert err.endswith("\n")
    assert "Traceback" not in err
    assert "is a bug" not in err
    return err.removeprefix(prefix).removesuffix("\n")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Printed:
    return Printed(capsys)


# --- Subprocesses and terminals ------------------------------------------------------------------

COMMAND = [sys.executable, "-m", "csvimport"]
#: The command as a shell starts it in the foreground: tests may be run with SIGINT ignored.
INTERRUPTIBLE = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from csvimport.__main__ import command; command()",
]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "TMPDIR": tempfile.gettempdir(), **more}


def process(
    *arguments: str | bytes, stdin: bytes = b"", **environ: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        env=environment(**environ),
        timeout=DEADLINE,
        check=False,
    )


def on_terminal(
    *arguments: str, out: bool = True, err: bool = True, **environ: str
) -> tuple[int, str, str]:
    """Status and output of a command whose stdout and stderr are terminals, or pipes."""
    ends = [os.openpty() if terminal else os.pipe() for terminal in (out, err)]
    readers = [end[0] for end in ends]
    environ = {"TERM": "xterm-256color", "COLUMNS": "100", **environ}
    with subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=ends[0][1],
        stderr=ends[1][1],
        env=environment(**environ),
    ) as running:
        for _, writer in ends:
            os.close(writer)
        texts = dict.fromkeys(readers, b"")
        open_readers = set(readers)
        deadline = time.monotonic() + DEADLINE
        while open_readers and time.monotonic() < deadline:
            for reader in select.select(list(open_readers), [], [], 1)[0]:
                try:
                    piece = os.read(reader, 1 << 16)
                except OSError:  # the terminal was closed
                    piece = b""
                texts[reader] += piece
                if not piece:
                    open_readers.remove(reader)
        status = running.wait(DEADLINE)
    for reader in readers:
        os.close(reader)
    said, talk = (texts[reader].decode().replace("\r\n", "\n") for reader in readers)
    return status, said, talk


Feed = Callable[[int], None]


def fed(
    *arguments: str,
    feed: Feed | None,
    interrupt_after: float | None = None,
    by: signal.Signals = signal.SIGINT,
) -> tuple[int | None, str, str]:
    """Status and output of a command whose stdin `feed` writes and leaves open.

    The status is None where it does not end soon after it was interrupted.
    """
    reader, writer = os.pipe()
    with subprocess.Popen(
        [*INTERRUPTIBLE, *arguments],
        stdin=reader,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as running:
        os.close(reader)
        feeder = threading.Thread(target=_feed, args=(feed, writer), daemon=True)
        feeder.start()
        patience = 6
        if interrupt_after is not None:
            time.sleep(interrupt_after)
            running.send_signal(by)
            patience = 3
        status: int | None = None
        try:
            status = running.wait(patience)
        except subprocess.TimeoutExpired:
            running.kill()
        out, err = running.communicate(timeout=DEADLINE)
    feeder.join(DEADLINE)
    os.close(writer)
    return status, out.decode(), err.decode()


def _feed(feed: Feed | None, writer: int) -> None:
    try:
        if feed:
            feed(writer)
    except OSError:
        pass  # the reader has gone


def write_all(writer: int, data: bytes) -> None:
    while data:
        data = data[os.write(writer, data) :]


HEADER = b"external_id,email,email_encrypted\n"
#: Some megabytes of rows that are soon checked, for they are few.
ROWS = (b"1,a@example.com," + b"x" * 4_000 + b"\n") * 6_000


# --- Exit statuses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fail_on", "status"),
    [
        (CLEAN, "error", OK),
        (CLEAN, "warning", OK),
        (CLEAN, "never", OK),
        (WARNINGS, "error", OK),
        (WARNINGS, "warning", FOUND),
        (WARNINGS, "never", OK),
        (ERRORS, "error", FOUND),
        (ERRORS, "warning", FOUND),
        (ERRORS, "never", OK),
    ],
)
def test_status_says_whether_fail_on_was_reached(
    run: Printed, text: str, fail_on: str, status: int
) -> None:
    write("users.csv", text)
    assert run("check", "users.csv", "--fail-on", fail_on) == status
    assert run.err == ""


def test_statuses_are_those_of_the_contract() -> None:
    assert (OK, FOUND, CANNOT_RUN, TIMED_OUT, INTERRUPTED) == (0, 1, 2, 3, 130)


def test_an_error_is_what_fails_by_default(run: Printed) -> None:
    write("errors.csv", ERRORS)
    write("warnings.csv", WARNINGS)
    assert run("check", "errors.csv") == FOUND
    assert run("check", "warnings.csv") == OK


@pytest.mark.parametrize(
    ("files", "status"),
    [
        (["clean", "errors"], FOUND),
        (["errors", "clean"], FOUND),
        (["errors", "missing"], CANNOT_RUN),
        (["missing", "errors", "clean"], CANNOT_RUN),
        (["clean", "clean"], OK),
    ],
)
def test_of_several_files_the_gravest_status_counts(
    run: Printed, files: list[str], status: int
) -> None:
    write("clean.csv", CLEAN)
    write("errors.csv", ERRORS)
    assert run("check", *(f"{name}.csv" for name in files)) == status


def test_a_missing_file_does_not_keep_the_others_from_being_checked(run: Printed) -> None:
    write("a.csv", ERRORS)
    write("b.csv", ERRORS)
    assert run("check", "a.csv", "missing.csv", "b.csv") == CANNOT_RUN
    assert one_line(run.err) == "missing.csv: no such file or directory"
    assert "a.csv: issues found" in run.out
    assert "b.csv: issues found" in run.out
    assert names() == {"a.csv", "b.csv", "a.report.csv", "b.report.csv"}


def test_a_missing_file_is_not_in_the_document(run: Printed) -> None:
    write("a.csv", CLEAN)
    assert run("check", "missing.csv", "a.csv", "--format", "json") == CANNOT_RUN
    assert [each["file"] for each in json.loads(run.out)["files"]] == ["a.csv"]
    one_line(run.err)


# --- The text ------------------------------------------------------------------------------------


def test_the_text_says_what_it_is_what_it_means_and_what_to_do(run: Printed) -> None:
    write("users.csv", ERRORS)
    assert run("check", "users.csv") == FOUND
    lines = run.out.splitlines()
    assert lines[0] == "users.csv: issues found"
    assert any(line.strip().startswith("next: ") for line in lines)
    assert re.search(r"^ +1  error +stray-quote$", run.out, re.MULTILINE)
    assert re.search(r"^ +1  warning +duplicate-identifier$", run.out, re.MULTILINE)
    assert re.search(r"^error\[stray-quote\]: .*`O\"Brien`$", run.out, re.MULTILINE)
    assert "--> users.csv:3" in run.out
    assert "report: users.report.csv" in run.out
    assert run.err == ""


def test_a_caret_stands_under_the_cell(run: Printed) -> None:
    write("users.csv", "external_id,first_name\n1,漢字\nNULL,é\n")
    run("check", "users.csv")
    lines = run.out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.endswith("| NULL,é"))
    assert lines[at + 1].partition("| ")[2] == "^^^^"
    assert lines[at + 1].index("|") == lines[at].index("|")


def test_a_clean_file_is_said_to_be_one(run: Printed) -> None:
    write("users.csv", CLEAN)
    assert run("check", "users.csv") == OK
    assert run.out.startswith("users.csv: validation complete\n")
    assert "next: import the data" in run.out


@pytest.mark.parametrize(
    "header", ['external"id,x', '"external_id', 'a,b"c', '"a"b,c'], ids=["stray", "open", "2", "b"]
)
@pytest.mark.parametrize("rows", ["", "1,2\n"])
def test_a_header_that_cannot_be_read_is_said_to_be_one(
    run: Printed, header: str, rows: str
) -> None:
    write("users.csv", f"\n{header}\n{rows}")
    assert run("check", "users.csv") == FOUND
    assert "the header cannot be read, so " in run.out
    assert "not fully checked" not in run.out
    ignored = ["stray-quote", "unclosed-quote", "text-after-quote", "no-data-rows", "blank-row"]
    run("check", "users.csv", *(each for rule in ignored for each in ("--ignore", rule)))
    assert "the header cannot be read, so " in run.out
    assert "not fully checked" not in run.out
    assert "import the data" not in run.out
    assert "\n  no issues\n" not in run.out
    assert "next: correct the header" in run.out


@pytest.mark.parametrize("text", ["", "\n", ",,\n \n", "sep=;\n"])
def test_a_file_without_a_header_has_none_that_cannot_be_read(run: Printed, text: str) -> None:
    write("users.csv", text)
    for options in ([], ["--ignore", "empty-file", "--ignore", "separator-line"]):
        run("check", "users.csv", *options)
        assert "the header" not in run.out.partition("next:")[0]
        assert "correct the header" not in run.out


@pytest.mark.parametrize("show", range(4))
def test_show_bounds_the_examples_and_says_so(run: Printed, show: int) -> None:
    write("users.csv", "external_id,email\nx\n\nNULL,\n1,2,3\n")
    run("check", "users.csv", "--show", str(show))
    assert len(re.findall(r"^(?:error|warning)\[", run.out, re.MULTILINE)) == show
    for rule in ("too-few-cells", "too-many-cells", "blank-row", "damaged-identifier"):
        assert re.search(rf"^ +1  (?:error|warning) +{rule}$", run.out, re.MULTILINE)
    assert ("more rule" in run.out) == (show > 0)


def test_texts_of_several_files_are_apart(run: Printed) -> None:
    write("a.csv", CLEAN)
    write("b.csv", CLEAN)
    run("check", "a.csv", "b.csv")
    assert "\n\nb.csv: validation complete\n" in run.out


# --- The document --------------------------------------------------------------------------------

KEYS = """file parts kind kind_reason verdict broken_off bytes bytes_checked encoding bom
line_ending delimiter
identifier columns new_attributes workspace baseline rows rows_checked rows_importable
rows_with_errors rows_with_warnings errors warnings issues_by_rule incomplete_rules
ignored_rules changed_rules redacted report
elapsed_seconds"""


def test_the_document_is_that_of_the_contract(run: Printed) -> None:
    write("users.csv", ERRORS)
    assert run("check", "users.csv", "--format", "json", "--now", "2026-11-22T01:00:00+01:00") == 1
    assert run.err == ""
    document = json.loads(run.out)
    assert list(document) == ["version", "tool_version", "now", "files"]
    assert document["version"] == 1
    assert document["tool_version"] == version("csvimport")
    assert document["now"] == "2026-11-22T00:00:00Z"
    (result,) = document["files"]
    assert list(result) == KEYS.split()
    elapsed = result.pop("elapsed_seconds")
    assert isinstance(elapsed, float)
    assert 0 <= elapsed < DEADLINE
    assert isinstance(result.pop("kind_reason"), str)
    assert result == {
        "file": "users.csv",
        "parts": ["users.csv"],
        "kind": "attributes",
        "verdict": "issues_found",
        "broken_off": None,
        "bytes": len(ERRORS),
        "bytes_checked": len(ERRORS),
        "encoding": "utf-8",
        "bom": False,
        "line_ending": "lf",
        "delimiter": ",",
        "identifier": ["external_id", "email"],
        "columns": [
            {
                "name": "external_id",
                "role": "identifier",
                "type": "identifier",
                "reason": "identifies the user",
            },
            {
                "name": "email",
                "role": "identifier",
                "type": "email",
                "reason": "identifies the user",
            },
        ],
        "new_attributes": [],
        "workspace": None,
        "baseline": None,
        "rows": 4,
        "rows_checked": 4,
        "rows_importable": 3,
        "rows_with_errors": 1,
        "rows_with_warnings": 1,
        "errors": 1,
        "warnings": 1,
        "issues_by_rule": {"stray-quote": 1, "duplicate-identifier": 1},
        "incomplete_rules": [],
        "ignored_rules": [],
        "changed_rules": {},
        "redacted": False,
        "report": "users.report.csv",
    }


def test_the_document_of_several_files_is_in_their_order(run: Printed) -> None:
    write("b.csv", ERRORS)
    write("a.csv", CLEAN)
    run("check", "b.csv", "a.csv", "--format", "json")
    files = json.loads(run.out)["files"]
    assert [(each["file"], each["report"]) for each in files] == [
        ("b.csv", "b.report.csv"),
        ("a.csv", None),
    ]


def test_a_malformed_header_has_no_columns(run: Printed) -> None:
    write("users.csv", 'external_id,"email\n1,2\n')
    _, result = run.json("users.csv")
    assert result["columns"] is None
    assert "duplicate-identifier" in result["incomplete_rules"]


def test_letters_come_through_the_document(run: Printed) -> None:
    write("é.csv", CLEAN)
    _, result = run.json("é.csv")
    assert result["file"] == "é.csv"


@pytest.mark.parametrize(
    ("header", "option", "kind"),
    [
        ("external_id,email", "auto", "attributes"),
        ("external_id,name,time", "auto", "events"),
        ("external_id,a.properties.b", "auto", "events"),
        ("external_id,name,time", "attributes", "attributes"),
        ("external_id,email", "events", "events"),
    ],
)
def test_kind(run: Printed, header: str, option: str, kind: str) -> None:
    write("users.csv", header + "\n")
    _, result = run.json("users.csv", "--kind", option, "--no-report")
    assert result["kind"] == kind
    assert (result["kind_reason"] == "as asked") == (option != "auto")


@pytest.mark.parametrize(
    ("text", "now"),
    [
        ("2026-11-22T00:00:00Z", "2026-11-22T00:00:00Z"),
        ("2026-11-22T05:30:00+05:30", "2026-11-22T00:00:00Z"),
        ("2026-11-22T00:00:00", "2026-11-22T00:00:00Z"),
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
        ("0001-01-02", "0001-01-02T00:00:00Z"),
    ],
)
def test_now(run: Printed, text: str, now: str) -> None:
    write("users.csv", CLEAN)
    assert run("check", "users.csv", "--format", "json", "--now", text) == OK
    assert json.loads(run.out)["now"] == now


# --- Issues --------------------------------------------------------------------------------------

ISSUE_KEYS = "file rule severity row line byte column value message suggestion"


def test_issues_are_one_object_a_line(run: Printed) -> None:
    write("a.csv", ERRORS)
    write("b.csv", "external_id\r\n1\r\n\r\n")
    assert run("check", "a.csv", "b.csv", "--issues", "issues.jsonl") == FOUND
    lines = Path("issues.jsonl").read_bytes().decode().splitlines()
    issues = [json.loads(line) for line in lines]
    assert [list(issue) for issue in issues] == [ISSUE_KEYS.split()] * len(issues)
    told = [(each["file"], each["rule"], each["row"], each["byte"]) for each in issues]
    assert told == [
        ("a.csv", "stray-quote", 3, ERRORS.index("x,O")),
        ("a.csv", "duplicate-identifier", 4, ERRORS.index("1,b")),
        ("b.csv", "blank-row", 3, 16),
    ]


def test_issues_are_empty_where_there_are_none(run: Printed) -> None:
    write("a.csv", CLEAN)
    assert run("check", "a.csv", "--issues", "issues.jsonl") == OK
    assert Path("issues.jsonl").read_bytes() == b""


def test_issues_of_the_others_are_written_where_a_file_is_missing(run: Printed) -> None:
    write("a.csv", ERRORS)
    assert run("check", "missing.csv", "a.csv", "--issues", "issues.jsonl") == CANNOT_RUN
    assert Path("issues.jsonl").read_bytes().count(b"\n") == 2


# --- Reports -------------------------------------------------------------------------------------


def test_the_report_goes_to_this_folder_and_not_to_the_files(run: Printed) -> None:
    Path("data").mkdir()
    write("data/users.csv", ERRORS)
    assert run("check", "data/users.csv") == FOUND
    assert names() == {"data", "users.report.csv"}
    assert names(Path("data")) == {"users.csv"}
    lines = report("users.report.csv")
    assert lines[0][:6] == ["Row", "Line", "Issue type", "Rules", "Description", "Original text"]
    assert [line[:4] for line in lines[1:]] == [
        ["3", "3", "Error", "stray-quote"],
        ["4", "4", "Warning", "duplicate-identifier"],
    ]


def test_without_issues_there_is_no_report(run: Printed) -> None:
    write("users.csv", CLEAN)
    assert run("check", "users.csv", "--report", "r.csv") == OK
    assert names() == {"users.csv"}


def test_no_report(run: Printed) -> None:
    write("users.csv", ERRORS)
    assert run("check", "users.csv", "--no-report") == FOUND
    assert names() == {"users.csv"}
    assert "report:" not in run.out


def test_the_report_goes_where_it_is_wanted(run: Printed) -> None:
    write("users.csv", ERRORS)
    Path("out").mkdir()
    status, result = run.json("users.csv", "--report", "out/r.csv")
    assert status == FOUND
    assert result["report"] == str(Path("out/r.csv"))
    assert len(report("out/r.csv")) == 3
    assert names() == {"users.csv", "out"}


def test_a_folder_takes_the_reports_of_several_files(run: Printed) -> None:
    write("a.csv", ERRORS)
    write("b.csv", CLEAN)
    write("c.csv", ERRORS)
    Path("out").mkdir()
    assert run("check", "a.csv", "b.csv", "c.csv", "--report", "out") == FOUND
    assert names(Path("out")) == {"a.report.csv", "c.report.csv"}


def test_a_folder_takes_the_report_of_one_file(run: Printed) -> None:
    write("a.csv", ERRORS)
    Path("out").mkdir()
    assert run("check", "a.csv", "--report", "out") == FOUND
    assert names(Path("out")) == {"a.report.csv"}


def test_several_files_need_a_folder_for_their_reports(run: Printed) -> None:
    write("a.csv", ERRORS)
    write("b.csv", ERRORS)
    assert "r.csv" in run.complaint("check", "a.csv", "b.csv", "--report", "r.csv")
    assert names() == {"a.csv", "b.csv"}


def test_reports_of_one_stem_get_numbers(run: Printed) -> None:
    for name in ("x", "y", "z"):
        Path(name).mkdir()
        write(f"{name}/users.csv", ERRORS if name != "y" else CLEAN)
    write("users-2.csv", ERRORS)
    run("check", "x/users.csv", "y/users.csv", "z/users.csv", "users-2.csv", "--format", "json")
    assert [each["report"] for each in json.loads(run.out)["files"]] == [
        "users.report.csv",
        None,
        "users-3.report.csv",
        "users-2-2.report.csv",
    ]


def test_one_file_twice(run: Printed) -> None:
    write("a.csv", ERRORS)
    assert run("check", "a.csv", "./a.csv") == FOUND
    assert names() == {"a.csv", "a.report.csv", "a-2.report.csv"}


def test_a_report_replaces_one_of_an_earlier_run(run: Printed) -> None:
    write("users.csv", ERRORS)
    write("users.report.csv", "old")
    assert run("check", "users.csv") == FOUND
    assert len(report("users.report.csv")) == 3
    assert run.err == ""


def test_a_report_of_an_earlier_run_is_left_and_named(run: Printed) -> None:
    write("users.csv", CLEAN)
    write("users.report.csv", "old")
    assert run("check", "users.csv") == OK
    assert run.err.count("\n") == 1
    assert "users.report.csv" in run.err
    assert "earlier run" in run.err
    assert "users.report.csv" not in run.out
    assert Path("users.report.csv").read_text() == "old"


def test_a_report_of_an_earlier_run_is_named_beside_a_document(run: Printed) -> None:
    write("users.csv", CLEAN)
    write("users.report.csv", "old")
    status, _ = run.json("users.csv")
    assert status == OK
    assert "earlier run" in run.err


def test_a_report_has_the_rights_of_any_new_file(run: Printed) -> None:
    write("users.csv", ERRORS)
    run("check", "users.csv")
    rights = stat.S_IMODE(Path("users.csv").stat().st_mode)
    assert stat.S_IMODE(Path("users.report.csv").stat().st_mode) == rights


def test_formulas_are_guarded_unless_raw(run: Printed) -> None:
    write("users.csv", FORMULA)
    run("check", "users.csv")
    assert "begin with a '" in run.out
    guarded = report("users.report.csv")
    run("check", "users.csv", "--raw")
    assert "begin with a '" not in run.out
    raw = report("users.report.csv")
    assert guarded[0][6:] == ["external_id", "email", "'=1+1"]
    assert guarded[1][6:] == ["1", "'=cmd()", "'-x"]
    assert raw[0][6:] == ["external_id", "email", "=1+1"]
    assert raw[1][6:] == ["1", "=cmd()", "-x"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.csv", "--report", "a.csv"],
        ["a.csv", "--report", "./a.csv"],
        ["a.csv", "--report", "data/../a.csv"],
        ["a.csv", "--report", "link.csv"],
        ["link.csv", "--report", "a.csv"],
        ["a.csv", "--issues", "a.csv"],
        ["a.csv", "b.csv", "--issues", "b.csv"],
        ["a.csv", "a.report.csv"],
        ["a.csv", "--issues", "a.report.csv"],
        ["a.csv", "--report", "r", "--issues", "r"],
        ["a.csv", "--report", "r", "--issues", "./r"],
        ["a.csv", "b.csv", "--report", "data", "--issues", "data/b.report.csv"],
        ["a.csv", "--workspace", "w.toml", "--issues", "w.toml"],
        ["a.csv", "--workspace", "w.toml", "--report", "w.toml"],
    ],
)
def test_no_output_goes_over_an_input_or_another_output(run: Printed, arguments: list[str]) -> None:
    Path("data").mkdir()
    write("a.csv", ERRORS)
    write("b.csv", CLEAN)
    write("a.report.csv", ERRORS)
    write("w.toml", 'ignore = ["blank-row"]\n')
    Path("link.csv").symlink_to("a.csv")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    said = run.complaint("check", *arguments)
    assert re.search(r"[\w./-]+: ", said)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_report_and_no_report_contradict_each_other(run: Printed) -> None:
    write("a.csv", ERRORS)
    said = run.complaint("check", "a.csv", "--no-report", "--report", "r.csv")
    assert "--report" in said
    assert "--no-report" in said


def test_a_pipe_is_not_replaced_by_a_file() -> None:
    """`--issues /dev/stdout` or `/dev/null`, as root, must not put a file in their place."""
    write("a.csv", ERRORS)
    os.mkfifo("pipe")
    reader = os.open("pipe", os.O_RDWR | os.O_NONBLOCK)
    try:
        process("check", "a.csv", "--no-report", "--issues", "pipe")
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(Path("pipe").lstat().st_mode)


DEVICE = pytest.mark.skipif(not Path("/dev/null").exists(), reason="needs a null device")


@DEVICE
def test_a_device_takes_outputs_where_its_folder_does_not(
    run: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("users.csv", ERRORS)
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "/dev" and access(path, mode))
    arguments = ["--report", "/dev/null", "--issues", "/dev/null"]
    assert run("check", "users.csv", *arguments) == FOUND
    write("users.csv", CLEAN)
    assert run("check", "users.csv", *arguments) == OK
    assert run.err == "", "nobody's earlier run"
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@DEVICE
def test_a_device_that_may_not_be_written(run: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    write("users.csv", ERRORS)
    monkeypatch.setattr(os, "access", lambda path, _: str(path) != "/dev/null")
    said = run.complaint("check", "users.csv", "--issues", "/dev/null")
    assert said == "/dev/null: permission denied"


def test_an_output_need_not_be_readable(run: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    write("users.csv", ERRORS)
    write("old.jsonl", "old")
    write("old.csv", "old")
    access = os.access
    monkeypatch.setattr(
        os,
        "access",
        lambda path, mode: not ("old" in str(path) and mode & os.R_OK) and access(path, mode),
    )
    arguments = ["--report", "old.csv", "--issues", "old.jsonl"]
    assert run("check", "users.csv", *arguments) == FOUND
    assert len(report("old.csv")) == 3


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs a name for stdout")
def test_issues_go_to_stdout_behind_the_text() -> None:
    write("users.csv", ERRORS)
    done = process("check", "users.csv", "--no-report", "--issues", "/dev/stdout")
    assert (done.returncode, done.stderr) == (FOUND, b"")
    lines = done.stdout.decode().splitlines()
    assert lines[0] == "users.csv: issues found"
    assert [json.loads(line)["row"] for line in lines[-2:]] == [3, 4]


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs names for open files")
@pytest.mark.parametrize(
    "name",
    [
        "/dev/stdout",
        "/dev/fd/1",
        "/proc/self/fd/1",
        "/proc/thread-self/fd/1",
        "/dev/../dev/stdout",
        "link.csv",
        "far.csv",
        "fds/1",
    ],
)
@pytest.mark.parametrize("redirection", [">", ">>"])
def test_what_stdout_leads_to_is_written_to_and_not_replaced(name: str, redirection: str) -> None:
    """Behind what stands there already, the text among it."""
    write("users.csv", ERRORS)
    write("out", "before\n")
    links = {"link.csv": "/dev/stdout", "far.csv": "./link.csv", "fds": "/dev/fd"}
    for link, place in links.items():
        Path(link).symlink_to(place)
    command = [*COMMAND, "check", "users.csv", "--report", name, "--issues", name]
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirection} out', "sh", *command],
        capture_output=True,
        env=environment(),
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (FOUND, b"")
    lines = Path("out").read_text().splitlines()
    if redirection == ">>":
        assert lines.pop(0) == "before"
    assert lines[0].startswith("\ufeffRow,Line,")
    assert "users.csv: issues found" in lines
    assert f"report: {name}" in lines
    assert [json.loads(line)["row"] for line in lines[-2:]] == [3, 4]
    assert names() == {"users.csv", "out", *links}


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs names for open files")
def test_an_open_file_is_from_no_earlier_run(run: Printed) -> None:
    write("users.csv", CLEAN)
    with Path("out").open("wb") as file:
        assert run("check", "users.csv", "--report", f"/dev/fd/{file.fileno()}") == OK
    assert (run.err, Path("out").read_bytes()) == ("", b"")


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs names for open files")
def test_what_is_not_open_for_writing_is_said_to_before_any_work(run: Printed) -> None:
    write("users.csv", CLEAN)
    with Path("users.csv").open("rb") as file:
        name = f"/dev/fd/{file.fileno()}"
        said = run.complaint("check", "missing.csv", "--issues", name)
    assert said == f"{name}: is not open for writing"
    # and now it is not open at all
    assert run.complaint("check", "missing.csv", "--report", name) == said


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs a name for stdout")
@pytest.mark.parametrize("output", ["--issues", "--report"])
def test_a_reader_of_an_output_may_go(output: str) -> None:
    write("users.csv", "external_id,email\n" + ",x\n" * 20_000)
    command = [*COMMAND, "check", "users.csv", "--format", "json", output, "/dev/stdout"]
    command += ["--no-report"] * (output == "--issues")
    done = subprocess.run(
        ["/bin/sh", "-c", '{ "$@"; echo $? >status; } | head -1', "sh", *command],
        capture_output=True,
        env=environment(),
        timeout=DEADLINE,
        check=False,
    )
    assert (done.stderr, done.stdout.count(b"\n")) == (b"", 1)
    assert Path("status").read_text() == f"{FOUND}\n"
    assert names() == {"users.csv", "status"}


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="needs names for open files")
def test_an_open_pipe_takes_the_issues() -> None:
    """As in `--issues >(cat)`."""
    write("users.csv", ERRORS)
    reader, writer = os.pipe()
    with subprocess.Popen(
        [*COMMAND, "check", "users.csv", "--no-report", "--issues", f"/dev/fd/{writer}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        pass_fds=[writer],
        env=environment(),
    ) as running:
        os.close(writer)
        with os.fdopen(reader, "rb") as file:
            assert file.read().count(b"\n") == 2
        _, err = running.communicate(timeout=DEADLINE)
    assert (running.returncode, err) == (FOUND, b"")


# --- Rules, severities, workspace ----------------------------------------------------------------


def test_ignored_rules_are_not_reported(run: Printed) -> None:
    write("users.csv", ERRORS)
    _, result = run.json("users.csv", "--ignore", "stray-quote")
    assert result["issues_by_rule"] == {"duplicate-identifier": 1}
    status, result = run.json(
        "users.csv", "--ignore", "stray-quote", "--ignore", "duplicate-identifier"
    )
    assert status == OK
    assert result["verdict"] == "complete"


def test_severities_can_be_changed(run: Printed) -> None:
    write("users.csv", WARNINGS)
    status, result = run.json("users.csv", "--severity", "duplicate-identifier=error")
    assert (status, result["errors"], result["warnings"]) == (FOUND, 1, 1)
    write("users.csv", ERRORS)
    status, result = run.json("users.csv", "--severity", "stray-quote=warning")
    assert (status, result["errors"], result["warnings"]) == (OK, 0, 2)


@pytest.mark.parametrize("option", [["--ignore", "blank-rwo"], ["--severity", "blank-rwo=error"]])
def test_an_unknown_rule_is_named_with_the_nearest_one(run: Printed, option: list[str]) -> None:
    write("users.csv", WARNINGS)
    said = run.complaint("check", "users.csv", *option)
    assert said == "there is no rule `blank-rwo`; did you mean `blank-row`?"
    assert names() == {"users.csv"}


@pytest.mark.parametrize("value", ["blank-row", "blank-row=", "blank-row=fatal", "=error", "="])
def test_a_severity_has_a_form(run: Printed, value: str) -> None:
    write("users.csv", WARNINGS)
    run.complaint("check", "users.csv", "--severity", value)


def test_the_workspace_holds_settings_that_options_go_before(run: Printed) -> None:
    write("users.csv", WARNINGS)
    write(
        "w.toml",
        'ignore = ["blank-row"]\n[severity]\nduplicate-identifier = "error"\n',
    )
    status, result = run.json("users.csv", "--workspace", "w.toml")
    assert (status, result["errors"], result["warnings"]) == (FOUND, 1, 0)
    status, result = run.json(
        "users.csv", "--workspace", "w.toml", "--severity", "duplicate-identifier=warning"
    )
    assert (status, result["errors"], result["warnings"]) == (OK, 0, 1)
    status, result = run.json(
        "users.csv", "--workspace", "w.toml", "--ignore", "duplicate-identifier"
    )
    assert (status, result["issues_by_rule"]) == (OK, {})


def test_rules_lists_all(run: Printed) -> None:
    assert run("rules") == OK
    listed = re.findall(r"^  ([a-z0-9-]+) +(?:error|warning) +\S", run.out, re.MULTILINE)
    assert listed == list(rulebook())
    assert run.err == ""


def test_rules_as_json(run: Printed) -> None:
    assert run("rules", "--json") == OK
    assert [rule["name"] for rule in json.loads(run.out)] == list(rulebook())


@pytest.mark.parametrize("name", list(rulebook()))
def test_a_rule_is_explained(run: Printed, name: str) -> None:
    file = rulebook()[name].file
    assert run("rule", name) == OK
    assert run.out.startswith(f"{name}: {file.severity}")
    for text in (file.message, file.help, file.why, file.source, file.where, file.since):
        assert text in run.out
    assert "not reported:" in run.out
    assert re.search(r"^  reported:", run.out, re.MULTILINE)
    assert run("rule", name, "--json") == OK
    described = json.loads(run.out)
    assert described["name"] == name
    assert described["severity"] == file.severity
    assert len(described["example"]) == len(file.example)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("wrong-encoding", ["reported: saved as utf-16\n", "not reported: saved as utf-8-sig\n"]),
        ("invalid-utf8", ["reported: saved as latin-1\n"]),
        ("file-too-large", ["reported: with a limit of 0.0001 MB\n"]),
        ("record-too-large", ["reported: with a limit of 63 bytes to a row\n"]),
        ("cr-line-endings", ["    external_id,first_name\\rA8i3mkd99,Colby\\rk2LNhj8Ks,Tom\\r\n"]),
        ("mixed-line-endings", ["    k2LNhj8Ks,Tom\\r\n    p3QRst7Lm,Ana\n", "Tom\\r\\r\n"]),
        ("header-line-ending-differs", ["    external_id,first_name\n    A8i3mkd99,Colby\\r\n"]),
        ("empty-file", ["    (an empty file)\n"]),
    ],
)
def test_what_tells_examples_apart_is_shown(run: Printed, name: str, shown: list[str]) -> None:
    assert run("rule", name) == OK
    assert [text for text in shown if text not in run.out] == []


@pytest.mark.parametrize("name", list(rulebook()))
def test_no_two_examples_of_a_rule_look_alike(run: Printed, name: str) -> None:
    assert run("rule", name) == OK
    examples = run.out.split("reported:")[1:]
    texts = [re.sub(r"\n +(?:->.*|not)|\n+(?:  )?$", "", each).strip() for each in examples]
    assert len(set(texts)) == len(texts)


def test_an_unknown_rule_is_not_explained(run: Printed) -> None:
    assert "did you mean `blank-row`" in run.complaint("rule", "blank-rows")
    assert "`csvimport rules`" in run.complaint("rule", "zzzzzz")


# --- Time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["2m", "90s", "1h", "90", "1.5m", "none", "999999999999h"])
def test_a_time_budget_has_many_forms(run: Printed, text: str) -> None:
    write("users.csv", CLEAN)
    assert run("check", "users.csv", "--time-budget", text) == OK


@pytest.mark.parametrize("text", ["x", "0", "0s", "0.0m", "-1", "", "2 m", "2d", "m", "inf", "nan"])
def test_a_time_budget_that_is_none(run: Printed, text: str) -> None:
    write("users.csv", CLEAN)
    said = run.complaint("check", "users.csv", f"--time-budget={text}")
    assert f"`{text}`" in said
    assert "`2m`" in said


DUPLICATES = ["--ignore", "duplicate-identifier"]


def test_the_time_budget_begins_with_the_command(
    run: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it takes to load the modules is a part of it; each further file has its own."""
    times = itertools.chain([0.0, 100.0], itertools.repeat(200.0))
    clock = types.SimpleNamespace(monotonic=times.__next__)
    for name in ("check", "run"):
        monkeypatch.setattr(f"csvimport.cli.{name}.time", clock)
    write("a.csv", b"external_id,email\n" + b"1,a@example.com\n" * 1_500_000)
    write("b.csv", CLEAN)
    options = ["--time-budget", "100s", "--format", "json", "--no-report", *DUPLICATES]
    assert run("check", "a.csv", "b.csv", *options) == TIMED_OUT
    first, second = json.loads(run.out)["files"]
    assert first["verdict"] == Verdict.TIMED_OUT
    assert second["verdict"] == Verdict.COMPLETE


@pytest.mark.parametrize(("format_", "least"), [("concise", 1e-5), ("github", 1e-7), ("json", 0)])
def test_what_is_printed_of_each_issue_is_given_its_time(
    run: Printed, monkeypatch: pytest.MonkeyPatch, format_: str, least: float
) -> None:
    from csvimport.engine import Check

    asked, seconds = [], Check.seconds_to_tell

    def noted(self: Check, each_issue: float, each_cell: float = 0.0) -> float:
        asked.append(each_issue)
        return seconds(self, each_issue, each_cell)

    monkeypatch.setattr(Check, "seconds_to_tell", noted)
    write("users.csv", CLEAN)
    assert run("check", "users.csv", "--format", format_, "--no-report") == OK
    assert min(asked) >= least


def document(out: str) -> dict[str, Any]:
    """The only file's result in a document."""
    (result,) = json.loads(out)["files"]
    assert isinstance(result, dict)
    return result


@pytest.mark.parametrize(
    ("options", "status", "verdict"),
    [
        (DUPLICATES, TIMED_OUT, Verdict.TIMED_OUT),
        (["--fail-on", "warning"], FOUND, Verdict.TIMED_OUT_WITH_ISSUES),
        (["--fail-on", "never"], TIMED_OUT, Verdict.TIMED_OUT_WITH_ISSUES),
    ],
)
def test_when_time_runs_out(options: list[str], status: int, verdict: Verdict) -> None:
    options = ["--format", "json", "--time-budget", "1s", "--no-report", *options]
    found, out, err = fed(
        "check", "-", *options, feed=functools.partial(write_all, data=HEADER + ROWS)
    )
    assert (found, err) == (status, "")
    result = document(out)
    assert result["verdict"] == verdict
    assert result["rows"] is None
    assert 0 < result["rows_checked"] < 6_000
    assert len(HEADER) < result["bytes_checked"] < len(HEADER + ROWS)
    ignored = "duplicate-identifier" in options
    assert ("duplicate-identifier" in result["incomplete_rules"]) != ignored
    assert_nothing_is_left()


def test_the_size_of_a_file_is_known_when_time_runs_out(run: Printed) -> None:
    large = write("large.csv", b"external_id,email\n" + b"1,a@example.com\n" * 1_500_000)
    options = ["--time-budget", "0.01s", "--no-report", *DUPLICATES]
    status, result = run.json(large, *options)
    assert status == TIMED_OUT
    assert result["verdict"] == Verdict.TIMED_OUT
    assert result["rows"] is None
    assert result["bytes_checked"] < result["bytes"] == large.stat().st_size
    assert run("check", large, *options) == TIMED_OUT
    assert run.out.startswith("large.csv: validation timed out\n")


@pytest.mark.parametrize(
    ("files", "status"),
    [
        (["-", "clean.csv"], TIMED_OUT),
        (["errors.csv", "-", "clean.csv"], FOUND),
    ],
)
def test_a_file_that_ran_out_of_time_counts_less_than_a_fault(
    files: list[str], status: int
) -> None:
    write("clean.csv", CLEAN)
    write("errors.csv", ERRORS)
    options = ["--time-budget", "3s", "--no-report"]  # enough for a small file on a busy machine
    found, _, _ = fed("check", *files, *options, feed=functools.partial(write_all, data=HEADER))
    assert found == status


def late(seconds: float, first: bytes, rest: bytes) -> Feed:
    """Feeds the `rest` when it is too late, and then ends."""

    def feed(pipe: int) -> None:
        write_all(pipe, first)
        time.sleep(seconds)
        write_all(pipe, rest)
        os.dup2(os.open(os.devnull, os.O_WRONLY), pipe)

    return feed


def test_after_the_budget_the_check_can_go_on() -> None:
    feed = late(2.5, HEADER + b"short\n" + ROWS, b"short\n")
    options = ["--time-budget", "1.5s", "--after-budget", "continue", *DUPLICATES]
    status, out, err = fed("check", "-", *options, feed=feed)
    assert (status, err) == (FOUND, "")
    titles = re.findall(r"^stdin: (.+)$", out, re.MULTILINE)
    assert titles == ["validation timed out with issues", "issues found"]
    assert re.findall(r"^ +([0-9]+)  error +too-few-cells$", out, re.MULTILINE) == ["1", "2"]
    assert out.count("report: stdin.report.csv") == 2
    assert [line[0] for line in report("stdin.report.csv")[1:]] == ["2", "6003"]


def test_after_the_budget_the_document_is_that_of_the_whole_file() -> None:
    feed = late(1.5, HEADER + ROWS, b"short\n")
    options = ["--time-budget", "0.5s", "--after-budget", "continue", "--no-report", *DUPLICATES]
    status, out, err = fed("check", "-", *options, "--format", "json", feed=feed)
    assert (status, err) == (FOUND, "")
    result = document(out)
    assert result["verdict"] == "issues_found"
    assert result["rows"] == result["rows_checked"] == 6_001


def test_a_partial_report_holds_what_was_checked() -> None:
    rows = (b"short\n" + ROWS[: len(ROWS) // 60]) * 60
    options = ["--time-budget", "1s", "--format", "json", *DUPLICATES]
    feed = functools.partial(write_all, data=HEADER + rows)
    status, out, _ = fed("check", "-", *options, feed=feed)
    assert status == FOUND
    result = document(out)
    assert 0 < result["errors"] < 60
    assert result["report"] == "stdin.report.csv"
    assert len(report("stdin.report.csv")) == 1 + result["errors"]


@pytest.mark.parametrize("sent", [b"", CLEAN.encode()], ids=["at once", "later"])
def test_the_budget_holds_for_a_pipe_that_stalls(sent: bytes) -> None:
    started = time.monotonic()
    feed = functools.partial(write_all, data=sent)
    status, _, err = fed("check", "-", "--time-budget", "1s", feed=feed)
    assert (status, err) == (TIMED_OUT, "")
    assert time.monotonic() - started < 6
    assert_nothing_is_left()


# --- Input from a pipe ---------------------------------------------------------------------------


def test_a_hyphen_is_stdin() -> None:
    done = process("check", "-", "--format", "json", stdin=ERRORS.encode())
    assert done.returncode == FOUND
    (result,) = json.loads(done.stdout)["files"]
    assert (result["file"], result["bytes"], result["rows"]) == ("stdin", len(ERRORS), 4)
    assert result["report"] == "stdin.report.csv"
    assert names() == {"stdin.report.csv"}
    assert done.stderr == b""
    assert temporary() == []


def test_stdin_can_be_a_file_that_is_read_from_where_it_stands() -> None:
    write("users.csv", "not this\n" + CLEAN)
    with Path("users.csv").open("rb") as file:
        file.readline()
        os.lseek(file.fileno(), len("not this\n"), os.SEEK_SET)
        done = subprocess.run(
            [*COMMAND, "check", "-", "--format", "json"],
            stdin=file,
            capture_output=True,
            env=environment(),
            timeout=DEADLINE,
            check=False,
        )
    assert done.returncode == OK
    (result,) = json.loads(done.stdout)["files"]
    assert (result["bytes"], result["rows"]) == (len(CLEAN), 2)


def test_stdin_beside_files() -> None:
    write("a.csv", CLEAN)
    done = process("check", "a.csv", "-", "--format", "json", stdin=ERRORS.encode())
    assert done.returncode == FOUND
    assert [each["file"] for each in json.loads(done.stdout)["files"]] == ["a.csv", "stdin"]


def test_stdin_can_be_read_but_once(run: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(CLEAN.encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    run.complaint("check", "-", "-")


# --- Help and version ----------------------------------------------------------------------------

OPTIONS = """--kind --report --no-report --issues --format --time-budget --after-budget --fail-on
--ignore --severity --workspace --now --encoding --show --raw --redact --together
--no-progress --baseline --help"""


def test_version(run: Printed) -> None:
    assert run("--version") == OK
    assert run.out == f"csvimport {version('csvimport')}\n"


def test_without_arguments_the_help_is_shown(run: Printed) -> None:
    assert run() == CANNOT_RUN
    assert "Usage: csvimport" in run.out + run.err
    assert "check" in run.out + run.err


@pytest.mark.parametrize("option", ["--help", "-h"])
@pytest.mark.parametrize("command", [[], ["check"], ["rules"], ["rule"]])
def test_help(run: Printed, command: list[str], option: str) -> None:
    assert run(*command, option) == OK
    assert run.out.startswith(" ".join(["Usage: csvimport", *command]))
    assert run.err == ""
    assert max(map(len, run.out.splitlines())) <= 100


def test_check_has_the_options_of_the_contract(run: Printed) -> None:
    assert run("check", "--help") == OK
    assert set(re.findall(r"--[a-z]+(?:-[a-z]+)*", run.out)) == set(OPTIONS.split())
    for choices in (
        "auto|attributes|events",
        "text|concise|json|github",
        "stop|continue",
        "error|warning|never",
    ):
        assert choices in run.out


def test_the_module_runs_as_a_program() -> None:
    done = process("--version")
    assert (done.returncode, done.stdout.decode()) == (OK, f"csvimport {version('csvimport')}\n")


def test_the_installed_command_runs() -> None:
    command = Path(sys.executable).with_name("csvimport")
    if not command.exists():
        pytest.skip("the package is not installed here")
    write("users.csv", ERRORS)
    done = subprocess.run(
        [command, "check", "users.csv"],
        capture_output=True,
        env=environment(),
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (FOUND, b"")
    assert done.stdout.startswith(b"users.csv: issues found\n")


# --- Terminals, colour, progress -----------------------------------------------------------------

ESCAPE = "\x1b"
COLOR = re.compile("\x1b\\[(?:[0-9]+;)*(?:3[0-7]|9[0-7]|38;)")
#: Codes that move the cursor, hide it or clear a line.
CURSOR = re.compile("\x1b\\[\\??[0-9]*[A-HJKhl]")


@pytest.mark.parametrize("command", [["check", "users.csv"], ["rules"], ["rule", "blank-row"]])
def test_without_a_terminal_there_are_no_escape_sequences(run: Printed, command: list[str]) -> None:
    write("users.csv", ERRORS)
    run(*command)
    assert ESCAPE not in run.out + run.err


def test_on_a_terminal_there_is_colour_on_stdout_and_progress_on_stderr() -> None:
    write("users.csv", ERRORS)
    status, out, err = on_terminal("check", "users.csv")
    assert status == FOUND
    assert COLOR.search(out)
    assert not CURSOR.search(out)
    assert CURSOR.search(err)
    assert "users.csv" in err
    assert "issues found" not in err


def test_a_pipe_gets_no_escape_sequences_beside_a_terminal() -> None:
    write("users.csv", ERRORS)
    status, out, err = on_terminal("check", "users.csv", out=False)
    assert status == FOUND
    assert ESCAPE not in out
    assert CURSOR.search(err)
    status, out, err = on_terminal("check", "users.csv", err=False)
    assert COLOR.search(out)
    assert err == ""


def test_progress_can_be_turned_off() -> None:
    write("users.csv", ERRORS)
    status, out, err = on_terminal("check", "users.csv", "--no-progress")
    assert status == FOUND
    assert COLOR.search(out)
    assert err == ""


def test_colour_can_be_turned_off() -> None:
    write("users.csv", ERRORS)
    status, out, err = on_terminal("check", "users.csv", NO_COLOR="1")
    assert status == FOUND
    assert not COLOR.search(out)
    assert not COLOR.search(err)


def test_a_dumb_terminal_gets_no_escape_sequences() -> None:
    write("users.csv", ERRORS)
    status, out, err = on_terminal("check", "users.csv", TERM="dumb")
    assert status == FOUND
    assert ESCAPE not in out + err


def test_the_text_is_the_same_without_colour() -> None:
    write("users.csv", ERRORS)
    _, out, _ = on_terminal("check", "users.csv", "--no-progress")
    plain = process("check", "users.csv").stdout.decode()
    assert re.sub("\x1b\\[[0-9;]*m", "", out) == plain


def test_a_document_on_a_terminal_is_plain() -> None:
    write("users.csv", ERRORS)
    _, out, _ = on_terminal("check", "users.csv", "--format", "json", "--no-progress")
    assert ESCAPE not in out
    json.loads(out)


# --- Hostile characters --------------------------------------------------------------------------

BIDI = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
#: The Arabic letter mark, a later one of the same kind.
MARK = "\u061c"
HOSTILE = f"\x1b[31m\x1b]0;title\x07{BIDI}\x9b\x7f\u2028\u2029\x08"


def assert_harmless(*texts: str) -> None:
    for text in texts:
        found = {
            f"U+{ord(char):04X}"
            for char in text
            if (unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") and char != "\n")
            or char in BIDI + MARK
        }
        assert found == set()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"external_id,a{HOSTILE}b\n1\n", id="header"),
        pytest.param(f"external_id, {HOSTILE}b\n1,2\n", id="header that is named"),
        pytest.param(f"external_id,{HOSTILE},{HOSTILE}\n1\n", id="header that is there twice"),
        pytest.param(f"a{HOSTILE}.properties.b,c\n1\n", id="header that tells the kind"),
        pytest.param(f"external_id,b\n1{HOSTILE},\n1{HOSTILE},\n", id="cell"),
        pytest.param(f'external_id,b\n1,"{HOSTILE}" {HOSTILE}\n', id="malformed row"),
        pytest.param(f"external_id,b\n1,{HOSTILE},3\n", id="row of too many cells"),
        pytest.param(f'external_id,b\n"1\n2\r\n{HOSTILE}",\n', id="line ends"),
        pytest.param(f'external_id,"b\n{HOSTILE}\n1,2\n', id="malformed header"),
    ],
)
def test_hostile_characters_in_a_file_are_escaped(run: Printed, text: str) -> None:
    write("users.csv", text)
    assert run("check", "users.csv") in (OK, FOUND)
    assert_harmless(run.out, run.err)
    assert "issues found" in run.out


def test_a_late_mark_of_direction_is_escaped_too(run: Printed) -> None:
    write("users.csv", f"external_id,b\nNULL{MARK},x{MARK},\n")
    assert run("check", "users.csv") == FOUND
    assert_harmless(run.out)


NAME = f"a\n{HOSTILE}é\t\n.csv"


def test_hostile_characters_in_a_file_name_are_escaped(run: Printed) -> None:
    write(NAME, ERRORS)
    assert run("check", NAME) == FOUND
    assert_harmless(run.out, run.err)
    assert run.out.splitlines()[0].endswith(": issues found")


def test_hostile_characters_in_the_name_of_an_earlier_report_are_escaped(run: Printed) -> None:
    write(NAME, CLEAN)
    write(NAME.removesuffix(".csv") + ".report.csv", "old")
    assert run("check", NAME) == OK
    assert_harmless(run.out, run.err)
    assert run.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", NAME],
        ["check", "users.csv", "--report", NAME + "/r"],
        ["check", "users.csv", "--issues", NAME + "/r"],
        ["check", "users.csv", "--workspace", NAME],
        ["check", "users.csv", "--ignore", HOSTILE],
        ["check", "users.csv", "--severity", f"{HOSTILE}={HOSTILE}"],
        ["check", "users.csv", "--time-budget", HOSTILE],
        ["check", "users.csv", "--now", HOSTILE],
        ["check", "users.csv", "--kind", HOSTILE],
        ["check", "users.csv", f"--{HOSTILE}"],
        ["rule", HOSTILE],
        [HOSTILE],
    ],
)
def test_hostile_characters_in_arguments_are_escaped(run: Printed, arguments: list[str]) -> None:
    write("users.csv", CLEAN)
    run.complaint(*arguments)
    assert_harmless(run.err)


def test_hostile_characters_in_a_file_name_do_not_reach_the_progress() -> None:
    write(NAME, ERRORS)
    _, out, err = on_terminal("check", NAME)
    for text in (out, err):
        assert "\x1b]0;" not in text
        assert "\x1b[31m\x1b]" not in text
        assert not set(BIDI) & set(text)


def test_a_file_name_that_is_not_utf8_is_spelt_in_one_way() -> None:
    write(os.fsdecode(b"caf\xe9.csv"), ERRORS)
    arguments: list[str | bytes] = [
        b"check",
        b"caf\xe9.csv",
        "--no-report",
        "--issues",
        "issues.jsonl",
    ]
    text = process(*arguments, PYTHONIOENCODING="utf-8")
    issues = [json.loads(line) for line in Path("issues.jsonl").read_bytes().splitlines()]
    json_form = process(*arguments, "--format", "json", PYTHONIOENCODING="utf-8")
    assert (text.returncode, text.stderr, json_form.stderr) == (FOUND, b"", b"")
    name = "caf\\xe9.csv"
    assert text.stdout.decode().startswith(f"{name}: issues found\n")
    assert f"--> {name}:3" in text.stdout.decode()
    assert {each["file"] for each in issues} == {name}
    assert document(json_form.stdout.decode())["file"] == name
    missing = process("check", b"caf\xe9-2.csv", PYTHONIOENCODING="utf-8")
    assert one_line(missing.stderr.decode()) == "caf\\xe9-2.csv: no such file or directory"


# --- Readers that go away, encodings of the terminal ---------------------------------------------


@pytest.mark.parametrize(
    ("text", "options", "status"),
    [
        (CLEAN, [], OK),
        (ERRORS, [], FOUND),
        (CLEAN, ["--format", "json"], OK),
        (ERRORS, ["--format", "json"], FOUND),
    ],
    ids=["clean, text", "errors, text", "clean, document", "errors, document"],
)
def test_a_reader_that_goes_away_changes_nothing(
    text: str, options: list[str], status: int
) -> None:
    """As in `csvimport check users.csv | head -1`."""
    write("users.csv", text)
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [*COMMAND, "check", "users.csv", "--issues", "issues.jsonl", *options],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as running:
        os.close(writer)
        _, err = running.communicate(timeout=DEADLINE)
    assert err == b""
    expected = {"users.csv", "issues.jsonl"} | ({"users.report.csv"} if text == ERRORS else set())
    assert names() == expected
    assert running.returncode == status


@pytest.mark.parametrize("command", [["rules"], ["rules", "--json"], ["--help"]])
def test_a_reader_that_goes_away_is_no_fault(command: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(
        [*COMMAND, *command],
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as running:
        os.close(writer)
        _, err = running.communicate(timeout=DEADLINE)
    assert (running.returncode, err) == (OK, b"")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", ">&- 2>&-"])
def test_streams_that_are_closed_change_nothing(closed: str) -> None:
    write("users.csv", ERRORS)
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, "check", "users.csv"],
        capture_output=True,
        env=environment(),
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (FOUND, b"")
    assert names() == {"users.csv", "users.report.csv"}


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_knows_few_letters(encoding: str) -> None:
    write("users.csv", "external_id,é漢\nNULL,1\nNULL,é漢€\n" + "x" * 500 + ",漢,\n")
    for options in (["--no-report"], ["--no-report", "--format", "json"]):
        done = process("check", "users.csv", *options, PYTHONIOENCODING=encoding)
        assert (done.returncode, done.stderr) == (FOUND, b"")
        assert b"damaged-identifier" in done.stdout
        if options[-1] == "json":
            json.loads(done.stdout.decode(encoding))


# --- Interruption --------------------------------------------------------------------------------


def few(writer: int) -> None:
    write_all(writer, HEADER + b"short\n" * 100)


def trickle(writer: int) -> None:
    write_all(writer, HEADER)
    while True:
        write_all(writer, b"short\n")
        time.sleep(0.001)


def endless(writer: int) -> None:
    write_all(writer, HEADER)
    while True:
        write_all(writer, ROWS + b"short\n")


@pytest.mark.parametrize("feed", [None, few, trickle])
def test_ctrl_c_while_a_pipe_is_slow(feed: Feed | None) -> None:
    status, _, err = fed("check", "-", feed=feed, interrupt_after=2)
    assert (status, err) == (INTERRUPTED, "")
    assert_nothing_is_left(but=["stdin.report.csv"])


@pytest.mark.parametrize(
    ("budget", "by"),
    [("2m", signal.SIGINT), ("none", signal.SIGINT), ("2m", signal.SIGTERM)],
)
def test_ctrl_c_while_a_pipe_does_not_end(budget: str, by: signal.Signals) -> None:
    options = ["--time-budget", budget, *DUPLICATES]
    status, out, err = fed("check", "-", *options, feed=endless, interrupt_after=3, by=by)
    assert (status, err) == (INTERRUPTED, "")
    assert out.startswith("stdin: validation skipped\n")
    rules = {line[3] for line in report("stdin.report.csv")[1:]}
    assert "too-few-cells" in rules
    assert_nothing_is_left(but=["stdin.report.csv"])


def test_ctrl_c_while_the_checking_thread_computes(
    run: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """polars raises KeyboardInterrupt in the thread that computes, which is not the main one."""
    from csvimport.checker import Checker

    block, calls = Checker.block, iter(range(9))

    def stopped(self: Checker, *arguments: Any) -> Any:
        if next(calls) == 2:
            raise KeyboardInterrupt
        return block(self, *arguments)

    monkeypatch.setattr(Checker, "block", stopped)
    monkeypatch.setattr("csvimport.engine._ENOUGH_BLOCKS", 1)
    write("users.csv", HEADER + b"short\n" + ROWS + ROWS)
    assert run("check", "users.csv", *DUPLICATES) == INTERRUPTED
    assert run.out.startswith("users.csv: validation skipped\n")
    assert len(report("users.report.csv")) > 1


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="no signals")
def test_ctrl_c_is_not_left_to_polars(run: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its handler would break off whatever polars is asked next, the result's report too."""
    from csvimport.job import Job

    installed: list[int] = []
    result = Job.result

    def noted(self: Job, timeout: float | None = None) -> Any:
        assert installed == [signal.SIGINT]
        return result(self, timeout)

    handle = signal.signal

    def install(number: int, handler: Any) -> Any:
        if number == signal.SIGINT:
            assert handler == signal.getsignal(number)
            installed.append(number)
        return handle(number, handler)

    monkeypatch.setattr(Job, "result", noted)
    monkeypatch.setattr(signal, "signal", install)
    write("users.csv", CLEAN)
    assert run("check", "users.csv") == OK


def test_ctrl_c_stops_all_files(run: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    from csvimport.job import Job

    result = Job.result

    def stopped(self: Job, timeout: float | None = None) -> Any:
        if timeout is not None:
            raise KeyboardInterrupt
        return result(self, timeout)

    monkeypatch.setattr(Job, "result", stopped)
    write("a.csv", ERRORS)
    write("b.csv", ERRORS)
    assert run("check", "a.csv", "b.csv", "--issues", "i.jsonl", "--format", "json") == INTERRUPTED
    assert [each["file"] for each in json.loads(run.out)["files"]] == ["a.csv"]
    assert names() == {"a.csv", "b.csv", "a.report.csv", "i.jsonl"}


def test_temporary_files_go_with_the_command(run: Printed) -> None:
    write("users.csv", b"external_id,email,text\n" + b",x,\n" * 200_000)
    assert run("check", "users.csv", "--no-report") == FOUND
    assert temporary() == []
