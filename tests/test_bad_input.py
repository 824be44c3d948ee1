"""What cannot work is one clear line and leaves nothing behind; what is odd has a verdict."""

import codecs
import io
import itertools
import json
import os
import resource
import shutil
import subprocess
import sys
import tomllib
import types
import warnings
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
from test_cli import (
    CLEAN,
    DEADLINE,
    ERRORS,
    Printed,
    environment,
    folder,
    names,
    one_line,
    process,
    report,
    run,
    temporary,
    write,
)

from csvimport import OptionError, Result, SourceError, Verdict, check
from csvimport.cli import CANNOT_RUN, FOUND, OK
from csvimport.columns import known_columns, unknown_names
from csvimport.rulebook import data_folder, rulebook
from csvimport.source import Source

__all__ = ["folder", "run"]

MB = 1_000_000
TABLE = b"external_id,email\n"


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """No temporary file outlives a test, and no half-written file lies beside its target."""
    yield
    assert temporary() == []
    assert [name for name in names() if name.endswith(".part")] == []


# --- Inputs that cannot be read ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("missing.csv", "missing.csv: no such file or directory"),
        ("Missing.csv", "Missing.csv: no such file or directory"),
        ("a folder", "a folder: is a folder without CSV files"),
        ("no folder/users.csv", "no folder/users.csv: no such file or directory"),
        ("users.csv/users.csv", "users.csv/users.csv: not a directory"),
        ("two  spaces.csv", "two  spaces.csv: no such file or directory"),
        ("dot.", "dot.: no such file or directory"),
        ("dangling.csv", "dangling.csv: no such file or directory"),
        ("loop.csv", "loop.csv: too many levels of symbolic links"),
    ],
)
def test_a_file_that_is_none(run: Printed, file: str, said: str) -> None:
    Path("a folder").mkdir()
    write("users.csv", CLEAN)
    Path("dangling.csv").symlink_to("nowhere.csv")
    Path("loop.csv").symlink_to("loop.csv")
    before = names()
    assert run.complaint("check", file) == said
    assert names() == before


@pytest.mark.parametrize("file", ["", "nul\0.csv", "x" * 300, "x" * 300 + "/users.csv"])
def test_a_file_name_that_is_none(run: Printed, file: str) -> None:
    said = run.complaint("check", file)
    assert not said.startswith(":")
    assert file[:3] in said
    assert names() == set()


def test_a_file_that_may_not_be_read(run: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    write("users.csv", ERRORS)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuse)
        assert run.complaint("check", "users.csv") == "users.csv: permission denied"
    assert names() == {"users.csv"}


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that fails to read")
def test_a_file_that_fails_to_read(run: Printed) -> None:
    assert run.complaint("check", "/proc/self/mem") == "/proc/self/mem: input/output error"
    assert names() == set()


