"""The workspace file: what it can say, what is said about a wrong one, what is written as one."""

import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cli import CLEAN, WARNINGS, Printed, assert_harmless, folder, names, run, write

from csvimport import OptionError, Options, Severity, Workspace, check, start
from csvimport.cli import CANNOT_RUN, FOUND, OK
from csvimport.forms import Type
from csvimport.options import SIZE_LIMITS
from csvimport.report.workspace import render
from csvimport.workspace import DEFAULT_PATH, KEYS, bare_or_quoted, read

__all__ = ["folder", "run"]

WHOLE = """\
region = "GB"
ignore = ["duplicate-identifier"]
[severity]
"misspelled-column" = "error"
[limits]
attributes = 500
events = 50.5
[attributes]
plan = "string"
"a.b" = "number"
[events.rented_movie]
movie_name = "string"
[events."ecommerce.order_placed"]
total = "number"
"""
TYPES: tuple[Type, ...] = ("boolean", "number", "datetime", "string")


def workspace(text: str | bytes) -> Workspace:
    return read(write("w.toml", text))


def complaint(text: str | bytes) -> str:
    """What is said about a workspace file, behind its name."""
    with pytest.raises(OptionError) as caught:
        workspace(text)
    name, _, said = str(caught.value).partition(": ")
    assert name == "w.toml"
    assert "\n" not in said
    return said


# --- What it can say -----------------------------------------------------------------------------


def test_every_key() -> None:
    assert workspace(WHOLE) == Workspace(
        region="GB",
        ignore=["duplicate-identifier"],
        severity={"misspelled-column": Severity.ERROR},
        limits={"attributes": 500.0, "events": 50.5},
        attributes={"plan": "string", "a.b": "number"},
        events={
            "rented_movie": {"movie_name": "string"},
            "ecommerce.order_placed": {"total": "number"},
        },
        path="w.toml",
    )


def test_properties_have_the_types_of_their_columns() -> None:
    assert workspace(WHOLE).property_types() == {
        "rented_movie.properties.movie_name": "string",
        "ecommerce.order_placed.properties.total": "number",
    }


def test_nothing_is_required() -> None:
    assert workspace("") == Workspace(path="w.toml")
    assert Workspace().property_types() == {}


def test_the_mark_that_some_editors_write_is_no_content() -> None:
    assert workspace(b'\xef\xbb\xbfregion = "GB"\r\n').region == "GB"


def test_what_is_read_has_the_types_that_it_claims() -> None:
    read_back = workspace(WHOLE)
    assert isinstance(read_back.severity["misspelled-column"], Severity)
    assert isinstance(read_back.limits["attributes"], float)


def test_a_workspace_does_not_change() -> None:
    with pytest.raises(AttributeError):
        cast(Any, Workspace()).region = "GB"


def test_the_examples_of_the_keys_are_a_workspace() -> None:
    assert set(KEYS) == set(Workspace.__struct_fields__) - {"path"}
    shown = workspace("\n".join(key.example for key in KEYS.values()))
    assert all(getattr(shown, key) for key in KEYS)
    assert shown.limits == SIZE_LIMITS


# --- What is wrong with it -----------------------------------------------------------------------

