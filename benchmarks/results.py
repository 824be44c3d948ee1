"""What is measured, what it has to reach, and the document that tells it."""

import json
import os
import platform
import statistics
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from contenders import CONTENDERS, EVERY_FORM, FORMS, rows_found


class Target(NamedTuple):
    """At most this times the bare read, and at most this peak of memory in megabytes."""

    ratio: float
    megabytes: int


class Input(NamedTuple):
    """One that `inputs.py` writes; `share` is the part of the full size that it has."""

    about: str
    target: Target | None = None
    share: float = 1
    is_hostile: bool = False


_HOSTILE = Target(10, 500)
INPUTS = {
    "clean": Input("20 columns of attributes", Target(1.2, 350)),
    "faulty": Input("a fault in one row of a hundred, of every kind by turns", Target(1.5, 350)),
    "flagged": Input("every phone number wrong, no two of them the same", Target(6, 500)),
    "multi-line": Input("a quoted cell of two lines in every row", Target(2, 400)),
    "quoted": Input("all cells in quotation marks", Target(2, 400)),
    "events": Input("events with two properties", share=0.1),
    "narrow": Input("2 columns, rows of 16 bytes"),
    "wide": Input("2,000 columns"),
    "utf-16": Input("in UTF-16", Target(3, 400)),
    "windows-1252": Input("in Windows-1252", Target(3, 400)),
    "quote-on-every-line": Input("a quote opened on every line", _HOSTILE, is_hostile=True),
    "open-quote": Input("a quote opened on line 2, never closed", _HOSTILE, is_hostile=True),
    "long-line": Input("a header and one line", _HOSTILE, is_hostile=True),
    "mixed-line-ends": Input("CRLF and LF by turns", _HOSTILE, is_hostile=True),
    "only-delimiters": Input("lines of commas", _HOSTILE, is_hostile=True),
    "only-quotes": Input("quotation marks, no line end", _HOSTILE, is_hostile=True),
}
#: Those that all contenders are run on.
COMPARED = ["clean", "faulty"]
#: Megabytes of the file that the slow contenders are run on.
CUT = 20
#: What twice the input may take, as a ratio to once.
TWICE = 2.2
#: Bytes that an identifier may take until the end.
KEY = 16


class Case(NamedTuple):
    """A contender on an input of some megabytes."""

    contender: str
    input: str = ""
    megabytes: float = 0


HELP = Case("csvimport --help")
SMALL = Case("csvimport", "one-kilobyte", 0.001)
#: The seconds that they may take.
SMALL_TARGETS = {SMALL: 0.5, HELP: 0.2}


def bare_read(megabytes: float) -> Case:
    """What the others are measured by."""
    return Case("polars.read_csv", "clean", megabytes)


class Run(NamedTuple):
    """One process: its time, its peak of memory in bytes, and what it printed."""

    seconds: float
    peak: int
    output: str = ""


@dataclass
class Outcome:
    """The runs of a case, or why there are no more of them."""

    runs: list[Run] = field(default_factory=list)
    failure: str | None = None

    @property
    def is_measured(self) -> bool:
        return bool(self.runs) and self.failure is None

    @property
    def seconds(self) -> float:
        """The median of the runs."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def peak(self) -> int:
        """The highest of the runs."""
        return max(run.peak for run in self.runs)

    @property
    def output(self) -> str:
        return self.runs[-1].output

    def cells(self) -> tuple[str, str]:
        """Wall time and peak memory for a table."""
        if not self.is_measured:
            return (self.failure or "not run").replace("|", "\\|"), ""
        seconds = [run.seconds for run in self.runs]
        peaks = [run.peak / 1e6 for run in self.runs]
        return (
            f"{statistics.median(seconds):.2f} ({min(seconds):.2f}–{max(seconds):.2f})",
            f"{statistics.median(peaks):.0f} ({min(peaks):.0f}–{max(peaks):.0f})",
        )


@dataclass(frozen=True)
class Results:
    """All outcomes of a run in which the full size was `megabytes`."""

    megabytes: float
    outcomes: dict[Case, Outcome]
    streams: dict[float, Outcome] = field(default_factory=dict)
    """By their megabytes: one of the full size and a longer one."""

    def ratio(self, case: Case, base: Case) -> float | None:
        """How many times as long `case` took as `base`; None where one of them is not measured."""
        one, other = (self.outcomes.get(each, Outcome()) for each in (case, base))
        return one.seconds / other.seconds if one.is_measured and other.is_measured else None


# --- The document --------------------------------------------------------------------------------


_INTRODUCTION = """\
# Results of the benchmarks

