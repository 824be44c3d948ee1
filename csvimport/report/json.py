"""The results as one JSON document."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from csvimport.result import Result

#: What may have to be escaped for who sees the document: all but plain text, and a log's commands.
_OTHER = re.compile(r"[^\n -~]|#(?=#(?:vso)?\[)")


def render(results: Sequence[Result], now: datetime, *, ascii_only: bool = False) -> str:
    """The document for `results`, checked at `now`; `ascii_only` escapes all other letters."""
    from importlib.metadata import version

    document = {
        "version": 1,
        "tool_version": version("csvimport"),
        "now": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "files": [result.to_dict() for result in results],
    }
    return dumped(document, indent=2, ascii_only=ascii_only)


def dumped(value: object, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """`value` as JSON that may go to a terminal, or to a log."""
    return _OTHER.sub(_escaped, json.dumps(value, indent=indent, ensure_ascii=ascii_only))


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    if char == "#":
        return "\\u0023"
    return char if char.isprintable() else json.dumps(char)[1:-1]
