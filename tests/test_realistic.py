"""Files such as real people have, in which nothing is wrong: what is said about them all the same.

And the reverse: of one nearly right value in such a file, what the rules say, and nothing else.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sized
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import realistic
from running import run

ROWS = 3_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)

Said = tuple[str, int, str, str | None]
"""Rule, row, column, suggestion."""


class Defended(NamedTuple):
    """What is said of a value, and why it has to be."""

    rule: str
    suggestion: str | None
    why: str


#: By table and column, with the value; without one it is said of the column as a whole.
EXPECTED: dict[tuple[str, str, str | None], Defended] = {
    ("suspects", "app_version", None): Defended(
        "non-iso-date", None, "`1.12.24` is written like a day of 2024; so are most versions"
    ),
    ("suspects", "os_version", None): Defended(
        "non-iso-date", None, "`2024.1.5` is the form `Y.M.D`"
    ),
    ("suspects", "sort_code", None): Defended(
        "non-iso-date", None, "`20-10-53` is the form `D-M-Y` with two digits of a year"
    ),
    ("suspects", "house_number", None): Defended(
        "mixed-types", None, "six in ten are numbers, and so a number may become the type"
    ),
    ("suspects", "sku", None): Defended("mixed-types", None, "half of them are numbers"),
    ("events", "app_opened.properties.version", None): Defended(
        "mixed-types", None, "`3.1` is a number, `1.2.3` is none"
    ),
    ("suspects", "category_ids", None): Defended(
        "formatted-number", None, "`12,15` is a list, but reads like a decimal comma"
    ),
    ("suspects", "company_number", None): Defended(
        "formatted-number", None, "nine digits in groups of three, separated by spaces"
    ),
    ("suspects", "utc_offset", None): Defended(
        "formatted-number", None, "a leading `+` before few digits"
    ),
    ("suspects", "birth_month", None): Defended(
        "leading-zero-number", None, "`08` and `09` would not even be octal"
    ),
    ("suspects", "diet", None): Defended(
        "null-literal", None, "`None` is an answer here, and a missing value elsewhere"
    ),
    ("suspects", "home_city", "None"): Defended(
        "null-literal", "", "a town in Piedmont has the name; far more files have the literal"
    ),
    ("suspects", "comment", "[redacted]"): Defended("array-value", None, "stands in brackets"),
    ("suspects", "comment", "{{comment}}"): Defended("array-value", None, "stands in braces"),
    ("suspects", "comment", "+1"): Defended("formatted-number", "1", "may be agreement"),
    ("suspects", "comment", "10,5"): Defended("formatted-number", "10.5", "a decimal comma"),
    ("suspects", "comment", "100%"): Defended("formatted-number", None, "a percent sign"),
    ("suspects", "comment", "5 €"): Defended("formatted-number", "5", "a currency sign"),
    ("suspects", "comment", "None"): Defended("null-literal", "", "a word for no value"),
    ("suspects", "comment", "1.2.24"): Defended("non-iso-date", None, "may be a version"),
    ("suspects", "comment", "0130"): Defended("leading-zero-number", None, "in text as well"),
    ("suspects", "reference", "'-12'"): Defended(
        "guarded-value", None, "an export's guard comes first, even where a `'` closes as well"
    ),
    ("suspects", "reference", "'@home'"): Defended("guarded-value", None, "the same"),
}

LONG = "x" * 256
GB = ("country", "GB")

#: Column, value, what is said, the suggestion, and another cell of the row.
NEARLY: list[tuple[str, str, str, str | None, tuple[str, str] | None]] = [
    *(
        ("external_id", value, "damaged-identifier", None, None)
        for value in ("1.23457E+17", "1001.0", "NULL", "undefined")
    ),
    ("external_id", " u-1", "identifier-whitespace", "u-1", None),
    ("external_id", "'-1", "guarded-value", "-1", None),
    *(
        ("email", value, "invalid-email", None, None)
        for value in (
            "o'brien@example",
            ".x@example.com",
            "taro.@docomo.ne.jp",
            "a b@example.com",
            "x@10.0.0.1",
            "x@[10.0.0.1]",
            '"x"@example.com',
            "j@gmail.com",
            "o'brien@hotmail.com",
            "a..b@outlook.com",
            "o'brien@company.live",
            "x@example.com;y@example.com",
            "Ann <x@example.com>",
            "x@example..com",
            "x@a_b.com",
            f"{'x' * 65}@example.com",
            "N/A",
            "x.example.com",
        )
    ),
    ("email", "x@example.com ", "invalid-email", "x@example.com", None),
    ("email", "x@münchen.de", "invalid-email", "x@xn--mnchen-3ya.de", None),
    ("email", "'+x@example.com", "guarded-value", "+x@example.com", None),
    ("phone", "+44 20 7183 8750", "invalid-phone", "+442071838750", None),
    ("phone", "00442071838750", "invalid-phone", "+442071838750", GB),
    ("phone", "020 7183 8750", "invalid-phone", "+442071838750", GB),
    ("phone", "+1 (206) 555-0100", "invalid-phone", "+12065550100", None),
    ("phone", "2071838750", "phone-without-country-code", "+442071838750", GB),
    ("phone", "0000000000", "phone-without-country-code", None, ("country", "US")),
    ("phone", "+4420", "implausible-phone", None, None),
    ("phone", "+19995550100", "implausible-phone", None, None),
    ("phone", "4.42071E+11", "invalid-phone", None, None),
    ("phone", "'+442071838750", "guarded-value", "+442071838750", None),
    ("phone", "+0123", "invalid-phone", None, None),
    ("country", "gb", "invalid-country", "GB", None),
    ("country", "UK", "invalid-country", "GB", None),
    ("country", "DEU", "invalid-country", "DE", None),
    ("country", "Brazil", "invalid-country", "BR", None),
    ("country", "EU", "invalid-country", None, None),
    ("country", "XK", "invalid-country", None, None),
    ("language", "en-US", "invalid-language", "en", None),
    ("language", "EN", "invalid-language", "en", None),
    ("language", "Portuguese", "invalid-language", "pt", None),
    ("language", "no", "invalid-language", "nb", None),
    ("language", "iw", "invalid-language", "he", None),
    ("language", "english?", "invalid-language", None, None),
    ("dob", "2001-02-29", "invalid-date-of-birth", None, None),
    ("dob", "29/02/2000", "invalid-date-of-birth", "2000-02-29", None),
    ("dob", "1990-1-2", "invalid-date-of-birth", "1990-01-02", None),
    ("dob", "0000-00-00", "invalid-date-of-birth", None, None),
    ("dob", "1990", "invalid-date-of-birth", None, None),
    ("dob", "1895-12-31", "implausible-date", None, None),
    ("dob", "2026-01-02", "implausible-date", None, None),
    ("gender", "m", "invalid-gender", "M", None),
    ("gender", "Female", "invalid-gender", "F", None),
    ("gender", "D", "invalid-gender", None, None),
    ("email_subscribe", "Subscribed", "invalid-subscription-state", "subscribed", None),
    ("email_subscribe", "opted in", "invalid-subscription-state", "opted_in", None),
    ("email_subscribe", "subscribed ", "invalid-subscription-state", "subscribed", None),
    ("push_subscribe", "true", "invalid-subscription-state", None, None),
    (
        "subscription_state",
        "opted_in",
        "invalid-subscription-state",
        None,
        ("subscription_group_id", realistic.GROUPS[0]),
    ),
    (
        "subscription_state",
        "",
        "incomplete-subscription",
        None,
        ("subscription_group_id", realistic.GROUPS[0]),
    ),
    (
        "subscription_group_id",
        realistic.GROUPS[0] + "\n",
        "invalid-subscription-group",
        realistic.GROUPS[0],
        ("subscription_state", "subscribed"),
    ),
    ("email_open_tracking_disabled", "yes", "invalid-boolean", "true", None),
    ("email_click_tracking_disabled", "0", "invalid-boolean", "false", None),
    ("email_click_tracking_disabled", "null", "invalid-boolean", None, None),
    ("time_zone", "europe/london", "invalid-time-zone", "Europe/London", None),
    ("time_zone", "America/New York", "invalid-time-zone", "America/New_York", None),
    ("time_zone", "(GMT+01:00) Berlin", "invalid-time-zone", "Berlin", None),
    ("time_zone", "Eastern Standard Time", "invalid-time-zone", None, None),
    ("time_zone", "UTC+1", "invalid-time-zone", None, None),
    *(
        ("date_of_first_session", value, "invalid-session-date", suggestion, None)
        for value, suggestion in {
            "2024-05-01 10:00:00": "2024-05-01T10:00:00",
            "2024-05-01T10:00:00+0200": "2024-05-01T10:00:00+02:00",
            "2024-05-01T24:00:00": None,
            "2023-02-29T10:00:00Z": None,
            "2016-12-31T23:59:60Z": None,
            "1714557600": None,
        }.items()
    ),
    ("date_of_last_session", "2026-01-01T00:00:01Z", "implausible-date", None, None),
    ("date_of_last_session", "2025-12-31T23:30:00-01:00", "implausible-date", None, None),
    *(("first_name", value, "null-literal", "", None) for value in ("null", "None", "nan", "N/A")),
    *(("last_name", value, "null-literal", "", None) for value in ("null", "NULL", "#N/A", r"\N")),
    ("first_name", " Ann", "surrounding-whitespace", "Ann", None),
    ("last_name", "O'Brien\u00a0", "surrounding-whitespace", "O'Brien", None),
    ("last_name", "NuÃ±ez-Smith", "mojibake", "Nuñez-Smith", None),
    ("home_city", "SÃ£o Paulo", "mojibake", "São Paulo", None),
    ("home_city", "Å\x81Ã³dÅº", "control-character", None, None),
    ("home_city", "KrakÃ³w", "mojibake", "Kraków", None),
    ("home_city", "S\ufffdo Paulo", "replacement-character", None, None),
    ("home_city", "'=1+1", "guarded-value", "=1+1", None),
    ("home_city", "#NAME?", "spreadsheet-error", None, None),
    ("home_city", LONG, "value-too-long", None, None),
    *(
        ("price", value, rule, suggestion, None)
        for value, rule, suggestion in (
            ("1,234", "formatted-number", None),
            ("1,234.50", "formatted-number", "1234.50"),
            ("1.234,50", "formatted-number", "1234.50"),
            ("1 234 567", "formatted-number", "1234567"),
            ("12,5", "formatted-number", "12.5"),
            ("€5", "formatted-number", "5"),
            ("5%", "formatted-number", None),
            ("+5", "formatted-number", "5"),
            ("0130", "leading-zero-number", None),
            ("08", "leading-zero-number", None),
            ("4.42E+11", "damaged-number", None),
            ("1.5E-07", "mixed-types", None),
            (".5", "mixed-types", None),
            ("5.", "mixed-types", None),
            ("00.5", "mixed-types", None),
            ("-", "mixed-types", None),
            (" 5", "mixed-types", None),
            ("5 kg", "mixed-types", None),
            ("true", "mixed-types", None),
            ("2024-05-01", "mixed-types", None),
            ("+442071838750", "mixed-types", None),
            # as a date it would be no number either
            ("31/01/2024", "non-iso-date", None),
            ("N/A", "null-literal", ""),
            ("#DIV/0!", "spreadsheet-error", None),
            ("[5]", "array-value", None),
            ("'-5", "guarded-value", "-5"),
        )
    ),
    *(
        ("renewal_date", value, rule, suggestion, None)
        for value, rule, suggestion in (
            ("01/02/2024", "non-iso-date", None),
            ("May 5, 2024", "non-iso-date", "2024-05-05"),
            ("2024/05/01", "non-iso-date", "2024-05-01"),
            ("2024-05-01 10:00", "non-iso-date", "2024-05-01T10:00:00"),
            ("2024-02-30", "mixed-types", None),
            ("2024-05", "mixed-types", None),
            ("20240501", "mixed-types", None),
            ("45292", "mixed-types", None),
            ("0000-00-00", "mixed-types", None),
            ("2024-05-01 ", "mixed-types", None),
            ("NaN", "null-literal", ""),
        )
    ),
    *(
        ("is_member", value, rule, suggestion, None)
        for value, rule, suggestion in (
            ("yes", "mixed-types", None),
            ("1", "mixed-types", None),
            ("null", "null-literal", ""),
        )
    ),
    *(
        ("employer", value, rule, suggestion, None)
        for value, rule, suggestion in (
            ("N/A", "null-literal", ""),
            ("[sic]", "array-value", None),
            ("{}", "array-value", None),
            ("0130", "leading-zero-number", None),
            ("1,234", "formatted-number", None),
            ("4.42E+11", "damaged-number", None),
            ("3 May 2024", "non-iso-date", "2024-05-03"),
            (" 3M", "surrounding-whitespace", "3M"),
            ("3M\n", "surrounding-whitespace", "3M"),
            ("CafÃ© ZoÃ«", "mojibake", "Café Zoë"),
            ("itâ€™s", "mojibake", "it’s"),
            ("'@home", "guarded-value", "@home"),
            ("3M\x00", "control-character", None),
            ("3\rM", "control-character", None),
            ("#REF!", "spreadsheet-error", None),
            (LONG, "value-too-long", None),
        )
    ),
]

#: Column and cell as it stands in the file, with another cell of its row.
RIGHT: list[tuple[str, str, tuple[str, str] | None]] = [
    ("external_id", "0", None),
    ("external_id", "007", None),
    ("external_id", "Null", None),
    ("external_id", "1E5", None),
    ("email", "", None),
    ("email", f"{'x' * 64}@example.com", None),
    ("email", "a..b@example.com", None),
    ("email", "o'brien@mylive.com", None),
    ("email", "jj@gmail.com", None),
    ("phone", "", None),
    ("phone", "2065550100", ("country", "US")),
    ("phone", "8765230123", ("country", "JM")),
    ("phone", "+80012345678", None),
    ("phone", "+38344123456", ("country", "RS")),
    ("dob", "1896-01-01", None),
    ("dob", "2026-01-01", None),
    ("date_of_last_session", "2026-01-01", None),
    ("date_of_last_session", "2026-01-01T00:30:00+01:00", None),
    ("date_of_last_session", "2024-02-29T23:59:59.123456789-12:00", None),
    ("gender", "nil", None),
    ("last_name", "None", None),
    ("first_name", "Nan", None),
    ("first_name", "'", None),
    ("home_city", '"1,5"', None),
    ("home_city", "01304", None),
    ("home_city", "x" * 255, None),
    ("home_city", "李" * 255, None),
    ("email_open_tracking_disabled", "tRuE", None),
    ("price", '"0130"', None),
    ("price", "'0130'", None),
    ("price", '"five"', None),
    ("price", "-0", None),
    ("price", "-1.50", None),
    ("price", "9" * 40, None),
    ("renewal_date", '"1/2/24"', None),
    ("renewal_date", "2024-05-01T10:00:00.5Z", None),
    ("is_member", "'yes'", None),
    ("employer", "130", None),
    ("employer", "true", None),
    ("employer", "2024-05-01", None),
    ("employer", "+442071838750", None),
    ("employer", "1-2-3", None),
    ("employer", "12.34.56.78", None),
    ("employer", "13.13.13", None),
    ("employer", "null & void", None),
    ("employer", "Null", None),
    ("employer", "'", None),
    ("employer", "5 % off", None),
    ("employer", '"3,14,15"', None),
    ("employer", "SÃO", None),
    ("employer", "MANHÃ", None),
    ("employer", "«Ça»", None),
    ("employer", "#REF", None),
]


#: Of rows of an event: column, value, what is said, the suggestion.
NEARLY_EVENTS: list[tuple[str, str, str, str, str | None]] = [
    ("logged out", "time", "2024-06-10 12:00", "invalid-event-time", "2024-06-10T12:00:00"),
    ("logged out", "time", "10/06/2024", "invalid-event-time", None),
    ("logged out", "time", "", "missing-event-time", None),
    ("logged out", "time", "2026-01-01T00:00:00.001Z", "future-event-time", None),
    ("logged out", "name", "", "missing-event-name", None),
    ("logged out", "name", "logged out ", "invalid-event-name", "logged out"),
    ("logged out", "name", "$out", "invalid-event-name", None),
    ("logged out", "searched.properties.query", "x", "foreign-property", None),
    ("logged out", "searched.properties.query", "'=1", "foreign-property", None),
    ("searched", "searched.properties.query", "'=1", "guarded-value", "=1"),
    ("searched", "searched.properties.query", "None", "null-literal", ""),
    ("searched", "searched.properties.query", "[a, b]", "array-value", None),
    ("searched", "searched.properties.query", "1,5", "formatted-number", "1.5"),
    ("searched", "searched.properties.query", "x\x7f", "control-character", None),
    ("Video watched", "Video watched.properties.seconds", "1:30", "mixed-types", None),
    ("Video watched", "Video watched.properties.seconds", "090", "leading-zero-number", None),
    (
        "Video watched",
        "Video watched.properties.rated at",
        "2024-06-10 12:00:00",
        "non-iso-date",
        "2024-06-10T12:00:00",
    ),
]

#: Rules that a cell in quotes that it does not need is safe from.
NOT_ON_PURPOSE = {
    "mixed-types",
    "leading-zero-number",
    "formatted-number",
    "damaged-number",
    "non-iso-date",
}


@cache
def table(name: str) -> realistic.Table:
    return realistic.TABLES[name](ROWS)


def said(source: bytes, **options: Any) -> Counter[Said]:
    """What is said, and how often; of the file in row 0, of a whole column in row 1."""
    found = run(source, now=NOW, time_budget=None, **options)
    assert found.complete
    return Counter((each.rule, each.row or 0, each.column or "", each.suggestion) for each in found)


def defended(name: str) -> Counter[Said]:
    """What has to be said of the table `name`."""
    expected: Counter[Said] = Counter()
    for (of, column, value), each in EXPECTED.items():
        if of != name:
            continue
        if value is None:
            expected[each.rule, 1, column, each.suggestion] += 1
            continue
        cells = table(name).columns[column]
        rows = [row for row, cell in enumerate(cells, 2) if realistic.value(cell) == value]
        assert rows, value
        expected.update((each.rule, row, column, each.suggestion) for row in rows)
    return expected


def with_cells(cells: list[tuple[str, str, tuple[str, str] | None]]) -> realistic.Table:
    """The wide table with these cells, each in a row of its own."""
    clean = table("crm")
    columns = {name: list(column) for name, column in clean.columns.items()}
    for row, (column, cell, other) in zip(_rows(cells), cells, strict=True):
        columns[column][row - 2] = cell
        if column == "phone":
            columns["country"][row - 2] = ""
        if other:
            columns[other[0]][row - 2] = other[1]
    return realistic.Table(columns, clean.line_end, clean.bom)


def _rows(cells: Sized) -> range:
    """A row for each, all over the table."""
    step = ROWS // len(cells)
    return range(2, 2 + step * len(cells), step)


@cache
def nearly() -> realistic.Table:
    return with_cells(
        [(column, realistic.field(value), other) for column, value, _, _, other in NEARLY]
    )


@pytest.mark.parametrize("name", realistic.TABLES)
def test_only_what_is_defended_is_said(name: str) -> None:
    assert said(table(name).encoded()) == defended(name)


def test_all_that_is_defended_is_of_a_table() -> None:
    columns = {(name, column) for name in realistic.TABLES for column in table(name).columns}
    assert {(name, column) for name, column, _ in EXPECTED} <= columns


def test_what_comes_after_the_sample_has_no_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csvimport.inference.MOST_RECORDS", ROWS // 2)
    result = run(table("crm").encoded(), now=NOW, time_budget=None)
    assert list(result) == []
    types = {column["name"]: column["type"] for column in result.columns or []}
    assert [types[name] for name in ("late_number", "late_text", "late_date")] == [None] * 3
    assert [types[name] for name in ("price", "sparse_number", "never")] == [
        "number",
        "number",
        None,
    ]


def test_types_are_those_that_people_mean() -> None:
    types = {
        column["name"]: column["type"]
        for column in run(table("crm").encoded(), now=NOW, time_budget=None).columns or []
    }
    of = {
        kind: {name for name, each in types.items() if each == kind}
        for kind in ("number", "boolean")
    }
    assert of["boolean"] == {
        "is_member",
        "is_vip",
        "has_app",
        "email_open_tracking_disabled",
        "email_click_tracking_disabled",
    }
    assert of["number"] == {
        *("price", "balance", "visits", "birth_year", "order_number", "latitude", "longitude"),
        *("barcode", "stars", "consent", "delta", "sparse_number", "late_number"),
    }
    assert {name for name, each in types.items() if each is None} == {
        *("postcode", "plz", "wrapped_id", "never", "never_quoted"),
    }


def test_nearly_right_values_are_told_from_right_ones() -> None:
    expected = Counter(
        (rule, row, column, suggestion)
        for row, (column, _, rule, suggestion, _) in zip(_rows(NEARLY), NEARLY, strict=True)
    )
    assert said(nearly().encoded()) == expected


def test_nearly_right_events_are_told_from_right_ones() -> None:
    clean = table("events")
    columns = {name: list(cells) for name, cells in clean.columns.items()}
    expected = defended("events")
    for number, (event, column, value, rule, suggestion) in enumerate(NEARLY_EVENTS):
        index = [at for at, name in enumerate(clean.columns["name"]) if name == event][number]
        columns[column][index] = realistic.field(value)
        expected[rule, index + 2, column, suggestion] += 1
    assert said(realistic.Table(columns).encoded()) == expected


def test_the_form_of_the_file_changes_nothing_else() -> None:
    text = nearly().encoded().decode("utf-8-sig")
    expected = said(nearly().encoded())
    assert said(text.rstrip().replace("\r\n", "\n").encode(), block_size=50_021) == expected
    other = Counter({("wrong-encoding", 0, "", None): 1})
    assert said(text.encode("utf-16")) == expected + other


def test_quotes_make_custom_values_strings() -> None:
    columns = {
        name: [realistic.quoted(realistic.value(cell)) for cell in cells]
        for name, cells in nearly().columns.items()
    }
    # a comma needs its quotes: they don't make a string of what is around it
    expected = Counter(
        (rule, row, column, suggestion)
        for row, (column, value, rule, suggestion, _) in zip(_rows(NEARLY), NEARLY, strict=True)
        if rule not in NOT_ON_PURPOSE or "," in value
    )
    assert said(realistic.Table(columns).encoded()) == expected


def test_values_at_the_edge_are_right() -> None:
    assert said(with_cells(RIGHT).encoded()) == Counter()


def test_the_files_are_the_same_at_every_run(tmp_path: Path) -> None:
    command = [sys.executable, realistic.__file__, str(tmp_path), "40"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    for name, make in realistic.TABLES.items():
        assert (tmp_path / f"{name}.csv").read_bytes() == make(40).encoded()
