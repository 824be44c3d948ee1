"""Packed inputs are known by what they hold, not by their names, and are read as what they hold."""

import bz2
import contextlib
import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from running import whole

from csvimport import check
from csvimport.archive import Archive, NotATableError, packing, peeked, unpacked
from csvimport.errors import SourceError
from csvimport.source import Source

TABLE = b'external_id,email\nA1,a@example.com\nA2,not an address\nA1,"x,\n'


def zipped(data: bytes, name: str = "users.csv", **others: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
        for other, content in others.items():
            archive.writestr(other, content)
    return file.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "zip": zipped,
}
STREAMS = [kind for kind in PACK if kind != "zip"]


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def read(kind: str, data: bytes, size: int = 1 << 16) -> bytes:
    if kind == "zip":
        return b"".join(Archive(io.BytesIO(data)).open())
    return b"".join(unpacked(kind, cut(data, size)))


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(STREAMS),
    st.lists(
        st.binary(max_size=300) | st.binary(max_size=3).map(lambda each: each * 20_000), max_size=4
    ),
    st.sampled_from([1, 7, 1000, 1 << 16]),
    st.sampled_from([500, 5000, 4 << 20]),
)
def test_what_is_packed_is_what_is_read(
    kind: str, parts: list[bytes], size: int, step: int
) -> None:
    """In one part or in several, whatever the chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.archive._STEP", step)
        data = b"".join(map(PACK[kind], parts))
        pieces = list(unpacked(kind, cut(data, size)))
    assert b"".join(pieces) == b"".join(parts)
    if kind != "zstd":
        assert all(len(piece) <= step for piece in pieces)


@pytest.mark.parametrize("kind", PACK)
def test_the_first_bytes_tell(kind: str) -> None:
    for data in (b"", b"a", TABLE * 1000):
        assert packing(PACK[kind](data)) == kind
    assert packing(TABLE) is None


@pytest.mark.parametrize(
    "text", [b"", b"BZh,email\n", b"BZh9,x\n", b"PKID,email\n", b"PAR1,PAR2\n"]
)
def test_text_is_no_archive(text: bytes) -> None:
    assert packing(text) is None
    assert b"".join(Source(iter([text])).open()) == text


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("how", ["path", "file", "stream"])
def test_a_packed_file_has_the_same_issues(kind: str, how: str, tmp_path: Path) -> None:
    data = PACK[kind](TABLE)
    path = tmp_path / "users.csv"  # the name says nothing
    path.write_bytes(data)
    with path.open("rb") as file:
        source = {"path": path, "file": file, "stream": cut(data, 10)}[how]
        result = check(source)  # type: ignore[arg-type]
    plain = check(io.BytesIO(TABLE))
    assert result.bytes == result.bytes_checked == len(TABLE)
    assert [(each.rule, each.row, each.byte) for each in result] == [
        (each.rule, each.row, each.byte) for each in plain
    ]
    assert whole(check(io.BytesIO(data))) == whole(plain)


@pytest.mark.parametrize("kind", PACK)
def test_it_is_read_again_in_another_encoding(kind: str) -> None:
    rows = "external_id,home_city\n" + "A1,Orléans\nA2,Köln\n" * 2000
    result = check(cut(PACK[kind](rows.encode("cp1252")), 100))
    assert result.encoding == "windows-1252"
    assert result.rows == 4000


def said(data: bytes) -> str:
    with pytest.raises(SourceError) as caught:
        check(io.BytesIO(data))
    message = str(caught.value)
    assert "\n" not in message
    return message.removeprefix("stream: ")


@pytest.mark.parametrize("kind", PACK)
def test_what_breaks_off_is_no_shorter_file(kind: str) -> None:
    data = PACK[kind](bytes(range(256)) * 40 + TABLE)
    for end in range(30, len(data), max(len(data) // 40, 1)):
        with pytest.raises(NotATableError):
            read(kind, data[:end])
    assert "Traceback" not in said(PACK[kind](TABLE)[:-9])


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([*PACK]), st.data())
def test_damage_is_told_or_does_not_matter(kind: str, data: st.DataObject) -> None:
    packed = bytearray(PACK[kind](TABLE))
    packed[data.draw(st.integers(10, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(NotATableError):
        # a checksum is what zstd need not have
        assert read(kind, bytes(packed)) == TABLE or kind == "zstd"


def test_no_more_is_unpacked_than_an_import_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csvimport.source.LARGEST", 2 << 20)
    table = b"external_id,plan\n" + b"A1,basic\n" * 300_000
    for kind, pack in PACK.items():
        assert "holds more than 2 MiB" in said(pack(table)), kind
    monkeypatch.setattr("csvimport.source.LARGEST", len(table))
    assert check(io.BytesIO(gzip.compress(table))).rows == 300_000


def test_the_files_of_an_archive_have_a_limit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("csvimport.source.LARGEST_TOGETHER", 2 << 20)
    table = b"external_id,plan\n" + b"A1,basic\n" * 100_000
    others = {"2.csv": table, "3.csv": table}
    assert "holds more than 2 MiB" in said(zipped(table, "1.csv", **others))
    monkeypatch.setattr("csvimport.source.LARGEST_TOGETHER", 3 * len(table))
    assert check(io.BytesIO(zipped(table, "1.csv", **others))).rows == 300_000


def test_a_line_of_text_is_not_kept_waiting() -> None:
    def slow() -> Iterator[bytes]:
        yield from (b"external_", b"id\n")
        raise AssertionError

    head, chunks = peeked(slow())
    assert (head, next(chunks), next(chunks)) == (b"external_id\n", b"external_", b"id\n")


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "zstd"])
@pytest.mark.parametrize("behind", [b"\n", b"\0\0users", b"\x1f.", b"Bye", b"(end)"])
def test_what_is_whole_is_checked_whatever_is_behind_it(kind: str, behind: bytes) -> None:
    assert said(PACK[kind](b"external_id,plan\nA1,x\nA2,y\n") + behind) == (
        f"goes on with something else behind what is packed as {kind}; rows checked until then: 2"
    )


@pytest.mark.parametrize("outer", PACK)
@pytest.mark.parametrize("inner", PACK)
def test_an_archive_in_an_archive_is_refused(outer: str, inner: str) -> None:
    message = said(PACK[outer](PACK[inner](TABLE)))
    assert message == "holds an archive in its turn; unpack it first"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped(b"", "xl/workbook.xml"), "is an Excel workbook"),
        (zipped(b"", "content.xml"), "is an OpenDocument file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "is an Excel workbook"),
        (b"<!DOCTYPE html>\n<html>", "is an HTML page"),
        (b"\xef\xbb\xbf \r\n<HTML lang=en>", "is an HTML page"),
        ("<html><table>".encode("utf-16"), "is an HTML page"),
        (" <?xml version='1.0'?>".encode("utf-16-be"), "is an XML document"),
        (b"<meta charset=utf-8><table>", "is an HTML page"),
        (b"<!-- made by a shop -->\n<html>", "is an HTML page"),
        (gzip.compress(b"<table><tr>", mtime=0), "is an HTML page"),
        (b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>', "is an XML document"),
        (b"%PDF-1.7\n", "is a PDF document"),
        (b"\xfd7zXZ\0", "is an xz archive"),
        (zipped(b"", "folder/"), "holds no file, expected one"),
        (b"PK\x05\x06" + bytes(18), "holds no file, expected one"),
        (b"PK\x03\x04" + bytes(40), "is damaged"),
        (b"\x1f\x8b\x08" + bytes(40), "is damaged"),
    ],
)
def test_it_is_said_what_a_file_is_instead(data: bytes, message: str) -> None:
    assert said(data).startswith(message)


@pytest.mark.parametrize("pack", [bytes, *PACK.values()])
@pytest.mark.parametrize("name", ["users.csv", "u" * 100, "export/" * 12 + "users.csv"])
def test_a_tar_archive_is_no_table(pack: Callable[[bytes], bytes], name: str) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    data, message = pack(file.getvalue()), "is a tar archive, expected CSV; unpack it first"
    assert said(data) == message
    for size in (1, 100):
        with pytest.raises(SourceError, match=message):
            check(cut(data, size))


@pytest.mark.parametrize(
    "name", ["../../users.csv", "/etc/users.csv", "C:\\users.csv", "a\x1b[31m"]
)
def test_nothing_is_written_under_a_name_from_an_archive(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.zip").write_bytes(zipped(TABLE, name))
    result = check("in.zip", report="in.report.csv")
    assert result.rows == 3
    assert {each.name for each in tmp_path.iterdir()} == {"in.zip", "in.report.csv"}


def test_what_other_programs_put_beside_a_file_does_not_count() -> None:
    data = zipped(TABLE, "users.csv", **{"__MACOSX/._users.csv": b"x", ".DS_Store": b"x"})
    assert check(io.BytesIO(data)).rows == 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<html>", "is an HTML page, expected CSV; export the data itself as CSV"),
        (gzip.compress(TABLE, mtime=0), "holds an archive in its turn; unpack it first"),
    ],
)
def test_of_several_files_it_is_said_which_one_is_no_table(data: bytes, message: str) -> None:
    assert said(zipped(TABLE, "1.csv", **{"2.csv": data})) == f"stream/2.csv: {message}"


def test_a_password_is_asked_for_by_nobody() -> None:
    data = bytearray(zipped(TABLE))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    assert said(bytes(data)) == "is protected by a password; unpack it first"


@pytest.mark.parametrize("kind", STREAMS)
def test_padding_may_come_in_pieces(kind: str) -> None:
    pieces = [PACK[kind](TABLE), bytes(7), bytes(3) + PACK[kind](TABLE), bytes(512)]
    assert b"".join(unpacked(kind, iter(pieces))) == TABLE * 2


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_what_cannot_be_unpacked_piece_by_piece_is_refused(method: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("users.csv", TABLE)
    assert "in a way that few can read" in said(file.getvalue())


def test_zstd_may_begin_with_a_frame_to_skip() -> None:
    skipped = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
    assert check(io.BytesIO(skipped + PACK["zstd"](TABLE))).rows == 3
