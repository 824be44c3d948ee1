"""Numbers: plain ones, and what people and spreadsheets make of them."""

import re
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvimport.dates import is_datetime, is_non_iso
from csvimport.numbers import (
    LEADING_ZERO,
    NUMBER,
    is_formatted,
    is_leading_zero,
    is_number,
    is_scientific,
    octal,
    plain,
)

Mask = Callable[[pl.Expr], pl.Expr]
MASKS: dict[str, Mask] = {
    "number": is_number,
    "leading-zero": is_leading_zero,
    "formatted": is_formatted,
    "scientific": is_scientific,
    "datetime": is_datetime,
    "non-iso": is_non_iso,
}


def kinds(value: str) -> list[str]:
    """The masks that hold for a value."""
    found = pl.select([mask(pl.lit(value)).alias(name) for name, mask in MASKS.items()])
    return [name for name in MASKS if found[name].item()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "number"),
        ("-0", "number"),
        ("7", "number"),
        ("-12", "number"),
        ("0.5", "number"),
        ("-0.50", "number"),
        ("1.234", "number"),
        ("1234567890123456789012345678901234567890", "number"),
        ("00", "leading-zero"),
        ("0130", "leading-zero"),
        ("089", "leading-zero"),
        ("1,234", "formatted"),
        ("-1,234", "formatted"),
        ("1,234,567", "formatted"),
        ("1,234.5", "formatted"),
        ("1.234.567", "formatted"),
        ("1.234,5", "formatted"),
        ("1.234.567,89", "formatted"),
        ("1 234", "formatted"),
        ("1\u00a0234\u00a0567", "formatted"),
        ("1\u202f234,50", "formatted"),
        ("1 234.50", "formatted"),
        ("1'234", "formatted"),
        ("1\u2019234.50", "formatted"),
        ("12,5", "formatted"),
        ("0,5", "formatted"),
        ("12345,678", "formatted"),
        ("$5", "formatted"),
        ("$5.00", "formatted"),
        ("-$5.00", "formatted"),
        ("$-5.00", "formatted"),
        ("$ 5", "formatted"),
        ("5 \u20ac", "formatted"),
        ("5\u20ac", "formatted"),
        ("\u00a35,000", "formatted"),
        ("1.234,50\u00a0\u20ac", "formatted"),
        ("\u20b91,234", "formatted"),
        ("5%", "formatted"),
        ("12,5 %", "formatted"),
        ("-3.2%", "formatted"),
        ("+5", "formatted"),
        ("+0", "formatted"),
        ("+1234567", "formatted"),
        ("+12345.67", "formatted"),
        ("+0,5", "formatted"),
        ("+5%", "formatted"),
        ("192.168.100.300", "formatted"),
        ("1.234.567.890", "formatted"),
        ("4.42E+11", "scientific"),
        ("4,42E+11", "scientific"),
        ("-1E+05", "scientific"),
        ("1e+20", "scientific"),
        ("", None),
        ("-", None),
        ("+", None),
        ("$", None),
        ("%", None),
        (".5", None),
        ("1.", None),
        ("-.5", None),
        ("--5", None),
        ("-$-5", None),
        ("007.5", None),
        ("-007", None),
        ("1e5", None),
        ("1E5", None),
        ("1E-05", None),
        ("12.5E+11", None),
        ("1,2,3", None),
        ("1,23", "formatted"),
        ("1,234,56", None),
        ("1,23,456", None),
        ("1234,567,890", None),
        ("0,123,456", None),
        ("1,234 567", None),
        ("1.234.56", None),
        ("1,234,567,8", None),
        ("1 23", None),
        ("1  234", None),
        ("1\t234", None),
        ("1''234", None),
        ("$5 %", None),
        ("$$5", None),
        ("$  5", None),
        ("$5\u20ac", None),
        ("$05", None),
        ("US$5", None),
        ("5 EUR", None),
        ("+-5", None),
        ("+05", None),
        ("+12345678", None),
        ("+123456.78", None),
        ("+441234567890", None),
        ("+1 234 567", None),
        ("+1,234", "formatted"),
        ("+1.555123", "formatted"),
        ("+1.5551234567", None),
        ("555-1234", None),
        ("555 123 4567", None),
        ("(555) 123-4567", None),
        ("020 123 456", None),
        ("01 23 45 67 89", None),
        ("192.168.100.200", None),
        ("10.100.100.100", None),
        ("1.2.3", None),
        ("5 ", None),
        (" 5", None),
        ("5\n", None),
        ("$5\n", None),
        ("\uff15", None),
        ("\uff11,234", None),
        ("\u0665", None),
        ("\u221212", None),
        ("5\0", None),
        ("NaN", None),
        ("0x1F", None),
        ("1_000", None),
        ("(5)", None),
        ("1/2", None),
    ],
)
def test_kinds(text: str, expected: str | None) -> None:
    assert kinds(text) == ([expected] if expected else [])


