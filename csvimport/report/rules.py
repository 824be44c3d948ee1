"""The rule book as a person reads it: the list, one rule, and the index kept in `rules/`."""

from itertools import groupby
from typing import Any

import msgspec

from csvimport.issue import LEAVE_BLANK
from csvimport.report.console import printable
from csvimport.rulebook import Example, Rule, RuleBook, data_folder, rulebook


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
    found = [each for each in example.expect if each.rule in (None, rule.name)]
    title = "reported:" if found else "not reported:"
    text = [f"    {printable(line)}" for line in example.csv.splitlines() or ["(an empty file)"]]
    if len(text) > 12:
        text = [*text[:12], "    …"]
    text = [line if len(line) <= 100 else line[:100] + "…" for line in text]
    told = []
    for each in found:
        where = [f"row {each.row}"] if each.row else ["the file"]
        where += [f"column `{each.column}`"] if each.column else []
        use = f': use "{each.suggestion}"' if each.suggestion else ""
        use = f": {LEAVE_BLANK}" if each.suggestion == "" else use
        told.append(f"    -> {', '.join(where)}{use}")
    return [f"  {title}", *text, *told]


def as_dict(rule: Rule) -> dict[str, Any]:
    """The rule's TOML and family as plain values."""
    values: dict[str, Any] = msgspec.to_builtins(rule.file)
    return {"name": rule.name, "family": rule.family, **values}


def write_index() -> None:
    """Write the index anew, beside the rules of this source tree."""
    (data_folder() / "README.md").write_text(markdown(rulebook()), encoding="utf-8")


def markdown(book: RuleBook) -> str:
    """The index that is kept as `rules/README.md`."""
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
            name = f"[`{rule.name}`]({family}/{rule.name}.toml)"
            lines.append(f"| {name} | {rule.severity} | {message} | {rule.file.help} |")
    return "\n".join([*lines, ""])
