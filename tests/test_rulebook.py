"""The rule book and the checks: the same rules, the same facts, and every example as it says."""

import ast
import inspect
import re
import shutil
import textwrap
import tomllib
import types
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import tomli
from running import Told, checked, run, told

from csvimport import Result, RuleBookError
from csvimport.checks import CELL_ORDER
from csvimport.checks.registry import (
    Check,
    all_checks,
    cell_check,
    fault_check,
    file_check,
    header_check,
    row_check,
)
from csvimport.columns import (
    IDENTIFIER_COLUMNS,
    IDENTIFIERS,
    Kind,
    KnownColumn,
    known_columns,
    unknown_names,
)
from csvimport.forms import HABITS
from csvimport.report.rules import markdown
from csvimport.rulebook import (
    COMMON_FACTS,
    Example,
    Rule,
    data_folder,
    load,
    placeholders,
    read_toml,
    rulebook,
)

#: The catalogue, in its order: E(rror) or W(arning), D(ocumented), I(nferred) or partly each.
CATALOGUE = {
    "file": """
        empty-file E D
        no-data-rows W I
        file-too-large E D
        file-near-limit W I
        wrong-encoding E D
        separator-line E I
        lines-before-header E I
        header-line-ending-differs E D
        mixed-line-endings W D
        cr-line-endings E I
        wrong-delimiter E I
        totals-row W I
    """,
    "structure": """
        unclosed-quote E D
        stray-quote E D
        text-after-quote E D
        too-few-cells E D
        too-many-cells E D
        record-too-large E I
        invalid-utf8 E D
        blank-row W D
        swallowed-lines W I
    """,
    "header": """
        missing-header E I
        blank-header E I
        duplicate-header E D
        missing-identifier-column E D
        incomplete-alias-columns E D
        mixed-identifier-columns E D
        several-primary-identifiers W I
        export-column-name W D/I
        misspelled-column W D
        export-only-column W I
        unsupported-column W D
        header-whitespace W D
        invalid-attribute-name W D
        ignored-identifier-column W D
        incomplete-subscription-columns W D
        missing-event-column E D
        invalid-property-column W D/I
        too-many-properties W D
    """,
    "identifier": """
        missing-identifier E D
        identifier-fallback W D
        mixed-identifiers E D
        incomplete-alias E D
        unusable-identifier E I
        external-id-too-long E D
        damaged-identifier W I
        identifier-whitespace W I
        unusual-braze-id W I
        duplicate-identifier W D
    """,
    "attribute": """
        guarded-value W D
        invalid-email W D
        invalid-phone W D
        phone-without-country-code W D
        implausible-phone W I
        invalid-country W D
        invalid-language W D
        invalid-date-of-birth W D
        implausible-date W I
        invalid-gender W D
        invalid-subscription-state W D
        invalid-subscription-group W D
        incomplete-subscription W D
        invalid-boolean W D
        invalid-time-zone W D
        invalid-session-date W D
        surrounding-whitespace W D
        value-too-long W D
        replacement-character W I
        mojibake W I
        control-character W I
    """,
    "custom": """
        mixed-types W D
        leading-zero-number W D
        formatted-number W D
        damaged-number W I
        non-iso-date W D
        array-value W D
        null-literal W I
        spreadsheet-error W I
    """,
    "event": """
        missing-event-name E D
        invalid-event-name W D
        missing-event-time E D
        invalid-event-time E D
        future-event-time W D
        foreign-property W D
        duplicate-event W D
    """,
}
ENTRIES = [
    (family, *line.split()) for family, lines in CATALOGUE.items() for line in lines.split("\n")
]
NAMED = [(family, *rest) for family, *rest in ENTRIES if rest]
BOOK = rulebook()
CHECKS: dict[str, Check[Any]] = {check.rule: check for check in all_checks()}
EXAMPLES = [
    pytest.param(
        rule,
        example,
        id=f"{rule.name}-{number}-{'reported' if _reports else 'silent'}",
    )
    for rule in BOOK.values()
    for number, example in enumerate(rule.file.example, 1)
    for _reports in [any(each.rule in (None, rule.name) for each in example.expect)]
]


# --- The catalogue, the book and the checks hold the same rules ----------------------------------


@pytest.mark.parametrize(
    ("family", "name", "severity", "source"), NAMED, ids=[entry[1] for entry in NAMED]
)
def test_rule_is_as_the_catalogue_says(family: str, name: str, severity: str, source: str) -> None:
    rule = BOOK[name]
    assert rule.family == family
    assert (data_folder() / family / f"{name}.toml").is_file()
    assert rule.severity == {"E": "error", "W": "warning"}[severity]
    allowed = {"D": ["documented"], "I": ["inferred"], "D/I": ["documented", "inferred"]}
    assert rule.file.source in allowed[source]


