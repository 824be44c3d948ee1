"""The library's two verbs."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeGuard

from csvimport import baseline as known_issues
from csvimport.address import shown
from csvimport.engine import Progress
from csvimport.errors import BrokenOffError, OptionError, OutputError, SourceError
from csvimport.issue import Severity
from csvimport.job import Job, written
from csvimport.options import TIME_BUDGET, Options, changed_severities
from csvimport.report import faces
from csvimport.report.faces import Faced, by_face, write_failure
from csvimport.result import Failure, Result
from csvimport.source import Readable, Source, Together, name_of, source_of
from csvimport.target import require_distinct, require_no_input
from csvimport.workspace import Workspace, read

Kind = Literal["auto", "attributes", "events"]
PathLike = str | os.PathLike[str]
Report = PathLike | Sequence[PathLike]


def check(
    source: Readable | Sequence[Readable],
    *,
    kind: Kind = "auto",
    time_budget: float | None = TIME_BUDGET,
    report: Report | None = None,
    raw: bool = False,
    ignore: Iterable[str] = (),
    severities: Mapping[str, Severity | str] | None = None,
    workspace: PathLike | Workspace | None = None,
    now: datetime | None = None,
    redact: bool = False,
    encoding: str | None = None,
    baseline: PathLike | None = None,
) -> Result:
    """Check `source`, a path, a binary file (from where it stands) or an iterable of bytes.

    Text that starts with `https://`, `s3://` or `gs://` is an address, which the extra `remote`
    reads. A list of such is one import in parts: of the same header, their rows counted on. A part
    without a name is called after its place: `stream`, `stream-2`.
    Stops after `time_budget` seconds (None: never) with a partial result. Writes the error report
    to `report` if there is anything to report; `raw` leaves its cells unguarded. To a path that
    ends in `.xlsx`, `.jsonl`, `.parquet`, `.sarif`, `.junit.xml`, `.md` or `.html` it is written in
    that form, whatever there is to report; a list of paths gets one each. `workspace` is what all
    files share, or the file in which it stands; `ignore` and `severities` go before it.
    `now` is what dates are compared with, in UTC unless it has a zone, by default the clock.
    What stands in `baseline`, an earlier report in `.jsonl`, is known, and left out: issues are
    compared by rule, column and value, with `redact` by its mask.
    `redact` masks the letters and digits of cells in the result and the report. What the input's
    bytes say about their encoding counts only where no `encoding` is named. Raises SourceError,
    OutputError or OptionError, never for what the file holds. Where the input breaks off, the
    reports are of what was read until then.
    """
    options = _options(
        kind,
        time_budget,
        ignore,
        severities,
        workspace,
        now,
        redact=redact,
        encoding=encoding,
        baseline=baseline,
    )
    target, others = _targets(report, source, (options.workspace.path, baseline))
    job = Job(_opened(source, others), options, report=target, raw=raw, faces=others)
    try:
        return job.result(time_budget)
    except BrokenOffError:
        with suppress(OutputError):  # what broke off is what the caller has to hear of
            job.result()  # writes the reports of what was read
        raise
    finally:
        job.cancel()


def start(
    source: Readable | Sequence[Readable],
    *,
    kind: Kind = "auto",
    report: Report | None = None,
    raw: bool = False,
    ignore: Iterable[str] = (),
    severities: Mapping[str, Severity | str] | None = None,
    workspace: PathLike | Workspace | None = None,
    now: datetime | None = None,
    redact: bool = False,
    encoding: str | None = None,
    baseline: PathLike | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> Job:
    """Start the same check in the background; `on_progress` is told how far it has come."""
    options = _options(
        kind,
        None,
        ignore,
        severities,
        workspace,
        now,
        redact=redact,
        encoding=encoding,
        baseline=baseline,
    )
    target, others = _targets(report, source, (options.workspace.path, baseline))
    return Job(
        _opened(source, others),
        options,
        report=target,
        raw=raw,
        on_progress=on_progress,
        faces=others,
    )


def write(results: Result | Sequence[Result], path: PathLike) -> None:
    """Write the report of `results` to `path`, in the form that its suffix stands for.

    CSV tells of a single result. A form that shows rows, such as CSV or `.xlsx`, takes results that
    were checked without a report, or with one of such a form.
    """
    results = [results] if isinstance(results, Result) else list(results)
    target, others = _targets(path, [])
    require_no_input(Path(path), (place for result in results for place in result.inputs()))
    if target and len(results) != 1:
        raise OptionError(f"{target}: found {len(results)} results, and a CSV report is of one")
    needs_rows = target or any(face.needs_rows for _, face in others)
    chunks = (chunk for result in results if needs_rows for chunk in result.chunks())
    if not all(chunk.has_rows or (target and chunk.lines) for chunk in chunks):
        raise OptionError(
            f"{shown(path)}: the rows were not kept; name it as a `report` of the check"
        )
    for result in results if target else ():
        written(result, target, raw=False)
    for each, face in others:
        faces.write(results, each, face)


def _opened(source: Readable | Sequence[Readable], faces: list[Faced]) -> Source | Together:
    """The input; reports for machines say where it cannot be opened."""
    try:
        return source_of(source)
    except SourceError as error:
        named = [str(each) for each in _named(source) if _is_path(each)]
        write_failure(faces, Failure(name_of(named or ["stream"]), str(error)))
        raise


def _named(source: Readable | Sequence[Readable]) -> list[object]:
    """What each part of an input is called, if anything."""
    sources = source if isinstance(source, (list, tuple)) else [source]
    return [each if _is_path(each) else getattr(each, "name", None) for each in sources]


def _targets(
    report: Report | None,
    source: Readable | Sequence[Readable],
    settings: Iterable[PathLike | None] = (),
) -> tuple[Path | None, list[Faced]]:
    """Where the CSV report goes, and those with other faces."""
    paths = [report] if report is None or isinstance(report, (str, os.PathLike)) else report
    targets = [Path(each) for each in paths if each is not None]
    require_distinct(targets, [each for each in (*_named(source), *settings) if _is_path(each)])
    return by_face(targets)


def _is_path(given: object) -> TypeGuard[PathLike]:
    return isinstance(given, (str, os.PathLike))


def _options(
    kind: Kind,
    time_budget: float | None,
    ignore: Iterable[str],
    severities: Mapping[str, Severity | str] | None,
    workspace: PathLike | Workspace | None,
    now: datetime | None,
    *,
    redact: bool,
    encoding: str | None,
    baseline: PathLike | None,
) -> Options:
    if time_budget is not None and not isinstance(time_budget, (int, float)):
        raise OptionError(f"found time budget {time_budget!r}, expected seconds, or None")
    if workspace is None:
        workspace = Workspace()
    elif not isinstance(workspace, Workspace):
        workspace = read(Path(workspace))
    return Options(
        kind,
        time_budget,
        frozenset(ignore),
        changed_severities((severities or {}).items()),
        datetime.now(UTC) if now is None else _instant(now),
        workspace=workspace,
        redact=redact,
        encoding=encoding,
        baseline=None if baseline is None else known_issues.read(Path(baseline), redact=redact),
    )


def _instant(now: datetime) -> datetime:
    if not isinstance(now, datetime):
        raise OptionError(f"found {now!r} as the time, expected a datetime")
    try:
        return in_utc(now)
    except OverflowError:
        raise OptionError(f"found {now} as the time, which is out of range") from None


def in_utc(now: datetime) -> datetime:
    """`now` in UTC, in which it is unless it has a zone; an OverflowError if there is no such."""
    now = (now if now.tzinfo else now.replace(tzinfo=UTC)).astimezone(UTC)
    # dates are compared with the day before, too
    return now - timedelta(days=1) + timedelta(days=1)