@pytest.mark.parametrize("command", ["check -", "workspace --from -"])
def test_a_stdin_that_is_closed(command: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {command} <&-', "sh", sys.executable, "-m", "csvimport"],
        capture_output=True,
        env=environment(),
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (CANNOT_RUN, b"")
    assert one_line(done.stderr.decode()) == "stdin: is closed"
    assert names() == set()


def test_a_named_pipe_is_closed() -> None:
    os.mkfifo("pipe.csv")
    writer = os.open("pipe.csv", os.O_RDWR)
    os.write(writer, CLEAN.encode())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        source = Source("pipe.csv")
        chunks = source.open()
        assert next(chunks) == CLEAN.encode()
        del chunks, source
        temporary()  # collects garbage
    os.close(writer)
    assert [str(each.message) for each in caught] == []


# --- Arguments that are wrong --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--frobnicate", "users.csv"], ["--frobnicate"]),
        (["users.csv", "--reprot", "r.csv"], ["--reprot", "--report"]),
        (["users.csv", "--report"], ["--report"]),
        (["users.csv", "--kind", "people"], ["--kind", "`people`", "attributes", "events"]),
        (["users.csv", "--format", "xml"], ["--format", "`xml`", "text", "json"]),
        (["users.csv", "--after-budget", "go"], ["--after-budget", "`go`", "stop", "continue"]),
        (["users.csv", "--time-budget", "soon"], ["--time-budget", "`soon`", "`2m`", "`none`"]),
        (["users.csv", "--encoding", "rot13"], ["encoding `rot13`", "expected", "`utf-8`"]),
        (["users.csv", "--encoding", ""], ["encoding ``", "expected", "`windows-1252`"]),
        (["users.csv", "--now", "today"], ["--now", "`today`", "`2026-11-22T00:00:00Z`"]),
        (["users.csv", "--now", ""], ["--now", "``", "`2026-11-22T00:00:00Z`"]),
        (["users.csv", "--now", "9999-12-31T23:59:59-05:00"], ["--now", "`9999-12-31T23:"]),
        (["users.csv", "--now", "0001-01-01T00:00:00+05:00"], ["--now", "`0001-01-01T00:"]),
        (["users.csv", "--now", "0001-01-01"], ["--now", "`0001-01-01`"]),
        (["users.csv", "--ignore", "blank-rwo"], ["`blank-rwo`", "`blank-row`"]),
        (["users.csv", "--severity", "blank-row"], ["--severity", "`blank-row`", "="]),
        (["users.csv", "--severity", "blank-row=x"], ["`blank-row`", "`x`", "`error`"]),
        ([], ["FILE"]),
    ],
)
def test_an_argument_that_is_wrong_is_named(
    run: Printed, arguments: list[str], words: list[str]
) -> None:
    write("users.csv", ERRORS)
    said = run.complaint("check", *arguments)
    assert [word for word in words if word not in said] == []
    assert "Value error" not in said
    assert "Input should" not in said
    assert names() == {"users.csv"}


@pytest.mark.parametrize("command", ["chekc", "frobnicate"])
def test_an_unknown_command_is_named(run: Printed, command: str) -> None:
    assert command in run.complaint(command)


# --- Workspaces ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"ignore = [", []),
        (b"\xff\xfe", []),
        (b'ignroe = ["blank-row"]', ["ignroe"]),
        (b'ignore = "blank-row"', ["ignore"]),
        (b"ignore = [1]", ["ignore"]),
        (b'severity = ["blank-row"]', ["severity"]),
        (b'[severity]\nblank-row = "fatal"', ["severity", "fatal"]),
        (b'[severity]\nblank-rwo = "error"', ["`blank-rwo`", "`blank-row`"]),
        (b'ignore = ["blank-rwo"]', ["`blank-rwo`", "`blank-row`"]),
    ],
)
def test_a_broken_workspace_is_named(run: Printed, text: bytes, words: list[str]) -> None:
    write("users.csv", ERRORS)
    write("work.toml", text)
    said = run.complaint("check", "users.csv", "--workspace", "work.toml")
    assert said.startswith("work.toml: ")
    assert [word for word in words if word not in said] == []
    assert names() == {"users.csv", "work.toml"}


def test_broken_toml_is_located(run: Printed) -> None:
    write("users.csv", ERRORS)
    write("w.toml", '# ours\nignore == ["blank-row"]\n')
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(Path("w.toml").read_text())
    assert "line 2" in run.complaint("check", "users.csv", "--workspace", "w.toml")


def test_a_workspace_that_is_none(run: Printed) -> None:
    write("users.csv", ERRORS)
    said = run.complaint("check", "users.csv", "--workspace", "missing.toml")
    assert said == "missing.toml: no such file or directory"
    assert run.complaint("check", "users.csv", "--workspace", ".").startswith(".: ")
    assert names() == {"users.csv"}


# --- The rule book -------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the rule book, which is read instead of it."""
    path = Path(shutil.copytree(data_folder(), tmp_path / "rules"))
    caches = (rulebook, known_columns, unknown_names)
    with monkeypatch.context() as patch:
        for module in ("rulebook", "columns"):
            patch.setattr(f"csvimport.{module}.data_folder", lambda: path)
        for cached in caches:
            cached.cache_clear()
        yield path
    for cached in caches:
        cached.cache_clear()


