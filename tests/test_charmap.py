"""The compiled code and Python's codecs are asked the same: they give the same answer."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from encodings.aliases import aliases

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running import run

from csvimport import charmap
from csvimport.charmap import is_charmap, transcoder
from csvimport.encoding import Encoding, Utf8Stream, require_encoding
from csvimport.errors import OptionError

needs_compiler = pytest.mark.skipif(not shutil.which("cc"), reason="there is no compiler of C")


def _known() -> Iterator[str]:
    for name in sorted({*aliases.values(), "koi8_u", "cp720", "cp874", "mac_farsi"}):
        with suppress(OptionError):
            yield require_encoding(name)


ENCODINGS = list(_known())
CHARMAPS = [name for name in ENCODINGS if is_charmap(name)]
#: Mostly of ASCII, with bytes of all kinds at any place.
TEXTS = st.lists(st.binary(max_size=9) | st.text("ab,\n", max_size=40).map(str.encode)).map(
    b"".join
)


def test_which_encodings_are_such() -> None:
    assert {"windows-1252", "koi8-r", "iso-8859-15", "cp037", "mac-roman"} <= set(CHARMAPS)
    others = set(ENCODINGS) - set(CHARMAPS)
    assert {"utf-8", "utf-7", "utf-16", "shift_jis", "gb18030", "iso2022_jp", "hz"} <= others
    assert len(CHARMAPS) > 60


@pytest.mark.parametrize("name", CHARMAPS)
def test_whatever_stands_around_a_byte_it_is_the_same_character(name: str) -> None:
    pairs = bytes(byte for first in range(256) for second in range(256) for byte in (first, second))
    by_itself = [bytes([byte]).decode(name, "replace") for byte in range(256)]
    assert pairs.decode(name, "replace") == "".join(by_itself[byte] for byte in pairs)
    # so what is replaced can be told from what is there
    assert "\ufffd" not in bytes(range(256)).decode(name, "ignore")


def _read(data: list[bytes], name: str) -> tuple[bytes, bool, bool]:
    stream = Utf8Stream(Encoding(name), lambda: iter(data))
    return b"".join(stream), stream.differs, stream.misfits


@needs_compiler
@pytest.mark.parametrize("name", CHARMAPS)
@settings(max_examples=30)
@given(st.lists(TEXTS, max_size=4))
def test_both_give_the_same_text(name: str, chunks: list[bytes]) -> None:
    assert transcoder(name, "\n")
    compiled = _read(chunks, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charmap, "_CODE", None)
        assert transcoder(name, "\n") is None
        assert _read(chunks, name) == compiled


@needs_compiler
@pytest.mark.parametrize("size", range(20))
def test_texts_of_any_size(size: int) -> None:
    transcode = transcoder("cp1252", "\n")
    assert transcode
    for at in range(size):
        text = b"x" * at + b"\x80" + b"x" * (size - at - 1)
        assert transcode(text) == (text.decode("cp1252").encode(), False)
        assert transcode(text.replace(b"\x80", b"\x81"))[1]
    longest = b"\x80" * size
    assert transcode(longest) == (longest.decode("cp1252").encode(), False)


@needs_compiler
def test_without_a_compiler_the_result_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "external_id,first_name\n" + "".join(f"A{row},Zoë €\n" for row in range(300))
    data = text.encode("cp1252") + b"A1,\x81\n"
    for encoding in (None, "cp1252"):
        compiled = run(data, encoding=encoding)
        with monkeypatch.context() as patch:
            patch.setattr(charmap, "_CODE", None)
            other = run(data, encoding=encoding)
        assert list(compiled) == list(other)
        never = {"elapsed_seconds": 0}
        assert compiled.to_dict() | never == other.to_dict() | never
