"""The result as a page of its own: one file that any browser shows, with no script and no network.

However many issues there are, the page stays small: it counts all of them in one pass, shows some,
and says so where it does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, BinaryIO
from unicodedata import category

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from csvimport.issue import Issue, Severity
from csvimport.report.printable import printable
from csvimport.report.telling import (
    NEW_ATTRIBUTES,
    TITLES,
    Excerpt,
    count,
    coverage,
    excerpt,
    excerpt_of,
    has_errors_as_a_whole,
    meaning,
    next_step,
    remedy,
    size,
    span_of_cell,
    total,
)
from csvimport.result import Example, Result, Verdict, public
from csvimport.rulebook import Rule, rulebook
from csvimport.spill import Chunk, Stored

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATE = "report.html.jinja"
#: The issues of a rule that are shown: of one file, and of each of several.
_MOST_EXAMPLES = 5
_MOST_EXAMPLES_OF_MANY = 2
#: Of several files so many are shown as one alone would be, and so many are listed.
_MOST_SECTIONS = 20
_MOST_LISTED = 500
#: The stretches of a file in which issues are counted.
_STRETCHES = 200
#: The cells of a row that are shown beside the marked one.
_MOST_CELLS = 8
#: Rows of no more cells are kept as they are until it is known which of them are shown.
_MOST_KEPT = 64
#: The columns, and the fields, that are shown at once, and those that can be unfolded.
_MOST_SHOWN = 15
_MOST_UNFOLDED = 300
#: In characters: cells, and names.
_LONGEST_CELL = 80
_LONGEST_NAME = 40

#: How words of a rule's name are written in a title.
_SPELLED = {"cr": "CR", "id": "ID", "iso": "ISO", "utf8": "UTF-8"}

_Counts = npt.NDArray[np.int64]


def write(results: Sequence[Result], file: BinaryIO) -> None:
    """Write the page about `results` to `file`, as UTF-8.

    The results have to have kept their rows.
    """
    template = _environment().get_template(_TEMPLATE)
    most = _MOST_EXAMPLES if len(results) == 1 else _MOST_EXAMPLES_OF_MANY
    stream = template.stream(
        results=results[:_MOST_LISTED],
        unlisted=len(results) - _MOST_LISTED,
        unshown=len(results) - _MOST_SECTIONS,
        most_sections=_MOST_SECTIONS,
        # each is made when the page has come to it: one result's counts at a time
        sections=(
            _section(result, f"file-{number}", most)
            for number, result in enumerate(results[:_MOST_SECTIONS], 1)
        ),
        total=total(results),
        titles=TITLES,
        new_attributes=NEW_ATTRIBUTES,
        shown=slice(_MOST_SHOWN),
        unfolded=slice(_MOST_SHOWN, _MOST_SHOWN + _MOST_UNFOLDED),
        most=_MOST_SHOWN + _MOST_UNFOLDED,
        version=version("csvimport"),
    )
    stream.enable_buffering(200)
    stream.dump(file, encoding="utf-8")


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        # whatever the page shows goes through this, and is escaped behind it
        finalize=_visible,
        loader=PackageLoader("csvimport", "report"),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["ascii"] = str.isascii
    environment.filters |= {
        "count": count,
        "number": "{:,}".format,
        "sentence": _sentence,
        "cell": lambda text: _cut(text or "", _LONGEST_CELL),
        "name": lambda text: _cut(text or "", _LONGEST_NAME),
        "pieces": _pieces,
        "title": _title,
        "tone": _tone,
    }
    return environment


def _visible(shown: Any) -> Any:
    """Text as it may be shown; markup of the template's own as it is."""
    return printable(shown) if isinstance(shown, str) and not hasattr(shown, "__html__") else shown


# --- A result ------------------------------------------------------------------------------------


class _Bar(msgspec.Struct, frozen=True):
    """How many errors and warnings there are in a column; None is no column's own."""

    name: str | None
    errors: int
    warnings: int

    @property
    def all(self) -> int:
        return self.errors + self.warnings


class _Lane(msgspec.Struct, frozen=True):
    """The issues of a severity along the file."""

    path: str
    """Of an SVG 1000 wide and 100 high, from its lower edge up."""
    told: str


class _Strip(msgspec.Struct, frozen=True):
    """Where in the file the issues are; in per cent, how much of it was checked."""

    lanes: dict[Severity, _Lane]
    last_row: int
    checked: float
    unchecked: str


