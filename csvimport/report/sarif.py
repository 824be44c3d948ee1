"""The issues as SARIF 2.1.0, a log of static analysis: a run for each result."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, BinaryIO

from csvimport.address import is_web as is_web_address
from csvimport.report.findings import findings, left_out
from csvimport.report.json import dumped
from csvimport.report.place import characters
from csvimport.report.telling import count, ending, explanation, remedy, sentence
from csvimport.result import Failure, Result
from csvimport.rulebook import Rule, rulebook

#: GitHub refuses a log that has more results in a run.
MOST = 25_000

#: What an address may hold as it is, besides letters and digits.
_IN_URLS = "/:[]@!$&'()*+,;="
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def write(results: Sequence[Result], file: BinaryIO, failures: Sequence[Failure] = ()) -> None:
    """Write a log of `results` to `file`; runs say themselves how many of their issues it lacks.

    Behind them come those of the files of which there are no results.
    """
    file.write(f'{{"$schema": "{_SCHEMA}", "version": "2.1.0", "runs": ['.encode())
    for number, pieces in enumerate(chain(map(_run, results), map(_failed_run, failures))):
        file.write(b",\n" if number else b"\n")
        file.writelines(piece.encode() for piece in pieces)
    file.write(b"\n]}\n")


def _run(result: Result) -> Iterator[str]:
    """A run piece by piece: of a whole one there may be more than there is room for."""
    rules = list(result.issues_by_rule)
    run = _described(rules, list(_notices(result)), is_success=result.complete)
    yield dumped(run).removesuffix("}") + ', "results": ['
    known = characters(result)
    index = {name: number for number, name in enumerate(rules)}
    separator = "\n"
    for issue in findings(result, MOST):
        at = known.get((issue["rule"], issue["row"], issue["position"]))
        yield separator + dumped(_result(issue, index[issue["rule"]], at))
        separator = ",\n"
    yield "\n]}"


def _failed_run(failure: Failure) -> Iterator[str]:
    notice = {"level": "error", "message": {"text": failure.message}}
    yield dumped({**_described([], [notice], is_success=False), "results": []})


def _described(
    rules: Sequence[str], notices: Sequence[dict[str, Any]], *, is_success: bool
) -> dict[str, Any]:
    """What a run says before its results."""
    from importlib.metadata import version

    return {
        "tool": {
            "driver": {
                "name": "csvimport",
                "version": version("csvimport"),
                "rules": [_rule(rulebook()[name]) for name in rules],
            }
        },
        "invocations": [{"executionSuccessful": is_success, "toolExecutionNotifications": notices}],
        "columnKind": "unicodeCodePoints",
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": re.sub(r"{\w+}", "…", rule.file.message)},
        "fullDescription": {"text": rule.file.why},
        "help": {"text": rule.file.help},
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": [rule.family]},
    }


def _notices(result: Result) -> Iterator[dict[str, Any]]:
    if not result.complete:
        yield {"level": "error", "message": {"text": ending(result)}}
    if left := left_out(result, MOST):
        text = f"{count(left, 'more issue')} left out, since readers take {MOST:,} of a run"
        yield {"level": "warning", "message": {"text": text}}
    yield from ({"level": "note", "message": {"text": line}} for line in explanation(result))


def _result(issue: Mapping[str, Any], index: int, at: int | None) -> dict[str, Any]:
    text = f"{sentence(issue)}; {remedy(issue['suggestion'], issue['help'])}"
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(issue["file"])}}
    if issue["line"] is not None:
        place["region"] = {"startLine": issue["line"]} | ({"startColumn": at} if at else {})
    names = ("row", "byte", "column", "value", "suggestion")
    return {
        "ruleId": issue["rule"],
        "ruleIndex": index,
        "level": issue["severity"],
        "message": {"text": _unlinked(text)},
        "locations": [{"physicalLocation": place}],
        "properties": {name: issue[name] for name in names if issue[name] is not None},
    }


def _unlinked(text: str) -> str:
    """`text` in which nothing is a link: SARIF has them in plain text, too."""
    return re.sub(r"([\[\]])", r"\\\1", text) if "](" in text else text


def _uri(name: str) -> str:
    from urllib.parse import quote

    is_web = is_web_address(name)
    if is_web is not None:
        # what the web's are quoted with already stays; in a bucket, a `%` is one of the name
        return quote(name, safe=_IN_URLS + "%" if is_web else _IN_URLS)
    path = quote(os.fsencode(name))
    return f"file://{path}" if name.startswith("/") else path
