"""Vocabularies: every value that is accepted, and the one that another text must mean."""

import zoneinfo
from collections.abc import Callable, Iterator
from itertools import chain

import polars as pl
import pycountry
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvimport import vocabulary
from csvimport.dialect import WHITE_SPACE
from csvimport.vocabulary import (
    boolean,
    booleans,
    countries,
    country,
    gender,
    genders,
    group_states,
    language,
    languages,
    state,
    states,
    zone,
    zones,
)

Suggest = Callable[[str], str | None]


def channel(value: str) -> str | None:
    return state(value, states())


def group(value: str) -> str | None:
    return state(value, group_states())


VOCABULARIES: dict[str, tuple[frozenset[str], Suggest]] = {
    "country": (countries(), country),
    "language": (languages(), language),
    "gender": (genders(), gender),
    "state": (states(), channel),
    "group state": (group_states(), group),
    "boolean": (booleans(), boolean),
    "zone": (zones(), zone),
}
every_vocabulary = pytest.mark.parametrize(
    ("accepted", "suggest"), VOCABULARIES.values(), ids=VOCABULARIES
)

# --- What is accepted ----------------------------------------------------------------------------


@pytest.fixture
def packaged_zones() -> Iterator[set[str]]:
    """The zones of the tzdata package, whatever the system has."""
    zoneinfo.reset_tzpath(to=[])
    yield zoneinfo.available_timezones()
    zoneinfo.reset_tzpath()


def test_countries_are_those_in_force() -> None:
    assert countries() == {each.alpha_2 for each in pycountry.countries}
    assert len(countries()) == 249
    assert {"GB", "XK", "UK", "EU"} & countries() == {"GB"}


def test_no_withdrawn_country_is_accepted() -> None:
    # the code of some is another country's now
    reused = {"AI", "BQ", "BY", "GE", "SK"}
    withdrawn = {each.alpha_2 for each in pycountry.historic_countries}
    assert withdrawn & countries() == reused
    assert {"AN", "BU", "CS", "DD", "SU", "TP", "YU", "ZR"} <= withdrawn - reused
    assert {country(each.alpha_3) for each in pycountry.historic_countries} == {None, "TF"}


def test_languages_are_the_listed_ones() -> None:
    assert len(languages()) == 183
    assert all(code.isascii() and code.islower() and len(code) in (2, 3) for code in languages())
    assert {"en", "zh", "nb", "nn", "fil", "mo", "no", "en-US", "mi"} & languages() == {
        *("en", "zh", "nb", "nn", "fil", "mo")
    }


def test_every_name_and_link_of_iana_is_accepted(packaged_zones: set[str]) -> None:
    assert len(packaged_zones) > 590
    assert packaged_zones <= zones()


def test_every_name_of_rails_is_accepted(packaged_zones: set[str]) -> None:
    rails = zones() - packaged_zones
    assert len(rails) == 149
    assert {"Eastern Time (US & Canada)", "Nuku'alofa", "St. Petersburg", "Samoa"} <= rails
    # names of both
    assert {"UTC", "Singapore"} <= zones()


def test_the_small_vocabularies() -> None:
    assert genders() == {"M", "F", "O", "N", "P", "nil"}
    assert states() == {"opted_in", "subscribed", "unsubscribed"}
    assert group_states() == {"subscribed", "unsubscribed"}
    assert booleans() == {"true", "false"}


@every_vocabulary
def test_a_column_can_be_held_against_it(accepted: frozenset[str], suggest: Suggest) -> None:
    column = pl.DataFrame({"cell": [*sorted(accepted), "", "no such value"]})
    found = column.select(pl.col("cell").is_in(accepted)).to_series().to_list()
    assert found == [True] * len(accepted) + [False] * 2
    assert suggest("no such value") is None


def test_the_words_are_of_values_that_are_accepted() -> None:
    words = vocabulary._words()
    assert set(words.country) <= countries()
    assert set(words.language) <= languages()
    assert set(words.language_code) <= languages()
    for told, suggest in ((words.country, country), (words.language, language)):
        for value, names in told.items():
            for name in names:
                assert suggest(name) == (value if name != "Congo" else None), name
    for told, suggest in ((words.gender, gender), (words.boolean, boolean)):
        for value, names in told.items():
            for name in names:
                assert suggest(name) in (value, None if name in told else value), name


# --- What other texts mean -----------------------------------------------------------------------

