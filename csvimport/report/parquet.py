"""All issues as a Parquet file, with the columns of `Result.issues`."""

import os
import re
from collections.abc import Sequence
from typing import BinaryIO

import polars as pl

from csvimport.result import ISSUE_COLUMNS, Result

#: Rows that are packed together, and as long in memory.
_GROUP = 50_000
#: The writer's own words for what the system has said.
_OF_SYSTEM = re.compile(r"\(os error ([0-9]+)\)")


def write(results: Sequence[Result], file: BinaryIO) -> None:
    """Write the issues of `results` to `file`, piece by piece."""
    nothing = pl.LazyFrame(schema=ISSUE_COLUMNS)
    issues = pl.concat([nothing, *(result.issues for result in results)])
    try:
        issues.sink_parquet(file, row_group_size=_GROUP)
    except pl.exceptions.ComputeError as error:
        if found := _OF_SYSTEM.search(str(error)):
            raise OSError(int(found[1]), os.strerror(int(found[1]))) from None
        raise
