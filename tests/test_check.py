"""What holds of every check, whatever the file holds and however it arrives."""

import dataclasses
import io
import itertools
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, BinaryIO, cast

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from model import read
from polars.testing import assert_frame_equal
from running import SAMPLED, checked, face, issues, report, run, summary, told, whole
from tables import FILES, INPUTS, LINES

import csvimport
from csvimport import (
    Issue,
    OptionError,
    OutputError,
    Result,
    Severity,
    SourceError,
    Verdict,
    check,
)
from csvimport.report import json as json_report
from csvimport.rulebook import rulebook

BOOK = rulebook()
KINDS = st.sampled_from(["auto", "attributes", "events"])
CROSS_ROW = {"duplicate-identifier"}

COLUMNS = {
    "file": pl.String(),
    "rule": pl.String(),
    "severity": pl.String(),
    "row": pl.Int64(),
    "line": pl.Int64(),
    "byte": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "message": pl.String(),
    "suggestion": pl.String(),
}

SAMPLE = (
    "external_id,email,First_name,plan\r\n"
    "A1,a@example.com,Tom,gold\r\n"
    ',b@example.com,"O""Brien",=1+2\r\n'
    "A1,c@example.com,Mia,\r\n"
    "\r\n"
    "A3,d@example.com,Ana\r\n"
    'A4,e@example.com,"open,silver\r\n'
    "A5,f@example.com,Zoë,1.5\n"
    "1.23E+17, ,,\u2028\r\n"
)


# --- Counts and order ----------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(INPUTS, KINDS)
@example(b"\xfe\xff", "auto")
def test_counts_agree_whatever_the_bytes(data: bytes, kind: str) -> None:
    running = checked(data, kind=kind)
    result = running.result()
    found = list(result)
    assert result.verdict == (Verdict.ISSUES_FOUND if found else Verdict.COMPLETE)
    assert result.bytes == result.bytes_checked == len(data)
    assert result.rows == result.rows_checked
    assert result.issues_by_rule == Counter(each.rule for each in found)
    assert result.errors == sum(each.severity == Severity.ERROR for each in found)
    assert result.warnings == sum(each.severity == Severity.WARNING for each in found)
    header = running.scanner.header
    others = {each.row for each in found if each.rule == "blank-row"}
    others |= {None, header.row if header else None}
    in_error = {each.row for each in found if each.severity == Severity.ERROR} - others
    flagged = {each.row for each in found} - others
    assert result.rows_with_errors == len(in_error)
    assert result.rows_with_warnings == len(flagged - in_error)
    assert result.rows_importable == result.rows_checked - result.rows_with_errors
    assert {each.issue.rule for each in result.examples} == set(result.issues_by_rule)
    for first in result.examples:
        assert first.issue == next(each for each in found if each.rule == first.issue.rule)


@settings(max_examples=100, deadline=None)
@given(INPUTS, KINDS)
def test_issues_are_in_order(data: bytes, kind: str) -> None:
    result = run(data, kind=kind)
    rules = result.legend["rule"].to_list()
    keys = [
        (
            row is not None,
            row or 0,
            -1 if position is None else position,
            rules[wording],
        )
        for chunk in result.chunks()
        for row, position, wording in chunk.issues.select("row", "position", "wording").rows()
    ]
    assert keys == sorted(keys)
    positions = [None if at < 0 else result.headers[at] for _, _, at, _ in keys]
    assert positions == [each.column for each in result]
    for _, row in itertools.groupby(result, key=lambda each: (each.row, each.line, each.byte)):
        cells = [each.column for each in row if BOOK[each.rule].file.scope == "cell"]
        assert len(cells) == len(set(cells)), "one issue a cell"


