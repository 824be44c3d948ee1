"""The rule book as a person reads it: the list, one rule, and the index kept in `rules/`."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import msgspec

from csvimport.issue import LEAVE_BLANK
from csvimport.report.printable import printable
from csvimport.rulebook import Example, ExampleOptions, Rule, RuleBook, data_folder, rulebook


def index(book: RuleBook) -> str:
    """The rules' names, severities and messages, by family."""
    width = max(map(len, book))
    lines = []
    for family, rules in groupby(book.values(), key=lambda rule: rule.family):
        lines += [family, *(_line(rule, width) for rule in rules), ""]
    return "\n".join([*lines, "`csvimport rule NAME` explains one", ""])


def _line(rule: Rule, width: int) -> str:
    return f"  {rule.name:{width}}  {rule.severity:7}  {rule.file.message}"


def page(rule: Rule) -> str:
    """All that the rule book says about `rule`."""
    file = rule.file
    lines = [
        f"{rule.name}: {rule.severity} ({rule.family})",
        "",
        f"  {file.message}",
        *(f"  {variant.message}" for variant in file.variant.values() if variant.message),
        "",
        f"  help:   {file.help}",
        *(f"          {variant.help}" for variant in file.variant.values() if variant.help),
        f"  why:    {file.why}",
        f"  source: {file.source}: {file.where}",
        f"  since:  {file.since}",
    ]
    for example in file.example:
        lines += ["", *_example(rule, example)]
    return "\n".join([*lines, ""])


def _example(rule: Rule, example: Example) -> list[str]:
    found = _found(rule, example)
    told = [f"    -> {each}" for each in found]
    text = [f"    {line}" for line in _shown(example)]
    return [f"  {_title(example, reported=bool(found))}", *text, *told]


def _found(rule: Rule, example: Example) -> list[str]:
    """Where the rule finds something in its example, and what it suggests."""
    found = []
    for each in example.expect:
        if each.rule in (None, rule.name):
            where = [f"row {each.row}"] if each.row else ["the file"]
            where += [f"column `{each.column}`"] if each.column else []
            use = f': use "{each.suggestion}"' if each.suggestion else ""
            use = f": {LEAVE_BLANK}" if each.suggestion == "" else use
            found.append(f"{', '.join(where)}{use}")
    return found


def _title(example: Example, *, reported: bool) -> str:
    title = "reported:" if reported else "not reported:"
    return " ".join((title, ", ".join(_conditions(example.options)))).rstrip()


def _shown(example: Example) -> list[str]:
    """The lines of an example, as far as there is room for them."""
    # a CR is no line end here: it is what some examples are about
    lines = example.csv.removesuffix("\n").split("\n") if example.csv else ["(an empty file)"]
    text = [printable(line.replace(_CR, _CR_SHOWN)) for line in lines]
    return [_shortened(line) for line in (text if len(text) <= 12 else [*text[:12], "…"])]


_CR, _CR_SHOWN = "\r", "\\r"


def _shortened(line: str) -> str:
    return line if len(line) <= 100 else f"{line[:100]}… ({len(line.strip())} characters)"


def _conditions(options: ExampleOptions) -> Iterator[str]:
    """How an example is saved and checked, as far as that is not as usual."""
    usual = ExampleOptions()
    if options.encoding != usual.encoding:
        yield f"saved as {options.encoding}"
    if options.kind != usual.kind:
        yield f"imported as {options.kind}"
    if options.size_limit != usual.size_limit:
        yield f"with a limit of {options.size_limit:g} MB"
    if options.max_record is not None:
        yield f"with a limit of {options.max_record - 1:,} bytes to a row"
    if options.now != usual.now:
        yield f"at {options.now}"
    if options.region != usual.region:
        yield f"in the region {options.region}"
    for name, kind in options.attributes.items():
        yield f"with `{name}` named a {kind} in the workspace file"


def as_dict(rule: Rule) -> dict[str, Any]:
    """The rule's TOML and family as plain values."""
    values: dict[str, Any] = msgspec.to_builtins(rule.file)
    return {"name": rule.name, "family": rule.family, **values}


def write_index() -> None:
    """Write the index anew, beside the rules of this source tree."""
    (data_folder() / "README.md").write_text(markdown(rulebook()), encoding="utf-8")


def markdown(book: RuleBook, path: str = "{family}/{name}.toml") -> str:
    """The index that is kept as `rules/README.md`, with links to each rule's `path`."""
    lines = [
        "# The rules",
        "",
        "Generated from the rules' own files; `make rules` writes it again.",
    ]
    for family, rules in groupby(book.values(), key=lambda rule: rule.family):
        lines += ["", f"## {family.capitalize()}", "", "| rule | severity | message | help |"]
        lines += ["| --- | --- | --- | --- |"]
        for rule in rules:
            message = rule.file.message.replace("|", "\\|")
            name = f"[`{rule.name}`]({path.format(family=family, name=rule.name)})"
            lines.append(f"| {name} | {rule.severity} | {message} | {rule.file.help} |")
    return "\n".join([*lines, ""])


def markdown_page(rule: Rule) -> str:
    """What `page` says, as a page of the documentation."""
    file = rule.file
    variants = file.variant.values()
    lines = [
        f"# `{rule.name}`",
        "",
        f"{rule.severity.capitalize()}, in the family {rule.family.capitalize()}",
        "",
        *(f"> {each}\n" for each in (file.message, *(v.message for v in variants)) if each),
        *(f"**Help:** {each}\n" for each in (file.help, *(v.help for v in variants)) if each),
        f"**Why:** {file.why}",
        "",
        f"**Source:** {file.source}: {file.where}",
        "",
        f"**Since:** {file.since}",
    ]
    for example in file.example:
        found = _found(rule, example)
        title = _title(example, reported=bool(found)).removesuffix(":")
        lines += ["", f"## {title[:1].upper()}{title[1:]}", ""]
        lines += ["```text", *_shown(example), "```", ""]
        lines += [f"- {each}" for each in found]
    return "\n".join([*lines, ""])
