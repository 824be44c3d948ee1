"""`csvimport workspace`."""

from pathlib import Path
from typing import Annotated

import typer

from csvimport import startup
from csvimport.cli.choices import Kind
from csvimport.cli.streams import is_utf8, require_new, source_of, write_or_print


def workspace(
    file: Annotated[
        str, typer.Option("--from", metavar="FILE", help="A CSV file to start from; - is stdin.")
    ],
    kind: Annotated[Kind, typer.Option(help="What the file is to be imported as.")] = Kind.auto,
    output: Annotated[
        Path | None,
        typer.Option(metavar="PATH", readable=False, help="Write it there, not to stdout."),
    ] = None,
) -> None:
    """Write a workspace file to edit, from a file's columns."""
    from csvimport.errors import SourceError
    from csvimport.job import Job
    from csvimport.options import Options
    from csvimport.report.workspace import render

    if output:
        require_new(output)
    options = Options(kind.value)
    startup.end()
    job = Job(source_of(file), options)
    try:
        result = job.result(options.time_budget)
    finally:
        job.cancel()
    if result.columns is None:
        raise SourceError(
            f"{result.file}: found no header that can be read; "
            "`csvimport check` says what is wrong with it"
        )
    ascii_only = output is None and not is_utf8()
    write_or_print(render(result.columns, result.kind, ascii_only=ascii_only), output)
