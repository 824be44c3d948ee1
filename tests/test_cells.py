"""What compiled code says of cells is what Python's own reader and counting say."""

import csv
import io
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csvimport import cells
from csvimport.cells import (
    are_copied,
    behind,
    copied,
    have_longer_cells,
    have_odd_quotes,
    spans,
)
from csvimport.compiled import library
from csvimport.lines import INNER_END
from csvimport.report.csv import _HARMLESS, _csv, _guarded

pytestmark = pytest.mark.skipif(not library(), reason="nothing was compiled")

CELLS = st.text(st.sampled_from("ab é\n,;\r"), max_size=6)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=9)


def _written(rows: list[list[str]], delimiter: str) -> tuple[bytes, list[int], list[int]]:
    """A text of records, each with something around it, and where each starts and stops."""
    text, starts, stops = b"", [], []
    for row in rows:
        file = io.StringIO()
        csv.writer(file, delimiter=delimiter, lineterminator="").writerow(row)
        starts.append(len(text))
        text += file.getvalue().encode()
        stops.append(len(text))
        text += b'"x,\n'
    return text, starts, stops


def test_a_library_that_lacks_a_function_is_as_good_as_none() -> None:
    assert library(cells_spans=(None,))
    assert library(cells_spans=(None,), cells_second=(None,)) is None


@given(st.data(), st.sampled_from(",;"), st.integers(1, 4))
def test_where_cells_stand(data: st.DataObject, delimiter: str, width: int) -> None:
    cell = st.text(st.sampled_from('ab é\n,;\r"'), max_size=6)
    rows = data.draw(st.lists(st.lists(cell, min_size=width, max_size=width), max_size=9))
    positions = sorted(data.draw(st.sets(st.integers(0, width - 1))))
    text, starts, stops = _written(rows, delimiter)
    arrays = np.array(starts, np.int64), np.array(stops, np.int64)
    found = spans(text, *arrays, delimiter.encode(), positions)
    assert found is not None
    cells = [
        [text[at:end].decode().replace('""', '"') for at, end in zip(*each, strict=True)]
        for each in found
    ]
    assert cells == [[row[position] for row in rows] for position in positions]


@given(ROWS, st.sampled_from(",;"), st.integers(0, 9))
def test_records_with_long_cells(rows: list[list[str]], delimiter: str, most: int) -> None:
    text, starts, stops = _written(rows, delimiter)
    found = have_longer_cells(text, np.array(starts), np.array(stops), delimiter.encode(), most)
    assert found is not None
    longest = [max(len(cell.encode()) for cell in row) for row in rows]
    assert found.tolist() == [size > most for size in longest]


@given(st.binary(max_size=600).map(lambda text: text.replace(b"\0", b'"')), st.data())
def test_records_with_an_odd_number_of_quotes(text: bytes, data: st.DataObject) -> None:
    places = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=9)))
    starts, stops = np.array(places[:-1], np.int64), np.array(places[1:], np.int64)
    found = have_odd_quotes(text, starts, stops)
    assert found is not None
    spans = pairwise(places)
    assert found.tolist() == [text.count(b'"', start, stop) % 2 == 1 for start, stop in spans]


@given(ROWS, st.sampled_from(["\n", "\r"]))
def test_records_on_one_line(rows: list[list[str]], line_end: str) -> None:
    text, starts, stops = _written(rows, ",")
    found = copied(text, np.array(starts), np.array(stops), line_end.encode(), INNER_END.encode())
    records = (text[start:stop].decode() for start, stop in zip(starts, stops, strict=True))
    lines = (record.replace(line_end, INNER_END) + line_end for record in records)
    assert found is not None
    assert found.tobytes() == "".join(lines).encode()


#: What a report's line may need quotes for, and what a spreadsheet may take for a formula.
SPECIAL = "a1 é,;\t|\n\r\"'=@+-＝＠＋－.()/%eE\0\x1e\ufeff\U0001f600"
TEXTS = st.text(st.sampled_from(SPECIAL), max_size=6) | st.sampled_from(
    ["+1 (2) 3", "-1.5e3%", "-1,5", "+(49) 30/1", "--1", "+1\n", "-1\r", '=say "hi"', "=1\n,2"]
)


def _frames(prefix: str, height: int) -> st.SearchStrategy[pl.DataFrame]:
    columns = st.lists(st.lists(TEXTS, min_size=height, max_size=height), min_size=1, max_size=4)
    return columns.map(
        lambda cells: pl.DataFrame(cells, [f"{prefix}{i}" for i in range(len(cells))])
    )


#: Cells of the lines that are told, and of the records that come behind them.
TOLD_AND_ROWS = st.integers(1, 6).flatmap(
    lambda height: st.tuples(_frames("told", height), _frames("c", height))
)


def _as_record(row: tuple[str, ...], delimiter: str, wants: Callable[[], bool]) -> bytes:
    """Its cells in quotes where they need or want them."""
    needs = {delimiter, '"', "\n"}
    return delimiter.join(
        '"' + cell.replace('"', '""') + '"' if needs & {*cell} or wants() else cell for cell in row
    ).encode()


@given(TOLD_AND_ROWS, st.sampled_from(",;\t|"), st.booleans(), st.data())
@settings(max_examples=500)
def test_records_behind_lines_are_what_polars_writes_of_their_cells(
    frames: tuple[pl.DataFrame, pl.DataFrame],
    delimiter: str,
    raw: bool,
    data: st.DataObject,
) -> None:
    told, rows = frames
    text, starts, stops = b"", [], []
    for row in rows.iter_rows():
        starts.append(len(text))
        text += _as_record(row, delimiter, lambda: data.draw(st.booleans()))
        stops.append(len(text))
        text += data.draw(st.sampled_from([b"\n", b"\r\n", b'"x,\n']))
    found = behind(
        _csv(told, "\n"),
        text,
        np.array(starts),
        np.array(stops),
        delimiter=delimiter.encode(),
        width=rows.width,
        harmless=None if raw else _HARMLESS,
    )
    guarded, count = (rows, 0) if raw else _guarded(rows)
    assert found is not None
    assert (bytes(found[0]), found[1]) == (_csv(told.hstack(guarded), "\r\n"), count)


def test_characters_of_any_kind_behind_lines() -> None:
    characters = list(map(chr, [*range(0x250), *range(0xFE00, 0xFFFF), 0x10000, 0x10FFFF]))
    rows = pl.DataFrame({"a": characters}).with_columns(b="x" + pl.col("a"), c=pl.lit(""))
    records = [_as_record(row, ";", lambda: False) for row in rows.iter_rows()]
    stops = np.cumsum([len(record) for record in records])
    starts = np.append(0, stops[:-1])
    told, size = pl.DataFrame({"told": ["1"] * rows.height}), rows.height
    found = behind(
        b"1\n" * size, b"".join(records), starts, stops, delimiter=b";", width=3, harmless=_HARMLESS
    )
    guarded, count = _guarded(rows)
    assert found is not None
    assert (bytes(found[0]), found[1]) == (_csv(told.hstack(guarded), "\r\n"), count)


def test_nothing_is_copied_where_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def copied(harmless: str) -> object:
        one = np.array([0]), np.array([3])
        return behind(b"1\n", b"a,b", *one, delimiter=b",", width=2, harmless=harmless)

    assert are_copied()
    assert copied("^[a-z]*$")
    assert copied(r"^\w*$") is None
    monkeypatch.setattr(cells, "_CODE", None)
    assert not are_copied()
    assert copied("^[a-z]*$") is None