A_TYPE = "expected `boolean`, `number`, `datetime` or `string`"
OF_AN_ATTRIBUTE = f"{A_TYPE} (the type of a custom attribute)"
OF_A_PROPERTY = f"{A_TYPE} (the type of an event's property)"
A_LIMIT = "expected a number above 0 (the megabytes that an import takes)"
NAMES = "expected an array of names of rules (the rules that are not reported)"
A_REGION = (
    "expected an ISO 3166-1 alpha-2 code such as `GB` "
    "(where a phone number without country code is from)"
)
A_SEVERITY = "expected `error` or `warning` (the severity that a rule is reported with)"
A_KEY = (
    "found an unknown key, "
    "expected `region`, `ignore`, `severity`, `limits`, `attributes` or `events`"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[attributes]\nplan = "text"', f'attributes.plan: found "text", {OF_AN_ATTRIBUTE}'),
        ('[attributes]\nplan = "String"', f'attributes.plan: found "String", {OF_AN_ATTRIBUTE}'),
        ("[attributes]\nplan = true", f"attributes.plan: found true, {OF_AN_ATTRIBUTE}"),
        ('[attributes]\n"a.b" = 1', f'attributes."a.b": found 1, {OF_AN_ATTRIBUTE}'),
        ('[attributes]\n"é" = ["x", 1]', f'attributes."é": found ["x", 1], {OF_AN_ATTRIBUTE}'),
        (
            '[attributes]\na.b = "string"',
            f"attributes.a: found a table, {OF_AN_ATTRIBUTE}; "
            "a name that holds a dot stands in quotes",
        ),
        (
            '[events.ecommerce.order_placed]\ntotal = "number"',
            f"events.ecommerce.order_placed: found a table, {OF_A_PROPERTY}; "
            "a name that holds a dot stands in quotes",
        ),
        (
            "attributes = 1",
            "attributes: found 1, expected a table (the type of a custom attribute)",
        ),
        (
            '[events]\nrented_movie = "string"',
            'events.rented_movie: found "string", '
            "expected a table (the type of an event's property)",
        ),
        ("[events.a]\nb = 2024-01-01", f"events.a.b: found 2024-01-01, {OF_A_PROPERTY}"),
        ("[limits]\nevents = 0", f"limits.events: found 0, {A_LIMIT}"),
        ("[limits]\nevents = -1.5", f"limits.events: found -1.5, {A_LIMIT}"),
        ("[limits]\nevents = nan", f"limits.events: found nan, {A_LIMIT}"),
        ("[limits]\nevents = inf", f"limits.events: found inf, {A_LIMIT}"),
        ("[limits]\nevents = true", f"limits.events: found true, {A_LIMIT}"),
        ('[limits]\nevents = "50"', f'limits.events: found "50", {A_LIMIT}'),
        (
            f"[limits]\nevents = 0x{'f' * 5000}",
            f"limits.events: found a number of very many digits, {A_LIMIT}",
        ),
        (
            "[limits]\nevent = 50",
            "limits.event: found an unknown key, expected `attributes` or `events`; "
            "did you mean `events`?",
        ),
        ('ignore = "blank-row"', f'ignore: found "blank-row", {NAMES}'),
        ("ignore = [1]", f"ignore: found [1], {NAMES}"),
        (
            'ignore = ["blank-rwo"]',
            "ignore: there is no rule `blank-rwo`; did you mean `blank-row`?",
        ),
        (
            '[severity]\nblank-rwo = "error"',
            "severity.blank-rwo: there is no rule `blank-rwo`; did you mean `blank-row`?",
        ),
        ('[severity]\nblank-row = "fatal"', f'severity.blank-row: found "fatal", {A_SEVERITY}'),
        (
            'severity = ["blank-row"]',
            'severity: found ["blank-row"], '
            "expected a table (the severity that a rule is reported with)",
        ),
        ('region = "gb"', f'region: found "gb", {A_REGION}; did you mean `GB`?'),
        ('region = "UK"', f'region: found "UK", {A_REGION}'),
        ('region = "001"', f'region: found "001", {A_REGION}'),
        ('region = ""', f'region: found "", {A_REGION}'),
        ("region = 44", f"region: found 44, {A_REGION}"),
        ('regoin = "GB"', f"regoin: {A_KEY}; did you mean `region`?"),
        ("zzz = 1", f"zzz: {A_KEY}"),
        ('path = "w.toml"', f"path: {A_KEY}"),
        ('"\\u001b" = 1', f'"\\u001B": {A_KEY}'),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    assert complaint(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# ours\nregion == 1", "line 2: invalid value"),
        ("ignore = [\n\n\n", "line 1: invalid value"),
        ("a = 1\na = 2", "line 2: cannot overwrite a value"),
        ("[limits]\n[limits]", "line 2: cannot declare `limits` twice"),
        ("[events.a]\n[events.a]\n", "line 2: cannot declare `events`, `a` twice"),
        ("a = 1\nb", "line 2: expected `=` after a key in a key/value pair"),
        (b"a = 1\nb = '\xff'", "line 2: found bytes that are not UTF-8, expected UTF-8"),
        (f"a = {'1' * 5000}", "found a number of more digits than can be read"),
        (f"a = {'[' * 5000}", "found arrays within arrays, too many of them"),
    ],
)
def test_broken_toml_is_located(text: str | bytes, said: str) -> None:
    assert complaint(text) == said


