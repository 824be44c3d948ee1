"""Inputs by mutation, and what has to hold of each. `tests/corpus` keeps what is found.

`make fuzz` runs it for a time: `python tests/fuzz.py SECONDS [SEED]`, a process for each processor.
"""

import bz2
import csv
import functools
import gzip
import hashlib
import io
import json
import multiprocessing
import os
import random
import sys
import time
import traceback
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from running import checked, report_bytes, summary
from test_scanner import assert_like_model

from csvimport import CsvImportError, Result, Severity
from csvimport.columns import known_columns
from csvimport.report import console
from csvimport.report.json import render
from csvimport.rulebook import rulebook

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
#: Longer inputs say nothing that a shorter one would not.
_LONGEST = 4096
#: All inputs are read, and one in so many is checked: that takes forty times as long.
_CHECKED = 400
#: Runs to make one that failed smaller.
_TRIES = 100
#: Some messages tell it.
_NOW = datetime(2026, 11, 22, tzinfo=UTC)
_ENDS = [b"\t", b"\n", b"\r\n", b"\r", b"\r\r\n", b'\n"', b'"\n']
_SYNTAX = [*rb"""" "" "," , ; | """.split(), *_ENDS]
_BYTES = [b"\0", b"\xff", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", b"\xf4\x90", b"\x1e", b"\x1b[31m"]
_LETTERS = "\ufeff é \u2028 \u202e \u00a0 ß Ł ٣ 😀 Ã© \ufffd".encode().split(b" ")
_VALUES = b"""=1+1 +442071838750 '+1 0x1F 007 1.5E+12 1,234.5 NULL #REF! a@example.com A@b..c
2026-02-30 1/2/2024 true ['a'] {} sep=;""".split()
_NAMES = [each.encode() for each in (*known_columns("attributes"), *known_columns("events"))]
_TOKENS = [*_SYNTAX, *_BYTES, *_LETTERS, *_VALUES, *_NAMES]


def seeds() -> list[bytes]:
    """The samples, the rule book's examples, and what was found before."""
    files = [*(HERE.parent / "sample_files").glob("*.csv"), *CORPUS.glob("*")]
    examples = [each.csv.encode() for rule in rulebook().values() for each in rule.file.example]
    return [data for data in (*(file.read_bytes() for file in sorted(files)), *examples) if data]


def mutated(choose: random.Random, known: list[bytes]) -> bytes:
    """A seed that a few accidents have happened to."""
    data = choose.choice(known)
    for _ in range(choose.choice([0, 1, 1, 2, 3, 5, 8])):
        data = choose.choice(_ACCIDENTS)(choose, data, known)[:_LONGEST]
    return choose.choice(_PACKINGS)(data) if choose.random() < 0.15 else data


def _put(choose: random.Random, data: bytes, _: list[bytes]) -> bytes:
    at = choose.randrange(len(data) + 1)
    return data[:at] + choose.choice(_TOKENS) + data[at + choose.choice([0, 0, 1, 3]) :]


def _cut(choose: random.Random, data: bytes, _: list[bytes]) -> bytes:
    start, stop = sorted(choose.randrange(len(data) + 1) for _ in range(2))
    return data[:start] + data[stop:]


def _flip(choose: random.Random, data: bytes, _: list[bytes]) -> bytes:
    if not data:
        return data
    at = choose.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << choose.randrange(8)]) + data[at + 1 :]


def _repeat(choose: random.Random, data: bytes, _: list[bytes]) -> bytes:
    lines = data.splitlines(keepends=True) or [b""]
    at = choose.randrange(len(lines))
    lines[at:at] = [choose.choice(lines)] * choose.choice([1, 2, 30])
    return b"".join(lines)


def _splice(choose: random.Random, data: bytes, known: list[bytes]) -> bytes:
    other = choose.choice(known)
    return data[: choose.randrange(len(data) + 1)] + other[choose.randrange(len(other) + 1) :]


def _replace(choose: random.Random, data: bytes, _: list[bytes]) -> bytes:
    return data.replace(*choose.choice(_REPLACEMENTS))


def _encode(choose: random.Random, data: bytes, _: list[bytes]) -> bytes:
    return data.decode(errors="replace").encode(choose.choice(_ENCODINGS), errors="replace")


