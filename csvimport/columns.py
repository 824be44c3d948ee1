"""The header's columns: what the import takes each of them for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Literal

import msgspec
import polars as pl

from csvimport.dates import Order
from csvimport.dialect import WHITE_SPACE
from csvimport.rulebook import data_folder, read_toml

Kind = Literal["attributes", "events"]
Role = Literal["identifier", "default", "custom", "property"]

PROPERTY_MARK = ".properties."
#: Of an attribute, an event or a property, in characters.
LONGEST_NAME = 255
_RESERVED = ("time", "event_name")
ALIAS = ("user_alias_name", "user_alias_label")
GROUP = ("subscription_group_id", "subscription_state")
#: What identifies a row, the strongest first.
IDENTIFIERS = ("external_id", "user_alias_name", "braze_id", "email", "phone")
IDENTIFIER_COLUMNS = ("external_id", "braze_id", *ALIAS, "email", "phone")


class KnownColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that a kind of import knows."""

    name: str
    role: Literal["identifier", "default"]
    type: str
    examples: tuple[str, str]
    source: str


class _KnownColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    column: list[KnownColumn]


class UnknownNames(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Names that no import knows although one might think so."""

    export_only: list[str]
    unsupported: list[str]
    export: dict[str, str]

    def is_export_only(self, name: str) -> bool:
        """Whether the platform exports `name` but does not import it."""
        return any(fnmatchcase(name, pattern) for pattern in self.export_only)


@cache
def known_columns(kind: Kind) -> dict[str, KnownColumn]:
    """The columns that `kind` knows, by name, in the documentation's order."""
    known = read_toml(data_folder() / "columns" / f"{kind}.toml", _KnownColumns)
    return {column.name: column for column in known.column}


def known_names(header: Sequence[str]) -> int:
    """How many columns of `header` some import knows."""
    known = known_columns("attributes").keys() | known_columns("events").keys()
    return len(known & set(header))


@cache
def unknown_names() -> UnknownNames:
    """Names of the platform's exports and of data that it does not import."""
    names: UnknownNames = read_toml(data_folder() / "columns" / "common.toml", UnknownNames)
    return names


def percent(share: float) -> str:
    """A share in words: only all of it is 100 %, and only nothing is 0 %."""
    if 0 < share < 0.01:
        return "under 1 %"
    return "100 %" if share == 1 else f"{min(round(100 * share), 99)} %"


class Habit(msgspec.Struct, frozen=True):
    """What many cells of a column have in common: what share of those that are filled, and one."""

    share: float
    example: str


class Column(msgspec.Struct, frozen=True):
    """A column of the file. `name` is the header's text, `cell` the name of its cells' column.

    `known` is what the import takes it for: None for a custom one, for a blank header, and for
    every header that stands there again. `event` is the event whose property it is; None for what
    is no property, or could not be one. `is_typed`: its cells are values of a custom attribute or
    of a property. What was seen in the sample, `csvimport.inference` puts in: the `type` of what
    is typed, unless it `is_declared` in the workspace file; why, in the words of `reason`; the
    `shares` of the types where there is none; by rule the `habits`; the `order` of day and month.
    """

    position: int
    name: str
    known: KnownColumn | None
    role: Role
    event: str | None = None
    is_typed: bool = False
    type: str | None = None
    is_declared: bool = False
    reason: str = ""
    shares: str | None = None
    habits: Mapping[str, Habit] = msgspec.field(default_factory=dict)
    order: Order | None = None

    @property
    def cell(self) -> str:
        return f"c{self.position}"

    @property
    def is_free_text(self) -> bool:
        """Whether its cells are text for people to read."""
        of_person = self.known is not None and self.known.type == "text"
        return of_person or (self.is_typed and self.event is None and self.type in (None, "string"))

    @property
    def is_blank(self) -> bool:
        return not self.name.strip(WHITE_SPACE)


class Columns(msgspec.Struct, frozen=True, dict=True):
    """The columns of a file of one kind, in its order; and what its values are measured by."""

    kind: Kind
    kind_reason: str
    all: tuple[Column, ...]
    line_end: str = "\n"
    """What ends a line, and so may stand in quotes."""
    now: datetime = datetime(9999, 12, 31, tzinfo=UTC)
    region: str | None = None
    """Where a phone number is from, if nothing in its row says so: an ISO 3166-1 code."""

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.known.name: column for column in self.all if column.known}

    def known(self, name: str) -> Column | None:
        """The column that the import knows as `name`."""
        return self._by_name.get(name)

    def has(self, name: str) -> bool:
        return name in self._by_name

    @property
    def has_alias(self) -> bool:
        return all(map(self.has, ALIAS))

    @cached_property
    def identifiers(self) -> tuple[Column, ...]:
        """The columns that can identify a row (of an alias the name), the strongest first."""
        present = (self.known(name) for name in IDENTIFIERS if name not in ALIAS or self.has_alias)
        return tuple(column for column in present if column)

    @cached_property
    def first_identifier(self) -> Column | None:
        """The identifier column that stands first in the file."""
        return next((each for each in self.all if each.role == "identifier"), None)

    def names(self) -> set[str]:
        """The headers' texts."""
        return {column.name for column in self.all}


def columns_of(header: list[str], kind: Literal["auto", "attributes", "events"]) -> Columns:
    """What `kind` of import takes the cells of `header` for."""
    kind, why = (kind, "as asked") if kind != "auto" else _kind_of(header)
    known = known_columns(kind)
    taken: set[str] = set()
    columns = []
    for position, name in enumerate(header):
        is_new = name not in taken
        taken.add(name)
        columns.append(_column(position, name, kind, known.get(name) if is_new else None, is_new))
    return Columns(kind, why, tuple(columns))


def _column(
    position: int, name: str, kind: Kind, known: KnownColumn | None, is_new: bool
) -> Column:
    if known:
        reason = "identifies the user" if known.role == "identifier" else "known to the import"
        return Column(position, name, known, known.role, type=known.type, reason=reason)
    if kind == "attributes":
        return Column(position, name, None, "custom", is_typed=True)
    if PROPERTY_MARK not in name:
        return Column(position, name, None, "custom", reason="no property of an event")
    event = name.partition(PROPERTY_MARK)[0]
    if not is_new or property_fault(name) or name != name.strip(WHITE_SPACE):
        return Column(position, name, None, "property", reason="cannot be imported")
    return Column(position, name, None, "property", event, is_typed=True)


def property_fault(name: str) -> str | None:
    """What keeps a header from being `<event>.properties.<property>`; None if nothing does."""
    event, mark, property_name = name.partition(PROPERTY_MARK)
    if not (event and mark):
        return "no-property"
    if not property_name.strip(WHITE_SPACE):
        return "empty"
    if property_name.startswith("$"):
        return "dollar"
    if property_name in _RESERVED:
        return "reserved"
    return "too-long" if len(property_name) > LONGEST_NAME else None


def _kind_of(header: list[str]) -> tuple[Kind, str]:
    if "name" in header and "time" in header:
        return "events", "the header has `name` and `time`"
    for name in header:
        if PROPERTY_MARK in name:
            return "events", f"`{name}` is an event's property"
    return "attributes", "the header has neither `name` and `time` nor an event's property"


def is_blank(cells: pl.Expr) -> pl.Expr:
    """Whether cells are empty or white space alone."""
    return cells.str.strip_chars() == ""