Damage = tuple[str, str, str]
#: A file of the book, and what is put there in place of what.
DAMAGES: list[Damage] = [
    ("structure/blank-row.toml", "name = ", "name "),
    ("structure/blank-row.toml", 'severity = "warning"', 'severity = "fatal"'),
    ("structure/blank-row.toml", "help = ", "halp = "),
    ("structure/blank-row.toml", 'name = "blank-row"', 'name = "blank-rows"'),
    ("structure/blank-row.toml", 'message = "', 'message = "{'),
    ("structure/blank-row.toml", 'message = "', 'message = "\udcff'),
    ("structure/blank-row.toml", 'message = "', 'message = "{nobody_knows} '),
    ("columns/attributes.toml", "[[column]]", "[[colunm]]"),
    ("columns/attributes.toml", "role = ", "rule = "),
    ("columns/common.toml", "export_only = ", "export_only "),
]


@pytest.mark.parametrize(("file", "old", "new"), DAMAGES)
def test_a_broken_rule_is_named(run: Printed, book: Path, file: str, old: str, new: str) -> None:
    path = book / file
    text = path.read_text()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode("utf-8", "surrogateescape"))
    write("users.csv", WITH_EVERYTHING)
    said = run.complaint("check", "users.csv")
    assert path.name in said
    assert names() == {"users.csv"}


#: A blank row, a name that is no column of the import, an export's name.
WITH_EVERYTHING = "external_id,random_bucket,session_count\n1,2,3\n\n"


@pytest.mark.parametrize("file", ["structure/blank-row.toml", "columns/attributes.toml"])
def test_a_rule_that_cannot_be_read_is_named(run: Printed, book: Path, file: str) -> None:
    (book / file).unlink()
    (book / file).symlink_to("nowhere")
    write("users.csv", CLEAN)
    assert str(book / file) in run.complaint("check", "users.csv")


def test_a_book_without_rules(run: Printed, book: Path) -> None:
    for path in book.glob("*/*.toml"):
        path.unlink()
    write("users.csv", CLEAN)
    for command in (["check", "users.csv"], ["rules"], ["rule", "blank-row"]):
        assert str(book) in run.complaint(*command)


# --- Outputs that cannot be written --------------------------------------------------------------


@pytest.mark.parametrize("option", ["--report", "--issues"])
@pytest.mark.parametrize("place", ["no folder/out.csv", "users.csv/out.csv"])
def test_a_folder_for_outputs_that_is_none(run: Printed, option: str, place: str) -> None:
    write("users.csv", ERRORS)
    assert run.complaint("check", "users.csv", option, place).startswith(f"{place}: ")
    assert names() == {"users.csv"}


def test_an_output_that_is_a_folder(run: Printed) -> None:
    write("users.csv", ERRORS)
    Path("out").mkdir()
    said = run.complaint("check", "users.csv", "--issues", "out")
    assert said == "out: is a folder, expected a file name"
    Path("users.report.csv").mkdir()
    said = run.complaint("check", "users.csv")
    assert said == "users.report.csv: is a folder, expected a file name"
    assert names() == {"users.csv", "out", "users.report.csv"}


def test_an_output_whose_name_is_too_long(run: Printed) -> None:
    write("users.csv", ERRORS)
    name = "x" * 300
    said = run.complaint("check", "users.csv", "--report", name)
    assert said.startswith(name)
    assert said.endswith("file name too long")
    assert names() == {"users.csv"}


def test_a_file_of_the_longest_name_has_a_report(run: Printed) -> None:
    """The name of the report is longer than that of the file: it must be cut, or refused."""
    name = "x" * 251 + ".csv"
    write(name, ERRORS)
    if run("check", name) == CANNOT_RUN:
        one_line(run.err)
        assert names() == {name}
    else:
        assert len(names()) == 2


@pytest.mark.parametrize("option", ["--report", "--issues"])
def test_a_folder_that_may_not_be_written(
    run: Printed, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    write("users.csv", ERRORS)
    Path("out").mkdir()
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: mode == os.R_OK or (Path(path).name != "out")
    )
    said = run.complaint("check", "users.csv", option, "out/r")
    assert said.startswith("out/r: the folder `out` is not writable")
    monkeypatch.setattr(os, "access", access)
    assert names(Path("out")) == set()


