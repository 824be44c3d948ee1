"""Annotations of GitHub's workflows: commands that it finds in a job's log."""

from collections.abc import Iterator, Sequence
from itertools import islice

from csvimport.issue import Severity
from csvimport.report.findings import findings
from csvimport.report.place import characters
from csvimport.report.printable import printable
from csvimport.report.telling import as_asked, count, sentence
from csvimport.result import Result

#: GitHub shows so many of each severity for a step of a job, and drops the rest without a word.
MOST = 10
#: What ends a command, or one of its properties.
_IN_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_TITLE: dict[str, object] = {"title": "csvimport"}
_IN_PROPERTY = _IN_DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(results: Sequence[Result]) -> Iterator[str]:
    """A command for each of the first issues of either severity, and how many there are besides.

    Then what was asked to be told otherwise, or not at all.
    """
    shown = 0
    for severity in Severity:
        of_severity = (line for result in results for line in _commands(result, severity))
        for line in islice(of_severity, MOST):
            shown += 1
            yield line
    if left := sum(result.errors + result.warnings for result in results) - shown:
        told = f"{count(left, 'more issue')} without an annotation: GitHub shows {MOST} errors and "
        yield _command("notice", _TITLE, f"{told}{MOST} warnings of a step")
    for result in results:
        for line in as_asked(result):
            yield _command("notice", _TITLE, f"{result.file}: {line}")


def _commands(result: Result, severity: Severity) -> Iterator[str]:
    known = characters(result)
    for issue in findings(result, severity=severity):
        place = {"file": issue["file"]}
        if issue["line"] is not None:
            place["line"] = issue["line"]
        if at := known.get((issue["rule"], issue["row"], issue["position"])):
            place["col"] = at
        yield _command(severity, {**place, "title": issue["rule"]}, sentence(issue))


def _command(name: str, properties: dict[str, object], message: str) -> str:
    told = ",".join(
        f"{key}={printable(str(value)).translate(_IN_PROPERTY)}"
        for key, value in properties.items()
    )
    return f"::{name} {told}::{printable(message).translate(_IN_DATA)}"