def test_every_file_of_the_book_is_read() -> None:
    files = {
        path.stem
        for path in data_folder().rglob("*.toml")
        if path.parent.name not in ("columns", "values")
    }
    assert files == set(BOOK)


@pytest.mark.parametrize("path", sorted(data_folder().rglob("*.toml")), ids=lambda path: path.stem)
def test_the_book_is_toml_that_everybody_reads(path: Path) -> None:
    assert tomllib.loads(path.read_text(encoding="utf-8")) == tomli.loads(path.read_text("utf-8"))


def test_every_rule_has_one_check_and_every_check_a_rule() -> None:
    registered = [check.rule for check in all_checks()]
    assert sorted(registered) == sorted(BOOK)
    for check in all_checks():
        assert CHECKS[check.rule] is check


def test_checks_are_registered_under_their_own_names() -> None:
    for registry in (file_check, fault_check, header_check, row_check, cell_check):
        for name, check in registry.checks.items():
            assert check.rule == name


@pytest.mark.parametrize("rule", BOOK.values(), ids=BOOK)
def test_scope_is_that_of_the_check(rule: Rule) -> None:
    scopes = {
        "file": file_check.checks.keys(),
        "header": header_check.checks.keys(),
        "row": fault_check.checks.keys() | row_check.checks.keys(),
        "cell": cell_check.checks.keys(),
    }
    assert [scope for scope, rules in scopes.items() if rule.name in rules] == [rule.file.scope]
    if rule.family in ("file", "structure", "header"):
        assert rule.file.scope == {"structure": "row"}.get(rule.family, rule.family)


def test_choices_within_a_header_cell_are_in_the_order_of_the_catalogue() -> None:
    catalogue = [name for _, name, *_ in NAMED]
    known = [name for name in header_check.checks if name in catalogue]
    assert known == sorted(known, key=catalogue.index)


def test_choices_within_a_cell_are_in_the_order_of_the_contract() -> None:
    def of(family: str) -> list[str]:
        return [name for each, name, *_ in NAMED if each == family and name in cell_check.checks]

    whose = ["foreign-property"]
    any_cell = ["guarded-value", "control-character", "replacement-character", "spreadsheet-error"]
    custom = ["null-literal", "array-value", "leading-zero-number", "formatted-number"]
    custom += ["damaged-number", "non-iso-date", "mixed-types"]
    text = ["mojibake", "surrounding-whitespace", "value-too-long"]
    before, after = [*whose, *any_cell, *of("identifier")], [*custom, *text]
    own = {*of("attribute"), *of("event")} - {*before, *after}
    assert list(CELL_ORDER[: len(before)]) == before
    assert list(CELL_ORDER[-len(after) :]) == after
    assert sorted(CELL_ORDER[len(before) : -len(after)]) == sorted(own)
    assert sorted(CELL_ORDER) == sorted(cell_check.checks)


@pytest.mark.parametrize(
    "names",
    [
        "phone-without-country-code invalid-phone implausible-phone",
        "invalid-date-of-birth implausible-date",
        "invalid-session-date implausible-date",
        "missing-event-name invalid-event-name",
        "missing-event-time invalid-event-time future-event-time",
    ],
)
def test_what_is_wrong_comes_before_what_is_unlikely(names: str) -> None:
    assert [name for name in CELL_ORDER if name in names.split()] == names.split()


# --- Words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", BOOK.values(), ids=BOOK)
def test_messages_name_exactly_the_facts_of_the_check(rule: Rule) -> None:
    named = [placeholders(wording.message) for _, wording in rule.wordings()]
    assert frozenset().union(*named) - COMMON_FACTS == CHECKS[rule.name].facts


@pytest.mark.parametrize("rule", BOOK.values(), ids=BOOK)
def test_words_keep_the_style(rule: Rule) -> None:
    file = rule.file
    assert file.why.endswith(".")
    assert file.where
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", file.since)
    for _, wording in rule.wordings():
        for text in (wording.message, wording.help):
            assert text
            assert text == " ".join(text.split()), "one line, single spaces"
            assert not text.endswith("."), "no full stop"
            assert text.count("`") % 2 == 0, "backticks in pairs"
            assert not re.match("[A-Z][a-z]", text), "lower case"
        assert not placeholders(wording.help), "nothing is filled in there"


def _code(function: Callable[..., object]) -> Iterator[ast.AST]:
    """The nodes of a check's code, and of the functions of its own module that it calls."""
    module = inspect.getmodule(function)
    seen: set[str] = set()
    waiting = [function]
    while waiting:
        each = waiting.pop()
        tree = ast.parse(textwrap.dedent(inspect.getsource(each)))
        for node in ast.walk(tree):
            yield node
            name = node.id if isinstance(node, ast.Name) else ""
            other = getattr(module, name, None)
            if isinstance(other, types.FunctionType) and other.__module__ == each.__module__:
                waiting += [] if name in seen else [other]
                seen.add(name)