def test_a_folder_that_turns_out_not_to_be_writable(
    run: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("users.csv", ERRORS)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("tempfile.mkstemp", refuse)
        assert run("check", "users.csv") == CANNOT_RUN
    assert one_line(run.err) == "users.report.csv: permission denied"
    assert run.out.startswith("users.csv: issues found\n")
    assert names() == {"users.csv"}


#: Runs the command where no file can grow beyond some bytes, as on a full disk.
FULL = (
    "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size})); "
    "from csvimport.cli import main; sys.exit(main())"
)


def on_a_full_disk(
    *arguments: str, size: int = 20_000, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-B", "-c", FULL.format(size=size), "check", *arguments],
        input=stdin,
        capture_output=True,
        env=environment(),
        timeout=DEADLINE,
        check=False,
    )


MANY = "external_id,email\n" + ",x\n" * 2_000


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ([], "users.report.csv"),
        (["--no-report", "--issues", "issues.jsonl"], "issues.jsonl"),
        (["--format", "json"], "users.report.csv"),
    ],
)
def test_a_full_disk(options: list[str], place: str) -> None:
    write("users.csv", MANY)
    write(place, "old")
    done = on_a_full_disk("users.csv", *options)
    assert done.returncode == CANNOT_RUN
    said = one_line(done.stderr.decode())
    assert f"{place}: file too large" in said
    assert names() == {"users.csv", place}
    assert Path(place).read_text() == "old"


def test_a_full_disk_for_the_other_file_alone() -> None:
    write("many.csv", MANY)
    write("few.csv", ERRORS)
    done = on_a_full_disk("many.csv", "few.csv")
    assert done.returncode == CANNOT_RUN
    one_line(done.stderr.decode())
    assert done.stdout.startswith(b"many.csv: issues found\n")
    assert b"\nfew.csv: issues found\n" in done.stdout
    assert names() == {"many.csv", "few.csv", "few.report.csv"}


def test_a_full_disk_for_what_comes_through_a_pipe() -> None:
    done = on_a_full_disk("-", stdin=b"external_id,email\n" + b"1,a@example.com\n" * 10_000)
    assert done.returncode == CANNOT_RUN
    assert "file too large" in one_line(done.stderr.decode())
    assert names() == set()


def test_a_full_disk_for_the_flagged_rows() -> None:
    write("users.csv", "external_id,email\n" + ",x\n" * 200_000)
    done = on_a_full_disk("users.csv", "--no-report", size=MB)
    assert done.returncode == CANNOT_RUN
    assert "file too large" in one_line(done.stderr.decode())
    assert names() == {"users.csv"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
@pytest.mark.parametrize(
    "command", [["check", "users.csv"], ["check", "users.csv", "--format", "json"], ["rules"]]
)
def test_a_full_disk_for_what_is_printed(command: list[str]) -> None:
    write("users.csv", ERRORS)
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "csvimport", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=DEADLINE,
            check=False,
        )
    assert done.returncode == CANNOT_RUN
    assert "no space left on device" in one_line(done.stderr.decode())


# --- Odd files have a verdict --------------------------------------------------------------------


