"""The result as a person reads it: what it is, what it means, what to do, and examples."""

import re
import unicodedata
from collections.abc import Iterator

from rich.text import Text

from csvimport.issue import Severity
from csvimport.report.csv import SPREADSHEET_LINES
from csvimport.result import Example, Result, Verdict

_TITLES = {
    Verdict.COMPLETE: ("validation complete", "green"),
    Verdict.ISSUES_FOUND: ("issues found", "yellow"),
    Verdict.TIMED_OUT: ("validation timed out", "yellow"),
    Verdict.TIMED_OUT_WITH_ISSUES: ("validation timed out with issues", "yellow"),
    Verdict.SKIPPED: ("validation skipped", "yellow"),
}
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow"}
#: The characters of a line that are shown around the cell in question.
_WINDOW = 100
_MARKERS = re.compile(r"[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def render(result: Result, *, show: int, raw: bool = False) -> Iterator[Text]:
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
        yield from _example(example)
    if 0 < show < len(result.examples):
        left = len(result.examples) - show
        yield Text()
        yield Text(f"  no example of {_count(left, 'more rule')} (--show {len(result.examples)})")
    if result.report:
        yield Text()
        yield from _report(result, raw=raw)


def _meaning(result: Result) -> Iterator[str]:
    checked = _count(result.rows_checked, "row")
    if result.verdict == Verdict.COMPLETE:
        yield f"no issues in {checked}"
        yield "next: import the data"
        return
    if not result.complete:
        why = "was stopped" if result.verdict == Verdict.SKIPPED else "ran out of time"
        size = "" if result.bytes is None else f" of {_size(result.bytes)}"
        yield f"the check {why}: {checked} checked, {_size(result.bytes_checked)}{size}"
    if result.verdict == Verdict.TIMED_OUT or not result.issues_by_rule:
        yield "those that were checked had no issues"
    else:
        if result.complete:
            yield f"{checked} checked"
        for rows, what, means in (
            (result.rows_with_errors, "error", "the import will skip"),
            (result.rows_with_warnings, "warning", "the import will take, but lose values of"),
        ):
            if rows:
                yield f"{_count(rows, 'row')} with {what}s, which {means}"
        if _whole(result):
            yield "and the file as a whole has a fault: see below"
    if result.incomplete_rules:
        yield f"not fully checked: {', '.join(result.incomplete_rules)}"
    if result.verdict == Verdict.TIMED_OUT:
        yield "next: import the data, or check all of it with `--time-budget none`"
    elif result.verdict == Verdict.SKIPPED:
        yield "next: check the file again, or import it as it is"
    else:
        yield "next: review the report, then correct the file and check it again, or import it anyway"


def _whole(result: Result) -> bool:
    return any(
        example.issue.row is None and example.issue.severity == Severity.ERROR
        for example in result.examples
    )


def _counts(result: Result) -> Iterator[Text]:
    severities = {example.issue.rule: example.issue.severity for example in result.examples}
    width = max(len(f"{count:,}") for count in result.issues_by_rule.values())
    for severity in Severity:
        for rule, count in result.issues_by_rule.items():
            if severities[rule] == severity:
                line = Text(f"  {count:>{width},}  ")
                yield line.append(f"{severity:7}", style=_COLORS[severity]).append(f"  {rule}")


def _example(example: Example) -> Iterator[Text]:
    issue = example.issue
    head = Text(f"{issue.severity}[{issue.rule}]", style=f"bold {_COLORS[issue.severity]}")
    column = f"{printable(issue.column)}: " if issue.column else ""
    yield head.append(f": {column}{printable(issue.message)}", style="bold")
    if issue.row is None:
        yield Text(f"  --> {printable(issue.file)}")
    else:
        yield Text(f"  --> {printable(issue.file)}:{issue.line}  (row {issue.row})")
        record, start, length = _record(example)
        gutter = " " * len(str(issue.line))
        if record:
            yield Text(f" {gutter} |")
            yield Text(f" {issue.line} | {record}")
            yield Text(f" {gutter} | " + " " * start + "^" * length)
    if issue.suggestion is not None:
        yield Text(f'  = use "{printable(issue.suggestion)}"')
    else:
        yield Text(f"  = help: {example.help}")


def _record(example: Example) -> tuple[str, int, int]:
    """The record on one line, where in it the fault is shown, and how long that is."""
    value = example.issue.value or ""
    if example.text is not None:
        before, found, after = example.text.partition(value) if value else (example.text, "", "")
        if value and not found:
            before, found, after = example.text, "", ""
    elif example.cells is not None:
        cells = [_quoted(cell) for cell in example.cells]
        at = example.position
        before = "".join(cell + "," for cell in (cells if at is None else cells[:at]))
        found = "" if at is None else cells[at]
        after = "" if at is None else "".join("," + cell for cell in cells[at + 1 :])
        if at is None:
            before = before.removesuffix(",")
    else:
        return "", 0, 0
    return _windowed(printable(before), printable(found), printable(after))


def _windowed(before: str, found: str, after: str) -> tuple[str, int, int]:
    """What fits on a line: the fault, and as much around it as there is room for."""
    if len(found) > _WINDOW // 2:
        found = found[: _WINDOW // 2] + "…"
    room = _WINDOW - len(found)
    if len(before) > room // 2 and len(before) + len(after) > room:
        keep = max(room // 2, room - len(after))
        before = "…" + before[-keep:]
    room -= len(before)
    if len(after) > room:
        after = after[: max(room, 0)] + "…"
    return before + found + after, len(before), max(len(found), 1)


def _quoted(cell: str) -> str:
    if any(mark in cell for mark in ',"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell


def _report(result: Result, *, raw: bool) -> Iterator[Text]:
    yield Text(f"report: {printable(str(result.report))}")
    if not raw:
        yield Text(
            "  cells that a spreadsheet would take for a formula begin with a ' there (--raw: not)"
        )
    if result.report_lines > SPREADSHEET_LINES:
        yield Text(
            f"  it has {result.report_lines:,} lines, more than the {SPREADSHEET_LINES:,} of a spreadsheet"
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(size: int) -> str:
    for unit, bytes_of in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_of:
            return f"{size / bytes_of:,.1f} {unit}"
    return _count(size, "byte")


def printable(text: str) -> str:
    """`text` without anything that moves a cursor or turns the direction of reading."""
    text = text.replace("\r\n", "↵").replace("\n", "↵").replace("\t", " ")
    return "".join(
        f"\\x{ord(char):02x}"
        if unicodedata.category(char) in ("Cc", "Cs")
        else f"\\u{ord(char):04x}"
        if _MARKERS.match(char)
        else char
        for char in text
    )
