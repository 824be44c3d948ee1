"""The streams of the process, what is said on them, and the statuses that it ends with."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from csvimport import startup

if TYPE_CHECKING:
    from csvimport.engine import Progress
    from csvimport.source import Source

OK, FOUND, CANNOT_RUN, TIMED_OUT, INTERRUPTED = 0, 1, 2, 3, startup.INTERRUPTED


def complain(message: str) -> int:
    remark(f"error: {message}")
    return CANNOT_RUN


def remark(message: str) -> None:
    """Say one line on stderr."""
    from csvimport.report.printable import printable

    print(f"csvimport: {printable(message)}", file=sys.stderr)


def source_of(file: str) -> "Source":
    from csvimport.errors import SourceError
    from csvimport.source import Source

    if file != "-":
        return Source(file)
    if sys.stdin is None:
        raise SourceError("stdin: is closed")
    # past Python's own buffer: that one cannot be left while a read is waiting
    buffer = sys.stdin.buffer
    return Source(getattr(buffer, "raw", buffer), "stdin")


def is_utf8() -> bool:
    """Whether stdout knows all letters."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


@contextmanager
def reader_may_go() -> Iterator[None]:
    """A reader of stdout that has seen enough changes nothing but that nothing more is printed."""
    try:
        yield
    except BrokenPipeError:
        to_nowhere()


def to_nowhere() -> None:
    # there must be no second complaint when the interpreter flushes at exit
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def require_new(output: Path) -> None:
    """Raise an OutputError where there is something already that `output` would replace."""
    from csvimport.errors import OutputError
    from csvimport.target import require_writable

    require_writable(output)
    if os.path.lexists(output):
        raise OutputError(f"{output}: is there already; name another file, or delete it")


def write_or_print(text: str, output: Path | None) -> None:
    from csvimport.target import replacing

    if output:
        with replacing(output) as target:
            target.write(text.encode())
    else:
        with reader_may_go():
            print(text, end="", flush=True)


def print_json(value: object) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))


@contextmanager
def progress_line(file: str, *, show: bool) -> Iterator[Callable[["Progress"], object] | None]:
    """A line on stderr that says how far the check has come, gone when the block ends."""
    if not show:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    from csvimport.report.printable import printable

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(printable(file), total=None, rows=0)

        def tell(progress: "Progress") -> None:
            bar.update(
                task,
                completed=progress.bytes_checked,
                total=progress.bytes,
                rows=progress.rows_checked,
            )

        yield tell
