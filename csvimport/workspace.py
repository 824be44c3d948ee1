"""The workspace file: what holds for all files of one workspace."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec

from csvimport.address import require_path, shown
from csvimport.columns import PROPERTY_MARK
from csvimport.errors import OptionError, reason
from csvimport.forms import Type
from csvimport.issue import LONGEST_IN_MESSAGE, Severity, cut
from csvimport.rulebook import known_rule

#: Where the command line looks for the file if none is named.
DEFAULT_PATH = Path("csvimport.toml")

_TYPES = "`boolean`, `number`, `datetime` or `string`"
#: A larger number of megabytes cannot be counted in bytes.
_MOST = 1e300


class Key(msgspec.Struct, frozen=True):
    """What a key of the file means, what is expected there, and lines that show it.

    `type` is that of its values, which lie `depth` tables deep.
    """

    meaning: str
    expected: str
    example: str
    type: Any
    depth: int = 0


KEYS: Mapping[str, Key] = {
    "region": Key(
        "where a phone number without country code is from",
        "an ISO 3166-1 alpha-2 code such as `GB`",
        'region = "GB"',
        str,
    ),
    "ignore": Key(
        "the rules that are not reported",
        "an array of names of rules",
        'ignore = ["duplicate-identifier"]',
        list[str],
    ),
    "severity": Key(
        "the severity that a rule is reported with",
        "`error` or `warning`",
        '[severity]\nmisspelled-column = "error"',
        Severity,
        1,
    ),
    "limits": Key(
        "the megabytes that an import takes",
        "a number above 0",
        "[limits]\nattributes = 500\nevents = 50",
        Annotated[float, msgspec.Meta(gt=0, le=_MOST)],
        1,
    ),
    "attributes": Key(
        "the type of a custom attribute", _TYPES, '[attributes]\nplan = "string"', Type, 1
    ),
    "events": Key(
        "the type of an event's property",
        _TYPES,
        '[events.rented_movie]\nmovie_name = "string"',
        Type,
        2,
    ),
}
_LIMITS = ("attributes", "events")


class Workspace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings that all files of a workspace share; an OptionError names what is wrong with one.

    `ignore`: rules that are not reported; `severity`: rules that are reported as another;
    `region`: where a phone number without country code is from (ISO 3166-1 alpha-2); `limits`: the
    megabytes that an import of a kind takes; `attributes`: custom attributes and their types;
    `events`: the types of each event's properties. `path` is where all that was read.
    """

    region: str | None = None
    ignore: Sequence[str] = ()
    severity: Mapping[str, Severity] = {}
    limits: Mapping[str, float] = {}
    attributes: Mapping[str, Type] = {}
    events: Mapping[str, Mapping[str, Type]] = {}
    path: str | None = None

    def __post_init__(self) -> None:
        values = {key: getattr(self, key) for key in KEYS}
        if self.region is None:
            del values["region"]
        _require_valid(values)

    def property_types(self) -> dict[str, Type]:
        """The types of the events' properties, by their columns' headers."""
        return {
            f"{event}{PROPERTY_MARK}{name}": kind
            for event, properties in self.events.items()
            for name, kind in properties.items()
        }


def read(path: Path) -> Workspace:
    """The workspace file at `path`; an OptionError that names what is wrong with it."""
    require_path(path, OptionError)
    try:
        values = _values(path)
        _require_valid(values)
        workspace: Workspace = msgspec.convert(values, Workspace)
    except OSError as error:
        raise OptionError(f"{shown(path)}: {reason(error)}") from None
    except OptionError as error:
        raise OptionError(f"{shown(path)}: {error}") from None
    except RecursionError:
        raise OptionError(f"{shown(path)}: found arrays within arrays, too many of them") from None
    return msgspec.structs.replace(workspace, path=str(path))


