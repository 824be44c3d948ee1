"""What an input is packed in, as its first bytes tell, and the bytes that it holds.

Nothing is ever written under a name from an archive: its one file is read where it is.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

#: How an input begins that is packed.
_PACKED = {
    b"\x1f\x8b\x08": "gzip",
    **{
        b"BZh%d%s" % (level, start): "bzip2"
        for level in range(1, 10)
        for start in (b"1AY&SY", b"\x17rE8P\x90")  # of a block; of the end, if there is none
    },
    b"\x28\xb5\x2f\xfd": "zstd",
    **{b"%c\x2a\x4d\x18" % kind: "zstd" for kind in range(0x50, 0x60)},  # of a frame to skip
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
#: How an input begins that is no table of text, and what it is.
_OTHER = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an Excel workbook",
    b"%PDF-": "a PDF document",
    b"PAR1\x15": "a Parquet file",
    b"SQLite format 3\0": "an SQLite database",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\xfd7zXZ\0": "an xz archive",
}
#: How a page begins, whatever its case, and whatever white space is before.
_PAGES = (b"<!doctype html", b"<!--", b"<html", b"<head", b"<meta", b"<style", b"<body", b"<table")
#: Files that office programs make are ZIP archives with such a member.
_OFFICE = {
    "xl/workbook.xml": "an Excel workbook",
    "xl/workbook.bin": "an Excel workbook",
    "word/document.xml": "a Word document",
    "content.xml": "an OpenDocument file",
    "index/document.iwa": "an iWork file",
}
#: How a file in a ZIP archive is packed if it can be unpacked a piece at a time: not, or deflated.
_BOUNDED = (0, 8)
#: A tar archive begins with the name of a file, which ends with NULs, or else its rights do.
_NAMED = 108
#: Where it says that it is one.
_TAR = slice(257, 262), b"ustar"
#: So many bytes at the start tell all of this.
_HEAD = 512
#: What byte-order marks are made of.
_MARKS = b"\xef\xbb\xbf\xff\xfe"
#: Unpacked at a time, at most, in bytes.
_STEP = 4 << 20
#: A kilobyte of zstd may hold 32 megabytes.
_ZSTD_STEP = 1 << 10


class NotATableError(Exception):
    """Says what an input is instead, or why what it is packed in cannot be read."""


class CutOffError(NotATableError):
    """Says that an input is not whole. What could be unpacked of it is what it holds."""


def packing(head: bytes) -> str | None:
    """What an input that starts with `head` is packed in; None if it is not."""
    return next((name for magic, name in _PACKED.items() if head.startswith(magic)), None)


def peeked(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes, as many as it takes to tell what the input is; and all of the chunks."""
    first: list[bytes] = []
    head, failure = b"", None
    try:
        while _may_be_more(head) and (chunk := next(chunks, None)) is not None:
            first.append(chunk)
            head = (head + chunk)[:_HEAD]
    except (CutOffError, OSError) as error:
        failure = error.with_traceback(None)  # that knows what is open
    return head, _again(first, failure, chunks)


def _again(
    first: list[bytes], failure: Exception | None, chunks: Iterator[bytes]
) -> Iterator[bytes]:
    while first:  # what was given is not kept
        yield first.pop(0)
    if failure:
        raise failure
    yield from chunks


def _may_be_more(head: bytes) -> bool:
    """Whether an input that starts with `head` may, a few bytes on, show to be no text.

    Where there is a line already, nobody has to wait for the next one to be written to a pipe.
    """
    start = head[:_NAMED]
    is_line = b"\n" in start or b"\r" in start
    may_be_tar = len(start) < _NAMED or b"\0" in start
    is_page = any(each.startswith(_page(head)) for each in _PAGES)
    return len(head) < _HEAD and (is_page or (may_be_tar and not is_line))


def _page(head: bytes) -> bytes:
    """The start of a page; in UTF-16 there are NULs between the letters."""
    return head.lstrip(_MARKS).replace(b"\0", b"").lstrip().lower()


def require_text(head: bytes) -> None:
    """Raise a NotATableError where an input that starts with `head` is something else."""
    page = _page(head)
    if page.startswith(_PAGES):
        raise NotATableError("is an HTML page, expected CSV; export the data itself as CSV")
    if page.startswith(b"<?xml "):  # what servers answer in, too, where an address has expired
        raise NotATableError("is an XML document, expected CSV; export the data itself as CSV")
    for magic, name in _OTHER.items():
        if head.startswith(magic):
            raise NotATableError(f"is {name}, expected CSV; export its data as CSV")
    place, magic = _TAR
    if head[place] == magic and b"\0" in head[: place.start]:
        raise NotATableError("is a tar archive, expected CSV; unpack it first")


