"""What the rules of values say of single values, valid and wrong ones, in a whole check."""

import csv
import io
from datetime import UTC, datetime
from zoneinfo import available_timezones

import pycountry
import pytest
from running import issues, run, told

from csvimport.workspace import Workspace

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def table(columns: dict[str, list[str]]) -> str:
    """A file with these columns."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return text.getvalue()


def said(column: str, values: list[str], **others: list[str]) -> dict[str, tuple[str, str | None]]:
    """By value, the rule and the suggestion; of values that nothing is said of, nothing."""
    ids = [f"u{number}" for number in range(len(values))]
    found = run(table({"external_id": ids, column: values, **others}), now=NOW)
    return {
        values[each.row - 2]: (each.rule, each.suggestion)
        for each in found
        if each.row and each.row > 1 and each.column == column
    }


VALID: dict[str, list[str]] = {
    "first_name": ["Ana", "O'Brien", "None Given", "李", "X Æ A-12", "Mary  Jane", "'s", "x" * 255],
    "last_name": ["None", "nil", "NaN", "N/A", "n/a", "nan", "Null", "NULLER"],
    "home_city": ["'s-Hertogenbosch", "São Paulo", "Âncora", "Nullarbor", "Łódź"],
    "email": [
        *(
            "a@b.co",
            "a.b+c@example.com",
            "o'brien@example.com",
            "a..b@example.com",
            "Ü@example.com",
        ),
        *("a@xn--exmple-cua.com", "x" * 64 + "@example.com", "A@EXAMPLE.COM", "a@b.c.d.museum"),
        *("ab@gmail.com", "a.b-c_d+x@hotmail.com", "a!#$%&'*+/=?^_`|~-@example.com"),
    ],
    "phone": ["+442071838750", "+12065550100", "+14155552671", "+4915112345678", "+390612345678"],
    "country": ["GB", "US", "TL", "SS"],
    "language": ["en", "nb", "nn", "fil", "zh", "swc"],
    "dob": ["1980-12-21", "2000-02-29", "1984-02-29", "1896-11-22", "2026-11-22"],
    "gender": ["M", "F", "O", "N", "P", "nil"],
    "email_subscribe": ["opted_in", "subscribed", "unsubscribed"],
    "email_open_tracking_disabled": ["true", "false", "TRUE", "False"],
    "time_zone": ["Europe/London", "US/Eastern", "Eastern Time (US & Canada)", "UTC", "Nuku'alofa"],
    "date_of_last_session": [
        *("2024-06-10", "2024-06-10T12:00:00", "2024-06-10T12:00:00Z", "2024-06-10T12:00:00.000Z"),
        *("2024-06-10T12:00:00.123456789+14:00", "2024-02-29T23:59:59-11:30", "0001-01-01"),
        *("2026-11-22T12:00:00Z", "2026-11-22T14:00:00+02:00", "2026-11-22T01:00:00-11:00"),
    ],
}

WRONG: dict[str, dict[str, tuple[str, str | None]]] = {
    "first_name": {
        " Ana": ("surrounding-whitespace", "Ana"),
        "Ana\u00a0": ("surrounding-whitespace", "Ana"),
        "   ": ("surrounding-whitespace", ""),
        "NULL": ("null-literal", ""),
        r"\N": ("null-literal", ""),
        "#N/A": ("null-literal", ""),
        "#REF!": ("spreadsheet-error", None),
        "x" * 256: ("value-too-long", None),
        "JosÃ©": ("mojibake", "José"),
        "Mi\ufffda": ("replacement-character", None),
        "a\x00b": ("control-character", None),
        "a\rb": ("control-character", None),
        "a\x85b": ("control-character", None),
        "'=SUM(A1)": ("guarded-value", "=SUM(A1)"),
        "'-x": ("guarded-value", "-x"),
    },
    "last_name": dict.fromkeys(("NULL", "null", r"\N", "#N/A"), ("null-literal", "")),
    "email": {
        "a@b": ("invalid-email", None),
        " a@example.com": ("invalid-email", "a@example.com"),
        "a@exämple.com": ("invalid-email", "a@xn--exmple-cua.com"),
        ".a@example.com": ("invalid-email", None),
        "a.@example.com": ("invalid-email", None),
        "a b@example.com": ("invalid-email", None),
        '"a"@example.com': ("invalid-email", None),
        "x" * 65 + "@example.com": ("invalid-email", None),
        "a@127.0.0.1": ("invalid-email", None),
        "a@[127.0.0.1]": ("invalid-email", None),
        "a@-b.com": ("invalid-email", None),
        "a@" + "b" * 64 + ".com": ("invalid-email", None),
        "a@gmail.com": ("invalid-email", None),
        "a..b@outlook.com": ("invalid-email", None),
        "a'b@live.co.uk": ("invalid-email", None),
        "a@@example.com": ("invalid-email", None),
        "'+a@example.com": ("guarded-value", "+a@example.com"),
    },
    "phone": {
        "2071838750": ("phone-without-country-code", None),
        "442071838750": ("invalid-phone", None),
        "00442071838750": ("invalid-phone", "+442071838750"),
        "+44 20 7183 8750": ("invalid-phone", "+442071838750"),
        "+0123456": ("invalid-phone", None),
        "+1234567890123456": ("invalid-phone", None),
        "4.42E+11": ("invalid-phone", None),
        "+12": ("implausible-phone", None),
        "+99999999999": ("implausible-phone", None),
        "'+442071838750": ("guarded-value", "+442071838750"),
    },
    "country": {
        "gb": ("invalid-country", "GB"),
        "GBR": ("invalid-country", "GB"),
        "UK": ("invalid-country", "GB"),
        "United Kingdom": ("invalid-country", "GB"),
        "DD": ("invalid-country", None),
        "XX": ("invalid-country", None),
    },
    "language": {
        "EN": ("invalid-language", "en"),
        "en-US": ("invalid-language", "en"),
        "German": ("invalid-language", "de"),
        "no": ("invalid-language", "nb"),
        "xx": ("invalid-language", None),
    },
    "dob": {
        "1985-02-29": ("invalid-date-of-birth", None),
        "1900-02-29": ("invalid-date-of-birth", None),
        "0000-00-00": ("invalid-date-of-birth", None),
        "0000-01-01": ("invalid-date-of-birth", None),
        "1990-1-2": ("invalid-date-of-birth", "1990-01-02"),
        "1990-01-02T00:00:00Z": ("invalid-date-of-birth", "1990-01-02"),
        "2 Jan 1990": ("invalid-date-of-birth", "1990-01-02"),
        "05/05/1990": ("invalid-date-of-birth", "1990-05-05"),
        "03/04/1990": ("invalid-date-of-birth", None),
        "2026-11-23": ("implausible-date", None),
        "1896-11-21": ("implausible-date", None),
    },
    "gender": {
        "m": ("invalid-gender", "M"),
        "Female": ("invalid-gender", "F"),
        "NIL": ("invalid-gender", "nil"),
        "X": ("invalid-gender", None),
    },
    "email_subscribe": {
        "Subscribed": ("invalid-subscription-state", "subscribed"),
        "unsubscribed\u00a0": ("invalid-subscription-state", "unsubscribed"),
        "opted in": ("invalid-subscription-state", "opted_in"),
        "opted-out": ("invalid-subscription-state", None),
    },
    "email_open_tracking_disabled": {
        "yes": ("invalid-boolean", "true"),
        "0": ("invalid-boolean", "false"),
        "maybe": ("invalid-boolean", None),
    },
    "time_zone": {
        "europe/london": ("invalid-time-zone", "Europe/London"),
        "America/New York": ("invalid-time-zone", "America/New_York"),
        "(GMT-05:00) Bogota": ("invalid-time-zone", "Bogota"),
        "Mars/Olympus": ("invalid-time-zone", None),
    },
    "date_of_last_session": {
        "2024-06-10T24:00:00Z": ("invalid-session-date", None),
        "2024-06-10T12:00:60Z": ("invalid-session-date", None),
        "2024-06-10T12:00Z": ("invalid-session-date", "2024-06-10T12:00:00Z"),
        "2024-06-10 12:00:00": ("invalid-session-date", "2024-06-10T12:00:00"),
        "2024-06-10T12:00:00,5Z": ("invalid-session-date", None),
        "2024-06-10T12:00:00+15:00": ("invalid-session-date", None),
        "2026-11-22T12:00:00.001Z": ("implausible-date", None),
        "2026-11-22T11:00:00-02:00": ("implausible-date", None),
        "2026-11-23": ("implausible-date", None),
    },
}


@pytest.mark.parametrize("column", VALID)
def test_what_is_valid(column: str) -> None:
    assert said(column, [*VALID[column], ""]) == {}


@pytest.mark.parametrize("column", WRONG)
def test_what_is_wrong(column: str) -> None:
    # one by one, so that the other dates of a column settle nothing
    assert {value: said(column, [value]).get(value) for value in WRONG[column]} == WRONG[column]


def test_every_country_and_none_that_is_gone() -> None:
    current = [country.alpha_2 for country in pycountry.countries]
    assert said("country", current) == {}
    gone = {
        country.alpha_2 for country in pycountry.historic_countries if hasattr(country, "alpha_2")
    }
    gone -= set(current)
    assert gone
    assert set(said("country", sorted(gone))) == gone


def test_every_zone() -> None:
    assert said("time_zone", sorted(available_timezones() - {"localtime", "posixrules"})) == {}


# What the row says besides


def test_the_country_of_the_row_tells_where_a_number_is_from() -> None:
    values = ["02071838750", "2071838750", "2065550100", "2065550100", "2065550100"]
    found = run(
        table(
            {
                "external_id": list("abcde"),
                "phone": values,
                "country": ["GB", "GB", "US", "CA", ""],
            }
        )
    )
    assert told(found) == [
        ("invalid-phone", 2, "phone", "+442071838750"),
        ("phone-without-country-code", 3, "phone", "+442071838750"),
        ("phone-without-country-code", 6, "phone", None),
    ]


def test_the_region_of_the_workspace_does_where_the_row_does_not() -> None:
    text = table({"external_id": ["a", "b"], "phone": ["02071838750", "2065550100"]})
    assert told(run(text, region="GB")) == [
        ("invalid-phone", 2, "phone", "+442071838750"),
        ("phone-without-country-code", 3, "phone", None),
    ]
    assert told(run(text, region="US")) == [("invalid-phone", 2, "phone", None)]


def test_the_order_that_a_column_settles_is_said() -> None:
    found = issues(table({"external_id": ["a", "b"], "dob": ["25/12/1990", "03/04/1990"]}))
    assert [each.suggestion for each in found] == ["1990-12-25", "1990-04-03"]
    assert "day first" in found[1].message
    found = issues(
        table({"external_id": list("abc"), "dob": ["25/12/1990", "12/25/90", "3/4/1990"]})
    )
    assert found[-1].suggestion is None


def test_a_year_in_front_is_not_taken_for_a_day() -> None:
    dates = ["80-12-21", "75-03-04", "12-05-31", "13-05-31"]
    found = issues(table({"external_id": list("abcd"), "dob": dates}))
    assert [each.suggestion for each in found] == [None] * 4


def test_a_country_that_is_no_code_hides_the_region() -> None:
    columns = {"external_id": ["a"], "phone": ["020 7183 8750"], "country": ["Germany"]}
    found = [each for each in run(table(columns), region="GB") if each.column == "phone"]
    assert [each.suggestion for each in found] == [None]


def test_a_clock_of_long_ago() -> None:
    text = table({"external_id": ["a", "b"], "dob": ["1980-01-01", "0050-01-01"]})
    found = run(text, now=datetime(100, 1, 1, tzinfo=UTC))
    assert told(found) == [("implausible-date", 2, "dob", None)]


def test_both_halves_of_a_subscription() -> None:
    group = "5f8a1c2e-1111-4222-8333-444455556666"
    text = table(
        {
            "external_id": list("abcd"),
            "subscription_group_id": [group, group, "", ""],
            "subscription_state": ["subscribed", "", "unsubscribed", ""],
        }
    )
    assert told(run(text)) == [
        ("incomplete-subscription", 3, "subscription_state", None),
        ("incomplete-subscription", 4, "subscription_group_id", None),
    ]


def test_an_encrypted_address_is_a_hash() -> None:
    assert told(run("external_id,email,email_encrypted\na,5d41402a,AbC=\n")) == []


# Bad input


@pytest.mark.parametrize("column", ["first_name", "email", "phone", "dob", "note", "country"])
@pytest.mark.parametrize("filling", ["x", "0", " ", "é", "\x01", "[", "Ã©", '""'])
def test_a_cell_of_a_megabyte(column: str, filling: str) -> None:
    value = filling * (1_000_000 // len(filling.encode()))
    text = f'external_id,{column}\nA1,"{value}"\nA2,\n'
    workspace = Workspace(attributes={"note": "number"})
    result = run(text, workspace=workspace)
    assert result.rows == 2
    assert [each.row for each in result] == [2]
    assert all(len(each.message) < 1_000 for each in result)


def test_a_cell_of_control_characters() -> None:
    value = "".join(map(chr, [*range(1, 9), 11, 12, *range(14, 32), *range(127, 160)]))
    (issue,) = run(table({"external_id": ["A1"], "note": [value]}))
    assert issue.rule == "control-character"
    assert "U+0001" in issue.message
    assert issue.value == value


def test_explanations_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csvimport.words.MOST_EXPLAINED", 3)
    values = [f"{day}/12/1990" for day in range(13, 20)]
    text = table({"external_id": list("abcdefg"), "dob": values})
    for block_size in (1, 30, 1 << 20):
        found = run(text, block_size=block_size)
        assert [each.suggestion for each in found] == [
            *("1990-12-13", "1990-12-14", "1990-12-15"),
            *[None] * 4,
        ]
        assert all(each.message for each in found)