@settings(max_examples=150, deadline=None)
@given(FILES)
def test_records_and_faults_are_those_of_the_contract(text: str) -> None:
    """The independent model of parsing decides how many rows there are, and which are broken."""
    data = text.encode()
    result = run(data)
    entries = read(data).entries
    rows = sum(entry.kind in ("data", "fault") for entry in entries)
    assert result.rows == rows
    if all(entry.kind == "blank" for entry in entries):
        assert [each.rule for each in result if each.row is not None] == []
        return
    expected = [
        (entry.fault or "blank-row", row, entry.line, entry.byte)
        for row, entry in enumerate(entries, 1)
        if entry.fault or entry.kind == "blank"
    ]
    structure = {name for name, rule in BOOK.items() if rule.family == "structure"}
    found = [
        (each.rule, each.row, each.line, each.byte)
        for each in result
        if each.rule in structure - {"swallowed-lines"}
    ]
    assert found == expected
    places = [(row, entry.line, entry.byte) for row, entry in enumerate(entries, 1)]
    assert {(each.row, each.line, each.byte) for each in result} - {(None, None, None)} <= set(
        places
    )
    broken = {place for place, entry in zip(places, entries, strict=True) if entry.fault}
    for each in result:
        if (each.row, each.line, each.byte) in broken:
            assert each.rule in structure, "a malformed record has one issue"
    if result.columns is not None:
        swallowed = {row for row, entry in enumerate(entries, 1) if entry.swallowed}
        assert swallowed <= {each.row for each in result if each.rule == "swallowed-lines"}


def test_a_malformed_header_leaves_rules_incomplete() -> None:
    """Design, section 4: all rules but those of the file, the faults and the blank rows."""
    expected = set(BOOK) - {name for name, rule in BOOK.items() if rule.family == "file"}
    expected -= {"unclosed-quote", "stray-quote", "text-after-quote", "record-too-large"}
    expected -= {"invalid-utf8", "blank-row"}
    for header in ('external_id,"plan"x', '"external_id,plan', 'x"', '"external_id\nplan",a'):
        result = run(header + '\nA1,gold\nA2\n\nA3,O"Brien\n,\n')
        assert result.columns is None
        assert set(result.incomplete_rules) == expected, header
        assert result.incomplete_rules == sorted(expected)
        assert [each.rule for each in result if (each.row or 0) > 3] == [
            "blank-row",
            "stray-quote",
            "blank-row",
        ]


def test_nothing_is_incomplete_in_a_whole_file() -> None:
    assert run(SAMPLE).incomplete_rules == []
    assert run(SAMPLE.encode("utf-16")).incomplete_rules == []
    assert run("").incomplete_rules == []


def test_positions() -> None:
    result = run('\ufeff\r\nexternal_id,note\r\nA1,x\r\n,"é\r\nà"\r\nA2,O\'Brien\r\n,Ana\r\n')
    assert result.bom
    assert [(each.rule, each.row, each.line, each.byte) for each in result] == [
        ("blank-row", 1, 1, 3),
        ("missing-identifier", 4, 4, 29),
        ("missing-identifier", 6, 7, 52),
    ]


def test_long_values_are_cut() -> None:
    data = "external_id,a\n" + "x" * 40_000 + ",1\n" + "y" * 40_000 + ",1,2\nB,1\n"
    result = run(data)
    value = next(each.value for each in result if each.rule == "external-id-too-long")
    assert value is not None
    assert value.startswith("x" * 32_000)
    assert not value.startswith("x" * 32_001)
    assert 32_000 < len(value) < 32_100, "a visible mark"
    lines = report(result)
    assert [line[0] for line in lines] == ["Row", "2", "3"]
    assert lines[1][6] == "x" * 40_000, "the cell itself is whole"
    assert 32_000 < len(lines[2][5]) < 32_100
    assert all(len(each.message) < 400 for each in result)


