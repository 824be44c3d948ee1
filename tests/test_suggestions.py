"""A suggestion, put in place of its value, mends the cell."""

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st
from running import run

from csvimport.forms import Type
from csvimport.workspace import Workspace

WRONG = [
    *("gb", "GBR", "United Kingdom", "UK", "Atlantis", "en-US", "English", "no", "EN", "klingon"),
    *("25/12/1990", "03/04/1990", "1990-1-2", "2 Jan 1990", "01/02/90", "25/12/2099", "1850-01-01"),
    *(
        "2024-02-30",
        "2024-01-01 10:00",
        "1/13/2024 5:00 PM",
        "20240102",
        " 2024-01-02",
        "13.1.2024",
    ),
    *(
        "m",
        "female",
        "Male ",
        "x",
        "Subscribed",
        "opted in",
        "subscribed\u00a0",
        "unsubscribed ",
        "yes",
    ),
    *(
        "1",
        "0",
        "T",
        "N",
        "maybe",
        "europe/london",
        "(GMT-05:00) Eastern Time (US & Canada)",
        "EST5",
    ),
    *(
        "America/New York",
        "'+442071838750",
        "'=1+1",
        "'-1",
        "'@x",
        "+44 20 7183 8750",
        "02071838750",
    ),
    *(
        "2071838750",
        "2065550100",
        "00442071838750",
        "+1 (206) 555-0100",
        "4.42E+11",
        "123",
        "+0123",
    ),
    *(
        "a@b",
        "a b@example.com",
        "colby@exämple.com",
        " colby@example.com",
        "'+a@example.com",
        "a@@b.c",
    ),
    *("x@gmail.com", "a..b@hotmail.com", ".a@example.com", '"a"@example.com', "ÃŸ@example.com"),
    *(
        "JosÃ©",
        " JosÃ© ",
        "Ã©Â\u00a0",
        "None",
        "NULL",
        "nil",
        " NULL ",
        "n/a",
        "#REF!",
        "[1, 2]",
        "{}",
    ),
    *("1,234", "1.234,5", "12,5", "$5", "5%", "+7", "1 234", "1,234,567", "0130", "1e5", "abc", ""),
    *(" A1 ", "1042.0", "1.5E+12", "x" * 300, "a\x07b", "\ufffd", "a\u200bb", "\u00a0", "  ", "\t"),
    *(
        "5f8A1c2e-1111-2222-3333-444455556666 ",
        "not-a-uuid",
        "$name",
        " rented ",
        "2030-01-01 10:00",
    ),
]
VALUES = st.sampled_from(WRONG) | st.text(max_size=12)

ATTRIBUTES = [
    *("external_id", "braze_id", "first_name", "last_name", "email", "country", "dob", "gender"),
    *("home_city", "language", "phone", "email_open_tracking_disabled", "email_subscribe"),
    *("push_subscribe", "time_zone", "date_of_first_session", "subscription_group_id"),
    *("subscription_state", "b", "n", "d", "s"),
]
EVENTS = ["external_id", "phone", "name", "time", *(f"rented.properties.{kind}" for kind in "bnds")]
TYPES: dict[str, Type] = {"b": "boolean", "n": "number", "d": "datetime", "s": "string"}


#: Issues that stand on the row, whatever is in the cell.
ROW_RULES = ("identifier-fallback", "missing-identifier", "duplicate-identifier", "duplicate-event")


def _file(header: list[str], row: dict[str, str], alias: int) -> str:
    """`row`, and enough blank ones that no habit shows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerow(row.get(name, "") for name in header)
    for number in range(alias):
        plain = {"b": "true", "n": "7", "d": "2024-01-01", "s": "x"}
        row = {"external_id": f"u{number}", "name": "rented", "time": "2024-01-01"}
        writer.writerow(row.get(name, plain.get(name[-1:], "")) for name in header)
    return text.getvalue()


def _mended(header: list[str], row: dict[str, str], region: str | None) -> None:
    workspace = Workspace(attributes=TYPES, events={"rented": TYPES}, region=region)
    issues = run(_file(header, row, 40), workspace=workspace)
    suggested = {
        each.column: each.suggestion
        for each in issues
        if each.row == 2 and each.column is not None and each.suggestion is not None
    }
    if suggested:
        after = run(_file(header, {**row, **suggested}, 40), workspace=workspace)
        left = [each for each in after if each.row == 2 and each.column in suggested]
        assert [each for each in left if each.rule not in ROW_RULES] == [], suggested


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES, min_size=1, max_size=6),
    st.sampled_from([None, "GB", "US"]),
)
def test_of_attributes(row: dict[str, str], region: str | None) -> None:
    _mended(ATTRIBUTES, row, region)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(EVENTS), VALUES, min_size=1, max_size=5))
def test_of_events(row: dict[str, str]) -> None:
    _mended(EVENTS, row, None)


def test_every_wrong_value_in_every_column() -> None:
    for value in WRONG:
        _mended(ATTRIBUTES, dict.fromkeys(ATTRIBUTES, value), "GB")