def verdict(run: Printed, data: bytes, *options: str) -> dict[str, Any]:
    """The result for a file of `data`, once as a document and once as text."""
    write("users.csv", data)
    status, result = run.json("users.csv", "--issues", "issues.jsonl", *options)
    assert run.err == ""
    assert status in (OK, FOUND)
    assert result["bytes"] == result["bytes_checked"] == len(data)
    issues = Path("issues.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(issues) == result["errors"] + result["warnings"]
    if result["report"]:
        assert len({len(line) for line in report(result["report"])}) == 1
    assert run("check", "users.csv", "--no-report") == status
    assert run.err == ""
    assert len(run.out) < 20_000
    return result


ODD: dict[str, tuple[bytes, dict[str, int]]] = {
    "nothing": (b"", {"empty-file": 1}),
    "a byte-order mark": (b"\xef\xbb\xbf", {"empty-file": 1}),
    "a line end": (b"\n", {"empty-file": 1}),
    "a byte-order mark and a line end": (b"\xef\xbb\xbf\r\n", {"empty-file": 1}),
    "a header": (b"external_id,email", {"no-data-rows": 1}),
    "a header and its line end": (b"external_id,email\n", {"no-data-rows": 1}),
    "one column": (b"external_id\n1\n2\n", {}),
    "one cell": (b"x", {"no-data-rows": 1, "missing-identifier-column": 1}),
    "a quote": (b'"', {"no-data-rows": 1, "unclosed-quote": 1}),
    "delimiters": (b"," * 1000, {"empty-file": 1}),
    "delimiters on lines": (b",,\n" * 1000, {"empty-file": 1}),
    "delimiters on a long line": (b"," * MB, {"empty-file": 1}),
    "delimiters below a header": (
        TABLE + b"," * MB,
        {"no-data-rows": 1, "blank-row": 1},
    ),
    "line ends": (b"\n" * MB, {"empty-file": 1}),
    "line ends of two bytes": (b"\r\n" * MB, {"empty-file": 1}),
    "lone CR": (b"\r" * MB, {"empty-file": 1, "cr-line-endings": 1}),
    "more lone CR": (b"\r" * 3 * MB, {"empty-file": 1, "cr-line-endings": 1}),
    "white space": (b" " * MB, {"empty-file": 1}),
    "quotes, an even number": (
        b'"' * MB,
        {"no-data-rows": 1, "missing-identifier-column": 1, "invalid-attribute-name": 1},
    ),
    "quotes, an odd number": (b'"' * (MB + 1), {"no-data-rows": 1, "unclosed-quote": 1}),
    "only a separator line": (b"sep=;", {"separator-line": 1, "empty-file": 1}),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_has_a_verdict(run: Printed, name: str) -> None:
    data, issues = ODD[name]
    result = verdict(run, data)
    assert result["issues_by_rule"] == issues
    assert result["verdict"] == ("issues_found" if issues else "complete")


@pytest.mark.parametrize(
    "data",
    [
        b"\0",
        b"\0" * 5_000,
        b"external_id,email\n\0,\0\n",
        b"external_id,\0\n1,\0\0\n",
        b"\0,\n\0,\n" * 3_000,
        b"external_id,email\n" + b"\0" * MB + b"\n",
    ],
)
def test_nul_bytes_have_a_verdict(run: Printed, data: bytes) -> None:
    verdict(run, data)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_lone_surrogates_have_a_verdict(run: Printed, encoding: str, mark: str) -> None:
    text = f"{mark}external_id,\ud83d,last_name\n1,\udc00\udc00,x\n1,x,\ud83d\n\ud83d,\ud83d\n"
    result = verdict(run, text.encode(encoding, "surrogatepass"))
    if mark:
        assert result["encoding"] == encoding
        assert result["rows"] == 3
        assert result["issues_by_rule"]["wrong-encoding"] == 1
        assert result["issues_by_rule"]["duplicate-identifier"] == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_cut_character_at_the_end_has_a_verdict(run: Printed, encoding: str, cut: int) -> None:
    data = "\ufeffexternal_id,email\n1,a@example.com\n2,😀".encode(encoding)[:-cut]
    assert verdict(run, data)["rows"] == 2


def test_ten_thousand_columns_have_a_verdict(run: Printed) -> None:
    width = 10_000
    header = ",".join(["external_id", *(f"column {number}" for number in range(width - 1))])
    rows = [",".join([str(number % 3), *["x"] * (width - 1)]) for number in range(5)]
    data = "\n".join([header, *rows, "1,2", "3" + ",x" * width, ""]).encode()
    write("users.csv", data)
    status, result = run.json("users.csv")
    assert (status, run.err) == (FOUND, "")
    assert len(result["columns"]) == width
    expected = {"too-few-cells": 1, "too-many-cells": 1, "duplicate-identifier": 2}
    assert result["issues_by_rule"] == expected
    assert [len(line) for line in report("users.report.csv")] == [width + 6] * 5


def test_a_long_quoted_cell_has_a_verdict(run: Printed) -> None:
    text = "first line\n" + "x" * 5 * MB + "\nlast line"
    data = f'external_id,email,text\n1,,"{text}"\n2,,b\n'.encode()
    result = verdict(run, data)
    assert result["issues_by_rule"]["unclosed-quote"] == 1
    assert result["rows"] == 4
    assert result["rows_importable"] == 1
    lines = report("users.report.csv")
    assert [line[0] for line in lines[1:]] == ["2", "3", "4"]
    assert max(len(cell) for line in lines for cell in line) < 33_000


def test_a_quoted_cell_below_the_limit_is_read(run: Printed) -> None:
    text = "x" * 999 + "\n"
    data = f'external_id,text\n1,"{text * 1_000}x"\n'.encode()
    assert verdict(run, data)["issues_by_rule"] == {"value-too-long": 1}


def test_a_missing_file_whose_name_is_not_utf8() -> None:
    done = process("check", b"caf\xe9.csv", PYTHONIOENCODING="utf-8")
    assert done.returncode == CANNOT_RUN
    assert one_line(done.stderr.decode()).startswith("caf")


def test_a_device_without_an_end_runs_out_of_time() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("needs a device without an end")
    done = process("check", "/dev/zero", "--time-budget", "0.5s", "--format", "json", "--no-report")
    (result,) = json.loads(done.stdout)["files"]
    assert result["verdict"].startswith("timed_out")
    assert done.stderr == b""


# --- Memory --------------------------------------------------------------------------------------

#: Checks a file in limited memory, and says how much was the most. (`ru_maxrss` would not do:
#: it starts from that of the process which started this one.)
MEASURED = """
import re, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
from csvimport.__main__ import main
status = main()
print(re.search("VmHWM:\\s*([0-9]+) kB", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(status)
"""


def memory(data: Callable[[], Iterator[bytes]], *options: str) -> tuple[int, dict[str, int]]:
    """The most memory in MB that it takes to check the data, and the issues by rule."""
    with Path("big.csv").open("wb") as file:
        file.writelines(data())
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, "check", "big.csv", "--format", "json", *options],
        capture_output=True,
        env=environment(),
        timeout=DEADLINE,
        check=False,
    )
    assert done.returncode in (OK, FOUND), done.stderr[-2_000:]
    (result,) = json.loads(done.stdout)["files"]
    assert result["bytes_checked"] == Path("big.csv").stat().st_size
    issues: dict[str, int] = result["issues_by_rule"]
    return int(done.stderr) * 1024 // MB, issues


