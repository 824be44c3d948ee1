"""The compiled automaton and polars' engine are asked the same: they give the same answer."""

import re
import shutil
import threading

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csvimport import automaton
from csvimport.automaton import CellAutomata
from csvimport.encoding import is_utf8
from csvimport.lines import INNER_END

LINE_ENDS = [b"\n", b"\r"]
needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no compiler of C")

CHARACTERS = 'aAbzN09-_. ,"$é\u00c2\u07ff\u0800漢\ud7a3\ue000\uffff\U00010000\U0010ffff'
CLASSES = [
    "[a-z]",
    "[^a]",
    r"[^,\r]",
    "[A-Za-z0-9_-]",
    "[[a-z]--[bn]]",
    r'[[!-~]--["$%\x{2c}]]',
    r"[\x{c2}-\x{f4}]",
    r"[\x{f5}-\x{57f}\x{3040}-\x{9fff}\x{ac00}-\x{d7a3}]",
    r"[\x{80}-\x{10ffff}]",
    r"[\x{7ff}\x{800}\x{ffff}-\x{10000}]",
    "[é漢]",
    r"[\x{0}-[b]",
    r"[.\-\[\]\\^]",
    r"[^\s\S]",
]
ATOMS = st.sampled_from([*CLASSES, *map(re.escape, CHARACTERS), r"\r"])
REPEATS = st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "{1,3}", "{2,}"])


