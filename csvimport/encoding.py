"""Which encoding the bytes are in, and a stream of UTF-8 whatever it is.

UTF-8 is expected and everything else is a fault of the file, but one that is seen through: the
text is transcoded, so that the rest can be checked all the same.
"""

import codecs
import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from itertools import chain, islice

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from csvimport.charmap import transcoder
from csvimport.compiled import SIZE, TEXT, library
from csvimport.errors import BrokenOffError, OptionError
from csvimport.guess import known_as, may_be_escaped, propose, propose_escaped
from csvimport.lines import ends_of, split
from csvimport.lookahead import each_made

Open = Callable[[], Iterator[bytes]]
"""Starts reading the input from its first byte."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: The bytes at the start in which the encoding shows: a mark, or the NULs of UTF-16.
_HEAD = 4096
#: The input is judged in pieces of this size, whatever size it arrives in. The first pieces of a
#: file (`source`) have it together, so that no more need be read of most.
_PIECE = 7 << 20
#: So many pieces at a time.
_HANDS = 2
#: After so many lines in UTF-8, and so many times fewer that are not, it is UTF-8.
_NO_ACCIDENT = 10_000
_FEWER = 20


_CODE = library(utf8_valid=(SIZE, TEXT, SIZE))


class Encoding(msgspec.Struct, frozen=True):
    """`name` is None where no encoding is known that all bytes agree with.

    What `is_asked_for` holds whatever the bytes say.
    """

    name: str | None = "utf-8"
    bom: bytes = b""
    is_asked_for: bool = False

    @property
    def is_utf8(self) -> bool:
        return self.name == "utf-8"


class NotUtf8(Exception):  # noqa: N818  (a message, not an error)
    """Told by the stream to its reader: start again, in this encoding. Never leaves the engine."""

    def __init__(self, encoding: Encoding) -> None:
        super().__init__(encoding.name)
        self.encoding = encoding


#: Codecs of Python that give text, but are no encodings that a file could be in.
_NO_ENCODINGS = frozenset(
    ("charmap", "idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape")
)


def require_encoding(name: str) -> str:
    """The usual name of the encoding that Python knows as `name`; else an OptionError."""
    expected = "expected an encoding such as `utf-8`, `windows-1252` or `utf-16`"
    if not isinstance(name, str):
        raise OptionError(f"found {name!r} as encoding, {expected}")
    try:
        codec = codecs.lookup(name).name
        b"a".decode(codec, "replace")
        codecs.getincrementaldecoder(codec)
    except (LookupError, UnicodeError, ValueError):
        codec = ""
    codec = codec.replace("-sig", "").replace("_", "-") if codec.startswith("utf") else codec
    if not codec or codec.replace("-", "_") in _NO_ENCODINGS:
        raise OptionError(f"found encoding `{name}`, {expected}")
    return known_as(codec)


def asked_for(name: str, head: bytes) -> Encoding:
    """The encoding of that name for an input that begins with `head`: which mark it has."""
    if name in ("utf-16", "utf-32"):
        marks = (each for bom, each in _BOMS if each.startswith(name) and head.startswith(bom))
        likely = sniff(head).name or ""
        name = next(marks, likely if likely.startswith(name) else f"{name}-le")
    try:
        bom = "\ufeff".encode(name)
    except UnicodeError:
        bom = b""
    return Encoding(name, bom if head.startswith(bom) else b"", is_asked_for=True)


def head_of(open_input: Open) -> bytes:
    """The first bytes of the input: those in which its encoding shows."""
    head = b""
    with suppress(BrokenOffError):  # told when all that was read is
        for chunk in open_input():
            head += chunk
            if len(head) >= _HEAD:
                break
    return head[:_HEAD]


def sniff(head: bytes) -> Encoding:
    """What the first bytes say: a byte-order mark, or the NULs of UTF-16; else UTF-8."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return Encoding(name, bom)
    if _TEXT_LINE.match(head):
        return Encoding()
    for name in ("utf-32-le", "utf-32-be"):
        if _is_utf32(head, name):
            return Encoding(name)
    if _LETTERS_LE.match(head) or _is_utf16(head[0::2], head[1::2]):
        return Encoding("utf-16-le")
    if _LETTERS_BE.match(head) or _is_utf16(head[1::2], head[0::2]):
        return Encoding("utf-16-be")
    return Encoding()