COUNTRIES = {
    "GB": "gb GBR gbr Gb gB UK uk U.K. u.k.",
    "US": "us USA U.S. U.S.A. usa America",
}
MEANT: dict[str, list[tuple[str, str | None]]] = {
    "country": [
        *((text, code) for code, texts in COUNTRIES.items() for text in texts.split()),
        ("Great Britain", "GB"),
        ("England", "GB"),
        ("United Kingdom", "GB"),
        ("united kingdom of great britain & northern ireland", "GB"),
        ("The United States", "US"),
        ("United States of America", "US"),
        ("Russia", "RU"),
        ("Russian Federation", "RU"),
        ("South Korea", "KR"),
        ("Korea, Republic of", "KR"),
        ("Republic of Korea", "KR"),
        ("north korea", "KP"),
        ("Turkey", "TR"),
        ("TÜRKİYE", "TR"),
        ("Turkiye", "TR"),
        ("Czech Republic", "CZ"),
        ("Czechia", "CZ"),
        ("Bolivia", "BO"),
        ("Côte d'Ivoire", "CI"),
        ("COTE D\u2019IVOIRE", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("Co\u0302te d'Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("Curacao", "CW"),
        ("St. Lucia", "LC"),
        ("St Kitts & Nevis", "KN"),
        ("Guinea Bissau", "GW"),
        ("Trinidad and Tobago", "TT"),
        ("The Netherlands", "NL"),
        ("Bahamas, The", "BS"),
        ("Hong Kong", "HK"),
        ("Deutschland", "DE"),
        ("  fr \u00a0", "FR"),
        ("FR\t", "FR"),
        ("French  Republic", "FR"),
        ("Republic of the Congo", "CG"),
        ("Democratic Republic of Congo", "CD"),
        # either of two
        ("Congo", None),
        ("Korea", None),
        ("Saint Martin", None),
        ("Virgin Islands", None),
        # no country, or no longer
        ("XX", None),
        ("YU", None),
        ("Yugoslavia", None),
        ("EU", None),
        ("Europe", None),
        ("Germny", None),
        ("German", None),
        ("GB, US", None),
        ("GB-ENG", None),
        ("No.", None),
        ("n/a", None),
        # what folds to a code is none
        ("ß", None),
        ("D.E", None),
        ("frà", None),
    ],
    "language": [
        ("EN", "en"),
        ("En", "en"),
        (" en", "en"),
        ("en-US", "en"),
        ("en_GB", "en"),
        ("EN-us", "en"),
        ("en_US.UTF-8", "en"),
        ("de_DE@euro", "de"),
        ("zh-Hans-CN", "zh"),
        ("zh-Hant", "zh"),
        ("es-419", "es"),
        ("ca-ES-valencia", "ca"),
        ("fil-PH", "fil"),
        ("eng-US", "en"),
        ("eng", "en"),
        ("deu", "de"),
        ("ger", "de"),
        ("fre", "fr"),
        ("English", "en"),
        ("GERMAN", "de"),
        ("german ", "de"),
        ("Swiss German", "gsw"),
        ("German, Swiss", "gsw"),
        ("Greek", "el"),
        ("Swahili", "sw"),
        ("Bangla", "bn"),
        ("Simplified Chinese", "zh"),
        ("Chinese (Traditional)", "zh"),
        ("Español", "es"),
        ("espanol", "es"),
        ("русский", "ru"),
        ("no", "nb"),
        ("NO", "nb"),
        ("nor", "nb"),
        ("no-NO", "nb"),
        ("Norwegian", "nb"),
        ("Norwegian Bokmål", "nb"),
        ("nno", "nn"),
        ("iw", "he"),
        # either of two, or none of the list
        ("Moldavian", None),
        ("Gaelic", None),
        ("in", None),
        ("und", None),
        ("Maori", None),
        ("mi-NZ", None),
        ("us", None),
        ("Englsh", None),
        ("en-", None),
        ("en US", None),
        ("en,de", None),
        ("lü", None),
        ("n/a", None),
    ],
    "gender": [
        ("m", "M"),
        ("M ", "M"),
        ("Male", "M"),
        ("MAN", "M"),
        ("f", "F"),
        ("female\u00a0", "F"),
        ("Woman", "F"),
        ("other", "O"),
        ("Non-Binary", "O"),
        ("non binary", "O"),
        ("not applicable", "N"),
        ("Prefer not to say", "P"),
        ("prefer_not_to_say", "P"),
        ("unknown", "nil"),
        ("NIL", "nil"),
        ("n/a", None),
        ("x", None),
        ("null", None),
        ("1", None),
        ("m/f", None),
        ("mal", None),
    ],
    "state": [
        ("Subscribed", "subscribed"),
        ("subscribed ", "subscribed"),
        ("subscribed\u00a0", "subscribed"),
        ("UNSUBSCRIBED", "unsubscribed"),
        ("opted-in", "opted_in"),
        ("Opted In", "opted_in"),
        ("opted\u00a0in", "opted_in"),
        ("opted - in", "opted_in"),
        ("un-subscribed", None),
        ("subscribe", None),
        ("opted_out", None),
        ("opted__in", None),
        ("true", None),
    ],
    "group state": [
        ("Subscribed", "subscribed"),
        ("opted_in", None),
        ("opted-in", None),
    ],
    "boolean": [
        ("yes", "true"),
        ("No", "false"),
        ("Y", "true"),
        ("n", "false"),
        ("1", "true"),
        ("0 ", "false"),
        ("T", "true"),
        ("f", "false"),
        (" True", "true"),
        ("FALSE\u00a0", "false"),
        ("true", None),
        ("FALSE", None),
        ("True", None),
        ("on", None),
        ("off", None),
        ("-1", None),
        ("1.", None),
        ("2", None),
        ("01", None),
        ("null", None),
    ],
    "zone": [
        ("europe/berlin", "Europe/Berlin"),
        ("EUROPE/BERLIN", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("america/port_of spain", "America/Port_of_Spain"),
        ("Europe/Berlin ", "Europe/Berlin"),
        ("utc", "UTC"),
        ("us/eastern", "US/Eastern"),
        ("eastern time (us & canada)", "Eastern Time (US & Canada)"),
        ("(GMT-05:00) Eastern Time (US & Canada)", "Eastern Time (US & Canada)"),
        ("(UTC-05:00) America/New_York", "America/New_York"),
        ("(UTC\u221205:00) America/New_York", "America/New_York"),
        ("(GMT+01:00)berlin", "Berlin"),
        ("(UTC) London", "London"),
        ("hong_kong", "Hong Kong"),
        ("New York", None),
        ("(GMT-05:00)", None),
        ("GMT-05:00", None),
        ("+01:00", None),
        ("CEST", None),
        ("(GMT-05:00) Nowhere", None),
        ("Berlin (GMT+01:00)", None),
        ("(UTC)(UTC) London", None),
        ("Europe/Berln", None),
    ],
}
TABLE = [(name, text, meant) for name, rows in MEANT.items() for text, meant in rows]


@pytest.mark.parametrize(("name", "text", "meant"), TABLE)
def test_what_a_text_means(name: str, text: str, meant: str | None) -> None:
    _, suggest = VOCABULARIES[name]
    assert suggest(text) == meant


@every_vocabulary
def test_an_accepted_value_needs_no_other(accepted: frozenset[str], suggest: Suggest) -> None:
    assert {suggest(value) for value in accepted} == {None}


@every_vocabulary
def test_a_value_is_found_behind_case_and_white_space(
    accepted: frozenset[str], suggest: Suggest
) -> None:
    for value in sorted(accepted):
        assert suggest(f"{WHITE_SPACE}{value}{WHITE_SPACE}") == value
        for other in {value.lower(), value.upper(), value.swapcase()} - accepted:
            # a truth value is accepted in any case
            assert suggest(other) == (None if other.lower() in booleans() else value)


def test_every_code_and_name_of_a_country_means_it() -> None:
    for fields in map(dict, pycountry.countries):
        for key in ("alpha_3", "name", "official_name", "common_name"):
            if (name := fields.get(key)) and name != "Congo":
                for text in (name, name.upper(), name.lower(), f" {name} "):
                    assert country(text) == fields["alpha_2"], text


def test_every_code_and_name_of_a_language_means_it() -> None:
    known = set()
    for fields in map(dict, pycountry.languages):
        code = fields.get("alpha_2", fields["alpha_3"])
        if code in languages():
            known.add(code)
            for key in ("alpha_3", "bibliographic", "name", "inverted_name", "common_name"):
                if name := fields.get(key):
                    for text in (name.upper(), f" {name} "):
                        assert language(text) == code, text
            assert language(f"{code}-XX") == code
    # a code of old
    assert languages() - known == {"mo"}


@every_vocabulary
@given(text=st.text())
def test_only_an_accepted_value_is_meant(
    accepted: frozenset[str], suggest: Suggest, text: str
) -> None:
    assert suggest(text) in {*accepted, None}


WORDS = sorted({*chain.from_iterable(accepted for accepted, _ in VOCABULARIES.values())})
NEAR = st.lists(
    st.sampled_from([*WORDS, *WHITE_SPACE, "_", "-", "(GMT", "+01:00)", ".", "\u0301", "\0"])
    | st.characters(exclude_categories=["Cs"]),
    max_size=4,
).map("".join)


@every_vocabulary
@given(text=NEAR | NEAR.map(str.upper) | NEAR.map(str.casefold))
def test_only_an_accepted_value_is_meant_by_what_comes_near(
    accepted: frozenset[str], suggest: Suggest, text: str
) -> None:
    meant = suggest(text)
    assert meant in {*accepted, None}
    assert meant is None or text not in accepted


@every_vocabulary
@pytest.mark.parametrize("unit", ["a", "\0", "İ", "\ufdfa", " ", "-", "_", "(GMT", "a-", "\u0301"])
def test_a_long_text_means_nothing(accepted: frozenset[str], suggest: Suggest, unit: str) -> None:
    assert accepted
    assert suggest(unit * 100_000) is None
