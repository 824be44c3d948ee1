"""Files that are not UTF-8, or not all of it, are checked all the same."""

import codecs
import dataclasses
import io
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import checked, issues, run
from tables import FILES, is_table

import csvimport
from csvimport import Issue
from csvimport.compiled import library
from csvimport.encoding import mostly_utf8, require_encoding, sniff, valid_utf8
from csvimport.errors import OptionError

ROWS = [
    "external_id,email,First_name,home_city",
    "A1,a@example.com,{0},{1}",
    "A2,not an address,{2},{3}",
    ",,{1},{0}",
    "A1,,{3},{2}",
    '{0},b@example.com,"{1}',
    "{2},,{3}",
    ",,,",
    "A3,,{0} {1} {2},{3}",
    ",{3},{0},{1}",
    '"{0}\n{1}",,"{2}, ""{3}""",',
]
WORDS = {
    "cp1252": ["René", "Orléans", "Jürgen Größe", "København"],
    "cp1251": ["Екатерина", "Москва", "Новосибирск", "Привет, мир".replace(",", "")],
    "shift_jis": ["山田太郎", "東京都", "こんにちは世界", "カタカナ"],
    "utf-16": ["René", "Москва", "東京都", "😀"],
    "utf-16-le": ["René", "Orléans", "Größe", "Køln"],
    "utf-16-be": ["René", "Orléans", "Größe", "Køln"],
    "utf-32": ["René", "Москва", "東京都", "😀"],
}
#: What may be said: names of the encoding, or of one that holds it.
NAMES = {
    "cp1252": {"windows-1252"},
    "cp1251": {"windows-1251"},
    "shift_jis": {"shift_jis", "cp932", "shift-jis", "windows-31j"},
    "utf-16": {"utf-16-le", "utf-16"},
    "utf-16-le": {"utf-16-le"},
    "utf-16-be": {"utf-16-be"},
    "utf-32": {"utf-32-le", "utf-32"},
}


def _text(encoding: str, end: str = "\n") -> str:
    return end.join(row.format(*WORDS[encoding]) for row in [*ROWS, *ROWS[1:]]) + end


