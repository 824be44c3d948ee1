"""The values that columns with a fixed vocabulary accept, and what people write in their place.

Each vocabulary is two functions: the plural gives the accepted values, the singular takes any text
and gives the accepted value that it must mean. The singular gives None where none or several are
plausible, and where the text is accepted as it stands.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import msgspec

from csvimport.dialect import WHITE_SPACE
from csvimport.rulebook import data_folder, read_toml

_SEPARATORS = re.compile(f"[{WHITE_SPACE}-]+")
_SPACES = re.compile(f"[{WHITE_SPACE}_]+")
#: `en-US`, `zh-Hans-CN`, `en_GB.UTF-8`, `ca_ES@valencia`
_LOCALE = re.compile(
    r"([a-z]{2,3})(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|[0-9]{3}))?(?:[-_][a-z0-9]{5,8})*"
    r"(?:\.[a-z0-9-]+)?(?:@[a-z0-9]+)?",
    re.ASCII | re.IGNORECASE,
)
#: What lists of time zones put before the name.
_OFFSET = re.compile(r"^\((?:GMT|UTC)(?:[+\-\u2212][0-9]{1,2}(?::?[0-9]{2})?)?\)", re.IGNORECASE)
#: What stands in place of punctuation; a dot or an apostrophe parts no words.
_PUNCTUATION = str.maketrans(
    {"&": " and ", **dict.fromkeys(".'\u2019", ""), **dict.fromkeys(",-_/()", " ")}
)
#: What the standard puts behind the names of languages that it also lists the parts of.
_MACROLANGUAGE = " (macrolanguage)"


T = TypeVar("T", bound=msgspec.Struct)


class _Country(msgspec.Struct, frozen=True):
    """A country of ISO 3166-1 whose code is in force."""

    alpha_2: str
    alpha_3: str
    name: str
    common_name: str = ""
    official_name: str = ""


class _Countries(msgspec.Struct, frozen=True):
    all: list[_Country] = msgspec.field(name="3166-1")


class _Language(msgspec.Struct, frozen=True):
    """A language of ISO 639-3."""

    alpha_3: str
    name: str
    alpha_2: str = ""
    common_name: str = ""
    inverted_name: str = ""
    bibliographic: str = ""


class _KnownLanguages(msgspec.Struct, frozen=True):
    all: list[_Language] = msgspec.field(name="639-3")


class _Languages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    codes: list[str]


class _Zones(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    names: list[str]


class _Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of `state` and `group_state` the values, of the others the values and words for them.

    Of `total` the words.
    """

    state: list[str]
    group_state: list[str]
    total: list[str]
    gender: dict[str, list[str]]
    boolean: dict[str, list[str]]
    country: dict[str, list[str]]
    language: dict[str, list[str]]
    language_code: dict[str, list[str]]


@cache
def countries() -> frozenset[str]:
    """The country codes of ISO 3166-1 alpha-2 that are in force."""
    return frozenset(country.alpha_2 for country in _known_countries())


def country(value: str) -> str | None:
    """The country code that `value` must mean: a code of either length, or a name."""
    if value in countries():
        return None
    text = value.strip(WHITE_SPACE)
    return _country_codes().get(text.lower()) or _country_names().get(_folded(text))


@cache
def languages() -> frozenset[str]:
    """The language codes that the platform lists."""
    listed: _Languages = read_toml(data_folder() / "values" / "languages.toml", _Languages)
    return frozenset(listed.codes)


def language(value: str) -> str | None:
    """The language code that `value` must mean: a code, a locale that starts with it, or a name."""
    if value in languages():
        return None
    text = value.strip(WHITE_SPACE)
    locale = _LOCALE.fullmatch(text)
    code = locale and _language_codes().get(locale[1].lower())
    return code or _language_names().get(_folded(text))


@cache
def genders() -> frozenset[str]:
    """The values of `gender`."""
    return frozenset(_words().gender)


def gender(value: str) -> str | None:
    """The gender that `value` must mean: a letter in lower case, or an English word."""
    return None if value in genders() else _gender_words().get(_folded(value))


@cache
def states() -> frozenset[str]:
    """The subscription states of a channel."""
    return frozenset(_words().state)


@cache
def group_states() -> frozenset[str]:
    """The subscription states of a group."""
    return frozenset(_words().group_state)


def state(value: str, allowed: Collection[str]) -> str | None:
    """The state among those `allowed` that `value` is but for case, spaces and hyphens."""
    text = _SEPARATORS.sub("_", value.strip(WHITE_SPACE).casefold())
    return text if text in allowed and value not in allowed else None


@cache
def booleans() -> frozenset[str]:
    """The truth values in lower case; they are accepted in any."""
    return frozenset(_words().boolean)