_ORDERS = {"day-first", "month-first", "ambiguous"}
#: The variants that do not stand in the code of the rule's family, but in that of a form.
NAMED_ELSEWHERE = {
    "invalid-property-column": {"dollar", "empty", "reserved", "too-long"},
    "invalid-email": {"host-short", "host-strict", "reason"},
    "invalid-date-of-birth": {*_ORDERS, "not-real"},
    "invalid-session-date": {*_ORDERS, "not-real"},
    "non-iso-date": _ORDERS,
    "invalid-event-time": {*_ORDERS, "not-real"},
}


@pytest.mark.parametrize("rule", BOOK.values(), ids=BOOK)
def test_variants_named_in_code_are_those_of_the_book(rule: Rule) -> None:
    given = [
        node.value
        for node in _code(CHECKS[rule.name].decide)
        if (isinstance(node, ast.keyword) and node.arg == "variant")
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "variant")
    ]
    # by position, the second of an explanation, the fourth of a finding
    for call in _code(CHECKS[rule.name].decide):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name):
            place = {"Explanation": 1, "Found": 3}.get(call.func.id, len(call.args))
            given += call.args[place : place + 1]
    # in an expression, the literals: `pl.lit("variant")`, `"variant" if … else None`
    for value in list(given):
        for part in ast.walk(value):
            if isinstance(part, ast.Call) and getattr(part.func, "attr", None) == "lit":
                given += part.args
            elif isinstance(part, ast.IfExp):
                given += [part.body, part.orelse]
    named = {each.value for each in given if isinstance(each, ast.Constant)} - {None}
    named |= NAMED_ELSEWHERE.get(rule.name, set())
    if rule.name in (*HABITS, "mixed-types"):
        named.add("column")
    assert named == set(rule.file.variant)


# --- Examples ------------------------------------------------------------------------------------


def _result(example: Example) -> Result:
    options = example.options
    limits: dict[str, Any] = {"size_limit": options.size_limit, "max_record": options.max_record}
    limits = {name: limit for name, limit in limits.items() if limit is not None}
    return run(
        example.csv.encode(options.encoding),
        kind=options.kind,
        now=datetime.fromisoformat(options.now),
        region=options.region,
        attributes=options.attributes,
        **limits,
    )


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_example_reports_exactly_what_it_claims(rule: Rule, example: Example) -> None:
    expected: list[Told] = [
        (each.rule or rule.name, each.row, each.column, each.suggestion) for each in example.expect
    ]
    assert sorted(told(_result(example)), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("rule", BOOK.values(), ids=BOOK)
def test_rule_has_an_example_that_reports_and_one_that_does_not(rule: Rule) -> None:
    reports = [
        any(each.rule in (None, rule.name) for each in example.expect)
        for example in rule.file.example
    ]
    assert set(reports) == {True, False}


@pytest.mark.parametrize("rule", BOOK.values(), ids=BOOK)
def test_every_wording_of_a_rule_is_shown_by_an_example(rule: Rule) -> None:
    wordings = list(rule.wordings())
    shown: set[int] = set()
    for example in rule.file.example:
        result = _result(example)
        mine = result.legend.filter(rule=rule.name)["wording"].to_list()
        assert len(mine) == len(wordings)
        for chunk in result.chunks():
            shown |= {mine.index(each) for each in chunk.issues["wording"] if each in mine}
    variants = {wordings[index][0] for index in shown}
    if rule.name == "wrong-encoding":
        variants |= {"unknown", "asked-for", "misfit"}  # `test_encodings` has them
    assert variants == {None, *rule.file.variant}


# --- Broken books --------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A copy of the rule book."""
    return Path(shutil.copytree(data_folder(), tmp_path / "rules"))


def _edited(path: Path, old: str, new: str) -> Path:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def _complaint(action: Callable[[], object]) -> str:
    with pytest.raises(RuleBookError) as caught:
        action()
    message = str(caught.value)
    assert message
    assert "\n" not in message
    return message


def test_a_copy_of_the_book_is_the_book(book: Path) -> None:
    assert load(book) == BOOK


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("severity =", "sevrity ="),
        ('severity = "error"', 'severity = "fatal"'),
        ('scope = "row"', 'scope = "rows"'),
        ("help =", "halp ="),
        ('why = "', 'why = 7 # "'),
        ("[[example]]\ncsv", "[[example]]\ncvs"),
        ("expect = [{ row", "expect = [{ rwo"),
        ("[[example]]", "[variant.other]\nmesage = 'x'\n\n[[example]]"),
        ("[[example]]", "[example"),
        ('name = "stray-quote"', 'name = "stray-quotes"'),
        ("{cell}", "{cell"),
        ("{cell}", "{cell!r}"),
        ("{cell}", "{cell:>3}"),
        ("{cell}", "{}"),
        ("{cell}", "{a b}"),
    ],
)
def test_a_broken_rule_is_named(book: Path, old: str, new: str) -> None:
    path = _edited(book / "structure" / "stray-quote.toml", old, new)
    assert str(path) in _complaint(lambda: load(book))