def _zip(*tables: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, table in enumerate(tables):
            archive.writestr(f"{number}.csv", table)
    return file.getvalue()


_REPLACEMENTS = [(b"\n", b"\r\n"), (b"\n", b"\r"), (b",", b";"), (b'"', b""), (b"e", b"\xe9")]
_ENCODINGS = ["utf-16", "utf-16-be", "utf-8-sig", "cp1252", "utf-32", "koi8-r", "shift-jis"]
_ACCIDENTS: list[Callable[[random.Random, bytes, list[bytes]], bytes]] = [
    *[_put] * 6,
    *(_cut, _flip, _repeat, _splice, _replace, _encode),
]
_PACKINGS: list[Callable[[bytes], bytes]] = [
    gzip.compress,
    bz2.compress,
    _zip,
    lambda data: _zip(data, data),
]


#: What would do something to a terminal: categories of characters, and classes that turn its text.
_UNSAFE = {"Cc", "Zl", "Zp", "Cs", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def examine_reading(data: bytes, choose: random.Random) -> None:
    """Raise an AssertionError where the scanner reads something else than the model."""
    assert_like_model(data, **_sizes(choose))


def _sizes(choose: random.Random) -> dict[str, Any]:
    return {
        "block_size": choose.choice([7, 60, 500, 5000]),
        "max_lines": choose.choice([1, 3, 1000]),
    }


def examine(data: bytes, choose: random.Random) -> None:
    """Raise an AssertionError, or whatever it is, where the tool does not keep its word."""
    try:
        result = checked(data, now=_NOW).result()
    except CsvImportError as error:
        if "\n" in str(error):
            raise
        return
    _agrees(result)
    sizes = _sizes(choose)
    again = checked(data, now=_NOW, **sizes).result()
    assert summary(again) == summary(result), sizes
    assert list(again) == list(result), sizes
    assert report_bytes(again) == report_bytes(result), sizes


def _agrees(result: Result) -> None:
    """Whether all forms of a result tell the same."""
    issues = list(result)
    rules = Counter(each.rule for each in issues)
    assert rules == result.issues_by_rule
    errors = [each for each in issues if each.severity is Severity.ERROR]
    assert (len(errors), len(issues) - len(errors)) == (result.errors, result.warnings)
    rows = {each.row for each in errors if each.row}
    assert 0 <= len(rows) - result.rows_with_errors <= 1  # the header is no row
    assert result.bytes == result.bytes_checked
    document = json.loads(render([result], result.now))
    assert document["files"][0]["issues_by_rule"] == rules
    text = report_bytes(result).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text, newline="")))
    about = {each.row for each in issues if each.row} | {
        -index for index, each in enumerate(issues, 1) if each.row is None
    }
    assert len(lines) == 1 + len(about)
    assert {len(line) for line in lines} == {len(lines[0])}
    for line in console.render(result, show=3):
        text = line.plain
        kinds = {*map(unicodedata.category, text), *map(unicodedata.bidirectional, text)}
        assert not _UNSAFE & kinds, text


# --- The run -------------------------------------------------------------------------------------


def _run(seconds: float, seed: int) -> tuple[int, list[tuple[str, bytes]]]:
    """How many inputs were examined, and what was found: where it failed, with which input."""
    choose, known, end = random.Random(seed), seeds(), time.monotonic() + seconds
    found: dict[str, bytes] = {}
    count = 0
    while time.monotonic() < end:
        data = mutated(choose, known)
        count += 1
        if (place := _failure(data, count)) and place not in found:
            found[place] = _smaller(data, place, count)
    return count, list(found.items())


def _failure(data: bytes, seed: int) -> str | None:
    try:
        examine_reading(data, random.Random(seed))
        if not seed % _CHECKED:
            examine(data, random.Random(seed))
    except Exception as error:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {Path(frame.filename).name}:{frame.lineno}"
    return None


def _smaller(data: bytes, place: str, seed: int) -> bytes:
    """A part of `data` that fails in the same way, found in a few tries."""
    size, start = len(data) // 2, 0
    for _ in range(_TRIES):
        if not size:
            break
        part = data[:start] + data[start + size :]
        if _failure(part, seed) == place:
            data = part
        else:
            start += size
        if start >= len(data):
            size, start = size // 2, 0
    return data


def main(seconds: float, seed: int) -> int:
    """Examine inputs for some time, keep what fails in the corpus, and say how it went."""
    processes = os.cpu_count() or 1
    os.environ["POLARS_MAX_THREADS"] = "1"  # of the processes
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        outcomes = pool.map(functools.partial(_run, seconds), range(seed, seed + processes))
    count = sum(count for count, _ in outcomes)
    found = {place: data for _, failures in outcomes for place, data in failures}
    CORPUS.mkdir(exist_ok=True)
    for place, data in found.items():
        name = hashlib.sha256(data).hexdigest()[:12]
        (CORPUS / name).write_bytes(data)
        print(f"{place}: tests/corpus/{name}, {len(data)} bytes")
    checked_whole = count // _CHECKED
    print(f"{count:,} inputs read, {checked_whole:,} of them checked: {seconds:g} s, seed {seed}")
    print(f"{len(found)} ways to fail")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())))
