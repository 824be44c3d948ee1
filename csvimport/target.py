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
    if path.is_dir():
        raise OutputError(f"{path}: is a folder, expected a file name")
    if not folder.is_dir():
        raise OutputError(f"{path}: there is no folder `{folder}`; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: the folder `{folder}` is not writable; choose another")


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which becomes `path` when the block ends, and is gone if it fails."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise OutputError(f"{path}: {reason(error)}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except OSError as error:
        raise OutputError(f"{path}: {reason(error)}") from None
    finally:
        with suppress(OSError):
            os.unlink(name)
