"""The results as Markdown: for the summary of a job, or a comment.

What comes from files stands in code spans: nothing is a link, a picture, a mention or HTML there.
"""

import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from csvimport.report.findings import findings, left_out
from csvimport.report.printable import printable
from csvimport.report.telling import TITLES, count, explanation, remedy, rules_of, sentence
from csvimport.result import Result

#: GitHub takes a megabyte as a job's summary, and nobody reads on.
MOST = 1_000


def write(results: Sequence[Result], file: BinaryIO) -> None:
    """Write a section for each of `results` to `file`; it says itself how many issues it lacks."""
    lines = (line for result in results for line in _section(result))
    file.writelines(f"{line}\n".encode() for line in ("# csvimport", *lines))


def _section(result: Result) -> Iterator[str]:
    yield from ("", f"## {_code(result.file)}: {TITLES[result.verdict]}", "")
    for line in explanation(result):
        yield f"- {_plain(line)}"
    if not result.issues_by_rule:
        return
    yield from ("", "| issues | severity | rule |", "| ---: | --- | --- |")
    for number, severity, rule in rules_of(result):
        yield f"| {number:,} | {severity} | {rule} |"
    of_parts = len(result.parts) > 1
    where = ("file | line", "--- | ---:") if of_parts else ("line", "---:")
    yield from ("", f"| {where[0]} | severity | rule | what is wrong | what to do |")
    yield f"| {where[1]} | --- | --- | --- | --- |"
    for issue in findings(result, MOST):
        file = f"{_code(issue['file'])} | " if of_parts else ""
        line = "" if issue["line"] is None else issue["line"]
        told = [_code(sentence(issue)), _code(remedy(issue["suggestion"], issue["help"]))]
        yield f"| {file}{line} | {issue['severity']} | {issue['rule']} | {' | '.join(told)} |"
    if left := left_out(result, MOST):
        yield from ("", f"**{count(left, 'more issue')} left out: only {MOST:,} are shown.**")


def _code(text: str) -> str:
    """`text` as code, in a table, too."""
    text = printable(text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {text} {fence}".replace("|", "\\|")


def _plain(text: str) -> str:
    """`text` without any markup."""
    return re.sub(r"([\\`*_\[\]<>#|~&@])", r"\\\1", text)
