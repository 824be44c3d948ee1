"""Flagged rows on disk: a file whose every row is flagged takes no more memory than a clean one."""

import io
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl

from csvimport.errors import OutputError, reason

#: What is kept in memory before it is written.
_BUFFER = 4 << 20
#: A chunk of more issues is written at once.
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Lines:
    """Some lines of the report, as they stand there; how many; how many of their cells are guarded.

    They are made as the check goes on: there may be a report of half a gigabyte to be had when
    time is up.
    """

    text: bytes = b""
    count: int = 0
    guarded: int = 0

    def __add__(self, other: "Lines") -> "Lines":
        count, guarded = self.count + other.count, self.guarded + other.guarded
        return Lines(self.text + other.text, count, guarded)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some issues, in order, and the rows that they are about: place, text and cells.

    Or the report's `lines` about them, instead of the rows.
    """

    issues: pl.DataFrame
    rows: pl.DataFrame | None
    lines: Lines | None = None


@dataclass(frozen=True, slots=True)
class _Packed:
    """A chunk as bytes. A few rows of a frame would keep the text of the whole frame alive."""

    issues: bytes
    rows: bytes | None
    lines: Lines | None

    def __len__(self) -> int:
        return (
            len(self.issues) + len(self.rows or b"") + len(self.lines.text if self.lines else b"")
        )

    def unpacked(self) -> Chunk:
        rows = None if self.rows is None else pl.read_ipc(self.rows)
        return Chunk(pl.read_ipc(self.issues), rows, self.lines)


def _packed(chunk: Chunk) -> _Packed:
    rows = None if chunk.rows is None else _bytes(chunk.rows)
    return _Packed(_bytes(chunk.issues), rows, chunk.lines)


def _bytes(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_ipc(file)
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class _Written:
    """A chunk in files of this name."""

    path: Path
    has_rows: bool
    lines: Lines | None
    """Without their text, which is in a file."""

    def read(self) -> Chunk:
        issues = pl.read_ipc(self.path.with_suffix(".issues"))
        rows = pl.read_ipc(self.path.with_suffix(".rows")) if self.has_rows else None
        lines = self.lines
        if lines:
            lines = replace(lines, text=self.path.with_suffix(".report").read_bytes())
        return Chunk(issues, rows, lines)


@dataclass
class Spill:
    """An append-only list of chunks in a temporary folder, which goes when the spill does."""

    _written: list[_Written] = field(default_factory=list)
    _buffer: list[_Packed] = field(default_factory=list)
    _buffered: int = 0
    _folder: Path | None = None

    def append(self, chunk: Chunk) -> None:
        """Add a chunk behind the others."""
        if not chunk.issues.height:
            return
        many = chunk.issues.height > _MANY
        if not many:
            packed = _packed(chunk)
            self._buffer.append(packed)
            self._buffered += len(packed)
        if self._buffer and (many or self._buffered > _BUFFER):
            self._write(_joined(self._buffer))
            self._buffer, self._buffered = [], 0
        if many:
            self._write(chunk)

    def snapshot(self) -> "Snapshot":
        """What is here now; what is appended later does not show in it."""
        return Snapshot(self, tuple(self._written), tuple(self._buffer))

    def _write(self, chunk: Chunk) -> None:
        try:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="csvimport-"))
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            path = self._folder / f"{len(self._written):06}"
            chunk.issues.write_ipc(path.with_suffix(".issues"))
            if chunk.rows is not None:
                chunk.rows.write_ipc(path.with_suffix(".rows"))
            if chunk.lines:
                path.with_suffix(".report").write_bytes(chunk.lines.text)
        except OSError as error:
            place = tempfile.gettempdir()
            raise OutputError(f"temporary files in {place}: {reason(error)}") from None
        lines = chunk.lines and replace(chunk.lines, text=b"")
        self._written.append(_Written(path, chunk.rows is not None, lines))


def _joined(packed: Sequence[_Packed]) -> Chunk:
    """The chunks as one; they are all of one kind."""
    chunks = [each.unpacked() for each in packed]
    rows = [chunk.rows for chunk in chunks if chunk.rows is not None]
    lines = [chunk.lines for chunk in chunks if chunk.lines is not None]
    return Chunk(
        pl.concat([chunk.issues for chunk in chunks]),
        pl.concat(rows) if rows else None,
        sum(lines, Lines()) if lines else None,
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The chunks that a spill held at one time; keeps its folder as long as it is needed."""

    spill: Spill
    written: tuple[_Written, ...] = ()
    buffer: tuple[_Packed, ...] = ()

    def __iter__(self) -> Iterator[Chunk]:
        for each in self.written:
            yield each.read()
        if self.buffer:
            yield _joined(self.buffer)
