"""Text that was UTF-8, was read as Windows-1252 and saved again: `JosÃ©` for `José`."""

from functools import cache

import polars as pl

_SINGLE_BYTE = "windows-1252"
#: The well-formed sequences of several bytes in UTF-8: the first and last of each byte.
_SEQUENCES = (
    ((0xC2, 0xDF), (0x80, 0xBF)),
    ((0xE0, 0xE0), (0xA0, 0xBF), (0x80, 0xBF)),
    ((0xE1, 0xEC), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xED, 0xED), (0x80, 0x9F), (0x80, 0xBF)),
    ((0xEE, 0xEF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF0, 0xF0), (0x90, 0xBF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF1, 0xF3), (0x80, 0xBF), (0x80, 0xBF), (0x80, 0xBF)),
    ((0xF4, 0xF4), (0x80, 0x8F), (0x80, 0xBF), (0x80, 0xBF)),
)


@cache
def _pattern() -> str:
    """The regular expression of a whole text that is such, over the characters of those bytes."""
    sequences = "|".join(
        "".join(_characters(first, last) for first, last in sequence) for sequence in _SEQUENCES
    )
    return rf"^[\x00-\x7f]*(?:(?:{sequences})[\x00-\x7f]*)+$"


def is_mojibake(cells: pl.Expr) -> pl.Expr:
    """Whether cells, as Windows-1252, are bytes that make a shorter text in UTF-8."""
    return cells.str.contains(_pattern())


def repaired(value: str) -> str | None:
    """The text that `value` was, however often it was misread; None if that shows no text."""
    text = value
    while (before := _undone(text)) is not None:
        text = before
    return text if text != value and not any(map(_is_c1, text)) else None


def _characters(first: int, last: int) -> str:
    """The class of the characters that the bytes from `first` to `last` stand for."""
    shown = bytes(range(first, last + 1)).decode(_SINGLE_BYTE, "ignore")
    return "[" + "".join(rf"\x{{{ord(char):x}}}" for char in shown) + "]"


def _undone(text: str) -> str | None:
    """`text` before it was misread; None if it was not."""
    try:
        before = text.encode(_SINGLE_BYTE).decode()
    except UnicodeError:
        return None
    return before if len(before) < len(text) else None


def _is_c1(char: str) -> bool:
    return "\x80" <= char <= "\x9f"
