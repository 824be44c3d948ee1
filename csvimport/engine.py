"""The one loop: source, encoding, scanner, checks, spill; and what it all comes to."""

import copy
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import msgspec
import numpy as np
import polars as pl
from msgspec.structs import replace

from csvimport import plain
from csvimport.baseline import NOTHING_LEFT, Counts
from csvimport.block import MANY, Block, by_row, cell_names, joined
from csvimport.cells import are_copied
from csvimport.checker import Checker, in_order
from csvimport.checks.registry import File
from csvimport.columns import Columns, columns_of, known_names
from csvimport.dialect import CR, Dialect
from csvimport.encoding import Encoding, NotUtf8, Utf8Stream, asked_for, head_of, sniff
from csvimport.errors import BrokenOffError, SourceError
from csvimport.inference import Sample
from csvimport.issue import Issue, Severity, cut
from csvimport.lines import Offsets
from csvimport.lookahead import Aside, ahead
from csvimport.options import Options
from csvimport.redaction import masked, masked_quote, masked_text
from csvimport.result import Example, Known, Result, Verdict, public
from csvimport.rulebook import rulebook
from csvimport.scanner import Header, Scanner, Survey
from csvimport.source import Part, Source, Together
from csvimport.spill import Chunk, Lines, Records, Snapshot, Spill
from csvimport.words import FOUND, Words

#: Records are checked so many, or so many bytes of them, at a time, since a check of few costs
#: nearly as much; or when so many blocks have been read.
_ENOUGH_ROWS = 3 * MANY // 2
_ENOUGH_BYTES = 12 << 20
_ENOUGH_BLOCKS = 64
#: So many bytes of the report are written in a second, at least.
_REPORT_BYTES = 5e8

_TEXT = pl.String()

Record = Callable[[int], tuple[str | None, int | None]]
"""What stands in a row, and at which character of it the fault is, as far as that is known."""


class Report(Protocol):
    """The report's lines about a chunk of a file with these `parts` and `headers`.

    `legend` tells the wordings.
    """

    def __call__(
        self, chunk: Chunk, *, headers: list[str], legend: pl.DataFrame, parts: list[str]
    ) -> Lines:
        """Make them."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a check has come; `bytes` is None where the size is not known."""

    bytes_checked: int
    bytes: int | None
    rows_checked: int
    issues: int


class Seen(msgspec.Struct, frozen=True):
    """A part of the input, as far as it was checked."""

    part: Part
    survey: Survey
    rows: int = 0
    blank_rows: int = 0
    complete: bool = False


