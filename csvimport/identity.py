"""Who each row is about: the effective identifier, and where it occurred first."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from csvimport.columns import ALIAS, GROUP, Column, Columns, is_blank
from csvimport.duplicates import FirstRows, Hashes

#: Keeps equal values of different kinds, and the parts of one key, apart.
_MIX = 0x9E3779B97F4A7C15
_SEEDS = (1, 2)

Rows = npt.NDArray[np.int64]
NO_ROWS: Rows = np.zeros(0, np.int64)
Kinds = int | npt.NDArray[np.int32]
Keys = tuple[Hashes, ...]
"""A hash of each record for each seed."""


#: What is told of records that repeat an earlier one.
REPEATED = {
    "row": pl.Int64(),
    "first_row": pl.Int64(),
    "other_group": pl.Boolean(),
    "first_record": pl.Int64(),
}
NOTHING_REPEATED = pl.DataFrame(schema=REPEATED)


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
        position, value = self._effective()
        return sound.with_columns(identifier=position, identity=value)

    def repeated(
        self, sound: pl.DataFrame | None, plain: pl.DataFrame | None = None, rows: Rows = NO_ROWS
    ) -> pl.DataFrame:
        """Of the records that repeat an earlier one, REPEATED.

        `sound` are records of a block with the cells of `all_positions`, `plain` the cells of
        `positions` in the plain ones, which are the `rows`; None where there are none. `first_row`
        is where the identifier occurred first, `other_group` says whether the subscription group is
        new to it, `first_record` is where all cells occurred first. Blocks must come in order.
        """
        if plain is None and sound is None:
            return NOTHING_REPEATED
        if self.columns.kind == "events":
            sets = [each for each in (plain, sound) if each is not None]
            numbers = rows if sound is None else np.concatenate((rows, sound["row"].to_numpy()))
            first = _first(self._records, list(map(self._keys_of_records, sets)), numbers)
            return _repeated(numbers, first_record=first)
        if not self.columns.identifiers:
            return NOTHING_REPEATED
        keys, of_groups, numbers = [], [], rows
        if plain is not None:
            strongest = self.columns.identifiers[0]
            values = plain[strongest.cell]
            if strongest.name == "email":
                values = plain.select(_folded(pl.col(strongest.cell))).to_series()
            of_rows, of_group = self._keys(plain, strongest.position, values)
            keys.append(of_rows)
            of_groups.append(of_group)
        if sound is not None:
            kind, value = self._effective()
            if email := self.columns.known("email"):
                value = pl.when(kind == email.position).then(_folded(value)).otherwise(value)
            told = sound.select(kind=kind.fill_null(-1), value=value)
            kinds = told["kind"].to_numpy()
            known = np.flatnonzero(kinds >= 0)
            of_rows, of_group = self._keys(sound, kinds, told["value"])
            keys.append(tuple(each[known] for each in of_rows))
            of_groups.append(tuple(each[known] for each in of_group))
            numbers = np.concatenate((rows, sound["row"].to_numpy()[known]))
        first = _first(self._rows, keys, numbers)
        other = np.zeros(len(first), np.bool_)
        if self.columns.known(GROUP[0]):
            other = _first(self._groups, of_groups, numbers) == 0
        return _repeated(numbers, first_row=first, other_group=other)

    def _effective(self) -> tuple[pl.Expr, pl.Expr]:
        position, value = pl.lit(None, pl.Int32), pl.lit(None, pl.String)
        for column in reversed(self.columns.identifiers):
            filled = ~is_blank(pl.col(column.cell))
            if column.name in ALIAS:
                label = self.columns.known(ALIAS[1])
                assert label is not None
                filled &= ~is_blank(pl.col(label.cell))
            position = pl.when(filled).then(pl.lit(column.position, pl.Int32)).otherwise(position)
            value = pl.when(filled).then(pl.col(column.cell)).otherwise(value)
        return position, value

    def _keys_of_records(self, frame: pl.DataFrame) -> Keys:
        """Hashes of all cells of each record."""
        cells = frame.select(column.cell for column in self.columns.all)
        return tuple(cells.hash_rows(seed).to_numpy() for seed in _SEEDS)

    def _keys(self, cells: pl.DataFrame, kinds: Kinds, values: pl.Series) -> tuple[Keys, Keys]:
        """Hashes of what identifies each row, and of its kind; the same with subscription groups.

        The kind is the position of the column in which the value stands. A series hashes at once,
        where an expression would have to wait for a thread of polars.
        """
        known = self.columns.known
        mixer = np.broadcast_to(kinds, len(values)).astype(np.uint64) * np.uint64(_MIX)
        keys = tuple(each + mixer for each in _hashes(values))
        if self.columns.has_alias and (name := known(ALIAS[0])) and (label := known(ALIAS[1])):
            mixed = _mixed(keys, _hashes(cells[label.cell]))
            of_alias = kinds == name.position
            keys = tuple(np.where(of_alias, *each) for each in zip(mixed, keys, strict=True))
        group = known(GROUP[0])
        return keys, _mixed(keys, _hashes(cells[group.cell])) if group else keys


def _hashes(cells: pl.Series) -> Keys:
    return tuple(cells.hash(seed).to_numpy() for seed in _SEEDS)


def _folded(address: pl.Expr) -> pl.Expr:
    return address.str.strip_chars().str.to_lowercase()


def _mixed(keys: Sequence[Hashes], others: Sequence[Hashes]) -> Keys:
    return tuple(key * np.uint64(_MIX) + other for key, other in zip(keys, others, strict=True))


def _first(first_rows: FirstRows, keys: Sequence[Keys], rows: Rows) -> Rows:
    """The row in which each key occurred first, 0 where it is new; in sets, as the keys are."""
    if len(keys) == 1 and (rows[1:] > rows[:-1]).all():
        return first_rows.add(keys[0][0], keys[0][1], rows)
    order = np.argsort(rows, kind="stable")
    both = [np.concatenate(each)[order] for each in zip(*keys, strict=True)]
    first = np.empty_like(rows)
    first[order] = first_rows.add(both[0], both[1], rows[order])
    return first


def _repeated(rows: Rows, **told: npt.NDArray[Any]) -> pl.DataFrame:
    """Those of `rows` of which a first one is `told`."""
    some = np.flatnonzero(next(iter(told.values())))
    if not len(some):
        return NOTHING_REPEATED
    columns = {name: pl.Series(values[some]) for name, values in told.items()}
    frame = pl.DataFrame({"row": pl.Series(rows[some]), **columns})
    missing = {name: pl.lit(None, kind) for name, kind in REPEATED.items() if name not in frame}
    return frame.with_columns(**missing).select(*REPEATED)
