"""The forms that a custom value can have: its types, and what people write instead of them."""

from collections.abc import Callable
from functools import cache
from typing import Literal, get_args

import polars as pl

from csvimport.dates import SHORT_MONTHS, is_datetime, is_non_iso
from csvimport.numbers import is_formatted, is_leading_zero, is_number, is_scientific

Type = Literal["boolean", "number", "datetime", "string"]
TYPES: tuple[Type, ...] = get_args(Type)

#: Words that stand for a missing value.
NULL_LITERALS = ["null", "NULL", "None", "nil", "NaN", "nan", "N/A", "n/a", "#N/A", r"\N"]
SPREADSHEET_ERRORS = ["#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"]


def is_boolean(cells: pl.Expr) -> pl.Expr:
    """Whether cells are `true` or `false` in any case."""
    return cells.str.contains("^(?i-u:true|false)$")


def is_null_literal(cells: pl.Expr) -> pl.Expr:
    """Whether cells are words for a missing value."""
    return cells.is_in(NULL_LITERALS)


def is_spreadsheet_error(cells: pl.Expr) -> pl.Expr:
    """Whether cells are what a spreadsheet shows for a formula that failed."""
    return cells.is_in(SPREADSHEET_ERRORS)


def is_array(cells: pl.Expr) -> pl.Expr:
    """Whether cells stand in square brackets or braces."""
    return cells.str.contains(r"(?s)^(?:\[.*\]|\{.*\})$")


def has_outer_space(cells: pl.Expr) -> pl.Expr:
    """Whether cells start or end with white space."""
    return cells.str.strip_chars().str.len_bytes() != cells.str.len_bytes()


def is_single_quoted(cells: pl.Expr) -> pl.Expr:
    """Whether cells stand in apostrophes, by which their author says that they are strings."""
    return cells.str.contains("(?s)^'.*'$")


Form = Callable[[pl.Expr], pl.Expr]

#: The non-string types, by what a cell of each looks like.
OF_TYPE: dict[Type, Form] = {"boolean": is_boolean, "number": is_number, "datetime": is_datetime}
#: Rules whose cells are near a type, that type, and the form.
NEAR_TYPE: dict[str, tuple[Type, Form]] = {
    "leading-zero-number": ("number", is_leading_zero),
    "formatted-number": ("number", is_formatted),
    "damaged-number": ("number", is_scientific),
    "non-iso-date": ("datetime", is_non_iso),
}
#: Rules that may be a column's habit, by the form of their cells.
HABITS: dict[str, Form] = {
    "null-literal": is_null_literal,
    "array-value": is_array,
    "leading-zero-number": is_leading_zero,
    "formatted-number": is_formatted,
    "non-iso-date": is_non_iso,
    "surrounding-whitespace": has_outer_space,
}

#: How a cell begins or ends that a rule here may be about, or that of white space around it, save
#: for dates that begin with a month's name.
_BEGINNING = r"""^[-+\[{#'\\0-9nN\p{Sc}\s]|[%\p{Sc}\s]$"""
_MONTH = f"^(?i:{'|'.join(SHORT_MONTHS)})[A-Za-z]*[. ]"


@cache
def stands_out(cell: str, kind: str | None) -> pl.Expr:
    """Whether cells are not plainly of their column's type, the same expression for every rule."""
    text = pl.col(cell)
    for name, form in OF_TYPE.items():
        if name == kind:
            return (text != "") & ~form(text)
    return text.str.contains(f"{_BEGINNING}|{_MONTH}")
