"""What a caller can ask for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from csvimport.errors import OptionError
from csvimport.issue import Severity
from csvimport.recovery import MAX_RECORD
from csvimport.rulebook import known_rule
from csvimport.scanner import BLOCK_SIZE

#: The platform's own budget, in seconds.
TIME_BUDGET = 120.0


@dataclass(frozen=True, slots=True)
class Options:
    """How to check a file.

    `time_budget` is in seconds, None for no limit; `size_limit` in megabytes, None for the
    platform's; `block_size` and `max_record` in bytes.
    """

    kind: Literal["auto", "attributes", "events"] = "auto"
    time_budget: float | None = TIME_BUDGET
    ignore: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    size_limit: float | None = None
    max_record: int = MAX_RECORD
    block_size: int = BLOCK_SIZE

    def __post_init__(self) -> None:
        if self.kind not in ("auto", "attributes", "events"):
            raise OptionError(
                f"found kind `{self.kind}`, expected `auto`, `attributes` or `events`"
            )
        if self.time_budget is not None and not self.time_budget > 0:
            raise OptionError(
                f"found a time budget of {self.time_budget:g} s, expected more than 0"
            )
        if self.block_size < 1 or self.max_record < 1:
            raise OptionError("found a size below 1 byte, expected at least 1")
        for rule in (*self.ignore, *self.severities):
            known_rule(rule)


def changed_severities(pairs: Iterable[tuple[str, str]]) -> dict[str, Severity]:
    """Changed severities from pairs of a rule and a word."""
    changed = {}
    for rule, word in pairs:
        if word not in tuple(Severity):
            raise OptionError(
                f"found severity `{word}` for `{rule}`, expected `error` or `warning`"
            )
        changed[rule] = Severity(word)
    return changed
