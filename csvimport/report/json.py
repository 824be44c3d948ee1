"""The results as one JSON document."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from csvimport.result import Result


def render(results: Sequence[Result], now: datetime, *, ascii_only: bool = False) -> str:
    """The document for `results`, checked at `now`; `ascii_only` escapes all other letters."""
    document = {
        "version": 1,
        "tool_version": version("csvimport"),
        "now": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "files": [result.to_dict() for result in results],
    }
    return json.dumps(document, indent=2, ensure_ascii=ascii_only)
