"""Faults of the values of default attributes, and of any cell's text. Blank is always fine."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from msgspec.structs import replace

from csvimport import dates, emails, mojibake, numbers, phones, vocabulary
from csvimport.checks.identifier import no_number, no_plain_address, region_of_row
from csvimport.checks.registry import Explanation, Flag, cell_check
from csvimport.columns import GROUP, Column, Columns
from csvimport.forms import has_outer_space, is_boolean, is_single_quoted, stands_out
from csvimport.lines import Bytes
from csvimport.patterns import UUID

#: In characters.
_LONGEST_TEXT = 255
#: Years of a life.
_OLDEST = 130
_TEN_DIGITS = "^[0-9]{10}$"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _of_type(*types: str) -> Callable[[Column], bool]:
    """The known columns of these types."""
    return lambda column: column.known is not None and column.known.type in types


def _is_free_text(column: Column) -> bool:
    return column.is_free_text


def _is_filled(cell: pl.Expr) -> pl.Expr:
    return cell != ""


def _is_known(column: Column, *names: str) -> bool:
    return column.known is not None and column.name in names


# Any cell


# Whether the bytes of a block can hold such a cell at all: a look at eight megabytes takes a
# millisecond, where one at the cells of twenty columns takes fifty.


def _next_to(text: bytes, byte: int) -> Bytes:
    """The bytes that follow this one in `text`."""
    data = np.frombuffer(text, np.uint8)
    return data[np.flatnonzero(data[:-1] == byte) + 1]


def _may_hold_guards(text: bytes) -> bool:
    return bool(np.isin(_next_to(text, ord("'")), list(b"=+-@")).any())


def _may_hold_controls(text: bytes) -> bool:
    data = np.frombuffer(text, np.uint8)
    plain = sum(int(np.count_nonzero(data == byte)) for byte in b"\n\t" if byte in text)
    plain += text.count(b"\r\n") if b"\r" in text else 0
    low = int(np.count_nonzero(data < 0x20))
    return low > plain or b"\x7f" in text or b"\xc2" in text


def _may_hold_mojibake(text: bytes) -> bool:
    # a letter from Â to ô, and then one that has several bytes itself
    data = np.frombuffer(text, np.uint8)
    lead = np.flatnonzero(data[:-2] == 0xC3)
    second, third = data[lead + 1], data[lead + 2]
    return bool(((second >= 0x82) & (second <= 0xB4) & (third >= 0xC2)).any())


def _may_hold_replacements(text: bytes) -> bool:
    return b"\xef" in text and "\ufffd".encode() in text


@cell_check("guarded-value")
def guarded_value(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    return Flag(
        cell.str.contains("^'[=+@-]"),
        possible=_may_hold_guards,
        # in apostrophes on both sides it may be meant as text
        suggestion=pl.when(~is_single_quoted(cell)).then(cell.str.slice(1)),
    )


_CONTROL = r"[\p{Cc}--[\t\n]]"
_CODES = {chr(code): f"U+{code:04X}" for code in (*range(0x20), *range(0x7F, 0xA0))}


@cell_check("control-character", "code")
def control_character(column: Column, columns: Columns) -> Flag:
    cell = pl.col(column.cell)
    text = cell.str.replace_all("\r" if columns.line_end == "\r" else "\r\r?\n", "")
    return Flag(
        text.str.contains(_CONTROL),
        where=cell.str.contains(_CONTROL),
        possible=_may_hold_controls,
        facts={"code": text.str.extract(f"({_CONTROL})").replace_strict(_CODES, default=None)},
        own_words=frozenset({"code"}),
    )


@cell_check("replacement-character")
def replacement_character(column: Column, _: Columns) -> Flag:
    return Flag(
        pl.col(column.cell).str.contains("\ufffd", literal=True), possible=_may_hold_replacements
    )


# Contact


@cell_check("invalid-email", "reason", on=_of_type("email"))
def invalid_email(column: Column, columns: Columns) -> Flag:
    cell = pl.col(column.cell)
    is_hash = pl.lit(columns.has("email_encrypted"))
    return Flag(
        ~emails.is_email(cell) & ~is_hash,
        where=no_plain_address(column.cell),
        explain=_explained_email,
    )


def _explained_email(value: str, _: str | None) -> Explanation:
    variant, reason = emails.fault(value)
    facts = {"reason": reason} if reason else {}
    return Explanation(emails.repaired(value), variant, facts)


def _e164(value: str, region: str | None) -> Explanation:
    return Explanation(phones.e164(value, region))


@cell_check("phone-without-country-code", on=_of_type("phone"))
def phone_without_country_code(column: Column, columns: Columns) -> Flag:
    cell, region = pl.col(column.cell), region_of_row(columns)
    is_bare = cell.str.contains(_TEN_DIGITS)
    is_us = region.is_in(sorted(phones.plus_one_regions())).fill_null(False)
    return Flag(
        is_bare & ~(is_us & phones.is_valid("+1" + cell)),
        where=is_bare,
        explain=_e164,
        given=region,
    )


@cell_check("invalid-phone", on=_of_type("phone"))
def invalid_phone(column: Column, columns: Columns) -> Flag:
    cell = pl.col(column.cell)
    return Flag(
        ~phones.is_e164(cell) & ~cell.str.contains(_TEN_DIGITS),
        where=no_number(column.cell),
        explain=_explained_phone,
        given=region_of_row(columns),
    )


def _explained_phone(value: str, region: str | None) -> Explanation:
    variant = "scientific" if re.fullmatch(numbers.SCIENTIFIC, value.strip()) else None
    return Explanation(phones.e164(value, region), variant)


@cell_check("implausible-phone", on=_of_type("phone"))
def implausible_phone(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    return Flag(phones.is_e164(cell), where=no_number(column.cell))


# Words from a list


@cell_check("invalid-country", on=_of_type("country"))
def invalid_country(column: Column, _: Columns) -> Flag:
    return _listed(column, vocabulary.countries(), vocabulary.country)


@cell_check("invalid-language", on=_of_type("language"))
def invalid_language(column: Column, _: Columns) -> Flag:
    return _listed(column, vocabulary.languages(), vocabulary.language)


@cell_check("invalid-gender", on=_of_type("gender"))
def invalid_gender(column: Column, _: Columns) -> Flag:
    return _listed(column, vocabulary.genders(), vocabulary.gender)


@cell_check("invalid-time-zone", on=_of_type("zone"))
def invalid_time_zone(column: Column, _: Columns) -> Flag:
    return _listed(column, vocabulary.zones(), vocabulary.zone)


@cell_check("invalid-subscription-state", "allowed", on=_of_type("subscription"))
def invalid_subscription_state(column: Column, _: Columns) -> Flag:
    of_group = column.name == "subscription_state"
    allowed = vocabulary.group_states() if of_group else vocabulary.states()
    told = [f"`{state}`" for state in sorted(allowed)]
    return replace(
        _listed(column, allowed, lambda value: vocabulary.state(value, allowed)),
        facts={"allowed": pl.lit(f"{', '.join(told[:-1])} or {told[-1]}")},
    )


def _listed(column: Column, accepted: Iterable[str], meant: Callable[[str], str | None]) -> Flag:
    """Cells that are not among what is `accepted`, or blank."""
    return Flag(
        ~pl.col(column.cell).is_in(["", *sorted(accepted)]),
        explain=lambda value, _: Explanation(meant(value)),
    )


@cell_check("invalid-boolean", on=_of_type("boolean"))
def invalid_boolean(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    return Flag(
        _is_filled(cell) & ~is_boolean(cell),
        explain=lambda value, _: Explanation(vocabulary.boolean(value)),
    )


# Subscription groups


@cell_check("invalid-subscription-group", on=_of_type("group"))
def invalid_subscription_group(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    trimmed = cell.str.strip_chars()
    suggestion = pl.when(trimmed.str.contains(f"^{UUID}$")).then(trimmed)
    return Flag(_is_filled(cell) & ~cell.str.contains(f"^{UUID}$"), suggestion=suggestion)


@cell_check("incomplete-subscription", "filled", on=lambda column: _is_known(column, *GROUP))
def incomplete_subscription(column: Column, columns: Columns) -> Flag:
    other = columns.known(next(name for name in GROUP if name != column.name))
    filled = _is_filled(pl.col(other.cell)) if other else pl.lit(False)
    mask = (pl.col(column.cell) == "") & filled
    return Flag(mask, facts={"filled": pl.lit(other.name if other else "")})


# Dates


@cell_check("invalid-date-of-birth", on=_of_type("date"))
def invalid_date_of_birth(column: Column, columns: Columns) -> Flag:
    cell, today = pl.col(column.cell), columns.now.date()
    oldest = today.replace(year=max(today.year - _OLDEST, 1), day=min(today.day, 28))

    def explain(value: str, _: str | None) -> Explanation:
        return Explanation(*dates.read_date(value, column.order, oldest, today))

    return Flag(_is_filled(cell) & ~dates.is_date(cell), explain=explain)


@cell_check("invalid-session-date", on=_of_type("datetime"))
def invalid_session_date(column: Column, _: Columns) -> Flag:
    return no_datetime(column)


def no_datetime(column: Column) -> Flag:
    """Cells that are filled, and not in one of the ISO forms."""
    cell = pl.col(column.cell)
    return Flag(
        _is_filled(cell) & ~dates.is_datetime(cell),
        explain=lambda value, _: Explanation(*dates.read_datetime(value, column.order)),
    )


@cell_check("implausible-date", on=_of_type("date", "datetime"))
def implausible_date(column: Column, columns: Columns) -> Flag:
    cell = pl.col(column.cell)
    if column.known and column.known.type == "datetime":
        return in_future(column, columns)
    today = columns.now.date().isoformat()
    oldest = f"{max(columns.now.year - _OLDEST, 0):04}{today[4:]}"
    # of real days, the text is in the order of time
    wrong = (cell > today) | (cell < oldest)
    return Flag(
        _is_filled(cell) & wrong & dates.is_date(cell),
        where=_is_filled(cell) & wrong,
        variant=pl.when(cell < oldest).then(pl.lit("old")),
    )


def in_future(column: Column, columns: Columns) -> Flag:
    """Cells that are a time later than now."""
    cell = pl.col(column.cell)
    # a zone moves a time by less than a day, so that the day decides nearly always
    yesterday = (columns.now - timedelta(days=1)).date().isoformat()
    now = (columns.now - _EPOCH) // timedelta(microseconds=1)
    return Flag(
        (cell >= yesterday) & dates.is_datetime(cell) & (dates.instant(cell) > now),
        where=cell >= yesterday,
    )


# Text


#: An accented capital behind others and before a sign, as in `NESTLÉ®`, is no damage.
_IN_CAPITALS = "[A-Z]{2}[ÇÉ-ÏÑ-Ü]"


@cell_check("mojibake", on=_is_free_text)
def mojibake_(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    return Flag(
        mojibake.is_mojibake(cell) & ~cell.str.contains(_IN_CAPITALS),
        possible=_may_hold_mojibake,
        explain=lambda value, _: Explanation(mojibake.repaired(value)),
    )


@cell_check("surrounding-whitespace", "share", on=_is_free_text)
def surrounding_whitespace(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    where = stands_out(column.cell, column.type) if column.is_typed else None
    return Flag(has_outer_space(cell), where=where, suggestion=cell.str.strip_chars())


@cell_check(
    "value-too-long",
    "length",
    on=lambda column: column.is_free_text or (column.is_typed and column.event is None),
)
def value_too_long(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    length = cell.str.len_chars()
    return Flag(
        length > _LONGEST_TEXT,
        where=cell.str.len_bytes() > _LONGEST_TEXT,
        facts={"length": length},
    )
