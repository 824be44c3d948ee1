"""Texts of many languages in many encodings: read as they are, or said to be unknown."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import PAIRS, encoded, table
from running import run

from csvimport.encoding import Encoding, NotUtf8, Utf8Stream, sniff
from csvimport.guess import propose
from csvimport.letters import misread

#: Of Hungarian it says the same as Windows-1250, but for one letter.
HARDLY_KNOWN = {"iso8859-16"}
#: Rows, columns of text.
SHORT = [(1, 1), (1, 3), (2, 2), (3, 3), (5, 3)]
LONG = [(30, 3), (1500, 3)]
_ALL = bytes(range(256))


def _read(data: bytes) -> tuple[str | None, str]:
    """The encoding of `data`, as far as it is known, and its text."""
    encoding = sniff(data[:4096])
    try:
        return encoding.name, _text(data, encoding)
    except NotUtf8 as other:
        return other.encoding.name, _text(data, other.encoding)


def _text(data: bytes, encoding: Encoding) -> str:
    return b"".join(Utf8Stream(encoding, lambda: iter([data]))).decode()


@pytest.mark.parametrize(("language", "encoding"), PAIRS)
def test_no_text_is_read_as_another(language: str, encoding: str) -> None:
    for rows, cells in SHORT + LONG:
        for seed in range(1 if rows > 30 else 4):
            data = encoded(table(language, encoding, rows, seed, cells), encoding)
            name, text = _read(data)
            assert name is None or text == data.decode(encoding).removeprefix("\ufeff")
            assert name is not None or rows < 30 or encoding in HARDLY_KNOWN
            # a sample of words may have none that needs more
            assert name != "utf-8" or data.isascii()


@given(st.lists(st.binary(min_size=9, max_size=30), min_size=1, max_size=9), st.sampled_from("+/~"))
def test_tokens_are_no_escapes(tokens: list[bytes], sign: str) -> None:
    """UTF-7 is ASCII, too: whether it is meant, nobody can tell."""
    rows = [f"{base64.b64encode(token).decode()},{sign}{{a{sign}b" for token in tokens]
    data = "\n".join(["external_id,plan", *rows, ""]).encode()
    assert _read(data) == ("utf-8", data.decode())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(PAIRS), st.integers(20, 200), st.integers())
def test_tables_of_some_rows_are_known(pair: tuple[str, str], rows: int, seed: int) -> None:
    data = encoded(table(*pair, rows, seed), pair[1])
    name, text = _read(data)
    assert name is not None or pair[1] in HARDLY_KNOWN
    assert name is None or text == data.decode(pair[1]).removeprefix("\ufeff")


@pytest.mark.parametrize(("language", "encoding"), [PAIRS[i] for i in range(0, len(PAIRS), 6)])
def test_what_the_result_names_is_what_is_checked(language: str, encoding: str) -> None:
    text = table(language, encoding, 20) + "C-1000,not an address,x,y,z\n"
    data = encoded(text, encoding)
    result = run(data)
    assert result.headers == text.splitlines()[0].split(",")
    assert result.rows == 21
    assert result.issues_by_rule["wrong-encoding"] == 1
    assert result.issues_by_rule["invalid-email"] == 1
    if result.encoding is not None:
        assert "replacement-character" not in result.issues_by_rule


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Zo", "latin-1"),
        ("external_id,phone\n1,+4912345678-9\n2,+15551234-0\n", "ascii"),
        ("external_id,email\n1,jane+news@example.com\n2,tom+vip@example.com\n", "ascii"),
        ("external_id,note\n1,~{a~} ~{b\n2,\x1b[1mbold\x1b(B\n", "ascii"),
        ("external_id,note\n1,\x1b$B and what follows\n", "ascii"),
        ("external_id,note\n1,Zoë ~{@n@v~}\n", "utf-8"),
    ],
)
def test_what_is_utf8_stays_utf8(text: str, encoding: str) -> None:
    data = text.encode(encoding)
    assert _read(data) == ("utf-8", text)


@pytest.mark.parametrize("encoding", ["iso2022_jp", "iso2022_kr"])
def test_escapes_may_come_late(encoding: str) -> None:
    language = "Japanese" if encoding == "iso2022_jp" else "Korean"
    header, rest = table(language, encoding, 30).split("\n", 1)
    text = "\n".join([header, *(f"A{row},,,,x" for row in range(500)), rest])
    for block_size in (1000, 1 << 20):
        result = run(text.encode(encoding), block_size=block_size, probe=100, max_record=500)
        assert result.rows == 530
        assert result.encoding is not None
        assert result.issues_by_rule == {"wrong-encoding": 1}


@pytest.mark.parametrize("end", [b"\x15", b"\x25", b"\x0d\x25"], ids=["NEL", "LF", "CRLF"])
def test_line_ends_of_mainframes(end: bytes) -> None:
    text = table("German", "cp500", 20)
    data = end.join(line.encode("cp500") for line in text.splitlines())
    result = run(data)
    assert (result.encoding, result.rows) == ("cp500", 20)


def test_a_letter_that_only_the_end_of_a_large_file_holds() -> None:
    """Two encodings differ in it: there, one of them shows no letter."""
    words = "".join(f"{row},Jürgen Größe {row},Köln\n" for row in range(20_000))
    text = f"external_id,name,town\n{words}1,Œuvre,Nœux-les-Mines\n"
    for encoding in ("cp1252", "iso8859-15"):
        data = text.encode(encoding)
        name = propose(lambda data=data: iter(data.splitlines(keepends=True)), data)  # type: ignore[misc]
        assert name is None or data.decode(name) == text


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PAIRS), st.binary(max_size=2), st.integers(0, 30), st.sampled_from([9, 999]))
def test_of_an_alphabet_that_is_too_large_the_same_is_said(
    pair: tuple[str, str], other: bytes, at: int, cells: int
) -> None:
    lines = encoded(table(*pair, 30), pair[1]).splitlines(keepends=True)
    lines.insert(at, other)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.guess._CELLS", cells)
        names = {propose(lambda: iter(lines), each) for each in (b"".join(lines), _ALL)}
    assert len(names) == 1


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("René Lefèvre à Orléans", "RenŽ Lef\x8fvre ˆ OrlŽans"),
        ("Jürgen Größe, Köln", "J³rgen Gr÷▀e, K÷ln"),
        ("¿Cuándo llega «Íñigo»?", "żCuándo llega ŤÍñigoť?"),
        ("Юлия Объедкова", "ЮлиЯ ОбЪедкова"),
        ("O’Brien’s café — 10 €", "OíBrienís cafÈ ó 10 Ä"),
        ("ירושלים", "ירושλים"),
        ("東京都 Tシャツ", "æ±äº¬éƒ½"),
        ("ภูเก็ต Phuket", "Orl้ans"),
        ("Nguyễn Văn Hùng", "Nguyá»…n"),
    ],
)
def test_what_shows_that_a_text_is_misread(right: str, wrong: str) -> None:
    assert misread(right) == 0
    assert misread(wrong) > 0


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_every_text_has_a_share_of_letters_that_stand_wrong(text: str) -> None:
    assert misread(text) >= 0
    assert misread("".join(filter(str.isascii, text)).replace("\0", "")) == 0 or "\x7f" in text


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff,\xfe", bytes(range(256)) * 9])
def test_nothing_is_named_for_no_text(data: bytes) -> None:
    assert propose(lambda: iter([data]), data) is None
