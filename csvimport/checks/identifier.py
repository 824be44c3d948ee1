"""Faults of what identifies a row.

The *effective* identifier is the strongest one that is not blank; `csvimport.identity` puts it
beside the cells, with the row that had it first.
"""

from collections.abc import Callable
from functools import cache

import polars as pl

from csvimport.checks.registry import Explanation, Flag, cell_check, row_check
from csvimport.columns import ALIAS, Column, Columns, is_blank
from csvimport.emails import is_email, is_plain, repaired
from csvimport.patterns import BRAZE_ID
from csvimport.phones import e164, is_dialable, is_valid

_LONGEST_EXTERNAL_ID = 987
_NULL_LITERALS = ["null", "NULL", "None", "nil", "undefined", "NaN", "N/A", "#N/A", r"\N"]
_SCIENTIFIC = r"^-?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{1,3}$"
#: What is longer than any word for nothing, and no decimal.
_PLAIN = "^[A-Za-z0-9_-]{10}[A-Za-z0-9_-]*$"
_POSITION, _IDENTITY = pl.col("identifier"), pl.col("identity")


def _known(*names: str) -> Callable[[Column], bool]:
    return lambda column: column.known is not None and column.name in names


def _names(columns: Columns, *names: str) -> list[str]:
    """Those of `names` that the file has."""
    return [name for name in names if columns.has(name)]


def _blank(columns: Columns, name: str) -> pl.Expr:
    column = columns.known(name)
    return is_blank(pl.col(column.cell)) if column else pl.lit(True)


def standing(columns: Columns) -> pl.Expr:
    """Where an issue about the row's identifier stands: there, or on the first of its columns."""
    first = columns.first_identifier
    return pl.coalesce(_POSITION, pl.lit(first.position if first else None, pl.Int32))


def region_of_row(columns: Columns) -> pl.Expr:
    """Where a row's phone is from: its country; where that is blank, the workspace's region."""
    region = pl.lit(columns.region, pl.String)
    country = columns.known("country")
    if country is None:
        return region
    code = pl.col(country.cell).str.to_uppercase()
    own = pl.when(code.str.contains("^[A-Z]{2}$")).then(code)
    return pl.when(code == "").then(region).otherwise(own)


@cache
def no_number(cell: str) -> pl.Expr:
    """Whether cells are filled and no valid number, the same expression for every rule."""
    return (pl.col(cell) != "") & ~is_valid(pl.col(cell))


@cache
def no_plain_address(cell: str) -> pl.Expr:
    """Whether cells are filled and not plainly an address, the same expression for every rule."""
    return (pl.col(cell) != "") & ~is_plain(pl.col(cell))


@cache
def _no_plain_identifier(cell: str) -> pl.Expr:
    """Whether cells are not plainly sound identifiers, the same expression for every rule."""
    return ~pl.col(cell).str.contains(_PLAIN)


@row_check("missing-identifier")
def missing_identifier(columns: Columns) -> Flag | None:
    identifiers = [column for column in columns.all if column.role == "identifier"]
    if not identifiers:
        return None
    blank = pl.all_horizontal(is_blank(pl.col(column.cell)) for column in identifiers)
    return Flag(blank, where=_POSITION.is_null(), column=standing(columns))


@row_check("identifier-fallback", "absent", "used")
def identifier_fallback(columns: Columns) -> Flag | None:
    primary = _names(columns, "external_id", *ALIAS)
    weak = [column for column in columns.identifiers if column.name in ("email", "phone")]
    if not primary or not weak:
        return None
    used = pl.lit(weak[-1].name)
    for column in weak[:-1]:
        used = pl.when(_POSITION.eq(column.position)).then(pl.lit(column.name)).otherwise(used)
    return Flag(
        pl.all_horizontal(_blank(columns, name) for name in primary),
        where=_POSITION.is_in([column.position for column in weak]),
        value=_IDENTITY,
        column=standing(columns),
        facts={"absent": pl.lit(primary[0]), "used": used},
        own_words=frozenset({"used"}),
    )


@row_check("duplicate-identifier", "first", cross_row=True)
def duplicate_identifier(columns: Columns) -> Flag | None:
    if columns.kind != "attributes":
        return None
    return Flag(
        pl.col("first_row").is_not_null(),
        value=_IDENTITY,
        column=standing(columns),
        variant=pl.when(pl.col("other_group")).then(pl.lit("subscription-group")),
        facts={"first": pl.col("first_row")},
    )


@cell_check("mixed-identifiers", "alias", on=_known("external_id"))
def mixed_identifiers(column: Column, columns: Columns) -> Flag:
    filled = [
        pl.when(~_blank(columns, name)).then(pl.lit(name)) for name in _names(columns, *ALIAS)
    ]
    alias = pl.coalesce(*filled, pl.lit(None, pl.String))
    mask = ~is_blank(pl.col(column.cell)) & alias.is_not_null()
    return Flag(mask, facts={"alias": alias}, own_words=frozenset({"alias"}))


@cell_check("incomplete-alias", "filled", on=_known(*ALIAS))
def incomplete_alias(column: Column, columns: Columns) -> Flag:
    other = next(name for name in ALIAS if name != column.name)
    mask = is_blank(pl.col(column.cell)) & ~_blank(columns, other)
    return Flag(mask, facts={"filled": pl.lit(other)})


@cell_check("unusable-identifier", "kind", on=_known("email", "phone"))
def unusable_identifier(column: Column, columns: Columns) -> Flag:
    cell = pl.col(column.cell)
    effective = _POSITION.eq(column.position)
    if column.name == "phone":
        return Flag(
            no_number(column.cell) & ~is_dialable(cell),
            where=effective,
            facts={"kind": pl.lit("phone number")},
            explain=lambda value, region: Explanation(e164(value, region), "phone"),
            given=region_of_row(columns),
        )
    return Flag(
        no_plain_address(column.cell)
        & ~is_email(cell)
        & pl.lit(not columns.has("email_encrypted")),
        where=effective,
        facts={"kind": pl.lit("e-mail address")},
        explain=lambda value, _: Explanation(repaired(value)),
    )


@cell_check("external-id-too-long", "bytes", on=_known("external_id"))
def external_id_too_long(column: Column, _: Columns) -> Flag:
    size = pl.col(column.cell).str.len_bytes()
    return Flag(size > _LONGEST_EXTERNAL_ID, facts={"bytes": size})


@cell_check("damaged-identifier", on=_known("external_id", "braze_id", ALIAS[0]))
def damaged_identifier(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    decimal = cell.str.contains(r"^[0-9]+\.0$")
    literal = cell.is_in(_NULL_LITERALS)
    return Flag(
        cell.str.contains(_SCIENTIFIC) | decimal | literal,
        where=_no_plain_identifier(column.cell),
        variant=pl.when(decimal).then(pl.lit("decimal")).when(literal).then(pl.lit("null-literal")),
    )


@cell_check("identifier-whitespace", on=_known("external_id", "braze_id", *ALIAS))
def identifier_whitespace(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    trimmed = cell.str.strip_chars()
    return Flag(
        (trimmed != cell) & (trimmed != ""),
        where=_no_plain_identifier(column.cell),
        suggestion=trimmed,
    )


@cell_check("unusual-braze-id", on=_known("braze_id"))
def unusual_braze_id(column: Column, _: Columns) -> Flag:
    cell = pl.col(column.cell)
    return Flag(~is_blank(cell) & ~cell.str.contains(f"^{BRAZE_ID}$"))