class _Sample(msgspec.Struct, frozen=True):
    """An issue that is shown: with cells of its row, or its record as it stands in the file."""

    issue: Issue
    position: int | None
    said: list[tuple[str, bool]]
    remedy: str
    part: str | None
    cells: dict[int, "_Text"]
    """By the position of their column."""
    record: Excerpt | None


class _Group(msgspec.Struct, frozen=True):
    """A rule that has issues, and some of them."""

    rule: Rule
    severity: Severity
    is_changed: bool
    number: int
    help: str
    """What to do, unless it is said of the issue itself."""
    samples: list[_Sample]
    positions: list[int]
    """The columns whose cells are shown."""

    @property
    def unshown(self) -> int:
        return self.number - len(self.samples)

    @property
    def has_rows(self) -> bool:
        return any(sample.issue.row is not None for sample in self.samples)


class _Section(msgspec.Struct, frozen=True):
    """What the page says of one result."""

    id: str
    result: Result
    meaning: list[str]
    next: str
    faultless: int
    """The rows that nothing is said of."""
    is_barred: bool
    """Whether no row can be imported as the file is."""
    coverage: str
    strip: _Strip | None
    most: int
    """The issues of a rule that are shown."""
    groups: list[_Group]
    columns: list[_Bar]
    """Those with issues: the most first."""


def _section(result: Result, name: str, most: int) -> _Section:
    tally = _Tally(result, most)
    for chunk in result.chunks():
        tally.add(chunk)
    return _Section(
        id=name,
        result=result,
        meaning=list(meaning(result)),
        next=next_step(result),
        faultless=result.rows_checked - result.rows_with_errors - result.rows_with_warnings,
        is_barred=has_errors_as_a_whole(result),
        coverage=coverage(result),
        strip=tally.strip(),
        most=most,
        groups=tally.groups(),
        columns=tally.bars(),
    )


