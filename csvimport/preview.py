"""The first rows of a file, and what its columns are taken for: no check of the rest."""

from dataclasses import dataclass, field

import polars as pl

from csvimport.engine import Check
from csvimport.options import Options
from csvimport.result import Result
from csvimport.source import Source


@dataclass(frozen=True, slots=True)
class Preview:
    """`rows` has the cells of the first rows that can be read, a column for each of the header's.

    `result` is that of a check that went as far as the columns were judged.
    """

    result: Result
    rows: pl.DataFrame


@dataclass
class _Start(Check):
    """A check that remembers what its columns were judged by."""

    first: pl.DataFrame = field(default_factory=pl.DataFrame)

    def judge(self) -> None:
        assert self.sample is not None
        self.first = self.sample.frame
        super().judge()

    def goes_on(self) -> bool:
        """Whether there is no header yet, or rows to judge its columns by are still wanted."""
        return self.header is None or self.sample is not None


def preview(source: Source, options: Options, rows: int) -> Preview:
    """The first `rows` of `source`; raises as `check` does."""
    check = _Start(source, options)
    check.run(check.goes_on)
    return Preview(check.result(), check.first.head(rows))
