"""Who each row is about: the effective identifier, and where it occurred first."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from csvimport.columns import ALIAS, Columns, is_blank
from csvimport.duplicates import FirstRows, Hashes

_GROUP = "subscription_group_id"
#: Keeps equal values of different kinds, and the parts of one key, apart.
_MIX = 0x9E3779B97F4A7C15
_SEEDS = (1, 2)


@dataclass
class Identities:
    """Adds to each block, in order, the columns that identifier rules read.

    `identifier`: the position of the effective identifier's column (an alias has two; its
    name's), null where there is none; `identity`: its value; `first_row`: the row in which it
    occurred first, null where that is this one; `other_group`: whether, of a row that repeats
    an identifier, the subscription group is new; `first_record`: the row in which all cells of
    this one occurred first. Identifiers are compared in attributes only, since events repeat
    their users; whole records in events only.
    """

    columns: Columns
    _rows: FirstRows = field(default_factory=FirstRows)
    _groups: FirstRows = field(default_factory=FirstRows)
    _records: FirstRows = field(default_factory=FirstRows)

    @property
    def nbytes(self) -> int:
        """The memory of the keys."""
        return self._rows.nbytes + self._groups.nbytes + self._records.nbytes

    def add_to(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with the columns above."""
        frame = frame.with_columns(
            *self._effective(),
            first_row=pl.lit(None, pl.Int64),
            other_group=pl.lit(False),
            first_record=pl.lit(None, pl.Int64),
        )
        if self.columns.kind == "events":
            return self._with_first_records(frame)
        return self._with_first_rows(frame) if self.columns.identifiers else frame

    def _with_first_rows(self, frame: pl.DataFrame) -> pl.DataFrame:
        filled = frame["identifier"].is_not_null()
        known = frame if filled.all() else frame.filter(filled)
        here = filled.to_numpy()
        keys = [self._keys(known, seed) for seed in _SEEDS]
        rows = known["row"].to_numpy()
        first = np.zeros(frame.height, np.int64)
        first[here] = self._rows.add(keys[0], keys[1], rows)
        other = np.zeros(frame.height, np.bool_)
        if group := self.columns.known(_GROUP):
            keys = [
                key * np.uint64(_MIX) + known[group.cell].hash(seed).to_numpy()
                for key, seed in zip(keys, _SEEDS, strict=True)
            ]
            other[here] = (self._groups.add(keys[0], keys[1], rows) == 0) & (first[here] > 0)
        again = pl.Series(first)
        return frame.with_columns(
            first_row=pl.when(again > 0).then(again), other_group=pl.Series(other)
        )

    def _with_first_records(self, frame: pl.DataFrame) -> pl.DataFrame:
        cells = frame.select(column.cell for column in self.columns.all)
        keys = [cells.hash_rows(seed).to_numpy() for seed in _SEEDS]
        first = pl.Series(self._records.add(keys[0], keys[1], frame["row"].to_numpy()))
        return frame.with_columns(first_record=pl.when(first > 0).then(first))

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
        return position.alias("identifier"), value.alias("identity")

    def _keys(self, frame: pl.DataFrame, seed: int) -> Hashes:
        """A hash of each row's kind of identifier and its value; an e-mail's in lower case."""
        key = pl.col("identity")
        if email := self.columns.known("email"):
            folded = key.str.strip_chars().str.to_lowercase()
            key = pl.when(pl.col("identifier") == email.position).then(folded).otherwise(key)
        hashes: Hashes = frame.select(key.hash(seed)).to_series().to_numpy()
        hashes = hashes + frame["identifier"].to_numpy().astype(np.uint64) * np.uint64(_MIX)
        if self.columns.has_alias:
            name, label = map(self.columns.known, ALIAS)
            assert name is not None
            assert label is not None
            of_alias = (frame["identifier"] == name.position).to_numpy()
            labels = frame[label.cell].hash(seed).to_numpy()
            hashes = np.where(of_alias, hashes * np.uint64(_MIX) + labels, hashes)
        return hashes
