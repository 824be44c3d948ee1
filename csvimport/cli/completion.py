"""`csvimport completion`."""

from typing import Annotated

import typer

from csvimport.cli.choices import Shell

#: Where a shell says that it asks what could stand in a line.
ASKED_BY_SHELL = "_CSVIMPORT_COMPLETE"


def completion(
    shell: Annotated[
        Shell,
        typer.Argument(metavar="SHELL", help="The shell that is to run it: bash, zsh or fish."),
    ],
) -> None:
    """Print the script that completes commands for a shell."""
    from typer._completion_shared import get_completion_script

    script = get_completion_script(
        prog_name="csvimport", complete_var=ASKED_BY_SHELL, shell=shell.value
    )
    print(script)
