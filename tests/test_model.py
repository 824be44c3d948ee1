"""The model of the parsing contract, held against the contract's own words and examples."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model import Entry, physical_lines, read

Row = tuple[str, int, int, str | None]  # kind, line, lines, fault


def rows(entries: list[Entry]) -> list[Row]:
    return [(entry.kind, entry.line, entry.lines, entry.fault) for entry in entries]


def header(line: int = 1, fault: str | None = None) -> Row:
    return ("header", line, 1, fault)


def data(line: int, lines: int = 1) -> Row:
    return ("data", line, lines, None)


def blank(line: int, lines: int = 1) -> Row:
    return ("blank", line, lines, None)


def fault(line: int, name: str, lines: int = 1) -> Row:
    return ("fault", line, lines, name)


CASES: dict[str, tuple[bytes, list[Row]]] = {
    "empty input has no lines": (b"", []),
    "a final line end is no blank row": (b"a,b\n1,2\n", [header(), data(2)]),
    "LF, CRLF and CRCRLF end a line, a further CR is content": (
        b"a,b\r\n1,2\r\r\n3,4\r\r\r\n\r\r\n5,6\r",
        [header(), data(2), data(3), blank(4), data(5)],
    ),
    "a quoted cell holds delimiters, line ends and doubled quotes": (
        b'a,b\n1,"x,\r\ny ""z"""\n3,4\n',
        [header(), data(2, 2), data(4)],
    ),
    "stray quote": (b'a,b\n1,O"Brien\n3,4', [header(), fault(2, "stray-quote"), data(3)]),
    "text after quote": (b'a,b\n1,"ab"c\n3,4', [header(), fault(2, "text-after-quote"), data(3)]),
    "a CR that belongs to no line end is text after a quote": (
        b'a,b\n1,"x"\r\r\r\n1,"x"\r\r\n1,"x"\r',
        [header(), fault(2, "text-after-quote"), data(3), fault(4, "text-after-quote")],
    ),
    "number of cells": (
        b"a,b\n1\n1,2,3\n",
        [header(), fault(2, "too-few-cells"), fault(3, "too-many-cells")],
    ),
    "a quoting fault before invalid-utf8, that before the number of cells": (
        b'a,b\n\xff,2\n\xff\n\xff"\n',
        [header(), fault(2, "invalid-utf8"), fault(3, "invalid-utf8"), fault(4, "stray-quote")],
    ),
    "blank: every cell blank or white space, whatever their number": (
        b'\n , \na,b\n\n,,,\n"\n",\n"\xc2\xa0","\t"\n\x1f,\n\xff,',
        [
            *(blank(1), blank(2), header(3), blank(4), blank(5), blank(6, 2), blank(8)),
            *(data(9), fault(10, "invalid-utf8")),
        ],
    ),
    "blank rows only": (b" \n,,\n", [blank(1), blank(2)]),
    "unclosed quote: the swallowed lines are read on their own": (
        b'a,b\n1,"x\n3,4\n5,6\n',
        [header(), fault(2, "unclosed-quote"), data(3), data(4)],
    ),
    "evidence: the record ends with the line on which the open cell opened": (
        b'a,b\n"1\nx","y\n3,4\n',
        [header(), fault(2, "unclosed-quote", 2), data(4)],
    ),
    "evidence: the cell that is open at its start is the unclosed one, whatever the fault": (
        b'a,b\n"x\n3,4\n",O"B\n5,6',
        [header(), fault(2, "unclosed-quote"), data(3), fault(4, "text-after-quote"), data(5)],
    ),
    "evidence against a wrong number of cells": (
        b'a,b\n"x\n3,4\n"\n5,6',
        [header(), fault(2, "unclosed-quote"), data(3), fault(4, "unclosed-quote"), data(5)],
    ),
    "a blank line of N cells is evidence": (
        b'a,b\n1,"x\n,\ny\n',
        [header(), fault(2, "unclosed-quote"), blank(3), fault(4, "too-few-cells")],
    ),
    "an invalid line of N cells is evidence": (
        b'a,b\n1,"x\n\xff,4\n',
        [header(), fault(2, "unclosed-quote"), fault(3, "invalid-utf8")],
    ),
    "invalid-utf8 alone asks for no evidence": (
        b'a,b\n1,"\xff\n3,4\n"\n5,6',
        [header(), fault(2, "invalid-utf8", 3), data(5)],
    ),
    "without evidence a fault ends the record with the line that holds it": (
        b'a,b\n"x\ny",O"B\n"p\nq"\n5,6',
        [header(), fault(2, "stray-quote", 2), fault(4, "too-few-cells", 2), data(6)],
    ),
    "without evidence text after a quote of an earlier line is an unclosed quote": (
        b'a,b\n"x\ny","p\nq"z\n5,6',
        [header(), fault(2, "unclosed-quote", 2), fault(4, "stray-quote"), data(5)],
    ),
    "no evidence with one column": (
        b'a\n"x\ny",2\n"x\ny\n',
        [header(), fault(2, "too-many-cells", 2), fault(4, "unclosed-quote"), data(5)],
    ),
    "a well-formed record keeps its lines": (b'a,b\n1,"x\n3,4\ny"\n', [header(), data(2, 3)]),
    "a header cell that spans lines": (
        b'"a\nb",c\n1,2',
        [header(fault="unclosed-quote"), fault(2, "stray-quote"), data(3)],
    ),
    "after a malformed header every fault but the number of cells": (
        b'a,O"B\n1,2\n\n3\n"x\n1,2\ny"z\n\xff',
        [
            *(header(fault="stray-quote"), data(2), blank(3), data(4)),
            *(fault(5, "unclosed-quote"), data(6), fault(7, "stray-quote")),
            fault(8, "invalid-utf8"),
        ],
    ),
    "an invalid header": (b"a,\xff\n1\n", [header(fault="invalid-utf8"), data(2)]),
    "a lone-CR file": (
        b'a,b\r1,"x\n\ry"\r\r3,4\r',
        [header(), data(2, 2), blank(4), data(5)],
    ),
}


