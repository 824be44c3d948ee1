"""What each rule of cells costs on clean rows: the seconds of its mask over two million of them.

`python benchmarks/rule_costs.py [ROWS]` prints the table as Markdown.
"""

import statistics
import sys
import time

import inputs
import polars as pl

from csvimport.checker import RowFlag
from csvimport.checks import CELL_ORDER
from csvimport.checks.registry import cell_check
from csvimport.columns import Column, Columns, columns_of
from csvimport.identity import NOTHING_REPEATED, Identities, as_frame
from csvimport.inference import Sample

RUNS = 5


def frame_of(kind: str, rows: int) -> tuple[Columns, pl.DataFrame]:
    """Clean rows of this kind of import, as a block holds them, and their columns."""
    table = inputs.events(0, rows) if kind == "events" else attributes(rows)
    columns = columns_of(table.columns, "auto")
    frame = table.rename({name: f"c{at}" for at, name in enumerate(table.columns)})
    sample = Sample(columns)
    sample.take(frame.head(10_000))
    judged = sample.judged({})
    frame = frame.with_row_index("row").cast({"row": pl.Int64})
    frame = Identities(judged).named(frame)
    return judged, frame.join(as_frame(NOTHING_REPEATED), on="row", how="left")


def attributes(rows: int) -> pl.DataFrame:
    """The rows of the benchmarks' inputs, with the columns that those lack."""
    n = pl.int_range(pl.len())
    return inputs.attributes(0, rows).with_columns(
        user_alias_name=pl.repeat("", pl.len()),
        user_alias_label=pl.repeat("", pl.len()),
        braze_id=pl.format("5f8a1c2e9d3b4a6f7e8c90{}", 10 + n % 90),
        email_open_tracking_disabled=pl.repeat("true", pl.len()),
        subscription_group_id=pl.format("5f8a1c2e-1111-2222-3333-4444555566{}", 10 + n % 90),
        subscription_state=pl.repeat("subscribed", pl.len()),
        joined=pl.format("2024-0{}-1{}", 1 + n % 9, n % 10),
        is_member=pl.when(n % 2 == 0).then(pl.lit("true")).otherwise(pl.lit("false")),
        note=pl.format("likes product {} and its colours", n % 5000),
    )


def seconds(frame: pl.DataFrame, mask: pl.Expr) -> float:
    """The time of one evaluation."""
    start = time.perf_counter()
    frame.select(mask.fill_null(False).any())
    return time.perf_counter() - start


def flags(columns: Columns) -> list[tuple[Column, RowFlag]]:
    """Every cell rule on every column that it looks at; of equal ones the first."""
    found: dict[tuple[str, str | None], tuple[Column, RowFlag]] = {}
    for rule in CELL_ORDER:
        check = cell_check.checks[rule]
        for column in filter(check.on, columns.all):
            flag = RowFlag(rule, check.decide(column, columns), column.position)
            kind = None if flag.flag.possible else column.type
            found.setdefault((rule, kind), (column, flag))
    return list(found.values())


def measured(frame: pl.DataFrame, masks: list[pl.Expr]) -> list[float]:
    """The median of the runs of each mask."""
    runs = [[seconds(frame, mask) for mask in masks] for _ in range(RUNS)]
    return [statistics.median(times) for times in zip(*runs, strict=True)]


def main() -> None:
    """Print the table."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    print("# What each rule of cells costs\n")
    print(f"Seconds for a column of {rows:,} clean cells, the median of {RUNS} runs; `make costs`")
    print("writes it anew. What every cell is asked is the gate, which the rules of a column")
    print("share; the rest of the mask is asked where that holds, here of all cells at once.\n")
    print("| rule | column | type | gate | gate and mask |")
    print("| --- | --- | --- | ---: | ---: |")
    for kind in ("attributes", "events"):
        columns, frame = frame_of(kind, rows)
        found = flags(columns)
        if kind == "events":
            found = [each for each in found if "event" in each[1].rule or each[0].event]
        gates = measured(frame, [flag.gate for _, flag in found])
        masks = measured(frame, [flag.behind(flag.gate) for _, flag in found])
        for (column, flag), gate, mask in zip(found, gates, masks, strict=True):
            told = "" if flag.flag.possible is None else " (only where a block's bytes allow it)"
            print(
                f"| `{flag.rule}`{told} | `{column.name}` | {column.type} "
                f"| {gate:.3f} | {mask:.3f} |"
            )


if __name__ == "__main__":
    main()
