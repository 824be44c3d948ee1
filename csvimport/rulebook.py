"""The rule book: what each rule is called, says and teaches, read from `rules/**/*.toml`.

What a rule decides lives in `csvimport.checks`, under the same name. Nothing here, and nothing
there, knows the other; the tests close the book in both directions.
"""

import string
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

import msgspec
import tomli

from csvimport.errors import OptionError, RuleBookError, reason
from csvimport.issue import Severity

#: The families in the order in which they are listed.
FAMILIES = ("file", "structure", "header", "identifier", "attribute", "custom", "event")

#: What every message can name beside the facts of its check.
COMMON_FACTS = frozenset({"value", "column"})

Scope = Literal["file", "header", "row", "cell"]


class Variant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Other words for a special case; what it leaves out is as in the rule."""

    message: str | None = None
    help: str | None = None


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An issue that an example reports; `rule` where it is not the example's own."""

    rule: str | None = None
    row: int | None = None
    column: str | None = None
    suggestion: str | None = None


class ExampleOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an example is checked with; `size_limit` in megabytes, `max_record` in bytes.

    `now` is a time in ISO form with its zone; `region` and `attributes`, types by name, are the
    workspace's.
    """

    kind: Literal["auto", "attributes", "events"] = "auto"
    encoding: str = "utf-8"
    size_limit: float | None = None
    max_record: int | None = None
    now: str = "2026-11-22T00:00:00Z"
    region: str | None = None
    attributes: dict[str, str] = {}


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A small file, and every issue that it has."""

    csv: str
    expect: list[Expected]
    options: ExampleOptions = ExampleOptions()


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule's TOML, as it stands there."""

    name: str
    severity: Severity
    scope: Scope
    message: str
    help: str
    why: str
    source: Literal["documented", "inferred"]
    where: str
    since: str
    example: list[Example]
    variant: dict[str, Variant] = {}


class Wording(msgspec.Struct, frozen=True):
    """A rule's words, in one of its variants."""

    rule: str
    message: str
    help: str


class Rule(msgspec.Struct, frozen=True):
    """A rule: its TOML, and the family that it belongs to."""

    family: str
    file: RuleFile

    @property
    def path(self) -> Path:
        """Where its TOML lies."""
        return data_folder() / self.family / f"{self.name}.toml"

    @property
    def name(self) -> str:
        """The rule's name, which is its code."""
        return self.file.name

    @property
    def severity(self) -> Severity:
        """The severity unless the caller changes it."""
        return self.file.severity

    def wording(self, variant: str | None = None) -> Wording:
        """The rule's words, in its `variant` where it has one of that name."""
        words = self.file.variant[variant] if variant else Variant()
        message = self.file.message if words.message is None else words.message
        return Wording(self.name, message, words.help or self.file.help)

    def wordings(self) -> Iterator[tuple[str | None, Wording]]:
        """The rule's own words, then those of its variants, by name."""
        for variant in (None, *self.file.variant):
            yield variant, self.wording(variant)


RuleBook = Mapping[str, Rule]


def placeholders(message: str) -> frozenset[str]:
    """The names in braces in `message`; a ValueError where it is not a template."""
    names = set()
    for _, name, specification, conversion in string.Formatter().parse(message):
        if name is not None:
            if not name.isidentifier() or specification or conversion:
                raise ValueError(f"`{{{name}}}` is no plain placeholder")
            names.add(name)
    return frozenset(names)


def data_folder() -> Path:
    """Where the rule book lies: inside the installed package, or beside it in the sources."""
    package = Path(str(files("csvimport")))
    inside = package / "rules"
    return inside if inside.is_dir() else package.parent / "rules"


@cache
def rulebook() -> RuleBook:
    """The rule book of this installation."""
    return load(data_folder())


def load(folder: Path) -> RuleBook:
    """Read the rule book in `folder`, by family, then by name."""
    rules: dict[str, Rule] = {}
    for family in FAMILIES:
        for path in sorted((folder / family).glob("*.toml")):
            rule = Rule(family, _read_rule(path))
            if rule.name in rules:
                raise RuleBookError(f"{path}: there is a rule `{rule.name}` already")
            rules[rule.name] = rule
    if not rules:
        raise RuleBookError(f"{folder}: found no rules; install csvimport again")
    return rules


def _read_rule(path: Path) -> RuleFile:
    rule: RuleFile = read_toml(path, RuleFile)
    if rule.name != path.stem:
        raise RuleBookError(f"{path}: found name `{rule.name}`, expected `{path.stem}`")
    for message in (rule.message, *(each.message or "" for each in rule.variant.values())):
        try:
            placeholders(message)
        except ValueError as error:
            raise RuleBookError(f"{path}: message: {error}") from None
    return rule


def read_toml(path: Path, kind: type[Any]) -> Any:
    """The TOML file at `path` as a value of `kind`; a RuleBookError that names what is wrong."""
    try:
        return msgspec.convert(tomli.loads(path.read_bytes().decode()), kind)
    except OSError as error:
        raise RuleBookError(f"{path}: {reason(error)}") from None
    except (msgspec.MsgspecError, tomli.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RuleBookError(f"{path}: {error}".replace("\n", " ")) from None


def known_rule(name: str) -> Rule:
    """The rule called `name`; an OptionError that names the nearest one otherwise."""
    book = rulebook()
    if name in book:
        return book[name]
    from rapidfuzz.process import extractOne

    near = extractOne(name, list(book), score_cutoff=70)
    hint = f"did you mean `{near[0]}`?" if near else "`csvimport rules` lists them"
    raise OptionError(f"there is no rule `{name}`; {hint}")
