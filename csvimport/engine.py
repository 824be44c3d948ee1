"""The one loop: source, encoding, scanner, checks, spill; and what it all comes to."""

import copy
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from csvimport.block import Block, cell_names
from csvimport.checker import Checker, in_order
from csvimport.checks.registry import File
from csvimport.columns import Columns, columns_of
from csvimport.dialect import CR
from csvimport.encoding import Encoding, NotUtf8, Utf8Stream, sniff
from csvimport.inference import Sample
from csvimport.issue import Issue, Severity, cut
from csvimport.lookahead import ahead
from csvimport.options import Options
from csvimport.result import Example, Result, Verdict, public
from csvimport.rulebook import rulebook
from csvimport.scanner import Header, Scanner, Survey
from csvimport.source import Source
from csvimport.spill import Chunk, Snapshot, Spill
from csvimport.words import Words

#: The bytes at the start in which the encoding shows.
_HEAD = 4096

_TEXT = pl.String()

Record = Callable[[int], tuple[str | None, int | None]]
"""What stands in a row, and at which character of it the fault is, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check has come; `bytes` is None where the size is not known."""

    bytes_checked: int
    bytes: int | None
    rows_checked: int
    issues: int


@dataclass
class Check:
    """One check, from the first byte on. `run` goes through the file; `result` is what there is."""

    source: Source
    options: Options
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        """Held while anything changes; whoever holds it may ask for a result at any time."""
        self.words = Words(rulebook(), self.options)
        self._legend = self.words.legend()
        self._start(Encoding())

    def _head(self) -> bytes:
        head = b""
        for chunk in self.source.open():
            head += chunk
            if len(head) >= _HEAD:
                break
        return head[:_HEAD]

    def _start(self, encoding: Encoding) -> None:
        """Begin, or begin again in another encoding."""
        self.survey = Survey(encoding)
        self.scanner = Scanner(
            Utf8Stream(encoding, self.source.open),
            block_size=self.options.block_size,
            max_record=self.options.max_record,
        )
        self.columns: Columns | None = None
        self.sample: Sample | None = None
        """What the columns are judged by; None before the header, and once they are."""
        self.waiting: deque[tuple[Block, Survey]] = deque()
        """The blocks of the sample, which are checked when it is full."""
        self.kind, self.kind_reason = "attributes", "found no header"
        self.headers: list[str] = []
        self.checker = Checker(self.words, None, [])
        self.before_header, self.after_header = Spill(), Spill()
        self.header: Header | None = None
        self.header_chunk: tuple[Chunk, ...] = ()
        self.sampled = False
        """Whether the columns were judged by all of the sample."""
        self.rows = self.blank_rows = 0
        self.rows_with_errors = self.rows_with_warnings = 0
        self.issues_by_rule: Counter[str] = Counter()
        self.examples: dict[str, Example] = {}
        self.complete = False

    @property
    def progress(self) -> Progress:
        """How far the check has come."""
        return Progress(
            self.survey.bytes_read, self.source.size, self.rows, self.issues_by_rule.total()
        )

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Read on to the end, or until `goes_on`, which is asked after each block, says no."""
        encoding = sniff(self._head())
        if encoding != self.survey.encoding:
            with self.lock:
                self._start(encoding)
        while True:
            try:
                self._read(goes_on)
            except NotUtf8 as other:
                with self.lock:
                    self._start(other.encoding)
            else:
                return

    def _read(self, goes_on: Callable[[], bool]) -> None:
        for block, survey in ahead(self.scanner.surveyed()):
            with self.lock:
                self._take_header(survey)
                if block is None:
                    self._judge()
                    self.survey, self.complete = survey, True
                    return
                self.waiting.append((block, survey))
                if self.sample:
                    self.sample.add(block)
                if self.sample is None or self.sample.is_full:
                    self._judge()
            if not goes_on() and not survey.finished:
                return

    def _take_header(self, survey: Survey) -> None:
        """Take in the header as soon as it is known."""
        header = survey.header
        if header is None or self.header is not None:
            return
        if not survey.encoding.is_utf8:
            header = replace(header, byte=None, faults=_without_bytes(header.faults))
        self.header = header
        self.headers = header.cells
        columns = replace(
            columns_of(header.cells, self.options.kind),
            line_end=survey.dialect.line_end.decode(),
            now=self.options.now,
            region=self.options.workspace.region,
        )
        self.kind, self.kind_reason = columns.kind, columns.kind_reason
        if header.width is not None:
            self.columns, self.sample = columns, Sample(columns)
        self.checker = Checker(self.words, self.columns, self.headers)
        issues = self.checker.header(header)
        row = {"row": header.row, "line": header.line}
        text = header.text if header.faults.height else None
        cells = dict(zip(cell_names(len(header.cells)), header.cells, strict=True))
        rows = pl.DataFrame([{**row, "text": text, **cells}], schema=self._row_schema())
        self._say_of_header(header, issues, rows)

    def _say_of_header(self, header: Header, issues: pl.DataFrame, row: pl.DataFrame) -> None:
        before = [chunk.issues for chunk in self.header_chunk]
        self.header_chunk = (Chunk(in_order([*before, issues]), row),)
        at = header.faults["at"][0] if header.faults.height else None
        self._count(issues, lambda _: (header.text, at))

    def _judge(self) -> None:
        """Judge the columns by the sample, if that is still to do; and check what has waited."""
        if self.sample is not None:
            assert self.header is not None
            workspace = self.options.workspace
            of_kind = {"attributes": workspace.attributes, "events": workspace.property_types()}
            self.columns = self.sample.judged(of_kind[self.kind])
            self.sampled = self.sample.is_full
            self.sample = None
            self.checker = Checker(self.words, self.columns, self.headers)
            (chunk,) = self.header_chunk
            issues = self.checker.habits(self.header, chunk.issues)
            self._say_of_header(self.header, issues, chunk.rows)
        while self.waiting:
            self._take(*self.waiting[0])
            self.waiting.popleft()

    def _as_if_at_end(self) -> "Check":
        """The same check with the sample as large as it is: for a result before it is full."""
        check = copy.copy(self)
        check.issues_by_rule, check.examples = Counter(self.issues_by_rule), dict(self.examples)
        check.after_header, check.waiting = Spill(), deque(self.waiting)
        check._judge()
        return check

    def _row_schema(self) -> dict[str, pl.DataType]:
        cells = dict.fromkeys(cell_names(len(self.headers)), _TEXT)
        return {"row": pl.Int64(), "line": pl.Int64(), "text": _TEXT, **cells}

    def _take(self, block: Block, survey: Survey) -> None:
        if not survey.encoding.is_utf8:
            block = replace(
                block,
                sound=_without_bytes(block.sound),
                faults=_without_bytes(block.faults),
                blanks=_without_bytes(block.blanks),
            )
        issues = self.checker.block(block)
        rows = self._flagged(block, issues) if issues.height else None
        # nothing is counted before all is known: what computes may be interrupted
        self.rows += block.sound.height + block.faults.height
        self.blank_rows += block.blanks.height
        self.survey = survey
        if rows is None:
            return
        self._count(issues, lambda row: _as_it_stands(block, row))
        self._count_rows(issues)
        spill = self.before_header if survey.header is None else self.after_header
        spill.append(Chunk(issues, rows))

    def _flagged(self, block: Block, issues: pl.DataFrame) -> pl.DataFrame:
        """The rows that `issues` are about, as they stand in the file."""
        schema = self._row_schema()
        names = cell_names(len(self.headers))
        flagged = issues["row"].unique()
        parts = []
        for frame in (block.sound, block.faults, block.blanks):
            some = frame.filter(pl.col("row").is_in(flagged.implode()))
            if some.height and frame is block.blanks:
                cells = block.blank_cells(some.filter(pl.col("start") < pl.col("end")), names)
                some = some.join(cells, on="row", how="left") if cells.height else some
            if some.height:
                missing = {
                    name: pl.lit(None, kind)
                    for name, kind in schema.items()
                    if name not in some.columns
                }
                parts.append(some.with_columns(**missing).select(*schema))
        return pl.concat(parts).sort("row")

    def _count(self, issues: pl.DataFrame, record: Record) -> None:
        """Count `issues` by rule, and keep the first of each rule."""
        wordings = self.words.wordings
        counts = np.bincount(issues["wording"].to_numpy(), minlength=len(wordings))
        for wording in np.flatnonzero(counts).tolist():
            rule = wordings[wording].rule
            self.issues_by_rule[rule] += int(counts[wording])
            if rule not in self.examples:
                self.examples[rule] = self._example(rule, issues, record)

    def _count_rows(self, issues: pl.DataFrame) -> None:
        """Count the flagged data rows, which blank ones are not."""
        is_error = (self._legend["severity"] == Severity.ERROR).to_numpy()
        is_blank = (self._legend["rule"] == "blank-row").to_numpy()
        wording = issues["wording"].to_numpy()
        of_data = ~is_blank[wording]
        rows, wording = issues["row"].to_numpy()[of_data], wording[of_data]
        errors = len(np.unique(rows[is_error[wording]]))
        self.rows_with_errors += errors
        self.rows_with_warnings += len(np.unique(rows)) - errors

    def _example(self, rule: str, issues: pl.DataFrame, record: Record) -> Example:
        wordings = [i for i, words in enumerate(self.words.wordings) if words.rule == rule]
        first = issues.filter(pl.col("wording").is_in(wordings)).head(1)
        issue = public(first, self._legend, self.headers, self.source.name).row(0, named=True)
        help_text = self.words.wordings[first["wording"][0]].help
        text, at = record(issue["row"])
        issue["severity"] = Severity(issue["severity"])
        of_the_whole = issue["row"] in (None, self.header and self.header.row)
        position = first["position"][0]
        return Example(Issue(**issue), help_text, text, at, position, of_the_whole)

    def result(self, stopped: Verdict = Verdict.TIMED_OUT) -> Result:
        """What was found so far; `stopped` says why, where that is not the end of the file."""
        if self.sample is not None:
            return self._as_if_at_end().result(stopped)
        survey = self.survey
        broken_header = self.header is not None and self.columns is None
        size = survey.bytes_read if self.complete else self.source.size
        file = File(
            survey,
            self.columns,
            survey.bytes_read if size is None else size,
            self.options.limit(self.kind),
            self.rows,
            self.blank_rows,
            self.complete,
        )
        file_issues = self.checker.file(file)
        by_rule, examples = Counter(self.issues_by_rule), dict(self.examples)
        nothing = pl.DataFrame(schema=self._row_schema())
        for rule in public(file_issues, self._legend, self.headers, "")["rule"]:
            by_rule[rule] += 1
            examples[rule] = self._example(rule, file_issues, lambda _: (None, None))
        before = self.before_header.snapshot()
        if self.header is None:  # blank rows alone are no rows
            before = Snapshot(self.before_header)
            by_rule.pop("blank-row", None)
            examples.pop("blank-row", None)
        order = {rule: index for index, rule in enumerate(self.words.book)}
        errors = sum(n for rule, n in by_rule.items() if self.words.severity(rule) == "error")
        total = by_rule.total()
        verdict = Verdict.ISSUES_FOUND if total else Verdict.COMPLETE
        if not self.complete:
            verdict = stopped
            if stopped == Verdict.TIMED_OUT and total:
                verdict = Verdict.TIMED_OUT_WITH_ISSUES
        rules = sorted(by_rule, key=lambda rule: (self.words.severity(rule), order[rule]))
        return Result(
            file=self.source.name,
            kind=self.kind,
            kind_reason=self.kind_reason,
            verdict=verdict,
            bytes=size,
            bytes_checked=survey.bytes_read,
            encoding=survey.encoding.name,
            bom=survey.encoding.is_utf8 and bool(survey.encoding.bom),
            line_ending=self._line_ending(),
            delimiter=survey.dialect.delimiter.decode(),
            identifier=[column.name for column in self.columns.identifiers] if self.columns else [],
            headers=self.headers,
            columns=self._column_summary(),
            new_attributes=self._new_attributes(),
            workspace=self.options.workspace.path,
            rows=self.rows if self.complete else None,
            rows_checked=self.rows,
            rows_with_errors=self.rows_with_errors,
            rows_with_warnings=self.rows_with_warnings,
            errors=errors,
            warnings=total - errors,
            issues_by_rule={rule: by_rule[rule] for rule in rules},
            incomplete_rules=self.checker.incomplete_rules(
                file,
                sampled=self.sampled,
                size_known=self.source.size is not None,
                broken_header=broken_header,
            ),
            broken_header=broken_header,
            elapsed_seconds=time.monotonic() - self.started,
            now=self.options.now,
            examples=[examples[rule] for rule in rules],
            blank_rows=self.blank_rows if self.header else 0,
            legend=self._legend,
            _chunks=(
                (Chunk(file_issues, nothing),),
                before,
                self.header_chunk,
                self.after_header.snapshot(),
            ),
        )

    def _line_ending(self) -> str | None:
        if self.survey.dialect.line_end == CR:
            return "cr"
        ends = self.survey.line_endings
        if not any(ends.counts):
            return None
        return "mixed" if ends.mixed else ("lf", "crlf")[ends.most]

    def _new_attributes(self) -> list[str]:
        declared = self.options.workspace.attributes
        columns = self.columns.all if self.columns else ()
        names = [each.name for each in columns if each.role == "custom" and each.is_typed]
        return [name for name in dict.fromkeys(names) if name.strip() and name not in declared]

    def _column_summary(self) -> list[dict[str, str | None]] | None:
        if self.columns is None:
            return None
        return [
            {
                "name": column.name,
                "role": column.role,
                "type": column.type,
                "reason": column.reason,
            }
            for column in self.columns.all
        ]


def _as_it_stands(block: Block, row: int) -> tuple[str | None, int | None]:
    """The record `row` of `block`, and at which character its fault is, if that is known."""
    here = pl.col("row") == row
    for start, end in block.sound.filter(here).select("start", "end").iter_rows():
        return cut(block.text[start:end].decode()), None
    for text, at in block.faults.filter(here).select("text", "at").iter_rows():
        return text, at
    return None, None


def _without_bytes(records: pl.DataFrame) -> pl.DataFrame:
    """Offsets in a transcoded stream are none in the input."""
    return records.with_columns(byte=pl.lit(None, pl.Int64))
