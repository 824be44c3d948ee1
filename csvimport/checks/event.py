"""Faults of events: what is the matter with their names and times, and whose properties they fill.

A property belongs to one event; a cell of it in a row of another is lost, whatever it holds.
"""

import polars as pl
from msgspec.structs import replace

from csvimport.checks.attribute import in_future, no_datetime
from csvimport.checks.identifier import standing
from csvimport.checks.registry import Flag, cell_check, row_check
from csvimport.columns import LONGEST_NAME, Column, Columns
from csvimport.forms import has_outer_space


def _is_name(column: Column) -> bool:
    return column.known is not None and column.known.type == "event-name"


def _is_time(column: Column) -> bool:
    return column.known is not None and column.known.type == "event-time"


@cell_check("missing-event-name", on=_is_name)
def missing_event_name(column: Column, _: Columns) -> Flag:
    return Flag(pl.col(column.cell) == "")


@cell_check("invalid-event-name", "length", on=_is_name)
def invalid_event_name(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    length, spaced, dollar = cell.str.len_chars(), has_outer_space(cell), cell.str.starts_with("$")
    return Flag(
        spaced | dollar | (length > LONGEST_NAME),
        suggestion=pl.when(spaced).then(cell.str.strip_chars()),
        variant=pl.when(spaced).then(pl.lit("whitespace")).when(dollar).then(pl.lit("dollar")),
        facts={"length": length},
    )


@cell_check("missing-event-time", on=_is_time)
def missing_event_time(column: Column, _: Columns) -> Flag:
    return Flag(pl.col(column.cell) == "")


@cell_check("invalid-event-time", on=_is_time)
def invalid_event_time(column: Column, _: Columns) -> Flag:
    return no_datetime(column)


@cell_check("future-event-time", "now", on=_is_time)
def future_event_time(column: Column, columns: Columns) -> Flag:
    flag = in_future(column, columns)
    return replace(flag, facts={"now": pl.lit(columns.now.strftime("%Y-%m-%dT%H:%M:%SZ"))})


@cell_check(
    "foreign-property", "event", "name", on=lambda column: column.event is not None, claims=True
)
def foreign_property(column: Column, columns: Columns) -> Flag:
    name = columns.known("name")
    here = pl.col(name.cell) if name else pl.lit("")
    other = (here != "") & (here != (column.event or ""))
    return Flag(
        (pl.col(column.cell) != "") & other,
        facts={"event": pl.lit(column.event or ""), "name": here},
    )


@row_check("duplicate-event", "first", cross_row=True)
def duplicate_event(columns: Columns) -> Flag | None:
    if columns.kind != "events":
        return None
    first = pl.col("first_record")
    return Flag(
        first.is_not_null(),
        value=pl.col("identity"),
        column=standing(columns),
        facts={"first": first},
    )
