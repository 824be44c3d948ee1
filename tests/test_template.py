"""The files to start from: what is written is what the check lets through."""

from pathlib import Path

import pytest

from csvimport import Verdict, check
from csvimport.cli import CANNOT_RUN, OK, main
from csvimport.columns import Kind, known_columns
from csvimport.template import IDENTIFIERS, render

#: Two columns that go only together.
GROUP = ["subscription_group_id", "subscription_state"]


@pytest.mark.parametrize("identifier", IDENTIFIERS)
@pytest.mark.parametrize("kind", ["attributes", "events"])
def test_a_template_has_no_issue_and_identifies_users_as_asked(kind: Kind, identifier: str) -> None:
    result = check([render(kind, identifier).encode()])
    assert result.verdict == Verdict.COMPLETE, list(result)
    assert (result.kind, result.rows) == (kind, 2)
    assert result.identifier[0] == IDENTIFIERS[identifier][0]


@pytest.mark.parametrize("kind", ["attributes", "events"])
def test_every_known_column_has_examples_that_pass(kind: Kind) -> None:
    alone = [[name] for name in known_columns(kind) if name not in GROUP]
    for columns in [*alone, GROUP] if kind == "attributes" else alone:
        own = [key for key, names in IDENTIFIERS.items() if columns[0] in names]
        identifier = (own or ["external_id"])[0]  # some may not stand beside others
        found = list(check([render(kind, identifier, columns).encode()], kind=kind))
        assert found == [], columns


def test_each_row_fills_the_properties_of_its_own_event() -> None:
    text = render("events", "email", ["trip.properties.to", "visit.properties.page"])
    header, first, second = (line.split(",") for line in text.splitlines())
    assert header == ["email", "name", "time", "trip.properties.to", "visit.properties.page"]
    assert first[1] == "trip"
    assert second[1] == "visit"
    assert (first[4], second[3]) == ("", "")
    assert list(check([text.encode()])) == []


def test_the_command_prints_a_template(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["template", "attributes", "--identifier", "email", "--columns", "plan, dob"]) == OK
    header, *rows = capsys.readouterr().out.splitlines()
    assert header == "email,plan,dob"
    assert len(rows) == 2


def test_the_command_writes_a_template_but_replaces_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "users.csv"
    assert main(["template", "events", "--output", str(path)]) == OK
    assert path.read_text() == render("events", "external_id")
    assert main(["template", "attributes", "--output", str(path)]) == CANNOT_RUN
    assert "is there already" in capsys.readouterr().err
    assert path.read_text() == render("events", "external_id")


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ("subscription_state", "incomplete-subscription-columns"),
        ("user_alias_name,user_alias_label", "mixed-identifier-columns"),
        ("a,,b", "blank-header"),
    ],
)
def test_what_no_import_would_take_is_not_written(
    columns: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["template", "attributes", "--columns", columns]) == CANNOT_RUN
    said = capsys.readouterr()
    assert said.out == ""
    assert why in said.err
    assert said.err.count("\n") == 1
