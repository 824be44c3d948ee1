"""Output files: written beside their target, moved into place when complete."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from csvimport.errors import OutputError, reason


def require_writable(path: Path) -> None:
    """Raise an OutputError where `path` cannot be written, before any work is done for it."""
    folder = path.parent
    if "\0" in str(path):
        raise OutputError(f"{path}: a file name cannot hold a NUL")
    if is_written_to(path):
        if not os.access(path, os.W_OK):
            raise OutputError(f"{path}: permission denied")
        return
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise OutputError(f"{path}: file name too long")
    if os.path.isdir(path):
        raise OutputError(f"{path}: is a folder, expected a file name")
    if not os.path.isdir(folder):
        raise OutputError(f"{path}: there is no folder `{folder}`; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: the folder `{folder}` is not writable; choose another")


_LONGEST_NAME = 255


def require_no_input(path: Path, inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Raise an OutputError where writing `path` would replace one of `inputs`."""
    if "\0" in str(path) or is_written_to(path):
        return
    names = (os.fspath(each) for each in inputs)
    if os.path.realpath(path) in {os.path.realpath(name) for name in names if "\0" not in name}:
        raise OutputError(f"{path}: is an input; name another file for the output")


def is_written_to(path: Path) -> bool:
    """Whether `path` is a pipe or a device, which is written to rather than replaced.

    Asked of the path itself: what `/dev/stdout` leads to has no name of its own.
    """
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _reader_has_gone(error: OSError) -> bool:
    # polars says it in words alone
    return isinstance(error, BrokenPipeError) or f"(os error {errno.EPIPE})" in str(error)


def append(path: Path, file: BinaryIO) -> None:
    """Write what `path` holds to `file`: within the system, where that knows how to."""
    file.flush()
    with path.open("rb") as source:
        done, size = 0, os.fstat(source.fileno()).st_size
        # not every system can, nor for files of every kind
        with suppress(AttributeError, OSError):
            while sent := os.sendfile(file.fileno(), source.fileno(), done, size - done):
                done += sent
        source.seek(done)
        shutil.copyfileobj(source, file)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which becomes `path` when the block ends, and is gone if it fails.

    A link keeps being one: what it leads to is replaced. A pipe or a device is written to, as long
    as anybody reads.
    """
    if is_written_to(path):
        try:
            with path.open("wb") as file:
                yield file
        except OSError as error:
            if not _reader_has_gone(error):
                raise OutputError(f"{path}: {reason(error)}") from None
        return
    place = Path(os.path.realpath(path))
    try:
        handle, name = tempfile.mkstemp(prefix=".csvimport-", suffix=".part", dir=place.parent)
    except OSError as error:
        raise OutputError(f"{path}: {reason(error)}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, place)
    except OSError as error:
        raise OutputError(f"{path}: {reason(error)}") from None
    finally:
        with suppress(OSError):
            os.unlink(name)
