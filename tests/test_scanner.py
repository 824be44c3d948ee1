"""The scanner held against the model of the contract, and its two paths against each other."""

import csv
import io
import itertools
import random
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace

import model
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from model import (
    COMMA,
    OTHER_DELIMITERS,
    Reading,
    data_entry,
    is_utf8,
    judge_delimiter,
    physical_lines,
    read,
    read_isolated,
    read_record,
)
from msgspec import structs
from running import without_code
from test_model import CASES, LIMITED

from csvimport.block import Block
from csvimport.dialect import LineEndings
from csvimport.encoding import Encoding, Utf8Stream
from csvimport.errors import BrokenOffError
from csvimport.feed import Feed
from csvimport.hashes import Cells, Texts
from csvimport.recovery import Reader, Record
from csvimport.scanner import Last, Scanner

PIECES = ['"', ",", "\n", "\r\n", "\r", " ", "a", "bc", '""', ",,", '",', ',"', "\r\r\n", ";", "é"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join).map(str.encode)
#: Files that start like files, so that a width is known.
TABLES = st.builds(
    bytes.__add__, st.sampled_from([b"a,b\n", b"a,b,c\n", b"a;b\r\n", b"a,b\r"]), TEXTS
)
ALPHABET = ['"', ",", "\n", "\r", "a"]
BYTES = st.binary(max_size=40)


def scanner(data: bytes, *, chunk: int = 1 << 20, **limits: int | bool) -> Scanner:
    def chunks() -> Iterator[bytes]:
        return (data[start : start + chunk] for start in range(0, len(data), chunk))

    stream = Utf8Stream(Encoding(), chunks)
    stream.may_be_invalid = True  # the model takes every input for UTF-8
    return Scanner(stream, **limits)  # type: ignore[arg-type]


