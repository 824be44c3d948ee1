"""Flagged rows on disk: a file whose every row is flagged takes no more memory than a clean one."""

import io
import shutil
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from csvimport.errors import OutputError, reason

#: What is kept in memory before it is written.
_BUFFER = 16 << 20


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some issues, in order, and the rows that they are about: place, text and cells."""

    issues: pl.DataFrame
    rows: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Packed:
    """A chunk as bytes. A few rows of a frame would keep the text of the whole frame alive."""

    issues: bytes
    rows: bytes

    def __len__(self) -> int:
        return len(self.issues) + len(self.rows)

    def unpacked(self) -> Chunk:
        return Chunk(pl.read_ipc(self.issues), pl.read_ipc(self.rows))


def _packed(chunk: Chunk) -> _Packed:
    return _Packed(_bytes(chunk.issues), _bytes(chunk.rows))


def _bytes(frame: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    frame.write_ipc(file)
    return file.getvalue()


@dataclass
class Spill:
    """An append-only list of chunks in a temporary folder, which goes when the spill does."""

    _paths: list[Path] = field(default_factory=list)
    _buffer: list[_Packed] = field(default_factory=list)
    _buffered: int = 0
    _folder: Path | None = None

    def append(self, chunk: Chunk) -> None:
        """Add a chunk behind the others."""
        if chunk.issues.height:
            packed = _packed(chunk)
            self._buffer.append(packed)
            self._buffered += len(packed)
            if self._buffered > _BUFFER:
                self._flush()

    def snapshot(self) -> "Snapshot":
        """What is here now; what is appended later does not show in it."""
        return Snapshot(self, tuple(self._paths), tuple(self._buffer))

    def _flush(self) -> None:
        chunk = _joined(self._buffer)
        try:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="csvimport-"))
                weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
            path = self._folder / f"{len(self._paths):06}"
            chunk.issues.write_ipc(path.with_suffix(".issues"))
            chunk.rows.write_ipc(path.with_suffix(".rows"))
        except OSError as error:
            place = tempfile.gettempdir()
            raise OutputError(f"temporary files in {place}: {reason(error)}") from None
        self._paths.append(path)
        self._buffer, self._buffered = [], 0


def _joined(packed: Sequence[_Packed]) -> Chunk:
    chunks = [each.unpacked() for each in packed]
    issues = pl.concat([chunk.issues for chunk in chunks])
    return Chunk(issues, pl.concat([chunk.rows for chunk in chunks]))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The chunks that a spill held at one time; keeps its folder as long as it is needed."""

    spill: Spill
    paths: tuple[Path, ...] = ()
    buffer: tuple[_Packed, ...] = ()

    def __iter__(self) -> Iterator[Chunk]:
        for path in self.paths:
            issues = pl.read_ipc(path.with_suffix(".issues"))
            yield Chunk(issues, pl.read_ipc(path.with_suffix(".rows")))
        if self.buffer:
            yield _joined(self.buffer)
