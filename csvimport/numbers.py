"""What a number looks like: the form that the import reads, and those that people write.

The patterns are Rust's regular expressions, without anchors.
"""

import re

import polars as pl

from csvimport.patterns import one_of

NUMBER = r"(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?)"
LEADING_ZERO = "(?:0[0-9]+)"
#: With a comma where the spreadsheet's language has one.
SCIENTIFIC = r"(?:-?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{1,3})"


_INTEGER = "(?:0|[1-9][0-9]*)"
_LEAD = "[1-9][0-9]{0,2}"
_GROUP = "[0-9]{3}"
#: Three digits that are no part of an IP address.
_OVER_255 = "(?:25[6-9]|2[6-9][0-9]|[3-9][0-9]{2})"
_SPACES = (" ", "\u00a0", "\u202f", "'", "\u2019")

#: Groups behind dots: a single one looks like decimals, three small ones like an IP address.
_DOTTED = one_of(
    rf"{_LEAD}(?:\.{_GROUP})+,[0-9]+",
    rf"{_LEAD}(?:\.{_GROUP}){{2}}",
    rf"{_LEAD}(?:\.{_GROUP}){{4,}}",
    rf"{_OVER_255}(?:\.{_GROUP}){{3}}",
    rf"{_LEAD}\.{_OVER_255}(?:\.{_GROUP}){{2}}",
    rf"{_LEAD}\.{_GROUP}\.{_OVER_255}\.{_GROUP}",
    rf"{_LEAD}(?:\.{_GROUP}){{2}}\.{_OVER_255}",
)
_GROUPED = one_of(
    rf"{_LEAD}(?:,{_GROUP})+(?:\.[0-9]+)?",
    _DOTTED,
    *(f"{_LEAD}(?:{space}{_GROUP})+(?:[.,][0-9]+)?" for space in _SPACES),
    f"{_INTEGER},[0-9]+",
)
_AMOUNT = one_of(rf"{_INTEGER}(?:\.[0-9]+)?", _GROUPED)
_GAP = "[ \u00a0\u202f]?"
#: At most seven digits in all: longer ones are phone numbers.
_SIGNED = one_of(
    r"\+(?:0|[1-9][0-9]{0,6})",
    *(
        rf"\+(?:{'0|' if whole == 1 else ''}[1-9][0-9]{{{whole - 1}}})[.,][0-9]{{1,{7 - whole}}}"
        for whole in range(1, 7)
    ),
)

FORMATTED = one_of(
    f"-?{_GROUPED}",
    rf"(?:-\p{{Sc}}{_GAP}|\p{{Sc}}{_GAP}-?){_AMOUNT}",
    rf"-?{_AMOUNT}{_GAP}\p{{Sc}}",
    f"-?{_AMOUNT}{_GAP}%",
    f"{_SIGNED}(?:{_GAP}%)?",
)

#: A longer one is no number that anyone would read.
_OCTAL = "0[0-7]{1,300}"


def is_number(cells: pl.Expr) -> pl.Expr:
    """Whether cells are plain numbers."""
    return cells.str.contains(f"^{NUMBER}$")


def is_leading_zero(cells: pl.Expr) -> pl.Expr:
    """Whether cells are integers of two or more digits, the first a zero."""
    return cells.str.contains(f"^{LEADING_ZERO}$")


def is_formatted(cells: pl.Expr) -> pl.Expr:
    """Whether cells are numbers written for people."""
    return cells.str.contains(f"^{FORMATTED}$")


def is_scientific(cells: pl.Expr) -> pl.Expr:
    """Whether cells are what a spreadsheet makes of long numbers."""
    return cells.str.contains(f"^{SCIENTIFIC}$")


def octal(value: str) -> str | None:
    """What reading `value` as octal gives, in decimal digits; None where it can't be read so."""
    return str(int(value, 8)) if re.fullmatch(_OCTAL, value) else None


def plain(value: str) -> str | None:
    """The plain form of a formatted number, where only one reading is possible."""
    if "%" in value or not pl.select(is_formatted(pl.lit(value))).item():
        return None
    sign = "-" if "-" in value else ""
    amount = re.sub("[^0-9.,]", "", value)
    spaced = re.search("[0-9][ \u00a0\u202f'\u2019][0-9]", value)
    marks = re.findall("[.,]", amount)
    if len(marks) == 1 and not spaced and re.fullmatch(f"{_LEAD}[.,]{_GROUP}", amount):
        # `1,234` may be a thousand or a little more than one.
        return None
    if len(marks) > 1:
        thousands = marks[0]
        amount = amount.replace(thousands, "")
    text = sign + amount.replace(",", ".")
    return text if re.fullmatch(NUMBER, text) else None
