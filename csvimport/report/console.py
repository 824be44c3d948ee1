"""The result as a person reads it: what it is, what it means, what to do, and examples."""

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

from csvimport.issue import LEAVE_BLANK, Severity, cut
from csvimport.report.csv import SPREADSHEET_LINES
from csvimport.report.printable import printable
from csvimport.result import Example, Result, Verdict

_TITLES = {
    Verdict.COMPLETE: ("validation complete", "green"),
    Verdict.ISSUES_FOUND: ("issues found", "yellow"),
    Verdict.TIMED_OUT: ("validation timed out", "yellow"),
    Verdict.TIMED_OUT_WITH_ISSUES: ("validation timed out with issues", "yellow"),
    Verdict.SKIPPED: ("validation skipped", "yellow"),
}
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
#: The columns that are shown, and the characters of their names.
_MOST_FIELDS = 30
_LONGEST_NAME = 40
#: The characters of a line that are shown around the cell in question.
_WINDOW = 100


def render(result: Result, *, show: int) -> Iterator[Text]:
    """The lines of the text form, with at most `show` examples."""
    title, color = _TITLES[result.verdict]
    name = Text(printable(result.file) + ": ", style="bold")
    yield name.append(title, style=f"bold {color}")
    yield Text()
    for line in _meaning(result):
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
        yield Text(f"  {_count(left, 'more rule')}: `--show {len(result.examples)}` has examples")
    if result.columns:
        yield Text()
        yield from _fields(result)
    if result.report:
        yield Text()
        yield from _report(result)


def total(results: Sequence[Result]) -> str:
    """What all the results come to."""
    counts = [
        _count(sum(each.rows_checked for each in results), "row") + " checked",
        _count(sum(each.errors for each in results), "error"),
        _count(sum(each.warnings for each in results), "warning"),
    ]
    return f"{_count(len(results), 'file')}: {', '.join(counts)}"


def _meaning(result: Result) -> Iterator[str]:
    """What was checked, what it came to, and what to do next."""
    yield _checked(result)
    if result.workspace:
        yield f"with the settings in {printable(result.workspace)}"
    if result.redacted:
        yield "letters and digits of the cells are masked"
    if not result.complete:
        why = "was stopped" if result.verdict == Verdict.SKIPPED else "ran out of time"
        size = "" if result.bytes is None else f" of {_size(result.bytes)}"
        yield f"the check {why} after {_size(result.bytes_checked)}{size}"
    yield from _found(result)
    if result.broken_header:
        rules = _count(len(result.incomplete_rules), "rule")
        yield f"the header cannot be read, so {rules} could not be applied"
    elif result.incomplete_rules:
        yield f"not fully checked: {', '.join(result.incomplete_rules)}"
    yield f"next: {_next(result)}"


def _checked(result: Result) -> str:
    parts = f" in {len(result.parts)} parts" if len(result.parts) > 1 else ""
    checked = f"{_count(result.rows_checked, 'row')}{parts} checked as {result.kind}"
    if result.identifier:
        checked += f", users identified by {', else '.join(result.identifier)}"
    return printable(checked)


def _found(result: Result) -> Iterator[str]:
    if not result.issues_by_rule:
        whole = result.complete and not result.broken_header
        yield "no issues" if whole else "no issues in what was checked"
        return
    if number := result.rows_with_errors:
        have = "has" if number == 1 else "have"
        them = "it" if number == 1 else "them"
        yield f"{_count(number, 'row')} {have} errors: the import skips {them}"
    if number := result.rows_with_warnings:
        have, take = ("has", "takes it") if number == 1 else ("have", "takes them")
        yield f"{_count(number, 'row')} {have} warnings: the import {take}, but not as meant"
    if blank := result.issues_by_rule.get("blank-row"):
        yield f"{_count(blank, 'blank row')}, which the import leaves out"
    if _of_the_whole(result):
        yield "the file as a whole has errors: it cannot be imported as it is"


def _next(result: Result) -> str:
    told = "report" if result.report else "issues"
    if result.broken_header and not _of_the_whole(result):
        return "correct the header and check the file again"
    if result.verdict == Verdict.COMPLETE:
        return "import the data"
    if result.verdict == Verdict.TIMED_OUT:
        return "import the data, or check all of it with `--time-budget none`"
    if not result.issues_by_rule:
        return "check the file again, or import it as it is"
    if _of_the_whole(result):
        return f"review the {told}, correct the file and check it again"
    return f"review the {told}, then correct the file and check it again, or import it anyway"


