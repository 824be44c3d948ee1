"""Reports read back by libraries that are not this project's, each as strict as it can be."""

import io
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import html5lib
import jsonschema
import openpyxl
import polars as pl
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from markdown_it import MarkdownIt
from openpyxl.cell import Cell
from openpyxl.utils.escape import unescape
from openpyxl.worksheet.worksheet import Worksheet

from csvimport.result import ISSUE_COLUMNS

SCHEMA = Path(__file__).parent / "schemas" / "sarif-2.1.0.json"

Counts = Counter[tuple[str, str]]
"""How many issues there are by rule and severity."""


# --- Workbooks -----------------------------------------------------------------------------------


def sheets(data: bytes) -> list[Worksheet]:
    book = openpyxl.load_workbook(io.BytesIO(data), rich_text=False)
    return [book[name] for name in book.sheetnames]


def cells(sheet: Worksheet) -> list[list[Any]]:
    """The cells of a sheet, empty text where there is nothing."""
    return [[_said(cell) for cell in row] for row in sheet.iter_rows()]


def _said(cell: Any) -> Any:
    assert isinstance(cell, Cell)
    assert cell.data_type in ("s", "n"), "text or a number, and no formula"
    assert cell.hyperlink is None
    if cell.value is None:
        return ""
    return unescape(cell.value) if isinstance(cell.value, str) else cell.value


def notes(sheet: Worksheet) -> dict[str, str]:
    """The notes of a sheet by their cells."""
    return {
        cell.coordinate: str(cell.comment.text)
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment
    }


def _xlsx(data: bytes) -> Counts:
    (summary,) = [sheet for sheet in sheets(data)[1:2] if sheet.title == "Summary"]
    found: Counts = Counter()
    for number, severity, rule in (line for line in cells(summary) if isinstance(line[0], int)):
        found[rule, severity.lower()] += number
    return found


# --- Logs of tools and tests ---------------------------------------------------------------------


@cache
def _validator() -> Any:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def sarif(data: bytes) -> dict[str, Any]:
    """A log of SARIF that is what its schema says, and whose references lead somewhere."""
    log: dict[str, Any] = json.loads(data)
    _validator().validate(log)
    for run in log["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        for each in run["results"]:
            assert rules[each["ruleIndex"]] == each["ruleId"]
            for place in each["locations"]:
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                path = r"(file://)?[\w%./~-]*|(https?|s3|gs)://[\w%./~:=-]*"
                assert re.fullmatch(path, uri, re.ASCII)
                assert unquote(uri, errors="surrogateescape")
    return log


def _sarif(data: bytes) -> Counts:
    results = [each for run in sarif(data)["runs"] for each in run["results"]]
    return Counter((each["ruleId"], each["level"]) for each in results)


def suites(data: bytes) -> list[TestSuite]:
    """JUnit's suites, whose numbers are those of their tests."""
    ElementTree.fromstring(data)
    found = list(JUnitXml.fromstring(data))
    for suite in found:
        assert isinstance(suite, TestSuite)
        told = suite.tests, suite.failures, suite.skipped, suite.errors
        suite.update_statistics()  # type: ignore[no-untyped-call]
        assert told == (suite.tests, suite.failures, suite.skipped, suite.errors)
    return found


def _junit(data: bytes) -> Counts:
    found: Counts = Counter()
    for suite in suites(data):
        for case in suite:
            assert isinstance(case, TestCase)
            for outcome in case.result:
                if isinstance(outcome, Error):  # the check's, and no issue
                    continue
                assert isinstance(outcome, (Failure, Skipped))
                found[outcome.type, _SEVERITIES[type(outcome)]] += 1
    return found


_SEVERITIES = {Failure: "error", Skipped: "warning"}


# --- Text ----------------------------------------------------------------------------------------

#: What a line of Markdown may consist of: nothing leads away, is a picture or HTML.
_HARMLESS = {"text", "text_special", "code_inline", "strong_open", "strong_close"}


def tables(data: bytes) -> list[list[list[str]]]:
    """The tables of a Markdown document, each its lines of cells."""
    found: list[list[list[str]]] = []
    in_cell = False
    for token in MarkdownIt("commonmark").enable("table").parse(data.decode()):
        assert token.type not in ("html_block", "fence", "code_block", "hr", "blockquote_open")
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in ("th_open", "td_open", "th_close", "td_close"):
            in_cell = token.type.endswith("open")
        children = token.children or []
        assert {child.type for child in children} <= _HARMLESS
        if in_cell and token.type == "inline":
            found[-1][-1].append("".join(child.content for child in children))
    return found


def _markdown(data: bytes) -> Counts:
    counted: Counts = Counter()
    listed: Counts = Counter()
    for names, *lines in tables(data):
        for cells_ in lines:
            line = dict(zip(names, cells_, strict=True))
            if "issues" in line:
                counted[line["rule"], line["severity"]] += int(line["issues"].replace(",", ""))
            else:
                listed[line["rule"], line["severity"]] += 1
    assert counted == listed
    return counted


def _html(data: bytes) -> Counts:
    """What a page says of each rule, in every file that it shows."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    found: Counts = Counter()
    for rule in parser.parse(data.decode()).iter("article"):
        kind, severity = rule.get("class", "").split(" ")
        assert kind == "rule"
        facts = "p[@class='facts']"
        (number,), (name,) = rule.findall(f"{facts}/b"), rule.findall(f"{facts}/code")
        found[name.text or "", severity] += int((number.text or "").split(" ")[0].replace(",", ""))
    return found


def objects(data: bytes) -> list[dict[str, Any]]:
    """The objects of JSON Lines, by whatever a reader takes for the end of a line."""
    text = data.decode()
    lines = text.splitlines()
    assert text == "".join(f"{line}\n" for line in lines)
    return [json.loads(line) for line in lines]


def _jsonl(data: bytes) -> Counts:
    return Counter((each["rule"], each["severity"]) for each in objects(data))


def _parquet(data: bytes) -> Counts:
    frame = pl.read_parquet(data)
    assert dict(frame.schema) == ISSUE_COLUMNS
    return Counter(frame.select("rule", "severity").iter_rows())


# --- All of them ---------------------------------------------------------------------------------

#: For each suffix, how to count what a report says.
COUNTS = {
    ".xlsx": _xlsx,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
    ".sarif": _sarif,
    ".junit.xml": _junit,
    ".md": _markdown,
    ".html": _html,
}


def as_text(data: bytes, suffix: str) -> str:
    """All that a report says, in whatever form."""
    if suffix == ".xlsx":
        return repr([(each.title, cells(each), notes(each)) for each in sheets(data)])
    if suffix == ".parquet":
        return repr(pl.read_parquet(data).rows())
    text = data.decode()
    return text.partition("</style>")[2] if suffix == ".html" else text
