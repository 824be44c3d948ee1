"""The one loop: source, encoding, scanner, checks, spill; and what it all comes to."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import polars as pl

from csvimport.block import Block, cell_names
from csvimport.checker import Checker
from csvimport.checks.registry import File
from csvimport.columns import Columns, columns_of
from csvimport.dialect import CR
from csvimport.encoding import Encoding, NotUtf8, Utf8Stream, sniff
from csvimport.issue import Issue, Severity, cut
from csvimport.options import Options
from csvimport.result import Example, Result, Verdict, public
from csvimport.rulebook import rulebook
from csvimport.scanner import Header, Scanner
from csvimport.source import Source
from csvimport.spill import Chunk, Snapshot, Spill
from csvimport.words import Words

#: Megabytes (MB and MiB alike) that an import takes.
SIZE_LIMITS = {"attributes": 500.0, "events": 50.0}
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
        self.encoding = encoding
        self.scanner = Scanner(
            Utf8Stream(encoding, self.source.open),
            block_size=self.options.block_size,
            max_record=self.options.max_record,
        )
        self.columns: Columns | None = None
        self.kind, self.kind_reason = "attributes", "found no header"
        self.headers: list[str] = []
        self.checker = Checker(self.words, None, [])
        self.before_header, self.after_header = Spill(), Spill()
        self.header: Header | None = None
        self.header_chunk: tuple[Chunk, ...] = ()
        self.bytes_checked = 0
        self.rows = self.blank_rows = 0
        self.rows_with_errors = self.rows_with_warnings = 0
        self.issues_by_rule: Counter[str] = Counter()
        self.examples: dict[str, Example] = {}
        self.complete = False

    @property
    def progress(self) -> Progress:
        """How far the check has come."""
        return Progress(
            self.bytes_checked, self.source.size, self.rows, self.issues_by_rule.total()
        )

    def run(self, goes_on: Callable[[], bool]) -> None:
        """Read on to the end, or until `goes_on`, which is asked after each block, says no."""
        encoding = sniff(self._head())
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
        for block in self.scanner:
            with self.lock:
                self._take_header()
                self._take(block)
            if not goes_on() and not self.scanner.finished:
                return
        with self.lock:
            self._take_header()
            self.bytes_checked = self._position()
            self.complete = True

    def _position(self) -> int:
        """How many bytes of the input have been read for the blocks so far."""
        return self.scanner.bytes_read if self.encoding.is_utf8 else self.scanner.stream.bytes_read

    def _take_header(self) -> None:
        """Take in the header as soon as it is known."""
        header = self.scanner.header
        if header is None or self.header is not None:
            return
        if not self.encoding.is_utf8:
            header = replace(header, byte=None, faults=_without_bytes(header.faults))
        self.header = header
        self.headers = header.cells
        columns = columns_of(header.cells, self.options.kind)
        self.kind, self.kind_reason = columns.kind, columns.kind_reason
        self.columns = columns if header.width is not None else None
        self.checker = Checker(self.words, self.columns, self.headers)
        issues = self.checker.header(header)
        row = {"row": header.row, "line": header.line}
        text = header.text if header.faults.height else None
        cells = dict(zip(cell_names(len(header.cells)), header.cells, strict=True))
        rows = pl.DataFrame([{**row, "text": text, **cells}], schema=self._row_schema())
        self.header_chunk = (Chunk(issues, rows),)
        at = header.faults["at"][0] if header.faults.height else None
        self._count(issues, lambda _: (header.text, at))

    def _row_schema(self) -> dict[str, pl.DataType]:
        cells = dict.fromkeys(cell_names(len(self.headers)), _TEXT)
        return {"row": pl.Int64(), "line": pl.Int64(), "text": _TEXT, **cells}

    def _take(self, block: Block) -> None:
        if not self.encoding.is_utf8:
            block = Block(
                _without_bytes(block.sound),
                _without_bytes(block.faults),
                _without_bytes(block.blanks),
                block.text,
            )
        issues = self.checker.block(block)
        rows = self._flagged(block, issues) if issues.height else None
        # nothing is counted before all is known: what computes may be interrupted
        self.rows += block.sound.height + block.faults.height
        self.blank_rows += block.blanks.height
        self.bytes_checked = self._position()
        if rows is None:
            return
        self._count(issues, lambda row: _as_it_stands(block, row))
        self._count_rows(issues)
        spill = self.before_header if self.header is None else self.after_header
        spill.append(Chunk(issues, rows))

    def _flagged(self, block: Block, issues: pl.DataFrame) -> pl.DataFrame:
        """The rows that `issues` are about, as they stand in the file."""
        schema = self._row_schema()
        flagged = issues["row"].unique()
        parts = []
        for frame in (block.sound, block.faults, block.blanks):
            some = frame.filter(pl.col("row").is_in(flagged.implode()))
            if some.height:
                missing = {
                    name: pl.lit(None, kind)
                    for name, kind in schema.items()
                    if name not in some.columns
                }
                parts.append(some.with_columns(**missing).select(*schema))
        return pl.concat(parts).sort("row")

    def _told(self, issues: pl.DataFrame) -> pl.DataFrame:
        legend = self._legend.select("wording", "rule", "severity")
        return issues.select("row", "wording").join(legend, on="wording", how="left")

    def _count(self, issues: pl.DataFrame, record: Record) -> None:
        for rule, count in self._told(issues).group_by("rule").len().iter_rows():
            self.issues_by_rule[rule] += count
            if rule not in self.examples:
                self.examples[rule] = self._example(rule, issues, record)

    def _count_rows(self, issues: pl.DataFrame) -> None:
        """Count the flagged data rows, which blank ones are not."""
        error = (pl.col("severity") == Severity.ERROR).any()
        rows = self._told(issues).filter(pl.col("rule") != "blank-row").group_by("row")
        worst = rows.agg(error=error)
        errors = int(worst["error"].sum())
        self.rows_with_errors += errors
        self.rows_with_warnings += worst.height - errors

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
        scanner = self.scanner
        size = self.bytes_checked if self.complete else self.source.size
        limit = self.options.size_limit or SIZE_LIMITS[self.kind]
        file = File(
            scanner,
            self.columns,
            self.bytes_checked if size is None else size,
            limit,
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
            bytes_checked=self.bytes_checked,
            encoding=self.encoding.name,
            bom=self.encoding.name == "utf-8" and bool(self.encoding.bom),
            line_ending=self._line_ending(),
            delimiter=scanner.dialect.delimiter.decode(),
            identifier=[column.name for column in self.columns.identifiers] if self.columns else [],
            headers=self.headers,
            columns=self._column_summary(),
            rows=self.rows if self.complete else None,
            rows_checked=self.rows,
            rows_with_errors=self.rows_with_errors,
            rows_with_warnings=self.rows_with_warnings,
            errors=errors,
            warnings=total - errors,
            issues_by_rule={rule: by_rule[rule] for rule in rules},
            incomplete_rules=self.checker.incomplete_rules(
                complete=self.complete,
                size_known=self.source.size is not None,
                broken_header=self.header is not None and self.columns is None,
            ),
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
        if self.scanner.dialect.line_end == CR:
            return "cr"
        ends = self.scanner.line_endings
        if not any(ends.counts):
            return None
        return "mixed" if ends.mixed else ("lf", "crlf")[ends.most]

    def _column_summary(self) -> list[dict[str, str | None]] | None:
        if self.columns is None:
            return None
        return [
            {"name": column.name, "role": column.role, "type": column.type}
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
