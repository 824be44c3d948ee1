"""The sample files: each is checked, and its report held against the one beside it, byte for byte.

Run as a script, this writes the expected reports anew.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import csvimport

FOLDER = Path(__file__).parent.parent / "sample_files"
REPORT = ".report.csv"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
FILES = sorted(path.name for path in FOLDER.glob("*.csv"))
INPUTS = [FOLDER / name for name in FILES if not name.endswith(REPORT)]
#: A line of the table in the folder's README: the input, and what is found in it.
LINE = re.compile(r"^\| \[(.+?)\]\(.+?\) \| .+ \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\]\((.+?\.csv)\)")


def table() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")


def test_there_are_samples() -> None:
    assert INPUTS


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_report(path: Path, tmp_path: Path) -> None:
    expected, report = path.with_suffix(REPORT), tmp_path / "report.csv"
    result = csvimport.check(path, report=report, now=NOW)
    assert report.exists() == bool(result.issues_by_rule)
    assert report.exists() == expected.exists(), "`make samples` writes the expected reports anew"
    if expected.exists():
        assert report.read_bytes() == expected.read_bytes()


def test_every_report_has_an_input() -> None:
    names = {path.with_suffix(REPORT).name for path in INPUTS}
    assert [name for name in FILES if name.endswith(REPORT) and name not in names] == []


def test_the_table_names_every_file_once() -> None:
    assert sorted(LINK.findall(table())) == FILES


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_the_table_names_the_rules(path: Path) -> None:
    found = dict(LINE.findall(table()))[path.name]
    rules = list(csvimport.check(path, now=NOW).issues_by_rule)
    assert sorted(re.findall("`(.+?)`", found)) == sorted(rules)
    assert (found == "no issues") == (not rules)


def write_reports() -> None:
    for path in INPUTS:
        report = path.with_suffix(REPORT)
        if not csvimport.check(path, report=report, now=NOW).report:
            report.unlink(missing_ok=True)


if __name__ == "__main__":
    write_reports()
