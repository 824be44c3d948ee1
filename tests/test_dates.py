"""Dates: what counts as one, when it was, and how the others are read."""

import itertools
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvimport.dates import (
    DATE,
    DATETIME,
    NON_ISO,
    Order,
    instant,
    is_date,
    is_datetime,
    is_non_iso,
    order,
    read_date,
    read_datetime,
)

Mask = Callable[[pl.Expr], pl.Expr]
ORDERS: tuple[Order | None, ...] = (None, "day-first", "month-first")


def held(mask: Mask, values: list[str]) -> list[bool]:
    """Whether `mask` holds for each value."""
    frame = pl.DataFrame({"cell": values}, schema={"cell": pl.String})
    return frame.select(mask(pl.col("cell"))).to_series().to_list()


def holds(mask: Mask, value: str) -> bool:
    return held(mask, [value])[0]


def is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


# --- What the import reads -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "real"),
    [
        ("2020-02-29", True),
        ("2021-02-29", False),
        ("1900-02-29", False),
        ("2000-02-29", True),
        ("2100-02-29", False),
        ("0004-02-29", True),
        ("0000-02-29", False),
        ("0100-02-29", False),
        ("0400-02-29", True),
        ("0001-01-01", True),
        ("9999-12-31", True),
        ("0000-00-00", False),
        ("0000-01-01", False),
        ("2020-00-01", False),
        ("2020-13-01", False),
        ("2020-01-00", False),
        ("2020-04-31", False),
        ("2020-1-2", False),
        ("20200102", False),
        ("10000-01-01", False),
        ("-2020-01-01", False),
        ("2020-01-02 ", False),
        (" 2020-01-02", False),
        ("2020-01-02\n", False),
        ("2020-01-02\0", False),
        ("2020\u201301\u201302", False),
        ("\uff12\uff10\uff12\uff10-01-02", False),
        ("\u0662\u0660\u0662\u0660-01-02", False),
        ("", False),
    ],
)
def test_date(text: str, real: bool) -> None:
    assert holds(is_date, text) is real
    assert holds(is_datetime, text) is real
    assert bool(re.fullmatch(DATE, text)) is real


@pytest.mark.parametrize(
    ("time", "real"),
    [
        ("T00:00:00", True),
        ("T23:59:59", True),
        ("T24:00:00", False),
        ("T23:60:00", False),
        ("T23:59:60", False),
        ("T10:00", False),
        ("T10", False),
        ("T", False),
        ("t10:00:00", False),
        (" 10:00:00", False),
        ("T1:00:00", False),
        ("T100000", False),
        ("T10:00:00.", False),
        ("T10:00:00.0", True),
        ("T10:00:00.123456789", True),
        ("T10:00:00,5", False),
        ("T10:00:00Z", True),
        ("T10:00:00.5Z", True),
        ("T10:00:00z", False),
        ("T10:00:00 Z", False),
        ("T10:00:00ZZ", False),
        ("T10:00:00+14:00", True),
        ("T10:00:00+14:01", False),
        ("T10:00:00+13:59", True),
        ("T10:00:00-13:59", True),
        ("T10:00:00-14:00", False),
        ("T10:00:00-00:00", True),
        ("T10:00:00+00:00", True),
        ("T10:00:00+05:30", True),
        ("T10:00:00+05:60", False),
        ("T10:00:00+0530", False),
        ("T10:00:00+05", False),
        ("T10:00:00.5-03:30", True),
        ("T10:00:00Z ", False),
        ("T10:00:00\n", False),
        ("Z", False),
        ("+01:00", False),
    ],
)
def test_datetime(time: str, real: bool) -> None:
    assert holds(is_datetime, "2020-01-02" + time) is real
    assert not holds(is_date, "2020-01-02" + time)
    assert not holds(is_datetime, "2020-02-30" + time)
    assert bool(re.fullmatch(DATETIME, "2020-01-02" + time)) is real


def test_every_day() -> None:
    years = [0, 1, 4, 100, 200, 400, 999, 1000, 1582, 1600, *range(1896, 2032), 2100, 2400, 9999]
    days = list(itertools.product(years, range(14), range(33)))
    texts = [f"{year:04}-{month:02}-{day:02}" for year, month, day in days]
    assert held(is_date, texts) == [is_day(*day) for day in days]


