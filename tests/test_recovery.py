"""Single records, read exactly: all that is said of them, which the model does not say."""

import pytest

from csvimport.dialect import CR, Dialect
from csvimport.recovery import MAX_RECORD, Reader, Record

COMMA = Dialect()
STRAY, TEXT, UNCLOSED = "stray-quote", "text-after-quote", "unclosed-quote"
LARGE, INVALID = "record-too-large", "invalid-utf8"

#: Text and width; then start, end, following, lines, cells, found, blank, fault, cell, evidence.
RECORDS: dict[str, tuple[bytes, int, Record]] = {
    "a quote within a cell": (
        b'1,O"B\n2,3\n',
        2,
        Record(0, 5, 6, 1, [b"1"], 2, False, STRAY, (2, 4)),
    ),
    "text after a quote": (
        b'1,"ab"c\r\n2,3\n',
        2,
        Record(0, 7, 9, 1, [b"1"], 2, False, TEXT, (2, 7)),
    ),
    "text after the quote of a cell that opened on the same line": (
        b'"x\ny","z"w\n2,3\n',
        3,
        Record(0, 10, 11, 2, [b"x\ny"], 2, False, TEXT, (6, 10)),
    ),
    "text after the quote of a cell that opened on an earlier line": (
        b'1,"x\ny"z\n2\n',
        3,
        Record(0, 4, 5, 1, [b"1"], 2, False, UNCLOSED, (2, 3)),
    ),
    "the next line is evidence": (
        b'1,"x\n3,4\n',
        2,
        Record(0, 4, 5, 1, [b"1"], 2, False, UNCLOSED, (2, 3), 1),
    ),
    "a later line is evidence against the second cell": (
        b'"1\nx","y\n3,4\n',
        2,
        Record(0, 8, 9, 2, [b"1\nx"], 2, False, UNCLOSED, (6, 7), 2),
    ),
    "a later line is evidence against the first cell, whatever opens behind it": (
        b'"x\n3,4\n","y\n5\n',
        2,
        Record(0, 2, 3, 1, [], 1, False, UNCLOSED, (0, 1), 1),
    ),
    "the text ends": (
        b'1,"x',
        2,
        Record(0, 4, None, 1, [b"1"], 2, False, UNCLOSED, (2, 3)),
    ),
    "the bytes that are not UTF-8 are in the third cell, and in the fourth": (
        b"1,2,\xff,\xfe\n",
        4,
        Record(0, 7, 8, 1, [b"1", b"2"], 4, False, INVALID, (4, 5)),
    ),
    "they are on the second line of a cell": (
        b'1,"a,\n\xc3"\n',
        2,
        Record(0, 8, 9, 2, [b"1"], 2, False, INVALID, (6, 7)),
    ),
    "they are the first": (b"\xffa\n", 1, Record(0, 2, 3, 1, [], 1, False, INVALID, (0, 1))),
    "sound": (
        b'1,"\xc3\xa9 ""\n"\r\r\n',
        2,
        Record(0, 10, 13, 2, [b"1", b'\xc3\xa9 "\n'], 2),
    ),
    "sound, with a line that is a row": (
        b'1,"a\nx,y,z\nb",c\n',
        3,
        Record(0, 15, 16, 3, [b"1", b"a\nx,y,z\nb", b"c"], 3, evidence=1),
    ),
    "blank, of another width": (b' ,""\n', 3, Record(0, 4, 5, 1, [b" ", b""], 2, True)),
    "blank, at the end": (b" , ", 2, Record(0, 3, None, 1, [b" ", b" "], 2, True)),
    "too few cells": (b"1\n", 2, Record(0, 1, 2, 1, [b"1"], 1, False, "too-few-cells")),
    "too many cells": (
        b"1,2,3\r\n",
        2,
        Record(0, 5, 7, 1, [b"1", b"2", b"3"], 3, False, "too-many-cells"),
    ),
}


@pytest.mark.parametrize(("text", "width", "expected"), RECORDS.values(), ids=RECORDS)
def test_a_record(text: bytes, width: int, expected: Record) -> None:
    assert Reader(text, COMMA, width).read(0) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"1,234567\n2,3\n", Record(0, 8, 9, 1, [b"1"], 2, False, LARGE, (2, 8))),
        (b"1234567,8\n2,3\n", Record(0, 9, 10, 1, [], 1, False, LARGE, (0, 8))),
        (b'"23456\n1,34567\r\r\n', Record(0, 6, 7, 1, [], 1, False, UNCLOSED, (0, 1), 1)),
        (b'"23456\n1,345678\n', Record(0, 6, 7, 1, [], 1, False, UNCLOSED, (0, 1))),
    ],
)
def test_a_record_at_a_limit_of_eight_bytes(text: bytes, expected: Record) -> None:
    assert Reader(text, COMMA, 2, 8).read(0) == expected


def test_what_precedes_a_record_is_no_evidence() -> None:
    text = b'p\nx,y,z\n1,"a\nb",c\n'
    expected = Record(8, 17, 18, 2, [b"1", b"a\nb", b"c"], 3)
    assert Reader(text, COMMA, 3).read(8) == expected


def test_a_record_between_other_marks() -> None:
    expected = Record(0, 7, 8, 2, [b"1", b"a\rb"], 2)
    assert Reader(b'1;"a\rb"\r', Dialect(b";", CR), 2).read(0) == expected


def test_the_limit_is_a_mebibyte() -> None:
    for size, fault in ((MAX_RECORD - 1, None), (MAX_RECORD, LARGE)):
        text = b"1," + b"x" * (size - 2)
        assert Reader(text + b"\n", COMMA, 2).read(0).fault == fault
    assert MAX_RECORD == 1_048_576
