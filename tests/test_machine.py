"""The machine's faults: full disks, little memory, signals, and files that others write to."""

import fcntl
import gzip
import itertools
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from test_cli import (
    COMMAND,
    DEADLINE,
    ERRORS,
    INTERRUPTIBLE,
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

from csvimport import OutputError, SourceError, check, scratch, start
from csvimport.checker import Checker
from csvimport.cli import CANNOT_RUN, FOUND, INTERRUPTED, OK, TIMED_OUT
from csvimport.source import Source, _lines_of
from csvimport.spill import Chunk, Lines, Spill
from csvimport.target import replacing

__all__ = ["folder", "run"]

#: Every row is flagged, so that all of them are put aside.
FLAGGED = "external_id,email\n" + ",x\n" * 200_000
#: The same of few rows, more than the sample.
WIDE = b"external_id,email,text\n" + (b",x," + b"x" * 4_000 + b"\n") * 9_000


@pytest.fixture(autouse=True)
def untouched() -> Iterator[None]:
    """No temporary file outlives a test, and no half-written file lies beside its target."""
    yield
    assert temporary() == []
    assert [name for name in names() if name.endswith(".part")] == []


def left() -> list[str]:
    """The temporary files and half-written ones that lie about."""
    return temporary() + [name for name in names() if name.endswith(".part")]


# --- Temporary files -----------------------------------------------------------------------------


class Owner:
    """Whatever needs a folder for as long as it lives."""


def test_what_is_in_use_is_not_cleared_away() -> None:
    owner = Owner()
    place = scratch.folder(owner)
    scratch.create(place / "000001.rows").close()
    with scratch.part(Path("target")) as part:
        scratch.clear()
        scratch.clear(Path())
        assert [path.name for path in place.iterdir()] == ["000001.rows"]
        assert part.exists()
    assert not part.exists()
    del owner
    assert temporary() == []


def test_temporary_files_are_for_their_owner_alone() -> None:
    mask = os.umask(0)
    try:
        owner = Owner()
        place = scratch.folder(owner)
        with scratch.create(place / "000001.rows") as file, scratch.part(Path("target")) as part:
            modes = [os.fstat(file.fileno()).st_mode, part.stat().st_mode, place.stat().st_mode]
    finally:
        os.umask(mask)
    assert [stat.S_IMODE(mode) for mode in modes] == [0o600, 0o600, 0o700]


#: Names that the tool gives, and names that only look alike.
GIVEN = ["csvimport-ab_3defg.spill", ".csvimport-ab_3defg.part"]
ALIKE = [
    "csvimport-main",
    "csvimport-examples",
    "csvimport-ab_3defg",
    "csvimport-ab_3defgh.spill",
    "my-csvimport-ab_3defg.spill",
    "csvimport-ab_3defg.spill.zip",
    "csvimport-ab_3defg.part",
    "users.part",
]


def test_only_what_is_left_is_cleared_away(tmp_path: Path) -> None:
    place = tmp_path / "place"
    for number, name in enumerate([*GIVEN, *ALIKE]):
        path = place / name
        if number % 2 or name in ALIKE:
            path.parent.mkdir(exist_ok=True)
            path.write_text("x")
        else:
            path.mkdir(parents=True)
            (path / "000001.rows").write_text("x")
    (place / ".csvimport-linked01.part").symlink_to(place / "users.part")
    scratch.clear(place)
    assert names(place) == {*ALIKE, ".csvimport-linked01.part"}


def test_what_others_left_is_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GIVEN:
        Path(name).touch()
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 12_345_678)
        scratch.clear(Path())
    assert names() == set(GIVEN)
    scratch.clear(Path())
    assert names() == set()


def test_what_is_cleared_away_before_it_is_locked_is_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another run may look just then."""
    flock, cleared = fcntl.flock, iter([True, True, False])

    def late(handle: int, how: int) -> None:
        if not how & fcntl.LOCK_NB and next(cleared):
            scratch.clear(Path())
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with scratch.part(Path("target")) as part:
        assert names() == {part.name}


def test_without_locks_nothing_is_cleared_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on some disks of other machines: nobody can tell what is in use there."""

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    Path(GIVEN[1]).touch()
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", refuse)
        scratch.clear(Path())
        with replacing(Path("target")) as file:
            file.write(b"x")
    assert names() == {GIVEN[1], "target"}
    Path(GIVEN[1]).unlink()


