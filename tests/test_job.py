"""Time, threads and temporary files: what a check does that is not read to its end at once."""

import functools
import gc
import io
import itertools
import os
import tempfile
import threading
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from running import CROSS_ROW, SAMPLED, checked, report_bytes, run, summary, whole
from tables import FILES

from csvimport import (
    Issue,
    OutputError,
    Progress,
    Result,
    SourceError,
    Verdict,
    check,
    start,
)
from csvimport.block import Block
from csvimport.checker import Checker
from csvimport.engine import Check
from csvimport.options import Options
from csvimport.scanner import Header, Scanner
from csvimport.source import Source

HEADER = b"external_id,email,plan\n"
ROW = b"A1,a@example.com,gold\n"
WAIT = 30
#: Rows of which every third is a duplicate, every fifth malformed.
ROWS = [
    f"id{number % 20 if number % 3 == 0 else number},,x".encode() + b"," * (number % 5 == 0) + b"\n"
    for number in range(100)
]
DATA = HEADER + b"".join(ROWS)
#: Sizes by which that has many blocks.
SMALL: dict[str, Any] = {"block_size": 100, "max_record": 60}
PROBE = 16


def assert_consistent(result: Result) -> None:
    """The counts of a result agree with its issues and with each other."""
    frame = result.issues.collect()
    assert frame.height == result.errors + result.warnings == sum(result.issues_by_rule.values())
    assert frame.filter(severity="error").height == result.errors
    if not result.complete:
        assert result.rows is None
    assert result.rows_importable == result.rows_checked - result.rows_with_errors
    assert result.rows_with_errors + result.rows_with_warnings <= result.rows_checked
    if result.bytes is not None:
        assert result.bytes_checked <= result.bytes
    rows = frame["row"].drop_nulls()
    if rows.len() and "blank-row" not in result.issues_by_rule:
        assert rows.max() <= result.rows_checked + 1  # type: ignore[operator]


