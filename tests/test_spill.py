"""What is found goes to disk while the check goes on, and is all there when it is asked for."""

import os
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from csvimport.errors import OutputError
from csvimport.spill import Chunk, Lines, Spill
from csvimport.target import append


def chunk(first: int, rows: int) -> Chunk:
    numbers = pl.int_range(first, first + rows, eager=True)
    frame = pl.DataFrame({"row": numbers, "square": numbers**2})
    return Chunk(frame, frame)


def lines_of(chunk: Chunk) -> Lines:
    text = "".join(f"{row}\r\n" for row in chunk.issues["row"])
    return Lines(text.encode(), chunk.issues.height, 0)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), max_size=12),
    st.sampled_from([1, 2000, 1 << 20]),
    st.sampled_from([5, 20, 100]),
)
def test_all_is_there_in_its_order(sizes: list[int], buffer: int, many: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.spill._BUFFER", buffer)
        patch.setattr("csvimport.spill._MANY", many)
        spill, row = Spill(lines_of), 0
        for size in sizes:
            spill.append(chunk(row, size))
            row += size
            stored = list(spill.snapshot())
            rows = [each for part in stored for each in part.issues["row"]]
            assert rows == list(range(row))
            assert all(part.rows is None for part in stored)
            assert sum(part.lines.count for part in stored if part.lines) == row
        on_disk = sum(part.size for part in spill.snapshot().written)
        assert spill.report_bytes == on_disk <= sum(len(f"{each}\r\n") for each in range(row))


def test_an_earlier_snapshot_stays_as_it_was() -> None:
    spill = Spill()
    spill.append(chunk(0, 3))
    before = spill.snapshot()
    spill.append(chunk(3, 3))
    assert [part.issues["row"].to_list() for part in before] == [[0, 1, 2]]


@pytest.mark.parametrize("interrupts", [1, 3])
def test_interrupts_lose_nothing_and_are_told(interrupts: int) -> None:
    """Polars notices Ctrl-C in whatever thread computes."""
    seen: list[str] = []

    def interrupted(chunk: Chunk) -> Lines:
        seen.append(threading.current_thread().name)
        if len(seen) <= interrupts:
            raise KeyboardInterrupt
        return lines_of(chunk)

    spill = Spill(interrupted)
    spill.append(chunk(0, 3))
    assert [part.issues.height for part in spill.snapshot()] == [3]
    with pytest.raises(KeyboardInterrupt):
        spill.settle()
    spill.settle()
    assert seen == ["csvimport-spill"] * (interrupts + 1)
    assert [part.issues.height for part in spill.snapshot()] == [3]


_NUMBERS = st.one_of(st.none(), st.integers(-128, 127))
_COLUMNS = st.integers(1, 6).flatmap(
    lambda rows: st.lists(
        st.one_of(
            st.tuples(st.integers(-9, 9), st.integers(-3, 3)).map(
                lambda first: [first[0] + first[1] * row for row in range(rows)]
            ),
            st.lists(_NUMBERS, min_size=rows, max_size=rows),
            st.lists(st.sampled_from([None, "", "a"]), min_size=rows, max_size=rows),
        ),
        min_size=1,
        max_size=4,
    )
)


@settings(max_examples=200, deadline=None)
@given(_COLUMNS, _COLUMNS)
def test_frames_come_back_as_they_were(issues: list[list[Any]], rows: list[list[Any]]) -> None:
    def frame(columns: list[list[Any]]) -> pl.DataFrame:
        types = [
            pl.String if any(isinstance(it, str) for it in each) else pl.Int8 for each in columns
        ]
        return pl.DataFrame(
            [
                pl.Series(str(index), each, kind)
                for index, (each, kind) in enumerate(zip(columns, types, strict=True))
            ]
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("csvimport.spill._MANY", 0)
        spill = Spill()
        spill.append(Chunk(frame(issues), frame(rows)))
        (stored,) = spill.snapshot()
        assert stored.rows is not None
        assert_frame_equal(stored.issues, frame(issues))
        assert_frame_equal(stored.rows, frame(rows))


def test_what_is_plain_from_a_few_numbers_takes_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError

    monkeypatch.setattr("csvimport.spill._MANY", 1)
    monkeypatch.setattr(pl.DataFrame, "write_ipc", refuse)
    frame = pl.select(row=pl.int_range(5, 105, 2), text=pl.repeat(None, 50, dtype=pl.String))
    spill = Spill()
    spill.append(Chunk(frame, frame))
    (stored,) = spill.snapshot()
    assert_frame_equal(stored.issues, frame)


def test_what_cannot_be_stored_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("csvimport.spill._MANY", 1)
    monkeypatch.setattr(pl.DataFrame, "write_ipc", refuse)
    spill = Spill()
    spill.append(chunk(0, 3))
    with pytest.raises(OutputError, match=r"temporary files in .*: no space left on device"):
        spill.snapshot()
    with pytest.raises(OutputError):
        spill.append(chunk(3, 3))


@pytest.mark.parametrize("how", ["whole", "in parts", "not at all", "breaks off"])
def test_a_file_is_appended_whatever_the_system_can(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(300_001)
    (tmp_path / "source").write_bytes(data)
    send, calls = os.sendfile, []

    def sendfile(out: int, source: int, offset: int, size: int) -> int:
        calls.append(offset)
        if how == "not at all" or (how == "breaks off" and len(calls) > 1):
            raise OSError(22, "Invalid argument")
        return send(out, source, offset, min(size, 100_000))

    if how != "whole":
        monkeypatch.setattr(os, "sendfile", sendfile)
    with (tmp_path / "target").open("wb") as file:
        file.write(b"before")
        append(tmp_path / "source", file)
        file.write(b"behind")
    assert (tmp_path / "target").read_bytes() == b"before" + data + b"behind"


def test_what_failed_stays_failed() -> None:
    """A result that is asked for later must not count what is not there."""

    def refuse(_: Chunk) -> Lines:
        raise OutputError("temporary files in /tmp: no space left on device")

    spill = Spill(refuse)
    spill.append(chunk(0, 3))
    for ask in (spill.settle, spill.snapshot, spill.settle):
        with pytest.raises(OutputError):
            ask()


def test_without_a_thread_there_is_nothing_to_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    spill = Spill(lines_of)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            spill.append(chunk(0, 3))
    spill.wait()
