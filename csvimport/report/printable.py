"""Text from elsewhere as it may be shown on a terminal."""

import re
import unicodedata

_MARKERS = re.compile(r"[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def printable(text: str) -> str:
    """`text` without anything that moves a cursor or turns the direction of reading."""
    text = text.replace("\r\n", "↵").replace("\n", "↵").replace("\t", " ")
    return "".join(map(_visible, text))


def _visible(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte of a file name that is not UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    category = unicodedata.category(char)
    if category == "Cc":
        return f"\\x{ord(char):02x}"
    return f"\\u{ord(char):04x}" if category == "Cs" or _MARKERS.match(char) else char