def _values(path: Path) -> dict[str, Any]:
    if "\0" in str(path):
        raise OptionError("a file name cannot hold a NUL")
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")  # some editors put a mark in front
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise OptionError(f"line {line}: found bytes that are not UTF-8, expected UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise OptionError(_located(str(error), text)) from None
    except ValueError:  # the interpreter's own limit
        raise OptionError("found a number of more digits than can be read") from None


def _located(message: str, text: str) -> str:
    """The parser's `message` in the voice of this tool's, the line in front."""
    words, _, place = message.removesuffix(")").rpartition(" (at ")
    found = re.fullmatch(r"line ([0-9]+), column [0-9]+", place)
    line = found[1] if found else text.rstrip().count("\n") + 1
    words = re.sub(r"'([^']*)'", r"`\1`", words)
    words = re.sub(r"\((`[^()]*`),?\)", r"\1", words)
    return f"line {line}: {words[:1].lower()}{words[1:]}"


def _require_valid(values: Mapping[str, object]) -> None:
    """Raise an OptionError that names the first key that is wrong."""
    _require_known(values, KEYS)
    for name, whole in values.items():
        key = KEYS[name]
        for path, value in _leaves((name,), whole, key.depth):
            if not _is_valid(value, key.type):
                hint = ""
                if key.depth and isinstance(value, Mapping):
                    hint = "; a name that holds a dot stands in quotes"
                raise _wrong(path, value, key.expected, hint)
    if "region" in values:
        _require_region(values["region"])
    _require_known(values.get("limits", ()), _LIMITS, "limits")
    for rule in _texts(values.get("ignore", ())):
        _require_rule(rule, "ignore")
    for rule in _texts(values.get("severity", ())):
        _require_rule(rule, "severity", rule)


def _require_known(names: object, known: Collection[str], *table: str) -> None:
    for name in _texts(names):
        if name not in known:
            from rapidfuzz.process import extractOne

            *first, last = (f"`{each}`" for each in known)
            near = extractOne(name, list(known), score_cutoff=70)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            raise OptionError(
                f"{dotted((*table, name))}: found an unknown key, "
                f"expected {', '.join(first)} or {last}{hint}"
            )


def _require_rule(rule: str, *path: str) -> None:
    try:
        known_rule(rule)
    except OptionError as error:
        raise OptionError(f"{dotted(path)}: {error}") from None


def _require_region(region: object) -> None:
    from phonenumbers import SUPPORTED_REGIONS

    if region not in SUPPORTED_REGIONS:
        upper = str(region).strip().upper()
        hint = f"; did you mean `{upper}`?" if upper in SUPPORTED_REGIONS else ""
        raise _wrong(("region",), region, KEYS["region"].expected, hint)


def _wrong(path: tuple[str, ...], value: object, expected: str, hint: str = "") -> OptionError:
    meaning = KEYS[path[0]].meaning
    return OptionError(
        f"{dotted(path)}: found {_shown(value)}, expected {expected} ({meaning}){hint}"
    )


def _leaves(
    path: tuple[str, ...], value: object, depth: int
) -> Iterator[tuple[tuple[str, ...], object]]:
    """The values that lie `depth` tables deep in `value`, and the keys that lead there."""
    if not depth:
        yield path, value
        return
    if not isinstance(value, Mapping):
        raise _wrong(path, value, "a table")
    for name, each in value.items():
        yield from _leaves((*path, name), each, depth - 1)


def _is_valid(value: object, kind: Any) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def _texts(values: object) -> list[str]:
    return msgspec.convert(list(values) if isinstance(values, Mapping) else values, list[str])


def _shown(value: object) -> str:
    """`value` as it stands in the file, or nearly so."""
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, str):
        return quoted(cut(value, LONGEST_IN_MESSAGE))
    if isinstance(value, (list, tuple)):
        return cut(f"[{', '.join(map(_shown, value))}]", LONGEST_IN_MESSAGE)
    if isinstance(value, int) and value.bit_length() > LONGEST_IN_MESSAGE:
        return "a number of very many digits"
    return str(value).lower() if isinstance(value, bool) else str(value)


def dotted(path: tuple[str, ...]) -> str:
    """The keys of `path` as TOML joins them."""
    return ".".join(map(bare_or_quoted, path))


def bare_or_quoted(key: str, *, ascii_only: bool = False) -> str:
    """`key` as it can stand in a TOML file."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return key
    return quoted(key, ascii_only=ascii_only)


def quoted(text: str, *, ascii_only: bool = False) -> str:
    """`text` as a TOML string on one line; what cannot be seen in it is escaped."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped(text, ascii_only=ascii_only)}"'


def escaped(text: str, *, ascii_only: bool = False) -> str:
    """`text` with TOML's escapes for what cannot be seen, or is not ASCII."""
    return "".join(
        char
        if char.isprintable() and (char.isascii() or not ascii_only)
        else f"\\U{ord(char):08X}"
        if ord(char) > 0xFFFF
        else f"\\u{ord(char):04X}"
        for char in text
    )