def _placeless(found: list[Issue]) -> list[Issue]:
    """The issues as they are in a transcoded file, without the one about the encoding."""
    return [dataclasses.replace(each, byte=None) for each in found if each.rule != "wrong-encoding"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", WORDS)
def test_a_file_in_another_encoding_has_the_same_issues(encoding: str, end: str) -> None:
    text = _text(encoding, end)
    data = text.encode(encoding)
    result = run(data)
    assert result.encoding is not None
    assert result.encoding.lower() in NAMES[encoding]
    assert data.decode(result.encoding).removeprefix("\ufeff") == text
    assert not result.bom, "the result's `bom` is that of UTF-8"
    assert result.bytes == result.bytes_checked == len(data)
    found = list(result)
    assert [each.rule for each in found].count("wrong-encoding") == 1
    assert _placeless(found) == _placeless(issues(text))
    message = next(each.message for each in found if each.rule == "wrong-encoding")
    assert result.encoding.removesuffix("-le").removesuffix("-be").upper() in message.upper()


@pytest.mark.parametrize("encoding", WORDS)
def test_a_transcoded_file_has_no_offsets(encoding: str) -> None:
    assert {each.byte for each in run(_text(encoding).encode(encoding))} == {None}


@settings(max_examples=50, deadline=None)
@given(
    FILES.filter(bool),
    st.sampled_from(["utf-16", "utf-32", "utf-16-le-bom", "utf-16-be-bom", "utf-32-be-bom"]),
)
def test_any_file_with_a_byte_order_mark(text: str, encoding: str) -> None:
    name = encoding.removesuffix("-bom")
    data = text.encode(name) if name == encoding else ("\ufeff" + text).encode(name)
    result = run(data)
    assert result.encoding is not None
    assert codecs.lookup(result.encoding).name.startswith(name)
    assert _placeless(list(result)) == _placeless(issues(text))


def test_a_byte_order_mark_of_utf8_is_no_fault() -> None:
    text = _text("cp1252")
    result = run(text.encode("utf-8-sig"))
    assert (result.encoding, result.bom) == ("utf-8", True)
    assert list(result) == [
        each if each.byte is None else dataclasses.replace(each, byte=each.byte + 3)
        for each in issues(text)
    ]


@pytest.mark.parametrize("mark", [codecs.BOM_UTF8, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE])
def test_a_byte_order_mark_alone_is_read_to_its_end(mark: bytes) -> None:
    result = run(mark)
    assert result.bytes == result.bytes_checked == len(mark)
    assert "empty-file" in result.issues_by_rule


def test_the_encoding_is_known_before_any_row_is() -> None:
    over = threading.Event()

    def slow() -> Iterator[bytes]:
        yield "external_id,email\n".encode("utf-16") * 300
        over.wait()

    result = csvimport.check(slow(), time_budget=0.5)
    over.set()
    assert (result.rows_checked, result.encoding) == (0, "utf-16-le")
    assert "wrong-encoding" in result.issues_by_rule


@pytest.mark.parametrize("broken", range(4))
@pytest.mark.parametrize("valid", range(4))
def test_the_majority_of_lines_decides(valid: int, broken: int) -> None:
    rows = [f"A{number},Zoé à Orléans".encode() for number in range(valid)]
    rows += [f"B{number},Zoé à Orléans".encode("cp1252") for number in range(broken)]
    rows += [f"C{number},Zoe".encode() for number in range(5)]
    result = run(b"\n".join([b"external_id,plan", *rows]))
    rules = [(each.rule, each.row) for each in result]
    if valid > broken or not broken:
        assert result.encoding == "utf-8"
        assert rules == [("invalid-utf8", valid + number + 2) for number in range(broken)]
    else:
        # of a text that is half UTF-8, no encoding is the right one
        assert result.encoding == (None if valid else "windows-1252")
        damaged = range(valid + 2, valid + broken + 2) if valid else ()
        assert rules == [
            ("wrong-encoding", None),
            *(("replacement-character", row) for row in damaged),
        ]


def test_lines_are_counted_not_bytes_nor_records() -> None:
    many = "éüößéüöß"
    result = run(f"external_id,plan\nA1,{many}\n".encode() + b"A2,\xe9\nA3,\xe8\n")
    assert result.encoding != "utf-8"
    # a record of three physical lines, each with a character, outnumbers two
    rows = 'external_id,plan\nA1,"é\né\né"\n'.encode() + b"A2,\xe9\nA3,\xe8\n"
    result = run(rows)
    assert result.encoding == "utf-8"
    assert [(each.rule, each.row) for each in result] == [("invalid-utf8", 3), ("invalid-utf8", 4)]


def test_a_bad_header_in_a_file_of_utf8() -> None:
    rows = "".join(f"A{number},Zoé\n" for number in range(4)).encode()
    result = run(b"external_id,pl\xe9n\n" + rows + b"A9\n")
    assert [(each.rule, each.row) for each in result] == [("invalid-utf8", 1)]
    assert result.columns is None
    assert "too-few-cells" in result.incomplete_rules


@pytest.mark.parametrize(
    "broken",
    [
        *(b"\xff", b"\xc3", b"\xc3(", b"\xa9", b"\xc0\xaf", b"\xe0\x80\xaf", b"\xed\xa0\x80"),
        *(b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xe2\x82", b"\xf0\x9f\x98", b"\xfe\xff"),
    ],
)
@pytest.mark.parametrize("block_size", [1, 3, 1 << 20])
def test_what_is_not_utf8(broken: bytes, block_size: int) -> None:
    good = "A1,Zoé\nA2,Zoé\nA3,😀\n".encode()
    data = b"external_id,plan\n" + good + b"A4,x" + broken + b"\n" + good.replace(b"A", b"B")
    found = issues(data, block_size=block_size, probe=16, max_record=32)
    assert [(each.rule, each.row) for each in found] == [("invalid-utf8", 5)]


@settings(max_examples=60, deadline=None)
@given(st.binary(min_size=1, max_size=60).filter(is_table), st.booleans())
def test_a_named_encoding_decodes_every_byte(data: bytes, header: bool) -> None:
    data = b"external_id,plan\n" * header + data
    running = checked(data)
    result = running.result()
    if result.encoding is None:
        assert "wrong-encoding" in result.issues_by_rule
    elif result.encoding != "utf-8" and not result.encoding.startswith("utf-"):
        data.decode(result.encoding)
        assert codecs.lookup(result.encoding).name not in ("iso8859-1", "ascii")
    if running.seen[0].survey.encoding.is_utf8:
        assert "wrong-encoding" not in result.issues_by_rule


def test_a_byte_order_mark_of_utf8_before_what_is_not() -> None:
    text = "external_id,town\n1,München\n2,Köln\n"
    data = codecs.BOM_UTF8 + text.encode("cp1252")
    for block_size in (1, 10, 1 << 20):
        result = run(data, block_size=block_size, probe=16)
        assert result.encoding == "windows-1252"
        assert result.headers == ["external_id", "town"]
        assert result.bytes_checked == len(data)
        assert set(result.issues_by_rule) == {"wrong-encoding"}
    result = run(codecs.BOM_UTF8 + b"external_id,plan\nA1,\x9d\n")
    assert (result.encoding, result.headers) == (None, ["external_id", "plan"])


def test_a_byte_order_mark_is_no_line_of_utf8() -> None:
    """One line is UTF-8, one is not: that is no majority, and the mark adds none."""
    rows = "external_id,plan\nA1,Zoé\n".encode() + b"A2,Zo\xe9\n"
    assert run(codecs.BOM_UTF8 + rows).encoding == run(rows).encoding != "utf-8"
    rows += "A3,Zoé\n".encode()
    result = run(codecs.BOM_UTF8 + rows)
    assert (result.encoding, result.bom) == ("utf-8", True)
    assert [(each.rule, each.row) for each in result] == [("invalid-utf8", 3)]


UNMARKED = [
    "external_id,имя\n" + "1,Александр Александрович\n" * 100,
    "имя пользователя,дата рождения,external_id\r\n" + "Иван,1,2\r\n" * 9,
    "external_id,名前\n" + "1,山田\u3000太郎\n" * 100,
    "email,おなまえ,ふりがな\n" + "a@example.com,やまだ,カタカナ\n" * 100,
    "名前,external_id\r" + "東京都,1\r" * 100,
    "id\n" + "я\n" * 9,
]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", UNMARKED)
def test_utf16_without_a_byte_order_mark_shows_in_the_header(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert sniff(data[:4096]).name == encoding
    assert sniff(text.encode()[:4096]).name == "utf-8"
    result = run(data)
    assert result.encoding == encoding
    assert ",".join(result.headers) == text.splitlines()[0]
    assert result.issues_by_rule["wrong-encoding"] == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"\0" * 5_000,
        b"external_id,email\n\0,\0\n",
        b"external_id,\0\n1,\0\0\n",
        b"\0,\n\0,\n" * 3_000,
        b"ab\0,cd\0,ef\0\n" * 20,
        b"external_id,a\0b\0c\0d\0\n1,x\n",
        b"external_id\0,name\0\n1\0,b\0\n",
        "имя\0,имя\0,имя\0\n".encode() * 9,
        "ü\0,ü\0,ü\0\n".encode("cp1252") * 9,
        b"external_id,name\n" + "1,abcdefghijklmnop\n".encode("utf-16-le") * 50,
        b"external_id,names\n" + "1,abcdefghijklmnop\n".encode("utf-16-le") * 50,
    ],
)
def test_stray_nuls_are_no_utf16(data: bytes) -> None:
    assert sniff(data[:4096]).name == "utf-8"


def test_an_unknown_encoding_is_said_to_be_one() -> None:
    result = run(b"external_id,plan\nA1,\x9d\nA1,\n")
    assert result.encoding is None
    found = list(result)
    assert [(each.rule, each.row) for each in found] == [
        ("wrong-encoding", None),
        ("replacement-character", 2),
        ("duplicate-identifier", 3),
    ]
    assert "unknown" in found[0].message


def test_an_encoding_that_shows_late() -> None:
    """The first bytes beyond ASCII stand behind the first block: reading begins again."""
    rows = "".join(f"A{number},\n,\n" for number in range(50))
    data = f"external_id,plan\n{rows}B1,René\nB1,Jürgen Größe\n"
    for block_size in (10, 100, 1 << 20):
        result = run(data.encode("cp1252"), block_size=block_size, probe=16, max_record=64)
        assert result.encoding == "windows-1252"
        assert _placeless(list(result)) == _placeless(issues(data))
        assert result.rows == 50 + 2


def test_many_lines_in_utf8_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind the next piece nothing is read for that; a text that is not is read to its end."""
    monkeypatch.setattr("csvimport.encoding._PIECE", 100_000)
    good, bad = "1,Zoë\n".encode() * 20_000, b"1,Zo\xeb\n" * 100_000

    def then(first: bytes, rest: bytes) -> Iterator[bytes]:
        yield first
        seen.append(len(first))
        yield rest

    seen: list[int] = []
    assert mostly_utf8(then(b"1,\xeb\n" + 2 * good, bad))[0]
    assert seen == []
    assert not mostly_utf8(then(good[:70_000] + bad[:60_000], bad))[0]
    assert mostly_utf8(then(bad[:70_000], good))[0]
    assert len(seen) == 2


PARTS = [b"a", b"b", b"\xc3\xa9", "\ufffd".encode(), b"\xff", b"\xe2\x82", b"\xed\xa0\x80"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.sampled_from(PARTS)).map(b"".join)), st.sampled_from([b"", b"\n"]))
def test_mostly_utf8_counts_lines(lines: list[bytes], last: bytes) -> None:
    def is_broken(line: bytes) -> bool:
        try:
            line.decode()
        except UnicodeDecodeError:
            return True
        return False

    beyond = sum(not line.isascii() for line in lines)
    broken = sum(map(is_broken, lines))
    text = b"\n".join(lines) + last
    is_utf8, alphabet = mostly_utf8(iter([text]))
    assert is_utf8 == (broken < beyond - broken)
    assert set(alphabet) == {*range(0x80), *text}


# What the caller names


@settings(max_examples=60, deadline=None)
@given(
    FILES.filter(bool), st.sampled_from(sorted({*WORDS, "utf-8", "utf-8-sig", "utf-7", "cp500"}))
)
def test_a_file_is_read_in_the_encoding_that_is_named(text: str, encoding: str) -> None:
    text = text.encode(encoding, "replace").decode(encoding)
    text = text.replace("\x85", "")  # a line end in EBCDIC
    result = run(text.encode(encoding), encoding=encoding)
    assert result.encoding is not None
    found, expected = list(result), issues(text, encoding="utf-8")
    assert _placeless(found) == _placeless(expected)
    if result.encoding == "utf-8":
        assert "wrong-encoding" not in result.issues_by_rule


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=80),
    st.sampled_from(["utf-8", "cp1252", "shift_jis", "utf-16", "utf-7", "hz", "ascii", "cp037"]),
    st.integers(1, 20),
)
def test_what_does_not_fit_the_named_encoding_is_told(
    data: bytes, encoding: str, size: int
) -> None:
    data = b"external_id,plan\n1," + data
    chunks = (data[start : start + size] for start in range(0, len(data), size))
    running = checked(chunks, encoding=encoding)
    result, survey = running.result(), running.seen[0].survey
    if result.encoding == "utf-8":
        assert "wrong-encoding" not in result.issues_by_rule
        return
    try:
        data.decode(result.encoding or "")
        fits = True
    except UnicodeError:
        fits = False
    assert survey.misfits != fits
    messages = [each.message for each in result if each.rule == "wrong-encoding"]
    assert bool(messages) == survey.differs
    assert all(("\ufffd" in message) != fits for message in messages)


@pytest.mark.parametrize("broken", [1, 50])
def test_what_is_said_to_be_utf8_is(broken: int) -> None:
    rows = b"1,K\xf6ln\n" * broken
    for data in (b"external_id,plan\n" + rows, codecs.BOM_UTF8 + b"external_id,plan\n" + rows):
        result = run(data, encoding="utf8")
        assert (result.encoding, result.bom) == ("utf-8", data.startswith(codecs.BOM_UTF8))
        assert result.issues_by_rule == {"invalid-utf8": broken}
    assert run(b"external_id,plan\n1,~{@n@v~}\n" + rows, encoding="utf-8").encoding == "utf-8"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("named", ["", "-le", "-be"])
def test_a_byte_order_mark_of_the_named_encoding_is_skipped(encoding: str, named: str) -> None:
    name = encoding if encoding == "utf-8-sig" else encoding + named
    for text in ("\ufeffexternal_id,plan\n1,Zoë\n", "external_id,plan\n1,Zoë\n"):
        plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
        data = text.encode(plain.get(name, name))
        assert run(data, encoding=name).headers == ["external_id", "plan"]


def test_all_parts_are_read_in_the_named_encoding() -> None:
    text = "external_id,plan\n{},Zoë\n"
    parts = [io.BytesIO(text.format(each).encode("cp1252")) for each in range(2)]
    result = csvimport.check(parts, encoding="cp1252")
    assert (result.rows, result.encoding) == (2, "windows-1252")
    assert result.issues_by_rule == {"wrong-encoding": 2}
    job = csvimport.start(io.BytesIO(text.encode("cp1252")), encoding="ascii")
    assert job.result().issues_by_rule == {"wrong-encoding": 1, "replacement-character": 1}


def test_ascii_is_utf8_whatever_it_is_called() -> None:
    result = run(b"external_id,plan\n1,Zoe\n", encoding="windows-1252")
    assert (result.encoding, result.issues_by_rule) == ("windows-1252", {})


@pytest.mark.parametrize(
    "name", ["", "utf-9", "rot13", "base64", "hex", "idna", "undefined", "unicode_escape", "a\0b"]
)
def test_what_is_no_encoding_is_the_callers_fault(name: str) -> None:
    with pytest.raises(OptionError, match=r"^found encoding `.*`, expected an encoding such as "):
        require_encoding(name)
    with pytest.raises(OptionError):
        csvimport.check(io.BytesIO(b"a\n"), encoding=name)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=12))
def test_no_name_of_an_encoding_is_a_bug(name: str) -> None:
    try:
        known = require_encoding(name)
    except OptionError:
        return
    assert require_encoding(known) == known


# Few bad bytes in a large file


def _large() -> list[bytes]:
    return [
        b"external_id,first_name\n",
        *(f"C-{row},{'Zoë' if row % 9 == 0 else 'Tom'}\n".encode() for row in range(499_999)),
    ]


@pytest.mark.parametrize("row", [400_000, 2, 3, 65_536, 250_000, 499_999, 500_000])
def test_three_bad_bytes_are_one_bad_row(row: int) -> None:
    lines = _large()
    lines[row - 1] = b"C-x,Zo\xeb K\xf6\xe4ln\n"
    result = run(b"".join(lines))
    assert (result.encoding, result.rows) == ("utf-8", 499_999)
    assert [(each.rule, each.row) for each in result] == [("invalid-utf8", row)]


@pytest.mark.parametrize("cut", range(1, 5))
def test_bad_bytes_on_both_sides_of_a_border(cut: int) -> None:
    """Of what comes in at once, and of a block."""
    lines = _large()[:100_000]
    before = b"".join(lines[:50_000])
    bad, rest = b"C-x,\xff\xfe\xc3\n", b"".join(lines[50_000:])
    cut += len("C-x")
    chunks = [before + bad[:cut], bad[cut:] + rest]
    for block_size in (len(before) + cut, 1 << 16, 8 << 20):
        result = run(iter(chunks), block_size=block_size)
        assert (result.encoding, result.rows) == ("utf-8", 100_000)
        assert [(each.rule, each.row) for each in result] == [("invalid-utf8", 50_001)]


@pytest.mark.skipif(not library(), reason="nothing was compiled")
@given(
    st.lists(
        st.sampled_from([b"a" * 31, b"a" * 64, "é".encode(), "漢".encode(), "\U00010000".encode()])
        | st.text(max_size=3).map(str.encode)
        | st.binary(max_size=3)
        | st.sampled_from([b"\xc0\x80", b"\xe0\x9f\xbf", b"\xed\xa0\x80", b"\xf0\x8f\xbf\xbf"])
        | st.sampled_from([b"\xf4\x8f\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xc3"])
    ).map(b"".join)
)
def test_as_much_is_valid_as_python_says(text: bytes) -> None:
    valid = len(text)
    try:
        text.decode()
    except UnicodeDecodeError as error:
        valid = error.start
    assert valid_utf8(text) == valid
