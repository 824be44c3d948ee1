"""Runs the checks: over the file's facts, its header, and each block of its records."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import msgspec
import numpy as np
import polars as pl
from msgspec.structs import replace

import csvimport.checks  # noqa: F401  (registers every check)
from csvimport.automaton import CellAutomata
from csvimport.block import MANY, Block
from csvimport.checks import CELL_ORDER
from csvimport.checks.registry import (
    File,
    Flag,
    Found,
    all_checks,
    cell_check,
    fault_check,
    file_check,
    header_check,
    row_check,
)
from csvimport.columns import Columns, percent
from csvimport.forms import HABITS
from csvimport.identity import NOTHING_REPEATED, Identities, as_frame
from csvimport.issue import Severity
from csvimport.lines import LONGEST_CELL, Flags
from csvimport.plain import NO_PATTERNS, Patterns
from csvimport.redaction import masked_text
from csvimport.scanner import Header
from csvimport.words import FOUND, Explained, Words, tells

_NOWHERE = (None, None, None)
_CELL = re.compile("c[0-9]+")
#: Rules that a broken header leaves in force beside the file rules.
_WIDTHS = ("too-few-cells", "too-many-cells")
#: Rules on what stands before the rows.
_OF_THE_START = ("separator-line", "lines-before-header", "wrong-delimiter", "cr-line-endings")


def in_order(issues: list[pl.DataFrame]) -> pl.DataFrame:
    """Issues by row; within a row those without a column first, then by column, then by rule."""
    if not issues:
        return pl.DataFrame(schema=FOUND)
    return pl.concat(issues).sort(
        "row", "position", "wording", nulls_last=False, maintain_order=True
    )


def _bool(mask: pl.Expr) -> pl.Expr:
    """`mask`, where what is not known does not hold."""
    return mask.fill_null(False)


def _columns(masks: Iterable[pl.Expr]) -> set[int]:
    """The positions of the cells that these look at."""
    return {int(name[1:]) for name in _names(masks) if _CELL.fullmatch(name)}


def _names(masks: Iterable[pl.Expr]) -> set[str]:
    """The columns of a frame that these look at."""
    return {name for mask in masks for name in mask.meta.root_names()}


class RowFlag(msgspec.Struct, frozen=True, dict=True):
    """A flag of the row rule `rule`; or, with a `position`, of a cell rule in that column.

    A `mute` one has no words, but keeps what comes later from the cell.
    """

    rule: str
    flag: Flag
    position: int | None = None
    mute: bool = False
    asked: int | None = None
    """The column in which a plain cell says that the flag does not hold; None where none does."""

    @property
    def looks_aside(self) -> bool:
        """Whether other cells decide, too."""
        return not _names([self.gate, self.flag.mask]) <= {f"c{self.position}"}

    @cached_property
    def asks(self) -> set[int]:
        """The columns that decide."""
        return _columns([self.gate, self.flag.mask]) | self._own

    @cached_property
    def says(self) -> set[int]:
        """The columns that what there is to say is about."""
        given = (getattr(self.flag, each) for each in self.flag.__struct_fields__)
        every = (*given, *self.flag.facts.values())
        return _columns([each for each in every if isinstance(each, pl.Expr)]) | self._own

    @cached_property
    def tells(self) -> list[pl.Expr]:
        """What there is to tell of rows for which it holds."""
        return tells(self.flag, self.position)

    @property
    def _own(self) -> set[int]:
        return set() if self.position is None else {self.position}

    @property
    def gate(self) -> pl.Expr:
        """What every row is asked; the mask then only where that holds."""
        return self.flag.mask if self.flag.where is None else self.flag.where

    def behind(self, gate: pl.Expr) -> pl.Expr:
        """The whole condition where that of the gate is known."""
        return gate if self.flag.where is None else gate & _bool(self.flag.mask)


def _settled(flags: list[RowFlag]) -> list[RowFlag]:
    """The `flags` of a column, with those that a plain cell settles.

    Of a plain record no flag has anything to say; so what looks at this cell alone says nothing of
    a plain one, or is mute. What is mute is needed as long as there is one behind that it silences,
    and a gate is the same for all that share it.
    """
    aside = [index for index, each in enumerate(flags) if each.looks_aside]
    first = aside[-1] + 1 if aside else 0
    shared = {id(each.gate) for each in flags[:first]}
    return [
        each if index < first or id(each.gate) in shared else replace(each, asked=each.position)
        for index, each in enumerate(flags)
    ]


def _collected(frames: Iterable[pl.LazyFrame]) -> list[pl.DataFrame]:
    """What these come to. They are small: to make streams of them takes as long again."""
    return pl.collect_all(frames, engine="in-memory")


def _where(frame: pl.DataFrame, asked: Sequence[tuple[Flags, list[pl.Expr]]]) -> list[list[Flags]]:
    """Where masks hold: of each pair, of these rows of `frame`. All are asked at once."""
    questions = []
    for rows, masks in asked:
        named = [_bool(mask).alias(str(index)) for index, mask in enumerate(masks)]
        these = frame.lazy()
        if not rows.all():
            these = these.select(sorted(_names(masks)) or frame.columns[:1]).filter(pl.Series(rows))
        questions.append(these.select(named))
    answers = []
    for (rows, _), found in zip(asked, _collected(questions), strict=True):
        held = np.zeros((found.width, len(rows)), np.bool_)
        for mask, holds in zip(held, found.iter_columns(), strict=True):
            mask[rows] = holds.to_numpy()
        answers.append(list(held))
    return answers


def _holding(
    rows: pl.DataFrame, flags: list[RowFlag], asked: dict[int | None, Flags]
) -> list[tuple[RowFlag, Flags]]:
    """Those of `flags` that hold for any of `rows`, and for which; asked where that is `asked`.

    Of each the gate comes first, of all at once; then what is behind those that are open.
    """
    gates: dict[int | None, dict[int, pl.Expr]] = {}
    for each in flags:
        gates.setdefault(each.asked, {})[id(each.gate)] = each.gate
    answers = _where(rows, [(asked[place], [*exprs.values()]) for place, exprs in gates.items()])
    opened = {
        gate: mask
        for exprs, masks in zip(gates.values(), answers, strict=True)
        for gate, mask in zip(exprs, masks, strict=True)
        if mask.any()
    }
    possible = [each for each in flags if id(each.gate) in opened]
    behind: dict[int, list[RowFlag]] = {}
    for each in possible:
        if each.flag.where is not None:
            behind.setdefault(id(each.gate), []).append(each)
    answers = _where(
        rows,
        [(opened[gate], [each.flag.mask for each in some]) for gate, some in behind.items()],
    )
    held = {
        id(each): mask
        for some, masks in zip(behind.values(), answers, strict=True)
        for each, mask in zip(some, masks, strict=True)
    }
    found = ((each, held.get(id(each), opened[id(each.gate)])) for each in possible)
    return [(each, mask) for each, mask in found if mask.any()]


@dataclass
class Checker:
    """Checks one file. `columns` is None where the header is broken; `headers` are as shown.

    `patterns` are the expressions for records, and for cells in their columns, of which no rule has
    anything to say, if they are known.
    """

    words: Words
    columns: Columns | None
    headers: list[str]
    patterns: Patterns = NO_PATTERNS
    columns_read: list[int] = field(default_factory=list)
    """The columns whose cells were read last."""
    _explained: dict[tuple[str, int], Explained] = field(default_factory=dict)

    def file(self, file: File) -> pl.DataFrame:
        """The issues of the file as a whole."""
        issues = []
        for rule, check in file_check.checks.items():
            if self.words.wants(rule) and (found := check.decide(file)):
                found = replace(found, value=self._masked(found.value))
                issues.append(self.words.say_found(rule, [found], _NOWHERE, self.headers))
        return in_order(issues)

    def header(self, header: Header) -> pl.DataFrame:
        """The issues of the header: at most one a cell, beside those of the header as such."""
        if self.columns is None:
            return in_order(_collected(self._faults(header.faults)))
        place = (header.row, header.line, header.byte)
        taken: set[int] = set()
        issues = []
        for rule, check in header_check.checks.items():
            if not self.words.wants(rule):
                continue
            found = [
                each
                for each in check.decide(self.columns)
                if each.column is None or each.column.position not in taken
            ]
            if not found:
                continue
            taken.update(each.column.position for each in found if each.column)
            if self.hides_header:
                found = [self._without_names(each) for each in found]
            issues.append(self.words.say_found(rule, found, place, self.headers))
            if rule == "missing-header":
                break
        return in_order(issues)

    def habits(self, header: Header, issues: pl.DataFrame) -> pl.DataFrame:
        """What whole columns do wrong, where the header has no other of its `issues`."""
        place = (header.row, header.line, header.byte)
        taken = set(issues["position"])
        wordings = self.words.wordings
        if "missing-header" in {wordings[index].rule for index in issues["wording"]}:
            return in_order([])
        said = [
            self.words.say_found(rule, [found], place, self.headers)
            for rule, found in self._habits()
            if found.column and found.column.position not in taken
        ]
        return in_order(said)

    def _habits(self) -> Iterator[tuple[str, Found]]:
        """The first habit of each column, in the order of the rules within a cell."""
        for column in self.columns.all if self.columns else ():
            for rule in filter(self.words.wants, CELL_ORDER):
                if habit := column.habits.get(rule):
                    facts = {"share": percent(habit.share)}
                    example = self._masked(habit.example)
                    yield rule, Found(column, example, variant="column", facts=facts)
                    break
                if rule == "mixed-types" and column.shares:
                    facts = {"shares": column.shares}
                    yield rule, Found(column, variant="column", facts=facts)
                    break

    def identified(self, block: Block) -> Block:
        """`block`, which must come in order, with what compares its records with earlier ones.

        Of the plain ones it keeps those that repeat one. If it was made before anybody knew which
        these are, they are found now.
        """
        found, plain = block.found, block.plain
        if self.columns is None:
            return replace(block, plain=None)
        repeated = self._identities.repeated(plain, found)
        if plain and repeated.size:
            found = found.and_sound(plain.as_sound(repeated[0]))
        pattern = self.patterns.record
        is_asked = plain is None or plain.window.pattern is not None
        if pattern and not is_asked and len(found) < MANY:  # of more, hardly any are plain
            again = np.isin(found.raw["sound"].place[0], repeated[0])
            found = found.without(found.matching(pattern) & ~again)
        return replace(block, plain=None, found=found, repeated=repeated)

    def block(self, block: Block) -> pl.DataFrame:
        """The issues of an identified block's records."""
        blanks = block.blanks.with_columns(fault=pl.lit("blank-row"))
        issues = _collected([*self._faults(block.faults), *self._faults(blanks)])
        if self.columns is not None and block.found.width is not None:  # behind a part's header
            issues += self._rows(block)
        return self.words.released(in_order(issues))

    def _told_apart(self, block: Block, positions: Sequence[int]) -> pl.DataFrame:
        """The sound records of `block`, with what compares them with earlier ones.

        Of their cells, those in the columns `positions`.
        """
        named = self._identities.named(block.sound_with(positions))
        told = as_frame(NOTHING_REPEATED if block.repeated is None else block.repeated)
        told = named.select("row").join(told, on="row", how="left", maintain_order="left")
        return named.hstack(told.drop("row"))

    def incomplete_rules(
        self, files: Sequence[File], *, sampled: bool, size_known: bool, broken_header: bool
    ) -> list[str]:
        """The rules that did not get to see all that they decide on, by name."""
        names = set()
        if not all(file.complete for file in files):
            names |= {check.rule for check in all_checks() if check.cross_row}
            if not size_known:
                names |= {"file-too-large", "file-near-limit"}
            if not sampled:
                names |= {*HABITS, "mixed-types"}
            if not all(file.survey.header for file in files):
                names |= {*header_check.checks, *_OF_THE_START, "empty-file"}
            if not all(file.rows for file in files):
                names |= {"no-data-rows", "header-line-ending-differs"}
        if broken_header:
            unaffected = {*file_check.checks, *fault_check.checks} - set(_WIDTHS)
            names |= set(self.words.book) - unaffected
        return sorted(filter(self.words.wants, names))

    @cached_property
    def hides_header(self) -> bool:
        """Whether the header is masked like a row: without a known name it may be one."""
        if not self.words.options.redact:
            return False
        return self.columns is None or not any(column.known for column in self.columns.all)

    def _without_names(self, found: Found) -> Found:
        """`found` without anything that the header says."""
        names = self.columns.names() if self.columns else ()
        facts = {
            key: masked_text(str(fact)) if any(str(fact) in name for name in names) else fact
            for key, fact in found.facts.items()
        }
        value, suggestion = self._masked(found.value), self._masked(found.suggestion)
        return replace(found, value=value, suggestion=suggestion, facts=facts)

    def _masked(self, text: str | None) -> str | None:
        return masked_text(text) if text is not None and self.words.options.redact else text

    @cached_property
    def _identities(self) -> Identities:
        assert self.columns is not None
        return Identities(self.columns)

    @cached_property
    def _flags(self) -> list[RowFlag]:
        """Of rows, then of cells: by column, errors first, then in the order within a cell."""
        assert self.columns is not None
        book, wants = self.words.book, self.words.wants
        flags = [
            RowFlag(rule, flag)
            for rule, check in row_check.checks.items()
            if wants(rule) and (flag := check.decide(self.columns))
        ]
        rules = sorted(CELL_ORDER, key=lambda rule: book[rule].severity != Severity.ERROR)
        for column in self.columns.all:
            of_column = [
                RowFlag(
                    rule,
                    check.decide(column, self.columns),
                    column.position,
                    mute=rule in column.habits or not wants(rule),
                )
                for rule in rules
                if (check := cell_check.checks[rule]).on(column) and (wants(rule) or check.claims)
            ]
            flags += _settled(of_column) if self.patterns.cells else of_column
        return flags

    @cached_property
    def _flags_by_column(self) -> dict[int | None, list[RowFlag]]:
        by_column: dict[int | None, list[RowFlag]] = {}
        for each in self._flags:
            if each.position is not None and not each.mute:
                by_column.setdefault(each.position, []).append(each)
        return by_column

    def _faults(self, faults: pl.DataFrame) -> list[pl.LazyFrame]:
        issues = []
        for rule in faults["fault"].unique(maintain_order=True) if faults.height else ():
            if self.words.wants(rule):
                flag = fault_check.checks[rule].decide(self.columns)
                rows = faults.lazy().filter(flag.mask)
                told = rows.select(tells(flag))
                issues.append(self.words.say(rule, flag, rows, told, self.headers))
        return issues

    def _rows(self, block: Block) -> list[pl.DataFrame]:
        """The issues of the sound records. Of their cells, no more are read than that takes."""
        asked = self._asked(block)
        flags = self._possible(block, [each for each in self._flags if asked[each.asked].any()])
        read = {*self._identities.all_positions}
        if self.patterns.cells:
            read.update(*(each.asks for each in flags))
        else:
            read.update(range(len(self.headers)))
        rows = self._told_apart(block, sorted(read))
        found = _holding(rows, flags, asked)
        if not found:
            return []
        said = self._said_about(each for each, _ in found)
        if more := sorted(said - read):
            cells = (f"c{position}" for position in more)
            rows = rows.hstack(block.sound_with(more).select(cells))
        self.columns_read = sorted(read | said)
        some = np.logical_or.reduce([mask for _, mask in found])
        if not some.all():
            rows = rows.filter(pl.Series(some))
            found = [(each, mask[some]) for each, mask in found]
        return self._said(block, rows, found)

    def _said_about(self, flags: Iterable[RowFlag]) -> set[int]:
        """The columns that it takes to say what `flags` have to say, and to vet it."""
        said: set[int] = set()
        for each in flags:
            others = self._flags_by_column.get(each.position, ())
            said.update(each.says, *(other.asks for other in others))
        return said

    def _asked(self, block: Block) -> dict[int | None, Flags]:
        """Of which records flags are asked: all; or those whose cell in a column is not plain."""
        frame = block.sound_with([])
        every = np.ones(frame.height, np.bool_)
        places = frame["start"].to_numpy(), frame["end"].to_numpy()
        plain = self._plain_cells.matching(
            block.text, *places, block.dialect.delimiter, LONGEST_CELL
        )
        width = len(self.headers)
        by_column = [every] * width if plain is None else list(~plain)
        return {None: every, **dict(enumerate(by_column))}

    @cached_property
    def _plain_cells(self) -> CellAutomata:
        return CellAutomata(self.patterns.cells)

    def _possible(self, block: Block, flags: list[RowFlag]) -> list[RowFlag]:
        """Those of `flags` that can apply somewhere in `block`."""
        answers: dict[Callable[..., bool], bool] = {}
        possible = []
        for each in flags:
            if (asked := each.flag.possible) is not None:
                if asked not in answers:
                    answers[asked] = asked(block.text)
                if not answers[asked]:
                    continue
            possible.append(each)
        return possible

    def _said(
        self, block: Block, rows: pl.DataFrame, found: list[tuple[RowFlag, Flags]]
    ) -> list[pl.DataFrame]:
        """The issues of `rows`: `found` are flags, and where they hold."""
        flagged: list[tuple[RowFlag, pl.LazyFrame]] = []
        taken: dict[int, Flags] = {}
        for each, mask in found:
            if each.position is not None:
                free = ~taken.get(each.position, np.zeros(rows.height, np.bool_))
                mask = mask & free  # noqa: PLW2901
                if each.flag.unquoted and mask.any():
                    some = np.flatnonzero(mask)
                    these = rows.select("start", "end", f"c{each.position}")[some]
                    mask[some] = ~block.quoted_on_purpose(these)[:, each.position]
                taken[each.position] = mask | ~free
            if mask.any() and not each.mute:
                flagged.append((each, rows.lazy().filter(pl.Series(mask))))
        return self._in_words(flagged)

    def _in_words(self, flagged: Sequence[tuple[RowFlag, pl.LazyFrame]]) -> list[pl.DataFrame]:
        """The issues of rows for all of which a flag holds.

        Suggestions that would be an issue in their turn are left out. Flags are many, and mostly
        there are few rows to each: polars is asked for those of all of them at once.
        """
        suggesting = [
            index
            for index, (each, _) in enumerate(flagged)
            if each.flag.explain or each.flag.suggestion is not None
        ]
        found = (rows.select(each.tells) for each, rows in map(flagged.__getitem__, suggesting))
        told = dict(zip(suggesting, _collected(found), strict=True))
        told |= self._told({index: (flagged[index][0], frame) for index, frame in told.items()})
        mended = [index for index, it in told.items() if it["suggestion"].count()]
        asked = [
            *(
                self._issues(each, rows, told.get(index))
                for index, (each, rows) in enumerate(flagged)
            ),
            *(self._wrong(*flagged[index], told[index]["suggestion"]) for index in mended),
        ]
        answers = _collected(asked)
        issues = answers[: len(flagged)]
        for index, wrong in zip(mended, answers[len(flagged) :], strict=True):
            issues[index] = self.words.without_suggestions(issues[index], wrong.to_series())
        return issues

    def _issues(self, each: RowFlag, rows: pl.LazyFrame, told: pl.DataFrame | None) -> pl.LazyFrame:
        """The issues of rows for which a flag holds, and of which that may be `told` already."""
        found = rows.select(each.tells) if told is None else told
        return self.words.say(each.rule, each.flag, rows, found, self.headers)

    def _told(self, found: dict[int, tuple[RowFlag, pl.DataFrame]]) -> dict[int, pl.DataFrame]:
        """What was `found` of the rows of flags that explain it, with what does."""
        explained = {
            index: (self._explained_of(each), frame)
            for index, (each, frame) in found.items()
            if each.flag.explain and each.position is not None
        }
        inputs = _collected(it.unknown(frame) for it, frame in explained.values())
        for (it, _), unknown in zip(explained.values(), inputs, strict=True):
            it.learn(unknown)
        told = _collected(it.about(frame) for it, frame in explained.values())
        return dict(zip(explained, told, strict=True))

    def _explained_of(self, each: RowFlag) -> Explained:
        assert each.flag.explain is not None
        assert each.position is not None
        new = Explained(each.flag.explain, redact=self.words.options.redact)
        return self._explained.setdefault((each.rule, each.position), new)

    def _wrong(self, each: RowFlag, rows: pl.LazyFrame, suggestion: pl.Series) -> pl.LazyFrame:
        """Whether each suggestion for the cells that are flagged would be an issue in its turn."""
        assert each.position is not None
        mended = rows.with_columns(
            pl.coalesce(pl.lit(suggestion), pl.lit("")).alias(f"c{each.position}")
        )
        return mended.select(
            pl.any_horizontal(
                other.behind(_bool(other.gate)) for other in self._flags_by_column[each.position]
            )
        )
