"""Faults of the values of custom attributes and of events' properties.

The values of a column of numbers, dates or booleans are asked one thing, whether they are that;
those of a column of text, whether they look like anything that a rule here is about. Which rule
it is, only what stands out is asked.
"""

import polars as pl
from msgspec.structs import replace

from csvimport import forms, numbers
from csvimport.checks.registry import Explanation, Flag, cell_check
from csvimport.columns import Column, Columns
from csvimport.dates import is_non_iso, read_datetime

#: Names that some people have.
_SURNAMES = ["None", "nil", "NaN", "nan", "N/A", "n/a"]


def _is_typed(column: Column) -> bool:
    return column.is_typed


def _near(column: Column, form: forms.Form) -> Flag:
    """Cells of `form`, except where their author says that they are text."""
    cell = pl.col(column.cell)
    has_type = pl.lit(column.type is not None)
    return Flag(
        form(cell) & ~forms.is_single_quoted(cell) & has_type,
        where=forms.stands_out(column.cell, column.type),
        unquoted=True,
    )


@cell_check(
    "null-literal",
    "share",
    on=lambda column: (
        column.is_typed
        or (column.known is not None and column.name in ("first_name", "last_name", "home_city"))
    ),
)
def null_literal(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    literal = forms.is_null_literal(cell)
    if not column.is_typed:
        surname = cell.is_in(_SURNAMES) & pl.lit(column.name == "last_name")
        return Flag(literal & ~surname, suggestion=pl.lit(""))
    where = forms.stands_out(column.cell, column.type)
    return Flag(literal, where=where, suggestion=pl.lit(""))


@cell_check("spreadsheet-error")
def spreadsheet_error(column: Column, _: Columns) -> Flag:
    return Flag(forms.is_spreadsheet_error(pl.col(column.cell)), possible=_may_hold_errors)


@cell_check("array-value", "share", on=_is_typed)
def array_value(column: Column, _: Columns) -> Flag:
    where = forms.stands_out(column.cell, column.type)
    return Flag(forms.is_array(pl.col(column.cell)), where=where)


@cell_check("leading-zero-number", "octal", "share", on=_is_typed)
def leading_zero_number(column: Column, _: Columns) -> Flag:
    return replace(_near(column, numbers.is_leading_zero), explain=_octal)


def _octal(value: str, _: str | None) -> Explanation:
    octal = numbers.octal(value)
    return Explanation(variant="octal", facts={"octal": octal}) if octal else Explanation()


@cell_check("formatted-number", "share", on=_is_typed)
def formatted_number(column: Column, _: Columns) -> Flag:
    return replace(
        _near(column, numbers.is_formatted),
        explain=lambda value, _: Explanation(numbers.plain(value)),
    )


@cell_check("damaged-number", on=_is_typed)
def damaged_number(column: Column, _: Columns) -> Flag:
    return _near(column, numbers.is_scientific)


@cell_check("non-iso-date", "share", on=_is_typed)
def non_iso_date(column: Column, _: Columns) -> Flag:
    return replace(
        _near(column, is_non_iso),
        explain=lambda value, _: Explanation(*read_datetime(value, column.order)),
    )


@cell_check("mixed-types", "type", "shares", on=_is_typed)
def mixed_types(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    # what has a rule of its own is no other type, even where that rule is ignored
    near = [form(cell) for kind, form in forms.NEAR_TYPE.values() if kind == column.type]
    own = [*near, forms.is_null_literal(cell), forms.is_spreadsheet_error(cell)]
    is_other = ~forms.is_single_quoted(cell) & ~pl.any_horizontal(own)
    return Flag(
        is_other & pl.lit(column.type not in (None, "string")),
        variant=pl.lit("declared" if column.is_declared else None, pl.String),
        where=forms.stands_out(column.cell, column.type),
        unquoted=True,
        facts={"type": pl.lit(column.type or "")},
    )


def _may_hold_errors(text: bytes) -> bool:
    return b"#" in text and any(error.encode() in text for error in forms.SPREADSHEET_ERRORS)
