"""`csvimport template`."""

from pathlib import Path
from typing import Annotated

import typer

from csvimport import startup
from csvimport.cli.choices import Identifier, Import
from csvimport.cli.streams import require_new, write_or_print


def template(
    kind: Annotated[
        Import, typer.Argument(metavar="KIND", help="What is to be imported: attributes or events.")
    ],
    identifier: Annotated[
        Identifier, typer.Option(help="What tells the users apart.")
    ] = Identifier.external_id,
    columns: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME,NAME", help="The other columns, instead of some usual ones."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="PATH", readable=False, help="Write it there, not to stdout."),
    ] = None,
) -> None:
    """Write a CSV file to start from."""
    from csvimport.api import check
    from csvimport.errors import OptionError
    from csvimport.template import render

    names = [name.strip() for each in columns or [] for name in each.split(",")]
    text = render(kind.value, identifier.value, names if columns else None)
    if output:
        require_new(output)
    startup.end()
    for issue in check([text.encode()], kind=kind.value):
        raise OptionError(f"no import takes such a file: {issue.message} ({issue.rule})")
    write_or_print(text, output)