def test_a_long_value_is_cut() -> None:
    assert len(complaint(f'region = "{"x" * 5000}"')) < 300
    assert len(complaint(f"ignore = [{'1, ' * 5000}]")) < 300


def test_a_file_that_cannot_be_read() -> None:
    for path in ("missing.toml", ".", "x" * 300, "nul\0.toml"):
        with pytest.raises(OptionError) as caught:
            read(Path(path))
        assert str(caught.value).startswith(f"{path}: ")


def test_a_workspace_that_is_made_is_held_to_the_same() -> None:
    with pytest.raises(OptionError, match=r'^attributes\.plan: found "text", expected `boolean`'):
        Workspace(attributes={"plan": cast(Any, "text")})
    with pytest.raises(OptionError, match=r'^region: found "UK", '):
        Workspace(region="UK")
    with pytest.raises(OptionError, match=r"^ignore: there is no rule `blank-rwo`; did you mean"):
        Workspace(ignore=["blank-rwo"])


@given(st.text() | st.binary())
def test_no_text_is_an_accident(
    tmp_path_factory: pytest.TempPathFactory, data: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    said = ""
    try:
        read(path)
    except OptionError as error:
        said = str(error)
    assert said.startswith(f"{path}: ") or not said


# --- Options -------------------------------------------------------------------------------------


def test_the_caller_goes_before_the_workspace() -> None:
    ours = Workspace(
        ignore=["blank-row", "stray-quote"],
        severity={"duplicate-identifier": Severity.ERROR, "mixed-identifiers": Severity.WARNING},
    )
    options = Options(
        ignore=frozenset({"no-data-rows"}),
        severities={"duplicate-identifier": Severity.WARNING, "stray-quote": Severity.WARNING},
        workspace=ours,
    )
    assert options.ignore == {"blank-row", "no-data-rows"}
    assert options.severities == {
        "duplicate-identifier": Severity.WARNING,
        "mixed-identifiers": Severity.WARNING,
        "stray-quote": Severity.WARNING,
    }


def test_what_the_caller_ignores_is_ignored_whatever_its_severity() -> None:
    ours = Workspace(severity={"blank-row": Severity.ERROR})
    assert Options(ignore=frozenset({"blank-row"}), workspace=ours).ignore == {"blank-row"}


def test_limits() -> None:
    assert [Options().limit(kind) for kind in ("attributes", "events")] == [500, 50]
    options = Options(workspace=Workspace(limits={"events": 0.5}))
    assert [options.limit(kind) for kind in ("attributes", "events")] == [500, 0.5]
    options = Options(workspace=Workspace(limits={"events": 0.5}), size_limit=3)
    assert [options.limit(kind) for kind in ("attributes", "events")] == [3, 3]


# --- The library ---------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [str, Path, read])
def test_the_library_takes_a_workspace_or_its_file(form: Any) -> None:
    write("w.toml", 'ignore = ["blank-row"]')
    given_as = form(Path("w.toml"))
    by_rule = {"duplicate-identifier": 1}
    assert check([WARNINGS.encode()], workspace=given_as).issues_by_rule == by_rule
    assert start([WARNINGS.encode()], workspace=given_as).result().issues_by_rule == by_rule


def test_the_library_looks_for_no_file() -> None:
    write(str(DEFAULT_PATH), 'ignore = ["blank-row"]')
    assert "blank-row" in check([WARNINGS.encode()]).issues_by_rule


def test_the_library_names_a_broken_file() -> None:
    write("w.toml", "region = 1")
    with pytest.raises(OptionError, match=r"^w\.toml: region: found 1"):
        check([CLEAN.encode()], workspace="w.toml")


# --- The command line ----------------------------------------------------------------------------


def test_the_file_in_this_folder_is_used(run: Printed) -> None:
    write("users.csv", WARNINGS)
    write("csvimport.toml", 'ignore = ["blank-row"]')
    _, result = run.json("users.csv", "--no-report")
    assert result["issues_by_rule"] == {"duplicate-identifier": 1}
    assert result["workspace"] == "csvimport.toml"
    run("check", "users.csv", "--no-report")
    assert "with the settings in csvimport.toml" in run.out


def test_a_file_that_is_named_is_used_instead(run: Printed) -> None:
    write("users.csv", WARNINGS)
    write("csvimport.toml", "broken")
    write("w.toml", 'ignore = ["duplicate-identifier"]')
    _, result = run.json("users.csv", "--no-report", "--workspace", "w.toml")
    assert result["issues_by_rule"] == {"blank-row": 1}


def test_a_broken_file_in_this_folder_is_named(run: Printed) -> None:
    write("users.csv", CLEAN)
    write("csvimport.toml", "region = 1")
    assert run.complaint("check", "users.csv") == f"csvimport.toml: region: found 1, {A_REGION}"
    Path("csvimport.toml").unlink()
    Path("csvimport.toml").symlink_to("nowhere")
    assert run.complaint("check", "users.csv") == "csvimport.toml: no such file or directory"


@pytest.mark.parametrize("option", ["--report", "--issues"])
@pytest.mark.parametrize("path", ["csvimport.toml", "./csvimport.toml", "link.toml"])
def test_no_output_goes_over_the_file_in_this_folder(run: Printed, option: str, path: str) -> None:
    write("users.csv", WARNINGS)
    write("csvimport.toml", 'ignore = ["blank-row"]')
    Path("link.toml").symlink_to("csvimport.toml")
    assert run.complaint("check", "users.csv", option, path).startswith(
        f"{Path(path)}: is an input"
    )
    assert Path("csvimport.toml").read_text() == 'ignore = ["blank-row"]'


def test_the_help_names_the_file(run: Printed) -> None:
    assert run("check", "--help") == OK
    assert "csvimport.toml" in run.out


def test_limits_of_the_workspace_are_those_of_the_check(run: Printed) -> None:
    write("users.csv", CLEAN)
    write("csvimport.toml", "[limits]\nattributes = 0.00001\nevents = 50")
    status, result = run.json("users.csv", "--no-report")
    assert status == FOUND
    assert result["issues_by_rule"] == {"file-too-large": 1}


# --- Writing one ---------------------------------------------------------------------------------


def column(name: str, role: str, kind: str | None, reason: str = "") -> dict[str, str | None]:
    return {"name": name, "role": role, "type": kind, "reason": reason}


ATTRIBUTES = [
    column("external_id", "identifier", "string"),
    column("email", "default", "string"),
    column("plan", "custom", "string", "all of 3 values"),
    column("", "custom", "number"),
    column(" ", "custom", "number"),
    column('a "b".c', "custom", "number"),
    column("plan", "custom", "number"),
    column("email", "custom", "number"),
    column("age", "custom", None, "no values"),
]
EVENTS = [
    column("external_id", "identifier", "string"),
    column("name", "default", "string"),
    column("rented_movie.properties.movie_name", "property", "string"),
    column("odd", "custom", "string"),
    column("e.o.properties.total", "property", "number"),
    column("rented_movie.properties.at", "property", "datetime", "95 % of 20 values"),
    column("rented_movie.properties.seen", "property", None),
]


def test_the_attributes_of_a_file_are_written() -> None:
    text = render(ATTRIBUTES, "attributes")
    assert text.endswith("""
# the type of a custom attribute: `boolean`, `number`, `datetime` or `string`
[attributes]
plan = "string"  # all of 3 values
"a \\"b\\".c" = "number"
# age = "string"  # type unknown: no values

# the type of an event's property: `boolean`, `number`, `datetime` or `string`
# [events.rented_movie]
# movie_name = "string"
""")
    assert workspace(text) == Workspace(
        attributes={"plan": "string", 'a "b".c': "number"}, path="w.toml"
    )


def test_the_properties_of_a_file_are_written() -> None:
    text = render(EVENTS, "events")
    assert text.endswith("""
# the type of a custom attribute: `boolean`, `number`, `datetime` or `string`
# [attributes]
# plan = "string"

# the type of an event's property: `boolean`, `number`, `datetime` or `string`
[events.rented_movie]
movie_name = "string"
at = "datetime"  # 95 % of 20 values
# seen = "string"  # type unknown

[events."e.o"]
total = "number"
""")
    assert workspace(text).events == {
        "rented_movie": {"movie_name": "string", "at": "datetime"},
        "e.o": {"total": "number"},
    }


def test_the_other_keys_are_there_to_be_uncommented() -> None:
    text = render([], "attributes")
    assert workspace(text) == Workspace(path="w.toml")
    _, *parts = text.split("\n\n")
    told = [part.strip().replace("# ", "").partition("\n") for part in parts]
    assert [line for line, _, _ in told] == [f"{k.meaning}: {k.expected}" for k in KEYS.values()]
    examples = "\n".join(key.example for key in KEYS.values())
    assert workspace("\n".join(example for _, _, example in told)) == workspace(examples)


HEADERS = st.text(max_size=30) | st.text("ab\"'\\.#=[] \t\n\r\0\x7f\x85\u2028\u202eé\U0001f600")
COLUMNS = st.lists(
    st.builds(
        column,
        HEADERS | st.builds("{}.properties.{}".format, HEADERS, HEADERS),
        st.sampled_from(["identifier", "default", "custom"]),
        st.none() | st.sampled_from(TYPES),
        st.text(),
    )
)


@given(COLUMNS, st.sampled_from(["attributes", "events"]), st.booleans())
def test_what_is_written_reads_back_with_the_same_types(
    tmp_path_factory: pytest.TempPathFactory,
    columns: list[dict[str, str | None]],
    kind: str,
    ascii_only: bool,
) -> None:
    expected: dict[str, str] = {}
    seen = set()
    for each in columns:
        name = each["name"] or ""
        if kind == "events" and ".properties." in name:
            each["role"] = "property"
        wanted = each["role"] == ("custom" if kind == "attributes" else "property")
        if wanted and name not in seen and name.strip() and (found := each["type"]):
            expected[name] = found
        seen.add(name)
    text = render(columns, kind, ascii_only=ascii_only)
    assert_harmless(text)
    assert text.isascii() or not ascii_only
    path = tmp_path_factory.getbasetemp() / "written.toml"
    path.write_bytes(text.encode())
    found_there = read(path)
    if kind == "attributes":
        assert (found_there.attributes, found_there.events) == (expected, {})
    else:
        assert (found_there.property_types(), found_there.attributes) == (expected, {})


@given(HEADERS, st.booleans())
def test_a_key_is_the_one_that_it_stands_for(name: str, ascii_only: bool) -> None:
    assert tomllib.loads(f"{bare_or_quoted(name, ascii_only=ascii_only)} = 1") == {name: 1}


# --- The command that writes one -----------------------------------------------------------------

CUSTOM = 'external_id,plan,"é ""b"".c",plan,\n1,x,5,,\n2,y,6,,\n'


def test_a_workspace_is_printed(run: Printed) -> None:
    write("users.csv", CUSTOM)
    assert run("workspace", "--from", "users.csv") == OK
    assert run.err == ""
    assert "\n[attributes]\n" in run.out
    assert 'plan = "string"' in run.out
    assert run.out.count("plan = ") == 1
    workspace(run.out)
    assert names() == {"users.csv", "w.toml"}


def test_a_workspace_is_written(run: Printed) -> None:
    write("users.csv", CUSTOM)
    assert run("workspace", "--from", "users.csv") == OK
    printed = run.out
    assert run("workspace", "--from", "users.csv", "--output", "csvimport.toml") == OK
    assert (run.out, run.err) == ("", "")
    assert Path("csvimport.toml").read_text(encoding="utf-8") == printed
    assert run("check", "users.csv", "--no-report") == FOUND  # a header stands there twice
    assert names() == {"users.csv", "csvimport.toml"}


def test_what_is_there_is_not_written_over(run: Printed) -> None:
    write("users.csv", CUSTOM)
    write("csvimport.toml", "ours")
    Path("link.toml").symlink_to("nowhere")
    for path in ("csvimport.toml", "users.csv", "link.toml"):
        said = run.complaint("workspace", "--from", "users.csv", "--output", path)
        assert said == f"{path}: is there already; name another file, or delete it"
    assert Path("csvimport.toml").read_text() == "ours"
    assert Path("users.csv").read_text() == CUSTOM
    assert names() == {"users.csv", "csvimport.toml", "link.toml"}


@pytest.mark.parametrize("output", ["no folder/w.toml", ".", "x" * 300])
def test_an_output_that_cannot_be_written(run: Printed, output: str) -> None:
    write("users.csv", CUSTOM)
    said = run.complaint("workspace", "--from", "users.csv", "--output", output)
    assert said.startswith(f"{output}: ")
    assert names() == {"users.csv"}


def test_a_file_to_start_from_that_is_none(run: Printed) -> None:
    said = run.complaint("workspace", "--from", "missing.csv", "--output", "w.toml")
    assert said == "missing.csv: no such file or directory"
    assert "--from" in run.complaint("workspace")
    assert names() == set()


@pytest.mark.parametrize("text", ["", "\n\n", 'external_id,"b\n1,2\n'])
def test_a_file_without_a_header_that_can_be_read(run: Printed, text: str) -> None:
    write("users.csv", text)
    said = run.complaint("workspace", "--from", "users.csv", "--output", "w.toml")
    assert said.startswith("users.csv: found no header that can be read")
    assert names() == {"users.csv"}


def test_the_kind_can_be_named(run: Printed) -> None:
    write("events.csv", "external_id,name,time,a.properties.b\n1,a,2024-01-01,x\n")
    assert run("workspace", "--from", "events.csv") == OK
    assert "\n[events.a]\n" in run.out
    assert run("workspace", "--from", "events.csv", "--kind", "attributes") == OK
    assert '"a.properties.b" = "string"' in run.out
    assert "--kind" in run.complaint("workspace", "--from", "events.csv", "--kind", "people")


def test_the_file_in_this_folder_does_not_decide_what_is_written(run: Printed) -> None:
    write("users.csv", CUSTOM)
    write("csvimport.toml", "broken")
    assert run("workspace", "--from", "users.csv") == OK


def test_a_terminal_of_few_letters_gets_a_file_that_can_be_read(
    run: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("users.csv", CUSTOM)
    monkeypatch.setattr("csvimport.cli.workspace.is_utf8", lambda: False)
    assert run("workspace", "--from", "users.csv") == OK
    assert run.out.isascii()
    assert "\\u00E9" in run.out


def test_help(run: Printed) -> None:
    assert run("workspace", "--help") == OK
    assert run.out.startswith("Usage: csvimport workspace")
    for option in ("--from", "--kind", "--output"):
        assert option in run.out
    assert max(map(len, run.out.splitlines())) <= 100
    assert run("workspace", "--form", "users.csv") == CANNOT_RUN