@dataclass
class Check:
    """One check, from the first byte on. `run` goes through the file; `result` is what there is."""

    source: Source | Together
    options: Options
    report: Report | None = None
    """Makes the lines of the report."""
    keeps_rows: bool = True
    """Whether the flagged rows stay in the chunks."""
    keeps_issues: bool = True
    """Whether the issues do, where their report is made."""
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        """Held for the moments in which anything changes that a result tells."""
        self.judging = threading.RLock()
        """Held while the sample is judged: before it is, a result would have to do the same."""
        self.words = Words(rulebook(), self.options)
        self._legend = self.words.legend()
        self.broken_off: str | None = None
        """What kept the input from being read to its end, where rows had been checked by then."""
        self.encodings: dict[int, Encoding] = {}
        """Those of the parts, as soon as they are known."""
        sources = self.source.sources if isinstance(self.source, Together) else [self.source]
        baseline = self.options.baseline
        settings = (self.options.workspace.path, baseline.path if baseline else None)
        places = [
            *(each.place for each in sources),
            *(os.path.realpath(path) for path in settings if path),
        ]
        self.inputs = tuple(filter(None, places))
        """Where lies what no report may replace."""
        self._start([source.whole for source in sources])

    def _start(self, parts: Sequence[Part]) -> None:
        """Begin with these parts; or begin again, where one is in another encoding."""
        self.seen = [
            Seen(part, Survey(self.encodings.get(index, Encoding()), part=index))
            for index, part in enumerate(parts)
        ]
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
        self.header_issues = pl.DataFrame(schema=FOUND)
        """Those of the header, known ones too."""
        self.pending: list[tuple[Block, Survey]] = []
        """Blocks whose records are still to be checked, save for those that are plain."""
        self.checking: list[tuple[Block, Survey]] = []
        """Those that are being checked, in a thread of its own."""
        self.checks = Aside("csvimport-check")
        self.sampled = False
        """Whether the columns were judged by all of the sample."""
        self.rows_with_errors = self.rows_with_warnings = 0
        baseline = self.options.baseline
        self.left = baseline.times if baseline else NOTHING_LEFT
        """How often each issue of the baseline may still occur."""
        self.known = self.rows_with_known_errors = 0
        self.issues_by_rule: Counter[str] = Counter()
        self.examples: dict[str, Example] = {}

    def _scanner(self, part: int) -> Scanner:
        chunks, name = self.seen[part].part.chunks, self.options.encoding
        if part not in self.encodings:
            head = head_of(chunks)
            self._take_encoding(part, sniff(head) if name is None else asked_for(name, head))
        return Scanner(
            Utf8Stream(self.encodings[part], chunks),
            block_size=self.options.block_size,
            max_record=self.options.max_record,
            known_names=known_names,
            part=part,
        )

    def _take_encoding(self, part: int, encoding: Encoding) -> None:
        self.encodings[part] = encoding
        with self.lock:
            seen = self.seen[part]
            self.seen[part] = replace(seen, survey=replace(seen.survey, encoding=encoding))

    @property
    def parts(self) -> list[str]:
        """The names of the parts."""
        return [each.part.name for each in self.seen]

    @property
    def rows(self) -> int:
        """How many rows, none of them blank, were checked."""
        return sum(each.rows for each in self.seen)

    @property
    def complete(self) -> bool:
        """Whether all of the input was checked."""
        return all(each.complete for each in self.seen)

    def _bytes_read(self, survey: Survey) -> int:
        """How many bytes were read when `survey` was made."""
        return survey.bytes_read + sum(each.survey.bytes_read for each in self.seen[: survey.part])

    @property
    def progress(self) -> Progress:
        """How far the check has come."""
        with self.lock:  # what is being checked counts once, before and after
            pending = [*self.checking, *self.pending]
            survey = pending[-1][1] if pending else self.seen[-1].survey
            rows = self.rows + sum(block.rows for block, _ in pending)
            total = self.issues_by_rule.total()
        return Progress(self._bytes_read(survey), self.source.size, rows, total)

    def seconds_to_tell(self, each_issue: float, each_cell: float = 0.0) -> float:
        """How long it will take to write the report, and what takes so long for `each_issue`.

        And for `each_cell` of the flagged rows: of wide ones, there are many to an issue.
        """
        report = self.before_header.report_bytes + self.after_header.report_bytes
        # blank rows have no cells worth the name
        cells = (self.rows_with_errors + self.rows_with_warnings) * len(self.headers)
        issues = self.issues_by_rule.total()
        return report / _REPORT_BYTES + issues * each_issue + cells * each_cell

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Read on to the end, or until `goes_on`, which is asked after each block, says no.

        Raises a BrokenOffError where the input ends before its end and there is a result of the
        rows before that; a SourceError where there is none.
        """
        try:
            if self._find_parts(goes_on) and self._heads_agree(goes_on):
                if isinstance(self.source, Together):
                    self.source.let_go()
                self._read_through(goes_on)
        except BrokenOffError as error:
            self._finish_pending()
            rows = self.rows + sum(block.rows for block, _ in self.waiting)
            if not rows:
                raise SourceError(str(error)) from None
            self.broken_off = str(error)
            raise BrokenOffError(f"{error}; rows checked until then: {rows:,}") from None
        finally:
            self.checks.wait()
            self.before_header.wait()
            self.after_header.wait()

    def _find_parts(self, goes_on: Callable[[], bool]) -> bool:
        """Begin with the parts that there are; False if there was no time to find all."""
        parts: list[Part] = []
        for part in self.source.parts():
            parts.append(part)
            if len(parts) > 1 and not goes_on():
                return False
        with self.lock:
            self._start(parts)
        return True

    def _heads_agree(self, goes_on: Callable[[], bool]) -> bool:
        """Whether all headers that are there to read are one, as far as there was time to look.

        What has to be waited for is compared when it is reached, like all others again.
        """
        known: Survey | None = None
        for part, seen in enumerate(self.seen) if len(self.seen) > 1 else ():
            survey = None
            with suppress(BrokenOffError):  # told when it is reached: those before it are checked
                survey = None if seen.part.waits else self._with_its_header(part)
            if survey:
                known = known or survey
                self._require_one_header(known, survey)
            if not goes_on():
                return False
        return True

    def _with_its_header(self, part: int) -> Survey | None:
        """What is known behind the header of that part; None if it has none."""
        while True:
            try:
                with closing(self._scanner(part).surveyed()) as surveys:
                    return next((survey for _, survey in surveys if survey.header), None)
            except NotUtf8 as other:
                self._take_encoding(part, other.encoding)

    def _require_one_header(self, known: Survey, other: Survey) -> None:
        """Raise a SourceError where a part has another header than what is `known`."""
        if _names(known) != _names(other):
            raise SourceError(
                f"{self.parts[other.part]}: has another header than {self.parts[known.part]}, "
                "expected parts of one import; check each by itself"
            )

    def _read_through(self, goes_on: Callable[[], bool]) -> None:
        while True:
            try:
                self._read(goes_on)
            except NotUtf8 as other:
                self.checks.settle()
                self.encodings[self.scanner.part] = other.encoding
                with self.lock:
                    self._start([each.part for each in self.seen])
            except KeyboardInterrupt:  # polars notices it in whatever thread computes
                self._finish_pending()
                raise
            else:
                return

    def _read(self, goes_on: Callable[[], bool]) -> None:
        self.scanner = self._scanner(0)
        while self._read_part(goes_on):
            previous, self.scanner = self.scanner, self._scanner(self.scanner.part + 1)
            self.scanner.row = previous.row
            self.scanner.wanted, self.scanner.pattern = previous.wanted, previous.pattern

    def _read_part(self, goes_on: Callable[[], bool]) -> bool:
        """Read a part; whether there is another, and time for it."""
        part, is_compared = self.scanner.part, False
        is_last = part == len(self.seen) - 1
        for block, survey in ahead(self.scanner.surveyed(), self._finish_pending):
            if survey.header and self.header is None:
                self._finish_pending()
            elif survey.header and not is_compared:
                self._require_one_header(self._with_header().survey, survey)
            is_compared = survey.header is not None
            with self.lock:
                if survey.header and self.header is None:
                    self._take_header(survey, survey.header)
                if block is not None:
                    self.waiting.append((block, survey))
                    if self.sample and survey.header:
                        self.sample.add(block)
            if self.sample and ((block is None and is_last) or self.sample.is_full):
                self.judge()
            elif self.sample is None:
                self._take_waiting()
            if block is None:
                self._finish_pending()
                self._settle()
                with self.lock:
                    self.seen[part] = replace(self.seen[part], survey=survey, complete=True)
                return not is_last
            del block  # or its text would be kept while the next one is waited for
            if not goes_on() and not (survey.finished and is_last):
                self._finish_pending()
                self._settle()
                return False
        raise AssertionError("the scanner ends with a survey")

    def _settle(self) -> None:
        self.before_header.settle()
        self.after_header.settle()

    def _take_header(self, survey: Survey, header: Header) -> None:
        """Take in the header, which is known now."""
        if not survey.encoding.is_utf8:
            header = replace(header, byte=None, faults=_without_bytes(header.faults))
        seen = self.seen[survey.part]
        known = replace(
            seen.survey,
            dialect=survey.dialect,
            separator_line=survey.separator_line,
            line_before=survey.line_before,
            header=survey.header,
        )
        self.seen[survey.part] = replace(seen, survey=known)
        columns = replace(
            columns_of(header.cells, self.options.kind),
            line_end=survey.dialect.line_end.decode(),
            now=self.options.now,
            region=self.options.workspace.region,
        )
        self.kind, self.kind_reason = columns.kind, columns.kind_reason
        if header.width is not None:
            self.columns, self.sample = columns, Sample(columns)
        checker = Checker(self.words, self.columns, header.cells)
        if checker.hides_header or (survey.line_before is not None and self.options.redact):
            self.kind_reason = masked_quote(self.kind_reason)
            cells = [masked_text(cell) for cell in header.cells]
            header = replace(header, cells=cells, text=masked_text(header.text))
            checker.headers = cells
        self.header, self.headers, self.checker = header, header.cells, checker
        if self.report:
            report = partial(
                self.report, headers=self.headers, legend=self._legend, parts=self.parts
            )
            self.after_header = Spill(report, self.keeps_rows, self.keeps_issues)
        issues = self.checker.header(header)
        row = {"row": header.row, "line": header.line}
        text = header.text if header.faults.height else None
        named = dict(zip(cell_names(len(header.cells)), header.cells, strict=True))
        rows = pl.DataFrame([{**row, "text": text, **named}], schema=self._row_schema())
        self._say_of_header(header, issues, rows)

    def _say_of_header(self, header: Header, issues: pl.DataFrame, row: pl.DataFrame) -> None:
        self.header_issues = in_order([self.header_issues, issues])
        before = [chunk.issues for chunk in self.header_chunk]
        issues = _of_part(issues, self._with_header().survey.part)
        issues, self.left, known = self._new(issues)
        self.known += known
        self.header_chunk = (Chunk(in_order([*before, issues]), row),)
        at = header.faults["at"][0] if header.faults.height else None
        counts, examples = self._counts(issues, lambda _: (header.text, at))
        self.issues_by_rule.update(counts)
        self.examples = examples | self.examples

    def judge(self) -> None:
        """Judge the columns by the sample, and take in what waited for that."""
        with self.judging:
            self._judge_sample()

    def _judge_sample(self) -> None:
        assert self.sample is not None
        columns, patterns = self._judged(self.sample), plain.NO_PATTERNS
        if self.sample.is_full:  # what is read meanwhile is read with the pattern already
            delimiter = self.scanner.dialect.delimiter.decode()
            patterns = plain.patterns(columns, self.sample.frame, self.sample.quoted, delimiter)
            self.scanner.pattern = patterns.record
        check = self._as_if_at_end(columns, patterns)
        with self.lock:
            vars(self).update(vars(check) | {"lock": self.lock})

    def _judged(self, sample: Sample) -> Columns:
        workspace = self.options.workspace
        of_kind = {"attributes": workspace.attributes, "events": workspace.property_types()}
        return sample.judged(of_kind[self.kind])

    def _as_if_at_end(
        self, columns: Columns, patterns: plain.Patterns = plain.NO_PATTERNS
    ) -> "Check":
        """The same check with the sample as large as it is, by which these `columns` are judged."""
        assert self.sample is not None
        assert self.header is not None
        check = copy.copy(self)
        check.issues_by_rule, check.examples = Counter(self.issues_by_rule), dict(self.examples)
        lines_of = self.after_header.lines_of
        check.after_header = Spill(lines_of, self.keeps_rows, self.keeps_issues)
        check.waiting = deque(self.waiting)
        check.pending, check.checks = list(self.pending), Aside(self.checks.name)
        check.lock = threading.RLock()  # whoever asks for a result holds the other one
        check.seen = list(self.seen)
        check.columns = columns
        check.sampled, check.sample = self.sample.is_full, None
        check.checker = Checker(self.words, check.columns, self.headers, patterns)
        (chunk,) = self.header_chunk
        assert chunk.rows is not None
        issues = check.checker.habits(self.header, self.header_issues)
        check._say_of_header(self.header, issues, chunk.rows)
        check._take_waiting()
        check.checks.settle()  # or it would be known to the copy alone
        return check

    def _take_waiting(self) -> None:
        while self.waiting:
            self._take(*self.waiting.popleft())

    def _row_schema(self) -> dict[str, pl.DataType]:
        cells = dict.fromkeys(cell_names(len(self.headers)), _TEXT)
        return {"row": pl.Int64(), "line": pl.Int64(), "text": _TEXT, **cells}

    def _take(self, block: Block, survey: Survey) -> None:
        """Take in a block; those of its records that need a look get it when they are many."""
        if self.pending and (
            len(block.found) >= MANY or not _are_alike(self.pending[-1][1], survey)
        ):
            self._check_pending()
        block = self.checker.identified(block) if survey.header else replace(block, plain=None)
        self.pending.append((block, survey))
        found = [each.found for each, _ in self.pending]
        few = sum(map(len, found)) < _ENOUGH_ROWS and len(found[-1]) < MANY
        small = sum(each.size for each in found) < _ENOUGH_BYTES
        if not any(map(len, found)) and not self.checking:  # to count them is all there is to do
            self.checking, self.pending = self.pending, []
            self._check_these()
        elif not (few and small and len(found) < _ENOUGH_BLOCKS):
            self._check_pending()

    def _finish_pending(self) -> None:
        """Check the records that wait for it, and wait until that is done."""
        self._check_pending()
        self.checks.settle()

    def _check_pending(self) -> None:
        """Begin to check the records that wait for it, when those before them are checked."""
        self.checks.settle()
        if self.checking or self.pending:  # those that were being checked are left if interrupted
            self.checking, self.pending = [*self.checking, *self.pending], []
            self.checks.start(self._check_these)

    def _check_these(self) -> None:
        block, survey = joined([each for each, _ in self.checking]), self.checking[-1][1]
        issues = self.checker.block(block) if block.found else pl.DataFrame(schema=FOUND)
        issues = _of_part(issues, survey.part)
        if not survey.encoding.is_utf8:
            issues = _without_bytes(issues)
        every = issues
        issues, left, known = self._new(every)
        counts, examples = self._counts(issues, lambda row: self._as_it_stands(block, row))
        errors, warnings = self._row_counts(issues)
        known_errors = self._row_counts(every)[0] - errors if known else 0
        chunk = None
        if issues.height:
            shown = self.report or self.keeps_rows
            chunk = self._chunk(block, issues) if shown else Chunk(issues, None)
        spill = self.before_header if self.header is None else self.after_header
        spill.settle()
        # what computes may take time, or be interrupted: now all is known, and counts at once
        with self.lock:
            if chunk:
                spill.append(chunk)
            seen = self.seen[survey.part]
            self.seen[survey.part] = replace(
                seen,
                survey=seen.survey if seen.complete else survey,
                rows=seen.rows + block.rows,
                blank_rows=seen.blank_rows + block.found.blank_rows,
            )
            self.rows_with_errors += errors
            self.rows_with_warnings += warnings
            self.rows_with_known_errors += known_errors
            self.left, self.known = left, self.known + known
            self.issues_by_rule.update(counts)
            self.examples = examples | self.examples
            self.checking = []  # who sees that may go on from all of the above

    def _new(self, issues: pl.DataFrame) -> tuple[pl.DataFrame, Counts, int]:
        """Those of `issues` that the baseline does not know; what is left of it, and how many."""
        baseline = self.options.baseline
        if baseline is None:
            return issues, self.left, 0
        shown = public(issues, self._legend, self.headers, self.parts)
        known, left = baseline.known(shown, self.left)
        return issues.filter(pl.Series(~known)), left, int(known.sum())

    def _chunk(self, block: Block, issues: pl.DataFrame) -> Chunk:
        """`issues` and the rows that they are about."""
        are_sound = not (block.faults.height or block.blanks.height)
        is_copied = self.report and are_copied() and not (self.keeps_rows or self.options.redact)
        self.scanner.wanted = self.checker.columns_read if is_copied else None
        if not (are_sound and is_copied):
            return Chunk(issues, self._flagged(block, issues))
        rows = block.sound_with([])
        rows = rows.filter(pl.col("row").is_in(issues["row"].unique().implode()))
        spans = rows["start"].to_numpy(), rows["end"].to_numpy()
        return Chunk(issues, rows, records=Records(block.text, *spans, block.dialect.delimiter))

    def _flagged(self, block: Block, issues: pl.DataFrame) -> pl.DataFrame:
        """The rows that `issues` are about, as they stand in the file."""
        schema = self._row_schema()
        if self.header is None:  # blank rows, of which nobody knows yet what cells they have
            return issues.select("row", "line", text=pl.lit(None, _TEXT))
        names = cell_names(len(self.headers))
        flagged = issues["row"].unique()
        parts = []
        for frame in (block.sound, block.faults, block.blanks):
            some = frame.filter(pl.col("row").is_in(flagged.implode()))
            if some.height and frame is block.blanks:
                cells = block.blank_cells(some.filter(pl.col("start") < pl.col("end")), names)
                some = some.join(cells, on="row", how="left") if cells.height else some
            if some.height:
                known = set(some.columns)
                missing = {
                    name: pl.lit(None, kind) for name, kind in schema.items() if name not in known
                }
                parts.append(some.with_columns(**missing).select(*schema))
        rows = by_row(parts)
        return rows.with_columns(masked(pl.col(pl.String))) if self.options.redact else rows

    def _as_it_stands(self, block: Block, row: int) -> tuple[str | None, int | None]:
        text, at = _as_it_stands(block, row)
        return (masked_text(text) if text and self.options.redact else text), at

    def _counts(
        self, issues: pl.DataFrame, record: Record
    ) -> tuple[dict[str, int], dict[str, Example]]:
        """How many `issues` there are by rule, and the first of each rule that is new."""
        if not issues.height:  # as of most pages of most files
            return {}, {}
        wordings = issues["wording"].to_numpy()
        numbers = np.bincount(wordings, minlength=len(self.words.wordings))
        counts: Counter[str] = Counter()
        first: dict[str, int] = {}
        for wording in np.flatnonzero(numbers).tolist():
            rule = self.words.wordings[wording].rule
            counts[rule] += int(numbers[wording])
            if rule not in self.examples:
                index = int(np.argmax(wordings == wording))
                first[rule] = min(index, first.get(rule, index))
        examples = self._examples(issues[list(first.values())], record) if first else []
        return counts, dict(zip(first, examples, strict=True))

    def _row_counts(self, issues: pl.DataFrame) -> tuple[int, int]:
        """How many data rows, which blank ones are not, have an error; how many a warning only."""
        if not issues.height:
            return 0, 0
        is_error = (self._legend["severity"] == Severity.ERROR).to_numpy()
        is_blank = (self._legend["rule"] == "blank-row").to_numpy()
        wording = issues["wording"].to_numpy()
        of_data = ~is_blank[wording]
        rows, wording = issues["row"].to_numpy()[of_data], wording[of_data]
        errors = _distinct(rows[is_error[wording]])
        return errors, _distinct(rows) - errors

    def _examples(self, issues: pl.DataFrame, record: Record) -> list[Example]:
        """`issues` as examples of their rules."""
        shown = public(issues, self._legend, self.headers, self.parts)
        said = zip(shown.iter_rows(named=True), issues["wording"], issues["position"], strict=True)
        return [
            Example(
                Issue(**issue | {"severity": Severity(issue["severity"])}),
                self.words.wordings[wording].help,
                *record(issue["row"]),
                position,
                of_the_whole=issue["row"] in (None, self.header and self.header.row),
            )
            for issue, wording, position in said
        ]

    def result(self, stopped: Verdict = Verdict.TIMED_OUT) -> Result:
        """What was found so far; `stopped` says why, where that is not the end of the file."""
        if self.sample is not None:
            check = self._as_if_at_end(self._judged(self.sample))
            check._finish_pending()
            return check.result(stopped)
        broken_header = self.header is not None and self.columns is None
        bytes_read = self._bytes_read(self.seen[-1].survey)
        size = bytes_read if self.complete else self.source.size
        files = [self._file(each) for each in self.seen]
        file_issues = pl.concat(
            _of_part(self.checker.file(file), part) for part, file in enumerate(files)
        )
        file_issues, _, known = self._new(file_issues)
        by_rule, examples = Counter(self.issues_by_rule), dict(self.examples)
        nothing = pl.DataFrame(schema=self._row_schema())
        of_files, examples_of_files = self._counts(file_issues, lambda _: (None, None))
        by_rule.update(of_files)
        examples |= examples_of_files
        before = self.before_header.snapshot()
        if self.header is None:  # blank rows alone are no rows
            before = Snapshot(self.before_header)
            by_rule.pop("blank-row", None)
            examples.pop("blank-row", None)
        order = {rule: index for index, rule in enumerate(self.words.book)}
        errors = sum(n for rule, n in by_rule.items() if self.words.severity(rule) == "error")
        total = by_rule.total()
        verdict = Verdict.ISSUES_FOUND if total else Verdict.COMPLETE
        if self.broken_off:
            stopped = Verdict.SKIPPED
        if not self.complete:
            verdict = stopped
            if stopped == Verdict.TIMED_OUT and total:
                verdict = Verdict.TIMED_OUT_WITH_ISSUES
        rules = sorted(by_rule, key=lambda rule: (self.words.severity(rule), order[rule]))
        return Result(
            file=self.source.name,
            parts=self.parts,
            kind=self.kind,
            kind_reason=self.kind_reason,
            verdict=verdict,
            bytes=size,
            bytes_checked=bytes_read,
            encoding=self._encoding(),
            bom=any(each.is_utf8 and each.bom for each in self._encodings()),
            line_ending=self._line_ending(),
            delimiter=self._with_header().survey.dialect.delimiter.decode(),
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
                files,
                sampled=self.sampled,
                size_known=self.source.size is not None and len(self.seen) == 1,
                broken_header=broken_header,
            ),
            ignored_rules=[rule for rule in order if not self.words.wants(rule)],
            changed_rules={
                rule: self.words.severity(rule)
                for rule in order
                if self.words.severity(rule) != self.words.book[rule].severity
            },
            broken_header=broken_header,
            elapsed_seconds=time.monotonic() - self.started,
            now=self.options.now,
            examples=[examples[rule] for rule in rules],
            broken_off=self.broken_off,
            baseline=self._known(known),
            blank_rows=sum(each.blank_rows for each in self.seen) if self.header else 0,
            legend=self._legend,
            redacted=self.options.redact,
            _chunks=(
                (Chunk(file_issues, nothing),),
                before,
                self.header_chunk,
                self.after_header.snapshot(),
            ),
            _inputs=self.inputs,
        )

    def _known(self, of_files: int) -> Known | None:
        """What of the baseline was found again, beside so many issues of the files as such."""
        if not (baseline := self.options.baseline):
            return None
        # blank rows alone are no rows, and none of their issues is told
        known = of_files + (self.known if self.header else 0)
        return Known(baseline.path, known, self.rows_with_known_errors)

    def _file(self, seen: Seen) -> File:
        """What the rules about a file as a whole get to see of a part."""
        size = None if seen.complete or len(self.seen) > 1 else self.source.size
        return File(
            seen.survey,
            self.columns,
            seen.survey.bytes_read if size is None else size,
            self.options.limit(self.kind),
            seen.rows,
            seen.blank_rows,
            seen.complete,
        )

    def _with_header(self) -> Seen:
        """The first part that has a header, which says what holds for all."""
        return next((each for each in self.seen if each.survey.header), self.seen[0])

    def _encodings(self) -> list[Encoding]:
        """Those of the parts of which anything was read."""
        read = [each.survey.encoding for each in self.seen if each.survey.bytes_read]
        return read or [self.seen[0].survey.encoding]

    def _encoding(self) -> str | None:
        names = {each.name for each in self._encodings()}
        return names.pop() if len(names) == 1 else "mixed"

    def _line_ending(self) -> str | None:
        if self._with_header().survey.dialect.line_end == CR:
            return "cr"
        ends = [each.survey.line_endings for each in self.seen]
        ends = [each for each in ends if any(each.counts)]
        if not ends:
            return None
        mixed = any(each.mixed for each in ends) or len({each.most for each in ends}) > 1
        return "mixed" if mixed else ("lf", "crlf")[ends[0].most]

    def _new_attributes(self) -> list[str]:
        declared = self.options.workspace.attributes
        columns = self.columns.all if self.columns else ()
        names = {
            each.name: self.headers[each.position]
            for each in columns
            if each.role == "custom" and each.is_typed
        }
        return [shown for name, shown in names.items() if name.strip() and name not in declared]

    def _column_summary(self) -> list[dict[str, str | None]] | None:
        if self.columns is None:
            return None
        return [
            {
                "name": self.headers[column.position],
                "role": column.role,
                "type": column.type,
                "reason": column.reason,
            }
            for column in self.columns.all
        ]


def _distinct(ascending: Offsets) -> int:
    """How many different numbers there are."""
    return int(np.count_nonzero(np.diff(ascending, prepend=-1)))


def _as_it_stands(block: Block, row: int) -> tuple[str | None, int | None]:
    """The record `row` of `block`, and at which character its fault is, if that is known."""
    for start, end in _of_row(block.sound_with([]), row).select("start", "end").iter_rows():
        return cut(block.text[start:end].decode()), None
    for text, at in _of_row(block.faults, row).select("text", "at").iter_rows():
        return text, at
    return None, None


def _of_row(frame: pl.DataFrame, row: int) -> pl.DataFrame:
    """The record `row` of `frame`, if it is there."""
    rows = frame["row"].to_numpy()
    return frame[slice(*rows.searchsorted([row, row + 1]).tolist())]


def _of_part(issues: pl.DataFrame, part: int) -> pl.DataFrame:
    """`issues`, which are in this part of the input."""
    return issues.with_columns(part=pl.lit(part, pl.UInt16)) if part else issues


def _names(survey: Survey) -> tuple[list[str] | str, Dialect]:
    """What a part's header says, in whatever quotes; a broken one is compared as it stands."""
    assert survey.header is not None
    header = survey.header
    return header.text if header.faults.height else header.cells, survey.dialect


def _are_alike(one: Survey, other: Survey) -> bool:
    """Whether blocks with these surveys have the same columns and stand in one part."""
    return one.part == other.part and (one.header is None) == (other.header is None)


def _without_bytes(records: pl.DataFrame) -> pl.DataFrame:
    """Offsets in a transcoded stream are none in the input."""
    return records.with_columns(byte=pl.lit(None, pl.Int64))