@pytest.mark.parametrize(("source", "expected"), CASES.values(), ids=CASES.keys())
def test_entries(source: bytes, expected: list[Row]) -> None:
    assert rows(read(source).entries) == expected


LIMITED: dict[str, tuple[bytes, list[Row]]] = {
    "one byte less than the limit": (b'1,23456\r\n1,"234"\n', [data(2), data(3)]),
    "outside quotes": (b"1,234567\n3,4", [fault(2, "record-too-large"), data(3)]),
    "inside quotes": (b'1,"234567\n3,4', [fault(2, "unclosed-quote"), data(3)]),
    "a closing quote lies inside": (b'1,"2345"\n', [fault(2, "unclosed-quote")]),
    "the second quote of two lies inside": (b'1,"234""\n', [fault(2, "unclosed-quote")]),
    "text after the quote lies outside": (b'1,"234"5\n', [fault(2, "record-too-large")]),
    "an opening quote lies outside": (b'123456,"', [fault(2, "record-too-large")]),
    "an earlier fault is first": (b'1,2345"7890', [fault(2, "stray-quote")]),
    "the limit comes before the byte": (b'12345,7"', [fault(2, "record-too-large")]),
    "line ends inside quotes count": (
        b'1,"23\n\n\n\n5"',
        [fault(2, "unclosed-quote"), blank(3), blank(4), blank(5), fault(6, "stray-quote")],
    ),
    "evidence is sought up to the limit": (
        b'1,"\n3,4\n1,"23\n456,7\n"\n',
        [
            *(fault(2, "unclosed-quote"), data(3), fault(4, "unclosed-quote"), data(5)),
            fault(6, "unclosed-quote"),
        ],
    ),
    "a line of one byte less is evidence": (
        b'"23456\n1,34567\r\r\n3,4\n',
        [fault(2, "unclosed-quote"), data(3), data(4)],
    ),
    "a line that is too large is none": (
        b'"23456\n1,345678\n3,4\n',
        [fault(2, "unclosed-quote"), fault(3, "record-too-large"), data(4)],
    ),
    "far larger": (
        b'1,2345678901234567890123\r\r\n"2345678901234567890123\r\n3,4',
        [fault(2, "record-too-large"), fault(3, "unclosed-quote"), data(4)],
    ),
    "too large on a later line": (b'"x\ny",34567\n3,4', [fault(2, "record-too-large", 2), data(4)]),
}


@pytest.mark.parametrize(("source", "expected"), LIMITED.values(), ids=LIMITED.keys())
def test_limit_of_eight_bytes(source: bytes, expected: list[Row]) -> None:
    assert rows(read(b"a,b\n" + source, max_record=8).entries) == [header(), *expected]


@pytest.mark.parametrize(
    ("source", "delimiter", "expected"),
    [
        (b"a\n", b",", [header()]),
        (b"a;b\n", b";", [header()]),
        (b"a,b;c;d\n", b",", [header()]),
        (b"a;b\tc\td\n", b"\t", [header()]),
        (b"a|b;c\n", b";", [header()]),
        (b'"a";"b"\n', b";", [header()]),
        (b'O"a;b\n', b",", [header(fault="stray-quote")]),
        (b'"a|b\nc"|d\n', b",", [header(fault="unclosed-quote"), fault(2, "stray-quote")]),
        (b"\n;;\na;b\n", b";", [blank(1), blank(2), header(3)]),
        (b";;\na,b\n1\n", b",", [blank(1), header(2), fault(3, "too-few-cells")]),
    ],
)
def test_delimiter(source: bytes, delimiter: bytes, expected: list[Row]) -> None:
    reading = read(source)
    assert (reading.delimiter, rows(reading.entries)) == (delimiter, expected)


