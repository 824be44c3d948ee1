"""Who each row is about: the effective identifier, and where it occurred first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from csvimport.block import Found, Plain
from csvimport.columns import ALIAS, GROUP, Column, Columns
from csvimport.duplicates import FirstRows
from csvimport.hashes import Cells, Hashes, Keys, Texts
from csvimport.lines import Offsets

#: Keeps equal values of different columns, and the parts of one key, apart.
_MIX = np.uint64(0x9E3779B97F4A7C15)
#: The position of the identifier where there is none.
_NOWHERE = -1

Positions = npt.NDArray[np.int32]

#: What is told of records that repeat an earlier one: where the identifier occurred first, and
#: whether the subscription group is new to it; where all cells occurred first.
REPEATED = ("row", "first_row", "other_group", "first_record")
NOTHING_REPEATED: Offsets = np.zeros((len(REPEATED), 0), np.int64)


@dataclass
class Identities:
    """Says who records are about, and compares those of each block with all that came before.

    Identifiers are compared in attributes only, since events repeat their users; whole records in
    events only.
    """

    columns: Columns
    _rows: FirstRows = field(default_factory=FirstRows)
    _groups: FirstRows = field(default_factory=FirstRows)
    _records: FirstRows = field(default_factory=FirstRows)

    @property
    def nbytes(self) -> int:
        """The memory of the keys."""
        return self._rows.nbytes + self._groups.nbytes + self._records.nbytes

    @property
    def positions(self) -> list[int]:
        """The columns that are read of plain records, whose strongest identifier is filled."""
        return self._positions(self.columns.identifiers[:1])

    @property
    def all_positions(self) -> list[int]:
        """The columns that are read of other records."""
        return self._positions(self.columns.identifiers)

    def _positions(self, identifiers: Sequence[Column]) -> list[int]:
        if self.columns.kind == "events":
            return [column.position for column in self.columns.all]
        alias = [self.columns.known(name) for name in ALIAS] if self.columns.has_alias else []
        read = [*identifiers, *alias, self.columns.known(GROUP[0])]
        return sorted({column.position for column in read if column})

    def named(self, sound: pl.DataFrame) -> pl.DataFrame:
        """`sound` with two more columns.

        `identifier`: the position of the effective identifier's column (an alias has two; its
        name's), null where there is none; `identity`: its value.
        """
        cells = {position: Texts(sound[f"c{position}"]) for position in self.all_positions}
        where = self._effective(cells, sound.height)
        at = pl.lit(pl.Series(where))
        values = (
            pl.when(at == column.position).then(pl.col(column.cell))
            for column in self.columns.identifiers
        )
        return sound.with_columns(
            identifier=pl.when(at != _NOWHERE).then(at),
            identity=pl.coalesce(*values, pl.lit(None, pl.String)),
        )

    def repeated(self, plain: Plain | None, found: Found) -> Offsets:
        """Of the sound records of a block that repeat an earlier one, a row for each of REPEATED.

        What is not told is 0. Blocks must come in order.
        """
        of_events = self.columns.kind == "events"
        told = self._repeated_records if of_events else self._repeated_identifiers
        return told(plain, found)

    def _repeated_records(self, plain: Plain | None, found: Found) -> Offsets:
        parts = []
        for each in (plain, found):
            if each:
                rows, cells = each.cells(self.all_positions)
                parts.append((rows, *reduce(_mixed, (cell.hashes() for cell in cells))))
        if not parts:
            return NOTHING_REPEATED
        rows, keys, checks = _together(parts)
        again, first = self._records.add(keys, checks, rows)
        nothing = np.zeros_like(again)
        return np.stack([again, nothing, nothing, first])

    def _repeated_identifiers(self, plain: Plain | None, found: Found) -> Offsets:
        parts = []
        if plain:
            rows, cells = _by_position(plain, self.positions)
            where = np.full(len(rows), self.columns.identifiers[0].position, np.int32)
            parts.append((rows, *self._keys(cells, where)))
        if found:
            for positions in (self.positions, self.all_positions):
                rows, cells = _by_position(found, positions)
                known = (where := self._effective(cells, len(rows))) != _NOWHERE
                if known.all():  # by the strongest identifier, as nearly always
                    break
            parts.append(tuple(each[known] for each in (rows, *self._keys(cells, where))))
        if not any(len(rows) for rows, *_ in parts):
            return NOTHING_REPEATED
        rows, keys, checks, *of_groups = _together(parts)
        again, first = self._rows.add(keys, checks, rows)
        nothing = np.zeros_like(again)
        if not of_groups:
            return np.stack([again, first, nothing, nothing])
        in_group, _ = self._groups.add(of_groups[0], of_groups[1], rows)
        return np.stack([again, first, ~np.isin(again, in_group), nothing])

    def _effective(self, cells: Mapping[int, Cells], count: int) -> Positions:
        """Where the effective identifier of so many records stands, as far as `cells` say."""
        where = np.full(count, _NOWHERE, np.int32)
        for column in reversed(self.columns.identifiers):
            if column.position not in cells:
                continue
            blank = cells[column.position].blank()
            if label := self._label(column):
                blank |= cells[label.position].blank()
            where[~blank] = column.position
        return where

    def _keys(self, cells: Mapping[int, Cells], where: Positions) -> tuple[Hashes, ...]:
        """Two hashes of what identifies each record, and two more with its subscription group."""
        nothing = np.zeros(len(where), np.uint64)
        keys = nothing, nothing
        for column in self.columns.identifiers:
            here = where == column.position
            if not here.any():
                continue
            is_address = column.name == "email"
            found = cells[column.position].hashes(column.position, folded=is_address)
            if label := self._label(column):
                found = _mixed(found, cells[label.position].hashes())
            if here.all():
                keys = found
                break
            keys = np.where(here, found[0], keys[0]), np.where(here, found[1], keys[1])
        group = self.columns.known(GROUP[0])
        return (*keys, *_mixed(keys, cells[group.position].hashes())) if group else keys

    def _label(self, identifier: Column) -> Column | None:
        """What belongs to an alias's name."""
        return self.columns.known(ALIAS[1]) if identifier.name in ALIAS else None


def _by_position(
    records: Plain | Found, positions: Sequence[int]
) -> tuple[Offsets, dict[int, Cells]]:
    """The rows, and the cells in these columns."""
    rows, cells = records.cells(positions)
    return rows, dict(zip(positions, cells, strict=True))


def _mixed(keys: Keys, others: Keys) -> Keys:
    key, check = (each * _MIX + other for each, other in zip(keys, others, strict=True))
    return key, check


def _together(parts: Sequence[tuple[npt.NDArray[Any], ...]]) -> list[npt.NDArray[Any]]:
    """What there is in these parts, by array."""
    arrays = zip(*parts, strict=True)
    return [np.concatenate(each) if len(each) > 1 else each[0] for each in arrays]


def as_frame(repeated: Offsets) -> pl.DataFrame:
    """What is told of repeated records, null where nothing is."""
    told = pl.DataFrame(dict(zip(REPEATED, map(pl.Series, repeated), strict=True)))
    return told.select(
        "row",
        pl.when(pl.col("first_row") > 0).then("first_row"),
        pl.when(pl.col("first_row") > 0).then(pl.col("other_group") > 0),
        pl.when(pl.col("first_record") > 0).then("first_record"),
    )
