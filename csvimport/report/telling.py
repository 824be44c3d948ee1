"""What every face of a result tells, in the same words: what it means, and what to do about it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from csvimport.issue import LEAVE_BLANK, Severity
from csvimport.report.printable import printable
from csvimport.result import Example, Known, Result, Verdict

TITLES = {
    Verdict.COMPLETE: "validation complete",
    Verdict.ISSUES_FOUND: "issues found",
    Verdict.TIMED_OUT: "validation timed out",
    Verdict.TIMED_OUT_WITH_ISSUES: "validation timed out with issues",
    Verdict.SKIPPED: "validation skipped",
}
#: What the custom attributes that a file brings with it mean.
NEW_ATTRIBUTES = "the import makes those that do not exist yet, misspelt ones too"
#: The characters of a line that are shown around the fault in it.
_WINDOW = 100
_FAR = 4 * _WINDOW


def meaning(result: Result) -> Iterator[str]:
    """What was checked, and what it came to."""
    yield _checked(result)
    if result.workspace:
        yield f"with the settings in {printable(result.workspace)}"
    if result.redacted:
        yield "letters and digits of the cells are masked"
    if not result.complete:
        yield ending(result)
    yield from _found(result)
    if result.broken_header:
        rules = count(len(result.incomplete_rules), "rule")
        yield f"the header cannot be read, so {rules} could not be applied"
    elif result.incomplete_rules:
        yield f"not fully checked: {', '.join(result.incomplete_rules)}"
    yield from as_asked(result)


def as_asked(result: Result) -> Iterator[str]:
    """What is told otherwise than it would be, or is not told, since somebody asked for that."""
    if result.baseline:
        yield from _left_out(result.baseline)
    if result.ignored_rules:
        yield f"not reported, as asked: {', '.join(result.ignored_rules)}"
    if changed := result.changed_rules:
        told = (f"{rule} as {severity}" for rule, severity in changed.items())
        yield f"reported otherwise, as asked: {', '.join(told)}"


def next_step(result: Result, *, reported: bool = False) -> str:
    """What to do now; `reported` says that there is a report of it among others."""
    told = "report" if result.report or reported else "issues"
    if result.broken_off:
        return "get the file again, whole, and check that"
    if result.broken_header and not has_errors_as_a_whole(result):
        return "correct the header and check the file again"
    if result.verdict == Verdict.COMPLETE:
        is_known = result.baseline and result.baseline.known
        return "import the data" + (", or correct first what is known" if is_known else "")
    if not result.complete and not result.rows_checked and not has_errors_as_a_whole(result):
        # nothing is known of any row: there is nothing yet to be imported on trust
        return "check the file again, with more time: `--time-budget none`"
    if result.verdict == Verdict.TIMED_OUT:
        return "import the data, or check all of it with `--time-budget none`"
    if not result.issues_by_rule:
        return "check the file again, or import it as it is"
    if has_errors_as_a_whole(result):
        return f"review the {told}, correct the file and check it again"
    return f"review the {told}, then correct the file and check it again, or import it anyway"


def explanation(result: Result, *, reported: bool = True) -> Iterator[str]:
    """What was checked, what it came to, and what to do now."""
    yield from meaning(result)
    yield f"next: {next_step(result, reported=reported)}"


def total(results: Sequence[Result], failures: int = 0) -> str:
    """What all the results come to, beside so many files of which there is none."""
    counts = [
        count(sum(each.rows_checked for each in results), "row") + " checked",
        count(sum(each.errors for each in results), "error"),
        count(sum(each.warnings for each in results), "warning"),
    ]
    unread = f"; {count(failures, 'file')} could not be checked" if failures else ""
    return f"{count(len(results), 'file')}: {', '.join(counts)}{unread}"


def rules_of(result: Result) -> Iterator[tuple[int, Severity, str]]:
    """How many issues each rule has, its severity, its name; errors first."""
    for example in result.examples:
        rule = example.issue.rule
        yield result.issues_by_rule[rule], example.issue.severity, rule


def sentence(issue: Mapping[str, Any]) -> str:
    """What is wrong, on one line that can be shown anywhere."""
    column = f"{issue['column']}: " if issue["column"] else ""
    return printable(f"{column}{issue['message']}")


def remedy(suggestion: str | None, help_: str) -> str:
    """What to do about an issue: as is suggested, if anything is, else what `help_` says."""
    if suggestion is None:
        return help_
    return f"use `{printable(suggestion)}`" if suggestion else LEAVE_BLANK


def ending(result: Result) -> str:
    """Why a check did not come to the end, and where it ended."""
    why = "was stopped" if result.verdict == Verdict.SKIPPED else "ran out of time"
    what = "the input breaks off" if result.broken_off else f"the check {why}"
    return f"{what} after {coverage(result)}"


def coverage(result: Result) -> str:
    """How much of the file was read, and of how much, where that is known."""
    whole = "" if result.bytes is None else f" of {size(result.bytes)}"
    return f"{size(result.bytes_checked)}{whole}"


def count(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(number: int) -> str:
    """A number of bytes."""
    for unit, bytes_of in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= bytes_of:
            return f"{number / bytes_of:,.1f} {unit}"
    return count(number, "byte")


def _checked(result: Result) -> str:
    parts = f" in {len(result.parts)} parts" if len(result.parts) > 1 else ""
    checked = f"{count(result.rows_checked, 'row')}{parts} checked as {result.kind}"
    if result.identifier:
        checked += f", users identified by {', else '.join(result.identifier)}"
    return printable(checked)


def _found(result: Result) -> Iterator[str]:
    if not result.issues_by_rule:
        whole = result.complete and not result.broken_header
        issues = "no new issues" if result.baseline else "no issues"
        yield issues if whole else f"{issues} in what was checked"
        return
    if number := result.rows_with_errors:
        have = "has" if number == 1 else "have"
        them = "it" if number == 1 else "them"
        yield f"{count(number, 'row')} {have} errors: the import skips {them}"
    if number := result.rows_with_warnings:
        have, take = ("has", "takes it") if number == 1 else ("have", "takes them")
        yield f"{count(number, 'row')} {have} warnings: the import {take}, but not as meant"
    if blank := result.issues_by_rule.get("blank-row"):
        yield f"{count(blank, 'blank row')}, which the import leaves out"
    if has_errors_as_a_whole(result):
        yield "the file as a whole has errors: it cannot be imported as it is"


def _left_out(baseline: Known) -> Iterator[str]:
    are = "is" if baseline.known == 1 else "are"
    known = count(baseline.known, "known issue")
    yield f"{known} of {printable(baseline.path)} {are} left out"
    if number := baseline.rows_with_errors:
        have, them = ("has", "it") if number == 1 else ("have", "them")
        yield f"{count(number, 'row')} {have} known errors alone: the import skips {them}, too"


def has_errors_as_a_whole(result: Result) -> bool:
    """Whether there are errors of the file or of its header: it cannot be imported as it is."""
    whole = [example.issue for example in result.examples if example.of_the_whole]
    return any(issue.severity == Severity.ERROR for issue in whole)


# --- The record ----------------------------------------------------------------------------------


class Excerpt(msgspec.Struct, frozen=True):
    """What is shown of a record on one line: the fault, which may not be known, and around it."""

    before: str
    found: str
    after: str


def excerpt_of(example: Example, delimiter: str) -> Excerpt:
    """The record of `example`, as far as there is room for it, with the fault in it."""
    text = example.text or ""
    start = end = 0
    if example.at is not None:
        start, end = example.at, example.at + len(example.issue.value or "")
    elif example.position is not None:
        start, end = span_of_cell(text, example.position, delimiter)
    return excerpt(text, start, end)


def excerpt(text: str, start: int, end: int) -> Excerpt:
    """What fits on a line: `text[start:end]`, and as much around it as there is room for."""
    # of a text without end, what is far from the fault is not even looked at
    before, found = text[max(start - _FAR, 0) : start], text[start : min(end, start + _FAR)]
    before, found, after = map(printable, (before, found, text[end : end + _FAR]))
    if len(found) > _WINDOW // 2:
        found = found[: _WINDOW // 2 - 1] + "…"
    room = _WINDOW - len(found)
    if len(before) > room // 2 and len(before) + len(after) > room:
        # the mark takes room, too; what is left for `after` is half of it, or all that it needs
        before = "…" + before[1 - max(room // 2, room - len(after)) :]
    room -= len(before)
    if len(after) > room:
        after = after[: room - 1] + "…"
    return Excerpt(before, found, after)


def span_of_cell(text: str, position: int, delimiter: str) -> tuple[int, int]:
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