# --- The budget ----------------------------------------------------------------------------------


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a hundred bytes for the public functions."""
    scanner = functools.partial(Scanner, probe=PROBE)
    monkeypatch.setattr("csvimport.engine.Scanner", scanner)
    options = functools.partial(Options, **SMALL)
    monkeypatch.setattr("csvimport.api.Options", options)


def _clock(monkeypatch: pytest.MonkeyPatch, looks: int) -> None:
    """A clock by which time runs out at the given look of the thread that checks."""
    times = itertools.chain(itertools.repeat(0.0, looks), itertools.repeat(float("inf")))

    def now() -> float:
        return next(times) if threading.current_thread().name == "csvimport" else 0.0

    monkeypatch.setattr("csvimport.job.time", types.SimpleNamespace(monotonic=now))


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_when_time_runs_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, blocks: int) -> None:
    full = check(io.BytesIO(DATA), time_budget=None)
    assert full.verdict == Verdict.ISSUES_FOUND
    assert full.incomplete_rules == []
    _clock(monkeypatch, blocks)
    path = tmp_path / "report.csv"
    result = check(io.BytesIO(DATA), time_budget=60, report=path)
    assert result.verdict == Verdict.TIMED_OUT_WITH_ISSUES
    assert result.timed_out
    assert not result.complete
    assert result.rows is None
    assert 0 < result.rows_checked < len(ROWS)
    assert result.bytes == len(DATA)
    assert result.bytes_checked == len(HEADER) + sum(map(len, ROWS[: result.rows_checked]))
    assert_consistent(result)
    assert "duplicate-identifier" in result.incomplete_rules
    last = result.rows_checked + 1
    expected = [each for each in full if each.row is None or each.row <= last]
    assert [each for each in result if each.rule != "duplicate-identifier"] == [
        each for each in expected if each.rule != "duplicate-identifier"
    ]
    rows = {each.row for each in expected}
    assert path.read_bytes().count(b"\r\n") == len(rows) + 1
    assert result.report_lines == len(rows) + 1


@pytest.mark.usefixtures("small_blocks")
def test_more_time_checks_more(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    for blocks in (1, 2, 4, 1000):
        _clock(monkeypatch, blocks)
        seen.append(check(io.BytesIO(DATA), time_budget=60).rows_checked)
    assert seen == sorted(set(seen))
    assert seen[-1] == len(ROWS)


@pytest.mark.usefixtures("small_blocks")
def test_without_issues_so_far_the_verdict_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    _clock(monkeypatch, 2)
    data = HEADER + b"".join(b"id%d,,x\n" % number for number in range(100)) + b",,x\n"
    result = check(io.BytesIO(data), time_budget=60)
    assert result.verdict == Verdict.TIMED_OUT
    assert list(result) == []
    assert result.rows is None
    assert result.incomplete_rules != []


@pytest.mark.usefixtures("small_blocks")
def test_in_time_nothing_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    full = check(io.BytesIO(DATA), time_budget=None)
    _clock(monkeypatch, 1000)
    assert whole(check(io.BytesIO(DATA), time_budget=60)) == whole(full)


@settings(max_examples=40, deadline=None)
@given(FILES, st.integers(1, 60), st.integers(1, 6), st.sampled_from(["utf-8", "utf-16"]))
def test_any_partial_result_is_consistent(
    text: str, block_size: int, blocks: int, encoding: str
) -> None:
    data = text.encode(encoding)
    options: dict[str, Any] = {"block_size": block_size, "probe": 16, "kind": "attributes"}
    options["max_record"] = 100
    running = checked(data, blocks=blocks, **options)
    partial = running.result()
    assert_consistent(partial)
    full = run(data, **options)
    if running.complete:
        assert whole(partial) == whole(full)
        return
    assert partial.timed_out
    report_bytes(partial)
    of_rows = [each for each in partial if each.row is not None]
    if running.scanner.header is None:
        assert of_rows == []
    else:
        assert of_rows == [each for each in full if each.row is not None][: len(of_rows)]


@settings(max_examples=60, deadline=None)
@given(FILES, st.integers(1, 60), st.sampled_from([1, 3, 16]), st.sampled_from([3, 10_000]))
def test_at_every_moment_a_result_is_that_of_the_rows_checked(
    text: str, block_size: int, blocks: int, sample: int
) -> None:
    data = text.encode()
    partial: list[tuple[Result, Header | None]] = []
    running: list[Check] = []
    options: dict[str, Any] = {"block_size": block_size, "kind": "attributes", "max_record": 100}
    block = Checker.block
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.inference.MOST_RECORDS", sample)
        patch.setattr("csvimport.engine._ENOUGH_BLOCKS", blocks)

        def stop(check: Check) -> None:
            partial.append((check.result(), check.header))

        def in_the_middle(self: Checker, records: Block) -> pl.DataFrame:
            if running and self is running[-1].checker:  # and not that of an early result
                stop(running[-1])
            return block(self, records)

        def watch(check: Check) -> None:
            running.append(check)
            stop(check)

        patch.setattr(Checker, "block", in_the_middle)
        full = checked(data, probe=16, at_each_stop=watch, **options).result()
    for result, header in partial:
        assert_consistent(result)
        if header is None or result.complete:
            continue
        mine = [each for each in result if each.row is not None]
        seen = max(result.bytes_checked, (header.byte or 0) + 1)
        theirs = [each for each in full if (each.byte or 0) < seen]
        rules = CROSS_ROW | (set() if sample == 3 else SAMPLED)
        told = [
            [
                (each.rule, each.row, each.byte, each.column)
                for each in issues
                if each.row is not None and each.rule not in rules
            ]
            for issues in (mine, theirs)
        ]
        assert told[0] == told[1]


def test_a_slow_source_is_left_in_time() -> None:
    """Design, section 7: the budget is looked at ten times a second, whatever the block size."""
    stopped = False

    def slow() -> Iterator[bytes]:
        nonlocal stopped
        yield HEADER
        for _ in range(60):
            yield ROW * 10
            time.sleep(0.05)
        stopped = True

    result = check(slow(), time_budget=0.3)
    assert not stopped
    assert result.timed_out
    assert_consistent(result)


def test_a_check_that_is_left_leaves_nothing_behind(tmp_path: Path) -> None:
    """Neither a thread that waits for ever nor an open file."""
    path = tmp_path / "large.csv"
    path.write_bytes(b"external_id,plan\n" + b"A1,basic\n" * 6_000_000)
    for _ in range(2):
        result = check(path, time_budget=0.05)
        assert result.timed_out
        job = start(path)
        job.cancel()
        job.result()
    deadline = time.monotonic() + 60
    names = {"csvimport", "csvimport-ahead", "csvimport-spill"}
    while names & {thread.name for thread in threading.enumerate()}:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    if os.path.isdir("/proc/self/fd"):
        opened = [os.readlink(f"/proc/self/fd/{number}") for number in _descriptors()]
        assert str(path) not in opened


def _descriptors() -> list[str]:
    return [
        each for each in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{each}")
    ]


# --- Jobs ----------------------------------------------------------------------------------------


def _endless() -> Iterator[bytes]:
    """Rows of which every second has an error, a few thousand a second."""
    yield HEADER
    for number in itertools.count():
        yield b"".join(b"id%d-%d,,x\n,,x\n" % (number, each) for each in range(10))
        time.sleep(0.002)


def test_a_job_gives_the_same_result(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    told: list[Progress] = []
    job = start(io.BytesIO(DATA), report=path, on_progress=told.append)
    result = job.result()
    expected = check(io.BytesIO(DATA), report=path, time_budget=None)
    assert whole(result) == whole(expected)
    assert whole(job.result(timeout=0)) == whole(expected)
    assert told, "told at least at the end"
    assert told[-1].bytes_checked == told[-1].bytes == len(DATA)
    assert told[-1].rows_checked == len(ROWS)


@pytest.mark.usefixtures("small_blocks")
def test_a_partial_result_then_a_cancelled_one(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    told: list[Progress] = []
    job = start(_endless(), report=path, on_progress=told.append)
    partial = job.result(timeout=0.5)
    assert partial.verdict == Verdict.TIMED_OUT_WITH_ISSUES
    assert partial.bytes is None
    assert partial.report == str(path)
    assert_consistent(partial)
    rows = partial.rows_checked
    found = partial.issues.collect()
    later = job.result(timeout=0.3)
    assert later.rows_checked > rows
    assert_consistent(later)
    job.cancel()
    job.cancel()
    last = job.result()
    assert last.verdict == Verdict.SKIPPED
    assert not last.timed_out
    assert not last.complete
    assert last.rows is None
    assert_consistent(last)
    assert job.result().rows_checked == last.rows_checked
    # what was given out before has not changed
    assert partial.rows_checked == rows
    assert_frame_equal(partial.issues.collect(), found)
    assert_frame_equal(last.issues.head(found.height - 1).collect(), found.head(found.height - 1))
    assert [each.bytes_checked for each in told] == sorted(each.bytes_checked for each in told)
    assert len(told) > 2
    assert len(told) < 100, "about ten times a second"


def test_progress_counts_rows_and_issues() -> None:
    told: list[Progress] = []
    job = start(io.BytesIO(HEADER + b"A,,\n\nA,,\n,,x\n"), on_progress=told.append)
    job.result()
    assert (told[-1].rows_checked, told[-1].issues) == (3, 3)


@pytest.mark.usefixtures("small_blocks")
def test_progress_is_of_one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is checked meanwhile counts once."""
    monkeypatch.setattr("csvimport.inference.MOST_RECORDS", 3)
    monkeypatch.setattr("csvimport.engine._ENOUGH_BLOCKS", 1)

    def rows(check: Check) -> int:
        for thread in threading.enumerate():
            if thread.name == check.checks.name:
                thread.join(0.1)
        return sum(each.rows for each in check.seen)

    monkeypatch.setattr(Check, "rows", property(rows))
    told: list[Progress] = []
    checked(DATA, at_each_stop=lambda check: told.append(check.progress), **SMALL, probe=PROBE)
    sizes = [len(HEADER) + sum(map(len, ROWS[: each.rows_checked])) for each in told]
    assert [each.bytes_checked for each in told] == sizes


