"""Phone numbers: the mask against the library that it is made from, and what is suggested."""

import random
from concurrent.futures import ThreadPoolExecutor
from functools import cache

import phonenumbers
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from csvimport.phones import (
    _Plans,
    e164,
    is_dialable,
    is_e164,
    is_valid,
    plus_one_regions,
    valid_pattern,
)

PHONES = [
    "+442071838750",
    "+44 20 7183 8750",
    "+44 (20) 7183-8750",
    "+1.415.555.2671",
    "(+1) 415 555 2671",
    " +442071838750 ",
    "+12",
    "+123456789012345",
    "4155552671",
    "(415) 555-2671",
    "415.555.2671",
]
NO_PHONES = [
    "ask Tom",
    "+",
    "+1",
    "+1234567890123456",
    "+0442071838750",
    "+0",
    "00442071838750",
    "442071838750",
    "415555267",
    "41555526711",
    "+44/2071838750",
    "+44207183875O",
    "++442071838750",
    "44+2071838750",
    "+44,2071838750",
    "+４４２０７１８３８７５０",
    "٤١٥٥٥٥٢٦٧١",
    "4.42E+11",
    "()",
    "-",
]


#: What a value means, with the region that it is read in.
MEANT: list[tuple[str, str | None, str]] = [
    # it carries its country code
    ("'+442071838750", None, "+442071838750"),
    (" +442071838750 ", None, "+442071838750"),
    ("+44 (0)20 7183-8750", None, "+442071838750"),
    ("(+44) 20.7183.8750", "US", "+442071838750"),
    ("00442071838750", None, "+442071838750"),
    ("0044 20 7183 8750", "US", "+442071838750"),
    ("001 415 555 2671", "DE", "+14155552671"),
    ("+44\u00a020\u20117183\u20118750", None, "+442071838750"),
    ("\u202a+442071838750\u202c", None, "+442071838750"),
    ("+４４２０７１８３８７５０", None, "+442071838750"),
    ("+39 06 698 12345", None, "+390669812345"),
    ("+39 (0)6 698 12345", None, "+390669812345"),
    ("+39 (0)347 1234567", None, "+393471234567"),
    ("+49 30/12345678", None, "+493012345678"),
    # it does not
    ("020 7183 8750", "GB", "+442071838750"),
    ("2071838750", "GB", "+442071838750"),
    ("442071838750", "GB", "+442071838750"),
    ("442071838750.0", "GB", "+442071838750"),
    ("07797 712345", "GB", "+447797712345"),
    ("٠٢٠٧١٨٣٨٧٥٠", "GB", "+442071838750"),
    ("030/12345678", "DE", "+493012345678"),
    ("(415) 555-2671", "US", "+14155552671"),
    ("4155552671", "CA", "+14155552671"),
    ("1-415-555-2671", "US", "+14155552671"),
    ("460 1234", "AG", "+12684601234"),
    ("312 345 6789", "IT", "+393123456789"),
    ("8 (912) 345-67-89", "RU", "+79123456789"),
    ("011 15 1234-5678", "AR", "+5491112345678"),
    ("0 15 11 98765-4321", "BR", "+5511987654321"),
]
MEANINGLESS: list[tuple[str, str | None]] = [
    ("+442071838750", None),
    ("+442071838750", "GB"),
    ("2071838750", None),
    ("442071838750", None),
    ("2071838750", "XX"),
    ("2071838750", "gb"),
    ("2071838750", ""),
    ("2071838750", "001"),
    ("4155552671", None),
    # not valid, or not there
    ("+44 2071838", None),
    ("+0044 2071838750", "GB"),
    ("+2071838750", "GB"),
    ("00 123", "GB"),
    ("020 7183 875", "GB"),
    ("011 44 20 7183 8750", "US"),
    # extensions, letters, several numbers
    ("+44 20 7183 8750 ext 3", "GB"),
    ("+44 20 7183 8750 x3", "GB"),
    ("+44 20 7183 8750 #3", "GB"),
    ("+44 20 7183 8750;ext=3", "GB"),
    ("tel:+442071838750", "GB"),
    ("1-800-FLOWERS", "US"),
    ("+44 20 7183 8750 / 8751", "GB"),
    ("+442071838750 +442071838751", "GB"),
    ("+442071838750,+442071838751", "GB"),
    ("+442071838750\n+442071838751", "GB"),
    ("030 123456 030 123457", "DE"),
    ("01/02/2024", "DE"),
    # no number
    ("", "GB"),
    ("+", "GB"),
    ("+0", "GB"),
    ("ask Tom", "GB"),
    ("4.42E+11", "GB"),
    ("-2071838750", "GB"),
    ("'-2071838750", "GB"),
    ("²071838750", "GB"),
    ("\x00", "GB"),
    ("1" * 1000, "DE"),
    (" " * 1000, "DE"),
    ("+" + "1 " * 500, "DE"),
]

