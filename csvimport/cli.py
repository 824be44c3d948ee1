"""The command line: the only module that prints.

stdout carries the result, stderr everything that is said about it. Exit status: 0 nothing that
`--fail-on` names, 1 found, 2 could not run, 3 ran out of time with nothing found, 130 interrupted.
"""

import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from csvimport import startup
from csvimport.usage import Command

if TYPE_CHECKING:
    from csvimport.engine import Progress
    from csvimport.job import Job
    from csvimport.options import Options
    from csvimport.report.faces import Face, Faced
    from csvimport.result import Failure, Result
    from csvimport.rulebook import Rule
    from csvimport.source import Source, Together

OK, FOUND, CANNOT_RUN, TIMED_OUT, INTERRUPTED = 0, 1, 2, 3, startup.INTERRUPTED

#: Where a shell says that it asks what could stand in a line.
_ASKED_BY_SHELL = "_CSVIMPORT_COMPLETE"

app = typer.Typer(
    help="Checks a CSV file before it is uploaded to a customer-engagement platform.",
    # what answers takes time to load, and has options of its own
    add_completion=_ASKED_BY_SHELL in os.environ,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        # typer loads pydantic for an option without a value, and its own --help has none
        "default_map": {"help": False, "rules": {"help": False}},
    },
)


class Kind(StrEnum):
    auto = "auto"
    attributes = "attributes"
    events = "events"


class Import(StrEnum):
    attributes = "attributes"
    events = "events"


class Identifier(StrEnum):
    external_id = "external_id"
    alias = "alias"
    braze_id = "braze_id"
    email = "email"
    phone = "phone"


class Format(StrEnum):
    text = "text"
    concise = "concise"
    json = "json"
    github = "github"


class FailOn(StrEnum):
    error = "error"
    warning = "warning"
    never = "never"


class Shell(StrEnum):
    bash = "bash"
    zsh = "zsh"
    fish = "fish"


class AfterBudget(StrEnum):
    stop = "stop"
    go_on = "continue"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line with `arguments`, by default the process's, and return the status."""
    from csvimport.errors import CsvImportError, reason

    if sys.stdout is None or sys.stderr is None:  # closed by whoever started this
        with (
            open(os.devnull, "w") as nowhere,
            redirect_stdout(sys.stdout or nowhere),
            redirect_stderr(sys.stderr or nowhere),
        ):
            return main(arguments)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):  # a terminal may know few letters
            reconfigure(errors="backslashreplace")
    try:
        status = app(arguments, prog_name="csvimport", standalone_mode=False)
        with _reader_may_go():
            sys.stdout.flush()
    except TyperException as error:
        context: typer.Context | None = getattr(error, "ctx", None)
        place = context.command_path if context else "csvimport"
        return _complain(f"{_in_house_style(error.format_message())} (see `{place} --help`)")
    except CsvImportError as error:
        return _complain(str(error))
    except OSError as error:  # of standard output; whatever else there is has its own
        _to_nowhere()
        return _complain(f"standard output: {reason(error)}")
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as end:  # the option parser's answer to a reader that has gone
        if _ASKED_BY_SHELL in os.environ:  # or to a shell
            return end.code if isinstance(end.code, int) else OK
        _to_nowhere()
        return OK
    except BaseException as error:  # a panic of polars is no Exception
        return _complain(_excuse(error))
    return status if isinstance(status, int) else OK


def _excuse(error: BaseException) -> str:
    """What to say of an error that nobody has foreseen."""
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        return "out of memory; close other programs, or allow this one more"
    return f"this is a bug of csvimport, please report it: {error!r}"


def _complain(message: str) -> int:
    _remark(f"error: {message}")
    return CANNOT_RUN


def _remark(message: str) -> None:
    """Say one line on stderr."""
    from csvimport.report.printable import printable

    print(f"csvimport: {printable(message)}", file=sys.stderr)


def _in_house_style(message: str) -> str:
    """The option parser's words in lower case, with backticks, without a full stop."""
    message = re.sub(r"'([^']*)'", r"`\1`", message.replace("Value error, ", ""))
    return message[:1].lower() + message[1:].removesuffix(".")


@contextmanager
def _reader_may_go() -> Iterator[None]:
    """A reader of stdout that has seen enough changes nothing but that nothing more is printed."""
    try:
        yield
    except BrokenPipeError:
        _to_nowhere()


def _to_nowhere() -> None:
    # there must be no second complaint when the interpreter flushes at exit
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _rule_names(incomplete: str) -> list[str]:
    from csvimport.rulebook import rulebook

    return [name for name in rulebook() if name.startswith(incomplete)]


