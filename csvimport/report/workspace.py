"""A workspace file for a person to edit."""

from collections.abc import Iterable, Iterator, Mapping

from csvimport.columns import PROPERTY_MARK
from csvimport.dialect import WHITE_SPACE
from csvimport.workspace import DEFAULT_PATH, KEYS, bare_or_quoted, escaped, quoted

_TITLE = f"""\
# A workspace file: `csvimport check` reads it from {DEFAULT_PATH} in the folder where it runs, or
# from `--workspace PATH`. A line that starts with # does nothing.
"""

Column = Mapping[str, str | None]


def render(columns: Iterable[Column], kind: str, *, ascii_only: bool = False) -> str:
    """The file for a result's `columns` and `kind`; `ascii_only` escapes all other letters.

    Reads back with the types of the custom columns and properties; where a type is not known,
    the line is a comment.
    """
    attributes: list[str] = []
    events: dict[str, list[str]] = {}
    for name, column in _distinct(columns):
        if column["role"] == "custom" and kind == "attributes":
            attributes.append(_line(name, column, ascii_only))
        elif column["role"] == "property":
            event, _, name_of_property = name.partition(PROPERTY_MARK)
            events.setdefault(event, []).append(_line(name_of_property, column, ascii_only))
    tables = {
        "attributes": ["\n".join(["[attributes]", *attributes])] if attributes else [],
        "events": [
            "\n".join([f"[events.{bare_or_quoted(event, ascii_only=ascii_only)}]", *lines])
            for event, lines in events.items()
        ],
    }
    parts = [_TITLE]
    for key, about in KEYS.items():
        shown = tables.get(key) or [_commented(about.example)]
        parts.append(f"# {about.meaning}: {about.expected}\n" + "\n\n".join(shown) + "\n")
    return "\n".join(parts)


def _distinct(columns: Iterable[Column]) -> Iterator[tuple[str, Column]]:
    """The columns whose headers are not blank, each header once, as the import takes it."""
    seen = set()
    for column in columns:
        name = column["name"] or ""
        if name.strip(WHITE_SPACE) and name not in seen:
            yield name, column
        seen.add(name)


def _line(name: str, column: Column, ascii_only: bool) -> str:
    key = bare_or_quoted(name, ascii_only=ascii_only)
    why = escaped(column.get("reason") or "", ascii_only=ascii_only)
    if kind := column["type"]:
        return f"{key} = {quoted(kind)}" + (f"  # {why}" if why else "")
    return f'# {key} = "string"  # type unknown' + (f": {why}" if why else "")


def _commented(lines: str) -> str:
    return "\n".join(f"# {line}" for line in lines.splitlines())
