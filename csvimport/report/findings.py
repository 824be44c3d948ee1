"""The issues of a result one by one, as many as whoever reads them can take."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any

import polars as pl

from csvimport.issue import Severity
from csvimport.result import Result, public
from csvimport.spill import Chunk, Stored


def findings(
    result: Result, most: int | None = None, severity: Severity | None = None
) -> Iterator[dict[str, Any]]:
    """The issues by the names of `Issue`'s fields, with the `help` of their rules.

    Those of one `severity`, or all. At most so many: errors come before warnings where not all have
    room.
    """
    if severity is None and left_out(result, most):
        of_each = (findings(result, severity=each) for each in Severity)
        yield from islice(chain.from_iterable(of_each), most)
        return
    for chunk in result.chunks():
        frame = told(result, chunk)
        if severity:
            frame = frame.filter(pl.col("severity") == severity)
        yield from frame.iter_rows(named=True)


def told(result: Result, chunk: Chunk | Stored) -> pl.DataFrame:
    """The issues of a chunk as a caller sees them, with their `help` and their `position`."""
    issues = chunk.issues
    frame = public(issues, result.legend, result.headers, result.parts)
    help_ = result.legend["help"].gather(issues["wording"])
    return frame.with_columns(help=help_, position=issues["position"])


def left_out(result: Result, most: int | None) -> int:
    """How many issues there are more than `most`."""
    return 0 if most is None else max(result.errors + result.warnings - most, 0)
