"""`csvimport check`: its options, and what is known before the first file is read."""

import os
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csvimport.cli.choices import (
    AfterBudget,
    FailOn,
    Format,
    Kind,
    instant,
    rule_names,
    rule_severities,
    seconds,
)
from csvimport.cli.run import Run
from csvimport.cli.streams import CANNOT_RUN, FOUND, INTERRUPTED, OK, TIMED_OUT

if TYPE_CHECKING:
    from csvimport.options import Options


#: The groups of its options in which `check --help` shows them.
_INPUT, _RULES, _OUTPUT, _TIME = "Input", "Rules", "Output", "Time"
EXAMPLES = """\
Examples:
  csvimport check users.csv
    what is wrong on the screen, the rows in question in users.report.csv
  csvimport check users.csv --report users.xlsx --issues old.jsonl
    a workbook to correct the rows in, and all issues for the next check
  csvimport check users.csv --baseline old.jsonl --fail-on warning
    what is new since then alone; the exit status is 1 if there is any
"""


def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="CSV files, folders of them, or addresses (https://, s3://, gs://); - is stdin.",
        ),
    ],
    kind: Annotated[
        Kind,
        typer.Option(help="What the file is to be imported as.", rich_help_panel=_INPUT),
    ] = Kind.auto,
    together: Annotated[
        bool,
        typer.Option(
            "--together", help="The files are parts of one import.", rich_help_panel=_INPUT
        ),
    ] = False,
    encoding: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Read the files in this encoding, whatever they say.",
            rich_help_panel=_INPUT,
        ),
    ] = None,
    workspace: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Settings shared by all files (TOML), by default csvimport.toml in this folder "
            "if it is there.",
            rich_help_panel=_INPUT,
        ),
    ] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE",
            help="Do not report this rule.",
            rich_help_panel=_RULES,
            autocompletion=rule_names,
        ),
    ] = None,
    severity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE=SEVERITY",
            help="Report this rule as error or warning.",
            rich_help_panel=_RULES,
            autocompletion=rule_severities,
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            readable=False,
            help="Leave out what an earlier run found, whose --issues are there.",
            rich_help_panel=_RULES,
        ),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Compare dates with this, not the clock.",
            rich_help_panel=_RULES,
        ),
    ] = None,
    fail_on: Annotated[
        FailOn, typer.Option(help="What makes the exit status 1.", rich_help_panel=_RULES)
    ] = FailOn.error,
    report: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH",
            readable=False,
            help="Write a report there instead of <stem>.report.csv in this folder, in the form of "
            "its suffix: .csv (of several FILEs: a folder), .xlsx, .jsonl, .parquet, .sarif, "
            ".junit.xml, .md or .html. May be given several times.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    no_report: Annotated[
        bool,
        typer.Option("--no-report", help="Write no error report.", rich_help_panel=_OUTPUT),
    ] = False,
    issues: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            readable=False,
            help="Write all issues as JSON Lines there, whatever its suffix, beside the report.",
            rich_help_panel=_OUTPUT,
        ),
    ] = None,
    format: Annotated[  # noqa: A002
        Format, typer.Option(help="What to print.", rich_help_panel=_OUTPUT)
    ] = Format.text,
    show: Annotated[
        int,
        typer.Option(
            min=0,
            metavar="N",
            help="Show examples of at most this many rules.",
            rich_help_panel=_OUTPUT,
        ),
    ] = 10,
    redact: Annotated[
        bool,
        typer.Option(
            "--redact",
            help="Mask what cells say, in all that is told of them.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="Leave formulas unguarded in the report.", rich_help_panel=_OUTPUT
        ),
    ] = False,
    no_progress: Annotated[
        bool, typer.Option("--no-progress", help="Show no progress.", rich_help_panel=_OUTPUT)
    ] = False,
    time_budget: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Stop after this time: 90s, 2m, none.",
            rich_help_panel=_TIME,
        ),
    ] = "2m",
    after_budget: Annotated[
        AfterBudget,
        typer.Option(
            help="After that time: stop, or print and go on to the end.", rich_help_panel=_TIME
        ),
    ] = AfterBudget.stop,
) -> int:
    """Check files and write their error reports."""
    began = time.monotonic()
    options = _options(kind, time_budget, ignore or [], severity or [], workspace, now, encoding)
    options = replace(options, redact=redact)
    from csvimport import baseline as known_issues
    from csvimport.errors import OptionError
    from csvimport.report.faces import FACES, by_face
    from csvimport.target import require_distinct, require_no_input

    if report and no_report:
        raise typer.BadParameter("found both --report and --no-report, expected one of them")
    inputs = _files(files)
    names = files[:1] if together else inputs
    if inputs.count("-") > 1:
        raise OptionError("found `-` twice, and standard input can be read but once")
    settings = (options.workspace.path, baseline)
    read = [file for file in (*inputs, *settings) if file and file != "-"]
    for path in report or []:
        require_no_input(path, read)
    table, faces = by_face(report or [])
    none = no_report or (faces and not table)
    tables = [None] * len(names) if none else _report_paths(names, table)
    lines = [(issues, FACES[".jsonl"])] if issues else []
    written = [*filter(None, tables), *(path for path, _ in (*faces, *lines))]
    require_distinct(written, read)
    if baseline:
        by_file = len(names) > 1  # what was mended in one is no excuse for another
        known = known_issues.read(baseline, by_file=by_file, redact=redact)
        options = replace(options, baseline=known)
    run = Run(
        options,
        format,
        after_budget,
        fail_on,
        show,
        raw=raw,
        faces=faces,
        lines=lines,
        progress=not no_progress,
        began=began,
    )
    groups = [inputs] if together else [[each] for each in inputs]
    for group, target in zip(groups, tables, strict=True):
        run.check(group, target)
        if INTERRUPTED in run.statuses:
            break
    run.say_total()
    run.write_faces()
    run.say_all()
    return next(
        status
        for status in (INTERRUPTED, CANNOT_RUN, FOUND, TIMED_OUT, OK)
        if status in run.statuses
    )