def _larger(pieces: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    group = pieces.map("(?:{})".format)
    return (
        st.lists(pieces, min_size=1, max_size=4).map("".join)
        | st.lists(pieces, min_size=2, max_size=3).map("|".join).map("(?:{})".format)
        | st.builds("{}{}".format, group, REPEATS)
    )


PATTERNS = st.recursive(ATOMS | st.builds("{}{}".format, ATOMS, REPEATS), _larger, max_leaves=12)
LINES = st.text(st.sampled_from(CHARACTERS + "\r\v\x85\u2028"), max_size=12).map(str.encode)


def _both(
    text: bytes, line_end: bytes, pattern: str, *, lossy: bool = False
) -> list[tuple[list[int], list[bool]]]:
    """What the compiled code says, and what polars' engine does."""
    answers = []
    for code in (automaton._CODE, None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(automaton, "_CODE", code)
            patch.setattr(automaton, "_of_this_thread", threading.local())
            stops, flags = automaton.ended_lines(text, line_end, pattern, lossy=lossy)
            answers.append((stops.tolist(), flags.tolist()))
    return answers


def _knows(pattern: str, line_end: bytes = b"\n") -> bool:
    return bool(automaton.Automaton(pattern, line_end))


@needs_compiler
def test_the_code_was_compiled() -> None:
    assert automaton._CODE is not None


@needs_compiler
@given(PATTERNS, st.lists(LINES, max_size=40), st.sampled_from(LINE_ENDS), st.data())
@settings(max_examples=400)
def test_both_give_the_same_answer(
    inner: str, lines: list[bytes], line_end: bytes, data: st.DataObject
) -> None:
    pattern = f"^(?:{inner})$"
    if line_end == b"\r":
        lines = [line.replace(b"\r", b"") for line in lines]
    # about a line with nothing in it there is no need to agree
    filled = [line for line in lines if line.strip(b"\r")]
    text = b"".join(line + data.draw(st.sampled_from([b"", b"\r"])) + line_end for line in filled)
    if line_end == b"\r":
        text = text.replace(b"\r\r", b"\r")
    assert _knows(pattern, line_end)
    compiled, other = _both(text, line_end, pattern)
    assert compiled == other


@needs_compiler
@given(st.lists(st.binary(max_size=9), max_size=30), st.sampled_from(LINE_ENDS))
def test_no_line_that_is_not_utf_8_matches(lines: list[bytes], line_end: bytes) -> None:
    text = b"".join(line.replace(b"\x1e", b"") + line_end for line in lines)
    stops, flags = automaton.ended_lines(text, line_end, r"^[\x{1}-\x{10ffff}]+$", lossy=True)
    assert stops.tolist() == [i for i, byte in enumerate(text) if byte == line_end[0]]
    for line, matches in zip(text.split(line_end)[:-1], flags.tolist(), strict=True):
        content = line.removesuffix(b"\r") if line_end == b"\n" else line
        assert matches == (bool(content) and b"\0" not in content and is_utf8(content))


@pytest.mark.parametrize(
    "pattern",
    [
        "a$",
        "^a",
        "^(a)$",
        "^a*?$",
        "^a++$",
        "^a{2}{3}$",
        r"^\d$",
        r"^\w$",
        r"^\p{L}$",
        "^.$",
        "^[[:alpha:]]$",
        "^[a-c&&b]$",
        "^[a-c~~b]$",
        "^(?i:a)$",
        "^(?:a$",
        "^[a$",
        "^a{1001}$",
        "^a{3,2}$",
        "^" + "(?:" * 200 + "a" + ")" * 200 + "$",
        "^(?:(?:[^a]{1000}){1000}){1000}$",
        "^a\0$",
        "^a|b$",
        r"^\<a$",
        r"^a\>$",
    ],
)
def test_of_what_it_does_not_know_it_says_nothing(pattern: str) -> None:
    assert not _knows(pattern)


@needs_compiler
def test_of_more_states_than_there_is_room_for_it_matches_none() -> None:
    pattern = "^[ab]*a[ab]{20}$"  # each of the last letters counts: two million states
    assert _knows(pattern)
    random = np.random.default_rng(1)
    text = b"".join(random.choice([b"a", b"b"], 400).tobytes() + b"\n" for _ in range(2000))
    compiled, other = _both(text, b"\n", pattern)
    assert compiled[0] == other[0]
    assert any(compiled[1])
    assert all(theirs for mine, theirs in zip(compiled[1], other[1], strict=True) if mine)


@needs_compiler
@pytest.mark.parametrize("size", range(40))
def test_lanes_of_any_size(size: int) -> None:
    text = b"".join(b"x" * (i * 7 % 5) + b"\n" for i in range(size))
    compiled, other = _both(text, b"\n", "^x{1,3}$")
    assert compiled == other
    assert len(compiled[0]) == size


@needs_compiler
def test_threads_do_not_share_an_automaton() -> None:
    text = b"".join(b"%d,%d\n" % (i, i * i) for i in range(20_000))
    expected = automaton.ended_lines(text, b"\n", "^[0-9]{3},[0-9]+$", lossy=False)[1]
    found: list[bool] = []

    def ask() -> None:
        for _ in range(5):
            flags = automaton.ended_lines(text, b"\n", "^[0-9]{3},[0-9]+$", lossy=False)[1]
            found.append(bool((flags == expected).all()))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert found == [True] * 40
    assert expected.sum() == 900


#: The last one only polars' engine knows.
OF_CELLS = st.sampled_from(['"(?:[^"]|"")*"', '[^"a]*', r"\d*"]) | PATTERNS.map("(?:{})".format)
DELIMITERS = st.sampled_from(",;\t|")


@st.composite
def records(draw: st.DrawFn, delimiter: str, width: int) -> list[list[str]]:
    """Cells of well-quoted records as they stand there, in quotes or not."""
    bare = st.text(sorted({*CHARACTERS, *"\r'"} - {delimiter, '"'}), max_size=6)
    quoted = st.text(st.sampled_from(CHARACTERS + delimiter + "\n\r"), max_size=6)
    in_quotes = quoted.map(lambda cell: '"' + cell.replace('"', '""') + '"')
    row = st.lists(bare | in_quotes, min_size=width, max_size=width)
    return draw(st.lists(row, max_size=11))


def _placed(records: list[str]) -> tuple[bytes, list[int], list[int]]:
    """A text of `records`, with something around each, and where each starts and stops."""
    text, starts, stops = b'"', [], []
    for record in records:
        starts.append(len(text))
        text += record.encode()
        stops.append(len(text))
        text += b'\n"x,'
    return text, starts, stops


@needs_compiler
@given(st.lists(OF_CELLS, min_size=1, max_size=4), DELIMITERS, st.integers(0, 12), st.data())
@settings(max_examples=400)
def test_cells_are_asked_what_polars_is_asked(
    patterns: list[str], delimiter: str, most: int, data: st.DataObject
) -> None:
    cells = data.draw(records(delimiter, len(patterns)))
    text, starts, stops = _placed(list(map(delimiter.join, cells)))
    places = np.array(starts, np.int64), np.array(stops, np.int64)
    automata = CellAutomata(patterns)
    for _ in range(2):  # once more where all states are there
        found = automata.matching(text, *places, delimiter.encode(), most)
        assert found is not None
        assert found.shape == (len(patterns), len(cells))
        for position, pattern in enumerate(patterns):
            column = pl.Series([row[position] for row in cells], dtype=pl.String)
            matches = column.str.contains(f"^{pattern}$") & (column.str.len_bytes() <= most)
            known = _knows(f"^{pattern}$")
            assert found[position].tolist() == [known and each for each in matches]


@needs_compiler
def test_places_of_cells_may_be_every_other_of_an_array() -> None:
    starts, stops = np.array([[0, 3], [4, 7], [8, 11]]).T
    found = CellAutomata(["[a-z]", "[0-9]"]).matching(b"a,1\n2,b\nc,d", starts, stops, b",", 9)
    assert found is not None
    assert found.tolist() == [[True, False, True], [True, False, False]]


@needs_compiler
def test_of_more_states_than_there_is_room_for_no_cell_matches() -> None:
    pattern = "(?:[ab]*a[ab]{20})"
    random = np.random.default_rng(1)
    cells = [random.choice([b"a", b"b"], 400).tobytes().decode() for _ in range(2000)]
    text, starts, stops = _placed(cells)
    found = CellAutomata([pattern]).matching(text, np.array(starts), np.array(stops), b",", 400)
    assert found is not None
    other = pl.Series(cells).str.contains(f"^{pattern}$").to_numpy()
    assert found.any()
    assert other[found[0]].all()


@needs_compiler
def test_cells_of_text_that_is_not_utf_8_do_not_match() -> None:
    text = b"a\xff,\xc3,\xc3\xa9,\xed\xa0\x80,\xff"
    found = CellAutomata(["(?:[^b]*)"] * 5).matching(
        text, np.array([0]), np.array([len(text)]), b",", 9
    )
    assert found is not None
    assert found[:, 0].tolist() == [False, False, True, False, False]


def test_of_cells_nothing_is_said_where_it_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    places = np.array([0]), np.array([3])
    assert CellAutomata([]).matching(b"a,b", *places, b",", 9) is None
    # it stands for a line end in what lines are asked
    text = f"a{INNER_END}b".encode()
    assert CellAutomata(["[^c]*"]).matching(text, *places, b",", 9) is None
    monkeypatch.setattr(automaton, "_CODE", None)
    assert CellAutomata(["[ab]"] * 2).matching(b"a,b", *places, b",", 9) is None
