"""The issues as JUnit's XML, which continuous integration shows as tests: a suite for each result.

An error is a test that failed, a warning one that was skipped, since it fails nothing. A check that
did not reach the end is a test in error, and so is a file that could not be read.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from csvimport.issue import Severity
from csvimport.report.findings import findings, left_out
from csvimport.report.printable import in_xml, printable
from csvimport.report.telling import TITLES, count, ending, explanation, remedy, sentence
from csvimport.result import Failure, Result

#: Readers hold all tests in memory; GitLab refuses files of more than 30 MB.
MOST = 50_000

_ELEMENT = {Severity.ERROR: "failure", Severity.WARNING: "skipped"}


def write(results: Sequence[Result], file: BinaryIO, failures: Sequence[Failure] = ()) -> None:
    """Write the suites of `results` to `file`; they say themselves how many issues they lack.

    Behind them come those of the files of which there are no results.
    """
    file.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="csvimport">\n')
    for result in results:
        file.writelines(f"{line}\n".encode() for line in _suite(result))
    for failure in failures:
        suite = _attributes(name=failure.file, tests=1, failures=0, errors=1, skipped=0)
        case = _in_error(failure.file, "not checked", failure.message)
        file.write(f"<testsuite{suite}>\n{case}\n</testsuite>\n".encode())
    file.write(b"</testsuites>\n")


def _suite(result: Result) -> Iterator[str]:
    failures = min(result.errors, MOST)
    skipped = min(result.warnings, MOST - failures)
    suite = _attributes(
        name=result.file,
        tests=failures + skipped + (not result.complete) or 1,
        failures=failures,
        errors=int(not result.complete),
        skipped=skipped,
        timestamp=f"{result.now:%Y-%m-%dT%H:%M:%S}",
    )
    yield f"<testsuite{suite}>"
    yield f"<properties><property{_attributes(name='verdict', value=result.verdict)}/></properties>"
    if not result.complete:
        yield _in_error(result.file, TITLES[result.verdict], ending(result))
    elif (
        not result.issues_by_rule
    ):  # a suite without a test would be taken for one that did not run
        yield f"<testcase{_attributes(name=TITLES[result.verdict], classname=result.file)}/>"
    for issue in findings(result, MOST):
        yield _case(issue)
    yield f"<system-out>{_text(chr(10).join(explanation(result)))}</system-out>"
    if left := left_out(result, MOST):
        told = f"{count(left, 'more issue')} left out, since readers take {MOST:,} of a file"
        yield f"<system-err>{_text(told)}</system-err>"
    yield "</testsuite>"


def _in_error(file: str, name: str, message: str) -> str:
    """A test of `file` that came to no end."""
    case = _attributes(name=name, classname=file)
    return f"<testcase{case}><error{_attributes(type='incomplete', message=message)}/></testcase>"


def _case(issue: Mapping[str, Any]) -> str:
    line = issue["line"]
    place = {} if line is None else {"line": line}
    name = "file" if line is None else f"line {line}"
    name = f"{name}, {issue['column']}" if issue["column"] else name
    case = _attributes(
        name=f"{issue['rule']}: {name}", classname=issue["file"], file=issue["file"], **place
    )
    element, found = (
        _ELEMENT[issue["severity"]],
        _attributes(type=issue["rule"], message=sentence(issue)),
    )
    help_text = _text(remedy(issue["suggestion"], issue["help"]))
    return f"<testcase{case}><{element}{found}>{help_text}</{element}></testcase>"


def _attributes(**values: object) -> str:
    return "".join(f' {name}="{in_xml(printable(str(each)))}"' for name, each in values.items())


def _text(text: str) -> str:
    """`text` without what XML cannot hold, or what would be taken for a part of it."""
    return in_xml("\n".join(map(printable, text.split("\n"))))
