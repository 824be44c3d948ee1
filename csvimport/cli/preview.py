"""`csvimport preview`."""

import sys
from typing import Annotated

import typer

from csvimport import startup
from csvimport.cli.choices import Kind
from csvimport.cli.streams import reader_may_go, source_of


def preview(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV file; - is stdin.")],
    rows: Annotated[int, typer.Option(min=1, metavar="N", help="Show so many rows.")] = 5,
    kind: Annotated[Kind, typer.Option(help="What the file is to be imported as.")] = Kind.auto,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Read the file in this encoding, whatever it says."),
    ] = None,
) -> None:
    """Show the first rows of a file and its fields."""
    from rich.console import Console

    from csvimport.options import Options
    from csvimport.preview import preview as first_rows
    from csvimport.report.preview import render

    startup.end()
    found = first_rows(source_of(file), Options(kind.value, encoding=encoding), rows)
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    with reader_may_go():
        for line in render(found, width=console.width if console.is_terminal else None):
            console.print(line)
        sys.stdout.flush()