def _rule_severities(incomplete: str) -> list[str]:
    rule, _, _ = incomplete.partition("=")
    pairs = (f"{name}={word}" for name in _rule_names(rule) for word in ("error", "warning"))
    return [pair for pair in pairs if pair.startswith(incomplete)]


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> int:
    if version:
        from importlib.metadata import version as version_of

        print(f"csvimport {version_of('csvimport')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
        return CANNOT_RUN
    return OK


def _seconds(text: str) -> float | None:
    """`2m`, `90s`, `1h`, `90` or `none`."""
    if text == "none":
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)?", text)
    if not match or not float(match[1]):
        raise typer.BadParameter(
            f"found `{text}`, expected a time such as `2m` or `90s`, or `none`",
            param_hint="--time-budget",
        )
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"]


def _instant(text: str) -> datetime:
    from csvimport.api import in_utc

    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"found `{text}`, expected a time such as `2026-11-22T00:00:00Z`", param_hint="--now"
        ) from None


#: The groups of its options in which `check --help` shows them.
_INPUT, _RULES, _OUTPUT, _TIME = "Input", "Rules", "Output", "Time"
_EXAMPLES = """\
Examples:
  csvimport check users.csv
    what is wrong on the screen, the rows in question in users.report.csv
  csvimport check users.csv --report users.xlsx --issues old.jsonl
    a workbook to correct the rows in, and all issues for the next check
  csvimport check users.csv --baseline old.jsonl --fail-on warning
    what is new since then alone; the exit status is 1 if there is any
"""


