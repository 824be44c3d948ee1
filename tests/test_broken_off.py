"""An input that breaks off: what was checked until then is told, and that there was more."""

import functools
import gzip
import io
import json
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from running import CROSS_ROW, SAMPLED, report_bytes
from running import run as checked_whole
from test_cli import Printed, folder, names, one_line, report, run, write

from csvimport import Result, SourceError, Verdict, check, start
from csvimport.checker import Checker
from csvimport.cli import CANNOT_RUN, FOUND
from csvimport.engine import Check
from csvimport.options import Options
from csvimport.scanner import Scanner
from csvimport.source import Source, Together

__all__ = ["folder", "run"]

HEADER = b"external_id,email,plan\n"
#: Every tenth has an error, and every second one repeats another.
ROWS = [
    b"A%d,a@example.com,%s" % (number // 2, b"x" * 2_000) + b"," * (number % 10 == 0) + b"\n"
    for number in range(12_000)
]
TABLE = HEADER + b"".join(ROWS)
ERROR = OSError(5, "Input/output error")


def failing(*chunks: bytes) -> Iterator[bytes]:
    yield from chunks
    raise ERROR


def pieces(data: bytes, size: int = 1 << 20) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def told(result: Result) -> list[tuple[object, ...]]:
    unlike = CROSS_ROW | SAMPLED
    return [(each.rule, each.row, each.line) for each in result if each.rule not in unlike]


def test_a_job_raises_once_and_then_tells_what_was_checked(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    job = start(failing(*pieces(TABLE)), report=path)
    with pytest.raises(SourceError) as caught:
        job.result()
    result = job.result()
    assert result.rows_checked == len(ROWS)
    assert str(caught.value) == (
        f"stream: input/output error; rows checked until then: {result.rows_checked:,}"
    )
    assert result.broken_off == result.to_dict()["broken_off"] == "stream: input/output error"
    assert (result.verdict, result.complete, result.rows) == (Verdict.SKIPPED, False, None)
    assert result.bytes_checked == len(HEADER) + sum(map(len, ROWS[: result.rows_checked]))
    assert set(result.incomplete_rules) >= CROSS_ROW
    whole = check(io.BytesIO(TABLE))
    assert whole.broken_off is None
    last = result.rows_checked + 1
    assert told(result) == [each for each in told(whole) if int(str(each[1] or 0)) <= last]
    assert path.read_bytes() == report_bytes(result)


def test_the_reports_of_a_check_are_of_what_was_read(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("r.csv", "r.sarif", "r.junit.xml", "r.jsonl")]
    for path in paths:
        path.write_text("of an earlier run")
    with pytest.raises(SourceError, match=r"rows checked until then: 2$"):
        check(failing(HEADER, b"A1,,\nA1,,\n"), report=paths)
    job = start(failing(HEADER, b"A1,,\nA1,,\n"))
    with pytest.raises(SourceError):
        job.result()
    table, sarif, _, issues = paths
    assert table.read_bytes() == report_bytes(job.result())
    assert issues.read_bytes().count(b"\n") == job.result().errors + job.result().warnings > 0
    assert b'"executionSuccessful":false' in sarif.read_bytes().replace(b" ", b"")
    assert not any(b"earlier" in path.read_bytes() for path in paths)


SMALL: dict[str, Any] = {"block_size": 100, "max_record": 60}
LINES = [b"A%d,,x" % (number % 7) + b"," * (number % 3 == 0) + b"\n" for number in range(60)]


@pytest.mark.parametrize("end", range(30, 700, 37))
@pytest.mark.parametrize("parts", [1, 2])
def test_wherever_it_breaks_off_what_is_told_was_checked(
    end: int, parts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csvimport.engine.Scanner", functools.partial(Scanner, probe=16))
    data = HEADER + b"".join(LINES)
    before = [Source(io.BytesIO(data), "before.csv")] * (parts - 1)
    source = Together([*before, Source(failing(*pieces(data[:end], 50)), "broken.csv")])
    running = Check(source, Options(**SMALL))
    with pytest.raises(SourceError) as caught:
        running.run(lambda: True)
    result = running.result()
    assert not result.complete
    assert (result.rows_checked > 0) == (running.broken_off is not None)
    if result.rows_checked:
        assert str(caught.value).endswith(f"; rows checked until then: {result.rows_checked}")
    lines = (data * (parts - 1) + data[:end]).splitlines(keepends=True)
    seen = [lines[: result.rows_checked + headers] for headers in range(parts + 1)]
    assert result.bytes_checked in [len(b"".join(each)) for each in seen]
    assert [row for rule, row, _ in told(result) if rule == "too-many-cells"] == [
        number for number, line in enumerate(seen[-1], 1) if line.endswith(b",x,\n")
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "windows-1252", "cp932"])
@pytest.mark.parametrize("size", [1, 100, 1 << 20])
@pytest.mark.parametrize("end", [120, 480, 1_000, 20_003, 2_000_003])
def test_every_line_before_that_is_checked(encoding: str, size: int, end: int) -> None:
    word = "アパート" if encoding == "cp932" else "Grüße aus Köln"
    lines = [f"A{number},a@example.com,{word}\n" for number in range(end // 20)]
    data = "".join(["external_id,email,plan\n", *lines]).encode(encoding)[:end]
    size = max(size, end // 1_000)
    with pytest.raises(SourceError, match="rows checked until then") as caught:
        check(failing(*pieces(data, size)))
    told = data.decode(encoding, "ignore").count("\n") - 1
    assert str(caught.value).endswith(f": {told:,}")


def test_an_encoding_is_known_of_what_there_is() -> None:
    lines = [f"A{number},a@example.com,Grüße aus Köln\n" for number in range(1_000)]
    data = "".join(["external_id,email,plan\n", *lines]).encode("windows-1252")
    job = start(failing(*pieces(data[:-7], 1_000)))
    with pytest.raises(SourceError, match="rows checked until then: 999"):
        job.result()
    assert job.result().encoding == "windows-1252"


def test_where_nothing_was_checked_there_is_nothing_to_tell() -> None:
    job = start(failing(HEADER, ROWS[0][:-1]))
    for _ in range(2):
        with pytest.raises(SourceError, match=r"^stream: input/output error$"):
            job.result()


class Failing(io.RawIOBase):
    """Delivers the table, and then fails."""

    def __init__(self) -> None:
        self._data = io.BytesIO(TABLE)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._data.readinto(buffer)
        if not size:
            raise ERROR
        return size


def test_the_library_says_which_stream_failed() -> None:
    with pytest.raises(SourceError, match=r"^stream: input/output error; rows checked until then"):
        check(io.BufferedReader(Failing()))


@pytest.mark.parametrize("format_", ["text", "json"])
def test_the_command_tells_it_and_that_it_could_not_do_all(
    run: Printed, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    stdin = io.TextIOWrapper(io.BufferedReader(Failing()))
    monkeypatch.setattr(sys, "stdin", stdin)
    write("users.csv", "external_id,email\nA1,x\n")
    arguments = ["-", "users.csv", "--format", format_, "--issues", "issues.jsonl"]
    assert run("check", *arguments) == CANNOT_RUN
    said = one_line(run.err)
    assert said.startswith("stdin: input/output error; rows checked until then: ")
    rows = int(said.rpartition(": ")[2].replace(",", ""))
    assert len(report("stdin.report.csv")) > rows // 10
    if format_ == "json":
        broken, other = json.loads(run.out)["files"]
        assert (broken["verdict"], broken["rows_checked"]) == ("skipped", rows)
        assert broken["broken_off"] == "stdin: input/output error"
        assert (other["verdict"], other["broken_off"]) == ("issues_found", None)
    else:
        assert run.out.startswith("stdin: validation skipped\n")
        assert "the input breaks off after " in run.out
        assert "next: get the file again, whole, and check that" in run.out
        assert "\nusers.csv: issues found\n" in run.out
    stdin.detach()


def test_a_report_that_cannot_be_written_is_said_to_as_well(
    run: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BufferedReader(Failing()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert run("check", "-", "--report", "/dev/full") == CANNOT_RUN
    first, second = run.err.splitlines()
    assert "input/output error" in first
    assert second == "csvimport: error: /dev/full: no space left on device"
    assert run.out.startswith("stdin: validation skipped\n")
    stdin.detach()


def packed(damage: str) -> bytes:
    packer = zlib.compressobj(0, wbits=31)  # stored as it is: what is cut off is a part of the text
    data = packer.compress(TABLE) + packer.flush()
    if damage == "cut":
        return data[: len(data) * 3 // 4]
    changed = bytearray(data)
    changed[-8] ^= 1
    return bytes(changed)


def test_an_archive_that_is_cut_off_holds_what_it_holds(run: Printed) -> None:
    Path("users.csv.gz").write_bytes(packed("cut"))
    assert run("check", "users.csv.gz") == CANNOT_RUN
    said = one_line(run.err)
    assert said.startswith("users.csv.gz: breaks off: as gzip it is not whole; rows checked until")
    assert "users.csv.gz: validation skipped" in run.out
    assert names() == {"users.csv.gz", "users.csv.report.csv"}


@pytest.mark.parametrize("is_last", [False, True])
@pytest.mark.usefixtures("folder")
def test_a_small_part_that_is_cut_off_keeps_none_before_it_from_being_checked(
    *, is_last: bool
) -> None:
    write("a.csv", HEADER + b"A1,a@example.com,x\n")
    Path("b.csv.gz").write_bytes(gzip.compress(HEADER + b"A2,b@example.com,x\n")[:-9])
    files = ["a.csv", "b.csv.gz", *["a.csv"] * (not is_last)]
    with pytest.raises(
        SourceError, match=r"^b\.csv\.gz: breaks off: .* rows checked until then: 2$"
    ):
        check(files)


def test_a_stream_that_has_failed_does_not_end_when_it_is_read_again() -> None:
    source = Source(failing(HEADER))
    for _ in range(2):
        with pytest.raises(SourceError, match="input/output error"):
            list(source.open())


def test_what_a_damaged_archive_holds_nobody_knows(run: Printed) -> None:
    """Its checksum is wrong, and so may any row be."""
    Path("users.csv.gz").write_bytes(packed("changed"))
    assert "is damaged" in run.complaint("check", "users.csv.gz")
    assert names() == {"users.csv.gz"}


def test_a_file_that_vanishes_may_be_another_one(
    run: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("users.csv", "external_id,email\nx\n" + "A1,a@example.com\n" * 600_000)
    block = Checker.block

    def disturbed(self: Checker, *arguments: Any) -> Any:
        path.unlink(missing_ok=True)
        return block(self, *arguments)

    monkeypatch.setattr(Checker, "block", disturbed)
    assert run.complaint("check", "users.csv") == "users.csv: no such file or directory"
    assert names() == set()


def test_a_whole_input_is_none_of_that(run: Printed) -> None:
    write("users.csv", "external_id,email\nA1,x\n")
    status, result = run.json("users.csv", "--no-report", "--fail-on", "warning")
    assert (status, result["broken_off"]) == (FOUND, None)
    assert checked_whole(TABLE).broken_off is None