@pytest.mark.parametrize(
    ("source", "separator_line", "delimiter", "expected"),
    [
        (b"sep=;\r\na;b\r\n", True, b";", [header(2)]),
        (b"sep=;\n\na,b\n", True, b",", [blank(2), header(3)]),
        (b"sep=\xc3\xa9", True, b",", []),
        (b"sep=\na,b", False, b",", [header(), fault(2, "too-many-cells")]),
        (b"sep=ab\n", False, b",", [header()]),
        (b"sep=\xff\n", False, b",", [header(fault="invalid-utf8")]),
        (b"\nsep=;\n", False, b";", [blank(1), header(2)]),
    ],
)
def test_separator_line(
    source: bytes, separator_line: bool, delimiter: bytes, expected: list[Row]
) -> None:
    reading = read(source)
    assert reading.separator_line == separator_line
    assert (reading.delimiter, rows(reading.entries)) == (delimiter, expected)


@pytest.mark.parametrize(
    ("source", "probe", "line_ending"),
    [
        (b"a,b\r1,2\r", 100, b"\r"),
        (b"a,b\r", 4, b"\r"),
        (b"a,b\r1,2\n", 100, b"\n"),
        (b"a,b\r1,2\n", 5, b"\r"),
        (b"a,b\r1,2\n", 4, b"\n"),
        (b"a,b\r\r\n", 100, b"\n"),
        (b'"a\rb",c', 100, b"\n"),
        (b'a,b\r"\n",2', 100, b"\r"),
    ],
)
def test_line_ending(source: bytes, probe: int, line_ending: bytes) -> None:
    assert read(source, probe=probe).line_ending == line_ending


def test_places_of_an_unclosed_quote() -> None:
    by_evidence = read(b'a,b\n"1\nx","y\n3,4\n').entries[1]
    assert (by_evidence.byte, by_evidence.opened, by_evidence.evidence) == (4, 3, 4)
    by_text = read(b'a,b\n"x\ny","p\nq"z\n').entries[1]
    assert (by_text.byte, by_text.opened, by_text.evidence) == (4, 3, None)
    at_end = read(b'sep=;\na,b\n1,"\n').entries[1]
    assert (at_end.byte, at_end.opened, at_end.evidence) == (10, 3, None)
    beyond_limit = read(b'a,b\n1,"23456\n3,4\n', max_record=8).entries[1]
    assert (beyond_limit.byte, beyond_limit.opened, beyond_limit.evidence) == (4, 2, None)
    in_header = read(b'\n"a\nb",c\n').entries[1]
    assert (in_header.byte, in_header.opened, in_header.evidence) == (1, 2, None)


def test_cells() -> None:
    entries = read(b'a,"b"\r\n 1 ,"x,\r\ny ""z"""\r\n\n""," "\n3\r,\n4"').entries
    assert [entry.cells for entry in entries] == [
        [b"a", b"b"],
        [b" 1 ", b'x,\r\ny "z"'],
        None,  # blank
        None,  # blank
        [b"3\r", b""],
        None,  # stray-quote
    ]


@pytest.mark.parametrize(
    ("source", "swallowed"),
    [
        (b'a,b,c\n1,"x\n4,5,6\ny",3\n', True),
        (b'a,b,c\n1,"x\n4,5\ny",3\n', False),
        (b'a,b\n1,"x\n4,5\ny"\n', False),  # N < 3
        (b'a,b,c"\n1,"x\n4,5,6\ny",3\n', False),  # N unknown
        (b'a\tb\tc\n"\n\t\t\n"\n', False),  # blank
        (b'a,b,c\n1,"\xff\n4,5,6\ny",3\n', False),  # malformed
    ],
)
def test_swallowed_lines(source: bytes, swallowed: bool) -> None:
    assert read(source).entries[1].swallowed == swallowed
    assert read(source).entries[1].lines == 3


@given(
    source=st.text(alphabet='ab,;" \r\n\xe9\u2003', max_size=60).map(str.encode),
    max_record=st.integers(2, 40),
)
def test_every_physical_line_belongs_to_exactly_one_entry(source: bytes, max_record: int) -> None:
    reading = read(source, max_record=max_record)
    lines = physical_lines(source, reading.line_ending)
    first = 2 if reading.separator_line else 1
    starts = [entry.line for entry in reading.entries]
    ends = [entry.line + entry.lines for entry in reading.entries]
    assert [first, *ends] == [*starts, len(lines) + 1]
    assert all(a.byte < b.byte for a, b in pairwise(reading.entries))
    assert all(entry.byte == lines[entry.line - 1].start for entry in reading.entries)
