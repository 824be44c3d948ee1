"""What a caller can ask for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from csvimport.baseline import Baseline
from csvimport.encoding import require_encoding
from csvimport.errors import OptionError
from csvimport.issue import Severity
from csvimport.recovery import MAX_RECORD
from csvimport.rulebook import known_rule
from csvimport.scanner import BLOCK_SIZE
from csvimport.workspace import Workspace

#: The platform's own budget, in seconds.
TIME_BUDGET = 120.0
#: Megabytes (MB and MiB alike) that an import takes.
SIZE_LIMITS: Mapping[str, float] = {"attributes": 500.0, "events": 50.0}


@dataclass(frozen=True, slots=True)
class Options:
    """How to check a file.

    `time_budget` is in seconds, None for no limit; `size_limit` in megabytes, None for that of
    `limit`; `block_size` and `max_record` in bytes. What `workspace` ignores and changes is in
    `ignore` and `severities` too, where these do not name the same rule. `redact` masks what the
    file's cells say in all that is told of them; `encoding` is None where the bytes decide. What is
    in `baseline` is known, and left out.
    """

    kind: Literal["auto", "attributes", "events"] = "auto"
    time_budget: float | None = TIME_BUDGET
    ignore: frozenset[str] = frozenset()
    severities: Mapping[str, Severity] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    size_limit: float | None = None
    max_record: int = MAX_RECORD
    block_size: int = BLOCK_SIZE
    workspace: Workspace = field(default_factory=Workspace)
    redact: bool = False
    encoding: str | None = None
    baseline: Baseline | None = None

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
        if self.encoding is not None:
            object.__setattr__(self, "encoding", require_encoding(self.encoding))
        for rule in (*sorted(self.ignore), *self.severities):
            known_rule(rule)
        # for the command line and the library alike; the caller goes before the workspace
        ignored = self.ignore | (frozenset(self.workspace.ignore) - self.severities.keys())
        object.__setattr__(self, "ignore", ignored)
        severities = {**self.workspace.severity, **self.severities}
        object.__setattr__(self, "severities", severities)

    def limit(self, kind: str) -> float:
        """The megabytes that an import of `kind` takes."""
        if self.size_limit is not None:
            return self.size_limit
        return self.workspace.limits.get(kind, SIZE_LIMITS[kind])


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
