"""Encodings in which every byte is a character by itself, whatever stands around it.

`charmap.c` transcodes texts in them where it was compiled; elsewhere Python's codecs do, some four
times as slowly.
"""

import codecs
import ctypes
from collections.abc import Callable

import numpy as np

from csvimport.compiled import ARRAY, SIZE, TEXT, library

#: In bytes: of a character in UTF-8, and what is written at once.
_MOST, _AT_ONCE = 3, 8

_CODE = library(charmap_transcode=(SIZE, TEXT, SIZE, ARRAY, ARRAY, ARRAY))


def is_charmap(name: str) -> bool:
    """Whether the encoding that Python knows as `name` is such a one."""
    decoder = codecs.getincrementaldecoder(name)
    return all(len(decoder("replace").decode(bytes([byte]))) == 1 for byte in range(256))


def transcoder(name: str, line_end: str) -> Callable[[bytes], tuple[bytes, bool]] | None:
    """What makes UTF-8 of a text, its `line_end` an LF, and says whether bytes did not fit.

    These are replaced. None where only Python's codec can do that.
    """
    if not _CODE or not is_charmap(name):
        return None
    code = _CODE
    characters = np.frombuffer(b"".join(_character(name, byte, line_end) for byte in range(256)))
    room = np.empty(0, np.uint8)

    def transcode(text: bytes) -> tuple[bytes, bool]:
        nonlocal room
        if len(room) < (most := _MOST * len(text) + _AT_ONCE):
            room = np.empty(most, np.uint8)
        misfits = ctypes.c_bool()
        size = code.charmap_transcode(
            text, len(text), characters.ctypes.data, room.ctypes.data, ctypes.addressof(misfits)
        )
        return room[:size].tobytes(), misfits.value

    return transcode


def _character(name: str, byte: int, line_end: str) -> bytes:
    """The character that `byte` is, as C has it."""
    text = bytes([byte]).decode(name, "replace").replace(line_end, "\n")
    try:
        bytes([byte]).decode(name)
    except UnicodeDecodeError:
        is_misfit = True
    else:
        is_misfit = False
    utf8 = text.encode()
    return utf8.ljust(_MOST, b"\0") + bytes([len(utf8), is_misfit])
