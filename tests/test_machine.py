"""The machine's faults: full disks, little memory, signals, and files that others write to."""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest
from test_cli import (
    DEADLINE,
    ERRORS,
    INTERRUPTIBLE,
    Printed,
    environment,
    folder,
    names,
    process,
    run,
    temporary,
    write,
)

from csvimport import OutputError, scratch
from csvimport.cli import FOUND
from csvimport.spill import Chunk, Lines, Spill
from csvimport.target import replacing

__all__ = ["folder", "run"]

#: Every row is flagged, so that all of them are put aside.
FLAGGED = "external_id,email\n" + ",x\n" * 200_000


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
    frame = pl.DataFrame({"row": range(3)})
    spill = Spill(None if has_rows else lambda _: Lines(b"x", 1))
    spill.append(Chunk(frame, frame))
    (stored,) = spill.snapshot().written
    shutil.rmtree(stored.path.parent)
    with pytest.raises(OutputError, match="^temporary files in .*: no such file"):
        _ = stored.issues
    with pytest.raises(OutputError, match="^temporary files in .*: no such file"):
        _ = stored.rows if stored.lines is None else stored.lines.write_to(BytesIO())


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
            command.stdin.write(FLAGGED.encode() * 20)
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
