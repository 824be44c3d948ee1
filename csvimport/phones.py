"""Phone numbers: which are E.164, which belong to a numbering plan, and which one a text means."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache

import polars as pl

_E164 = r"^\+[1-9][0-9]{1,14}$"
_LONGEST = 15
_LONGEST_WRITTEN = 60
#: What people put between digits, and platforms strip.
_GAP = r"[ ().\-]*"
_PHONE = rf"^{_GAP}(?:\+{_GAP}[1-9]{_GAP}(?:[0-9]{_GAP}){{1,14}}|(?:[0-9]{_GAP}){{10}})$"

#: A number as it is written, and a spreadsheet's decimals after it.
_WRITTEN = re.compile(r"[ (]*(?:\+[ (]*)?[0-9][0-9 ().\-/]*")
_DECIMALS = re.compile(r"([0-9]{5,})\.0+")
_PUNCTUATION = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\uff0d"), "-"),
    **dict.fromkeys(map(ord, "\t\u00a0\u2002\u2003\u2007\u2008\u2009\u202f\u2060\u3000"), " "),
    **dict.fromkeys(map(ord, "\u00b7\u2022\u2219"), "."),
    ord("\uff0b"): "+",
    ord("\uff08"): "(",
    ord("\uff09"): ")",
    ord("\uff0f"): "/",
    # marks of direction, which copying from a contact list leaves behind
    **dict.fromkeys([*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0xFEFF], None),
}


def is_e164(cells: pl.Expr) -> pl.Expr:
    """Whether cells are `+` and 2 to 15 digits, the first not 0."""
    return cells.str.contains(_E164)


def is_valid(cells: pl.Expr) -> pl.Expr:
    """Whether cells are E.164 and a number of some numbering plan."""
    return cells.map_batches(_Plans().hold, return_dtype=pl.Boolean())


@dataclass
class _Plans:
    """The numbering plans of the country codes met so far: few files have numbers of all.

    Compiling one takes milliseconds, all of them half a second. Where the first cells are not
    typical of the rest, all are compiled, so that it is done twice at most.
    """

    codes: frozenset[int] = frozenset()

    def hold(self, cells: pl.Series) -> pl.Series:
        """Whether `cells` are numbers of these plans, and of those of the codes in `cells`."""
        codes = self.codes  # other threads may ask at the same time
        held = cells.str.contains(valid_pattern(codes))
        if new := _codes_in(cells.filter(~held)) - codes:
            codes = self.codes = _all_codes() if codes else new
            held = cells.str.contains(valid_pattern(codes))
        return held


def _codes_in(cells: pl.Series) -> frozenset[int]:
    """The country codes with which `cells` begin."""
    codes = "|".join(map(str, _all_codes()))  # of which none is the beginning of another
    signed = cells.filter(cells.str.starts_with("+"))
    found = signed.str.extract(rf"^\+({codes})").drop_nulls().unique()
    return frozenset(map(int, found))


def is_dialable(cells: pl.Expr) -> pl.Expr:
    """Whether cells, without spaces and punctuation, are E.164 or the ten digits of a US number."""
    return cells.str.contains(_PHONE)


def pattern_of(cells: pl.Series) -> str:
    """The regular expression, without anchors, of valid numbers with the codes in `cells`."""
    return valid_pattern(_codes_in(cells)).removeprefix("^").removesuffix("$")


@cache
def valid_pattern(codes: frozenset[int]) -> str:
    """The regular expression of the numbers with these country codes that are valid."""
    from csvimport.numbering import pattern

    return pattern(codes)


@cache
def _all_codes() -> frozenset[int]:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return frozenset(COUNTRY_CODE_TO_REGION_CODE)


def unguarded(value: str) -> str:
    """`value` without the apostrophe that an export puts before what looks like a formula."""
    return value[1:] if value[:1] == "'" and value[1:2] in ("=", "+", "-", "@") else value


@cache
def plus_one_regions() -> frozenset[str]:
    """The regions, as ISO 3166-1 alpha-2, whose country code is 1."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return frozenset(COUNTRY_CODE_TO_REGION_CODE[1])


def e164(value: str, region: str | None) -> str | None:
    """The one valid E.164 number that `value` must mean where it is not that already.

    What carries neither `+` nor `00` is taken for a number of the plan that `region`, an
    ISO 3166-1 alpha-2 code, uses.
    """
    text = unguarded(value.translate(_PUNCTUATION).strip()).strip()
    if len(text) > _LONGEST_WRITTEN:
        return None
    text = _ascii_digits(text)
    if decimals := _DECIMALS.fullmatch(text):
        text = decimals[1]
    if not _WRITTEN.fullmatch(text) or _is_several(text, region):
        return None
    # from abroad `(0)` is left out, unless a plan has it as part of the number
    readings = {_bare(each) for each in (text, text.replace("(0)", "", 1))}
    found = {_meant(each, region) for each in readings} - {None}
    number = found.pop() if len(found) == 1 else None
    return number if number != value else None


def _ascii_digits(text: str) -> str:
    """`text` with the digits of any script as ASCII."""
    return "".join(str(unicodedata.decimal(each, each)) for each in text)


def _bare(text: str) -> str:
    """`text` without what stands between its digits."""
    return re.sub("[^+0-9]", "", text)


def _is_several(text: str, region: str | None) -> bool:
    """Whether `text` may be a number and another, or a number and its extension."""
    head, slash, tail = text.partition("/")
    if slash and ("/" in tail or len(_bare(head)) >= len(_bare(tail))):
        return True
    return any(
        _meant(_bare(text[: gap.start()]), region) and _meant(_bare(text[gap.end() :]), region)
        for gap in re.finditer("[ /]+", text)
    )


@lru_cache(maxsize=1024)  # area codes, which are asked as if they were numbers, come again
def _meant(digits: str, region: str | None) -> str | None:
    """The valid number that `+` and digits, or digits alone, stand for."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, country_code_for_region

    if digits.startswith("+"):
        return _valid(digits, None)
    code = country_code_for_region(region) if region else 0
    found = {_valid("+" + digits[2:], None)} if digits.startswith("00") else set()
    if code in COUNTRY_CODE_TO_REGION_CODE:
        # as it is dialled there, without the prefix for that, and without the `+`
        readings = {_valid(digits, region), _valid(f"+{code}{digits}", None)}
        if digits.startswith(str(code)):
            readings.add(_valid("+" + digits, None))
        found |= {each for each in readings if each and each.startswith(f"+{code}")}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _valid(digits: str, region: str | None) -> str | None:
    """The E.164 form of a number, if that is one of the plan of `region`, or of some plan."""
    from phonenumbers import (
        NumberParseException,
        PhoneNumberFormat,
        country_code_for_region,
        format_number,
        is_valid_number,
        parse,
    )

    try:
        number = parse(digits, region)
        if region and number.country_code != country_code_for_region(region):
            return None  # dialled as from there
        if not is_valid_number(number):
            return None
        text = format_number(number, PhoneNumberFormat.E164)
        # a plan may take the start of a number for a prefix, once it is written like this
        is_stable = parse(text, None) == number
    except NumberParseException:
        return None
    return text if is_stable and len(text) <= _LONGEST + 1 else None
