"""All issues, one JSON object a line."""

import io
import json
from collections.abc import Sequence
from typing import BinaryIO

import polars as pl

from csvimport.result import Result

#: What some readers take for the end of a line, terminals obey, or nobody sees.
_HIDDEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}--\n]"


def write(results: Sequence[Result], file: BinaryIO) -> None:
    """Write the issues of `results` to `file`."""
    for result in results:
        for frame in result.issue_frames():
            lines = io.BytesIO()
            frame.write_ndjson(lines)
            file.write(_escaped(lines.getvalue()))


def _escaped(lines: bytes) -> bytes:
    """`lines` with JSON's escapes for what polars lets through: nearly always, there is nothing."""
    if lines.isascii() and b"\x7f" not in lines:
        return lines
    found = pl.Series([lines.decode()]).str.extract_all(_HIDDEN).explode(empty_as_null=False)
    for char in found.unique(maintain_order=True):
        lines = lines.replace(char.encode(), json.dumps(char)[1:-1].encode())
    return lines