def test_every_year() -> None:
    years = range(10_000)
    assert held(is_date, [f"{year:04}-02-29" for year in years]) == [
        is_day(year, 2, 29) for year in years
    ]
    assert held(is_date, [f"{year:04}-12-31" for year in years]) == [year > 0 for year in years]


def test_every_time() -> None:
    times = list(itertools.product(range(26), range(0, 62, 3), (0, 1, 30, 58, 59, 60, 61, 99)))
    texts = [f"2020-01-02T{hour:02}:{minute:02}:{second:02}" for hour, minute, second in times]
    expected = [hour < 24 and minute < 60 and second < 60 for hour, minute, second in times]
    assert held(is_datetime, texts) == expected


def test_every_offset() -> None:
    offsets = list(itertools.product("+-", range(25), range(62)))
    texts = [f"2020-01-02T10:00:00{sign}{hour:02}:{minute:02}" for sign, hour, minute in offsets]
    expected = [
        minute < 60 and (hour < 14 or (sign, hour, minute) == ("+", 14, 0))
        for sign, hour, minute in offsets
    ]
    assert held(is_datetime, texts) == expected


SHAPE = (
    r"[0-9]{4}-[01][0-9]-[0-3][0-9]"
    r"(T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,9})?(Z|[+-][01][0-9]:[0-6][0-9])?)?"
)


def is_moment(text: str) -> bool:
    """What the standard library thinks of a text of this shape."""
    if len(text) == 10:
        return is_day(*(int(part) for part in text.split("-")))
    try:
        moment = datetime.fromisoformat(re.sub(r"(\.[0-9]{6})[0-9]+", r"\1", text))
    except ValueError:
        return False
    offset = moment.utcoffset() or timedelta()
    zone = re.search("[0-9]{2}$", text) if moment.tzinfo else None
    if zone and int(zone[0]) > 59:
        return False
    return timedelta(hours=-14) < offset <= timedelta(hours=14)


@given(st.lists(st.from_regex(SHAPE, fullmatch=True), min_size=1))
def test_moments(texts: list[str]) -> None:
    assert held(is_datetime, texts) == [is_moment(text) for text in texts]


@given(st.lists(st.text("0123456789-:.TZ+ "), min_size=1))
def test_both_engines_agree(texts: list[str]) -> None:
    for mask, pattern in ((is_date, DATE), (is_datetime, DATETIME), (is_non_iso, NON_ISO)):
        assert held(mask, texts) == [bool(re.fullmatch(pattern, text)) for text in texts]


# --- When it was ---------------------------------------------------------------------------------


def microseconds(values: list[str]) -> list[int | None]:
    frame = pl.DataFrame({"cell": values}, schema={"cell": pl.String})
    found = frame.select(instant(pl.col("cell"))).to_series()
    assert found.dtype == pl.Int64
    return found.to_list()


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01", 0),
        ("1970-01-01T00:00:00.000001", 1),
        ("1970-01-01T00:00:00.0000019Z", 1),
        ("1970-01-01T00:00:00.5", 500_000),
        ("1969-12-31T23:59:59.999999", -1),
        ("1970-01-01T00:00:00+00:01", -60_000_000),
        ("1970-01-01T00:00:00.25-00:01", 60_250_000),
        ("1970-01-01T14:00:00+14:00", 0),
        ("0001-01-01", -62_135_596_800_000_000),
        ("0001-01-01T00:00:00+14:00", -62_135_647_200_000_000),
        ("9999-12-31T23:59:59.999999999", 253_402_300_799_999_999),
        ("2020-02-30", None),
        ("1970-01-01 ", None),
        ("1970-01-01T00:00", None),
        ("1/1/1970", None),
        ("", None),
    ],
)
def test_instant(text: str, expected: int | None) -> None:
    assert microseconds([text]) == [expected]


ZONES = st.integers(-13 * 60 - 59, 14 * 60).map(lambda east: timezone(timedelta(minutes=east)))


@given(st.lists(st.datetimes(timezones=st.none() | ZONES), min_size=1))
def test_instants(moments: list[datetime]) -> None:
    texts = [moment.isoformat() for moment in moments]
    # The standard library cannot count from before its first year, but subtracts the offsets.
    expected = [
        (moment.replace(tzinfo=UTC) - EPOCH - (moment.utcoffset() or timedelta()))
        // timedelta(microseconds=1)
        for moment in moments
    ]
    assert microseconds(texts) == expected


