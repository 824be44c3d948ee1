"""A check in the background: start it, ask for a result in time, or cancel it."""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path

import csvimport.report.csv as csv_report
import csvimport.report.faces as report_faces
from csvimport import scratch
from csvimport.engine import Check, Progress
from csvimport.errors import OutputError, SourceError
from csvimport.options import Options
from csvimport.report.faces import Face, Faced
from csvimport.result import Failure, Result, Verdict
from csvimport.source import Source, Together

#: Seconds between two calls of `on_progress`.
_PAUSE = 0.1
#: Seconds that a cancelled check gets to finish its block, which it cannot while its input is slow.
_GRACE = 1.0
#: Of a time budget, so much is kept for all that is said at the end: in seconds, and as a share.
_LAST = 0.25
_LAST_SHARE = 0.05


class Job:
    """A check that runs in a thread of its own.

    `on_progress` is called in that thread, about ten times a second and at the end. When the time
    budget of `options` is over, the check stops behind the block that it is in; some of it is kept
    for the report, for those with `faces`, and for those that others are going to write `later`.
    Where that is known, and none of them but the report needs the issues, the result has none.
    """

    def __init__(
        self,
        source: Source | Together,
        options: Options,
        *,
        report: Path | None = None,
        raw: bool = False,
        on_progress: Callable[[Progress], object] | None = None,
        faces: Iterable[Faced] = (),
        later: Iterable[Face] | None = None,
    ) -> None:
        self._report, self._raw, self._faces = report, raw, list(faces)
        all_faces = [*(face for _, face in self._faces), *(later or ())]
        self._each_issue = sum(1 / face.pace for face in all_faces)
        self._each_cell = sum(1 / face.cell_pace for face in all_faces)
        lines_of = partial(csv_report.lines_of, raw=raw) if report else None
        # without any report, there may be one to be written of the result
        keeps_rows = any(face.needs_rows for face in all_faces) or not (report or all_faces)
        self._name = source.name
        keeps_issues = later is None or bool(all_faces)
        self._check = Check(source, options, lines_of, keeps_rows, keeps_issues)
        self._on_progress = on_progress
        self._deadline = self._check.started + _working_time(options.time_budget)
        self._told = 0.0
        self._cancelled = threading.Event()
        self._done = threading.Event()
        self._wake = threading.Event()  # set by either
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="csvimport", daemon=True)
        self._thread.start()

    def result(self, timeout: float | None = None) -> Result:
        """The result: of the whole file, or after `timeout` seconds of what was checked by then.

        The check goes on after a partial result. Raises what kept the check from running. Where a
        report cannot be written that is raised, too, once: the next result is one without it. So is
        what kept the input from being read to its end: the next result is of what was read.
        """
        self._wait(timeout)
        if self._cancelled.is_set():
            self._done.wait(_GRACE)
        if (error := self._error) is not None:
            if self._check.broken_off:
                self._error = None
            elif isinstance(error, SourceError):
                report_faces.write_failure(self._faces, Failure(self._name, str(error)))
            raise error
        stopped = Verdict.SKIPPED if self._cancelled.is_set() else Verdict.TIMED_OUT
        with self._check.judging, self._check.lock:
            result = self._check.result(stopped)
        try:
            result = written(result, self._report, raw=self._raw)
        except OutputError:
            self._report = None
            raise
        for path, face in tuple(self._faces):
            try:
                report_faces.write([result], path, face)
            except OutputError:
                self._faces.remove((path, face))
                raise
        first = next((str(path) for path, _ in self._faces), None)
        return replace(result, report=result.report or first)

    def _wait(self, timeout: float | None) -> None:
        """Wait until the check has ended, or what is left of `timeout` is needed for the report."""
        deadline = time.monotonic() + _working_time(timeout)
        # in short waits: under polars' handler, SIGINT does not break off one without an end
        while (left := self._left(deadline)) > 0 and not self._wake.wait(min(left, _PAUSE)):
            pass

    def _left(self, deadline: float) -> float:
        """The seconds until the report has to be begun that is to be there by then."""
        told = self._check.seconds_to_tell(self._each_issue, self._each_cell)
        return deadline - time.monotonic() - told

    def cancel(self) -> None:
        """Stop as soon as possible; the result is then that of what was checked."""
        self._cancelled.set()
        self._wake.set()

    def _run(self) -> None:
        try:
            scratch.clear()
            self._check.run(self._between_blocks)
            if self._on_progress:
                self._on_progress(self._check.progress)
        except KeyboardInterrupt:  # polars notices it in whatever thread computes
            self._cancelled.set()
        except BaseException as error:  # whatever it is, the caller's thread has to hear of it
            self._error = error
        finally:
            self._done.set()
            self._wake.set()

    def _between_blocks(self) -> bool:
        if self._on_progress and time.monotonic() - self._told >= _PAUSE:
            self._told = time.monotonic()
            self._on_progress(self._check.progress)
        return not self._cancelled.is_set() and self._left(self._deadline) > 0


def _working_time(seconds: float | None) -> float:
    """What is left of a time budget without what it takes to tell the result."""
    return inf if seconds is None else seconds - min(_LAST, _LAST_SHARE * seconds)


def written(result: Result, report: Path | None, *, raw: bool) -> Result:
    """`result` with its report at `report`, where there is something to report."""
    if report is None or not result.issues_by_rule:
        return result
    lines, guarded = csv_report.write(result, report, raw=raw)
    return replace(result, report=str(report), report_lines=lines, report_guarded=guarded)