def test_a_place_for_temporary_files_that_is_none(
    run: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    write("users.csv", FLAGGED)
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "gettempdir", refuse)
        said = run.complaint("check", "users.csv")
    assert said == "temporary files: no usable temporary directory found in ['/tmp']"
    assert names() == {"users.csv"}


@pytest.mark.parametrize("has_rows", [True, False])
def test_temporary_files_that_vanish_are_said_to(
    monkeypatch: pytest.MonkeyPatch, *, has_rows: bool
) -> None:
    """Some systems clear their folder for temporary files now and then."""
    monkeypatch.setattr("csvimport.spill._MANY", 1)
    frame = pl.DataFrame({"row": [1, 2, 4]})
    spill = Spill(None if has_rows else lambda _: Lines(b"x", 1))
    spill.append(Chunk(frame, frame))
    (stored,) = spill.snapshot().written
    (name,) = temporary()
    shutil.rmtree(Path(tempfile.gettempdir()) / name)
    again = stored.lines.write_to if stored.lines else lambda _: stored.rows
    with pytest.raises(OutputError, match=r"^temporary files in .*: no such file"):
        _ = stored.issues
    with pytest.raises(OutputError, match=r"^temporary files in .*: no such file"):
        again(BytesIO())


# --- Killed --------------------------------------------------------------------------------------


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command, which goes on meanwhile."""
    with subprocess.Popen(
        [*INTERRUPTIBLE, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as command:
        try:
            yield command
        finally:
            command.kill()


def until(condition: Callable[[], object]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_a_killed_run_left_goes_with_the_next_but_not_what_a_living_one_has() -> None:
    write("users.csv", ERRORS)
    with running("check", "-") as alive, running("check", "-") as killed:
        for command in (alive, killed):
            assert command.stdin
            before = len(temporary())
            command.stdin.write(WIDE)
            command.stdin.flush()
            until(lambda: len(temporary()) > before)  # noqa: B023
        both = temporary()
        killed.kill()
        killed.wait(DEADLINE)
        assert temporary() == both
        assert process("check", "users.csv").returncode == FOUND
        (kept,) = temporary()
        assert kept in both
        alive.communicate(timeout=DEADLINE)
        assert alive.returncode == FOUND
    assert names() == {"users.csv", "users.report.csv", "stdin.report.csv"}


def test_a_half_written_report_goes_with_the_next_run() -> None:
    write("users.csv", ERRORS)
    write("users.report.csv", "old")
    os.mkfifo("pipe")
    code = (
        "import sys, time; from pathlib import Path; from csvimport.target import replacing\n"
        "with replacing(Path('users.report.csv')) as file:\n"
        "    file.write(b'x' * 100_000); print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writing:
        assert writing.stdout
        writing.stdout.readline()
        assert len(left()) == 1
        assert process("check", "users.csv").returncode == FOUND
        assert len(left()) == 1
        writing.kill()
    expected = Path("users.report.csv").read_bytes()
    assert len(left()) == 1
    assert process("check", "users.csv").returncode == FOUND
    assert left() == []
    assert Path("users.report.csv").read_bytes() == expected != b"old"


# --- Inputs that change --------------------------------------------------------------------------

HEADER = b"external_id,email\n"
#: Of more than one chunk.
LONG = HEADER + b"A1,a@example.com\n" * 600_000
CHANGED = "users.csv: changed while it was read; check it again when nothing writes to it any more"


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"A2,b@example.com\n")


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def rewrite(path: Path) -> None:
    """As many other bytes."""
    with path.open("r+b") as file:
        file.seek(len(HEADER))
        file.write(b"B")


def swap(path: Path) -> None:
    """As editors do, and exports that are written anew."""
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(0, path.stat().st_mtime_ns + 1))
    other.replace(path)


CHANGES = [grow, shrink, empty, rewrite, swap]
PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": lambda data: gzip.compress(data, 0),
    "zip": lambda data: zipped([data]),
    "zip of two": lambda data: zipped([data, data]),
}


def zipped(members: list[bytes]) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, data in enumerate(members):
            archive.writestr(f"{number}.csv", data)
    return file.getvalue()


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    change=st.sampled_from(CHANGES),
    packing=st.sampled_from(sorted(PACKINGS)),
    opened=st.booleans(),
    when=st.integers(0, 3),
)
def test_two_versions_of_a_file_are_never_mixed(
    change: Callable[[Path], None], packing: str, when: int, *, opened: bool
) -> None:
    """Whenever it changes between the first reading and the last one."""
    path = write("users.csv", PACKINGS[packing](LONG))
    os.utime(path, ns=(0, 0))  # however coarse the disk's clock is
    with path.open("rb") as file:
        source = Source(file if opened else path)
        assume(not (opened and change is swap))  # what is open stays what it was
        read = (chunk for part in source.parts() for chunk in part.chunks())
        list(islice(read, when))
        change(path)
        with pytest.raises(SourceError, match=CHANGED):
            list(read)
        with pytest.raises(SourceError, match=CHANGED):
            list(source.parts()[0].chunks())


@pytest.mark.parametrize("packing", PACKINGS)
def test_what_does_not_change_can_be_read_often(packing: str) -> None:
    path = write("users.csv", PACKINGS[packing](LONG))
    with path.open("rb") as file:
        for source in (Source(path), Source(file)):
            for _ in range(2):
                assert [b"".join(part.chunks()) for part in source.parts()] in (
                    [LONG],
                    [LONG, LONG],
                )


@given(
    lines=st.lists(st.integers(0, 12).map(lambda size: b"x" * size), max_size=30),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r", b""]),
    first=st.integers(1, 8),
    largest=st.integers(8, 24),
    near=st.integers(1, 8),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_comes_in_whole_lines_where_they_end_near(
    lines: list[bytes], line_end: bytes, first: int, largest: int, near: int
) -> None:
    text = line_end.join(lines)
    path = write("users.csv", text)
    with pytest.MonkeyPatch.context() as patch:
        for name, size in (("FIRST_PIECE", first), ("LARGEST_PIECE", largest), ("NEAR", near)):
            patch.setattr(f"csvimport.source._{name}", size)
        pieces = list(_lines_of(path))
    assert b"".join(pieces) == text
    behind = 0
    for piece in pieces[:-1]:
        behind += len(piece)
        assert len(piece) <= largest + near
        assert piece.endswith(b"\n") or b"\n" not in text[behind : behind + near]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_while_it_is_checked_is_said_to(
    run: Printed, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    path = write("users.csv", HEADER + b"x\n" + LONG)
    os.utime(path, ns=(0, 0))
    block, calls = Checker.block, iter(range(99))

    def disturbed(self: Checker, *arguments: Any) -> Any:
        if next(calls) == 0:
            change(path)
        return block(self, *arguments)

    monkeypatch.setattr(Checker, "block", disturbed)
    assert run.complaint("check", "users.csv") == CHANGED
    assert names() == {"users.csv"}


def test_stdin_that_changes_is_said_to() -> None:
    write("users.csv", LONG)
    with (
        Path("users.csv").open("r+b") as file,
        subprocess.Popen(
            [*COMMAND, "check", "-"], stdin=file, stdout=-1, stderr=-1, env=environment()
        ) as command,
    ):
        while command.poll() is None:
            file.seek(len(HEADER))
            file.write(b"B")
            file.flush()
            time.sleep(0.001)
        out, err = command.communicate(timeout=DEADLINE)
        assert (command.returncode, out) == (CANNOT_RUN, b"")
        assert one_line(err.decode()) == CHANGED.replace("users.csv", "stdin")


def test_a_file_that_is_deleted_while_it_is_checked_is_said_to() -> None:
    path = write("users.csv", LONG)
    source = Source(path)
    read = source.open()
    next(read)
    path.unlink()
    with pytest.raises(SourceError, match=r"^users\.csv: no such file or directory$"):
        list(read)


# --- Links and devices ---------------------------------------------------------------------------


def test_links_are_followed() -> None:
    write("users.csv", ERRORS)
    Path("reports").mkdir()
    Path("link.csv").symlink_to("users.csv")
    Path("link.report.csv").symlink_to("reports/there.csv")
    assert process("check", "link.csv").returncode == FOUND
    assert Path("link.report.csv").is_symlink()
    assert names(Path("reports")) == {"there.csv"}
    os.link("users.csv", "hard.csv")
    assert process("check", "users.csv", "--report", "hard.csv").returncode == FOUND
    assert Path("users.csv").read_text() == ERRORS


@pytest.mark.parametrize("option", ["--report", "--issues"])
def test_a_link_to_nowhere_is_refused_before_any_work(run: Printed, option: str) -> None:
    Path("out").symlink_to("no folder/out")
    said = run.complaint("check", "missing.csv", option, "out")
    assert said == f"out: there is no folder `{Path('no folder').absolute()}`; make it first"


def test_a_pipe_that_nobody_writes_to_runs_out_of_time() -> None:
    os.mkfifo("pipe.csv")
    done = process("check", "pipe.csv", "--time-budget", "0.5s", "--no-report")
    assert done.returncode in (TIMED_OUT, FOUND)
    assert done.stdout.startswith(b"pipe.csv: validation timed out")
    assert done.stderr == b""


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_that_nobody_writes_to_can_be_left(by: signal.Signals) -> None:
    os.mkfifo("pipe.csv")
    with running("check", "pipe.csv") as command:
        time.sleep(2)
        command.send_signal(by)
        _, err = command.communicate(timeout=DEADLINE)
    assert (command.returncode, err) == (INTERRUPTED, b"")
    assert names() == {"pipe.csv"}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_device_that_is_full(run: Printed) -> None:
    write("users.csv", ERRORS)
    run("check", "users.csv", "--report", "/dev/full")
    assert one_line(run.err) == "/dev/full: no space left on device"


# --- Full disks ----------------------------------------------------------------------------------

#: Runs the command with a limit of the process.
LIMITED = (
    "import resource; resource.setrlimit(resource.{name}, ({size}, {size})); "
    "from csvimport.__main__ import command; command()"
)


def limited(
    name: str, size: int, *arguments: str, stdin: bytes = b"", **environ: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", LIMITED.format(name=name, size=size), *arguments],
        input=stdin,
        capture_output=True,
        env=environment(**environ),
        timeout=DEADLINE,
        check=False,
    )


MANY = "external_id,email\n" + ",x\n" * 2_000


@pytest.mark.parametrize("output", ["--report", "--issues"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_what_was_found_is_told_where_the_disk_is_full(output: str, format_: str) -> None:
    write("users.csv", MANY)
    write("out", "old")
    more = ["--no-report"] if output == "--issues" else []
    options = [output, "out", "--format", format_, *more]
    done = limited("RLIMIT_FSIZE", 20_000, "check", "users.csv", *options)
    assert one_line(done.stderr.decode()) == "out: file too large"
    assert done.returncode == CANNOT_RUN
    if format_ == "json":
        (result,) = json.loads(done.stdout)["files"]
        assert (result["rows_with_errors"], result["report"]) == (2_000, None)
    else:
        assert done.stdout.startswith(b"users.csv: issues found\n")
        assert b"\nreport: " not in done.stdout
    assert names() == {"users.csv", "out"}
    assert Path("out").read_text() == "old"


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(100, 3_000_000), st.sampled_from(["users.csv", "-"]))
def test_a_disk_that_is_full_at_any_moment(size: int, file: str) -> None:
    """There is a whole report, or a line that says why there is none."""
    write("users.csv", FLAGGED)
    for name in names() - {"users.csv"}:
        Path(name).unlink()
    done = limited("RLIMIT_FSIZE", size, "check", file, stdin=FLAGGED.encode())
    if done.returncode == CANNOT_RUN:
        said = one_line(done.stderr.decode())
        assert said.endswith(": file too large")
        assert said.startswith(("temporary files in ", "users.report.csv", "stdin.report.csv"))
        assert names() == {"users.csv"}
    else:
        assert done.returncode == FOUND
        (written,) = names() - {"users.csv"}
        assert len(report(written)) > 200_000
    assert left() == []


def test_the_library_raises_once_that_the_report_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    write("users.csv", ERRORS)
    job = start("users.csv", report="out")
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "mkstemp", refuse)
        with pytest.raises(OutputError, match=r"^out: no space left on device$"):
            job.result()
    result = job.result()
    assert (result.rows_with_errors, result.report) == (1, None)


# --- Memory --------------------------------------------------------------------------------------


def test_a_gigabyte_of_memory_is_enough() -> None:
    """Of addresses, of which no more is ever used; on a machine of few processors."""
    rows = [b"A%07d,user%d@example.com,%s" % (n, n, b"x" * 99) for n in range(400_000)]
    rows[::100] = [b",x,", b'"y,z'] * 2_000
    write("users.csv", b"external_id,email,plan\n" + b"\n".join(rows))
    done = limited(
        "RLIMIT_AS", 1 << 30, "check", "users.csv", "--show", "0", POLARS_MAX_THREADS="2"
    )
    assert (done.returncode, done.stderr) == (FOUND, b"")
    assert len(report("users.report.csv")) > 3_000


class Panic(BaseException):
    """As polars raises it."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "out of memory; close other programs, or allow this one more"),
        (
            RuntimeError("can't start new thread"),
            "out of memory; close other programs, or allow this one more",
        ),
        (Panic("a\nb"), r"this is a bug of csvimport, please report it: Panic('a\nb')"),
    ],
)
def test_no_memory_is_said_to_be_none(
    run: Printed, monkeypatch: pytest.MonkeyPatch, error: BaseException, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    write("users.csv", ERRORS)
    write("users.report.csv", "old")
    monkeypatch.setattr(Checker, "block", fail)
    assert run("check", "users.csv") == CANNOT_RUN
    assert run.err == f"csvimport: error: {said}\n"
    assert names() == {"users.csv", "users.report.csv"}


# --- Signals -------------------------------------------------------------------------------------

#: The command as a shell starts it, which says when it has begun: before, it is Python's own.
BEGUN = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from csvimport import startup; startup.begin(); print(file=sys.stderr, flush=True); "
    "from csvimport.__main__ import command; command()"
)