# --- What people write ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "1/2/2020",
        "01/02/2020",
        "31/12/2020",
        "12/31/2020",
        "1/2/20",
        "1.2.2003",
        "1.2.03",
        "01-02-03",
        "13-1-2020",
        "31/2/2020",
        "2020/1/2",
        "2020/01/02",
        "2020.1.2",
        "2 January 2020",
        "2 Jan 2020",
        "2 jan. 2020",
        "2nd JANUARY 2020",
        "21st Sept 2020",
        "3rd sep, 2020",
        "January 2, 2020",
        "January 2 2020",
        "Jan. 2nd, 2020",
        "May 4, 2020",
        "2-Jan-2020",
        "02-JAN-2020",
        "2020-01-02 10:00",
        "2020-01-02 10:00:00",
        "2020-01-02 9:05",
        "2020-01-02 10:00:00.123",
        "2020-01-02 10:00:00Z",
        "2020-01-02 10:00:00 UTC",
        "2020-01-02 10:00:00+02:00",
        "2020-01-02 10:00:00 +0200",
        "2020-01-02 10:00:00.5+02",
        "1/2/2020 10:00",
        "1/2/2020 9:05:01",
        "1/2/2020 9:05 PM",
        "1/2/2020 12:00:00am",
        "1/2/2020, 9:05:01 PM",
        "1/2/2020, 9:05:01\u202fPM",
        "Jan 2, 2020 23:59",
        "2020/01/02 23:59:59",
    ],
)
def test_non_iso(text: str) -> None:
    assert holds(is_non_iso, text)
    assert re.fullmatch(NON_ISO, text)
    assert not holds(is_datetime, text)
    for around in (" {}", "{} ", "x{}", "{}0x", "{}\n"):
        assert not holds(is_non_iso, around.format(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2020-01-02",
        "2020-01-02T10:00:00",
        "2020-01-02T10:00",
        "20200102",
        "2020-1-2",
        "2020-02-30 10:00",
        "2020-01-02 24:00",
        "2020-01-02 10:60",
        "2020-01-02 10",
        "2020-13-01",
        "2020/13/01",
        "2020.01",
        "1.2.3",
        "1.2.300",
        "1.2.20031",
        "1.2.3.4",
        "192.168.1.20",
        "10.0.10.20",
        "12.50",
        "1,2,2020",
        "1/2",
        "1/2020",
        "1/2/20/20",
        "0/1/2020",
        "13/13/2020",
        "32/1/2020",
        "1/2-2020",
        "1.2/2020",
        "1 2 2020",
        "001/02/2020",
        "01.02.03.04.05",
        "Jan 2020",
        "Jan 2",
        "2 Jan",
        "2 Jan 20",
        "2-Jan-20",
        "32 Jan 2020",
        "2 Janu 2020",
        "2 Mai 2020",
        "2 \u017fep 2020",
        "Thursday",
        "Thu, 2 Jan 2020",
        "2/Jan/2020",
        "1/2/2020 24:00",
        "1/2/2020 13:00 PM",
        "1/2/2020 0:30 AM",
        "1/2/2020 10",
        "1/2/2020T10:00:00",
        "\u0661/\u0662/\u0662\u0660\u0662\u0660",
        "\uff11/2/2020",
        "1/2/2020\0",
        "10:00",
        "1577836800",
    ],
)
def test_not_non_iso(text: str) -> None:
    assert not holds(is_non_iso, text)


SWAPPABLE: dict[Order, list[str]] = {
    "day-first": ["%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y"],
    "month-first": ["%m/%d/%Y", "%m.%d.%Y", "%m-%d-%Y"],
}
FIXED = [
    *("%Y/%m/%d", "%Y.%m.%d", "%d %B %Y", "%d %b %Y", "%d %b. %Y", "%dth %B, %Y"),
    *("%B %d, %Y", "%b %d, %Y", "%b. %d, %Y", "%B %d %Y", "%B %dst, %Y", "%d-%b-%Y", "%d-%B-%Y"),
]
TIMES = ["", " %H:%M", " %H:%M:%S", ", %H:%M:%S", " %I:%M %p", " %I:%M:%S%p", ", %I:%M:%S\u202f%p"]
DAYS = [
    datetime(year, 1, 1, hour, 5 * hour % 60) + timedelta(days=days)
    for year in (1904, 1999, 2000, 2020)
    for days in range(0, 366, 13)
    for hour in (0, 1, 11, 12, 13, 23)
]


def written(moment: datetime, form: str) -> str:
    """`moment` in `form`; years before 1000 are padded, which the C library may not do."""
    return moment.strftime(form.replace("%Y", f"{moment.year:04}"))


