"""All issues, one JSON object a line."""

from collections.abc import Iterable
from pathlib import Path

from csvimport.result import Result
from csvimport.target import replacing


def write(results: Iterable[Result], path: Path) -> None:
    """Write the issues of `results` to `path`; OutputError where that cannot be done."""
    with replacing(path) as file:
        for result in results:
            for frame in result.issue_frames():
                frame.write_ndjson(file)
