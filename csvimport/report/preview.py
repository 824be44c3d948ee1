"""The first rows of a file as a table, and its fields."""

from collections.abc import Iterator

import polars as pl
from rich.cells import cell_len
from rich.text import Text

from csvimport.issue import cut
from csvimport.preview import Preview
from csvimport.report.console import fields
from csvimport.report.printable import printable
from csvimport.report.telling import count

#: The characters of a cell that are shown.
_LONGEST = 24
_INDENT = 2


def render(preview: Preview, *, width: int | None) -> Iterator[Text]:
    """The lines; as many columns as `width` has room for, all of them if that is None."""
    result = preview.result
    name = Text(printable(result.file) + ": ", style="bold")
    if result.columns is None:
        fault = "the header cannot be read" if result.headers else "found no header"
        yield name.append(fault, style="bold red")
        yield Text("\n  next: `csvimport check` says what is wrong")
        return
    yield name.append(f"{result.kind}, {count(len(result.headers), 'column')}")
    yield Text()
    yield from _table(result.headers, preview.rows, width)
    yield Text()
    yield from fields(result)
    yield Text()
    yield Text(
        "  next: `csvimport check` checks every row; rows that cannot be read are not shown here"
    )


def _table(headers: list[str], rows: pl.DataFrame, width: int | None) -> Iterator[Text]:
    columns = [
        [printable(cut(cell, _LONGEST, "…")) for cell in (header, *cells.fill_null(""))]
        for header, cells in zip(headers, rows.get_columns(), strict=True)
    ]
    sizes = [max(map(cell_len, cells)) for cells in columns]
    shown, used = 0, _INDENT
    while shown < len(columns) and (width is None or not shown or used + sizes[shown] <= width):
        used += sizes[shown] + 2
        shown += 1
    for number, cells in enumerate(zip(*columns[:shown], strict=True)):
        pairs = zip(cells, sizes, strict=False)
        padded = (cell + " " * (size - cell_len(cell)) for cell, size in pairs)
        line = " " * _INDENT + "  ".join(padded).rstrip()
        yield Text(line, style="" if number else "bold")
    if not rows.height:
        yield Text("  no rows that can be read")
    if left := len(columns) - shown:
        yield Text(f"  and {count(left, 'more column')}, for which there is no room")