def unpacked(kind: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What the `chunks` of a gzip, bzip2 or zstd file hold, in pieces of some megabytes."""
    unpacker: _Unpacker | None = None
    starts = [magic for magic, name in _PACKED.items() if name == kind]
    for chunk in chunks:
        rest = chunk
        while rest:
            if unpacker is None:
                rest = rest.lstrip(b"\0")  # tapes and some programs pad
                if not rest:
                    break
                # what is before is whole, and its checksum right
                if not any(rest.startswith(each[: len(rest)]) for each in starts):
                    raise CutOffError(
                        f"goes on with something else behind what is packed as {kind}"
                    )
                unpacker = _UNPACKERS[kind]()
            yield from _guarded(unpacker.unpack(rest))
            rest = unpacker.behind
            if unpacker.ended:
                unpacker = None
    if unpacker is not None:
        raise CutOffError(f"breaks off: as {kind} it is not whole")


def bounded(pieces: Iterator[bytes], largest: int) -> Iterator[bytes]:
    """`pieces`, as long as they hold no more than so many bytes."""
    size = 0
    for piece in pieces:
        size += len(piece)
        require_size(size, largest)
        yield piece


def require_size(size: int, largest: int) -> None:
    """Raise a NotATableError where what is unpacked is larger than that, in bytes."""
    if size > largest:
        raise NotATableError(
            f"holds more than {largest >> 20:,} MiB, which no import takes; "
            "unpack it first, if that is no mistake"
        )


class Archive:
    """The files in a ZIP archive, but for what systems leave behind; its directory is read once."""

    def __init__(self, file: BinaryIO) -> None:
        from zipfile import ZipFile

        with _zip_errors():
            self._archive = ZipFile(file)
            self._files: dict[str, list[ZipInfo]] = {}
            for each in _files(self._archive):
                self._files.setdefault(each.filename, []).append(each)

    @property
    def names(self) -> list[str]:
        """Those of the files, in its order."""
        return [name for name, files in self._files.items() for _ in files]

    @property
    def size(self) -> int:
        """The bytes that the files hold in all; none is read further than the directory says."""
        return sum(file.file_size for files in self._files.values() for file in files)

    def open(self, name: str | None = None) -> Iterator[bytes]:
        """The file `name`, by default the only one, in pieces."""
        with _zip_errors(), self._archive.open(self._file(name)) as content:
            while piece := content.read(_STEP):
                yield piece

    def _file(self, name: str | None) -> "ZipInfo":
        every = (file for files in self._files.values() for file in files)
        found = list(every) if name is None else self._files.get(name, [])
        if len(found) != 1:
            number = f"{len(found)} files" if found else "no file"
            called = "" if name is None else " of this name"
            raise NotATableError(
                f"holds {number}{called}, expected one; unpack it, and check what it holds"
            )
        if found[0].compress_type not in _BOUNDED:
            raise NotATableError("is packed in a way that few can read; unpack it first")
        if found[0].flag_bits & 1:
            raise NotATableError("is protected by a password; unpack it first")
        return found[0]


@contextmanager
def _zip_errors() -> Iterator[None]:
    """What the library says of damage, in one way."""
    from zipfile import BadZipFile

    try:
        yield
    except NotImplementedError:
        raise NotATableError("is packed in a way that few can read; unpack it first") from None
    except (BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the input, not of what it holds
        raise NotATableError(f"is damaged: as zip it cannot be read ({error})") from None
    except struct.error:
        raise NotATableError("is damaged: as zip it cannot be read") from None


def _files(archive: "ZipFile") -> "list[ZipInfo]":
    """What stands in the directory of an archive, but for folders and what systems leave behind."""
    names = {each.filename.lower() for each in archive.infolist()}
    for name, kind in _OFFICE.items():
        if name in names:
            raise NotATableError(f"is {kind}, expected CSV; save it as CSV (UTF-8) there")
    return [
        each
        for each in archive.infolist()
        if not each.is_dir()
        and not each.filename.startswith("__MACOSX/")
        and not each.filename.rpartition("/")[2].startswith(".")
    ]


class _Unpacker(Protocol):
    ended: bool
    behind: bytes
    """What comes after the end."""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        """What `data` holds, piece by piece."""


class _Gzip:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        self.ended, self.behind = False, b""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        size = _STEP
        while (data or size == _STEP) and not self._stream.eof:
            piece = self._stream.decompress(data, _STEP)
            yield piece
            data, size = self._stream.unconsumed_tail, len(piece)
        self.ended, self.behind = self._stream.eof, self._stream.unused_data


class _Bzip2:
    def __init__(self) -> None:
        import bz2

        self._stream = bz2.BZ2Decompressor()
        self.ended, self.behind = False, b""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        yield self._stream.decompress(data, _STEP)
        while not self._stream.needs_input and not self._stream.eof:
            yield self._stream.decompress(b"", _STEP)
        self.ended, self.behind = self._stream.eof, self._stream.unused_data


class _Zstd:
    def __init__(self) -> None:
        import zstandard

        self._stream = zstandard.ZstdDecompressor().decompressobj()
        self._error = zstandard.ZstdError
        self.ended, self.behind = False, b""

    def unpack(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_STEP):
            try:
                yield self._stream.decompress(data[start : start + _ZSTD_STEP])
            except self._error as error:
                raise OSError(str(error)) from None
            if self._stream.eof:
                self.ended = True
                self.behind = self._stream.unused_data + data[start + _ZSTD_STEP :]
                return


_UNPACKERS: dict[str, Callable[[], _Unpacker]] = {
    "gzip": _Gzip,
    "bzip2": _Bzip2,
    "zstd": _Zstd,
}


def _guarded(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """`pieces` that hold something; what the libraries say of damage in one way."""
    try:
        yield from filter(None, pieces)
    except (zlib.error, OSError, EOFError) as error:
        raise NotATableError(f"is damaged: it cannot be unpacked ({error})") from None
