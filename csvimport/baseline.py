"""What an earlier run has found: its issues by rule, column and value, as often as each occurred.

A row's number says nothing here: rows move. An issue is kept as a 128-bit hash, in twenty-four
bytes, since there may be millions of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from csvimport.address import require_path
from csvimport.errors import OptionError, reason
from csvimport.hashes import Hashes
from csvimport.issue import Severity
from csvimport.lines import Flags
from csvimport.redaction import masked

_PIECE = 8 << 20
#: No issue's line is longer, in bytes.
_LONGEST_LINE = 16 << 20
_SEEDS = (1, 2)
_SCHEMA = dict.fromkeys(("file", "rule", "severity", "column", "value", "message"), pl.String())

Counts = npt.NDArray[np.int64]
NOTHING_LEFT: Counts = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The issues of `path`. Of several files, each knows those of the file of its name alone.

    Where the values are masked, masks are compared: those of an earlier run that masked them, too,
    are all that there is.
    """

    path: str
    by_file: bool
    redact: bool
    keys: Hashes
    """Of each different issue half the hash, ascending."""
    checks: Hashes
    """The other half."""
    times: Counts
    """How often it occurred."""

    def known(self, issues: pl.DataFrame, left: Counts) -> tuple[Flags, Counts]:
        """Which of `issues`, as the caller sees them, are known; and what is left of `left` then.

        Of equal issues the first are known, as many as are left.
        """
        known = np.zeros(issues.height, np.bool_)
        if not (issues.height and len(self.keys)):
            return known, left
        keys, checks = _hashes(issues, by_file=self.by_file, redact=self.redact)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        here = np.flatnonzero((self.keys[at] == keys) & (self.checks[at] == checks))
        at = at[here]
        nth = pl.DataFrame({"at": at}).select(pl.int_range(pl.len()).over("at")).to_series()
        enough = nth.to_numpy() < left[at]
        known[here[enough]] = True
        return known, left - np.bincount(at[enough], minlength=len(left))


def read(path: Path, *, by_file: bool = False, redact: bool = False) -> Baseline:
    """The issues in the JSON Lines at `path`; an OptionError that says why there are none."""
    require_path(path, OptionError)
    if "\0" in str(path):
        raise OptionError("a file name cannot hold a NUL")
    hashes = [(np.zeros(0, np.uint64),) * 2]
    try:
        for piece in _pieces(path):
            hashes.append(_hashes(_issues(piece), by_file=by_file, redact=redact))
    except OSError as error:
        raise OptionError(f"{path}: {reason(error)}") from None
    except (pl.exceptions.PolarsError, ValueError):
        raise OptionError(
            f"{path}: is no list of issues, expected the JSON Lines that `--issues` writes"
        ) from None
    keys, checks = (np.concatenate(each) for each in zip(*hashes, strict=True))
    found = pl.DataFrame({"key": keys, "check": checks}).group_by("key", "check").len("times")
    # of two with one half in common, should there ever be such, the other one is told as new
    found = found.sort("key", "check").unique("key", keep="first", maintain_order=True)
    times = found["times"].cast(pl.Int64).to_numpy()
    return Baseline(
        str(path), by_file, redact, found["key"].to_numpy(), found["check"].to_numpy(), times
    )


def _pieces(path: Path) -> Iterator[bytes]:
    """The file, some whole lines at a time."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece + file.readline(_LONGEST_LINE)


def _issues(lines: bytes) -> pl.DataFrame:
    """The issues in `lines`; an error where there is anything else."""
    if not lines.startswith(b"{"):  # polars would unpack an archive, if it is in one piece
        raise ValueError("found something else, expected an object")
    issues = pl.read_ndjson(lines, schema=_SCHEMA)
    is_one = pl.col("severity").is_in(tuple(Severity)) & pl.all_horizontal(
        pl.col("file", "rule", "message").is_not_null()
    )
    if not issues.select(is_one.fill_null(False).all()).item():
        raise ValueError("found an object, expected an issue")
    return issues


def _hashes(issues: pl.DataFrame, *, by_file: bool, redact: bool) -> tuple[Hashes, Hashes]:
    value = masked(pl.col("value")) if redact else pl.col("value")
    named = issues.select(*(("file",) if by_file else ()), "rule", "column", value)
    first, second = (named.hash_rows(seed).to_numpy() for seed in _SEEDS)
    return first, second