@dataclass
class _Tally:
    """What one pass over the issues of a result counts, and what it keeps of them."""

    result: Result
    most: int
    rules: list[str] = field(init=False)
    last_row: int = field(init=False)
    samples: dict[str, list[_Sample]] = field(init=False)
    columns: _Counts = field(init=False)
    """By severity, errors first; then by column, before which those stand that are in none."""
    places: _Counts = field(init=False)
    """By severity; then by stretch of the file."""
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)
    """The first and the last row with errors, and with warnings."""

    def __post_init__(self) -> None:
        result, legend = self.result, self.result.legend
        self.rules = list(result.issues_by_rule)
        self.samples = {rule: [] for rule in self.rules}
        # every part's header is a row, too
        self.last_row = max(result.rows_checked + result.blank_rows + len(result.parts), 1)
        self.columns = np.zeros((2, len(result.headers) + 1), np.int64)
        self.places = np.zeros((2, min(self.last_row, _STRETCHES)), np.int64)
        index = {rule: number for number, rule in enumerate(self.rules)}
        self._rule = np.array([index.get(rule, -1) for rule in legend["rule"]])
        self._lane = np.array([severity != Severity.ERROR for severity in legend["severity"]], int)
        names = set(result.identifier)
        self._identifiers = [at for at, name in enumerate(result.headers) if name in names]
        whole = [each for each in result.examples if each.of_the_whole and each.issue.row]
        self._header = whole[0] if whole else None

    def add(self, chunk: Chunk | Stored) -> None:
        issues = chunk.issues
        if not issues.height:
            return
        lane = self._lane[issues["wording"].to_numpy()]
        position = issues["position"].fill_null(-1).to_numpy() + 1
        self.columns += _counted(lane, position, self.columns.shape)
        has_row = issues["row"].is_not_null().to_numpy()
        row = issues["row"].drop_nulls().to_numpy() - 1
        width = self.places.shape[1]
        place = np.minimum(row * width // self.last_row, width - 1)
        self.places += _counted(lane[has_row], place, self.places.shape)
        for each in np.unique(lane[has_row]).tolist():
            rows = row[lane[has_row] == each] + 1
            first, last = self.spans.get(each, (self.last_row, 1))
            self.spans[each] = min(first, int(rows.min())), max(last, int(rows.max()))
        self._keep(chunk, issues)

    def _keep(self, chunk: Chunk | Stored, issues: pl.DataFrame) -> None:
        """Keep the first issues of each rule."""
        rule = self._rule[issues["wording"].to_numpy()]
        present = np.flatnonzero(np.bincount(rule, minlength=len(self.rules)))
        wanted = {index: self.most - len(self.samples[self.rules[index]]) for index in present}
        picked = [np.flatnonzero(rule == index)[:few] for index, few in wanted.items() if few]
        if not picked:
            return
        some = issues[np.sort(np.concatenate(picked))]
        rows = chunk.rows
        assert rows is not None, "the rows are kept where a report is made of them"
        of_issues = pl.col("row").is_in(some["row"].unique().implode())
        records = {record["row"]: record for record in rows.filter(of_issues).iter_rows(named=True)}
        result, helps = self.result, self.result.legend["help"]
        kept = self._kept(some)
        told = public(some, result.legend, result.headers, result.parts)
        for values, position, wording in zip(
            told.iter_rows(named=True), some["position"], some["wording"], strict=True
        ):
            issue = Issue(**(values | {"severity": Severity(values["severity"])}))
            record = records.get(issue.row, {})
            cells = {at: _cut(record.get(f"c{at}") or "", _LONGEST_CELL) for at in kept[issue.rule]}
            self.samples[issue.rule].append(
                self._sample(issue, position, helps[wording], record.get("text"), cells)
            )

    def _kept(self, some: pl.DataFrame) -> dict[str, list[int]]:
        """The columns whose cells may be shown beside each rule's issues in `some`."""
        width = len(self.result.headers)
        if width <= _MOST_KEPT:
            return {rule: list(range(width)) for rule in self.rules}
        always = [*self._identifiers, *range(_MOST_CELLS)]
        marked: dict[str, list[int]] = {rule: [] for rule in self.rules}
        for rule, position in zip(self._rule[some["wording"]], some["position"], strict=True):
            marked[self.rules[rule]] += [] if position is None else [position]
        return {rule: sorted({*always, *positions}) for rule, positions in marked.items()}

    def _sample(
        self,
        issue: Issue,
        position: int | None,
        help_: str,
        text: str | None,
        cells: dict[int, "_Text"],
    ) -> _Sample:
        first = not self.samples[issue.rule]
        record: Excerpt | None = None
        if self._header and issue.row == self._header.issue.row:
            record = self._of_header(issue, position, first=first)
        elif text is not None:
            record = self._of_broken(issue, text, first=first)
        part = issue.file if len(self.result.parts) > 1 else None
        said, to_do = _pieces(issue.message, issue), remedy(issue.suggestion, help_)
        if record or issue.row is None:
            cells = {}
        return _Sample(issue, position, said, to_do, part, cells, record)

    def _of_header(self, issue: Issue, position: int | None, *, first: bool) -> Excerpt:
        assert self._header is not None
        example = self._example(issue.rule)
        if first and example.of_the_whole and example.at is not None:
            return excerpt_of(example, self.result.delimiter)
        text = self._header.text or ""
        span = (0, 0) if position is None else span_of_cell(text, position, self.result.delimiter)
        return excerpt(text, *span)

    def _of_broken(self, issue: Issue, text: str, *, first: bool) -> Excerpt:
        if first:
            return excerpt_of(self._example(issue.rule), self.result.delimiter)
        # where the same stands there twice, nobody knows which it is
        at = text.find(issue.value) if issue.value and text.count(issue.value) == 1 else -1
        return excerpt(text, at, at + len(issue.value or "")) if at >= 0 else excerpt(text, 0, 0)

    def _example(self, rule: str) -> Example:
        return self.result.examples[self.rules.index(rule)]

    def groups(self) -> list[_Group]:
        """The rules in the result's order, with what was kept of their issues."""
        return [
            _Group(
                rulebook()[rule],
                self._example(rule).issue.severity,
                rule in self.result.changed_rules,
                self.result.issues_by_rule[rule],
                self._example(rule).help,
                samples,
                self._positions(samples),
            )
            for rule, samples in self.samples.items()
        ]

    def _positions(self, samples: list[_Sample]) -> list[int]:
        """The columns to be shown beside the marked ones: identifiers, then the first."""
        shown = [sample for sample in samples if sample.cells]
        marked = [each.position for each in shown if each.position is not None]
        wanted = dict.fromkeys([*marked, *self._identifiers, *range(len(self.result.headers))])
        return sorted(list(wanted)[:_MOST_CELLS]) if shown else []

    def bars(self) -> list[_Bar]:
        """The columns that have issues, the most first."""
        names: list[str | None] = [None, *self.result.headers]
        total_of = self.columns.sum(axis=0)
        order = np.argsort(-total_of, kind="stable")[: np.count_nonzero(total_of)]
        return [_Bar(names[i], *map(int, self.columns[:, i])) for i in order]

    def strip(self) -> _Strip | None:
        """Where the issues are; None where nothing was checked, or there is nothing to show."""
        result = self.result
        if not result.rows_checked + result.blank_rows:  # an axis would have but the header on it
            return None
        if result.complete and not self.places.any():
            return None
        share = 1.0
        if not result.complete:
            share = result.bytes_checked / result.bytes if result.bytes else 0.8
        rest = "of unknown size"
        if result.bytes is not None:
            rest = size(result.bytes - result.bytes_checked)
        high = max(int(self.places.max()), 1)
        lanes = {
            severity: _Lane(_path(counts, high), self._lane_told(severity, lane, counts))
            for lane, (severity, counts) in enumerate(zip(Severity, self.places, strict=True))
        }
        return _Strip(lanes, self.last_row, round(100 * share, 2), f"not checked: {rest}")

    def _lane_told(self, severity: Severity, lane: int, counts: _Counts) -> str:
        if lane not in self.spans:
            return f"no {severity}s in rows"
        said = f"{count(int(counts.sum()), severity)} in {_rows(*self.spans[lane])}"
        if np.count_nonzero(counts) > 1 and (most := int(counts.max())) > 1:
            fullest, width = int(counts.argmax()), len(counts)
            start, end = (-(-each * self.last_row // width) for each in (fullest, fullest + 1))
            said += f"; the most, {most:,}, in {_rows(start + 1, end)}"
        return said


def _rows(first: int, last: int) -> str:
    return f"row {first:,}" if first == last else f"rows {first:,} to {last:,}"


def _counted(lane: _Counts, place: _Counts, shape: tuple[int, ...]) -> _Counts:
    """How often each place stands in each lane."""
    numbers: _Counts = np.bincount(lane * shape[1] + place, minlength=shape[0] * shape[1])
    return numbers.reshape(shape)


def _path(counts: _Counts, high: int) -> str:
    """Bars as high as the counts, none too low to be seen, as an SVG path."""
    width = 1000 / len(counts)
    return "".join(
        f"M{place * width:.6g} 100v-{max(100 * counts[place] / high, 8):.3g}h{width:.4g}V100z"
        for place in np.flatnonzero(counts).tolist()
    )


# --- Text ----------------------------------------------------------------------------------------


class _Text(msgspec.Struct, frozen=True):
    """A text, or its start and end where it is long; `length` is then that of all of it."""

    start: str
    end: str = ""
    length: int | None = None


def _cut(text: str, longest: int) -> _Text:
    if len(text) <= longest:
        return _Text(text)
    head, tail = longest * 3 // 4, len(text) - longest // 4
    start, end = _boundary(text, head, -1), _boundary(text, tail, 1)
    return _Text(text[:start], text[end:], len(text))


def _boundary(text: str, at: int, step: int) -> int:
    """A place near `at` that does not part a letter from its marks, if they are few."""
    near = range(at, min(max(at + 8 * step, 0), len(text)), step)
    return next((place for place in near if not _is_joined(text[place - 1 : place + 1])), at)


def _is_joined(pair: str) -> bool:
    return "\u200d" in pair or category(pair[-1])[0] == "M"


def _sentence(text: str) -> str:
    """Words of this tool's own, as they stand by themselves."""
    return text[:1].upper() + text[1:] + "."


def _title(rule: str) -> str:
    """A rule's name as a title."""
    words = " ".join(_SPELLED.get(word, word) for word in rule.split("-"))
    return words[:1].upper() + words[1:]


def _tone(result: Result) -> str:
    """How the verdict looks."""
    if not result.complete:
        return "stopped"
    if result.verdict == Verdict.COMPLETE:
        return "good"
    return "bad" if result.errors else "odd"


def _pieces(text: str, issue: Issue | None = None) -> list[tuple[str, bool]]:
    """`text` in pieces: what is literal, between backticks, and what is not.

    In the message of an `issue`, backticks may be the file's own: then they stay as they are.
    """
    pieces = text.split("`")
    marks = len(pieces) - 1
    is_own = not marks % 2
    if issue:
        wordings = rulebook()[issue.rule].wordings()
        own = {words.message.count("`") for _, words in wordings}
        is_own = marks in own and "`" not in (issue.value or "")
    if not is_own:
        return [(text, False)]
    return [(piece, bool(number % 2)) for number, piece in enumerate(pieces)]