def _of_the_whole(result: Result) -> bool:
    """Whether there are errors of the file or of its header."""
    whole = [example.issue for example in result.examples if example.of_the_whole]
    return any(issue.severity == Severity.ERROR for issue in whole)


def _counts(result: Result) -> Iterator[Text]:
    width = max(len(f"{count:,}") for count in result.issues_by_rule.values())
    for example in result.examples:
        rule, severity = example.issue.rule, example.issue.severity
        line = Text(f"  {result.issues_by_rule[rule]:>{width},}  ")
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
        record, start, length = _record(example, delimiter)
        if record:
            yield Text(f" {issue.line} | {record}")
        if length:
            gutter = " " * len(str(issue.line))
            yield Text(f" {gutter} | {' ' * start}{'^' * length}")
    if issue.suggestion == "":
        yield Text(f"  = help: {LEAVE_BLANK}")
    elif issue.suggestion is not None:
        yield Text(f"  = help: use `{printable(issue.suggestion)}`")
    else:
        yield Text(f"  = help: {example.help}")


def _record(example: Example, delimiter: str) -> tuple[str, int, int]:
    """The record on one line, and the columns of the screen where the fault is shown."""
    text = example.text or ""
    start = end = 0
    if example.at is not None:
        start, end = example.at, example.at + len(example.issue.value or "")
    elif example.position is not None:
        start, end = _cell(text, example.position, delimiter)
    return _windowed(printable(text[:start]), printable(text[start:end]), printable(text[end:]))


def _cell(text: str, position: int, delimiter: str) -> tuple[int, int]:
    """Where the cell at `position` of a well-quoted record starts and ends."""
    start = 0
    for _ in range(position):
        start = _cell_end(text, start, delimiter) + 1
    return start, _cell_end(text, start, delimiter)


def _cell_end(text: str, start: int, delimiter: str) -> int:
    if text.startswith('"', start):
        start += 1
        while (start := text.find('"', start)) >= 0 and text.startswith('""', start):
            start += 2
    end = text.find(delimiter, max(start, 0)) if start >= 0 else -1
    return len(text) if end < 0 else end


def _windowed(before: str, found: str, after: str) -> tuple[str, int, int]:
    """What fits on a line: the fault, and as much around it as there is room for."""
    if len(found) > _WINDOW // 2:
        found = found[: _WINDOW // 2] + "…"
    room = _WINDOW - len(found)
    if len(before) > room // 2 and len(before) + len(after) > room:
        before = "…" + before[-max(room // 2, room - len(after)) :]
    room -= len(before)
    if len(after) > room:
        after = after[: max(room, 0)] + "…"
    return before + found + after, cell_len(before), cell_len(found)


def _fields(result: Result) -> Iterator[Text]:
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
        yield Text(f"  and {_count(left, 'more field')}, which `--format json` shows")
    if names := result.new_attributes:
        told = ", ".join(f"`{_short(name)}`" for name in names[:_MOST_FIELDS])
        more = f" and {len(names) - _MOST_FIELDS:,} more" if len(names) > _MOST_FIELDS else ""
        made = "attribute" if len(names) == 1 else "attributes"
        yield Text(f"  custom {made}: {told}{more}")
        yield Text("  the import makes those that do not exist yet, misspelt ones too")


def _short(name: str | None) -> str:
    return printable(cut(name or "", _LONGEST_NAME, "…"))


def _report(result: Result) -> Iterator[Text]:
    yield Text(f"report: {printable(str(result.report))}")
    if result.report_guarded:
        cells = _count(result.report_guarded, "cell")
        yield Text(f"  {cells} in it would be formulas, and begin with a ' instead (`--raw`: not)")
    if result.report_lines > SPREADSHEET_LINES:
        yield Text(
            f"  its {result.report_lines:,} lines are more than a spreadsheet holds "
            f"({SPREADSHEET_LINES:,})"
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(size: int) -> str:
    for unit, bytes_of in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_of:
            return f"{size / bytes_of:,.1f} {unit}"
    return _count(size, "byte")