@cache
def little() -> int:
    """The memory in MB for a tiny file."""
    return memory(repeated(b"1,\n", 0, TABLE))[0]


def repeated(piece: bytes, size: int, before: bytes = b"") -> Callable[[], Iterator[bytes]]:
    def data() -> Iterator[bytes]:
        yield before
        yield from itertools.repeat(piece * 50_000, size // len(piece) // 50_000)

    return data


LARGE = {
    "one line": (repeated(b"x", 30 * MB), "record-too-large"),
    "one row": (repeated(b"x", 30 * MB, TABLE), "record-too-large"),
    "one row of cells": (repeated(b"x,", 30 * MB, TABLE), "record-too-large"),
    "one row of quotes": (repeated(b'"', 30 * MB, TABLE), "unclosed-quote"),
    "one header of quotes": (repeated(b'"', 30 * MB), "unclosed-quote"),
    "one header of delimiters": (repeated(b",", 2 * MB), "record-too-large"),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs the memory's high mark")
@pytest.mark.parametrize("name", LARGE)
def test_memory_is_bounded(name: str) -> None:
    data, rule = LARGE[name]
    most, issues = memory(data, "--no-report")
    assert rule in issues
    assert most < little() + 300


# --- The library ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(CLEAN.encode(), id="bytes"),
        pytest.param(bytearray(CLEAN.encode()), id="bytearray"),
        pytest.param(memoryview(CLEAN.encode()), id="memoryview"),
        pytest.param(io.StringIO(CLEAN), id="text object"),
        pytest.param(io.TextIOWrapper(io.BytesIO(CLEAN.encode())), id="text file"),
        pytest.param((line for line in [CLEAN]), id="generator of str"),
        pytest.param(iter([CLEAN.encode(), CLEAN]), id="bytes, then str"),
        pytest.param([1, 2], id="list of int"),
        pytest.param(5, id="int"),
        pytest.param(None, id="None"),
        pytest.param(object(), id="object"),
        pytest.param({"users.csv": 1}, id="dict"),
        pytest.param({"users.csv"}, id="set of paths"),
        pytest.param(iter([None, CLEAN.encode()]), id="None, then bytes"),
        pytest.param(types.SimpleNamespace(read=5), id="read that is none"),
        pytest.param(types.SimpleNamespace(read=lambda _: ""), id="text file at its end"),
    ],
)
def test_the_library_says_what_it_expects(source: object) -> None:
    with pytest.raises(OptionError, match="expected") as caught:
        check(cast(Any, source))
    assert "\n" not in str(caught.value)