def iso(moment: datetime, form: str) -> str:
    return moment.replace(second=0).isoformat() if "%M" in form else moment.date().isoformat()


@pytest.mark.parametrize("time", TIMES)
def test_forms_that_have_one_order(time: str) -> None:
    for form in FIXED:
        texts = [written(moment, form + time) for moment in DAYS]
        assert all(held(is_non_iso, texts))
        for text, moment in list(zip(texts, DAYS, strict=True))[::11]:
            for settled in ORDERS:
                assert read_datetime(text, settled) == (iso(moment, time), None)
                assert read_date(text, settled) == (iso(moment, ""), None)


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("settled", SWAPPABLE)
def test_forms_that_have_two_orders(settled: Order, time: str) -> None:
    for form in SWAPPABLE[settled]:
        texts = [written(moment, form + time) for moment in DAYS]
        assert all(held(is_non_iso, texts))
        assert order(pl.Series(texts)) == settled
        assert all(
            held(is_non_iso, [written(moment, form.replace("%Y", "%y") + time) for moment in DAYS])
        )
        for text, moment in list(zip(texts, DAYS, strict=True))[::11]:
            swapped = moment.day <= 12 and moment.day != moment.month
            expected = (iso(moment, time), settled if swapped else None)
            assert read_datetime(text, settled) == expected
            assert read_datetime(text, None) == ((None, "ambiguous") if swapped else expected)


@pytest.mark.parametrize("year", [1, 12, 31, 32, 99, 100, 999, 1000, 9999])
def test_any_year_is_read_as_it_stands_or_not_at_all(year: int) -> None:
    for form in (*FIXED, *itertools.chain(*SWAPPABLE.values()), "%Y%m%d", "%Y-%m-%d"):
        for month, day in ((1, 1), (12, 12), (10, 31), (12, 30)):
            moment = datetime(year, month, day)
            value, _ = read_datetime(written(moment, form), None)
            assert value in (None, moment.date().isoformat())
            assert value or (year < 100 and "%Y/" not in form)


# --- The order of day and month ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], None),
        (["1/2/2020", "3/4/2020"], None),
        (["1/2/2020", "13/4/2020"], "day-first"),
        (["1/2/2020", "4/13/2020"], "month-first"),
        (["13/4/2020", "4/13/2020"], None),
        (["13.4.20", "1-2-2020"], "day-first"),
        (["4/13/2020 10:00 PM"], "month-first"),
        ([" 13/4/2020\u00a0"], "day-first"),
        (["12/12/2020"], None),
        (["2020/04/13", "2020-04-13", "13 April 2020", "20.1.2", "x", ""], None),
        (["13/13/2020", "13/4", "32/1/2020", "13/4/2020/1"], None),
    ],
)
def test_order(values: list[str], expected: Order | None) -> None:
    assert order(pl.Series(values, dtype=pl.String)) == expected


