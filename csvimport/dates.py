"""What a date looks like: the forms that the import reads, and those that people write.

The patterns are regular expressions of both Rust and Python, without anchors.
"""

import re
from datetime import date, datetime
from typing import Literal, NamedTuple

import polars as pl

from csvimport.dialect import WHITE_SPACE
from csvimport.patterns import any_case, one_of

Order = Literal["day-first", "month-first"]


class Reading(NamedTuple):
    """The ISO form of a value, None where there is no single one; `variant` says more.

    "day-first", "month-first": day and month could be swapped, the column's order settles it;
    "ambiguous": they could, and nothing does; "not-real": there is no such day or time.
    """

    value: str | None
    variant: Literal["day-first", "month-first", "ambiguous", "not-real"] | None


# --- What the import reads -----------------------------------------------------------------------

_YEAR = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)"
_FOURTHS = "(?:0[48]|[2468][048]|[13579][26])"
_LEAP_YEAR = f"(?:[0-9]{{2}}{_FOURTHS}|{_FOURTHS}00)"
DAY_OF_YEAR = one_of(
    "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])",
    "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)",
    "02-(?:0[1-9]|1[0-9]|2[0-8])",
)
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|\+14:00)"

DATE = f"(?:{_YEAR}-{DAY_OF_YEAR}|{_LEAP_YEAR}-02-29)"
TIME_OF_DAY = f"(?:T{_TIME}{_ZONE}?)"
DATETIME = f"(?:{DATE}{TIME_OF_DAY}?)"

# --- What people write ---------------------------------------------------------------------------

_D = "(?:0?[1-9]|[12][0-9]|3[01])"
_M = "(?:0?[1-9]|1[0-2])"
_Y = "[0-9]{4}"
_ORDINAL = f"{_D}{one_of(*map(any_case, ('st', 'nd', 'rd', 'th')))}?"
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
SHORT_MONTHS = tuple(month[:3] for month in _MONTHS)
_SHORT = (*SHORT_MONTHS, "sept")
_MONTH = one_of(*map(any_case, _MONTHS), *(rf"{any_case(short)}\.?" for short in _SHORT))
_MINUTES = ":[0-5][0-9](?::[0-5][0-9])?"
#: Some programs put a no-break space before AM and PM.
_HALF = r"[ \u00a0\u202f]?[AaPp][Mm]"
_CLOCK = one_of(f"(?:[01]?[0-9]|2[0-3]){_MINUTES}", f"(?:0?[1-9]|1[0-2]){_MINUTES}{_HALF}")
_BEHIND = f"(?:,? {_CLOCK})?"
_LOOSE_ZONE = r"(?:Z|UTC|[+-](?:0[0-9]|1[0-3])(?::?[0-5][0-9])?|\+14(?::?00)?)"

#: A year of two digits in front, which no day can be.
_YEAR_FIRST = r"^(?:3[2-9]|[4-9][0-9])[-./][0-9]{1,2}[-./][0-9]{1,2}$"

#: Day and month may stand in either order.
_SWAPPABLE = one_of(
    *(
        f"(?:{_D}{separator}{_M}|{_M}{separator}{_D}){separator}(?:{_Y}|[0-9]{{2}})"
        for separator in ("/", r"\.", "-")
    )
)
_IN_ORDER = one_of(
    f"{_Y}/{_M}/{_D}",
    rf"{_Y}\.{_M}\.{_D}",
    f"{_ORDINAL} {_MONTH},? {_Y}",
    f"{_MONTH} {_ORDINAL},? {_Y}",
    f"{_D}-{_MONTH}-{_Y}",
)
_SPACED = (
    f"{DATE} (?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]+)?)?(?: ?{_LOOSE_ZONE})?"
)

NON_ISO = f"(?:(?:{_SWAPPABLE}|{_IN_ORDER}){_BEHIND}|{_SPACED})"

# --- What is only read for a suggestion ----------------------------------------------------------

_COMPACT = "[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_ISO_LIKE = (
    "([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"(?:[Tt ]([0-9]{1,2}):([0-9]{2})(:[0-9]{2}(?:\.[0-9]+)?)?"
    "(?: ?(?:([Zz]|UTC)|([+-][0-9]{2})(?::?([0-9]{2}))?))?)?"
)
_NUMBERS = "([0-9]+)[/.-]([0-9]+)[/.-]([0-9]+)"

#: A part that a value lacks would come from the default: two of them betray it.
_DEFAULTS = (datetime(2000, 1, 1), datetime(2003, 2, 2))
#: In microseconds.
_MINUTE = 60_000_000


def is_date(cells: pl.Expr) -> pl.Expr:
    """Whether cells are `YYYY-MM-DD` of a real day."""
    return cells.str.contains(f"^{DATE}$")


def is_datetime(cells: pl.Expr) -> pl.Expr:
    """Whether cells are a date, or one with a time, both real, in the ISO form."""
    return cells.str.contains(f"^{DATETIME}$")


def is_non_iso(cells: pl.Expr) -> pl.Expr:
    """Whether cells are dates in one of the forms that the import takes for text."""
    return cells.str.contains(f"^{NON_ISO}$")