TYPES = [*range(11)]
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
DIGITS = "0123456789"
#: What is dialled before numbers somewhere, and carriers' codes.
PREFIXES = "0 00 1 8 06 15 015 0015 9 08 11 90 1831 180020 003768 17911 1001 10010 1900".split()  # noqa: SIM905


@cache
def examples() -> list[str]:
    """A number of each type of each region, and of each plan that has none."""
    found = [phonenumbers.example_number_for_type(name, kind) for name in REGIONS for kind in TYPES]
    found += map(
        phonenumbers.example_number_for_non_geo_entity,
        phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS,
    )
    form = phonenumbers.PhoneNumberFormat.E164
    return sorted({phonenumbers.format_number(each, form) for each in found if each})


def verdict(value: str) -> bool:
    """The library's, of `+` and digits."""
    if not 3 <= len(value) <= 16 or value[1] == "0":
        return False
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(value, None))
    except phonenumbers.NumberParseException:
        return False


def column(values: list[str]) -> pl.DataFrame:
    return pl.DataFrame({"cell": values}, schema={"cell": pl.String})


def differing(values: list[str]) -> list[str]:
    """Those on which the mask and the library do not agree."""
    found = column(values).select(is_valid(pl.col("cell"))).to_series()
    return [value for value, mask in zip(values, found, strict=True) if mask != verdict(value)]


def nearly(value: str, chance: random.Random) -> str:
    """`value` with a digit changed, dropped or added, or its last ones changed."""
    at = chance.randrange(1, len(value))
    digit = chance.choice(DIGITS)
    return chance.choice(
        [
            value[:at] + digit + value[at + 1 :],
            value[:at] + value[at + 1 :],
            value[:at] + digit + value[at:],
            value[:at] + "".join(chance.choices(DIGITS, k=len(value) - at)),
        ]
    )


def test_every_example_is_valid() -> None:
    values = examples()
    assert len(values) > 900
    assert column(values).select(is_valid(pl.col("cell")).all()).item()
    assert differing(values) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
@example(0)
def test_the_mask_is_the_library(seed: int) -> None:
    chance = random.Random(seed)
    values = [nearly(chance.choice(examples()), chance) for _ in range(100)]
    values += [nearly(value, chance) for value in values[:50]]
    assert differing(values) == []


def test_the_mask_is_the_library_on_many_numbers() -> None:
    chance = random.Random(1)
    near = [nearly(value, chance) for value in examples() for _ in range(15)]
    nearer = [nearly(value, chance) for value in near]
    codes = {value: phonenumbers.parse(value).country_code for value in examples()}
    prefixed = [
        f"+{code}{prefix}{value[len(str(code)) + 1 :]}"
        for value, code in codes.items()
        for prefix in PREFIXES
    ]
    nearly_prefixed = [nearly(value, chance) for value in prefixed]
    anything = [
        f"+{code}{''.join(chance.choices(DIGITS, k=chance.randrange(15)))}"
        for code in [*range(1, 1000), *codes.values()]
        for _ in range(5)
    ]
    values = near + nearer + prefixed + nearly_prefixed + anything
    assert len(values) > 50_000
    assert differing(values) == []


@pytest.mark.parametrize("name", ["AR", "AU", "BR", "CN", "JP", "MG", "SM", "NF", "GA", "KZ", "CC"])
def test_prefixes_that_become_something_else(name: str) -> None:
    """Digits after `+` and the country code, where a plan rewrites what comes first."""
    chance = random.Random(name)
    code = phonenumbers.country_code_for_region(name)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(name)
    assert metadata is not None
    assert metadata.general_desc is not None
    lengths = metadata.general_desc.possible_length
    values = [
        f"+{code}{chance.choice(['', *PREFIXES])}{''.join(chance.choices(DIGITS, k=length))}"
        for length in range(min(lengths) - 2, max(lengths) + 2)
        for _ in range(200)
    ]
    assert differing(values) == []


