"""What plainly is in order: one regular expression for a whole record, quotes and delimiters too.

What matches it is a well-quoted record of the header's width about which no rule has anything to
say, save those that compare rows, as long as none of its cells is longer than `LONGEST_CELL`
bytes. What does not match may be just as sound, and is looked at closely. So the expression may
be narrow, but never wide; of nearly every record of nearly every file, it is all that is asked.

The patterns are Rust's; none of a cell matches an empty one.
"""

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta

import msgspec
import polars as pl

from csvimport import dates, emails, phones, plaintext, vocabulary
from csvimport.columns import ALIAS, GROUP, Column, Columns
from csvimport.patterns import BRAZE_ID, UUID, one_of

#: In characters. The engine would lose more time with a longer expression than it saves.
_LONGEST = 250_000
#: Of more events there are too many shapes of records to ask for all of them at once.
_MOST_EVENTS = 20
_EVENT_NAME = re.compile("[A-Za-z_](?:[A-Za-z0-9_. -]*[A-Za-z0-9_-])?")
#: Digits and then a letter, as in a hash: no number and no date of any kind.
_TOKEN = "(?:[0-9]+[A-Za-z_][A-Za-z0-9_-]*)"
_NUMBER = r"(?:-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?)"
_OF_TYPE = {
    "boolean": "(?:true|false|True|False|TRUE|FALSE)",
    "number": _NUMBER,
    "datetime": dates.DATETIME,
}
_WORDS: dict[str, Callable[[], Iterable[str]]] = {
    "country": vocabulary.countries,
    "language": vocabulary.languages,
    "gender": vocabulary.genders,
    "zone": vocabulary.zones,
    "subscription": vocabulary.states,
}


class Patterns(msgspec.Struct, frozen=True):
    """The expression for whole `record`s, None where nothing is plain; and for `cells`, by column.

    Without `cells`, what is plain in a column depends on other cells, or nothing is.
    """

    record: str | None = None
    cells: tuple[str, ...] = ()


NO_PATTERNS = Patterns()


def patterns(
    columns: Columns, sample: pl.DataFrame, quoted: Collection[int], delimiter: str
) -> Patterns:
    """The expressions for what is plain.

    `columns` are judged by `sample`, a frame of their cells, which also tells the country codes
    and events that occur. `quoted` are the positions at which cells stand in quotes that they do
    not need; other cells are expected in quotes only where they are text.
    """
    required = _required(columns)
    shapes = [
        _Shape(columns, sample, quoted, delimiter, event, required).cells
        for event in _events(columns, sample)
    ]
    whole = f"^{one_of(*map(re.escape(delimiter).join, shapes))}$"
    if not required or len(whole) > _LONGEST:
        return NO_PATTERNS
    return Patterns(whole, shapes[0] if len(shapes) == 1 else ())


def _required(columns: Columns) -> Collection[str]:
    """The columns that are filled where a row plainly is about somebody."""
    if not columns.identifiers:
        return ()
    strongest = columns.identifiers[0].name
    if strongest in ("email", "phone") and any(map(columns.has, ("external_id", *ALIAS))):
        return ()
    return (
        *(ALIAS if strongest in ALIAS else [strongest]),
        *(["name", "time"] if columns.kind == "events" else []),
        # a group without a state is a fault, and so is a state without a group
        *(GROUP if all(map(columns.has, GROUP)) else []),
    )


def _events(columns: Columns, sample: pl.DataFrame) -> list[str]:
    """The names of the events that occur; of attributes, one that is none."""
    if columns.kind != "events":
        return [""]
    name = columns.known("name")
    names = sample[name.cell].unique().sort().to_list() if name else []
    plain = [each for each in names if _EVENT_NAME.fullmatch(each)]
    return plain if len(plain) <= _MOST_EVENTS else []


class _Shape(msgspec.Struct, frozen=True, dict=True):
    """What a plain record of `event` looks like; the columns that are `required` are filled."""

    columns: Columns
    sample: pl.DataFrame
    quoted: Collection[int]
    delimiter: str
    event: str
    required: Collection[str]

    @property
    def cells(self) -> tuple[str, ...]:
        return tuple(map(self._cell, self.columns.all))

    def _cell(self, column: Column) -> str:
        """What may stand in `column`, in quotes or not."""
        name = column.name if column.known else ""
        is_foreign = column.event not in (None, self.event)
        # an alias names the user once more, which is a fault
        if is_foreign or (name in ALIAS and self.columns.has("external_id")):
            return '(?:"")?'
        bare, text = self._texts(column)
        in_quotes = text != bare or column.position in self.quoted
        filled = f'(?:{bare}|"{text}")' if in_quotes else f"(?:{bare})"
        return filled if name in self.required else f'(?:{filled}|"")?'

    def _texts(self, column: Column) -> tuple[str, str]:
        """What may stand in `column` without quotes, and between them."""
        if column.known and column.known.type != "text":
            known = self._known(column, column.known.type)
            return known, known
        if column.type in _OF_TYPE:
            return _OF_TYPE[column.type], _OF_TYPE[column.type]
        if column.known:
            bare, text = (plaintext.name(self.delimiter, quoted=each) for each in (False, True))
            return bare, text
        values = (plaintext.value(self.delimiter, quoted=each) for each in (False, True))
        bare, text = (one_of(each, _TOKEN, _NUMBER, dates.DATETIME) for each in values)
        return bare, text

    def _known(self, column: Column, kind: str) -> str:
        if kind == "event-name":
            return re.escape(self.event)
        if kind in ("date", "datetime", "event-time"):
            return _past(self.columns.now, "" if kind == "date" else f"{dates.TIME_OF_DAY}?")
        if kind == "phone":
            return phones.pattern_of(self.sample[column.cell])
        if kind == "email" and not self.columns.has("email_encrypted"):
            return emails.PLAIN
        if kind == "group":
            return UUID
        if kind == "boolean":
            return _OF_TYPE["boolean"]
        if column.name == "braze_id":
            return BRAZE_ID
        if kind in _WORDS:
            in_group = column.name in GROUP
            words = vocabulary.group_states() if in_group else _WORDS[kind]()
            fit = (word for word in sorted(words) if self.delimiter not in word)
            return one_of(*map(re.escape, fit))
        return plaintext.identifier(self.delimiter)


def _past(now: datetime, time: str) -> str:
    """Days of this life before yesterday, with a `time` of the day."""
    last = (now - timedelta(days=1)).date()
    years = [f"{year:04}" for year in range(max(last.year - 120, 1), last.year)]
    months = [f"{month:02}" for month in range(1, last.month)]
    days = [f"{day:02}" for day in range(1, min(last.day, 29))]
    shapes = [
        f"{one_of(*years)}-{dates.DAY_OF_YEAR}",
        f"{last.year:04}-{one_of(*months)}-(?:0[1-9]|1[0-9]|2[0-8])",
        f"{last.year:04}-{last.month:02}-{one_of(*days)}",
    ]
    return f"(?:{one_of(*shapes)}{time})"
