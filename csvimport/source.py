"""The only way to the input: a path, an address, a binary file, or an iterable of bytes."""

import errno
import io
import os
import re
import stat
import tempfile
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from csvimport import scratch
from csvimport.address import Address, address_of, is_web, require_path, shown
from csvimport.archive import (
    Archive,
    CutOffError,
    NotATableError,
    bounded,
    packing,
    peeked,
    require_size,
    require_text,
    unpacked,
)
from csvimport.errors import CHANGED, BrokenOffError, OptionError, SourceError, reason

_CHUNK = 4 << 20
#: The pieces of a regular file grow from one size to the other, and go on to a line's end so near.
_FIRST_PIECE, _LARGEST_PIECE = 1 << 20, 8 << 20
_NEAR = 1 << 16

#: In bytes: what is packed may not hold more, twice the largest file that the platform takes.
LARGEST = 1 << 30
#: What the files in an archive may hold together: a disk may have to take all their flagged rows.
LARGEST_TOGETHER = 16 * LARGEST

_UNNAMED = "stream"
_BYTES = (bytes, bytearray, memoryview)
#: No piece of an input, whatever it gives.
_END = object()

Readable = str | os.PathLike[str] | BinaryIO | Iterable[bytes]


class Part(msgspec.Struct, frozen=True):
    """A table that is checked by itself, or as one of several in which the rows are counted on."""

    name: str
    chunks: Callable[[], Iterator[bytes]]
    """Starts reading it from its first byte."""
    waits: bool = False
    """Whether that may mean to wait until somebody writes it."""


