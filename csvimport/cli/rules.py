"""`csvimport rules` and `csvimport rule`."""

from typing import TYPE_CHECKING, Annotated

import typer

from csvimport.cli.choices import rule_names
from csvimport.cli.streams import print_json

if TYPE_CHECKING:
    from csvimport.rulebook import Rule


def rules(
    as_json: Annotated[bool, typer.Option("--json", help="Print them as JSON.")] = False,
) -> None:
    """List the rules by family."""
    from csvimport.report.rules import as_dict, index
    from csvimport.rulebook import rulebook

    book = rulebook()
    if as_json:
        print_json([as_dict(rule) for rule in book.values()])
    else:
        print(index(book), end="")


def rule(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The rule's name.", autocompletion=rule_names)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Explain one rule, with examples."""
    from csvimport.report.rules import as_dict, page
    from csvimport.rulebook import known_rule

    found: Rule = known_rule(name)
    if as_json:
        print_json(as_dict(found))
    else:
        print(page(found), end="")
