"""The outcome of a check."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source

from csvimport.issue import Issue, Severity
from csvimport.spill import Chunk, Snapshot, Stored

#: The columns of `Result.issues`, in the order of `Issue`'s fields.
ISSUE_COLUMNS: dict[str, pl.DataType] = {
    "file": pl.String(),
    "rule": pl.String(),
    "severity": pl.String(),
    "row": pl.Int64(),
    "line": pl.Int64(),
    "byte": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "message": pl.String(),
    "suggestion": pl.String(),
}


class Verdict(StrEnum):
    """How a check ended, in the platform's own terms.

    `SKIPPED` is a check that was cancelled, or whose input broke off.
    """

    COMPLETE = "complete"
    ISSUES_FOUND = "issues_found"
    TIMED_OUT = "timed_out"
    TIMED_OUT_WITH_ISSUES = "timed_out_with_issues"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Example:
    """The first issue of a rule: the record as it stands in the file, and where the fault is in it.

    `at` is a character of `text`, `position` that of the column; either may not be known.
    """

    issue: Issue
    help: str
    text: str | None
    at: int | None
    position: int | None
    of_the_whole: bool
    """Whether the issue is the file's or the header's, not a row's."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was left out of a result since an earlier run had found it."""

    path: str
    """Where that run's issues were read."""
    known: int
    """How many issues."""
    rows_with_errors: int
    """How many rows have no errors but known ones; the import skips them as before."""