@pytest.mark.usefixtures("small_blocks")
def test_an_interrupt_is_noticed_while_the_input_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars notices it in whatever thread computes."""
    monkeypatch.setattr("csvimport.inference.MOST_RECORDS", 3)
    goes_on = threading.Event()
    block, interrupted = Checker.block, threading.Event()

    def interrupt_once(checker: Checker, records: Block) -> pl.DataFrame:
        if records.found.places()[0].max() > 380 and not interrupted.is_set():
            interrupted.set()
            raise KeyboardInterrupt
        return block(checker, records)

    def stalls() -> Iterator[bytes]:
        yield DATA + ROW * 300  # the encoding shows
        goes_on.wait(WAIT)

    monkeypatch.setattr(Checker, "block", interrupt_once)
    job = start(stalls())
    try:
        assert interrupted.wait(WAIT)
        assert job.result(WAIT).verdict == Verdict.SKIPPED
    finally:
        goes_on.set()


def test_an_interrupt_is_noticed_where_the_encoding_is_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("csvimport.inference.MOST_RECORDS", 3)
    monkeypatch.setattr("csvimport.engine._ENOUGH_BLOCKS", 1)
    block, interrupts = Checker.block, [KeyboardInterrupt]

    def interrupt_once(checker: Checker, records: Block) -> pl.DataFrame:
        if len(running) > 3 and interrupts:
            raise interrupts.pop()
        return block(checker, records)

    running: list[Check] = []
    monkeypatch.setattr(Checker, "block", interrupt_once)
    data = DATA + "Zoë\n".encode("latin-1")
    with pytest.raises(KeyboardInterrupt):
        checked(data, at_each_stop=running.append, **SMALL, probe=PROBE)


def test_a_cancelled_job_that_was_done_is_complete() -> None:
    job = start(io.BytesIO(DATA))
    job.result()
    job.cancel()
    assert job.result().verdict == Verdict.ISSUES_FOUND


def _within(seconds: float, action: Callable[[], object]) -> bool:
    """Whether `action` comes to an end in time."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def test_a_result_that_is_asked_for_just_as_the_job_ends() -> None:
    """Whichever comes first, time or the end: the caller gets a result and need not wait on."""
    begun = time.monotonic()
    expected = start(io.BytesIO(DATA)).result().rows_checked
    usual = time.monotonic() - begun
    found: list[Result] = []

    def ask() -> None:
        for part in range(40):
            found.append(start(io.BytesIO(DATA)).result(timeout=usual * part / 30))

    assert _within(WAIT, ask)
    assert len(found) == 40
    for result in found:
        assert_consistent(result)
        assert result.rows in (None, expected)
        assert result.complete == (result.rows is not None)


