"""Checks of inputs held in memory, in sizes that no caller can set; their outcome as values."""

import csv
import functools
import io
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from csvimport import Issue, Result, automaton, cells, duplicates, encoding, hashes
from csvimport.checks.registry import all_checks
from csvimport.engine import Check
from csvimport.forms import HABITS
from csvimport.options import Options
from csvimport.report.csv import write
from csvimport.report.faces import FACES
from csvimport.rulebook import rulebook
from csvimport.scanner import Scanner
from csvimport.source import Source, Together
from csvimport.workspace import Workspace

NAME = "file.csv"
#: Rules that compare rows.
CROSS_ROW = {check.rule for check in all_checks() if check.cross_row}
#: Rules that say what they say of a sample, or leave it to the column's header.
SAMPLED = {*HABITS, *(name for name, rule in rulebook().items() if rule.family == "custom")}

Told = tuple[str, int | None, str | None, str | None]
"""Rule, row, column, suggestion."""

Input = str | bytes | BinaryIO | Iterable[bytes] | Path | Together


@contextmanager
def without_code() -> Iterator[None]:
    """Where nothing was compiled."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (automaton, cells, duplicates, encoding, hashes):
            patch.setattr(module, "_CODE", None)
        patch.setattr(automaton, "_of_this_thread", threading.local())
        yield


def checked(
    source: Input,
    *,
    probe: int | None = None,
    max_lines: int | None = None,
    blocks: int | None = None,
    region: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    at_each_stop: Callable[[Check], object] = lambda _: None,
    **options: Any,
) -> Check:
    """A check that has run through `source`, or through its first `blocks`.

    Text is taken as UTF-8. With a small `probe` and `block_size` even a short file has many blocks.
    `region` and `attributes` are the workspace's. `at_each_stop` is called where it could stop.
    """
    if region is not None or attributes:
        options["workspace"] = Workspace(region=region, attributes=attributes or {})
    if isinstance(source, str):
        source = source.encode()
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    sizes: dict[str, Any] = {"probe": probe, "max_lines": max_lines}
    sizes = {name: size for name, size in sizes.items() if size is not None}
    left = blocks

    def goes_on() -> bool:
        nonlocal left
        at_each_stop(check)
        left = None if left is None else left - 1
        return left != 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.engine.Scanner", functools.partial(Scanner, **sizes))
        readable = source if isinstance(source, Together) else Source(source, NAME)
        check = Check(readable, Options(**options))
        check.run(goes_on)
    return check


def run(source: Input, **options: Any) -> Result:
    """The result of `checked`."""
    return checked(source, **options).result()


def told(result: Result) -> list[Told]:
    """What the issues say, without their words."""
    return [(each.rule, each.row, each.column, each.suggestion) for each in result]


def issues(source: Input, **options: Any) -> list[Issue]:
    """The issues of `source`."""
    return list(run(source, **options))


def summary(result: Result) -> dict[str, Any]:
    """The result's facts but for the time that it took."""
    facts = result.to_dict()
    del facts["elapsed_seconds"]
    return facts


def whole(result: Result) -> tuple[object, ...]:
    """All that anybody can see of a result."""
    return (summary(result), list(result), result.examples, report_bytes(result))


def report_bytes(result: Result, *, raw: bool = False) -> bytes:
    """The error report."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.csv"
        write(result, path, raw=raw)
        return path.read_bytes()


def report(result: Result, *, raw: bool = False) -> list[list[str]]:
    """The error report as the standard library reads it: its header, then its lines."""
    text = report_bytes(result, raw=raw).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def face(results: Sequence[Result], suffix: str) -> bytes:
    """The report of all `results` in the form that a suffix stands for."""
    file = io.BytesIO()
    FACES[suffix].write(results, file)
    return file.getvalue()
