"""Output files: written beside their target, moved into place when complete."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from csvimport.errors import OutputError, reason


def require_writable(path: Path) -> None:
    """Raise an OutputError where `path` cannot be written, before any work is done for it."""
    folder = path.parent
    if "\0" in str(path):
        raise OutputError(f"{path}: a file name cannot hold a NUL")
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise OutputError(f"{path}: file name too long")
    if os.path.isdir(path):
        raise OutputError(f"{path}: is a folder, expected a file name")
    if not os.path.isdir(folder):
        raise OutputError(f"{path}: there is no folder `{folder}`; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: the folder `{folder}` is not writable; choose another")


_LONGEST_NAME = 255


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which becomes `path` when the block ends, and is gone if it fails.

    A link keeps being one: what it leads to is replaced. A pipe or a device is written to.
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        try:
            with place.open("wb") as file:
                yield file
        except OSError as error:
            raise OutputError(f"{path}: {reason(error)}") from None
        return
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