@given(st.lists(st.text("01234567890123456789.,'-+$\u20ac% \u202fE"), min_size=1))
def test_no_value_is_two_kinds(values: list[str]) -> None:
    frame = pl.DataFrame({"cell": values}, schema={"cell": pl.String})
    found = frame.select(mask(pl.col("cell")).alias(name) for name, mask in MASKS.items())
    assert all(sum(row) <= 1 for row in found.rows())


@given(st.lists(st.text("0123456789.-"), min_size=1))
def test_both_engines_agree(values: list[str]) -> None:
    frame = pl.DataFrame({"cell": values}, schema={"cell": pl.String})
    for mask, pattern in ((is_number, NUMBER), (is_leading_zero, LEADING_ZERO)):
        found = frame.select(mask(pl.col("cell"))).to_series().to_list()
        assert found == [bool(re.fullmatch(pattern, value)) for value in values]


@given(st.integers() | st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_plain_numbers_are_numbers(number: object) -> None:
    assert kinds(f"{number:f}" if not isinstance(number, int) else str(number)) == ["number"]


# --- Readings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0130", "88"),
        ("00", "0"),
        ("07", "7"),
        ("0777", "511"),
        ("08", None),
        ("0129", None),
        ("0", None),
        ("130", None),
        ("-010", None),
        ("0o10", None),
        ("0_1", None),
        ("\uff10\uff11", None),
        ("", None),
        ("0" * 100_000, None),
    ],
)
def test_octal(text: str, expected: str | None) -> None:
    assert octal(text) == expected


@given(st.integers(0, 8**40))
def test_octals(number: int) -> None:
    assert octal(f"0{number:o}") == str(number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,234", None),
        ("-1,234", None),
        ("999,999", None),
        ("$1,234", None),
        ("1.234 \u20ac", None),
        ("+1.234", None),
        ("5%", None),
        ("12,5 %", None),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("1,234,567.891", "1234567.891"),
        ("1.234,567", "1234.567"),
        ("12,5", "12.5"),
        ("-12,5", "-12.5"),
        ("0,123", "0.123"),
        ("1234,567", "1234.567"),
        ("12,3456", "12.3456"),
        ("1 234", "1234"),
        ("1\u202f234,567", "1234.567"),
        ("1'234.5", "1234.5"),
        ("1\u2019234", "1234"),
        ("$5.00", "5.00"),
        ("-$5.00", "-5.00"),
        ("$-5", "-5"),
        ("$0.123", "0.123"),
        ("5,00 \u20ac", "5.00"),
        ("\u00a31,234.00", "1234.00"),
        ("+5", "5"),
        ("+0,5", "0.5"),
        ("+12.25", "12.25"),
        ("5", None),
        ("1,2,3", None),
        ("abc", None),
        ("", None),
        (" $5", None),
        ("1" * 1000 + ",5", "1" * 1000 + ".5"),
    ],
)
def test_plain(text: str, expected: str | None) -> None:
    assert plain(text) == expected


@given(st.text("0123456789.,' $\u20ac+-%") | st.text())
def test_plain_forms_are_numbers(text: str) -> None:
    value = plain(text)
    assert value is None or kinds(value) == ["number"]


@given(st.integers(-(10**15), 10**15), st.integers(0, 4), st.sampled_from("., '\u00a0\u202f"))
def test_grouped_numbers_are_read(number: int, places: int, separator: str) -> None:
    point = "." if separator == "," else ","
    text = f"{number:,}".replace(",", separator)
    decimals = "12345"[:places]
    if decimals:
        text += point + decimals
    expected = f"{number}.{decimals}" if decimals else str(number)
    if kinds(text) == ["formatted"]:
        assert plain(text) in (None, expected)
        if places and abs(number) >= 1000:
            assert plain(text) == expected
