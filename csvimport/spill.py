"""Flagged rows on disk: a file whose every row is flagged takes no more memory than a clean one."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import BinaryIO

import msgspec
import polars as pl
from msgspec.structs import replace

from csvimport import scratch
from csvimport.lines import Offsets
from csvimport.lookahead import Aside
from csvimport.target import append

#: What is kept in memory before it is written.
_BUFFER = 4 << 20
#: What is written to a file at a time: with all at once, Linux may take ten times as long.
_PIECE = 1 << 18
#: A chunk of more issues is written at once.
_MANY = 10_000


class Lines(msgspec.Struct, frozen=True):
    """Some lines of the report, as they stand there; how many; how many of their cells are guarded.

    They are made as the check goes on: there may be a report of half a gigabyte to be had when
    time is up. Their text is in the file `path`, if there is one.
    """

    text: bytes | memoryview = b""
    count: int = 0
    guarded: int = 0
    path: Path | None = None

    def __add__(self, other: "Lines") -> "Lines":
        count, guarded = self.count + other.count, self.guarded + other.guarded
        return Lines(b"".join((self.text, other.text)), count, guarded)

    def write_to(self, file: BinaryIO) -> None:
        """Write the lines to `file`."""
        if self.path:
            append(self.path, file)
        else:
            file.write(self.text)


class Records(msgspec.Struct, frozen=True):
    """Records as they stand in `text`, without their line ends, from `starts` to `stops`."""

    text: bytes
    starts: Offsets
    stops: Offsets
    delimiter: bytes


class Chunk(msgspec.Struct, frozen=True):
    """Some issues, in order, and the rows that they are about: place, text and cells.

    Where nobody needs the rows, there may be none; the report's `lines` about them instead; nor
    any issues, where nobody needs these. Where all rows are well-quoted, and of the header's width,
    their cells may be in `records` instead.
    """

    issues: pl.DataFrame
    rows: pl.DataFrame | None
    lines: Lines | None = None
    records: Records | None = None

    @property
    def has_rows(self) -> bool:
        return self.rows is not None


class _File(msgspec.Struct, frozen=True):
    """A frame in a file, but for the columns that are `made` again: there may be nothing else."""

    path: Path | None
    made: dict[str, pl.Expr]
    columns: list[str]

    def read(self) -> pl.DataFrame:
        frame = pl.select([made.alias(name) for name, made in self.made.items()])
        if self.path:
            with scratch.told():
                frame = pl.concat([frame, pl.read_ipc(self.path)], how="horizontal")
        return frame.select(self.columns)


def _written(frame: pl.DataFrame, path: Path) -> _File:
    """`frame`, stored in a file of that name."""
    made = {column.name: again for column in frame if (again := _made_again(column)) is not None}
    rest = frame.drop(made)
    if rest.width:
        with scratch.create(path) as file:
            rest.write_ipc(file)
    return _File(path if rest.width else None, made, frame.columns)


def _made_again(column: pl.Series) -> pl.Expr | None:
    """What makes a column whose values are all the same, or numbers at equal distances.

    Of millions of blank rows there is little else to say, and it would take five times their bytes.
    """
    if column.is_empty():
        return None
    first, last, size = column[0], column[-1], len(column)
    if first == last:
        made = pl.repeat(first, size, dtype=column.dtype)
    elif column.dtype.is_integer() and not column.has_nulls():
        step = (last - first) // (size - 1) or 1
        # where it is no such column, that may lead beyond what its type holds
        made = pl.int_range(first, first + size * step, step).cast(column.dtype, strict=False)
    else:
        return None
    return made if pl.select(made).to_series().equals(column) else None


class Stored(msgspec.Struct, frozen=True):
    """A chunk in files, which are read as they are asked for."""

    lines: Lines | None
    size: int
    """Of the lines, in bytes."""
    _issues: _File
    _rows: _File | None

    @property
    def has_rows(self) -> bool:
        return self._rows is not None

    @property
    def issues(self) -> pl.DataFrame:
        return self._issues.read()

    @property
    def rows(self) -> pl.DataFrame | None:
        return self._rows.read() if self._rows else None


class _Packed(msgspec.Struct, frozen=True):
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


@dataclass
class Spill:
    """An append-only list of chunks in a temporary folder, which goes when the spill does.

    What is appended is stored in a thread of its own; with the report's lines, where it is known
    how `lines_of` makes them, and then without the rows unless it `keeps_rows`, and without the
    issues unless it `keeps_issues`.
    """

    lines_of: Callable[[Chunk], Lines] | None = None
    keeps_rows: bool = False
    keeps_issues: bool = True
    report_bytes: int = 0
    """Of the report's lines that are on disk."""
    _written: list[Stored] = field(default_factory=list)
    _buffer: list[_Packed] = field(default_factory=list)
    _folder: Path | None = None
    _numbers: Iterator[int] = field(default_factory=count)
    _storing: Aside = field(default_factory=lambda: Aside("csvimport-spill"))

    def append(self, chunk: Chunk) -> None:
        """Add a chunk behind the others."""
        self.settle()
        if chunk.issues.height:
            self._storing.start(partial(self._add, chunk))

    def settle(self) -> None:
        """Wait until all is stored; raise what kept it from that, or interrupted it."""
        self._storing.settle()

    def wait(self) -> None:
        """Wait until nothing is being stored."""
        self._storing.wait()

    def snapshot(self) -> "Snapshot":
        """What is here now; what is appended later does not show in it."""
        self.wait()
        if failure := self._storing.failure:
            raise failure
        return Snapshot(self, tuple(self._written), tuple(self._buffer))

    def _add(self, chunk: Chunk) -> None:
        many = chunk.issues.height > _MANY
        if self.lines_of:
            rows = chunk.rows if self.keeps_rows else None
            issues = chunk.issues if self.keeps_issues else chunk.issues.clear()
            chunk = Chunk(issues, rows, self.lines_of(chunk))
        buffer = self._buffer if many else [*self._buffer, _packed(chunk)]
        full = many or sum(map(len, buffer)) > _BUFFER
        chunks = [_joined(buffer)] if full and buffer else []
        written = [self._write(each) for each in (*chunks, chunk)[: len(chunks) + many]]
        # nothing of this changed, should it have been broken off before
        self._buffer = [] if full else buffer
        self._written += written
        self.report_bytes += sum(each.size for each in written)

    def _write(self, chunk: Chunk) -> Stored:
        with scratch.told():
            if self._folder is None:
                self._folder = scratch.folder(self)
            path = self._folder / f"{next(self._numbers):06}"
            issues, rows = _written(chunk.issues, path.with_suffix(".issues")), None
            if chunk.rows is not None:
                rows = _written(chunk.rows, path.with_suffix(".rows"))
            lines, size = chunk.lines, 0
            if lines:
                place = path.with_suffix(".report")
                with scratch.create(place) as file:
                    text = memoryview(lines.text)
                    for start in range(0, len(text), _PIECE):
                        size += file.write(text[start : start + _PIECE])
                lines = replace(lines, text=b"", path=place)
        return Stored(lines, size, issues, rows)


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


class Snapshot(msgspec.Struct, frozen=True):
    """The chunks that a spill held at one time; keeps its folder as long as it is needed."""

    spill: Spill
    written: tuple[Stored, ...] = ()
    buffer: tuple[_Packed, ...] = ()

    def __iter__(self) -> Iterator[Chunk | Stored]:
        yield from self.written
        if self.buffer:
            yield _joined(self.buffer)
