"""How a rule decides: functions registered under the rule's name, in the order of the catalogue.

Four shapes, one a scope. A *file* check looks at the facts of the whole file, a *fault* check at
the broken records that the scanner found, a *header* check at the columns. A *row* or *cell*
check is a **mask**, a polars expression over a block that says where the rule applies; what it
costs is nanoseconds a cell. Its facts are expressions too, evaluated only where the mask holds;
what only slow code can say is its **explanation**, asked only for distinct values. In what order
the checks of a cell are asked, `csvimport.checks` says.

`facts` names everything, beside the value and the column, that the rule's message may mention.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec
import polars as pl

from csvimport.columns import Column, Columns
from csvimport.scanner import Survey


class Found(msgspec.Struct, frozen=True):
    """A finding about the file or its header; `column` is None for the file or header as such."""

    column: Column | None = None
    value: str | None = None
    suggestion: str | None = None
    variant: str | None = None
    facts: Mapping[str, str | int] = msgspec.field(default_factory=dict)


class File(msgspec.Struct, frozen=True):
    """What is known of a file once it has been read, as far as it was."""

    survey: Survey
    columns: Columns | None
    size: int
    """Bytes, decompressed: of the whole file where that is known, else those read."""
    size_limit: float
    """In megabytes."""
    rows: int
    blank_rows: int
    complete: bool
    """Whether all of the file was read."""


class Explanation(msgspec.Struct, frozen=True):
    """What slow code has to say about a value. The variant's message may mention the facts."""

    suggestion: str | None = None
    variant: str | None = None
    facts: Mapping[str, str] = msgspec.field(default_factory=dict)


class Flag(msgspec.Struct, frozen=True):
    """Where a row or cell rule applies, and what there is to say; expressions over a block.

    `value` and `column` (a position in the file) are a cell rule's own cell unless given.
    """

    mask: pl.Expr
    where: pl.Expr | None = None
    """What the mask implies and is cheaper: the mask is evaluated only on the rows where it holds.
    Flags that share one (the same object) cost one."""
    possible: Callable[[bytes], bool] | None = None
    """Whether the bytes of a block can hold such a cell at all."""
    unquoted: bool = False
    """Whether a cell in quotes that it does not need is a string on purpose, and not meant."""
    value: pl.Expr | None = None
    column: pl.Expr | None = None
    suggestion: pl.Expr | None = None
    variant: pl.Expr | None = None
    facts: Mapping[str, pl.Expr] = msgspec.field(default_factory=dict)
    own_words: frozenset[str] = frozenset()
    """The facts that are words of this tool's own, though cells decide which. Any other text that
    comes from cells is masked where these are."""
    explain: Callable[[str, str | None], Explanation] | None = None
    """Of a value and what is `given` beside it; instead of `suggestion` and `variant`."""
    given: pl.Expr | None = None


FileFunction = Callable[[File], Found | None]
FaultFunction = Callable[[Columns | None], Flag]
HeaderFunction = Callable[[Columns], Iterable[Found]]
RowFunction = Callable[[Columns], Flag | None]
CellFunction = Callable[[Column, Columns], Flag]
F = TypeVar("F")


class Check(msgspec.Struct, Generic[F], frozen=True):
    """A rule's decision. `on` says which columns a cell check looks at.

    `cross_row`: it compares rows. `claims`: no other rule looks at its cells, even if it itself is
    ignored.
    """

    rule: str
    facts: frozenset[str]
    decide: F
    on: Callable[[Column], bool] = lambda _: True
    cross_row: bool = False
    claims: bool = False


class Registry(msgspec.Struct, Generic[F], frozen=True):
    """The checks of one scope by their rules' names, in the catalogue's order."""

    checks: dict[str, Check[F]] = msgspec.field(default_factory=dict)

    def __call__(
        self,
        rule: str,
        *facts: str,
        on: Callable[[Column], bool] = lambda _: True,
        cross_row: bool = False,
        claims: bool = False,
    ) -> Callable[[F], F]:
        """Register the decorated function as the decision of `rule`."""

        def register(decide: F) -> F:
            assert rule not in self.checks, f"`{rule}` has a check already"
            self.checks[rule] = Check(rule, frozenset(facts), decide, on, cross_row, claims)
            return decide

        return register


file_check: Registry[FileFunction] = Registry()
fault_check: Registry[FaultFunction] = Registry()
header_check: Registry[HeaderFunction] = Registry()
row_check: Registry[RowFunction] = Registry()
cell_check: Registry[CellFunction] = Registry()


def all_checks() -> Iterator[Check[Any]]:
    """Every registered check."""
    for registry in (file_check, fault_check, header_check, row_check, cell_check):
        yield from registry.checks.values()
