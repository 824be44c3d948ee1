"""What compiled code says of cells is what Python's own reader and counting say."""

import csv
import io
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csvimport.cells import first_cells, have_longer_cells, have_odd_quotes, on_one_line
from csvimport.compiled import library
from csvimport.lines import INNER_END

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
    assert library(cells_first=(None,))
    assert library(cells_first=(None,), cells_second=(None,)) is None


@given(ROWS, st.sampled_from(",;"))
def test_the_first_cell_of_each_record(rows: list[list[str]], delimiter: str) -> None:
    rows = [[cell.replace("\n", "").replace("\r", "") for cell in row] for row in rows]
    text, starts, stops = _written(rows, delimiter)
    found = first_cells(text, np.array(starts), np.array(stops), delimiter.encode())
    assert found is not None
    assert found.to_list() == [row[0] for row in rows]


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
    found = on_one_line(text, np.array(starts), np.array(stops), line_end.encode())
    records = (text[start:stop].decode() for start, stop in zip(starts, stops, strict=True))
    lines = (record.replace(line_end, INNER_END) + line_end for record in records)
    assert found is not None
    assert found.tobytes() == "".join(lines).encode()