@pytest.mark.parametrize("size", [81, 5_000, 32_000, 32_001, 40_000])
def test_values_of_faults_are_cut_like_all(size: int) -> None:
    bad = {
        "stray-quote": "x" * (size - 1) + '"',
        "text-after-quote": '"' + "x" * (size - 3) + '"y',
        "unclosed-quote": '"' + "é" * (size - 1),
    }
    for rule, cell in bad.items():
        (found,) = (each for each in issues(f"external_id,a\nA,{cell}\n") if each.rule == rule)
        assert found.value is not None
        assert found.value[:32_000] == cell[:32_000]
        assert (len(found.value) > 32_000) == (size > 32_000)
        assert len(found.value) < 32_100
        assert len(found.message) < 300
        data = b"external_id,a\nA,\xff" + b"x" * (size - 1) + "\nB,é\nC,é\n".encode()
    (found,) = (each for each in issues(data) if each.rule == "invalid-utf8")
    assert (found.value or "")[:32_000] == "\ufffd" + "x" * min(size - 1, 31_999)


# --- The frame of issues -------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(INPUTS)
def test_the_frame_and_the_iteration_hold_the_same_issues(data: bytes) -> None:
    result = run(data)
    assert dict(result.issues.collect_schema()) == COLUMNS
    frame = result.issues.collect()
    assert dict(frame.schema) == COLUMNS
    assert [field.name for field in dataclasses.fields(Issue)] == list(COLUMNS)
    assert [Issue(**row) for row in frame.iter_rows(named=True)] == list(result)
    assert all(isinstance(each.severity, Severity) for each in result)
    assert frame.height == result.errors + result.warnings
    assert set(frame["file"]) <= {"file.csv"}


QUERIES = {
    "select": lambda frame: frame.select("rule", "row"),
    "select one": lambda frame: frame.select("message"),
    "reorder": lambda frame: frame.select("suggestion", "file"),
    "count": lambda frame: frame.select(pl.len()),
    "filter": lambda frame: frame.filter(pl.col("severity") == "error"),
    "filter by another column": lambda frame: frame.filter(pl.col("row") > 3).select("rule"),
    "head": lambda frame: frame.head(3),
    "head of none": lambda frame: frame.head(0),
    "slice": lambda frame: frame.slice(2, 3),
    "tail": lambda frame: frame.tail(2),
    "filter, head": lambda frame: frame.filter(pl.col("row") > 3).head(2),
    "head, filter": lambda frame: frame.head(5).filter(pl.col("row") > 3),
    "filter, count": lambda frame: frame.filter(column="external_id").select(pl.len()),
    "index": lambda frame: frame.with_row_index().filter(pl.col("row").is_null()),
    "sort": lambda frame: frame.sort("rule", "row", descending=True),
    "group": lambda frame: frame.group_by("rule", maintain_order=True).len(),
    "null": lambda frame: frame.filter(pl.col("column").is_null()).select("row", "rule"),
    "new column": lambda frame: frame.with_columns(x=pl.col("row") * 2).select("x", "byte"),
}


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())
def test_the_lazy_frame_answers_like_a_plain_one(
    query: Any, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("csvimport.spill._BUFFER", 1)
    monkeypatch.setattr("csvimport.engine._ENOUGH_BLOCKS", 1)
    result = run(SAMPLE, probe=16, block_size=40, max_record=60)
    assert len(list(result.chunks())) > 3
    frame = result.issues.collect()
    lazily = query(result.issues).collect(engine=engine)
    assert_frame_equal(lazily, query(frame))


# --- One answer, however the bytes arrive --------------------------------------------------------

#: Whether lines end in CR is judged on the first mebibyte, which a small probe would move.
UNPROBED = FILES.filter(lambda text: "\r" not in text.replace("\r\n", ""))


@settings(max_examples=60, deadline=None)
@given(
    UNPROBED,
    st.integers(1, 60),
    st.integers(16, 60),
    st.integers(1, 4),
    st.sampled_from([40, 100, 300]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "broken"]),
)
def test_sizes_of_blocks_do_not_show(
    text: str, block_size: int, probe: int, max_lines: int, max_record: int, encoding: str
) -> None:
    if encoding == "broken":
        data = text.encode().replace(b"x", b"\xff").replace(b"y", "ü".encode())
    else:
        data = text.encode(encoding)
    in_one = whole(run(data, max_record=max_record))
    sizes = {"block_size": block_size, "probe": probe, "max_lines": max_lines}
    assert whole(run(data, max_record=max_record, **sizes)) == in_one


