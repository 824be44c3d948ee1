"""Text from elsewhere as it may be shown on a terminal."""

import re
import unicodedata

#: What a terminal obeys, what nobody sees, and what ends a line or turns the direction of reading.
_HIDDEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
#: What the logs of continuous integration take for a command: at the start of a line, and anywhere.
_COMMAND = re.compile(r"\A(\s*):(?=:)")
_OLD_COMMAND = re.compile(r"#(?=#(?:vso)?\[)")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def printable(text: str) -> str:
    """`text` without anything that moves a cursor, turns the direction of reading or commands."""
    text = text.replace("\r\n", "↵").replace("\n", "↵").replace("\t", " ")
    text = _OLD_COMMAND.sub(r"\\x23", _COMMAND.sub(r"\1\\x3a", text))
    return text if text.isprintable() else "".join(map(_visible, text))


def in_xml(text: str) -> str:
    """`text` as it stands in XML, in attributes, too."""
    return text.translate(_ESCAPES)


def _visible(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte of a file name that is not UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    category = unicodedata.category(char)
    if category == "Cc":
        return f"\\x{ord(char):02x}"
    is_none = 0xFDD0 <= ord(char) <= 0xFDEF or ord(char) & 0xFFFE == 0xFFFE
    if category in _HIDDEN or is_none:  # that is, no character at all, nor ever to be one
        return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
    return char
