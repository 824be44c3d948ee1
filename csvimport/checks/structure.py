"""Faults of single records. The scanner has decided; here the facts are put together.

The expressions are over `Block.faults`, those of `blank-row` over `Block.blanks`, and those of
`swallowed-lines`, the one rule here whose row is read and checked like any other, over
`Block.sound`.
"""

import polars as pl
from msgspec.structs import replace

from csvimport.checks.registry import Flag, fault_check, row_check
from csvimport.columns import Columns
from csvimport.recovery import MAX_RECORD

_VALUE = pl.col("value")
#: The separator that a row of the wrong width ends in, whichever it is.
_DELIMITER_LAST = r"[,;|\t]$"


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
    flag = _wrong_width("too-many-cells", columns)
    one_more = flag.facts["found"] == flag.facts["expected"] + 1
    at_the_end = one_more & pl.col("text").str.contains(_DELIMITER_LAST)
    return replace(flag, variant=pl.when(at_the_end).then(pl.lit("at-the-end")))


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
    end = columns.line_end
    identifiers = [pl.col(each.cell) for each in columns.all if each.role == "identifier"]
    positions = [each.position for each in columns.all if each.role == "identifier"]
    breaks = [cell.str.contains(end, literal=True) for cell in identifiers]
    whole_row = pl.col("swallowed").is_not_null()
    # the cell in which the line stands: the first by which so many lines have ended
    cells = pl.concat_list([pl.col(column.cell) for column in columns.all])
    ends = cells.list.eval(pl.element().str.count_matches(end, literal=True).cum_sum())
    missing = ends - (pl.col("swallowed") - pl.col("line"))
    holder = missing.list.eval((pl.element() >= 0).arg_true().first()).list.first()
    broken = pl.coalesce(
        pl.lit(None, pl.Int32),
        *(
            pl.when(breaks_here).then(pl.lit(position, pl.Int32))
            for position, breaks_here in zip(positions, breaks, strict=True)
        ),
    )
    return Flag(
        whole_row | pl.any_horizontal(pl.lit(False), *breaks),
        where=pl.col("last") > pl.col("line"),
        value=cells.list.get(pl.when(whole_row).then(holder).otherwise(broken), null_on_oob=True),
        column=pl.when(~whole_row).then(broken),
        variant=pl.when(~whole_row).then(pl.lit("identifier")),
        facts={"line": pl.col("swallowed")},
    )