class Source:
    """An input that can be read from its first byte more than once.

    It is called `name`, by default what it is called itself, or else `unnamed`. `size` is None
    where nobody knows it yet. What cannot seek, or comes over the network, is copied to a temporary
    file as it is read, so that it can be read again where its encoding turns out to be another.
    """

    def __init__(
        self, readable: Readable, name: str | None = None, *, unnamed: str = _UNNAMED
    ) -> None:
        self.size: int | None = None
        self.path: Path | None = None
        self.place: str | None = None
        """Where it lies on this machine, whatever becomes the working folder."""
        self._address: Address | None = None
        self._chunks: Iterator[bytes] | None = None
        self._file: BinaryIO | None = None
        self._start = 0
        self._spool: BinaryIO | None = None
        self._spooled = 0
        self._is_whole = False
        """Whether all of it is in the temporary file."""
        self._is_packed = False
        self._archive: Archive | None = None
        self._failure: Exception | None = None
        self._status: Callable[[], os.stat_result] | None = None
        """Asks about a file that may change."""
        if isinstance(readable, str) and (address := address_of(readable)):
            self._address, self.name = address, _shown(address.name)
        elif isinstance(readable, (str, os.PathLike)):
            if not isinstance(readable, str):
                require_path(readable, SourceError)
            self._open_path(Path(readable), str(readable))
        elif isinstance(readable, _BYTES):
            raise OptionError("found bytes, expected a path, a binary file or an iterable of bytes")
        elif callable(getattr(readable, "read", None)):
            named = getattr(readable, "name", None)
            self.name = _shown(named) if isinstance(named, str) else unnamed
            if isinstance(named, (str, os.PathLike)) and "\0" not in os.fsdecode(named):
                self.place = os.path.realpath(os.fsdecode(named))
            self._open_file(cast(BinaryIO, readable))
        elif isinstance(readable, Iterable):
            self._chunks = iter(readable)
            self.name = unnamed
        else:
            kind = type(readable).__name__
            raise OptionError(
                f"found {kind}, expected a path, a binary file or an iterable of bytes"
            )
        if name is not None:
            self.name = name

    def _open_path(self, path: Path, name: str) -> None:
        self.name = name = _shown(name)
        if not name:
            raise SourceError("found an empty file name, expected the name of a file")
        try:
            status = path.stat()
            if stat.S_ISDIR(status.st_mode):
                raise SourceError(f"{name}: is a folder, expected a file")
            if stat.S_ISREG(status.st_mode):
                path.open("rb").close()
        except OSError as error:
            raise SourceError(f"{shown(name)}: {reason(error)}") from None
        except ValueError as error:  # a NUL in the name
            raise SourceError(f"{shown(name)}: {error}") from None
        self.place = os.path.realpath(path)
        if stat.S_ISREG(status.st_mode):
            self.path, self.size = path, status.st_size
            self._watch(partial(os.stat, path))
        else:
            self._chunks = _chunks_of(path)

    def _open_file(self, file: BinaryIO) -> None:
        if isinstance(file, io.TextIOBase):
            raise OptionError(f"{self.name}: is open as text, expected a binary file")
        if getattr(file, "closed", False):
            raise OptionError(f"{self.name}: is closed, expected an open file")
        try:
            self._start = file.tell()
            file.seek(0, io.SEEK_END)  # not every one says where it is then
            self.size = file.tell() - self._start
            file.seek(self._start)
            seekable = file.seekable()
        except (AttributeError, OSError, TypeError):  # some that have a method cannot do it
            self.size, seekable = None, False
        if seekable:
            self._file = file
            raw = getattr(file, "raw", file)
            if isinstance(raw, io.FileIO):
                self._watch(partial(os.fstat, raw.fileno()))
        else:
            self._chunks = _chunks(file)

    def _watch(self, status: Callable[[], os.stat_result]) -> None:
        """Note the version of a regular file: whatever is read has to be of this one."""
        now = status()
        if stat.S_ISREG(now.st_mode):
            self._status, self._version = status, _version(now)

    def _require_unchanged(self) -> None:
        try:
            changed = self._status is not None and _version(self._status()) != self._version
        except OSError as error:  # nobody knows what was read
            raise SourceError(f"{self.name}: {reason(error)}") from None
        if changed:
            raise SourceError(f"{self.name}: {CHANGED}")

    def _unchanged(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """`pieces`, each of which was read before anything changed."""
        while True:
            try:
                piece = next(pieces, None)
            finally:  # of whatever fails, a change is the reason
                self._require_unchanged()
            if piece is None:
                return
            yield piece

    def parts(self) -> list[Part]:
        """The input itself; or, if it is a ZIP archive of several files, these."""
        with self._told():
            head, chunks = peeked(self._packed())
            names: list[str] = []
            if packing(head) == "zip":
                archive = self._archived(chunks)
                require_size(archive.size, LARGEST_TOGETHER)
                names = archive.names
        if len(names) < 2:
            return [self.whole]
        return [Part(self._name_of(each), partial(self.open, each)) for each in names]

    def let_go(self) -> None:
        """Let no server wait that has sent only some of it: it is asked anew when it is read."""
        if not (self._address and is_web(self._address.name) and self._spool):
            return
        if not (self._is_whole or self._failure):
            cast("Generator[bytes]", self._chunks).close()
            self._chunks, self._spooled, self._is_packed = None, 0, False
            with scratch.told():
                self._spool.truncate(0)

    @property
    def whole(self) -> Part:
        """The input as one part, at which nobody has looked yet."""
        return Part(self.name, self.open, self._chunks is not None)

    def open(self, member: str | None = None) -> Iterator[bytes]:
        """The input from its first byte, unpacked, in pieces of a few megabytes at most.

        Of a ZIP archive the file `member`, one of its `parts`, or by default its only one.
        """
        with self._told(member):
            kind = "zip"
            chunks: Iterator[bytes] = iter(())
            if member is None:
                head, chunks = peeked(self._packed())
                require_text(head)
                if (found := packing(head)) is None:
                    yield from chunks
                    return
                kind = found
            if not self._is_packed:
                self._is_packed, self.size = True, None
            if kind == "zip":
                pieces = self._unchanged(self._member(chunks, member))
            else:
                pieces = unpacked(kind, chunks)
            size = 0
            for piece in _table(pieces):
                size += len(piece)
                yield piece
            if member is None:
                self.size = size

    @contextmanager
    def _told(self, member: str | None = None) -> Iterator[None]:
        """What keeps the input, or a file in it, from being read, as an error that names it."""
        name = self.name if member is None else self._name_of(member)
        try:
            yield
        except CutOffError as error:
            raise BrokenOffError(f"{name}: {error}") from None
        except NotATableError as error:
            raise SourceError(f"{name}: {error}") from None
        except io.UnsupportedOperation:
            raise SourceError(f"{name}: is not open for reading") from None
        except OSError as error:
            raise BrokenOffError(f"{name}: {reason(error)}") from None

    def _name_of(self, member: str) -> str:
        return f"{self.name}/{_shown(member)}"

    def _packed(self) -> Iterator[bytes]:
        if self.path:
            yield from self._unchanged(_lines_of(self.path))
        elif self._file:
            yield from self._unchanged(self._from_file(self._file))
        else:
            yield from self._from_spool()

    def _member(self, chunks: Iterable[bytes], name: str | None) -> Iterator[bytes]:
        yield from self._archived(chunks).open(name)

    def _archived(self, chunks: Iterable[bytes]) -> Archive:
        """The ZIP archive, which has to be there as a whole."""
        if self._archive is None:
            if self.path:
                file: BinaryIO = self.path.open("rb")
                weakref.finalize(self, file.close)
            elif self._file:
                file = self._file
            else:
                for _ in chunks:
                    pass
                assert self._spool is not None
                file = self._spool
            self._archive = Archive(file)
        return self._archive

    def _from_file(self, file: BinaryIO) -> Iterator[bytes]:
        at = self._start
        while True:
            file.seek(at)
            chunk = self._bytes(file.read(_CHUNK))
            if not chunk:
                return
            at += len(chunk)
            yield chunk

    def _from_spool(self) -> Iterator[bytes]:
        if self._address and self._chunks is None:  # no server is to wait for what comes before
            from csvimport import remote

            self.size, self._chunks = remote.opened(self._address, LARGEST)
        assert self._chunks is not None
        if self._spool is None:
            with scratch.told():
                self._spool = tempfile.TemporaryFile(prefix="csvimport-")  # noqa: SIM115
            weakref.finalize(self, _close, self._spool)
        at = 0
        while True:
            if at < self._spooled:
                self._spool.seek(at)
                chunk = self._spool.read(min(_CHUNK, self._spooled - at))
                at += len(chunk)
                yield chunk
                continue
            if self._failure:  # what has failed would seem to end when it is asked again
                raise self._failure
            try:
                found = next(self._chunks, _END)
            except Exception as error:
                self._failure = error
                raise
            if found is _END:
                self._is_whole = True
                if not self._is_packed:
                    self.size = self._spooled
                return
            piece = self._bytes(found)
            with scratch.told():
                self._spool.seek(0, io.SEEK_END)
                self._spool.write(piece)
                self._spool.flush()
            self._spooled += len(piece)

    def _bytes(self, piece: object) -> bytes:
        if not isinstance(piece, _BYTES):
            kind = type(piece).__name__
            raise OptionError(f"{self.name}: found {kind}, expected an iterable of bytes")
        return bytes(piece)  # a view of numbers counts these


class Together:
    """Several sources as the parts of one import."""

    def __init__(self, sources: Sequence[Source], name: str | None = None) -> None:
        self.sources = sources
        self.name = name or _and_more(sources[0].name, len(sources))

    @property
    def size(self) -> int | None:
        """In bytes, decompressed; None where nobody knows it yet."""
        sizes = [each.size for each in self.sources]
        return None if None in sizes else sum(filter(None, sizes))

    def let_go(self) -> None:
        """Let no server wait while what comes before its file is read."""
        for source in self.sources[1:]:
            source.let_go()

    def parts(self) -> Iterator[Part]:
        """Those of all the sources.

        Nobody can look into a stream without waiting for it: one that is not the first is whole.
        """
        for number, source in enumerate(self.sources):
            yield from [source.whole] if number and source.whole.waits else source.parts()


def source_of(readables: "Readable | Sequence[Readable]") -> Source | Together:
    """What a caller names as the input: one, or a list of them that are parts of one import.

    A list of nothing but bytes is one input in pieces.
    """
    parts = readables if isinstance(readables, (list, tuple)) else ()
    if not all(isinstance(each, _BYTES) for each in parts):
        return Together([_part(each, number) for number, each in enumerate(parts, 1)])
    return Source(cast("Readable", readables))


def _part(readable: Readable, number: int) -> Source:
    """Part `number` of an input, which stands for its name if it has none."""
    try:
        return Source(readable, unnamed=_UNNAMED if number == 1 else f"{_UNNAMED}-{number}")
    except (OptionError, SourceError) as error:
        raise type(error)(f"part {number}: {error}") from None


def name_of(paths: Sequence[str]) -> str:
    """What the input at these paths or addresses is called, whether or not it can be read."""
    first = paths[0]
    try:
        address = address_of(first)
    except SourceError:  # an address that is none may hold a secret all the same
        name = f"{first.partition('://')[0]}://…"
    else:
        name = _shown(address.name if address else first)
    return _and_more(name, len(paths))


def _and_more(name: str, parts: int) -> str:
    return name if parts == 1 else f"{name} and {parts - 1} more"


def tables_in(folder: Path) -> list[Path]:
    """The CSV files in `folder`, packed or not, by name; but no error reports, and none hidden.

    A link that leads nowhere is among them: somebody has to be told.
    """
    try:
        found = sorted(
            each
            for each in folder.iterdir()
            if each.is_file() or (each.is_symlink() and not each.exists())
        )
    except OSError as error:
        raise SourceError(f"{folder}: {reason(error)}") from None
    return [each for each in found if _TABLE.fullmatch(each.name)]


#: What a file of this name holds is CSV, as far as a name can tell.
_TABLE = re.compile(
    r"(?!\.)(?!.*\.report\.csv$).*\.(?:(?:csv|tsv)(?:\.(?:gz|bz2|zst))?|zip)",
    re.DOTALL | re.IGNORECASE,
)


def _shown(name: str) -> str:
    r"""A file name as text: bytes of it that are not UTF-8 are written `\xe9`."""
    try:
        return name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return name.encode(errors="backslashreplace").decode()


def _close(spool: BinaryIO) -> None:
    with suppress(OSError):  # what it could not hold was told before
        spool.close()


def _version(status: os.stat_result) -> tuple[int, int]:
    return status.st_size, status.st_mtime_ns


def _table(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces`, which come out of an archive, if they are a table of some size."""
    head, pieces = peeked(pieces)
    require_text(head)
    if packing(head):
        raise NotATableError("holds an archive in its turn; unpack it first")
    yield from bounded(pieces, LARGEST)


def _chunks_of(path: Path) -> Iterator[bytes]:
    # opened as late as that: a pipe waits for who writes to it
    with path.open("rb") as file:
        yield from _chunks(file)


def _lines_of(path: Path) -> Iterator[bytes]:
    """A regular file in pieces that end with a line where one ends near.

    What is to be whole lines need not be joined then. Small pieces come first: of some files no
    more is read.
    """
    at, size = 0, _FIRST_PIECE
    with path.open("rb", buffering=0) as file:
        while True:
            file.seek(at + size)
            near = file.read(_NEAR).find(b"\n") + 1
            file.seek(at)
            piece = file.read(size + near)
            if not piece:
                return
            at += len(piece)
            yield piece
            del piece  # or it would be kept while the next one is read
            size = min(2 * size, _LARGEST_PIECE)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    # a pipe gives what is there, rather than wait until a whole chunk is
    read = getattr(file, "read1", file.read)
    for chunk in iter(partial(read, _CHUNK), b""):
        if chunk is None:
            raise BlockingIOError(errno.EAGAIN, "has nothing yet, expected a file that waits")
        yield chunk