@pytest.mark.parametrize("block_size", [*range(1, 24), 50, 100, 1000])
def test_no_size_of_blocks_shows_in_the_sample(block_size: int) -> None:
    data = SAMPLE + "\r\n".join(LINES)
    for max_record in (64, 120):
        in_one = whole(run(data, max_record=max_record))
        sizes = {"block_size": block_size, "probe": 16, "max_record": max_record}
        assert whole(run(data, **sizes)) == in_one


@settings(max_examples=50, deadline=None)
@given(INPUTS, st.lists(st.integers(0, 20), max_size=20))
def test_the_cut_of_an_iterable_does_not_show(data: bytes, sizes: list[int]) -> None:
    ends = [min(end, len(data)) for end in itertools.accumulate(sizes)]
    chunks = [data[start:end] for start, end in itertools.pairwise([0, *ends, len(data)])]
    assert b"".join(chunks) == data
    assert whole(run(iter(chunks))) == whole(run(data))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_no_cut_shows_in_the_sample(size: int, encoding: str) -> None:
    data = (SAMPLE.replace("\u2028", "é") + "\n".join(LINES).replace("\u2003", " ")).encode(
        encoding
    )
    chunks = [data[start : start + size] for start in range(0, len(data), size)]
    sizes = {"block_size": 30, "probe": 16, "max_record": 64}
    assert whole(run(chunks, **sizes)) == whole(run(data, max_record=64))


def test_large_blocks_do_not_show() -> None:
    rows = [f"id{number % 39_999},u{number}@example.com,Ana,\n" for number in range(60_000)]
    rows[::997] = [f'id{number},,"open,x\n' for number in range(len(rows[::997]))]
    data = ("external_id,email,first_name,plan\n" + "".join(rows)).encode()
    assert len(data) > 3 << 19
    in_one = run(data)
    assert in_one.issues_by_rule["unclosed-quote"] == len(rows[::997])
    in_many = run(data, block_size=100_000, probe=1000)
    assert summary(in_many) == summary(in_one)
    assert_frame_equal(in_many.issues.collect(), in_one.issues.collect())


