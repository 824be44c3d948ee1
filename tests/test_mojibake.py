"""Mojibake: the regular expression says what the codecs say, and the repair undoes the damage."""

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csvimport.mojibake import is_mojibake, repaired

#: Every character that Windows-1252 has beside ASCII.
SHOWN = bytes(range(0x80, 0x100)).decode("windows-1252", "ignore")
WORDS = [
    *("José", "Müller", "Łódź", "Ελλάδα", "Москва", "Київ", "العربية", "עברית", "हिन्दी", "ไทย"),
    *("日本語", "中文", "한국어", "Tiếng Việt", "ქართული", "Հայերեն", "አማርኛ", "Ñandú", "Straße"),
    *("naïve café", "don\u2019t", "\u201cquoted\u201d", "5 €", "£20", "½", "a\u00a0b", "…", "–"),
    *("😀", "👩\u200d👧", "🇬🇧", "𝒳", "𐍈", "\U0010fffd", "e\u0301", "\u00ad", "\ufeffa"),
]
PLAIN = ["", "Jose", "a, b", "O'Brien\n", "~", "\x7f", "\0"]


def damaged(text: str) -> str | None:
    """`text` as a program shows it that takes UTF-8 for Windows-1252; None if it cannot."""
    try:
        return text.encode().decode("windows-1252")
    except UnicodeDecodeError:
        return None


def is_damaged(text: str) -> bool:
    """The definition: as Windows-1252 it is bytes that make a shorter text in UTF-8."""
    try:
        return len(text.encode("windows-1252").decode()) < len(text)
    except UnicodeError:
        return False


def masked(texts: list[str]) -> list[bool]:
    frame = pl.DataFrame({"cell": texts}, schema={"cell": pl.String})
    found: list[bool] = frame.select(is_mojibake(pl.col("cell"))).to_series().to_list()
    return found


def agree(texts: list[str]) -> None:
    for text, found in zip(texts, masked(texts), strict=True):
        assert found == is_damaged(text), text


# --- The mask ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["JosÃ©", "MÃ¼ller", "â‚¬5", "donâ€™t", "ðŸ˜€", "Â£20", "Ã©\n", "\nÃ©"]
)
def test_damaged(text: str) -> None:
    assert masked([text]) == [is_damaged(text)] == [True]


@pytest.mark.parametrize(
    "text",
    [
        *PLAIN,
        *WORDS,
        "Ã",  # a lead alone
        "©",  # a continuation alone
        "JosÃ© é",  # one sequence, and one character that is no part of any
        "JosÃ© Łódź",
        "Ã\x81",  # what Windows-1252 has no character for
        "Ã ",  # of `à`, its no-break space made a plain one
        "Á¡",  # an overlong form, a surrogate, a code point beyond the last
        "À€",
        "àŸ¿",
        "í\u00a0€",
        "ð\u2039¿¿",
        "ô\u2018€€",
        "õ€€€",
        "â‚",  # cut short
        "ã\u0081",
    ],
)
def test_not_damaged(text: str) -> None:
    assert masked([text]) == [is_damaged(text)] == [False]


def test_every_pair_of_characters() -> None:
    agree([first + second for first in SHOWN for second in SHOWN])


def test_every_lead_with_the_ends_of_every_range() -> None:
    ends = [0x80, 0x8E, 0x8F, 0x90, 0x91, 0x9E, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF]
    after = bytes(ends).decode("windows-1252", "ignore")
    for lead in bytes(range(0xC0, 0x100)).decode("windows-1252"):
        agree([lead + a + b for a in after for b in after])
        agree([lead + a + b + c for a in after for b in after for c in after])


def test_every_character_of_the_basic_plane() -> None:
    texts = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    shown = [text for text in map(damaged, texts) if text is not None]
    assert len(shown) > 50_000
    agree(texts)
    agree(shown)
    assert masked(shown) == [len(text) > 1 for text in shown]


PIECES = st.sampled_from([*SHOWN, "a", " ", "\x7f", "\x81", "\x9d", "Ł", "日", "😀"])
SHOWN_WORDS = st.sampled_from([shown for word in WORDS if (shown := damaged(word)) is not None])


@given(st.lists(st.text(PIECES, max_size=6), max_size=50))
@example(["Ã©" * 500, "Ã©" * 500 + "é", "ðŸ˜€" * 250])
def test_the_mask_is_the_definition(texts: list[str]) -> None:
    agree(texts)


@given(st.lists(st.lists(SHOWN_WORDS | PIECES, max_size=5).map("".join), max_size=50))
def test_the_mask_is_the_definition_of_words(texts: list[str]) -> None:
    agree(texts)


@given(st.lists(st.text(), max_size=50))
def test_the_mask_is_the_definition_of_any_text(texts: list[str]) -> None:
    agree(texts)
    agree([text for text in map(damaged, texts) if text is not None])


# --- The repair ----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_damage_is_undone(word: str, times: int) -> None:
    shown: str | None = word
    for _ in range(times):
        shown = damaged(shown) if shown is not None else None
    if shown is not None:
        assert masked([shown]) == [True]
        assert repaired(shown) == word


def test_most_words_can_be_damaged() -> None:
    assert sum(damaged(word) is not None for word in WORDS) > len(WORDS) / 2


@pytest.mark.parametrize("text", [*PLAIN, *WORDS, "JosÃ© é"])
def test_nothing_to_repair(text: str) -> None:
    assert repaired(text) is None


@pytest.mark.parametrize("text", ["Â€", "aÂ…", "JosÃ© Â\u2122"])
def test_a_control_character_is_no_repair(text: str) -> None:
    assert masked([text]) == [True]
    assert repaired(text) is None


@given(st.text(PIECES) | st.lists(SHOWN_WORDS | PIECES, max_size=5).map("".join) | st.text())
def test_a_repair_is_of_what_is_flagged_and_final(text: str) -> None:
    whole = repaired(text)
    if whole is not None:
        assert is_damaged(text)
        assert len(whole) < len(text)
        assert masked([whole]) == [False]
        assert repaired(whole) is None
