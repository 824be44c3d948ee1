"""Runs the checks: over the file's facts, its header, and each block of its records."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

import csvimport.checks  # noqa: F401  (registers every check)
from csvimport.block import Block
from csvimport.checks.registry import (
    File,
    Flag,
    all_checks,
    cell_check,
    fault_check,
    file_check,
    header_check,
    row_check,
)
from csvimport.columns import Columns
from csvimport.identity import Identities
from csvimport.issue import Severity
from csvimport.scanner import Header
from csvimport.words import FOUND, Words

_NOWHERE = (None, None, None)
#: Rules that a broken header leaves in force beside the file rules.
_WIDTHS = ("too-few-cells", "too-many-cells")


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


@dataclass
class Checker:
    """Checks one file. `columns` is None where the header is broken."""

    words: Words
    columns: Columns | None
    headers: list[str]

    def file(self, file: File) -> pl.DataFrame:
        """The issues of the file as a whole."""
        issues = []
        for rule, check in file_check.checks.items():
            if self.words.wants(rule) and (found := check.decide(file)):
                issues.append(self.words.say_found(rule, [found], _NOWHERE, self.headers))
        return in_order(issues)

    def header(self, header: Header) -> pl.DataFrame:
        """The issues of the header: at most one a cell, beside those of the header as such."""
        if self.columns is None:
            return in_order(self._faults(header.faults))
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
            taken.update(each.column.position for each in found if each.column)
            issues.append(self.words.say_found(rule, found, place, self.headers))
            if found and rule == "missing-header":
                break
        return in_order(issues)

    def block(self, block: Block) -> pl.DataFrame:
        """The issues of a block's records, which must come in order."""
        issues = self._faults(block.faults)
        issues += self._faults(block.blanks.with_columns(fault=pl.lit("blank-row")))
        if self.columns is not None and block.sound.height:
            issues += self._rows(self._identities.add_to(block.sound))
        return in_order(issues)

    def incomplete_rules(
        self, *, complete: bool, size_known: bool, broken_header: bool
    ) -> list[str]:
        """The rules that did not get to see all that they decide on, by name."""
        names = set()
        if not complete:
            names |= {check.rule for check in all_checks() if check.cross_row}
            if not size_known:
                names |= {"file-too-large", "file-near-limit"}
        if broken_header:
            unaffected = {*file_check.checks, *fault_check.checks} - set(_WIDTHS)
            names |= set(self.words.book) - unaffected
        return sorted(filter(self.words.wants, names))

    @cached_property
    def _identities(self) -> Identities:
        assert self.columns is not None
        return Identities(self.columns)

    @cached_property
    def _row_flags(self) -> list[tuple[str, Flag]]:
        assert self.columns is not None
        flags = ((rule, check.decide(self.columns)) for rule, check in row_check.checks.items())
        return [(rule, flag) for rule, flag in flags if flag and self.words.wants(rule)]

    @cached_property
    def _cell_flags(self) -> list[tuple[int, str, Flag]]:
        """Column, rule, flag: by column, then errors first, then in the catalogue's order."""
        assert self.columns is not None
        book = self.words.book
        rules = sorted(cell_check.checks, key=lambda rule: book[rule].severity != Severity.ERROR)
        return [
            (column.position, rule, cell_check.checks[rule].decide(column, self.columns))
            for column in self.columns.all
            for rule in rules
            if self.words.wants(rule) and cell_check.checks[rule].on(column)
        ]

    def _faults(self, faults: pl.DataFrame) -> list[pl.DataFrame]:
        issues = []
        for rule in faults["fault"].unique(maintain_order=True) if faults.height else ():
            if self.words.wants(rule):
                flag = fault_check.checks[rule].decide(self.columns)
                issues.append(self.words.say(rule, flag, faults.filter(flag.mask), self.headers))
        return issues

    def _rows(self, frame: pl.DataFrame) -> list[pl.DataFrame]:
        """All masks in one pass; then words, only where one of them holds."""
        flags: list[tuple[int | None, str, Flag]] = [(None, *each) for each in self._row_flags]
        flags += self._cell_flags
        masks = frame.select(
            _bool(flag.mask if flag.where is None else flag.where).alias(str(index))
            for index, (_, _, flag) in enumerate(flags)
        )
        issues: list[pl.DataFrame] = []
        taken: dict[int, pl.Series] = {}
        for mask, (position, rule, flag) in zip(masks.iter_columns(), flags, strict=True):
            if flag.where is not None and mask.any():
                mask = frame.select(_bool(flag.mask)).to_series()  # noqa: PLW2901
            if not mask.any():
                continue
            if position is not None:
                free = mask & ~taken[position] if position in taken else mask
                taken[position] = mask | taken[position] if position in taken else mask
                mask = free  # noqa: PLW2901
            issues.append(self.words.say(rule, flag, frame.filter(mask), self.headers, position))
        return issues