EXPECTED = "expected a path, a binary file or an iterable of bytes"


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        (["a.csv", b"abc"], f"part 2: found bytes, {EXPECTED}"),
        ([b"abc", "a.csv"], f"part 1: found bytes, {EXPECTED}"),
        (("a.csv", None), f"part 2: found NoneType, {EXPECTED}"),
        ([5], f"part 1: found int, {EXPECTED}"),
        (["a.csv", io.StringIO()], "part 2: stream-2: is open as text, expected a binary file"),
        (["a.csv", ""], "part 2: found an empty file name, expected the name of a file"),
        (["a.csv", "b.csv"], "part 2: b.csv: no such file or directory"),
        (["a.csv", "a.csv", ["a.csv"]], "stream-3: found str, expected an iterable of bytes"),
        ([iter([5]), "a.csv"], "stream: found int, expected an iterable of bytes"),
    ],
)
def test_the_part_that_is_none_is_named(parts: Any, said: str) -> None:
    write("a.csv", CLEAN)
    with pytest.raises((OptionError, SourceError)) as caught:
        check(parts)
    assert str(caught.value) == said


def test_a_file_that_cannot_be_read_is_said_to() -> None:
    with Path("users.csv").open("wb") as file:
        with pytest.raises(SourceError, match=r"^users\.csv: is not open for reading$"):
            check(cast(Any, file))
        file.close()
        with pytest.raises(OptionError, match=r"^users\.csv: is closed, expected an open file$"):
            check(cast(Any, file))


def test_a_file_that_does_not_wait_has_no_end_there() -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.write(writer, CLEAN.encode())
    with (
        open(reader, "rb", buffering=0) as file,
        open(writer, "wb"),
        pytest.raises(SourceError, match="has nothing yet, expected a file that waits"),
    ):
        check(cast(Any, file))


def test_a_file_with_a_codec_is_open_as_text() -> None:
    write("users.csv", CLEAN)
    with (
        codecs.StreamReaderWriter(
            Path("users.csv").open("rb"), codecs.getreader("utf-8"), codecs.getwriter("utf-8")
        ) as file,
        pytest.raises(OptionError, match="found str, expected"),
    ):
        check(cast(Any, file))


@pytest.mark.parametrize("budget", ["2m", "120", b"2", [1]])
def test_a_time_budget_is_a_number(budget: object) -> None:
    with pytest.raises(OptionError, match=r"found time budget .*, expected seconds, or None"):
        check([CLEAN.encode()], time_budget=cast(Any, budget))


def test_chunks_of_any_width_are_read_whole() -> None:
    data = CLEAN.encode() + b"\n" * (len(CLEAN) % 2)
    for chunks in ([memoryview(data).cast("H")], [memoryview(data)[::1]], [bytearray(data)]):
        result = check(cast(Any, chunks))
        assert (result.bytes, result.rows) == (len(data), 2)


def test_a_text_file_is_named() -> None:
    write("users.csv", CLEAN)
    with (
        Path("users.csv").open(encoding="utf-8") as file,
        pytest.raises(OptionError, match=r"users\.csv: is open as text, expected a binary file"),
    ):
        check(cast(Any, file))


class Texts:
    """Reads like a file, but text."""

    def read(self, _: int = -1) -> str:
        return CLEAN


def test_what_reads_text_is_refused() -> None:
    with pytest.raises(OptionError, match="expected"):
        check(cast(Any, Texts()))


@pytest.mark.parametrize("data", [[], [b""], [b"", b"", CLEAN.encode(), b""]])
def test_empty_chunks_are_no_end(data: list[bytes]) -> None:
    result: Result = check(iter(data))
    expected = Verdict.COMPLETE if any(data) else Verdict.ISSUES_FOUND
    assert result.verdict == expected
    assert result.rows == (2 if any(data) else 0)


def test_a_source_that_raises_is_the_callers_fault() -> None:
    def broken() -> Iterator[bytes]:
        yield CLEAN.encode()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        check(broken())


def test_limits_of_this_machine_do_not_decide() -> None:
    """Tests above set limits in subprocesses alone."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
