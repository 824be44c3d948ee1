"""The header's columns: what the import takes each of them for."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Literal

import msgspec
import polars as pl

from csvimport.dialect import WHITE_SPACE
from csvimport.rulebook import data_folder, read_toml

Kind = Literal["attributes", "events"]
Role = Literal["identifier", "default", "custom", "property"]

PROPERTY_MARK = ".properties."
ALIAS = ("user_alias_name", "user_alias_label")
#: What identifies a row, the strongest first.
IDENTIFIERS = ("external_id", "user_alias_name", "braze_id", "email", "phone")
IDENTIFIER_COLUMNS = ("external_id", "braze_id", *ALIAS, "email", "phone")


class KnownColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that a kind of import knows."""

    name: str
    role: Literal["identifier", "default"]
    type: str
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


@cache
def unknown_names() -> UnknownNames:
    """Names of the platform's exports and of data that it does not import."""
    names: UnknownNames = read_toml(data_folder() / "columns" / "common.toml", UnknownNames)
    return names


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file. `name` is the header's text, `cell` the name of its cells' column.

    `known` is what the import takes it for: None for a custom one, for a blank header, and for
    every header that stands there again.
    """

    position: int
    name: str
    known: KnownColumn | None
    role: Role

    @property
    def cell(self) -> str:
        return f"c{self.position}"

    @property
    def type(self) -> str | None:
        """The known column's type; None as long as nobody has looked at the values."""
        return self.known.type if self.known else None

    @property
    def is_blank(self) -> bool:
        return not self.name.strip(WHITE_SPACE)


@dataclass(frozen=True)
class Columns:
    """The columns of a file of one kind, in its order."""

    kind: Kind
    kind_reason: str
    all: tuple[Column, ...]

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
        match = known.get(name) if name not in taken else None
        taken.add(name)
        role: Role = "custom"
        if match:
            role = match.role
        elif kind == "events" and PROPERTY_MARK in name:
            role = "property"
        columns.append(Column(position, name, match, role))
    return Columns(kind, why, tuple(columns))


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
