"""Faults of single records. The scanner has decided; here the facts are put together.

The expressions are over `Block.faults`, those of `blank-row` over `Block.blanks`, and those of
`swallowed-lines`, the one rule here whose row is read and checked like any other, over
`Block.sound`.
"""

import polars as pl

from csvimport.checks.registry import Flag, fault_check, row_check
from csvimport.columns import Columns
from csvimport.recovery import MAX_RECORD

_VALUE = pl.col("value")


def _is(fault: str) -> pl.Expr:
    return pl.col("fault") == fault


@fault_check("unclosed-quote", "opened", "evidence")
def unclosed_quote(_: Columns | None) -> Flag:
    swallows = pl.col("evidence").is_not_null()
    return Flag(
        _is("unclosed-quote"),
        value=_VALUE,
        variant=pl.when(swallows).then(pl.lit("swallowed")),
        facts={"opened": pl.col("last"), "evidence": pl.col("evidence")},
    )


@fault_check("stray-quote", "cell")
def stray_quote(_: Columns | None) -> Flag:
    return Flag(_is("stray-quote"), value=_VALUE, facts={"cell": pl.col("found")})


@fault_check("text-after-quote", "cell")
def text_after_quote(_: Columns | None) -> Flag:
    return Flag(_is("text-after-quote"), value=_VALUE, facts={"cell": pl.col("found")})


@fault_check("too-few-cells", "found", "expected")
def too_few_cells(columns: Columns | None) -> Flag:
    return _wrong_width("too-few-cells", columns)


@fault_check("too-many-cells", "found", "expected")
def too_many_cells(columns: Columns | None) -> Flag:
    return _wrong_width("too-many-cells", columns)


def _wrong_width(fault: str, columns: Columns | None) -> Flag:
    expected = len(columns.all) if columns else 0
    return Flag(_is(fault), facts={"found": pl.col("found"), "expected": pl.lit(expected)})


@fault_check("record-too-large", "limit")
def record_too_large(_: Columns | None) -> Flag:
    return Flag(_is("record-too-large"), facts={"limit": pl.lit(f"{MAX_RECORD - 1:,}")})


@fault_check("invalid-utf8", "bytes", "cell")
def invalid_utf8(_: Columns | None) -> Flag:
    facts = {"bytes": pl.col("bad_bytes"), "cell": pl.col("found")}
    return Flag(_is("invalid-utf8"), value=_VALUE, facts=facts)


@fault_check("blank-row")
def blank_row(_: Columns | None) -> Flag:
    return Flag(_is("blank-row"))


@row_check("swallowed-lines", "line")
def swallowed_lines(columns: Columns) -> Flag | None:
    """A quoted cell that holds a whole row, or an identifier that holds a line end."""
    identifiers = [column for column in columns.all if column.role == "identifier"]
    spans = pl.col("last") > pl.col("line")
    breaks = [spans & pl.col(column.cell).str.contains("[\r\n]") for column in identifiers]
    whole_row = pl.col("swallowed").is_not_null()
    in_identifier = pl.any_horizontal(pl.lit(False), *breaks)
    found = [
        pl.when(~whole_row & broken).then(pl.lit(column.position))
        for column, broken in zip(identifiers, breaks, strict=True)
    ]
    cells = pl.concat_list([pl.col(column.cell) for column in columns.all])
    broken_cell = cells.list.eval(pl.element().filter(pl.element().str.contains("[\r\n]")))
    return Flag(
        whole_row | in_identifier,
        value=broken_cell.list.first(),
        column=pl.coalesce(pl.lit(None, pl.Int32), *found),
        variant=pl.when(~whole_row).then(pl.lit("identifier")),
        facts={"line": pl.col("swallowed")},
    )
