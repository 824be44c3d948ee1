"""The result on the screen: what it is, what it means, what to do, and examples."""

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from csvimport.issue import Severity, cut
from csvimport.report.csv import SPREADSHEET_LINES
from csvimport.report.printable import printable
from csvimport.report.telling import (
    NEW_ATTRIBUTES,
    TITLES,
    count,
    excerpt_of,
    explanation,
    remedy,
    rules_of,
)
from csvimport.result import Example, Result, Verdict

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
#: The columns that are shown, and the characters of their names.
_MOST_FIELDS = 30
_LONGEST_NAME = 40


def render(result: Result, *, show: int, reported: bool = False) -> Iterator[Text]:
    """The lines of the text form, with at most `show` examples.

    `reported` says that there is going to be a report, of this and other results.
    """
    color = "green" if result.verdict == Verdict.COMPLETE else "yellow"
    name = Text(printable(result.file) + ": ", style="bold")
    yield name.append(TITLES[result.verdict], style=f"bold {color}")
    yield Text()
    for line in explanation(result, reported=reported):
        yield Text("  " + line)
    if result.issues_by_rule:
        yield Text()
        yield from _counts(result)
    for example in result.examples[:show]:
        yield Text()
        yield from _example(example, result.delimiter)
    if 0 < show < len(result.examples):
        left = len(result.examples) - show
        yield Text()
        yield Text(f"  {count(left, 'more rule')}: `--show {len(result.examples)}` has examples")
    if result.columns:
        yield Text()
        yield from fields(result)
    if result.report:
        yield Text()
        yield from _report(result)


def _counts(result: Result) -> Iterator[Text]:
    width = max(len(f"{number:,}") for number in result.issues_by_rule.values())
    for number, severity, rule in rules_of(result):
        line = Text(f"  {number:>{width},}  ")
        yield line.append(f"{severity:7}", style=_COLORS[severity]).append(f"  {rule}")


def _example(example: Example, delimiter: str) -> Iterator[Text]:
    issue = example.issue
    head = Text(f"{issue.severity}[{issue.rule}]", style=f"bold {_COLORS[issue.severity]}")
    # about a header, the message names it already
    column = f"{printable(issue.column)}: " if issue.column and not example.of_the_whole else ""
    yield head.append(f": {column}{printable(issue.message)}", style="bold")
    if issue.row is None:
        yield Text(f"  --> {printable(issue.file)}")
    else:
        row = "" if issue.row == issue.line else f" (row {issue.row})"
        yield Text(f"  --> {printable(issue.file)}:{issue.line}{row}")
        record = excerpt_of(example, delimiter)
        if line := record.before + record.found + record.after:
            yield Text(f" {issue.line} | {line}")
        if length := cell_len(record.found):
            gutter = " " * len(str(issue.line))
            yield Text(f" {gutter} | {' ' * cell_len(record.before)}{'^' * length}")
    yield Text(f"  = help: {remedy(issue.suggestion, example.help)}")


def fields(result: Result) -> Iterator[Text]:
    """What the import takes the columns for."""
    assert result.columns is not None
    rows = [
        (_short(column["name"]), column["role"] or "", column["type"] or "", column["reason"] or "")
        for column in result.columns[:_MOST_FIELDS]
    ]
    widths = [max(cell_len(cell) for cell in cells) for cells in zip(*rows, strict=True)]
    yield Text("fields")
    for row in rows:
        cells = [
            cell + " " * (size - cell_len(cell)) for cell, size in zip(row, widths, strict=True)
        ]
        yield Text(("  " + "  ".join(cells)).rstrip())
    if left := len(result.columns) - len(rows):
        yield Text(f"  and {count(left, 'more field')}, which `--format json` shows")
    if names := result.new_attributes:
        told = ", ".join(f"`{_short(name)}`" for name in names[:_MOST_FIELDS])
        more = f" and {len(names) - _MOST_FIELDS:,} more" if len(names) > _MOST_FIELDS else ""
        made = "attribute" if len(names) == 1 else "attributes"
        yield Text(f"  custom {made}: {told}{more}")
        yield Text(f"  {NEW_ATTRIBUTES}")


def _short(name: str | None) -> str:
    return printable(cut(name or "", _LONGEST_NAME, "…"))


def _report(result: Result) -> Iterator[Text]:
    yield Text(f"report: {printable(str(result.report))}")
    if result.report_guarded:
        cells = count(result.report_guarded, "cell")
        yield Text(f"  {cells} in it would be formulas, and begin with a ' instead (`--raw`: not)")
    if result.report_lines > SPREADSHEET_LINES:
        yield Text(
            f"  its {result.report_lines:,} lines are more than a spreadsheet holds "
            f"({SPREADSHEET_LINES:,})"
        )