@app.command(cls=Command, epilog=_EXAMPLES)
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
            autocompletion=_rule_names,
        ),
    ] = None,
    severity: Annotated[
        list[str] | None,
        typer.Option(
            metavar="RULE=SEVERITY",
            help="Report this rule as error or warning.",
            rich_help_panel=_RULES,
            autocompletion=_rule_severities,
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
    run = _Run(
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


def _is_utf8() -> bool:
    """Whether stdout knows all letters."""
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


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
        _seconds(time_budget),
        frozenset(ignore),
        changed_severities(pairs),
        datetime.now(UTC) if now is None else _instant(now),
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


def _sources(files: list[str]) -> "Source | Together":
    from csvimport.source import Together

    sources = [_source(each) for each in files]
    return sources[0] if len(sources) == 1 else Together(sources)


def _source(file: str) -> "Source":
    from csvimport.errors import SourceError
    from csvimport.source import Source

    if file != "-":
        return Source(file)
    if sys.stdin is None:
        raise SourceError("stdin: is closed")
    # past Python's own buffer: that one cannot be left while a read is waiting
    buffer = sys.stdin.buffer
    return Source(getattr(buffer, "raw", buffer), "stdin")


class _Run:
    """The files of one command, one after the other; the results and their statuses."""

    def __init__(
        self,
        options: "Options",
        format: Format,  # noqa: A002
        after_budget: AfterBudget,
        fail_on: FailOn,
        show: int,
        *,
        raw: bool,
        faces: "list[Faced]",
        lines: "list[Faced]",
        progress: bool,
        began: float,
    ) -> None:
        self.options, self.format, self.after_budget = options, format, after_budget
        self.fail_on, self.show, self.raw = fail_on, show, raw
        self.faces, self.lines = faces, lines
        self.progress = progress and sys.stderr.isatty()
        self.began: float | None = began
        self.results: list[Result] = []
        self.failures: list[Failure] = []
        self.statuses: set[int] = set()

    def check(self, files: list[str], report: Path | None) -> None:
        """Check a file, or the parts of one: print the result, and remember it and the status."""
        from csvimport.errors import OutputError, SourceError
        from csvimport.result import Failure
        from csvimport.source import name_of
        from csvimport.target import is_written_to

        try:
            result = self._result(files, report)
        except (SourceError, OutputError) as error:
            self.statuses.add(_complain(str(error)))
            name = "stdin" if files[0] == "-" else name_of(files[0])
            self.failures.append(Failure(name, str(error)))
            return
        with _reader_may_go():
            self._say(result)
        is_left = report and report.is_file() and not is_written_to(report)
        if is_left and not result.issues_by_rule:
            _remark(f"{report} is from an earlier run")
        self.results.append(result)
        self.statuses.add(self._status(result))

    def _result(self, files: list[str], report: Path | None) -> "Result":
        from csvimport.job import Job
        from csvimport.result import Verdict

        source = _sources(files)
        with _progress(source.name, show=self.progress) as on_progress:
            startup.end()
            left, goes_on = self._seconds_left(), self.after_budget is AfterBudget.go_on
            options = replace(self.options, time_budget=None if goes_on else left)
            job = Job(
                source,
                options,
                report=report,
                raw=self.raw,
                on_progress=on_progress,
                later=[face for _, face in (*self.faces, *self.lines)],
            )
            try:
                result = self._told(job, left)
                if result.timed_out and goes_on:
                    with _reader_may_go():
                        self._say(result)
                    result = self._told(job)
            except KeyboardInterrupt:
                self.statuses.add(INTERRUPTED)
                job.cancel()
                result = self._told(job)
            if result.verdict is Verdict.SKIPPED and not result.broken_off:
                self.statuses.add(INTERRUPTED)
            job.cancel()
            return result

    def _told(self, job: "Job", timeout: float | None = None) -> "Result":
        """The result as far as there is one.

        What kept the input from being read to its end, or the report from being written, is said.
        """
        from csvimport.errors import BrokenOffError, OutputError

        try:
            return job.result(timeout)
        except BrokenOffError as error:
            self.statuses.add(_complain(str(error)))
            return self._told(job)
        except OutputError as error:
            result = job.result(0)  # raises the same where the rows themselves could not be stored
            self.statuses.add(_complain(str(error)))
            return result

    def _seconds_left(self) -> float | None:
        """Of the time budget of one file; the first one's began with the command."""
        began, self.began = self.began, None
        spent = 0.0 if began is None else time.monotonic() - began
        budget = self.options.time_budget
        return None if budget is None else max(budget - spent, 0.001)

    def _status(self, result: "Result") -> int:
        found = {
            FailOn.error: result.errors,
            FailOn.warning: result.errors + result.warnings,
            FailOn.never: 0,
        }[self.fail_on]
        if found:
            return FOUND
        return OK if result.complete else TIMED_OUT

    def _say(self, result: "Result") -> None:
        if self.format is not Format.text:
            if self.format is not Format.json and not result.complete:
                from csvimport.report.telling import ending

                _remark(f"{result.file}: {ending(result)}")
            return
        from rich.console import Console

        from csvimport.report.console import render

        class Printer(Console):
            def on_broken_pipe(self) -> None:
                raise BrokenPipeError  # instead of an exit

        console = Printer(highlight=False, markup=False, emoji=False, soft_wrap=True)
        if self.results:
            console.print()
        for line in render(result, show=self.show, reported=bool(self.faces)):
            console.print(line)
        sys.stdout.flush()

    def say_total(self) -> None:
        """Print what all the results come to, where they are several."""
        if self.format is Format.text and len(self.results) > 1:
            from csvimport.report.telling import total

            with _reader_may_go():
                print(f"\n{total(self.results)}", flush=True)

    def write_faces(self) -> None:
        """Write what tells of all results: the reports with faces, and the issues as lines."""
        from csvimport.report.printable import printable
        from csvimport.target import is_written_to

        reports = [path for path, face in self.faces if self._write(path, face)]
        for path, face in self.lines:
            self._write(path, face)
        named = [path for path in reports if not is_written_to(path)]
        if self.format is Format.text and named:
            with _reader_may_go():
                print("", *(f"report: {printable(str(path))}" for path in named), sep="\n")
        first = next(map(str, reports), None)
        self.results = [replace(each, report=each.report or first) for each in self.results]

    def _write(self, path: Path, face: "Face") -> bool:
        """Write all results to `path`; whether that could be done."""
        from csvimport.errors import OutputError
        from csvimport.report.faces import lacks, write

        try:
            write(self.results, path, face, self.failures)
        except OutputError as error:
            self.statuses.add(_complain(str(error)))
            return False
        if lacking := lacks(self.results, face):
            _remark(
                f"{path} lacks {lacking:,} issues: readers of this form take {face.most:,} of a "
                "file; one that ends in .jsonl has all"
            )
        return True

    def say_all(self) -> None:
        """Print all results in the forms that are not for people."""
        from csvimport.report import concise, github, json

        if self.format is Format.text:
            return
        now, ascii_only = self.options.now, not _is_utf8()
        forms: dict[Format, Callable[[], Iterable[str]]] = {
            Format.json: lambda: [json.render(self.results, now, ascii_only=ascii_only)],
            Format.concise: lambda: concise.render(self.results),
            Format.github: lambda: github.render(self.results),
        }
        lines = forms[self.format]()
        with _reader_may_go():
            for line in lines:
                print(line)
            sys.stdout.flush()


@contextmanager
def _progress(file: str, *, show: bool) -> Iterator[Callable[["Progress"], object] | None]:
    """A line on stderr that says how far the check has come, gone when the block ends."""
    if not show:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    from csvimport.report.printable import printable

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(printable(file), total=None, rows=0)

        def tell(progress: "Progress") -> None:
            bar.update(
                task,
                completed=progress.bytes_checked,
                total=progress.bytes,
                rows=progress.rows_checked,
            )

        yield tell


@app.command()
def workspace(
    file: Annotated[
        str, typer.Option("--from", metavar="FILE", help="A CSV file to start from; - is stdin.")
    ],
    kind: Annotated[Kind, typer.Option(help="What the file is to be imported as.")] = Kind.auto,
    output: Annotated[
        Path | None,
        typer.Option(metavar="PATH", readable=False, help="Write it there, not to stdout."),
    ] = None,
) -> None:
    """Write a workspace file to edit, from a file's columns."""
    from csvimport.errors import SourceError
    from csvimport.job import Job
    from csvimport.options import Options
    from csvimport.report.workspace import render

    if output:
        _require_new(output)
    options = Options(kind.value)
    startup.end()
    job = Job(_source(file), options)
    try:
        result = job.result(options.time_budget)
    finally:
        job.cancel()
    if result.columns is None:
        raise SourceError(
            f"{result.file}: found no header that can be read; "
            "`csvimport check` says what is wrong with it"
        )
    ascii_only = output is None and not _is_utf8()
    _write_or_print(render(result.columns, result.kind, ascii_only=ascii_only), output)


def _require_new(output: Path) -> None:
    """Raise an OutputError where there is something already that `output` would replace."""
    from csvimport.errors import OutputError
    from csvimport.target import require_writable

    require_writable(output)
    if os.path.lexists(output):
        raise OutputError(f"{output}: is there already; name another file, or delete it")


def _write_or_print(text: str, output: Path | None) -> None:
    from csvimport.target import replacing

    if output:
        with replacing(output) as target:
            target.write(text.encode())
    else:
        with _reader_may_go():
            print(text, end="", flush=True)


@app.command()
def preview(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV file; - is stdin.")],
    rows: Annotated[int, typer.Option(min=1, metavar="N", help="Show so many rows.")] = 5,
    kind: Annotated[Kind, typer.Option(help="What the file is to be imported as.")] = Kind.auto,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read the file in this encoding, whatever it says."),
    ] = None,
) -> None:
    """Show the first rows of a file and its fields."""
    from rich.console import Console

    from csvimport.options import Options
    from csvimport.preview import preview as first_rows
    from csvimport.report.preview import render

    startup.end()
    found = first_rows(_source(file), Options(kind.value, encoding=encoding), rows)
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    with _reader_may_go():
        for line in render(found, width=console.width if console.is_terminal else None):
            console.print(line)
        sys.stdout.flush()


@app.command()
def template(
    kind: Annotated[Import, typer.Argument(help="What is to be imported.")],
    identifier: Annotated[
        Identifier, typer.Option(help="What tells the users apart.")
    ] = Identifier.external_id,
    columns: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,NAME", help="The other columns, instead of some usual ones."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="PATH", readable=False, help="Write it there, not to stdout."),
    ] = None,
) -> None:
    """Write a CSV file to start from."""
    from csvimport.api import check
    from csvimport.errors import OptionError
    from csvimport.template import render

    names = [name.strip() for each in columns or [] for name in each.split(",")]
    text = render(kind.value, identifier.value, names if columns else None)
    if output:
        _require_new(output)
    startup.end()
    for issue in check([text.encode()], kind=kind.value):
        raise OptionError(f"no import takes such a file: {issue.message} ({issue.rule})")
    _write_or_print(text, output)


@app.command()
def rules(
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List the rules by family."""
    from csvimport.report.rules import as_dict, index
    from csvimport.rulebook import rulebook

    book = rulebook()
    if as_json:
        _print_json([as_dict(rule) for rule in book.values()])
    else:
        print(index(book), end="")


@app.command()
def rule(
    name: Annotated[str, typer.Argument(help="The rule's name.", autocompletion=_rule_names)],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Explain one rule, with examples."""
    from csvimport.report.rules import as_dict, page
    from csvimport.rulebook import known_rule

    found: Rule = known_rule(name)
    if as_json:
        _print_json(as_dict(found))
    else:
        print(page(found), end="")


@app.command()
def completion(
    shell: Annotated[Shell, typer.Argument(help="The shell that is to run the script.")],
) -> None:
    """Print the script that completes commands for a shell."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(
        prog_name="csvimport", complete_var=_ASKED_BY_SHELL, shell=shell.value
    )
    print(script)


def _print_json(value: object) -> None:
    import json

    print(json.dumps(value, indent=2, ensure_ascii=False))
