"""Temporary files and folders: for this user alone, locked while in use, deleted afterwards.

The system drops a lock with the process that holds it, however that ends. So what can be locked was
left by a run that was killed, and the next one clears it away.
"""

import os
import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from csvimport.errors import OutputError, reason

#: Nothing that anybody else would make: what has such a name may be deleted.
_NAME = re.compile(r"csvimport-[a-z0-9_]{8}\.spill|\.csvimport-[a-z0-9_]{8}\.part")


def folder(owner: object) -> Path:
    """A new folder, which goes when its `owner` does."""
    path, lock = _locked(lambda: tempfile.mkdtemp(prefix="csvimport-", suffix=".spill"))
    weakref.finalize(owner, _delete_own, path, lock, os.getpid())
    return path


@contextmanager
def part(place: Path) -> Iterator[Path]:
    """A new file beside `place`, to be moved there; it is gone when the block ends."""

    def make() -> str:
        handle, name = tempfile.mkstemp(prefix=".csvimport-", suffix=".part", dir=place.parent)
        os.close(handle)
        return name

    path, lock = _locked(make)
    try:
        yield path
    finally:
        _delete(path, lock)


def create(path: Path) -> BinaryIO:
    """A new file to write at `path`."""
    return open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600))


def clear(folder: Path | None = None) -> None:
    """Delete what this user's runs left when they were killed.

    In `folder`, by default that for temporary files.
    """
    with suppress(OSError):
        folder = folder or Path(tempfile.gettempdir())
        for path in [folder / name for name in os.listdir(folder) if _NAME.fullmatch(name)]:
            lock = _lock(path, wait=False)
            if lock is not None and os.fstat(lock).st_uid == os.geteuid():
                _delete(path, lock)
            elif lock is not None:
                os.close(lock)


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with the place for temporary files, as an error that names it."""
    try:
        yield
    except OSError as error:
        place = ""
        with suppress(OSError):  # there may be none
            place = f" in {tempfile.gettempdir()}"
        raise OutputError(f"temporary files{place}: {reason(error)}") from None


def _locked(make: Callable[[], str]) -> tuple[Path, int | None]:
    while True:
        path = Path(make())
        lock = _lock(path, wait=True)
        if path.exists():
            return path, lock
        if lock is not None:  # another run was quicker, and has cleared it away
            os.close(lock)


def _lock(path: Path, *, wait: bool) -> int | None:
    """The handle that locks `path` until it is closed; None where that is not to be had."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock

        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (ImportError, OSError):
        return None
    try:
        flock(handle, LOCK_EX if wait else LOCK_EX | LOCK_NB)
    except OSError:  # locked by who uses it, or on a disk that knows no locks
        os.close(handle)
        return None
    return handle


def _delete_own(path: Path, lock: int | None, process: int) -> None:
    if os.getpid() == process:  # a process that this one has forked ends, too
        _delete(path, lock)


def _delete(path: Path, lock: int | None) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
    if lock is not None:
        os.close(lock)