def shown(faults: pl.DataFrame, max_record: int) -> pl.DataFrame:
    """These faults, with no more of their values than is there whatever is read at a time."""
    return faults.with_columns(pl.col("value").str.head(max_record // 4))


Outcome = tuple[object, ...]


def scan(data: bytes, *, chunk: int = 1 << 20, **limits: int | bool) -> Outcome:
    """All that the scanner tells, as plain values."""
    return outcome(scanner(data, chunk=chunk, **limits))


def outcome(source: Scanner) -> Outcome:
    """All that this scanner tells."""
    records: list[tuple[object, ...]] = []
    for block in map(looked_at, source):
        for frame in (block.sound, shown(block.faults, source.max_record), block.blanks):
            records += frame.drop("start", "end", strict=False).rows()
        spans = block.sound.select("row", "start", "end").rows()
        records += [(row, block.text[start:end]) for row, start, end in spans]
    header = source.header
    top = None if header is None else (header.row, header.line, header.byte, header.cells)
    faults = [] if header is None else shown(header.faults, source.max_record).rows()
    endings = source.line_endings
    told = (source.dialect, source.separator_line, top, faults, source.bytes_read, str(endings))
    return (*told, source.row, source.last, sorted(records, key=str))


def looked_at(block: Block) -> Block:
    """The block with its plain records among the others."""
    plain = block.plain
    assert plain is not None
    return structs.replace(block, found=block.found.and_sound(plain.as_sound(plain.rows)))


def summary(source: Scanner) -> list[tuple[object, ...]]:
    """The scanner's records in the words of the model."""
    entries: list[tuple[object, ...]] = []
    for block in source:
        for record in block.sound.iter_rows(named=True):
            place = (record["line"], record["byte"], record["last"] - record["line"] + 1)
            cells = [record[name] for name in record if name[1:].isdigit()]
            known = source.header is not None and source.header.width is not None
            entries.append(
                (
                    "data",
                    *place,
                    None,
                    None,
                    cells if known else None,
                    record["swallowed"] is not None,
                )
            )
        for record in block.faults.iter_rows(named=True):
            place = (record["line"], record["byte"], record["last"] - record["line"] + 1)
            entries.append(("fault", *place, record["fault"], record["evidence"], None, False))
        for record in block.blanks.iter_rows(named=True):
            place = (record["line"], record["byte"], record["last"] - record["line"] + 1)
            entries.append(("blank", *place, None, None, None, False))
    header = source.header
    if header is not None:
        fault = header.faults["fault"].to_list() or [None]
        top = None if fault[0] else header.cells
        entries.append(("header", header.line, header.byte, 1, fault[0], None, top, False))
    return sorted(entries, key=lambda entry: entry[1])  # type: ignore[arg-type, return-value]


def expected(reading: Reading) -> list[tuple[object, ...]]:
    """The model's entries in the same form."""
    broken = any(entry.kind == "header" and entry.fault for entry in reading.entries)
    return [
        (
            entry.kind,
            entry.line,
            entry.byte,
            entry.lines,
            entry.fault,
            entry.evidence,
            None
            if entry.cells is None or (broken and entry.kind == "data")
            else [cell.decode() for cell in entry.cells],
            entry.swallowed,
        )
        for entry in reading.entries
    ]


def assert_like_model(
    data: bytes, *, max_record: int = 1 << 20, probe: int = 1 << 20, **sizes: int
) -> None:
    reading = read(data, max_record=max_record, probe=probe)
    source = scanner(data, max_record=max_record, probe=probe, **sizes)
    assert summary(source) == expected(reading)
    assert source.dialect.line_end == reading.line_ending
    assert source.dialect.delimiter == reading.delimiter
    assert (source.separator_line is not None) == reading.separator_line
    assert source.line_endings == line_endings(data, reading)
    assert (source.row, source.bytes_read) == (len(reading.entries) + 1, len(data))
    assert_last(source.last, reading)


def line_endings(data: bytes, reading: Reading) -> LineEndings:
    """How the model's records end."""
    lines = physical_lines(data, reading.line_ending)
    found = LineEndings()
    for entry in reading.entries:
        number = entry.line + entry.lines - 1
        _, stop, end = lines[number - 1]
        ending = end - stop - 1
        found.add(ending, 1, number)
        if entry.kind == "header":
            found.header = ending
        elif entry.kind != "blank" and found.first_row is None:
            found.first_row = ending
    return found


def assert_last(found: Last | None, reading: Reading) -> None:
    """The last record is the model's last one that is not blank."""
    rows = [each for each in enumerate(reading.entries, 1) if each[1].kind in ("data", "fault")]
    if not rows:
        assert found is None
        return
    row, entry = rows[-1]
    assert found is not None
    assert (found.row, found.line) == (row, entry.line)
    if entry.fault == "too-few-cells":  # of which the model tells no cells
        assert found.cells
    else:
        assert found.cells == [cell.decode() for cell in entry.cells or ()]


@settings(max_examples=1500, deadline=None)
@given(st.one_of(TABLES, TEXTS, BYTES))
def test_reads_what_the_contract_says(data: bytes) -> None:
    assert_like_model(data)


@settings(max_examples=1200, deadline=None)
@given(st.one_of(TABLES, TEXTS), st.integers(1, 12), st.integers(1, 30))
def test_keeps_the_limits_that_the_contract_says(data: bytes, max_record: int, probe: int) -> None:
    assert_like_model(data, max_record=max_record, probe=probe)


@settings(max_examples=1500, deadline=None)
@given(
    st.one_of(TABLES, TEXTS, BYTES),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(1, 4),
    st.sampled_from([4, 9, 1 << 20]),
    st.sampled_from([1, 4, 9, 1 << 20]),
)
def test_sizes_do_not_show(
    data: bytes, chunk: int, block_size: int, max_lines: int, max_record: int, probe: int
) -> None:
    limits = {"max_record": max_record, "probe": probe}
    whole = scan(data, **limits)
    sizes = {"chunk": chunk, "block_size": block_size, "max_lines": max_lines}
    assert scan(data, **limits, **sizes) == whole
    assert scan(data, exact=True, **limits, **sizes) == whole


#: The contract's examples, some of them with a limit of eight bytes; and many in one file.
EXAMPLES = {name: (data, 1 << 20) for name, (data, _) in CASES.items()}
EXAMPLES |= {name: (b"a,b\n" + data, 8) for name, (data, _) in LIMITED.items()}
BODIES = [data for data, _ in CASES.values() if data.startswith(b"a,b\n")]
EXAMPLES["all"] = (b"a,b\n" + b"\n".join(data[4:] for data in BODIES) + b'\n"x\n', 40)
EXAMPLES["a blank line of one byte less than the limit"] = (b" " * 7 + b"\na,b\n1,2\n", 8)
EXAMPLES["a line of white space that is too large"] = (b" " * 8 + b"\na,b\n1,2\n", 8)
EXAMPLES["a blank row in quotes before the header"] = (b'"",""\na,b\n1,2\n', 8)
EXAMPLES["nothing but a blank row in quotes"] = (b'"",""\n', 8)
EXAMPLES["nothing but a line that names the separator"] = (b"sep=;", 1 << 20)
EXAMPLES["a header that is far larger"] = (b"a,b" * 20 + b"\r\n1,2\n\n3,4\n", 8)


@pytest.mark.parametrize(("data", "max_record"), EXAMPLES.values(), ids=EXAMPLES)
def test_reads_the_examples_of_the_contract_in_blocks_of_every_size(
    data: bytes, max_record: int
) -> None:
    assert_like_model(data, max_record=max_record)
    # what the line end is judged on is there already: the less, the more there is to read
    limits = {"max_record": max_record, "probe": 4}
    assert_like_model(data, **limits)
    whole = scan(data, **limits)
    for size in range(1, min(len(data), 40) + 2, 1 + len(data) // 100):
        assert scan(data, block_size=size, **limits) == whole, size
        assert scan(data, block_size=size, max_lines=2, **limits) == whole, size
        assert scan(data, block_size=size, exact=True, **limits) == whole, size


@pytest.mark.parametrize(
    "data", [b"a\r\n", b"a\r\r\n", b"a\rb", b"a\rb\n", b"a\rb\rc\n", b'"\r"\r\n']
)
@pytest.mark.parametrize("probe", range(1, 7))
@pytest.mark.parametrize("block_size", [1, 1 << 20])
def test_the_line_end_is_judged_on_so_many_bytes(data: bytes, probe: int, block_size: int) -> None:
    assert_like_model(data, probe=probe, block_size=block_size)


def test_only_the_fast_path_leaves_most_records_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the two paths are compared, they are two."""
    read: list[int] = []

    class Counted(Reader):
        def read(self, start: int) -> Record:
            read.append(start)
            return Reader.read(self, start)

    monkeypatch.setattr("csvimport.scanner.Reader", Counted)
    data = b'a,b\n1,"open\n' + b'1,2\n3,4\nO"Brien,5\n6\n' * 1000
    fast = scan(data)
    assert len(read) < 20
    assert scan(data, exact=True) == fast
    assert len(read) > 4000


@pytest.mark.parametrize("first", ALPHABET)
def test_both_paths_agree_on_every_short_text(first: str) -> None:
    """All texts of up to six pieces behind a header of two cells: nearly twenty thousand."""
    texts = itertools.chain.from_iterable(
        itertools.product(ALPHABET, repeat=size) for size in range(6)
    )
    for pieces in texts:
        data = b"a,b\n" + "".join((first, *pieces)).encode()
        assert scan(data) == scan(data, exact=True), data


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_both_paths_agree_on_large_texts(seed: int, line_end: bytes) -> None:
    """Blocks that polars parses in several threads, with cells that look like rows."""
    chance = random.Random(seed)
    cells = [b"abc", b"", b'"x,y"', b'"a""b"', b'"1,2,3' + line_end + b'4,5,6"', b" z ", b'"' * 4]
    faults = [
        b'O"Brien,1,2',
        b'"open,1,2',
        b"1,2",
        b"1,2,3,4",
        b'"a"b,1,2',
        b"",
        b",,",
        b"\xff,1,2",
    ]
    lines = [b"a,b,c"]
    for _ in range(20_000):
        lines.append(b",".join(chance.choices(cells, k=3)))
        if chance.random() < 0.01:
            lines.append(chance.choice(faults))
    data = line_end.join(lines)
    assert scan(data) == scan(data, exact=True)
    assert scan(data, block_size=70_001) == scan(data)


@pytest.mark.parametrize(
    ("data", "delimiter", "blanks", "header"),
    [
        (b";;;\nexternal_id,email\n1,a\n", b",", [1], ["external_id", "email"]),
        (b"|||\nexternal_id;x\n1;2\n", b";", [1], ["external_id", "x"]),
        (b' ; \n\n,\n"";""\n; |;\nx\n', b";", [1, 2, 3, 4], ["", " |", ""]),
        (b'""\t""\n;;\n||\n \n,,\na|b\n', b"|", [1, 2, 3, 4, 5], ["a", "b"]),
        (b";;;\r\n;;\r\r\n;\r\nx,y\r\n", b",", [1, 2, 3], ["x", "y"]),
        (b";;;\r;;\rx,y\r", b",", [1, 2], ["x", "y"]),
        (b'"";""\n\t\t;\nx\n', b"\t", [1], ["", "", ";"]),
        (b'"a,b";c;"d\nx\n', b",", [], []),
        (b";;;\n", b",", [1], None),
        (b";;;", b",", [1], None),
    ],
)
@pytest.mark.parametrize("block_size", [1, 5, 1 << 20])
def test_the_delimiter_is_judged_on_a_line_that_is_not_blank(
    data: bytes, delimiter: bytes, blanks: list[int], header: list[str] | None, block_size: int
) -> None:
    source = scanner(data, block_size=block_size, probe=64)
    found = [row for block, survey in source.surveyed() if block for row in block.blanks["row"]]
    assert found == blanks
    assert source.dialect.delimiter == delimiter
    assert (source.header and source.header.cells) == header
    assert scan(data, block_size=block_size) == scan(data) == scan(data, exact=True)


BLANKS = [
    "",
    ",",
    ";;",
    "|",
    '""',
    '"",""',
    '"";""',
    '""\t""',
    '"\n"',
    "\u00a0",
    "\u00a0\t",
    '" ',
    ' "',
    "\t",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(BLANKS), max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([b"", b"a,b\n1,2\n", b"a;b\n1;2", b'"a,b"\r1\r']),
    st.sampled_from([4, 9, 1 << 20]),
    st.sampled_from([1, 2, 1000]),
    st.sampled_from([1, 7, 1 << 20]),
)
def test_blank_rows_may_precede_the_header(
    blanks: list[str], end: str, table: bytes, max_record: int, max_lines: int, block_size: int
) -> None:
    data = "".join(blank + end for blank in blanks).encode() + table
    assert_like_model(
        data, max_record=max_record, max_lines=max_lines, block_size=block_size, probe=20
    )
    assert scan(data, max_record=max_record, max_lines=max_lines, block_size=block_size) == scan(
        data, max_record=max_record
    )


@pytest.mark.parametrize("line", [b",,", b'""', b"; ", b"a,b"])
def test_a_line_that_breaks_off_before_the_header_is_none(line: bytes) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"\n" + line
        raise BrokenOffError("gone")

    source = Scanner(Utf8Stream(Encoding(), chunks))
    blocks = iter(source)
    assert next(blocks).blanks["row"].to_list() == [1]
    with pytest.raises(BrokenOffError, match="gone"):
        next(blocks)
    assert source.header is None


def test_a_blank_line_of_another_delimiter_does_not_show_in_a_partial_result() -> None:
    for data in (b";;\nx\n", b'"";\nx\n'):
        assert {each.dialect.delimiter for _, each in scanner(data).surveyed()} == {b","}


def test_what_was_known_behind_a_block_stays_so() -> None:
    source = scanner(b"a,b\n" + b"1,2\r\n" * 5, max_lines=2)
    known = [survey for _, survey in source.surveyed()]
    assert [sum(each.line_endings.counts) for each in known] == [3, 5, 6, 6]
    assert [each.bytes_read for each in known] == [14, 24, 29, 29]
    assert [each.finished for each in known] == [False, False, True, True]


@pytest.mark.parametrize("name", ["utf-16-le", "cp1252"])
@pytest.mark.parametrize("probe", [4, 300])
@pytest.mark.parametrize("at_once", [False, True])
def test_of_what_is_transcoded_so_many_bytes_have_been_read(
    monkeypatch: pytest.MonkeyPatch, name: str, probe: int, *, at_once: bool
) -> None:
    """However far ahead of the blocks the stream is read."""
    if at_once:
        monkeypatch.setattr(
            "csvimport.feed.each_made", lambda pages, make, _: (make(page) for page in [*pages])
        )
    bom = "\ufeff".encode(name) if name.startswith("utf") else b""
    lines = ["a,b\n"] + ["é,2\n"] * 300
    data = bom + "".join(lines).encode(name)
    taken = 0

    def chunks() -> Iterator[bytes]:
        nonlocal taken
        for start in range(0, len(data), 20):
            taken = start + len(data[start : start + 20])
            yield data[start : start + 20]

    stream = Utf8Stream(Encoding(name, bom), chunks)
    source = Scanner(stream, block_size=40, probe=probe, max_record=20)
    told = []
    for _, survey in source.surveyed():
        checked = bom + "".join(lines[: source.row - 1]).encode(name)
        assert len(checked) <= survey.bytes_read <= taken
        told.append(survey.bytes_read)
    assert told == sorted(told)
    assert told[0] < told[-1] == len(data)


def test_a_scan_that_is_given_up_leaves_no_thread() -> None:
    before = {*threading.enumerate()}
    sizes = {"chunk": 100, "block_size": 100, "max_record": 20, "probe": 4}
    blocks = iter(scanner(b"a,b\n" + b"1,2\n" * 1000, **sizes))
    assert next(itertools.islice(blocks, 5, None)).rows
    assert isinstance(blocks, Generator)
    blocks.close()
    for thread in {*threading.enumerate()} - before:
        thread.join(20)
        assert not thread.is_alive()


def test_lines_that_are_known_to_be_plain_count_like_others() -> None:
    data = b"a,b\n" + b"1,x\n" * 30 + b"2,x\r\n" * 30
    known: list[tuple[str, int, bool]] = []
    for pattern in (None, "^[0-9],x$"):
        source = scanner(data, probe=4, max_record=8, block_size=40)
        source.pattern = pattern
        plain = sum(len(block.plain or ()) for block in source)
        known.append((str(source.line_endings), source.row, plain > 0))
    assert known == [(*known[0][:2], False), (*known[0][:2], True)]


#: Cells of which some are plain, however they are quoted, and lines of them that are broken.
PLAIN_PIECES = ["a", "bc,", "é", ",", '"', '""', '"x', '",', "\n", "\r\n", "\n", "a,b\n", '"a\nb",']
ROWS = [
    "a,b\n",
    'a,"b"\r\n',
    'bc,"x\ny"\n',
    'a,"b ""c"""\n',
    'a,"\nx,y\nx,y,z\n"\n',
    'O"B,1\n',
    '1,"a\n',
    "a,\n",
]
PLAIN = st.builds(
    lambda header, pieces: (header + "".join(pieces)).encode(),
    st.sampled_from(["a,b\n", "a,b\n" + "\n" * 50, "a,b,c\n", "a,b,c\r\n"]),
    st.lists(st.sampled_from(PLAIN_PIECES + ROWS * 2), max_size=30),
)


@settings(max_examples=600, deadline=None)
@given(
    PLAIN,
    st.sampled_from([1, 9, 40, 200]),
    st.integers(1, 9),
    st.sampled_from([9, 20, 1 << 20]),
    st.booleans(),
)
def test_what_is_plain_is_read_like_all_else(
    data: bytes, block_size: int, max_lines: int, max_record: int, is_utf8: bool
) -> None:
    sizes = {"block_size": block_size, "max_lines": max_lines}
    limits = {"max_record": max_record, "probe": 4}
    width = data.split(b"\n")[0].count(b",") + 1
    cell = r'(?:[a-zé ]*|"(?:[^"]|"")*")'
    source = scanner(data, **limits, **sizes)
    source.pattern = "^[a-zé]+" + f",{cell}" * (width - 1) + "$"
    source.stream.may_be_invalid = not is_utf8
    assert outcome(source) == scan(data, **limits)


@settings(max_examples=200, deadline=None)
@given(PLAIN, st.sampled_from([9, 40, 200]), st.sets(st.integers(0, 1)), st.booleans())
def test_the_cells_that_are_compared_are_those_of_the_records(
    data: bytes, block_size: int, asked: set[int], compiled: bool
) -> None:
    source = scanner(data, block_size=block_size, max_record=20, probe=4)
    source.pattern, positions = r"^[a-zé]*,(?:[a-zé ]*|\"[^\"]*\")$", sorted(asked)
    with nullcontext() if compiled else without_code():
        for block in source:
            assert block.plain is not None
            sound = looked_at(block).sound
            for each in (block.plain, block.found):
                rows, cells = each.cells(positions)
                these = pl.DataFrame({"row": rows}).join(sound, on="row", maintain_order="left")
                assert these.height == len(rows)
                for position, column in zip(positions, cells, strict=True):
                    assert texts_of(column) == these[f"c{position}"].to_list()


def texts_of(cells: Cells) -> list[str]:
    if isinstance(cells, Texts):
        return cells.cells.to_list()
    spans = zip(cells.starts.tolist(), cells.stops.tolist(), strict=True)
    return [cells.text[start:stop].decode().replace('""', '"') for start, stop in spans]


NAMES = [b"name", b"age", b"city"]
#: Titles and the like, headers, and what may be either.
LINES = """x x,, x;y,z name,age name,age,city city;age;name name|age x,name,age,"y" 1,2,3 name
,age,, ; "x y" "name,age x,"y z",name,age name,age,"x"y , ,, \xa0,name age,name,\xff x"y,z """
TITLES = st.lists(
    st.sampled_from([b"", *LINES.replace("\n", " ").encode("latin-1").split(b" ")]), max_size=6
)


def known(cells: Sequence[str]) -> int:
    return sum(cell.encode() in NAMES for cell in cells)


def most_filled(line: bytes, max_record: int) -> int:
    delimiters = (COMMA, *OTHER_DELIMITERS)
    return max(filled(whole_cells(read_isolated(line, each, max_record))) for each in delimiters)


def whole_cells(record: model.Record) -> list[bytes]:
    """Those before the fault, if there is one."""
    return record.cells if record.fault else [*itertools.takewhile(is_utf8, record.cells)]


def filled(cells: list[bytes]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def lines_before(data: bytes, reading: Reading, max_record: int) -> tuple[int, int]:
    """How many lines are dropped from the model's header on, and how many records they are."""
    lines = physical_lines(data, reading.line_ending)
    first = next(entry.line - 1 for entry in reading.entries if entry.kind == "header")
    cells = whole_cells(read_record(data, lines, first, reading.delimiter, max_record))
    if known([cell.decode(errors="replace") for cell in cells]):
        return 0, 0
    limit, most = lines[first].start + max_record, 0
    for number in range(first + 1, min(first + 21, len(lines))):
        start, stop, end = lines[number]
        most = max(most, most_filled(data[slice(*lines[number - 1][:2])], max_record))
        if end > limit or (end == stop and len(data) > limit):
            break
        delimiter = judge_delimiter(data[start:stop], max_record)
        record = read_isolated(data[start:stop], delimiter, max_record)
        names = known([cell.decode(errors="replace") for cell in record.cells])
        if (
            not record.fault
            and is_utf8(data[start:stop])
            and filled(record.cells) > most
            and names > 1
        ):
            line, records = first, 0
            while line < number:
                dropped = data_entry(
                    data[:start], lines[:number], line, delimiter, None, max_record
                )
                line, records = line + dropped.lines, records + 1
            return number - first, records
    return 0, 0


@settings(max_examples=800, deadline=None)
@given(
    st.sampled_from([0, 0, 0, 0, 17, 18, 19, 20]),
    TITLES,
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.booleans(),
    st.sampled_from([9, 20, 33, 1 << 20]),
    st.sampled_from([1, 7, 1 << 20]),
)
def test_lines_that_precede_the_header_are_dropped(
    before: int, titles: list[bytes], end: bytes, is_ended: bool, max_record: int, block_size: int
) -> None:
    data = end.join([*[b"x"] * before, *titles]) + end * is_ended
    reading = read(data, max_record=max_record)
    assume(any(entry.kind == "header" for entry in reading.entries))
    source = scanner(data, max_record=max_record, block_size=block_size)
    source.known_names = known
    found = summary(source)
    dropped, records = lines_before(data, reading, max_record)
    if not dropped:
        assert (found, source.line_before) == (expected(reading), None)
        return
    lines = physical_lines(data, reading.line_ending)
    above = [*itertools.takewhile(lambda entry: entry.kind == "blank", reading.entries)]
    first = sum(entry.lines for entry in above)
    byte = lines[first + dropped].start
    behind = read(data[byte:], max_record=max_record)
    assume(behind.line_ending == reading.line_ending)
    entries = [
        replace(entry, line=entry.line + first + dropped, byte=entry.byte + byte)
        for entry in behind.entries
    ]
    entries = [
        replace(each, evidence=each.evidence and each.evidence + first + dropped)
        for each in entries
    ]
    assert found == expected(replace(reading, entries=above + entries))
    assert source.line_before == data[slice(*lines[first][:2])].decode(errors="replace")
    assert source.header is not None
    assert source.header.row == len(above) + records + 1
    assert source.row == len(above) + records + len(entries) + 1


def test_a_header_that_is_too_large_has_no_cells() -> None:
    source = scanner(b"a,b,c,d,e,f\n", max_record=8)
    assert not list(source)
    assert source.header is not None
    assert source.header.cells == []
    assert source.header.faults["fault"].to_list() == ["record-too-large"]


def test_many_blank_lines_of_another_delimiter_are_few_blocks() -> None:
    data = b"; ;\n" * 1_000 + b"||\r\n" * 1_000 + b"x,y\n"
    assert len(list(scanner(data))) < 10
    assert scan(data, block_size=1_501, max_record=1_000) == scan(data)


@pytest.mark.parametrize("line", [b"\n", b"; ;\n"])
def test_many_blank_lines_are_counted(line: bytes) -> None:
    source = scanner(line * 50_000 + b"x,y\n")
    blocks = list(source)
    assert sum(block.blanks.height for block in blocks) == 50_000
    assert source.header is not None
    assert (source.header.row, source.header.line) == (50_001, 50_001)


CELLS = st.lists(
    st.lists(st.text(max_size=5).filter(lambda cell: "\0" not in cell), min_size=3, max_size=3),
    max_size=8,
)


def test_a_record_that_is_not_read_to_its_end_is_not_blank() -> None:
    for count in range(20):
        data = b'""\n' * count + b'"","",b\n1,2,3\n'
        assert_like_model(data, max_record=8, probe=4, block_size=1)


def test_a_separator_line_may_be_all_there_is() -> None:
    source = scanner(b"sep=;")
    assert not list(source)
    assert (source.separator_line, source.header) == ("sep=;", None)


def test_a_line_without_an_end_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    fill = Feed.fill

    def noted(feed: Feed, size: int) -> None:
        fill(feed, size)
        held.append(len(feed.text))

    monkeypatch.setattr(Feed, "fill", noted)
    for line in (b"x" * 100_000, b'1,"' + b"x" * 100_000):
        data = b"a,b\n1,2\n" + line
        source = scanner(data, chunk=100, block_size=100, max_record=20, probe=20)
        assert sum(block.faults.height for block in source) == 1
    assert max(held) < 1_000


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n"])
def test_a_line_that_goes_on_beyond_what_is_read_ends_as_it_does(end: bytes) -> None:
    data = b"a,b\n1,2\n" + b"x" * 500 + end + b"3,4\n"
    limits = {"max_record": 20, "probe": 4}
    assert scan(data, chunk=100, block_size=100, **limits) == scan(data, **limits)


@pytest.mark.parametrize("row", [b"1,2\n", b'1,"2\n3"\r\n', b'1,"2\n'])
@pytest.mark.parametrize("size", [1, 7, 30])
def test_a_record_is_read_when_all_that_settles_it_is_there(row: bytes, size: int) -> None:
    data = b"a,b\n" + row * 50
    limits = {"max_record": 12, "probe": 4}
    assert scan(data, exact=True, block_size=size, **limits) == scan(data, **limits)


def test_many_blank_records_in_quotes_are_few_blocks() -> None:
    source = scanner(b'"",""\n' * 3000 + b"a,b\n1,2\n")
    blocks = list(source)
    assert sum(block.blanks.height for block in blocks) == 3000
    assert len(blocks) < 10


def test_the_question_is_asked_on_where_it_was_not_asked_before() -> None:
    """What a page says that was made before the expression was known is nothing against it."""
    lines = b"".join(b"u%d,x\n" % n if n % 500 else b'"u"%d,x\n' % n for n in range(120_000))
    sizes = {"chunk": 50_000, "block_size": 200_000, "probe": 64, "max_record": 20_000}
    source = scanner(b"external_id,plan\n" + lines, **sizes)
    plain = 0
    for number, block in enumerate(source):
        if number == 1:
            source.pattern = "^u[0-9]+,x$"
        assert block.plain is not None
        assert number <= 1 or (source.pattern and len(block.plain) > block.rows / 2)
        plain += len(block.plain)
    assert plain > 20_000


@pytest.mark.parametrize(
    ("every", "block_size", "goes_on"),
    [(8, 1 << 20, True), (32, 1 << 20, False), (32, 2000, True)],
)
def test_where_hardly_a_row_is_plain_it_is_asked_no_longer(
    every: int, block_size: int, *, goes_on: bool
) -> None:
    rows = b"".join(b"1,x\n" if n % every else b"a,x\n" for n in range(5000))
    sizes = {"max_record": 20, "block_size": block_size, "chunk": 1000, "probe": 4}
    source = scanner(b"a,b\n" + rows, **sizes)
    source.pattern = "^a,x$"
    assert outcome(source) == scan(b"a,b\n" + rows)
    assert (source.pattern is not None) == goes_on


def test_an_expression_that_is_too_large_is_not_asked() -> None:
    data = b"a,b\n" + b"x,y\n" * 50 + b"x,y,z\n"
    source = scanner(data, probe=4, max_record=8, block_size=40)
    source.pattern = r"^(?:\w{1,255}){500},y$"
    assert outcome(source) == scan(data)
    assert source.pattern is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("space", [" ", ",", ";", "\t"])
def test_a_blank_line_may_be_as_large_as_any_record(space: str, end: str) -> None:
    for size in range(5, 12):
        data = (space * size + end + "a,b" + end).encode()
        assert_like_model(data, max_record=8, probe=20)


def test_a_broken_header_stands_where_it_is() -> None:
    for data, first, broken in (
        (b'\n\na,"b\n1,2\n', 3, "unclosed-quote"),
        (b'sep=,\n,\n\na,b"\r\n1,2\n', 3, "stray-quote"),
        (b"\na,\xff\n", 2, "invalid-utf8"),
        (b'a\xff,b"\n1,2\n', 1, "stray-quote"),
    ):
        source = scanner(data)
        assert sum(block.rows for block in source) == data.count(b"1,2")
        header = source.header
        assert header is not None
        ((row, line, byte, fault),) = header.faults.select("row", "line", "byte", "fault").rows()
        assert (row, line, byte, fault) == (first, header.line, header.byte, broken)
        assert header.row == first
        lines = data.splitlines()
        assert header.text == lines[header.line - 1].decode(errors="replace")
        assert header.cells == header.text.split(",")[:-1]


@pytest.mark.parametrize("cell", [b"x", b"\0"])
def test_a_question_that_is_too_large_is_not_asked(cell: bytes) -> None:
    """Nor of records on several lines alone, where nothing else can be asked."""
    lines = b'u1,%s\nu2,"a\nb"\n' % cell * 20_000
    source = scanner(b"external_id,plan\n" + lines, block_size=100_000, max_record=2_000)
    source.pattern = "^(?:[0-9]{1,1000}){1,1000}$"
    assert sum(block.sound.height for block in source) == 40_000


@settings(max_examples=500, deadline=None)
@given(CELLS, st.sampled_from(["\n", "\r\n"]), st.sampled_from([",", ";", "\t", "|"]))
def test_reads_well_formed_files_like_the_standard_library(
    rows: list[list[str]], line_end: str, delimiter: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=line_end, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerows([["a", "b", "c"], *rows])
    try:
        data = text.getvalue().encode()
    except UnicodeEncodeError:
        return
    told = list(csv.reader(io.StringIO(text.getvalue(), newline=""), delimiter=delimiter))[1:]
    source = scanner(data)
    found: list[tuple[int, list[str]]] = []
    for block in source:
        assert block.faults.is_empty()
        found += [(row[0], list(row[-3:])) for row in block.sound.rows()]
        found += [(row, []) for row in block.blanks["row"]]
    cells = [cells for _, cells in sorted(found)]
    assert len(cells) == len(told)
    assert all(mine in ([], theirs) for mine, theirs in zip(cells, told, strict=True))