def test_what_goes_wrong_is_raised_by_the_result(tmp_path: Path) -> None:
    def broken(error: Exception) -> Iterator[bytes]:
        yield HEADER + ROW * 1000
        yield b"x" * (2 << 20)
        raise error

    with pytest.raises(SourceError):
        start(tmp_path / "missing.csv").result()
    with pytest.raises(SourceError, match="input/output error"):
        start(broken(OSError(5, "Input/output error"))).result()
    with pytest.raises(ZeroDivisionError):
        start(broken(ZeroDivisionError())).result(timeout=WAIT)
    with pytest.raises(OutputError):
        start(io.BytesIO(DATA), report=tmp_path / "missing" / "report.csv").result()

    def tell(_: Progress) -> None:
        raise ZeroDivisionError

    job = start(io.BytesIO(DATA), on_progress=tell)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            job.result()


def test_a_file_that_vanishes_is_said_to(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_bytes(DATA)
    source = Source(path)
    path.unlink()
    with pytest.raises(SourceError, match=r"users\.csv: no such file"):
        Check(source, Options()).run(lambda: True)


def test_no_wait_is_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """With polars' handler of SIGINT, only a wait that has an end can be broken off."""
    waits: list[object] = []
    wait = threading.Event.wait

    def noted(self: threading.Event, timeout: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread():
            waits.append(timeout)
        return wait(self, timeout)

    job = start(io.BytesIO(DATA))
    monkeypatch.setattr(threading.Event, "wait", noted)
    assert job.result().complete
    assert waits
    assert None not in waits


# --- Temporary files -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, which are written as soon as there is anything to write."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    monkeypatch.setattr("csvimport.spill._BUFFER", 1)
    monkeypatch.setattr("csvimport.engine._ENOUGH_BLOCKS", 1)
    return path


def _left(folder: Path) -> list[str]:
    gc.collect()
    return [path.name for path in folder.iterdir()]


def test_spilled_issues_are_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b"\n\n" + DATA.replace(b"\n", b"\n\n")
    spilled = run(data, probe=PROBE, **SMALL)
    assert len(list(folder.rglob("*.issues"))) > 5
    monkeypatch.undo()
    assert whole(spilled) == whole(run(data))
    assert_frame_equal(spilled.issues.collect(), run(data).issues.collect())


def test_a_result_takes_its_folder_with_it(folder: Path) -> None:
    result = run(DATA, probe=PROBE, **SMALL)
    assert _left(folder) != []
    assert list(result) != []
    del result
    assert _left(folder) == []


def test_the_frame_of_issues_outlives_the_result_and_then_takes_the_folder(folder: Path) -> None:
    result = run(DATA, probe=PROBE, **SMALL)
    expected: list[Issue] = list(result)
    frame = result.issues
    del result
    gc.collect()
    assert frame.select(pl.len()).collect().item() == len(expected)
    assert frame.collect()["rule"].to_list() == [each.rule for each in expected]
    del frame
    assert _left(folder) == []


@pytest.mark.usefixtures("small_blocks")
def test_every_result_of_a_job_keeps_its_issues(folder: Path) -> None:
    job = start(_endless())
    partial = job.result(timeout=0.3)
    job.cancel()
    last = job.result()
    count = partial.errors + partial.warnings
    del job, last
    gc.collect()
    assert partial.issues.select(pl.len()).collect().item() == count
    assert len(list(itertools.islice(partial, 5))) == 5
    del partial
    assert _left(folder) == []


def test_a_stream_that_is_read_twice_leaves_nothing(folder: Path) -> None:
    chunks = [HEADER, ROW * 100, "A2,,é\n".encode("cp1252"), ROW]
    result = check(iter(chunks))
    assert result.encoding == "windows-1252"
    assert summary(result)["bytes"] == sum(map(len, chunks))
    del result
    assert _left(folder) == []


def test_a_full_disk_is_an_output_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = pl.DataFrame.write_ipc

    def fail(frame: pl.DataFrame, file: object) -> None:
        if not isinstance(file, io.BytesIO):
            raise OSError(28, "No space left on device")
        write(frame, file)

    monkeypatch.setattr("polars.DataFrame.write_ipc", fail)
    with pytest.raises(OutputError, match="no space left") as caught:
        check(io.BytesIO(DATA))
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
