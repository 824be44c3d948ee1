"""What `csvimport check` does with the files: checks them in turn, and tells what was found."""

import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from csvimport import startup
from csvimport.cli.choices import AfterBudget, FailOn, Format
from csvimport.cli.streams import (
    FOUND,
    INTERRUPTED,
    OK,
    TIMED_OUT,
    complain,
    is_utf8,
    progress_line,
    reader_may_go,
    remark,
    source_of,
)

if TYPE_CHECKING:
    from csvimport.job import Job
    from csvimport.options import Options
    from csvimport.report.faces import Face, Faced
    from csvimport.result import Failure, Result
    from csvimport.source import Source, Together


def _sources(files: list[str]) -> "Source | Together":
    from csvimport.source import Together

    sources = [source_of(each) for each in files]
    return sources[0] if len(sources) == 1 else Together(sources)


class Run:
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
            self.statuses.add(complain(str(error)))
            name = name_of(["stdin" if each == "-" else each for each in files])
            self.failures.append(Failure(name, str(error)))
            return
        with reader_may_go():
            self._say(result)
        is_left = report and report.is_file() and not is_written_to(report)
        if is_left and not result.issues_by_rule:
            remark(f"{report} is from an earlier run")
        self.results.append(result)
        self.statuses.add(self._status(result))

    def _result(self, files: list[str], report: Path | None) -> "Result":
        from csvimport.job import Job
        from csvimport.result import Verdict

        source = _sources(files)
        with progress_line(source.name, show=self.progress) as on_progress:
            startup.end()
            left, goes_on = self._seconds_left(), self.after_budget is AfterBudget.go_on
            options = replace(self.options, time_budget=None if goes_on else left)
            job = Job(
                source,
                options,
                report=report,
                raw=self.raw,
                on_progress=on_progress,
                later=[*(face for _, face in (*self.faces, *self.lines)), *self._printed()],
            )
            try:
                result = self._told(job, left)
                if result.timed_out and goes_on:
                    with reader_may_go():
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
            self.statuses.add(complain(str(error)))
            return self._told(job)
        except OutputError as error:
            result = job.result(0)  # raises the same where the rows themselves could not be stored
            self.statuses.add(complain(str(error)))
            return result

    def _printed(self) -> "list[Face]":
        """What is printed of all issues, or looks through them."""
        from csvimport.report import concise, github
        from csvimport.report.faces import Face

        forms = {
            Format.concise: Face(concise.render, 4e4),
            Format.github: Face(github.render, 1e6),
        }
        return [forms[self.format]] if self.format in forms else []

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
            self._remark_on(result)
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

    def _remark_on(self, result: "Result") -> None:
        """Say what lines of issues do not, where they are printed."""
        from csvimport.report.telling import as_asked, ending

        if self.format is not Format.json and not result.complete:
            remark(f"{result.file}: {ending(result)}")
        if self.format is Format.concise:
            for line in as_asked(result):
                remark(f"{result.file}: {line}")

    def say_total(self) -> None:
        """Print what all the files come to, where they are several."""
        if self.format is Format.text and len(self.results) + len(self.failures) > 1:
            from csvimport.report.telling import total

            with reader_may_go():
                print(f"\n{total(self.results, len(self.failures))}", flush=True)

    def write_faces(self) -> None:
        """Write what tells of all results: the reports with faces, and the issues as lines."""
        from csvimport.report.printable import printable
        from csvimport.target import is_written_to

        reports = [path for path, face in self.faces if self._write(path, face)]
        for path, face in self.lines:
            self._write(path, face)
        named = [path for path in reports if not is_written_to(path)]
        if self.format is Format.text and named:
            follows = len(self.results) == 1 and self.results[0].report  # which was named last
            lines = [f"report: {printable(str(path))}" for path in named]
            with reader_may_go():
                print(*lines if follows else ["", *lines], sep="\n")
        first = next(map(str, reports), None)
        self.results = [replace(each, report=each.report or first) for each in self.results]

    def _write(self, path: Path, face: "Face") -> bool:
        """Write all results to `path`; whether that could be done."""
        from csvimport.errors import OutputError
        from csvimport.report.faces import lacks, write

        try:
            write(self.results, path, face, self.failures)
        except OutputError as error:
            self.statuses.add(complain(str(error)))
            return False
        if lacking := lacks(self.results, face):
            remark(
                f"{path} lacks {lacking:,} issues: readers of this form take {face.most:,} of a "
                "file; one that ends in .jsonl has all"
            )
        return True

    def say_all(self) -> None:
        """Print all results in the forms that are not for people."""
        from csvimport.report import concise, github, json

        if self.format is Format.text:
            return
        now, ascii_only = self.options.now, not is_utf8()
        forms: dict[Format, Callable[[], Iterable[str]]] = {
            Format.json: lambda: [json.render(self.results, now, ascii_only=ascii_only)],
            Format.concise: lambda: concise.render(self.results),
            Format.github: lambda: github.render(self.results),
        }
        lines = forms[self.format]()
        with reader_may_go():
            for line in lines:
                print(line)
            sys.stdout.flush()
