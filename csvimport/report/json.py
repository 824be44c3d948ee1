"""The results as one JSON document."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from csvimport.result import Result


def render(results: Sequence[Result], now: datetime) -> str:
    """The document for `results`, checked at `now`."""
    document = {
        "version": 1,
        "tool_version": version("csvimport"),
        "now": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "files": [result.to_dict() for result in results],
    }
    # escaped, whatever letters the terminal or the next program knows
    return json.dumps(document, indent=2)
