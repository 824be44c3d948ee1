"""Faults of the header. A cell has at most one issue: the first that applies, in this order."""

import re
from collections import Counter
from collections.abc import Iterable

from csvimport.checks.registry import Found, header_check
from csvimport.columns import (
    ALIAS,
    LONGEST_NAME,
    PROPERTY_MARK,
    Column,
    Columns,
    known_columns,
    property_fault,
    unknown_names,
)
from csvimport.dialect import WHITE_SPACE
from csvimport.patterns import UUID

_MOST_PROPERTIES = 256
#: Near a known name, and yet words of their own.
_NOT_MISSPELLED = ("county", "list_name")

_DATA = (
    ("an e-mail address", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("a UUID", re.compile(UUID)),
    (
        "a date",
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?|[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{2,4}"),
    ),
    ("a phone number", re.compile(r"\+[0-9][0-9 ().-]{5,20}")),
    ("a number", re.compile(r"-?[0-9]+([.,][0-9]+)?")),
)


@header_check("missing-header", "looks")
def missing_header(columns: Columns) -> Iterable[Found]:
    if any(
        column.known or _export_name(column, columns) or _near(column, columns)
        for column in columns.all
    ):
        return
    for column in columns.all:
        for looks, pattern in _DATA:
            if pattern.fullmatch(column.name.strip(WHITE_SPACE)):
                yield Found(value=column.name, facts={"looks": looks})
                return


@header_check("blank-header", "position")
def blank_header(columns: Columns) -> Iterable[Found]:
    for column in columns.all:
        if column.is_blank:
            yield Found(column, column.name, facts={"position": column.position + 1})


@header_check("duplicate-header", "position", "first")
def duplicate_header(columns: Columns) -> Iterable[Found]:
    first: dict[str, Column] = {}
    for column in columns.all:
        before = first.setdefault(column.name, column)
        if before is not column:
            facts = {"position": column.position + 1, "first": before.position + 1}
            yield Found(column, column.name, facts=facts)


@header_check("missing-identifier-column")
def missing_identifier_column(columns: Columns) -> Iterable[Found]:
    if not columns.identifiers:
        yield Found()


@header_check("incomplete-alias-columns", "present", "absent")
def incomplete_alias_columns(columns: Columns) -> Iterable[Found]:
    yield from _half_a_pair(columns, *ALIAS)


@header_check("mixed-identifier-columns", "alias")
def mixed_identifier_columns(columns: Columns) -> Iterable[Found]:
    alias = next(filter(columns.has, ALIAS), None)
    if alias and columns.has("external_id"):
        yield Found(facts={"alias": alias})


@header_check("several-primary-identifiers", "other")
def several_primary_identifiers(columns: Columns) -> Iterable[Found]:
    other = next(filter(columns.has, ("external_id", *ALIAS)), None)
    if other and columns.has("braze_id"):
        yield Found(facts={"other": other})


@header_check("export-column-name", "name")
def export_column_name(columns: Columns) -> Iterable[Found]:
    for column in columns.all:
        if name := _export_name(column, columns):
            yield Found(column, column.name, suggestion=_free(name, columns), facts={"name": name})


@header_check("misspelled-column", "name")
def misspelled_column(columns: Columns) -> Iterable[Found]:
    for column in columns.all:
        if name := _near(column, columns):
            yield Found(column, column.name, suggestion=_free(name, columns), facts={"name": name})


@header_check("export-only-column")
def export_only_column(columns: Columns) -> Iterable[Found]:
    exported = [column for column in columns.all if unknown_names().is_export_only(column.name)]
    names = {column.name for column in exported}
    if (
        "Appboy ID" in columns.names()
        or ("random_bucket" in names and len(names) >= 2)
        or len(names) >= 3
    ):
        yield from (Found(column, column.name) for column in exported)


@header_check("unsupported-column")
def unsupported_column(columns: Columns) -> Iterable[Found]:
    for column in columns.all:
        if column.name in unknown_names().unsupported:
            yield Found(column, column.name)
        elif columns.kind == "attributes" and _is_property(column.name):
            yield Found(column, column.name, variant="event-property")


@header_check("header-whitespace")
def header_whitespace(columns: Columns) -> Iterable[Found]:
    for column in columns.all:
        trimmed = column.name.strip(WHITE_SPACE)
        if column.known is None and trimmed and trimmed != column.name:
            is_fine = trimmed not in columns.names() and not _is_invalid(trimmed, columns)
            yield Found(column, column.name, suggestion=trimmed if is_fine else None)


@header_check("invalid-attribute-name", "length")
def invalid_attribute_name(columns: Columns) -> Iterable[Found]:
    if columns.kind != "attributes":
        return
    for column in columns.all:
        if column.name.startswith("$"):
            yield Found(column, column.name, variant="dollar")
        elif len(column.name) > LONGEST_NAME:
            yield Found(column, column.name, facts={"length": len(column.name)})


@header_check("ignored-identifier-column", "identifier")
def ignored_identifier_column(columns: Columns) -> Iterable[Found]:
    if columns.kind != "events":
        return
    stronger = [each.name for each in columns.identifiers if each.name not in ("email", "phone")]
    for name in ("email", "phone"):
        column = columns.known(name)
        if column and stronger:
            yield Found(column, column.name, facts={"identifier": stronger[0]})


@header_check("incomplete-subscription-columns", "present", "absent")
def incomplete_subscription_columns(columns: Columns) -> Iterable[Found]:
    yield from _half_a_pair(columns, "subscription_group_id", "subscription_state")


@header_check("missing-event-column", "absent")
def missing_event_column(columns: Columns) -> Iterable[Found]:
    if columns.kind == "events":
        for name in ("name", "time"):
            if not columns.has(name):
                yield Found(facts={"absent": name})


@header_check("invalid-property-column", "length", "property")
def invalid_property_column(columns: Columns) -> Iterable[Found]:
    if columns.kind != "events":
        return
    for column in columns.all:
        if column.known or column.name in known_columns(columns.kind):
            continue
        fault = property_fault(column.name)
        property_name = column.name.partition(PROPERTY_MARK)[2]
        facts: dict[str, str | int] = {
            "property": property_name,
            "length": len(property_name),
        }
        if fault:
            variant = None if fault == "no-property" else fault
            yield Found(column, column.name, variant=variant, facts=facts)


@header_check("too-many-properties", "event", "count")
def too_many_properties(columns: Columns) -> Iterable[Found]:
    if columns.kind == "events":
        events = [each.event for each in columns.all if each.event is not None]
        for event, count in Counter(events).items():
            if count > _MOST_PROPERTIES:
                yield Found(facts={"event": event, "count": count})


def _half_a_pair(columns: Columns, one: str, other: str) -> Iterable[Found]:
    for present, absent in ((one, other), (other, one)):
        if columns.has(present) and not columns.has(absent):
            yield Found(facts={"present": present, "absent": absent})


def _is_property(name: str) -> bool:
    event, mark, property_name = name.partition(PROPERTY_MARK)
    return bool(event and mark and property_name)


def _is_invalid(name: str, columns: Columns) -> bool:
    """Whether a custom column of that name would be an issue in its turn."""
    if columns.kind == "events":
        return property_fault(name) is not None
    return name.startswith("$") or len(name) > LONGEST_NAME or _is_property(name)


def _free(name: str, columns: Columns) -> str | None:
    """`name`, unless another column has it already."""
    return None if columns.has(name) else name


def _export_name(column: Column, columns: Columns) -> str | None:
    """The import's name for a column named as in an export, where this kind knows that name."""
    name = unknown_names().export.get(column.name)
    return name if name in known_columns(columns.kind) and not column.known else None


def _near(column: Column, columns: Columns) -> str | None:
    """The known column that a custom one is probably meant to be."""
    if column.known or column.is_blank:
        return None
    known = known_columns(columns.kind)
    name = re.sub(r"[\s-]", "_", column.name.strip(WHITE_SPACE).casefold())
    if name in known:
        return name if name != column.name else None
    if name in _NOT_MISSPELLED:
        return None
    # one slip changes a letter at most: nearly always that is enough to know that there is none
    alike = [
        candidate
        for candidate in known
        if len(candidate) >= 5
        and candidate[0] == name[0]
        and not columns.has(candidate)
        and (Counter(name) - Counter(candidate)).total() <= 1
        and (Counter(candidate) - Counter(name)).total() <= 1
        and not Counter(filter(str.isdigit, name)) - Counter(filter(str.isdigit, candidate))
    ]
    if not alike:
        return None
    from rapidfuzz.distance import DamerauLevenshtein

    near = [
        candidate
        for candidate in alike
        if DamerauLevenshtein.distance(name, candidate, score_cutoff=1) == 1
    ]
    return near[0] if len(near) == 1 else None