def instant(cells: pl.Expr) -> pl.Expr:
    """Microseconds since 1970 in UTC; null where cells are no date.

    A missing zone is UTC, a missing time midnight; digits beyond the microsecond are cut off.
    """
    cells = pl.when(is_datetime(cells)).then(cells)
    # What a date lacks of a time, and what follows a time that is there.
    start = (cells + "T00:00:00").str.head(19)
    start = start.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False, cache=False)
    fraction = cells.str.extract(r"\.([0-9]{1,6})").str.pad_end(6, "0")
    # Without a colon, the last parts of a date are no offset.
    offset = cells.str.extract("([+-][0-9]{2}:[0-9]{2})$")
    hours, minutes = (offset.str.slice(at, 2).cast(pl.Int64) for at in (1, 4))
    distance = (hours * 60 + minutes) * _MINUTE
    east = pl.when(offset.str.starts_with("-")).then(-distance).otherwise(distance)
    return start.cast(pl.Int64) + fraction.cast(pl.Int64).fill_null(0) - east.fill_null(0)


def order(cells: pl.Series) -> Order | None:
    """In which order a column writes day and month, where its values settle it beyond doubt."""
    cells = cells.str.strip_chars()
    year_first = cells.str.contains(_YEAR_FIRST).any()
    cells = cells.filter(cells.str.contains(f"^{_SWAPPABLE}{_BEHIND}$"))
    numbers = cells.str.extract_groups(f"^{_NUMBERS}").struct.unnest().cast(pl.Int64)
    first, second, _ = (bool((column > 12).any()) for column in numbers)
    if first == second or year_first:
        return None
    return "day-first" if first else "month-first"


def read_date(
    value: str, order: Order | None, earliest: date | None = None, latest: date | None = None
) -> Reading:
    """The one day that `value` names; a time is dropped, unless its zone leaves the day open.

    A year of two digits is of the century that puts the day between `earliest` and `latest`.
    """
    reading = _read(value, order, earliest, latest)
    day, _, time = (reading.value or "").partition("T")
    # in another zone a time may be of the day before or behind
    if re.search("Z|[+-]", time) and not time.startswith("00:00:00"):
        return Reading(None, None)
    return reading._replace(value=day or None)


def read_datetime(value: str, order: Order | None) -> Reading:
    """The one day, or day and time, that `value` names."""
    return _read(value, order, None, None)


def _read(value: str, order: Order | None, earliest: date | None, latest: date | None) -> Reading:
    text = value.strip(WHITE_SPACE)
    if iso := re.fullmatch(_ISO_LIKE, text):
        return _read_iso(iso)
    if re.fullmatch(_SWAPPABLE + _BEHIND, text):
        return _read_swappable(text, order, earliest, latest)
    if re.fullmatch(f"{_IN_ORDER}{_BEHIND}|{_COMPACT}", text):
        return Reading(_parsed(text, "month-first"), None)
    return Reading(None, None)


def _read_iso(found: re.Match[str]) -> Reading:
    """The reading of what only lacks zeros, capitals, seconds, a `T` or the zone's colon."""
    year, month, day, hour, minute, seconds, utc, east, minutes = found.groups()
    # A one-digit month or day has no shape that claims to be ISO's.
    wrong = Reading(None, "not-real" if len(month) == len(day) == 2 else None)
    text = f"{year}-{month:0>2}-{day:0>2}"
    if not re.fullmatch(DATE, text):
        return wrong
    if hour is None:
        return Reading(text, None)
    time = f"{hour:0>2}:{minute}{seconds or ':00'}"
    if not re.fullmatch(_TIME, time):
        return wrong
    zone = "Z" if utc else f"{east}:{minutes or '00'}" if east else ""
    text = f"{text}T{time}{zone}"
    return Reading(text if re.fullmatch(DATETIME, text) else None, None)


def _read_swappable(
    text: str, order: Order | None, earliest: date | None, latest: date | None
) -> Reading:
    found = re.match(_NUMBERS, text)
    assert found is not None
    if len(found[3]) == 2 and _is_year_first(found):
        return Reading(None, "ambiguous")
    years = [found[3]] if len(found[3]) == 4 else ["19" + found[3], "20" + found[3]]
    texts = [text[: found.start(3)] + year + text[found.end(3) :] for year in years]
    by_day, by_month = (
        [value for text in texts if (value := _parsed(text, way))]
        for way in ("day-first", "month-first")
    )
    swapped = by_day != by_month
    if swapped and order is None:
        return Reading(None, "ambiguous")
    values = by_month if order == "month-first" else by_day
    if len(years) > 1:
        values = [value for value in values if _is_between(value, earliest, latest)]
    if len(values) != 1:
        return Reading(None, None)
    return Reading(values[0], order if swapped else None)


def _is_year_first(numbers: re.Match[str]) -> bool:
    """Whether three short numbers are as well a year, a month and a day."""
    texts = ("{}{}-{}-{}".format(century, *numbers.groups()) for century in ("19", "20"))
    return any(re.fullmatch(DATE, text) for text in texts)


def _is_between(value: str, earliest: date | None, latest: date | None) -> bool:
    day = date.fromisoformat(value[:10])
    return (earliest is None or earliest <= day) and (latest is None or day <= latest)


def _parsed(text: str, order: str) -> str | None:
    """What dateutil makes of a complete date with a four-digit year; None if it is not real."""
    from dateutil import parser

    try:
        found = {
            parser.parse(text, dayfirst=order == "day-first", default=default)
            for default in _DEFAULTS
        }
    except (ValueError, OverflowError):
        return None
    moment = found.pop()
    # Behind a month's name, dateutil takes the year 0031 for 2031.
    if found or f"{moment.year:04}" not in text:
        return None
    return moment.isoformat() if ":" in text else moment.date().isoformat()