# --- Readings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "variant"),
    [
        ("2020-01-02", "2020-01-02", None),
        (" 2020-01-02\u00a0", "2020-01-02", None),
        ("2020-1-2", "2020-01-02", None),
        ("2020-01-2 ", "2020-01-02", None),
        ("20200102", "2020-01-02", None),
        ("20200230", None, None),
        ("20201301", None, None),
        ("2020-01-02 10:00", "2020-01-02T10:00:00", None),
        ("2020-01-02 9:05", "2020-01-02T09:05:00", None),
        ("2020-01-02T10:00", "2020-01-02T10:00:00", None),
        ("2020-01-02T10:00Z", "2020-01-02T10:00:00Z", None),
        ("2020-01-02t10:00:00z", "2020-01-02T10:00:00Z", None),
        ("2020-01-02 10:00:00 UTC", "2020-01-02T10:00:00Z", None),
        ("2020-01-02T10:00:00+0000", "2020-01-02T10:00:00+00:00", None),
        ("2020-01-02 10:00:00.123456789 +0530", "2020-01-02T10:00:00.123456789+05:30", None),
        ("2020-01-02 10:00:00-03", "2020-01-02T10:00:00-03:00", None),
        ("2020-01-02T10:00:00+15:00", None, None),
        ("2020-01-02T10:00:00 CET", None, None),
        ("2020-02-30", None, "not-real"),
        ("2020-13-01", None, "not-real"),
        ("0000-00-00", None, "not-real"),
        ("0000-00-00 00:00:00", None, "not-real"),
        ("2020-01-02T24:00:00", None, "not-real"),
        ("2020-01-02T10:00:60Z", None, "not-real"),
        ("2020-01-02 10:60", None, "not-real"),
        ("2020-2-30", None, None),
        ("1/2/2020", None, "ambiguous"),
        ("1/2/20", None, "ambiguous"),
        ("1/2/2020 10:00", None, "ambiguous"),
        ("5/5/2020", "2020-05-05", None),
        ("5/5/2020 1:00 AM", "2020-05-05T01:00:00", None),
        ("13/1/2020", "2020-01-13", None),
        ("1/13/2020", "2020-01-13", None),
        ("13/1/20", None, None),
        ("29/02/00", "2000-02-29", None),
        ("31/04/2020", None, None),
        ("1/2/0000", None, None),
        ("3rd Sept. 1999", "1999-09-03", None),
        ("April 31, 1999", None, None),
        ("Jan 2 2020, 12:05 am", "2020-01-02T00:05:00", None),
        ("Jan 2020", None, None),
        ("yesterday", None, None),
        ("1577836800", None, None),
        ("1.2.3", None, None),
        ("", None, None),
    ],
)
def test_readings(text: str, expected: str | None, variant: str | None) -> None:
    assert read_datetime(text, None) == (expected, variant)
    day, _, time = (expected or "").partition("T")
    # a time in a zone may be of another day here
    is_open = time[8:] and not time.startswith("00:00:00")
    assert read_date(text, None) == (None if is_open else day or None, variant)


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("1/2/2020", "day-first", ("2020-02-01", "day-first")),
        ("1/2/2020", "month-first", ("2020-01-02", "month-first")),
        ("1-2-2020 10:00", "day-first", ("2020-02-01T10:00:00", "day-first")),
        ("13/1/2020", "month-first", ("2020-01-13", None)),
        ("5.5.2020", "day-first", ("2020-05-05", None)),
        ("1/2/20", "day-first", (None, None)),
        ("2020/1/2", "day-first", ("2020-01-02", None)),
        ("2020.1.2", "day-first", ("2020-01-02", None)),
        ("20200102", "day-first", ("2020-01-02", None)),
        ("2020-1-2", "day-first", ("2020-01-02", None)),
    ],
)
def test_readings_where_the_order_is_known(
    text: str, order: Order, expected: tuple[str | None, str | None]
) -> None:
    assert read_datetime(text, order) == expected


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("13/1/70", None, ("1970-01-13", None)),
        ("1/13/70", None, ("1970-01-13", None)),
        ("1/2/70", None, (None, "ambiguous")),
        ("1/2/70", "day-first", ("1970-02-01", "day-first")),
        ("13/1/20", None, (None, None)),
        ("13/1/95", None, ("1995-01-13", None)),
        ("15/6/26", None, ("1926-06-15", None)),
        ("14/6/26", None, (None, None)),
        ("13/1/1870", None, ("1870-01-13", None)),
        ("13/1/70 10:00", None, ("1970-01-13", None)),
    ],
)
def test_century(text: str, order: Order | None, expected: tuple[str | None, str | None]) -> None:
    assert read_date(text, order, date(1896, 6, 14), date(2026, 6, 14)) == expected


@given(st.from_regex(f"{NON_ISO}|{SHAPE}|[0-9]{{8}}", fullmatch=True), st.sampled_from(ORDERS))
def test_readings_are_dates(text: str, settled: Order | None) -> None:
    day, _ = read_date(text, settled)
    moment, _ = read_datetime(text, settled)
    assert day is None or holds(is_date, day)
    assert moment is None or holds(is_datetime, moment)
    time = (moment or "").partition("T")[2]
    is_open = re.search("Z|[+-]", time) and not time.startswith("00:00:00")
    assert day == (None if is_open else moment and moment[:10])


@given(st.text() | st.text("0123456789/-.:TZAPM janfebr\0\u00a0"), st.sampled_from(ORDERS))
def test_any_text_has_a_reading(text: str, settled: Order | None) -> None:
    value, _ = read_datetime(text, settled)
    assert value is None or holds(is_datetime, value)


@pytest.mark.parametrize("character", ["1", "/", " ", "\0", "\u0661", "é", "-", "Jan "])
def test_long_texts_have_no_reading(character: str) -> None:
    assert read_datetime(character * 1000, None) == (None, None)
