"""Which encoding a text is in that is not UTF-8; or that nobody can tell.

chardet knows how letters follow each other in many languages, and says how well each encoding
fits. That is little to go by where a text is short: most encodings make something of most bytes.
So what they make of it is looked at, too: no name has a capital within it, none mixes Greek with
Hebrew. Where two encodings fit about as well and give different texts, either may be wrong, and
none is named. What it takes to be sure was measured on the tables in `tests/languages.py`.
"""

import codecs
import math
import re
from collections.abc import Callable, Iterator
from functools import cache

from csvimport.charmap import is_charmap
from csvimport.letters import misread, other_letters

Pieces = Callable[[], Iterator[bytes]]
"""Starts reading the input from its first byte, in pieces that end with a line."""

#: In bytes: what is shown to chardet, which looks no further; and what is looked at.
_SAMPLE = 200_000
#: Cells that are looked at for it, however few different ones there are.
_CELLS = 100_000
_LOOK = 20_000
#: How much likelier than by its looks an encoding is that so many files are in, as a logarithm.
_TODAY, _COMMONEST = 0.7, 3.0
#: So much likelier than any other an encoding has to be, and more where few letters tell: less by
#: `_LEAD_OF_EACH` for each. Where all of a text is letters of another script, more of them are few.
_LEAD = 0.69
_LEAD_OF_FEW, _LEAD_OF_EACH = 4.0, 0.15
_LEAD_OF_SCRIPT, _LEAD_OF_EACH_SIGN = 15.4, 0.3
_TOO_FEW = 8
#: A text in EBCDIC says little in fewer bytes.
_FEW_BYTES = 200
#: So many of a hundred letters may look misread until the text is none.
_WORST = 12.5
#: Letters of a table in EBCDIC: its first line, with a comma or semicolon in it.
_MAINFRAME = re.compile(
    rb"(?:[\x81-\x89\x91-\x99\xa2-\xa9\xc1-\xc9\xd1-\xd9\xe2-\xe9\xf0-\xf9@K`m\x7f]*+[\x6b\x5e])++"
    rb"[\x81-\x89\x91-\x99\xa2-\xa9\xc1-\xc9\xd1-\xd9\xe2-\xe9\xf0-\xf9@K`m\x7f]*+[\x15\x25\r]"
)
#: Where other letters begin in texts of ASCII alone.
_ESCAPES = (b"\x1b$", b"\x1b(J", b"\x1b(I", b"\x1b.A")
_ESCAPED = ("iso2022_jp_2", "iso2022_jp_ext", "iso2022_jp_2004", "iso2022_kr")


def propose(pieces: Pieces, alphabet: bytes) -> str | None:
    """The encoding that fits best, of those that decode every byte strictly.

    None where there is none, or another one fits about as well and gives a different text. The
    `alphabet` holds all bytes that there are in the pieces.
    """
    head = next(pieces(), b"")
    mainframe = _MAINFRAME.match(head) is not None
    sample = head[:_SAMPLE].replace(b"\x15", b"\x25") if mainframe else _words(pieces(), alphabet)
    size = len(sample) if mainframe else len(sample.translate(None, bytes(range(0x80))))
    found: dict[str, tuple[float, str]] = {}
    for name, confidence in _fits(sample, mainframe=mainframe):
        text = _decoded(sample, name)
        looks = 0.0 if text is None else 1 - misread(text[:_LOOK]) * 100 / _WORST
        if text is not None and looks > 0:
            score = size * math.log(confidence * looks) + _commonness(name)
            if text not in found or score > found[text][0]:
                found[text] = score, name
    ranked = sorted(((score, name, text) for text, (score, name) in found.items()), reverse=True)
    able = (each for each in ranked if _decodes(pieces, alphabet, each[1]))
    best, rival = next(able, None), next(able, None)
    if best is None or (mainframe and size < _FEW_BYTES):
        return None
    score, name, text = best
    lead = score - rival[0] if rival else math.inf
    if not _is_enough(lead, size, text):
        return None
    return known_as(name)


def known_as(codec: str) -> str:
    """Python's name of an encoding as other programs write it."""
    return re.sub("^cp125", "windows-125", codec).replace("iso8859", "iso-8859")


def _is_enough(lead: float, size: int, text: str) -> bool:
    """Whether an encoding has such a lead that no other one need be reckoned with."""
    if other_letters(text):
        return size >= _TOO_FEW and lead >= max(_LEAD, _LEAD_OF_SCRIPT - _LEAD_OF_EACH_SIGN * size)
    return lead >= max(_LEAD, _LEAD_OF_FEW - _LEAD_OF_EACH * size)