def boolean(value: str) -> str | None:
    """The truth value that `value` must mean: yes or no, 1 or 0, an initial."""
    if value.lower() in booleans():
        return None
    return _boolean_words().get(value.strip(WHITE_SPACE).casefold())


@cache
def zones() -> frozenset[str]:
    """The names and links of IANA, the same on every system, and the names of Rails."""
    iana = (files("tzdata") / "zones").read_text(encoding="utf-8").splitlines()
    rails: _Zones = read_toml(data_folder() / "values" / "zones.toml", _Zones)
    return frozenset(iana) | frozenset(rails.names)


def zone(value: str) -> str | None:
    """The time zone that `value` is but for case, underscores and an offset before it."""
    if value in zones():
        return None
    text = _OFFSET.sub("", value.strip(WHITE_SPACE)).strip(WHITE_SPACE)
    return _zone_names().get(_spaced(text))


@cache
def totals() -> frozenset[str]:
    """What rows of totals are called, in lower case."""
    return frozenset(word.casefold() for word in _words().total)


@cache
def _words() -> _Words:
    words: _Words = read_toml(data_folder() / "values" / "words.toml", _Words)
    return words


@cache
def _country_codes() -> Mapping[str, str]:
    """The country codes by those of either length, in lower case."""
    return {
        code.lower(): country.alpha_2
        for country in _known_countries()
        for code in (country.alpha_2, country.alpha_3)
    }


@cache
def _country_names() -> Mapping[str, str]:
    def names() -> Iterator[tuple[str, str]]:
        for country in _known_countries():
            for name in filter(None, (country.name, country.common_name, country.official_name)):
                yield name, country.alpha_2
                yield _turned(name), country.alpha_2
        yield from _pairs(_words().country)

    return _table(names())


@cache
def _language_codes() -> Mapping[str, str]:
    """The language codes by those of either length, and those of old."""
    codes = {code: code for code in languages()}
    for code, known in _known_languages():
        for other in filter(None, (known.alpha_3, known.bibliographic)):
            codes[other] = code
    return codes | dict(_pairs(_words().language_code))


@cache
def _language_names() -> Mapping[str, str]:
    def names() -> Iterator[tuple[str, str]]:
        for code, known in _known_languages():
            for name in filter(None, (known.name, known.common_name, known.inverted_name)):
                yield name, code
                yield name.removesuffix(_MACROLANGUAGE), code
        yield from _pairs(_words().language)

    return _table(names())


def _known_languages() -> Iterator[tuple[str, _Language]]:
    """The language codes in order, each with what ISO 639 says about it."""
    known = {
        code: each
        for each in _standard("iso639-3", _KnownLanguages).all
        for code in (each.alpha_2, each.alpha_3)
    }
    return ((code, known[code]) for code in sorted(languages()) if code in known)


@cache
def _known_countries() -> list[_Country]:
    return _standard("iso3166-1", _Countries).all


def _standard(name: str, kind: type[T]) -> T:
    """A table of the pycountry package, whose own ways to read it take ten times as long."""
    package = find_spec("pycountry")
    assert package is not None
    assert package.origin is not None
    path = Path(package.origin).parent / "databases" / f"{name}.json"
    return msgspec.json.decode(path.read_bytes(), type=kind)


@cache
def _gender_words() -> Mapping[str, str]:
    return _table(_pairs(_words().gender))


@cache
def _boolean_words() -> Mapping[str, str]:
    return _unique(_pairs(_words().boolean))


@cache
def _zone_names() -> Mapping[str, str]:
    return _unique((_spaced(name), name) for name in zones())


def _pairs(words: Mapping[str, Iterable[str]]) -> Iterator[tuple[str, str]]:
    """Each word, and the value that it stands for."""
    return ((word, value) for value, those in words.items() for word in those)


def _table(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The values by their words, which are folded."""
    return _unique((_folded(word), value) for word, value in pairs)


def _unique(pairs: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """The values by their words, without the words that stand for several."""
    found: dict[str, set[str]] = {}
    for word, value in pairs:
        found.setdefault(word, set()).add(value)
    return {word: value for word, (value, *others) in found.items() if not others}


def _folded(text: str) -> str:
    """`text` without what people write differently: case, accents, punctuation, `the`, `St`."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    words = _SPACES.sub(" ", letters.translate(_PUNCTUATION)).split(" ")
    return " ".join("saint" if word == "st" else word for word in words if word not in ("", "the"))


def _spaced(text: str) -> str:
    return _SPACES.sub(" ", text).casefold()


def _turned(name: str) -> str:
    """`Republic of Korea`, which the standard lists as `Korea, Republic of`."""
    first, _, rest = name.partition(", ")
    return f"{rest} {first}"