def test_a_rule_that_is_not_utf8_is_named(book: Path) -> None:
    path = book / "structure" / "stray-quote.toml"
    path.write_bytes(path.read_bytes().replace(b"stray", b"str\xff", 1))
    assert str(path) in _complaint(lambda: load(book))


def test_a_rule_that_is_there_twice_is_named(book: Path) -> None:
    path = shutil.copy(book / "structure" / "stray-quote.toml", book / "header")
    assert "stray-quote.toml" in _complaint(lambda: load(book))
    assert Path(path).exists()


@pytest.mark.parametrize(
    ("path", "old", "new", "csv"),
    [
        ("structure/stray-quote.toml", "{cell}", "{cells}", 'email\na"b\n'),
        ("file/no-data-rows.toml", "no row", "no {row}", "email\n"),
        ("header/blank-header.toml", "{position}", "{place}", "email,\n"),
        ("identifier/external-id-too-long.toml", "{bytes}", "{byte}", f"external_id\n{'x' * 988}"),
    ],
)
def test_an_unknown_placeholder_is_an_error_that_names_the_file(
    book: Path, monkeypatch: pytest.MonkeyPatch, path: str, old: str, new: str, csv: str
) -> None:
    _edited(book / path, old, new)

    def use() -> None:
        broken = load(book)
        monkeypatch.setattr("csvimport.engine.rulebook", lambda: broken)
        checked(csv).result()

    assert Path(path).name in _complaint(use)


@pytest.mark.parametrize("exists", [True, False])
def test_an_empty_book_is_an_error_that_names_the_folder(tmp_path: Path, *, exists: bool) -> None:
    folder = tmp_path / "book"
    if exists:
        for family in CATALOGUE:
            (folder / family).mkdir(parents=True)
    assert str(folder) in _complaint(lambda: load(folder))


# --- Columns -------------------------------------------------------------------------------------

ATTRIBUTES = """
    external_id braze_id user_alias_name user_alias_label first_name last_name email email_encrypted
    country dob gender home_city language phone email_open_tracking_disabled
    email_click_tracking_disabled email_subscribe push_subscribe time_zone date_of_first_session
    date_of_last_session subscription_group_id subscription_state
"""
EVENTS = """
    external_id braze_id user_alias_name user_alias_label email email_encrypted phone name time
"""


@pytest.mark.parametrize(("kind", "names"), [("attributes", ATTRIBUTES), ("events", EVENTS)])
def test_known_columns(kind: Kind, names: str) -> None:
    known = known_columns(kind)
    assert set(known) == set(names.split())
    identifiers = {name for name, column in known.items() if column.role == "identifier"}
    assert identifiers == set(IDENTIFIER_COLUMNS)
    assert set(IDENTIFIERS) <= identifiers


def test_unknown_names_are_those_of_the_catalogue() -> None:
    names = unknown_names()
    assert names.export == {
        "Appboy ID": "braze_id",
        "user_id": "external_id",
        "date_of_birth": "dob",
        "city": "home_city",
        "phone_number": "phone",
        "timezone": "time_zone",
        "first_session": "date_of_first_session",
        "last_session": "date_of_last_session",
    }
    export_only = """
        created_at devices random_bucket session_count total_revenue in_app_purchase_total
        last_app_version_used attributed_* uninstalled_at last_coordinates apps campaigns_received
        canvases_received cards_clicked unsubscribed_from_emails_at opted_into_push_at
        unsubscribed_from_push_at number_of_* *_ad_ids IDFAs IDFVs
    """
    assert set(names.export_only) == set(export_only.split())
    unsupported = """
        push_tokens custom_events purchases custom_attributes user_aliases subscription_groups
        current_location
    """
    assert set(names.unsupported) == set(unsupported.split())
    assert set(names.export.values()) <= set(known_columns("attributes"))


def test_a_broken_list_of_columns_is_named(book: Path) -> None:
    path = _edited(book / "columns" / "events.toml", "role =", "rule =")
    assert str(path) in _complaint(lambda: read_toml(path, dict[str, list[KnownColumn]]))


# --- The index -----------------------------------------------------------------------------------


def test_index_is_fresh() -> None:
    path = data_folder() / "README.md"
    assert path.read_text(encoding="utf-8") == markdown(BOOK), "write it again with `make rules`"


def test_index_names_every_rule_once() -> None:
    rows = re.findall(r"^\| \[?`([a-z0-9-]+)`", markdown(BOOK), re.MULTILINE)
    assert rows == list(BOOK)