#: A line of ASCII, which lines of UTF-16 never are: their ends hold NULs.
_TEXT_LINE = re.compile(rb"[\t -~]{3,}[\r\n][^\0]")
#: Names of columns in ASCII, with which nearly every file begins.
_LETTERS_LE = re.compile(rb"(?:[ -~]\0){4}")
_LETTERS_BE = re.compile(rb"(?:\0[ -~]){4}")


def _is_utf32(head: bytes, name: str) -> bool:
    """Whether the first bytes are text in UTF-32, in which every fourth byte is a NUL."""
    try:
        text = head[: len(head) // 4 * 4].decode(name)
    except UnicodeDecodeError:
        return False
    return bool(text) and "\0" not in text


def _is_utf16(low: bytes, high: bytes) -> bool:
    """Whether the first line reads as UTF-16 whose units have these bytes.

    A NUL stands in every letter of ASCII and in few others (U+3000 has one in the other place).
    Such letters have to outnumber the pairs of bytes that could be two letters of another text.
    """
    letters = others = 0
    for small, large in zip(low, high, strict=False):
        if small == large == 0:
            return False
        if large == 0 and small < 0x80:
            letters += 1
            if small in b"\r\n":
                break
        elif small == 0:
            others += 4 if large < 0x80 else 1
        elif large >= 0x20 and (small < 0x80) == (large < 0x80):
            others += 1
    return letters >= 2 and letters > others


class Utf8Stream:
    """Chunks that are UTF-8, or mostly: `may_be_invalid` is set before the first bad chunk.

    Raises `NotUtf8` where the input as a whole turns out to be in another encoding.
    """

    def __init__(self, encoding: Encoding, open_input: Open) -> None:
        self.encoding = encoding
        self.may_be_invalid = False
        self.bytes_read = 0
        """How many bytes of the input the chunks so far stand for."""
        self.differs = False
        """Whether any chunk so far was other bytes in the input."""
        self.misfits = False
        """Whether bytes did not fit the encoding, and were replaced."""
        self._open = open_input

    def __iter__(self) -> Iterator[bytes]:
        if not self.encoding.is_utf8:
            yield from self._transcoded()
            return
        decoder = codecs.getincrementaldecoder("utf-8")()
        may_be_escaped = not self.encoding.is_asked_for
        for chunk in _without(self._counted(), self.encoding.bom):
            if may_be_escaped:
                may_be_escaped = self._require_no_escapes(chunk)
            if not self.may_be_invalid:
                try:
                    if decoder.getstate()[0]:
                        decoder.decode(chunk)
                    elif not chunk.isascii():
                        decoder.decode(chunk[valid_utf8(chunk) :])
                except UnicodeDecodeError:
                    self._decide()
            yield chunk
        if decoder.getstate()[0] and not self.may_be_invalid:
            self._decide()

    def _transcoded(self) -> Iterator[bytes]:
        name = self.encoding.name or "utf-8"
        decoder = codecs.getincrementaldecoder(name)()
        # where EBCDIC is at home, lines end in this
        line_end = "\x85" if "a".encode(name) == b"\x81" else "\n"
        self.differs = bool(self.encoding.bom)
        chunks = filter(None, _without(self._counted(), self.encoding.bom))
        transcode = transcoder(name, line_end)
        for chunk in chunks if transcode else chain(chunks, [b""]):
            if transcode:
                utf8, misfits = transcode(chunk)
                self.misfits = self.misfits or misfits
            else:
                before, is_last = decoder.getstate(), not chunk
                try:
                    text = decoder.decode(chunk, is_last)
                except UnicodeError:
                    decoder, self.misfits = codecs.getincrementaldecoder(name)("replace"), True
                    decoder.setstate(before)
                    text = decoder.decode(chunk, is_last)
                # what is read as UTF-7 may hold lone surrogates, which are no characters
                utf8 = text.replace(line_end, "\n").encode("utf-8", "replace")
            self.differs = self.differs or utf8 != chunk
            yield utf8

    def _counted(self) -> Iterator[bytes]:
        for chunk in self._open():
            self.bytes_read += len(chunk)
            yield chunk

    def _decide(self) -> None:
        if not self.encoding.is_asked_for:
            is_utf8, alphabet = mostly_utf8(self._text())
            if not is_utf8:
                raise NotUtf8(Encoding(propose(self._pieces, alphabet), self.encoding.bom))
        self.may_be_invalid = True

    def _require_no_escapes(self, chunk: bytes) -> bool:
        """Whether what follows this chunk may still be a text of ASCII with escapes in it.

        Raises `NotUtf8` where the input is one.
        """
        if not chunk.isascii():
            return False
        if not may_be_escaped(chunk):
            return True
        if name := propose_escaped(self._pieces):
            raise NotUtf8(Encoding(name, self.encoding.bom))
        return False

    def _text(self) -> Iterator[bytes]:
        return _without(self._open(), self.encoding.bom)

    def _pieces(self) -> Iterator[bytes]:
        return _pieces(self._text())


def _without(chunks: Iterator[bytes], bom: bytes) -> Iterator[bytes]:
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(bom):
            yield head[len(bom) :]
            break
    yield from chunks


#: Broken sequences that are found one by one.
_FEW = 4096
_REPLACEMENT = "\ufffd"
_BAD = 9
_CLASS = np.full(256, _BAD, np.uint8)
_CLASS[:0x80] = 0
_CLASS[0x80:0xC0] = 1
_CLASS[0xC2:0xE0] = 2
_CLASS[0xE0:0xF0] = 3
_CLASS[0xF0:0xF5] = 4


def invalid_utf8(data: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Offsets of bytes that show that `data` is not UTF-8; at least one a broken sequence.

    An offset lies on the sequence itself or on the byte behind it, never beyond a line end.
    """
    places: list[int] = []

    def note(error: UnicodeError) -> tuple[str, int]:
        assert isinstance(error, UnicodeDecodeError)
        if len(places) == _FEW:
            raise error
        places.append(error.start)
        return "", error.end

    name = f"csvimport-{threading.get_ident()}"  # all threads share the names
    codecs.register_error(name, note)
    try:
        data.tobytes().decode(errors=name)
    except UnicodeDecodeError:  # where there are many, arithmetic is quicker
        pass
    else:
        return np.array(places, np.int64)
    kind = np.concatenate((np.zeros(3, np.uint8), _CLASS[data], np.zeros(1, np.uint8)))
    here, one, two, three = kind[3:], kind[2:-1], kind[1:-2], kind[:-3]
    expected = (
        ((one >= 2) & (one <= 4))
        | ((two >= 3) & (two <= 4) & (one == 1))
        | ((three == 4) & (two == 1) & (one == 1))
    )
    bad = (here == _BAD) | (expected != (here == 1))
    second = data[1:]
    first = data[:-1]
    bad[1:-1] |= (
        ((first == 0xE0) & (second < 0xA0))
        | ((first == 0xED) & (second > 0x9F))
        | ((first == 0xF0) & (second < 0x90))
        | ((first == 0xF4) & (second > 0x8F))
    )
    return np.minimum(np.flatnonzero(bad), len(data) - 1)


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The input in pieces of a fixed size that end with a line where one ends there at all."""
    rest = b""
    try:
        for chunk in chunks:
            rest += chunk
            while len(rest) >= _PIECE:
                cut = _behind_last_line(rest, _PIECE) or _PIECE
                yield rest[:cut]
                rest = rest[cut:]
    except BrokenOffError:  # maybe within a character; what was read is judged by itself
        rest = rest[: _behind_last_line(rest, len(rest))]
    if rest:
        yield rest


def _behind_last_line(text: bytes, end: int) -> int:
    """Where the last line that ends before `end` does so; 0 if none does."""
    return max(text.rfind(b"\n", 0, end), text.rfind(b"\r", 0, end)) + 1


def mostly_utf8(chunks: Iterator[bytes]) -> tuple[bool, bytes]:
    """Whether, of the lines that hold bytes beyond ASCII, more are UTF-8 than are not.

    So many lines in UTF-8 are no accident, and what else there may be is a fault of theirs. A text
    that is not is read to its end: the other value is its alphabet, all of ASCII and what there is
    beyond.
    """
    valid = broken = 0
    alphabet = bytes(range(0x80))

    def judged(piece: bytes) -> tuple[int, int, bytes]:
        if piece.isascii():
            return 0, 0, b""
        telling = _telling(piece)
        return *_lines_beyond_ascii(telling), bytes(set(telling.translate(None, alphabet)))

    def each_judged() -> Generator[tuple[int, int, bytes]]:
        pieces = _pieces(chunks)
        yield from map(judged, islice(pieces, 1))  # which is enough of nearly every text in UTF-8
        yield from each_made(pieces, judged, _HANDS)

    with closing(each_judged()) as found:
        for of_all, of_these, new in found:
            valid, broken = valid + of_all - of_these, broken + of_these
            if valid >= _NO_ACCIDENT and valid >= _FEWER * broken:
                return True, alphabet
            alphabet = bytes({*alphabet, *new})
    return valid > broken, alphabet


def _telling(piece: bytes) -> bytes:
    """What tells which lines are UTF-8: bytes beyond ASCII, the ones behind them, and line ends."""
    signed = np.frombuffer(piece, np.int8)  # those beyond ASCII are negative
    tells = signed <= 0x0D
    tells[1:] |= signed[:-1] < 0
    return signed[tells].tobytes()


def _lines_beyond_ascii(piece: bytes) -> tuple[int, int]:
    """How many lines hold bytes beyond ASCII; how many of them are not UTF-8."""
    line_end = b"\n" if b"\n" in piece else b"\r"
    lines = split(piece, line_end, lossy=True)
    if lines is not None:
        text = pl.col(lines.name).str
        beyond = int(lines.to_frame().select((text.len_bytes() != text.len_chars()).sum()).item())
        replaced = lines.str.contains(_REPLACEMENT, literal=True).arg_true().to_numpy()
        if _REPLACEMENT.encode() not in piece:
            return beyond, len(replaced)
        stops = np.append(ends_of(piece, line_end), len(piece))
        if len(replaced) <= _FEW and len(lines) <= len(stops):
            # which may be what stands there
            starts = np.append(0, stops + 1)[replaced].tolist()
            spans = zip(starts, stops[replaced].tolist(), strict=True)
            return beyond, sum(not is_utf8(piece[start:stop]) for start, stop in spans)
    data = np.frombuffer(piece, np.uint8)
    line_ends = np.flatnonzero((data == 0x0A) | (data == 0x0D))
    beyond = len(np.unique(np.searchsorted(line_ends, np.flatnonzero(data >= 0x80))))
    # evidence may stand on the line end behind a broken sequence: that is the line it ends
    return beyond, len(np.unique(np.searchsorted(line_ends, invalid_utf8(data))))


def valid_utf8(text: bytes) -> int:
    """How many of the first bytes of `text` are known to be whole characters of UTF-8."""
    return _CODE.utf8_valid(text, len(text)) if _CODE else 0


def is_utf8(text: bytes) -> bool:
    """Whether `text` is UTF-8, strictly."""
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