`make bench` writes this anew. Every process ran once to warm up and then, in turn with the others,
{rounds} times. Wall time (seconds) and peak memory (megabytes, by the system's own account) are
medians, with minimum and maximum. A ratio is that of the median time to the bare read's, which is
`polars.read_csv(infer_schema=False)` of the clean file in the same run. Memory meets a target if
its maximum does.
"""


def markdown(results: Results) -> str:
    """The results as a document, with a section for each kind of case that was run."""
    rounds = max((len(outcome.runs) for outcome in results.outcomes.values()), default=0)
    lines = [_INTRODUCTION.format(rounds=rounds), *_machine()]
    for section in (_compared, _cut, _inputs, _twice, _forms, _small, _streams):
        lines += section(results)
    return "\n".join(lines) + "\n"


def _machine() -> Iterator[str]:
    packages = ["polars", *sorted({each.package for each in CONTENDERS.values() if each.package})]
    versions = []
    for package in packages:
        with suppress(PackageNotFoundError):
            versions.append(f"{package} {version(package)}")
    yield (
        f"{os.cpu_count()} processors, {platform.system()} on {platform.machine()}, "
        f"Python {platform.python_version()}."
    )
    yield f"{', '.join(versions)}."


def _compared(results: Results) -> Iterator[str]:
    """The contenders on the full size."""
    for name in COMPARED:
        yield from _contenders(results, name, results.megabytes)
        ours, theirs = (Case(each, name, results.megabytes) for each in ("csvimport", "duckdb"))
        if ratio := results.ratio(ours, theirs):
            yield ""
            yield f"`csvimport` to DuckDB: {ratio:.2f}; target: 1; met: {_yes(ratio <= 1)}."


def _cut(results: Results) -> Iterator[str]:
    """Those and the slow ones on less."""
    if results.megabytes > CUT:
        yield from _contenders(results, "faulty", CUT)


def _contenders(results: Results, name: str, megabytes: float) -> Iterator[str]:
    rows = []
    for contender, (misses, *_) in CONTENDERS.items():
        case = Case(contender, name, megabytes)
        if outcome := results.outcomes.get(case):
            found = f"{rows_found(outcome.output):,}" if outcome.is_measured else ""
            ratio = _times(results.ratio(case, bare_read(megabytes)))
            rows.append([f"`{contender}`", *outcome.cells(), ratio, found, misses])
    if len(rows) > 1:
        yield from ("", f"## Contenders on `{name}`, {megabytes:g} MB", "")
        yield from _table(
            "contender", "wall>", "memory>", "ratio>", "rows found>", "misses", rows=rows
        )


def _inputs(results: Results) -> Iterator[str]:
    """The tool on each input."""
    rows = []
    for name, (about, target, share, _) in INPUTS.items():
        case = Case("csvimport", name, results.megabytes * share)
        if outcome := results.outcomes.get(case):
            ratio = results.ratio(case, bare_read(results.megabytes))
            aim, met = "", ""
            if target:
                aim = f"{target.ratio:g}; {target.megabytes} MB"
                is_fast = ratio is not None and ratio <= target.ratio
                met = _yes(is_fast and outcome.peak <= target.megabytes * 1e6)
            size = f"{case.megabytes:g}"
            rows.append([f"`{name}`", about, size, *outcome.cells(), _times(ratio), aim, met])
    if rows:
        yield from ("", "## `csvimport` on every input", "")
        header = ("input", "what it is", "MB>", "wall>", "memory>", "ratio>", "target>", "met")
        yield from _table(*header, rows=rows)


def _twice(results: Results) -> Iterator[str]:
    """The tool on half of each hostile input, and on the whole."""
    rows = []
    for name in INPUTS:
        whole = Case("csvimport", name, results.megabytes)
        half = whole._replace(megabytes=results.megabytes / 2)
        if half in results.outcomes and whole in results.outcomes:
            ratio = results.ratio(whole, half)
            walls = [results.outcomes[case].cells()[0] for case in (half, whole)]
            met = _yes(ratio is not None and ratio <= TWICE)
            rows.append([f"`{name}`", *walls, _times(ratio), f"{TWICE:g}", met])
    if rows:
        yield from ("", "## Twice the input", "")
        half_size, size = (f"wall of {results.megabytes / part:g} MB>" for part in (2, 1))
        yield from _table("input", half_size, size, "ratio>", "target>", "met", rows=rows)


def _forms(results: Results) -> Iterator[str]:
    """All reports of one check, of half the rows and of all."""
    cases = [Case(EVERY_FORM, "faulty", results.megabytes / part) for part in (2, 1)]
    rows = [
        [f"{case.megabytes:g}", *outcome.cells()]
        for case in cases
        if (outcome := results.outcomes.get(case))
    ]
    if rows:
        names = ", ".join(f"`{suffix}`" for suffix in (".csv", *FORMS))
        yield from ("", "## Every form of report from one check of `faulty`", "", f"{names}.", "")
        yield from _table("MB>", "wall>", "memory>", rows=rows)


def _small(results: Results) -> Iterator[str]:
    rows = []
    for case, target in SMALL_TARGETS.items():
        if outcome := results.outcomes.get(case):
            name = "a file of 1 kB" if case == SMALL else f"`{case.contender}`"
            met = _yes(outcome.is_measured and outcome.seconds <= target)
            rows.append([name, *outcome.cells(), f"{target:g} s", met])
    if rows:
        yield from ("", "## Small things", "")
        yield from _table("process", "wall>", "memory>", "target>", "met", rows=rows)


def _streams(results: Results) -> Iterator[str]:
    """Whether a long stream takes no more memory than a short one and its further identifiers."""
    if not results.streams:
        return
    yield from (
        "",
        "## Clean rows through standard input",
        "",
        "One run each, without a warm-up.",
        "",
    )
    counts = [_rows(outcome) for outcome in results.streams.values()]
    rows = [
        [f"{megabytes:g}", f"{count:,}", *outcome.cells()]
        for (megabytes, outcome), count in zip(results.streams.items(), counts, strict=True)
    ]
    yield from _table("MB>", "rows>", "wall>", "memory>", rows=rows)
    short, long = results.streams.values()
    if short.is_measured and long.is_measured:
        more, keys = long.peak - short.peak, KEY * (counts[1] - counts[0])
        yield ""
        yield f"The long one takes {more / 1e6:.0f} MB more than the short one; its further"
        yield f"identifiers, at {KEY} bytes each, {keys / 1e6:.0f} MB. Met: {_yes(more <= keys)}."


def _rows(outcome: Outcome) -> int:
    return int(json.loads(outcome.output)["files"][0]["rows"]) if outcome.is_measured else 0


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}"


def _yes(met: bool) -> str:
    return "yes" if met else "**no**"


def _table(*header: str, rows: list[list[str]]) -> Iterator[str]:
    """The lines of a table; a column whose name ends in `>` is aligned right."""
    yield f"| {' | '.join(name.removesuffix('>') for name in header)} |"
    yield f"| {' | '.join('---:' if name.endswith('>') else '---' for name in header)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