def _options(
    kind: Kind,
    time_budget: str,
    ignore: list[str],
    severity: list[str],
    workspace: Path | None,
    now: str | None,
    encoding: str | None,
) -> "Options":
    from csvimport.options import Options, changed_severities
    from csvimport.workspace import DEFAULT_PATH, Workspace, read

    if workspace is None and os.path.lexists(DEFAULT_PATH):
        workspace = DEFAULT_PATH
    for each in severity:
        if "=" not in each:
            raise typer.BadParameter(
                f"found `{each}`, expected RULE=SEVERITY such as `{each}=warning`",
                param_hint="--severity",
            )
    pairs = [(rule, word) for rule, _, word in (each.partition("=") for each in severity)]
    return Options(
        kind.value,
        seconds(time_budget),
        frozenset(ignore),
        changed_severities(pairs),
        datetime.now(UTC) if now is None else instant(now),
        workspace=read(workspace) if workspace else Workspace(),
        encoding=encoding,
    )


#: In bytes: with what is added to it, a file name may have 255.
_LONGEST_STEM = 230


def _report_paths(files: list[str], report: Path | None) -> list[Path]:
    """Where each file's report goes: a second one of the same stem gets a number."""
    from csvimport.address import address_of, require_path, shown
    from csvimport.errors import OutputError

    if report:
        require_path(report, OutputError)
    if report and len(files) == 1 and not os.path.isdir(report):
        return [report]
    if report and not os.path.isdir(report):
        raise OutputError(
            f"{shown(report)}: there is no such folder; several files need one for reports"
        )
    folder = report or Path()
    paths: list[Path] = []
    for file in files:
        address = address_of(file)
        stem = "stdin" if file == "-" else address.stem if address else Path(file).stem
        stem = os.fsdecode(os.fsencode(stem)[:_LONGEST_STEM])
        number, path = 1, folder / f"{stem}.report.csv"
        while path in paths:
            number += 1
            path = folder / f"{stem}-{number}.report.csv"
        paths.append(path)
    return paths


def _files(names: list[str]) -> list[str]:
    """The files that are named, and those in the folders that are."""
    from csvimport.address import address_of
    from csvimport.errors import SourceError
    from csvimport.source import tables_in

    files: list[str] = []
    for name in names:
        if name == "-" or address_of(name) or not os.path.isdir(name):
            files.append(name)
        elif found := tables_in(Path(name)):
            files += map(str, found)
        else:
            raise SourceError(f"{name}: is a folder without CSV files")
    return files
