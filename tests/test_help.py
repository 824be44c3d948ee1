"""What `--help` shows, word for word."""

import shlex
from pathlib import Path

import pytest

from csvimport.cli import OK, main

ROOT = """\
Usage: csvimport [OPTIONS] COMMAND [ARGS]...

  Checks a CSV file before it is uploaded to a customer-engagement platform.

Options:
  --version   Show the version.
  -h, --help  Show this message and exit.

Commands:
  check       Check files and write their error reports.
  workspace   Write a workspace file to edit, from a file's columns.
  preview     Show the first rows of a file and its fields.
  template    Write a CSV file to start from.
  rules       List the rules by family.
  rule        Explain one rule, with examples.
  completion  Print the script that completes commands for a shell.
"""
CHECK = """\
Usage: csvimport check [OPTIONS] FILE...

  Check files and write their error reports.

Arguments:
  FILE...                         CSV files, folders of them, or addresses
                                  (https://, s3://, gs://); - is stdin.

Input:
  --kind <auto|attributes|events>
                                  What the file is to be imported as.
                                  [default: auto]
  --together                      The files are parts of one import.
  --encoding NAME                 Read the files in this encoding, whatever
                                  they say.
  --workspace PATH                Settings shared by all files (TOML), by
                                  default csvimport.toml in this folder if it
                                  is there.

Rules:
  --ignore RULE                   Do not report this rule.
  --severity RULE=SEVERITY        Report this rule as error or warning.
  --baseline PATH                 Leave out what an earlier run found, whose
                                  --issues are there.
  --now TIME                      Compare dates with this, not the clock.
  --fail-on <error|warning|never>
                                  What makes the exit status 1.  [default:
                                  error]

Output:
  --report PATH                   Write a report there instead of
                                  <stem>.report.csv in this folder, in the
                                  form of its suffix: .csv (of several FILEs:
                                  a folder), .xlsx, .jsonl, .parquet, .sarif,
                                  .junit.xml, .md or .html. May be given
                                  several times.
  --no-report                     Write no error report.
  --issues PATH                   Write all issues as JSON Lines there,
                                  whatever its suffix, beside the report.
  --format <text|concise|json|github>
                                  What to print.  [default: text]
  --show N                        Show examples of at most this many rules.
                                  [default: 10; x>=0]
  --redact                        Mask what cells say, in all that is told of
                                  them.
  --raw                           Leave formulas unguarded in the report.
  --no-progress                   Show no progress.

Time:
  --time-budget TIME              Stop after this time: 90s, 2m, none.
                                  [default: 2m]
  --after-budget <stop|continue>  After that time: stop, or print and go on to
                                  the end.  [default: stop]

Other:
  -h, --help                      Show this message and exit.

Examples:
  csvimport check users.csv
    what is wrong on the screen, the rows in question in users.report.csv
  csvimport check users.csv --report users.xlsx --issues old.jsonl
    a workbook to correct the rows in, and all issues for the next check
  csvimport check users.csv --baseline old.jsonl --fail-on warning
    what is new since then alone; the exit status is 1 if there is any
"""


@pytest.fixture(autouse=True)
def _narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def _help(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    assert main([*command, "--help"]) == OK
    return capsys.readouterr().out


def test_the_help_is_short_and_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert _help(capsys) == ROOT
    assert "..." not in ROOT.replace("COMMAND [ARGS]...", "")


def test_the_help_of_a_check_has_groups_and_ends_with_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _help(capsys, "check") == CHECK


def test_the_examples_of_the_help_are_commands_that_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("users.csv").write_text("external_id\n1\n", encoding="utf-8")
    Path("old.jsonl").touch()
    _, _, examples = _help(capsys, "check").partition("Examples:\n")
    lines = [line.strip() for line in examples.splitlines() if "csvimport check" in line]
    assert len(lines) == 3
    for line in lines:
        assert main(shlex.split(line)[1:]) == OK, line
