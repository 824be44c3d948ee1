"""What the first records say about the columns: types, habits, the order of day and month.

Only what is typed is looked at: custom attributes and the properties of events. A value written
as a string on purpose says nothing about the type, and neither does what stands for no value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
import polars as pl
from msgspec.structs import replace

from csvimport.block import Block
from csvimport.columns import Column, Columns, Habit, percent
from csvimport.dates import order
from csvimport.forms import (
    HABITS,
    NEAR_TYPE,
    OF_TYPE,
    TYPES,
    Type,
    is_null_literal,
    is_single_quoted,
    is_spreadsheet_error,
)
from csvimport.lines import Flags

#: The sample: so many data records at most, and only those that start in so many bytes.
MOST_RECORDS = 10_000
MOST_BYTES = 16 << 20

#: The share that makes a type the column's.
_TYPE_SHARE = 0.95
#: The share that makes a form a habit, and a type worth a word.
_SOME = 0.05
_DATES = ("date", "datetime", "event-time")


@dataclass
class Sample:
    """The first data records, whatever blocks they come in."""

    columns: Columns
    is_full: bool = False
    _records: int = 0
    _first_byte: int | None = None
    _frames: list[pl.DataFrame] = field(default_factory=list)
    _on_purpose: list[Flags] = field(default_factory=list)

    def add(self, block: Block) -> None:
        """Take from `block` what still belongs to the sample."""
        place = [frame.select("row", "byte") for frame in (block.sound, block.faults)]
        records = pl.concat(place).sort("row")
        starts = pl.concat([records["byte"], block.blanks["byte"]]).to_numpy()
        if self.is_full or not len(starts):
            return
        if self._first_byte is None:
            self._first_byte = int(starts.min())
        left = MOST_RECORDS - self._records
        mine = records.head(left).filter(pl.col("byte") < self._first_byte + MOST_BYTES)
        behind = int(starts.max()) >= self._first_byte + MOST_BYTES
        self.is_full = behind or mine.height < records.height or mine.height == left
        self._records += mine.height
        if mine.height:
            rows = block.sound.filter(pl.col("row") <= mine["row"][-1])
            self.take(rows, block.quoted_on_purpose(rows))

    def take(self, rows: pl.DataFrame, on_purpose: Flags | None = None) -> None:
        """Take `rows`, of which the cells `on_purpose` stand in quotes that they do not need."""
        cells = rows.select(column.cell for column in self.columns.all)
        none: Flags = np.zeros((cells.height, cells.width), np.bool_)
        self._frames.append(cells)
        self._on_purpose.append(none if on_purpose is None else on_purpose)

    @property
    def frame(self) -> pl.DataFrame:
        """The cells of its sound records."""
        cells = pl.DataFrame(schema={column.cell: pl.String for column in self.columns.all})
        return pl.concat([cells, *self._frames])

    @property
    def quoted(self) -> set[int]:
        """The positions at which cells stand in quotes that they do not need."""
        return {int(each) for flags in self._on_purpose for each in np.flatnonzero(flags.any(0))}

    def judged(self, declared: Mapping[str, Type]) -> Columns:
        """The columns with what the sample says of them; `declared` are types by header."""
        frame = self.frame
        none: Flags = np.zeros((0, frame.width), np.bool_)
        on_purpose = np.concatenate([none, *self._on_purpose])
        judged = [
            _judged(
                column,
                frame[column.cell],
                pl.Series(on_purpose[:, column.position]),
                self._foreign(column, frame),
                declared.get(column.name),
            )
            for column in self.columns.all
        ]
        return replace(self.columns, all=tuple(judged))

    def _foreign(self, column: Column, frame: pl.DataFrame) -> pl.Series:
        """Which cells are of another event than their row."""
        name = self.columns.known("name")
        if column.event is None or name is None:
            return pl.repeat(False, frame.height, eager=True)
        here = pl.col(name.cell)
        return frame.select((here != "") & (here != column.event)).to_series()


def _judged(
    column: Column,
    cells: pl.Series,
    on_purpose: pl.Series,
    foreign: pl.Series,
    declared: Type | None,
) -> Column:
    """`column` with what its cells in the sample say, of which some are text `on_purpose`."""
    if not column.is_typed:
        dated = column.known is not None and column.known.type in _DATES
        return replace(column, order=order(cells)) if dated else column
    if not declared and (cells == "").all():
        return replace(column, reason="no values in the sample")
    told = _tally(pl.DataFrame({"cell": cells, "on_purpose": on_purpose, "foreign": foreign}))
    if declared:
        reason = "named in the workspace file"
        column = replace(column, type=declared, is_declared=True, reason=reason)
    else:
        column = _typed(column, told)
    return replace(
        column,
        habits=_habits(column, told),
        order=order(cells) if told["non-iso-date"] else None,
    )


def _tally(frame: pl.DataFrame) -> dict[str, Any]:
    """What there is to count among the cells that are filled.

    By type, and as `values`, those that say something about the type; as `own` those that are not
    foreign, and by rule those among them that have its form; by `first RULE` one of these.
    """
    forms, counts = _questions()
    return frame.filter(pl.col("cell") != "").with_columns(forms).select(counts).row(0, named=True)


@cache
def _questions() -> tuple[list[pl.Expr], list[pl.Expr]]:
    """Which cells have which form; and how many there are of each."""
    cell, foreign = pl.col("cell"), pl.col("foreign")
    on_purpose = pl.col("on_purpose") | is_single_quoted(cell)
    value = ~on_purpose & ~is_null_literal(cell) & ~is_spreadsheet_error(cell)
    by_rule = HABITS | {rule: form for rule, (_, form) in NEAR_TYPE.items()}
    of_type: dict[str, list[pl.Expr]] = {kind: [pl.col(kind)] for kind in OF_TYPE}
    for rule, (kind, _) in NEAR_TYPE.items():
        of_type[kind].append(pl.col(rule))
    mine = {
        rule: pl.col(rule) & ~foreign & (~on_purpose if rule in NEAR_TYPE else pl.lit(True))
        for rule in by_rule
    }
    forms = [form(cell).alias(kind) for kind, form in OF_TYPE.items()]
    forms += [form(cell).alias(rule) for rule, form in by_rule.items()]
    return forms, [
        value.sum().alias("values"),
        (~foreign).sum().alias("own"),
        *((value & pl.any_horizontal(each)).sum().alias(kind) for kind, each in of_type.items()),
        *(mask.sum().alias(rule) for rule, mask in mine.items()),
        *(cell.filter(mask).first().alias(f"first {rule}") for rule, mask in mine.items()),
    ]


def _typed(column: Column, told: Mapping[str, Any]) -> Column:
    """`column` with its type: the one that nearly all values have, else string."""
    values = told["values"]
    if not values:
        return replace(column, reason="no value in the sample shows a type")
    counts = {kind: told[kind] for kind in OF_TYPE}
    counts["string"] = values - sum(counts.values())
    shares = {kind: counts[kind] / values for kind in TYPES}
    best = max(TYPES, key=lambda kind: shares[kind])
    number = f"{values:,} value{'' if values == 1 else 's'}"
    if shares[best] >= _TYPE_SHARE:
        return replace(column, type=best, reason=f"{percent(shares[best])} of {number}")
    said = ", ".join(
        f"{percent(shares[kind])} {kind}"
        for kind in sorted(TYPES, key=lambda kind: -shares[kind])
        if counts[kind]
    )
    mixed = any(shares[kind] >= _SOME for kind in OF_TYPE)
    return replace(
        column, type="string", reason=f"{said} of {number}", shares=said if mixed else None
    )


def _habits(column: Column, told: Mapping[str, Any]) -> dict[str, Habit]:
    """By rule, the forms that many of the column's own cells have."""
    return {
        rule: Habit(told[rule] / told["own"], told[f"first {rule}"])
        for rule in HABITS
        if told[rule]
        and told[rule] >= _SOME * told["own"]
        and (rule != "surrounding-whitespace" or column.is_free_text)
    }