@dataclass(frozen=True)
class Result:
    """What was found in one file, and in how much of it.

    `rows` counts the records behind the header that are not blank, broken ones included; it is
    None where not all were read, and `rows_checked` says how many were. `bytes` are decompressed
    and None where not known. Issues and rows are read from a temporary folder that lives as long
    as the result, or the frame of its issues, does.
    """

    file: str
    parts: list[str]
    """The names of its parts, whose rows are counted on; `file` itself if there is but that."""
    kind: str
    kind_reason: str
    verdict: Verdict
    bytes: int | None
    bytes_checked: int
    encoding: str | None
    """`mixed` where the parts that were read are not all in one; None where it is not known."""
    bom: bool
    """Whether the input, or any part of it, begins with the byte-order mark of UTF-8."""
    line_ending: str | None
    """`lf`, `crlf`, `cr`, or `mixed` where not all records, of all parts, end alike."""
    delimiter: str
    identifier: list[str]
    headers: list[str]
    columns: list[dict[str, str | None]] | None
    new_attributes: list[str]
    """The custom attributes that the workspace file does not name."""
    broken_header: bool
    """Whether there is a header and nobody knows its columns."""
    workspace: str | None
    """Where the workspace file was read, if there was one."""
    rows: int | None
    rows_checked: int
    rows_with_errors: int
    rows_with_warnings: int
    errors: int
    warnings: int
    issues_by_rule: dict[str, int]
    incomplete_rules: list[str]
    ignored_rules: list[str]
    """What the caller, or the workspace file, does not want to hear of."""
    changed_rules: dict[str, Severity]
    """What is reported, as asked, in another severity than the rule book's."""
    elapsed_seconds: float
    now: datetime
    broken_off: str | None
    """What kept the input from being read to its end, if anything did."""
    baseline: Known | None
    blank_rows: int
    examples: list[Example] = field(repr=False)
    legend: pl.DataFrame = field(repr=False)
    """What each wording of the chunks' issues stands for."""
    redacted: bool
    """Whether what the cells say is masked."""
    _chunks: tuple[Snapshot | tuple[Chunk, ...], ...] = field(repr=False)
    _inputs: tuple[str, ...] = field(repr=False)
    report: str | None = None
    """Where its report was written; the first, where there are several."""
    report_lines: int = 0
    report_guarded: int = 0
    """How many cells of the report were kept from being formulas."""

    @property
    def rows_importable(self) -> int:
        """The checked rows that have no error of their own, be it known or new."""
        known = self.baseline.rows_with_errors if self.baseline else 0
        return self.rows_checked - self.rows_with_errors - known

    @property
    def complete(self) -> bool:
        """Whether all of the file was checked."""
        return self.verdict in (Verdict.COMPLETE, Verdict.ISSUES_FOUND)

    @property
    def timed_out(self) -> bool:
        """Whether time ran out before all of the file was checked."""
        return self.verdict in (Verdict.TIMED_OUT, Verdict.TIMED_OUT_WITH_ISSUES)

    def inputs(self) -> tuple[str, ...]:
        """Where lies what was read, if that is on this machine: no report may replace it."""
        return self._inputs

    def chunks(self) -> Iterator[Chunk | Stored]:
        """The issues in their order, with the rows that they are about, piece by piece."""
        for part in self._chunks:
            yield from part

    @property
    def issues(self) -> pl.LazyFrame:
        """All issues in their order, with the columns of `Issue`, read as they are asked for."""
        return register_io_source(self._read_issues, schema=ISSUE_COLUMNS, is_pure=True)

    def __iter__(self) -> Iterator[Issue]:
        for frame in self.issue_frames():
            for row in frame.iter_rows(named=True):
                yield Issue(**(row | {"severity": Severity(row["severity"])}))

    def issue_frames(self) -> Iterator[pl.DataFrame]:
        """All issues in their order, with the columns of `Issue`, piece by piece."""
        for chunk in self.chunks():
            yield public(chunk.issues, self.legend, self.headers, self.parts)

    def _read_issues(
        self, columns: list[str] | None, predicate: pl.Expr | None, rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        left = rows
        for frame in self.issue_frames():
            if left is not None:
                frame = frame.head(left)  # noqa: PLW2901
                left -= frame.height
            if predicate is not None:
                frame = frame.filter(predicate)  # noqa: PLW2901
            yield frame if columns is None else frame.select(columns)
            if left == 0:
                return

    def to_dict(self) -> dict[str, Any]:
        """The result as one entry of `files` in the JSON form."""
        return {
            "file": self.file,
            "parts": self.parts,
            "kind": self.kind,
            "kind_reason": self.kind_reason,
            "verdict": str(self.verdict),
            "broken_off": self.broken_off,
            "bytes": self.bytes,
            "bytes_checked": self.bytes_checked,
            "encoding": self.encoding,
            "bom": self.bom,
            "line_ending": self.line_ending,
            "delimiter": self.delimiter,
            "identifier": self.identifier,
            "columns": self.columns,
            "new_attributes": self.new_attributes,
            "workspace": self.workspace,
            "baseline": asdict(self.baseline) if self.baseline else None,
            "rows": self.rows,
            "rows_checked": self.rows_checked,
            "rows_importable": self.rows_importable,
            "rows_with_errors": self.rows_with_errors,
            "rows_with_warnings": self.rows_with_warnings,
            "errors": self.errors,
            "warnings": self.warnings,
            "issues_by_rule": self.issues_by_rule,
            "incomplete_rules": self.incomplete_rules,
            "ignored_rules": self.ignored_rules,
            "changed_rules": {rule: str(each) for rule, each in self.changed_rules.items()},
            "redacted": self.redacted,
            "report": self.report,
            "elapsed_seconds": round(self.elapsed_seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class Failure:
    """An input of which there is no result, and why."""

    file: str
    message: str


def public(
    issues: pl.DataFrame, legend: pl.DataFrame, headers: list[str], parts: list[str]
) -> pl.DataFrame:
    """Issues as the caller sees them: parts of the input, rules, severities, headers by name."""
    names = pl.DataFrame(
        {"position": range(len(headers)), "column": headers},
        schema={"position": pl.Int32, "column": pl.String},
    )
    return (
        issues.join(legend, on="wording", how="left", maintain_order="left")
        .join(names, on="position", how="left", maintain_order="left")
        .with_columns(file=pl.lit(pl.Series(parts)).gather("part"))
        .select(*ISSUE_COLUMNS)
    )
