"""A file to start from: the header that an import wants, and two rows as they should look."""

from collections.abc import Iterable, Sequence

import polars as pl

from csvimport.columns import ALIAS, PROPERTY_MARK, Kind, known_columns

#: The columns that tell users apart, by what a caller says for it.
IDENTIFIERS = {
    "external_id": ("external_id",),
    "alias": ALIAS,
    "braze_id": ("braze_id",),
    "email": ("email",),
    "phone": ("phone",),
}
#: What follows the identifier where nobody says what should.
_USUAL = {
    "attributes": (
        "first_name",
        "last_name",
        "email",
        "country",
        "language",
        "dob",
        "sample_attribute",
    ),
    "events": ("trip_booked.properties.destination",),
}
_REQUIRED = {"attributes": (), "events": ("name", "time")}
#: Of columns that no import knows by name.
_CUSTOM = ("sample value", "another value")


def render(kind: Kind, identifier: str, columns: Iterable[str] | None = None) -> str:
    """The template of `kind` for users known by `identifier`, one of IDENTIFIERS, as CSV.

    `columns` follow the identifier and what `kind` requires; each stands there once.
    """
    if columns is None:  # an e-mail address identifies a user before a phone number does
        columns = [name for name in _USUAL[kind] if (identifier, name) != ("phone", "email")]
    header = list(dict.fromkeys((*IDENTIFIERS[identifier], *_REQUIRED[kind], *columns)))
    lines = [[cell or None for cell in line] for line in (header, *_rows(kind, header))]
    names = [f"c{position}" for position in range(len(header))]  # those of a table are never blank
    return pl.DataFrame(lines, schema=names, orient="row").write_csv(include_header=False)


def _rows(kind: Kind, header: Sequence[str]) -> list[list[str]]:
    known = known_columns(kind)
    events = [name.partition(PROPERTY_MARK)[0] for name in header if PROPERTY_MARK in name]
    events = list(dict.fromkeys(events)) if kind == "events" else []

    def cell(column: str, row: int) -> str:
        event = events[row % len(events)] if events else None
        if column == "name" and event is not None:
            return event
        if column in known:
            return known[column].examples[row]
        if event is not None and column.partition(PROPERTY_MARK)[0] != event:
            return ""  # a property of another event
        return _CUSTOM[row]

    return [[cell(column, row) for column in header] for row in range(len(_CUSTOM))]
