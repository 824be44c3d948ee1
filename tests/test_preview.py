"""The first rows, and the fields."""

import io
from pathlib import Path

import pytest
from rich.cells import cell_len

from csvimport.cli import CANNOT_RUN, OK, main
from csvimport.options import Options
from csvimport.preview import Preview, preview
from csvimport.report.preview import render
from csvimport.source import Source

FILE = Path(__file__).parent.parent / "sample_files" / "contacts.csv"


def preview_of(data: bytes, rows: int = 5) -> Preview:
    return preview(Source(io.BytesIO(data), "file.csv"), Options(), rows)


def lines(data: bytes, width: int | None = None) -> list[str]:
    return [line.plain for line in render(preview_of(data), width=width)]


@pytest.mark.parametrize("rows", [1, 3, 7])
@pytest.mark.parametrize("total", [0, 1, 5, 20_000])
def test_the_first_rows_are_shown_however_many_there_are(rows: int, total: int) -> None:
    data = b"external_id,n\n" + b"".join(b"u%d,%d\n" % (n, n) for n in range(total))
    found = preview_of(data, rows)
    assert found.rows.rows() == [(f"u{n}", str(n)) for n in range(min(rows, total))]
    assert [column["name"] for column in found.result.columns or ()] == ["external_id", "n"]


def test_rows_larger_than_a_block_are_shown() -> None:
    data = b"external_id,a\n" + b"".join(b"u%d,%s\n" % (n, b"x" * 40_000) for n in range(9))
    assert preview_of(data).rows.height == 5


def test_the_columns_are_judged_by_more_than_is_shown() -> None:
    rows = [b"u%d,%s\n" % (n, b"1" if n < 5 else b"x") for n in range(5000)]
    columns = preview_of(b"external_id,a\n" + b"".join(rows)).result.columns
    assert columns
    assert columns[1]["type"] == "string"


def test_it_reads_no_more_than_it_needs() -> None:
    read = 0

    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            nonlocal read
            view = memoryview(buffer)  # type: ignore[arg-type]
            text = (b"external_id,a\n" if not read else b"") + b"u1,some text\n" * 10_000
            size = min(len(view), len(text))
            view[:size] = text[:size]
            read += size
            return size

    found = preview(Source(Endless(), "endless"), Options(), 5)
    assert found.rows.height == 5
    assert read < 200 << 20


def test_a_header_that_cannot_be_read_is_said_to_be_one() -> None:
    assert lines(b'a,"b\n1,2\n')[0] == "file.csv: the header cannot be read"
    assert lines(b"")[0] == "file.csv: found no header"
    assert lines(b"external_id,a\n")[2:4] == ["  external_id  a", "  no rows that can be read"]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_columns_that_have_no_room_are_counted(width: int) -> None:
    header = ",".join(["external_id", *(f"column_{n}" for n in range(30))])
    row = ",".join(f"value {n}" for n in range(31))
    found = lines(f"{header}\n{row}\n".encode(), width)
    table = found[2:4]
    assert all(cell_len(line) <= width for line in table)
    shown = len(table[0].split())
    assert f"  and {31 - shown} more columns, for which there is no room" in found


def test_nothing_in_a_cell_reaches_the_terminal() -> None:
    text = "\n".join(lines(b"external_id,a\nu1,\x1b[31mred\nu2,\xe2\x80\xaegnp\n"))
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", str(FILE), "--rows", "2"]) == OK
    said = capsys.readouterr()
    assert "C-1041       Jane" in said.out
    assert "fields\n  external_id  identifier" in said.out
    assert said.err == ""


def test_what_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preview", "missing.csv"]) == CANNOT_RUN
    assert capsys.readouterr().err.count("\n") == 1