def signalled(by: signal.Signals, after: float, *arguments: str) -> tuple[int, bytes]:
    """Status and what is said of a command that gets a signal so many seconds after it began."""
    with subprocess.Popen(
        [sys.executable, "-c", BEGUN, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as command:
        assert command.stderr
        command.stderr.readline()
        time.sleep(after)
        command.send_signal(by)
        _, err = command.communicate(timeout=DEADLINE)
    return command.returncode, err


#: Seconds, in which the whole is done, more or less.
moments = given(st.floats(0, 1.5))
at_random = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
STATUSES = {
    signal.SIGINT: {INTERRUPTED, FOUND},
    signal.SIGTERM: {INTERRUPTED, FOUND},
    signal.SIGPIPE: {FOUND},
    signal.SIGKILL: {-signal.SIGKILL, FOUND},
}


@pytest.mark.parametrize("by", STATUSES)
@at_random
@moments
def test_a_signal_at_any_moment(by: signal.Signals, after: float) -> None:
    """A report is whole, or not there; what is left goes with the next run."""
    write("users.csv", FLAGGED)
    for name in names() - {"users.csv"}:
        Path(name).unlink()
    status, err = signalled(by, after, "check", "users.csv")
    assert (status in STATUSES[by], err) == (True, b"")
    if "users.report.csv" in names():
        lines = report("users.report.csv")
        assert {len(line) for line in lines} == {8}
        if status != INTERRUPTED:
            assert len(lines) == 200_001
    if by is signal.SIGKILL:
        write("few.csv", ERRORS)
        assert process("check", "few.csv").returncode == FOUND
        Path("few.csv").unlink()
        Path("few.report.csv").unlink()
    assert left() == []
    assert names() <= {"users.csv", "users.report.csv"}


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_when_all_is_told_changes_nothing(by: signal.Signals) -> None:
    write("users.csv", FLAGGED)
    code = f"import atexit, os; atexit.register(os.kill, os.getpid(), {by:d}); {BEGUN}"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", "users.csv"],
        capture_output=True,
        env=environment(),
        timeout=DEADLINE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (FOUND, b"\n")


# --- Others at work ------------------------------------------------------------------------------


def test_two_runs_with_the_same_target() -> None:
    """The last one to end has it."""
    write("few.csv", ERRORS)
    write("many.csv", FLAGGED)
    expected = set()
    for name in ("few.csv", "many.csv"):
        process("check", name, "--report", "out")
        expected.add(Path("out").read_bytes())
    with (
        running("check", "many.csv", "--report", "out") as one,
        running("check", "few.csv", "--report", "out") as other,
    ):
        for command in (one, other):
            _, err = command.communicate(timeout=DEADLINE)
            assert (command.returncode, err) == (FOUND, b"")
    assert Path("out").read_bytes() in expected
    assert names() == {"few.csv", "many.csv", "out"}


def test_writers_at_once_keep_the_rights_of_new_files() -> None:
    """The system's mask is told only to who changes it."""
    mask = os.umask(0o027)
    try:

        def work(number: int) -> None:
            for _ in range(200):
                with replacing(Path(f"out{number}")) as file:
                    file.write(b"x")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
        assert {stat.S_IMODE(Path(name).stat().st_mode) for name in names()} == {0o640}
    finally:
        assert os.umask(mask) == 0o027


@pytest.mark.parametrize("rights", [0o600, 0o640, 0o664])
def test_what_is_kept_from_others_stays_so_when_it_is_replaced(rights: int) -> None:
    report = write("out", "")
    report.chmod(rights)
    for _ in range(2):
        with replacing(report) as file:
            file.write(b"x")
        assert stat.S_IMODE(report.stat().st_mode) == rights


def test_a_clock_that_jumps_does_not_count(run: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither against the time budget nor for what is told."""
    times = itertools.cycle([0.0, 4e9, -1.0])
    monkeypatch.setattr(time, "time", lambda: next(times))
    monkeypatch.setattr(time, "time_ns", lambda: int(next(times) * 1e9))
    write("users.csv", LONG)
    status, result = run.json("users.csv", "--time-budget", "60s", "--no-report")
    assert (status, result["rows"]) == (OK, 600_000)
    assert 0 <= result["elapsed_seconds"] < 60
    assert run.err == ""


def test_the_clock_is_asked_once() -> None:
    """For what dates are compared with, unless the caller says; time is measured by another."""
    clock = re.compile(r"\btime\.time|\.now\(|\.today\(|\butcnow\b|\blocaltime\b")
    asks = {
        (path.name, line.strip())
        for path in Path(scratch.__file__).parent.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if clock.search(line)
    }
    assert {name for name, _ in asks} == {"api.py", "check.py", "options.py"}
    assert len(asks) == 3


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
@pytest.mark.parametrize("option", ["--report", "--issues"])
def test_a_folder_that_is_read_only(option: str) -> None:
    write("users.csv", ERRORS)
    Path("out").mkdir(mode=0o555)
    command = [*COMMAND, "check", "users.csv", option, "out/r"]
    if os.geteuid() == 0:  # who may write anywhere, unless the command drops that
        drop = shutil.which("setpriv")
        if drop is None:
            pytest.skip("needs a user who may not write everywhere")
        command = [drop, "--bounding-set=-all", "--inh-caps=-all", *command]
    done = subprocess.run(
        command, capture_output=True, env=environment(), timeout=DEADLINE, check=False
    )
    said = one_line(done.stderr.decode())
    assert said == "out/r: the folder `out` is not writable; choose another"
    assert (done.returncode, done.stdout) == (CANNOT_RUN, b"")
    assert names(Path("out")) == set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system knows no fork")
def test_a_process_that_was_forked_takes_nothing_with_it(tmp_path: Path) -> None:
    """In a process of its own, since threads of this one would not survive the fork."""
    (tmp_path / "users.csv").write_text("external_id,email\n" + "A1,x\n" * 60_000)
    program = (
        "import csvimport, os, sys\n"
        "result = csvimport.check('users.csv')\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    sys.exit(0)\n"
        "os.waitpid(child, 0)\n"
        "print(sum(1 for _ in result))\n"
    )
    said = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said.stderr == ""
    assert int(said.stdout) > 60_000


def test_a_file_that_only_seems_to_seek() -> None:
    path = Path("/proc/self/status")
    if not path.exists():
        pytest.skip("no such system")
    with path.open("rb") as file:
        assert check(file).rows