def propose_escaped(pieces: Pieces) -> str | None:
    """The encoding of a text of ASCII in which other letters are written with escapes, if so."""
    escaped = [name for name in _ESCAPED if _decodes_all(pieces(), name)]
    for name in escaped:
        text = _decoded(_escaped(pieces()), name) or ""
        if not text.isascii() and not misread(text):
            return name
    return None


def may_be_escaped(ascii_text: bytes) -> bool:
    """Whether a text of ASCII holds what begins other letters in ISO 2022."""
    return b"\x1b" in ascii_text and any(escape in ascii_text for escape in _ESCAPES)


def _escaped(pieces: Iterator[bytes]) -> bytes:
    """The first lines that hold an escape."""
    piece = next((each for each in pieces if may_be_escaped(each)), b"")
    lines = re.findall(rb"[^\r\n]*(?:\x1b|~\{)[^\r\n]*+(?=[\r\n])", piece[: 4 * _LOOK] + b"\n")
    return b"\n".join(lines[: len(lines) - 1 or None])


def _fits(sample: bytes, *, mainframe: bool) -> Iterator[tuple[str, float]]:
    """Encodings, by Python's names, and how well chardet says that they fit."""
    import chardet

    of_mainframes = chardet.EncodingEra.MAINFRAME
    found = chardet.detect_all(
        sample,
        ignore_threshold=True,
        encoding_era=of_mainframes if mainframe else chardet.EncodingEra.ALL & ~of_mainframes,
        prefer_superset=False,
        compat_names=False,
    )
    for each in found:
        name, confidence = each["encoding"], each["confidence"]
        # forms of Arabic letters, as cp864 has them, are what no program writes into a table
        if name and not name.startswith(("utf", "ascii", "cp864")) and confidence > 0:
            yield name, confidence
            if name == "cp1140":  # but for the sign of the euro
                yield "cp037", confidence


@cache
def _today() -> frozenset[str]:
    from chardet.enums import EncodingEra
    from chardet.registry import REGISTRY

    return frozenset(each.name for each in REGISTRY.values() if each.era & EncodingEra.MODERN_WEB)


def _commonness(name: str) -> float:
    return _COMMONEST if name == "cp1252" else _TODAY if name in _today() else 0.0


_FIELD_ENDS = (b",", b";", b"\t", b'"', b"\n", b"\r")
#: To be matched behind the last one: a search would look for it from every byte of what follows.
_NEXT_WORD = re.compile(
    rb'(?:[^\r\n\t,;"\x80-\xff]*+[\r\n\t,;"])*+([^\r\n\t,;"\x80-\xff]*+[\x80-\xff][^\r\n\t,;"]*+)'
)


def _words(pieces: Iterator[bytes], alphabet: bytes) -> bytes:
    """The cells that hold bytes beyond ASCII: in a table they are few, and the rest says nothing.

    Of a large file the first ones, and of each byte that these do not hold the first cell. It is
    read until all of the alphabet was seen.
    """
    rare: list[bytes] = []
    words: dict[bytes, None] = {}
    size, left, seen, is_full = 0, _CELLS, bytes(range(0x80)), False
    for piece in pieces:
        at = 0
        while not is_full and (match := _NEXT_WORD.match(piece, at)):
            at, word, left = match.end(), match[1], left - 1
            if word not in words:
                words[word] = None
                size += len(word) + 1
            if is_full := size >= _SAMPLE or not left:
                seen += bytes(set(b"".join(words)).difference(seen))
        if is_full:
            new = bytes(set(piece.translate(None, seen)))
            rare += [_cell(piece, piece.index(byte)) for byte in new]
            seen += new
            if not alphabet.translate(None, seen):
                break
    return b"\n".join([*rare, *words])


def _cell(piece: bytes, at: int) -> bytes:
    """The cell that this byte is in."""
    start = max(piece.rfind(end, 0, at) for end in _FIELD_ENDS) + 1
    stops = (piece.find(end, at) for end in _FIELD_ENDS)
    return piece[start : min((stop for stop in stops if stop >= 0), default=len(piece))]


def _decoded(sample: bytes, name: str) -> str | None:
    try:
        return sample.decode(name)
    except (UnicodeError, LookupError):
        return None


def _decodes(pieces: Pieces, alphabet: bytes, name: str) -> bool:
    """Whether that encoding decodes all of the pieces, of which the alphabet may say enough."""
    if is_charmap(name) and _decoded(alphabet, name) is not None:
        return True
    return _decodes_all(pieces(), name)


def _decodes_all(pieces: Iterator[bytes], name: str) -> bool:
    try:
        decoder = codecs.getincrementaldecoder(name)("strict")
        for piece in pieces:
            decoder.decode(piece)
        decoder.decode(b"", True)
    except (UnicodeError, LookupError):
        return False
    return True