@settings(deadline=None)
@given(st.text(max_size=18) | st.from_regex(r"\+?[0-9]{0,17}\n?", fullmatch=True))
@example("+442071838750\n")
@example("+４４２０７１８３８７５０")
@example("\x00")
@example("+44" * 400)
def test_what_is_valid_is_e164(value: str) -> None:
    cell = pl.lit(value)
    valid, written = pl.select(valid=is_valid(cell), written=is_e164(cell)).row(0)
    assert written or not valid
    assert written == (
        2 < len(value) < 17
        and value[0] == "+"
        and set(value[1:]) <= set(DIGITS)
        and value[1] != "0"
    )


def test_the_pattern_stays_small() -> None:
    """Well beyond this size the regex engine falls back to its slow ways."""
    pattern = valid_pattern(frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE))
    assert len(pattern) < 90_000
    assert set(pattern) <= set(r"0123456789^$\+(?:|)[]-{},")


def test_dialable() -> None:
    values = PHONES + NO_PHONES
    found = column(values).select(is_dialable(pl.col("cell"))).to_series().to_list()
    assert found == [True] * len(PHONES) + [False] * len(NO_PHONES)


@pytest.mark.parametrize(("value", "region", "number"), MEANT, ids=ascii)
def test_the_number_that_is_meant(value: str, region: str | None, number: str) -> None:
    assert e164(value, region) == number


@pytest.mark.parametrize(("value", "region"), MEANINGLESS, ids=lambda each: ascii(each)[:40])
def test_no_number_is_meant(value: str, region: str | None) -> None:
    assert e164(value, region) is None


def test_every_example_as_it_is_written_there() -> None:
    """Either that number or none, where another is as good; mostly that number."""
    found = []
    for name in REGIONS:
        number = phonenumbers.example_number(name)
        assert number is not None
        meant = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        for form in (
            phonenumbers.PhoneNumberFormat.NATIONAL,
            phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        ):
            written = phonenumbers.format_number(number, form)
            suggestion = e164(written, name)
            assert suggestion in (meant, None), (name, written)
            found.append(suggestion is not None)
    assert sum(found) > 0.97 * len(found)


WRITTEN = st.from_regex(r"'?[+(]{0,2}(00)?[0-9]{0,4}[ ().\-/][0-9 ]{4,12}", fullmatch=True)


@settings(deadline=None)
@given(st.text(max_size=20) | WRITTEN, st.sampled_from([None, "ZZ", *REGIONS]))
@example("+" * 1000, "GB")
@example("0" * 1000, "GB")
def test_what_is_suggested_is_valid_and_stable(value: str, region: str | None) -> None:
    number = e164(value, region)
    if number is not None:
        assert number != value
        assert pl.select(is_valid(pl.lit(number))).item()
        assert verdict(number)
        assert e164(number, region) is None


def test_regions_of_country_code_1() -> None:
    assert {"US", "CA", "JM", "PR"} < plus_one_regions()
    assert all(phonenumbers.country_code_for_region(name) == 1 for name in plus_one_regions())
    assert "GB" not in plus_one_regions()


def test_plans_are_compiled_as_they_are_met() -> None:
    mask = is_valid(pl.col("cell"))
    numbers = ["+442071838750", "+44207183875", "+33144556677", "+12065550100", "+", "", "+999"]
    expected = [True, False, True, True, False, False, False]
    for _ in range(2):
        # one by one, in the order of the file, with one mask
        for number, valid in zip(numbers, expected, strict=True):
            assert column([number]).select(mask).item() is valid
    assert column(numbers).select(mask).to_series().to_list() == expected
    assert column(["+"]).select(is_valid(pl.col("cell"))).item() is False


def test_plans_that_several_threads_ask_at_once() -> None:
    numbers = ["+442071838750", "+14155550100", "+84912345678", "+33142685300", "+493012345678"]
    cells = [pl.Series([number, "+1"]) for number in numbers]
    with ThreadPoolExecutor(len(cells)) as pool:
        for _ in range(40):
            plans = _Plans()
            held = [each.to_list() for each in pool.map(plans.hold, cells)]
            assert held == [[True, False]] * len(numbers)
