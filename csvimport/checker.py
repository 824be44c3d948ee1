"""Runs the checks: over the file's facts, its header, and each block of its records."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

import csvimport.checks  # noqa: F401  (registers every check)
from csvimport.block import Block
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
from csvimport.identity import NOTHING_REPEATED, Identities
from csvimport.issue import Severity
from csvimport.lines import Flags
from csvimport.redaction import masked_text
from csvimport.scanner import Header
from csvimport.words import FOUND, Explained, Words

_NOWHERE = (None, None, None)
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


@dataclass(frozen=True, slots=True)
class RowFlag:
    """A flag of the row rule `rule`; or, with a `position`, of a cell rule in that column.

    A `mute` one has no words, but keeps what comes later from the cell.
    """

    rule: str
    flag: Flag
    position: int | None = None
    mute: bool = False

    @property
    def gate(self) -> pl.Expr:
        """What every row is asked; the mask then only where that holds."""
        return self.flag.mask if self.flag.where is None else self.flag.where

    def behind(self, gate: pl.Expr) -> pl.Expr:
        """The whole condition where that of the gate is known."""
        return gate if self.flag.where is None else gate & _bool(self.flag.mask)


@dataclass
class Checker:
    """Checks one file. `columns` is None where the header is broken; `headers` are as shown."""

    words: Words
    columns: Columns | None
    headers: list[str]
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
            return in_order(pl.collect_all(self._faults(header.faults)))
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

        Of the plain ones it keeps those that repeat one.
        """
        found, plain = block.found, block.plain
        if self.columns is None:
            return replace(block, plain=None)
        identities = self._identities
        read = found.cells(identities.all_positions)
        sound = None if read is None else identities.named(read)
        if not plain:
            repeated = identities.repeated(sound)
        else:
            repeated = identities.repeated(sound, plain.cells, plain.rows)
            if repeated.height:
                again = np.isin(plain.rows, repeated["row"].to_numpy())
                found = found.and_sound(plain.as_sound(again))
        return replace(block, plain=None, found=found, repeated=(repeated,))

    def block(self, block: Block) -> pl.DataFrame:
        """The issues of an identified block's records."""
        blanks = block.blanks.with_columns(fault=pl.lit("blank-row"))
        issues = pl.collect_all([*self._faults(block.faults), *self._faults(blanks)])
        if self.columns is not None and block.sound.height:
            issues += self._rows(block, self._told_apart(block))
        return self.words.released(in_order(issues))

    def _told_apart(self, block: Block) -> pl.DataFrame:
        """The sound records of `block`, with what compares them with earlier ones."""
        repeated = pl.concat([NOTHING_REPEATED, *block.repeated])
        named = self._identities.named(block.sound)
        told = named.select("row").join(repeated, on="row", how="left", maintain_order="left")
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
        return flags + [
            RowFlag(
                rule,
                check.decide(column, self.columns),
                column.position,
                mute=rule in column.habits or not wants(rule),
            )
            for column in self.columns.all
            for rule in rules
            if (check := cell_check.checks[rule]).on(column) and (wants(rule) or check.claims)
        ]

    @cached_property
    def _flags_by_column(self) -> dict[int, list[RowFlag]]:
        by_column: dict[int, list[RowFlag]] = {}
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
                issues.append(self.words.say(rule, flag, rows, self.headers))
        return issues

    def _rows(self, block: Block, frame: pl.DataFrame) -> list[pl.DataFrame]:
        """One pass over all rows; then, of the few that it lets through, which are flagged."""
        flags = self._possible(block)
        gates = {id(each.gate): each.gate for each in flags}
        passed = frame.select(_bool(gate).alias(str(key)) for key, gate in gates.items())
        found = passed.select(pl.all().any()).row(0, named=True) if gates else {}
        flags = [each for each in flags if found[str(id(each.gate))]]
        if not flags:
            return []
        names = sorted({str(id(each.gate)) for each in flags})
        some = passed.select(pl.any_horizontal(names)).to_series()
        passed, few = passed.filter(some), frame.filter(some)
        masks = few.hstack(passed.select(names)).select(
            each.behind(pl.col(str(id(each.gate)))).alias(str(index))
            for index, each in enumerate(flags)
        )
        return self._said(block, few, flags, [mask.to_numpy() for mask in masks.iter_columns()])

    def _possible(self, block: Block) -> list[RowFlag]:
        """The flags that can apply somewhere in `block`."""
        answers: dict[Callable[..., bool], bool] = {}
        flags = []
        for each in self._flags:
            if (possible := each.flag.possible) is not None:
                if possible not in answers:
                    answers[possible] = possible(block.text)
                if not answers[possible]:
                    continue
            flags.append(each)
        return flags

    def _said(
        self, block: Block, rows: pl.DataFrame, flags: list[RowFlag], masks: list[Flags]
    ) -> list[pl.DataFrame]:
        """The issues of `rows`, of which each of `flags` holds where its mask does."""
        flagged: list[tuple[RowFlag, pl.LazyFrame]] = []
        taken: dict[int, Flags] = {}
        on_purpose: Flags | None = None
        for each, mask in zip(flags, masks, strict=True):
            if not mask.any():
                continue
            if each.position is not None:
                free = ~taken.get(each.position, np.zeros(rows.height, np.bool_))
                mask = mask & free  # noqa: PLW2901
                if each.flag.unquoted:
                    if on_purpose is None:
                        on_purpose = block.quoted_on_purpose(rows)
                    mask &= ~on_purpose[:, each.position]  # noqa: PLW2901
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
        found = (
            self.words.found(each.flag, rows, each.position)
            for each, rows in map(flagged.__getitem__, suggesting)
        )
        told = {
            index: self._told(flagged[index][0], frame)
            for index, frame in zip(suggesting, pl.collect_all(found), strict=True)
        }
        mended = [index for index, it in told.items() if it["suggestion"].count()]
        asked = [
            *(
                self.words.say(it.rule, it.flag, rows, self.headers, it.position, told.get(index))
                for index, (it, rows) in enumerate(flagged)
            ),
            *(self._wrong(*flagged[index], told[index]["suggestion"]) for index in mended),
        ]
        answers = pl.collect_all(asked)
        issues = answers[: len(flagged)]
        for index, wrong in zip(mended, answers[len(flagged) :], strict=True):
            issues[index] = self.words.without_suggestions(issues[index], wrong.to_series())
        return issues

    def _told(self, each: RowFlag, found: pl.DataFrame) -> pl.DataFrame:
        """What was `found` of a flag's rows, with what explains it."""
        if not each.flag.explain or each.position is None:
            return found
        new = Explained(each.flag.explain, redact=self.words.options.redact)
        return self._explained.setdefault((each.rule, each.position), new).about(found)

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