class Pipe(io.RawIOBase):
    """A binary stream that can only be read once, a few bytes at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(memoryview(buffer)[:5])


def _pipe(data: bytes) -> BinaryIO:
    source, sink = os.pipe()
    os.write(sink, data)
    os.close(sink)
    return os.fdopen(source, "rb")


def _behind_three_bytes(data: bytes) -> BinaryIO:
    file = io.BytesIO(b"xyz" + data)
    file.seek(3)
    return file


def _all_that_can_be_read(folder: Path, data: bytes) -> Iterator[Any]:
    path = folder / "users.csv"
    path.write_bytes(data)
    yield path
    yield str(path)
    yield path.open("rb")
    yield path.open("rb", buffering=0)
    yield io.BytesIO(data)
    yield _behind_three_bytes(data)
    yield io.BufferedReader(Pipe(data))
    yield cast(BinaryIO, Pipe(data))
    yield _pipe(data)
    yield [data]
    yield (data[at : at + 1] for at in range(len(data)))
    yield iter([b"", bytearray(data), b""])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-8-sig"])
def test_the_same_answer_from_every_source(tmp_path: Path, encoding: str) -> None:
    data = SAMPLE.encode(encoding)
    outcomes = []
    for number, source in enumerate(_all_that_can_be_read(tmp_path, data)):
        result = check(source, report=tmp_path / f"{number}.report.csv", time_budget=None)
        facts = summary(result)
        del facts["file"], facts["parts"], facts["report"]
        found = [dataclasses.replace(each, file="") for each in result]
        outcomes.append((facts, found, (tmp_path / f"{number}.report.csv").read_bytes()))
        if hasattr(source, "close") and hasattr(source, "read"):
            source.close()
    assert len(outcomes) == 12
    assert all(outcome == outcomes[0] for outcome in outcomes)


def test_a_named_pipe_is_read_once(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    data = SAMPLE.encode("utf-16")
    writer = threading.Thread(target=path.write_bytes, args=(data,))
    writer.start()
    result = check(path, time_budget=None)
    writer.join()
    assert result.encoding == "utf-16-le"
    assert result.bytes == len(data)


def test_what_cannot_be_read_is_an_exception(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        check(tmp_path / "missing.csv")
    with pytest.raises(SourceError):
        check(tmp_path)
    with pytest.raises(OptionError):
        check(cast(Any, b"external_id\n"))
    with pytest.raises(OptionError):
        check(cast(Any, [1]))
    with pytest.raises(OptionError):
        check(cast(Any, io.StringIO("external_id\n")))


def test_what_cannot_be_done_is_an_exception(tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        check(io.BytesIO(), report=tmp_path / "missing" / "report.csv")
    with pytest.raises(OptionError, match="did you mean `blank-row`"):
        check(io.BytesIO(), ignore=["blank-rows"])
    with pytest.raises(OptionError):
        check(io.BytesIO(), severities={"blank-row": "fatal"})
    with pytest.raises(OptionError):
        check(io.BytesIO(), time_budget=0)
    with pytest.raises(OptionError):
        check(io.BytesIO(), kind=cast(Any, "users"))


@pytest.mark.parametrize("how", ["name", "path", "link", "file", "workspace"])
def test_a_report_never_replaces_an_input(tmp_path: Path, how: str) -> None:
    path, link, workspace = tmp_path / "users.csv", tmp_path / "link.csv", tmp_path / "w.toml"
    path.write_text("external_id\n\nA\n")
    workspace.write_text('region = "GB"\n')
    link.symlink_to(path)
    before = {each: each.read_bytes() for each in tmp_path.iterdir()}
    for verb in (check, csvimport.start):
        with path.open("rb") as file:
            sources: dict[str, Any] = {"name": str(path), "link": link, "file": file}
            source = sources.get(how, path)
            output = workspace if how == "workspace" else tmp_path / "." / "users.csv"
            with pytest.raises(OutputError, match="is an input"):
                verb(source, report=output, workspace=workspace)
        assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_a_report_may_have_the_name_of_an_input_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    path = tmp_path / "users.csv"
    path.write_text("external_id\n\nA\n")
    assert check(path, report="users.csv").report == "users.csv"
    assert path.read_text() == "external_id\n\nA\n"


@pytest.mark.parametrize(
    ("now", "same"),
    [
        (datetime(2026, 11, 22, 1), datetime(2026, 11, 22, 1, tzinfo=UTC)),
        (
            datetime(2026, 11, 22, 1, tzinfo=timezone(timedelta(hours=1))),
            datetime(2026, 11, 22, tzinfo=UTC),
        ),
    ],
)
def test_now_is_in_utc(now: datetime, same: datetime) -> None:
    assert check(io.BytesIO(b"external_id\n"), now=now).now == same


@pytest.mark.parametrize(
    "now",
    [
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=5))),
        datetime.min,
        "2026-11-22",
        "",
        0,
    ],
)
def test_now_that_is_no_time(now: object) -> None:
    for verb in (check, csvimport.start):
        with pytest.raises(OptionError, match="as the time"):
            verb(io.BytesIO(b"external_id\n"), now=cast(Any, now))


# --- A fault is one issue, and the rows around it have none --------------------------------------

Found = list[tuple[str, str | None]]
#: The bytes of a row with this number, and its issues by rule and column.
FAULTS: dict[str, tuple[str, Found]] = {
    "stray quote": ('id{n},u{n}@example.com,O"Brien,é', [("stray-quote", None)]),
    "stray quote in the identifier": ('i"d{n},,,é', [("stray-quote", None)]),
    "text after quote": ('id{n},"u{n}"@example.com,,é', [("text-after-quote", None)]),
    "unclosed quote": ('id{n},u{n}@example.com,"Zoé,x', [("unclosed-quote", None)]),
    "unclosed quote in the last cell": ('id{n},,Zoé,"x', [("unclosed-quote", None)]),
    "unclosed quote in the first cell": ('"id{n},,Zoé,x', [("unclosed-quote", None)]),
    "too few cells": ("id{n},u{n}@example.com,Zoé", [("too-few-cells", None)]),
    "one cell": ("id{n}é", [("too-few-cells", None)]),
    "too many cells": ("id{n},u{n}@example.com,Zoé,x,y", [("too-many-cells", None)]),
    "blank": ("", [("blank-row", None)]),
    "blank cells": (' ,,"",', [("blank-row", None)]),
    "bad byte": ("id{n},u{n}@example.com,Zo\udcff,x", [("invalid-utf8", None)]),
    "cut character": ("id{n},u{n}@example.com,Zo\udcc3,x", [("invalid-utf8", None)]),
    "long": ("id{n}" + 990 * "x" + ",,Zoé,x", [("external-id-too-long", "external_id")]),
    "duplicate": ("id0,u{n}@example.com,Zoé,x", [("duplicate-identifier", "external_id")]),
    "no identifier": (",,Zoé,x", [("missing-identifier", "external_id")]),
    "blank identifiers": (
        "\u2003, ,Zoé,x",
        [("missing-identifier", "external_id"), ("invalid-email", "email")],
    ),
    "fallback": (",u{n}@example.com,Zoé,x", [("identifier-fallback", "email")]),
    "unusable": (
        ",u{n} at example.com,Zoé,x",
        [("identifier-fallback", "email"), ("unusable-identifier", "email")],
    ),
    "damaged": ("1.{n}E+17,,Zoé,x", [("damaged-identifier", "external_id")]),
    "space": (" id{n},,Zoé,x", [("identifier-whitespace", "external_id")]),
    "swallowed": ('id{n},,"Zoé\n1,2,3,4\nx",x', [("swallowed-lines", None)]),
    "line end in the identifier": ('"id\n{n}",,Zoé,x', [("swallowed-lines", "external_id")]),
}
CLEAN = [
    "id{n},u{n}@example.com,Zoé,x",
    "id{n},,é,",
    '"id{n}","u{n}@example.com","Zo""é",""',
    'id{n},u{n}@example.com,Zoé,"two\nlines, é"',
    'id{n},,é,""""',
    'id{n},,é,"a\nb"',
]


