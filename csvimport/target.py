"""Output files: written beside their target, moved into place when complete."""

import errno
import io
import os
import re
import shutil
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from csvimport import scratch
from csvimport.address import require_path, shown
from csvimport.errors import OutputError, reason


def require_writable(path: Path) -> None:
    """Raise an OutputError where `path` cannot be written, before any work is done for it.

    What killed runs left half-written beside it is cleared away.
    """
    if "\0" in str(path):
        raise OutputError(f"{shown(path)}: a file name cannot hold a NUL")
    require_path(path, OutputError)
    if (number := _descriptor(path)) is not None:
        try:
            os.write(number, b"")
        except OSError:
            raise OutputError(f"{shown(path)}: is not open for writing") from None
        return
    if is_written_to(path):
        if not os.access(path, os.W_OK):
            raise OutputError(f"{shown(path)}: permission denied")
        return
    if len(os.fsencode(path.name)) > _LONGEST_NAME:
        raise OutputError(f"{shown(path)}: file name too long")
    if os.path.isdir(path):
        raise OutputError(f"{shown(path)}: is a folder, expected a file name")
    folder = Path(os.path.realpath(path)).parent if path.is_symlink() else path.parent
    if not os.path.isdir(folder):
        raise OutputError(f"{shown(path)}: there is no folder `{shown(folder)}`; make it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"{shown(path)}: the folder `{shown(folder)}` is not writable; choose another"
        )
    scratch.clear(folder)


_LONGEST_NAME = 255


def require_no_input(path: Path, inputs: Iterable[str | os.PathLike[str]]) -> None:
    """Raise an OutputError where writing `path` would replace one of `inputs`."""
    if "\0" in str(path) or is_written_to(path):
        return
    names = (os.fspath(each) for each in inputs)
    if os.path.realpath(path) in {os.path.realpath(name) for name in names if "\0" not in name}:
        raise OutputError(f"{shown(path)}: is an input; name another file for the output")


def require_distinct(outputs: Iterable[Path], inputs: Sequence[str | os.PathLike[str]]) -> None:
    """Raise an OutputError for an output that is another one or an input, or cannot be written."""
    seen: set[str] = set()
    for path in outputs:
        require_writable(path)
        require_no_input(path, inputs)
        if os.path.realpath(path) in seen and not is_written_to(path):
            raise OutputError(
                f"{shown(path)}: is named for two outputs; name another for one of them"
            )
        seen.add(os.path.realpath(path))


def is_written_to(path: Path) -> bool:
    """Whether `path` is a pipe, a device or an open file, which is written to and not replaced.

    Asked of the path itself: what `/dev/stdout` leads to has no name of its own, or is a file in
    which others write, too.
    """
    if _descriptor(path) is not None:
        return True
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


_STREAMS = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2}
#: The system follows no more of them.
_MOST_LINKS = 40
_OPEN = re.compile("(?:/dev|/proc/self)/fd/([0-9]{1,9})")


def _descriptor(path: Path) -> int | None:
    """The number of the open file of this process that `path` is a name of, or leads to.

    Link by link, since the last one leads to the file that is open, under a name of its own.
    """
    if "\0" in str(path):
        return None
    name = os.path.abspath(path)
    for _ in range(_MOST_LINKS):
        folder = os.path.realpath(os.path.dirname(name))
        match = _OPEN.fullmatch(name) or _OPEN.fullmatch(
            # `self` and `thread-self` are links to this process
            re.sub(rf"^/proc/{os.getpid()}(/task/[0-9]+)?/", "/proc/self/", f"{folder}/")
            + os.path.basename(name)
        )
        if match or name in _STREAMS:
            return int(match[1]) if match else _STREAMS[name]
        try:
            link = os.readlink(name)
        except OSError:  # it is none
            return None
        # what `..` means depends on where the folder itself leads
        name = os.path.join(folder, link)
    return None


def _opened(path: Path) -> BinaryIO:
    """What is written to; an open file where it stands, behind what others have written."""
    number = _descriptor(path)
    return path.open("wb") if number is None else open(os.dup(number), "wb")


def _reader_has_gone(error: OSError) -> bool:
    # polars says it in words alone
    return isinstance(error, BrokenPipeError) or f"(os error {errno.EPIPE})" in str(error)


def append(path: Path, file: BinaryIO) -> None:
    """Write what `path` holds to `file`: within the system, where that knows how to."""
    file.flush()
    with scratch.told():
        source = path.open("rb")
    with source:
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

    A link keeps being one: what it leads to is replaced. A pipe, a device or an open file is
    written to, as long as anybody reads.
    """
    if is_written_to(path):
        try:
            with _opened(path) as file:
                yield file
        except OSError as error:
            if not _reader_has_gone(error):
                raise OutputError(f"{shown(path)}: {reason(error)}") from None
        return
    place = Path(os.path.realpath(path))
    try:
        with scratch.part(place) as part:
            # not emptied again: Linux writes such a file to disk at once, and waits
            with io.BufferedWriter(part.open("r+b", buffering=0)) as file:
                yield file
            part.chmod(_rights(place))
            part.replace(place)
    except OSError as error:
        raise OutputError(f"{shown(path)}: {reason(error)}") from None


def _rights(place: Path) -> int:
    """Those of the file that is there: it may be kept from others. Else those of a new one."""
    try:
        return place.stat().st_mode & 0o777
    except FileNotFoundError:
        return 0o666 & ~_umask()


_ASKING = threading.Lock()


def _umask() -> int:
    """The rights that new files do not get; the system tells them only to who changes them."""
    with _ASKING:
        mask = os.umask(0o077)
        os.umask(mask)
    return mask