@dataclasses.dataclass(frozen=True)
class Damaged:
    """A file with known faults: (rule, row, line, byte, column)."""

    data: bytes
    expected: list[tuple[str, int, int, int, str | None]]
    in_error: int


@st.composite
def damaged_files(draw: st.DrawFn) -> Damaged:
    faults = draw(st.lists(st.sampled_from(sorted(FAULTS)), max_size=8))
    clean = draw(st.lists(st.sampled_from(CLEAN), min_size=2 * len(faults), max_size=20))
    rows: list[tuple[str, Found]] = [FAULTS[fault] for fault in faults]
    rows = draw(st.permutations([*rows, *((row, []) for row in clean)]))
    rows = [(CLEAN[0], []), *rows, (CLEAN[0], [])]  # in UTF-8 beyond doubt, and never blank alone
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    data = b"external_id,email,first_name,plan" + end
    line = 2
    expected: list[tuple[str, int, int, int, str | None]] = []
    in_error = 0
    for number, (row, found) in enumerate(rows):
        expected += [(rule, number + 2, line, len(data), column) for rule, column in found]
        in_error += any(BOOK[rule].severity == Severity.ERROR for rule, _ in found)
        data += row.replace("{n}", str(number)).encode(errors="surrogateescape") + end
        line += 1 + row.count("\n")
    if draw(st.booleans()):
        data = data.removesuffix(end)
    return Damaged(data, expected, in_error)


@settings(max_examples=120, deadline=None)
@given(damaged_files())
def test_every_fault_is_found_and_no_innocent_row_is_blamed(file: Damaged) -> None:
    result = run(file.data)
    found = [(each.rule, each.row, each.line, each.byte, each.column) for each in result]
    assert found == file.expected
    assert result.rows_with_errors == file.in_error


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_alone(fault: str) -> None:
    row, expected = FAULTS[fault]
    rows = [each.replace("{n}", str(number)) for number, each in enumerate([*CLEAN, row, *CLEAN])]
    data = "\n".join(["external_id,email,first_name,plan", *rows])
    result = run(data.encode(errors="surrogateescape"))
    assert [(each.rule, each.row, each.column) for each in result] == [
        (rule, 2 + len(CLEAN), column) for rule, column in expected
    ]


@settings(max_examples=80, deadline=None)
@given(UNPROBED, st.data())
def test_the_issues_of_a_prefix_are_a_prefix_of_the_issues(
    text: str, choice: st.DataObject
) -> None:
    data = text.encode()
    entries = read(data).entries
    header = next((row for row, entry in enumerate(entries) if entry.kind == "header"), None)
    if header is None:
        return
    count = choice.draw(st.integers(header + 1, len(entries)))
    prefix = data if count == len(entries) else data[: entries[count].byte]

    def of_rows(data: bytes) -> list[tuple[object, ...]]:
        return [
            # the words may name a later line that gives an unclosed quote away
            (each.rule, each.row, each.line, each.byte, each.column, each.suggestion)
            for each in issues(data, kind="attributes")
            if each.row is not None and each.rule not in CROSS_ROW | SAMPLED
        ]

    mine, all_of_them = of_rows(prefix), of_rows(data)
    assert mine == all_of_them[: len(mine)]
    rest = all_of_them[len(mine) :]
    assert all(cast(int, row) > count for _, row, *_ in rest)


# --- JSON ----------------------------------------------------------------------------------------

KEYS = """
    file parts kind kind_reason verdict broken_off bytes bytes_checked encoding bom line_ending
    delimiter identifier columns new_attributes workspace baseline rows rows_checked rows_importable
    rows_with_errors rows_with_warnings errors warnings issues_by_rule incomplete_rules
    ignored_rules changed_rules redacted report
    elapsed_seconds
"""


@settings(max_examples=40, deadline=None)
@given(INPUTS)
def test_the_result_as_json(data: bytes) -> None:
    result = run(data)
    facts = result.to_dict()
    assert list(facts) == KEYS.split()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["verdict"] in ("complete", "issues_found")
    assert facts["line_ending"] in ("lf", "crlf", "cr", "mixed", None)
    assert facts["delimiter"] in (",", ";", "\t", "|")
    assert set(facts["issues_by_rule"]) <= set(BOOK)
    assert set(facts["incomplete_rules"]) <= set(BOOK)
    if facts["columns"] is None:
        assert result.identifier == []
    else:
        assert [column["name"] for column in facts["columns"]] == result.headers
        for column in facts["columns"]:
            assert list(column) == ["name", "role", "type", "reason"]
            assert column["role"] in ("identifier", "default", "custom", "property")


def test_the_facts_of_a_file() -> None:
    facts = run("external_id,email,plan,x.properties.y,plan\r\nA1,,,,\r\n", kind="auto").to_dict()
    assert facts["kind"] == "events"
    assert "x.properties.y" in facts["kind_reason"]
    assert facts["encoding"] == "utf-8"
    assert facts["bom"] is False
    assert facts["line_ending"] == "crlf"
    assert facts["delimiter"] == ","
    assert facts["identifier"] == ["external_id", "email"]
    assert [column["role"] for column in facts["columns"]] == [
        "identifier",
        "identifier",
        "custom",
        "property",
        "custom",
    ]
    assert facts["rows"] == facts["rows_checked"] == facts["rows_importable"] == 1


def test_the_document_of_several_results() -> None:
    results = [run(SAMPLE), run("")]
    document = json.loads(json_report.render(results, results[0].now))
    assert list(document) == ["version", "tool_version", "now", "files"]
    assert document["version"] == 1
    assert document["now"].endswith("Z")
    assert document["files"] == [result.to_dict() for result in results]


@settings(max_examples=30, deadline=None)
@given(st.lists(INPUTS, max_size=3))
def test_issues_as_json_lines(inputs: list[bytes]) -> None:
    results = [run(data) for data in inputs]
    lines = face(results, ".jsonl").decode().split("\n")
    assert lines.pop() == ""
    found = [json.loads(line) for line in lines]
    assert all(list(each) == list(COLUMNS) for each in found)
    assert found == [dataclasses.asdict(each) for result in results for each in result]


# --- What the caller changes ---------------------------------------------------------------------

#: Rules that leave room for no other where they are ignored: they share no cell with one.
APART = [
    name
    for name, rule in BOOK.items()
    if rule.file.scope in ("file", "row") and name != "missing-header"
]


@settings(max_examples=80, deadline=None)
@given(INPUTS, st.sets(st.sampled_from(APART)))
def test_ignored_rules_are_gone_and_the_others_stay(data: bytes, ignored: set[str]) -> None:
    everything = run(data)
    result = run(data, ignore=frozenset(ignored))
    assert list(result) == [each for each in everything if each.rule not in ignored]
    assert result.rows == everything.rows
    assert not ignored & set(result.incomplete_rules)


@settings(max_examples=80, deadline=None)
@given(INPUTS, st.dictionaries(st.sampled_from(sorted(BOOK)), st.sampled_from(Severity)))
def test_changed_severities_change_nothing_else(
    data: bytes, severities: dict[str, Severity]
) -> None:
    everything = run(data)
    result = run(data, severities=severities)
    assert list(result) == [
        dataclasses.replace(each, severity=severities.get(each.rule, each.severity))
        for each in everything
    ]
    assert result.errors == sum(each.severity == Severity.ERROR for each in result)
    assert result.rows == everything.rows


def _of_cell(source: str, **options: Any) -> list[tuple[str, str]]:
    return [(each.rule, str(each.severity)) for each in issues(source, **options) if each.column]


def test_an_ignored_rule_leaves_the_cell_to_the_next() -> None:
    data = f"external_id,user_alias_name,user_alias_label\n {'x' * 988},a,b\n"
    order = ["mixed-identifiers", "external-id-too-long", "identifier-whitespace"]
    for count, rule in enumerate(order):
        ignore = frozenset(order[:count])
        assert [rule for rule, _ in _of_cell(data, ignore=ignore)] == [rule]
    data = "external_id,\u00a0email ,\u00a0email \nA1,,\n"
    order = ["duplicate-header", "misspelled-column", "header-whitespace"]
    for count, rule in enumerate(order):
        ignore = frozenset(order[:count])
        assert [rule for rule, _ in _of_cell(data, ignore=ignore)][-1] == rule


def test_changed_severities_do_not_alter_the_choice() -> None:
    data = f"external_id,plan\n {'x' * 988},a\n"
    severities = {"external-id-too-long": "warning", "identifier-whitespace": "error"}
    result = check(io.BytesIO(data.encode()), severities=severities)
    assert [(each.rule, each.severity) for each in result] == [("external-id-too-long", "warning")]
    assert (result.errors, result.warnings) == (0, 1)
    assert (result.rows_with_errors, result.rows_with_warnings) == (0, 1)
    data = "braze_id\nNULL\n"
    severities = {"unusual-braze-id": "error"}
    assert _of_cell(data, severities=severities) == [("damaged-identifier", "warning")]
    ignore = frozenset(["damaged-identifier"])
    assert _of_cell(data, severities=severities, ignore=ignore) == [("unusual-braze-id", "error")]


def test_an_ignored_missing_header_lets_the_other_rules_speak() -> None:
    data = "A1,a@example.com\nA2,b@example.com\n"
    assert [each[0] for each in told(run(data))] == ["missing-header"]
    ignored = run(data, ignore=frozenset(["missing-header"]))
    assert [each[0] for each in told(ignored)] == ["missing-identifier-column"]


def test_the_public_names() -> None:
    assert sorted(csvimport.__all__) == csvimport.__all__
    assert all(hasattr(csvimport, name) for name in csvimport.__all__)
    assert isinstance(run(SAMPLE), Result)
