"""The command line: the only package that prints.

stdout carries the result, stderr everything that is said about it. Exit status: 0 nothing that
`--fail-on` names, 1 found, 2 could not run, 3 ran out of time with nothing found, 130 interrupted.
"""

import os
import re
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Annotated

import typer
from typer.exceptions import TyperException

from csvimport.cli import check, completion, preview, rules, template, workspace
from csvimport.cli.streams import (
    CANNOT_RUN,
    FOUND,
    INTERRUPTED,
    OK,
    TIMED_OUT,
    complain,
    reader_may_go,
    to_nowhere,
)
from csvimport.cli.usage import Command

__all__ = ["CANNOT_RUN", "FOUND", "INTERRUPTED", "OK", "TIMED_OUT", "app", "main"]

app = typer.Typer(
    help="Checks a CSV file before it is uploaded to a customer-engagement platform.",
    # what answers takes time to load, and has options of its own
    add_completion=completion.ASKED_BY_SHELL in os.environ,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={
        "help_option_names": ["-h", "--help"],
        # typer loads pydantic for an option without a value, and its own --help has none
        "default_map": {"help": False},
    },
)
app.command(cls=Command, epilog=check.EXAMPLES)(check.check)
app.command(cls=Command)(workspace.workspace)
app.command(cls=Command)(preview.preview)
app.command(cls=Command)(template.template)
app.command(cls=Command)(rules.rules)
app.command(cls=Command)(rules.rule)
app.command(cls=Command)(completion.completion)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> int:
    if version:
        from importlib.metadata import version as version_of

        print(f"csvimport {version_of('csvimport')}")
    elif context.invoked_subcommand is None:
        print(context.get_help())
        return CANNOT_RUN
    return OK


def main(arguments: list[str] | None = None) -> int:
    """Run the command line with `arguments`, by default the process's, and return the status."""
    from csvimport.errors import CsvImportError, reason

    if sys.stdout is None or sys.stderr is None:  # closed by whoever started this
        with (
            open(os.devnull, "w") as nowhere,
            redirect_stdout(sys.stdout or nowhere),
            redirect_stderr(sys.stderr or nowhere),
        ):
            return main(arguments)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):  # a terminal may know few letters
            reconfigure(errors="backslashreplace")
    try:
        status = app(arguments, prog_name="csvimport", standalone_mode=False)
        with reader_may_go():
            sys.stdout.flush()
    except TyperException as error:
        context: typer.Context | None = getattr(error, "ctx", None)
        place = context.command_path if context else "csvimport"
        return complain(f"{_in_house_style(error.format_message())} (see `{place} --help`)")
    except CsvImportError as error:
        return complain(str(error))
    except OSError as error:  # of standard output; whatever else there is has its own
        to_nowhere()
        return complain(f"standard output: {reason(error)}")
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except SystemExit as end:  # the option parser's answer to a reader that has gone
        if completion.ASKED_BY_SHELL in os.environ:  # or to a shell
            return end.code if isinstance(end.code, int) else OK
        to_nowhere()
        return OK
    except BaseException as error:  # a panic of polars is no Exception
        return complain(_excuse(error))
    return status if isinstance(status, int) else OK


def _excuse(error: BaseException) -> str:
    """What to say of an error that nobody has foreseen."""
    if isinstance(error, MemoryError) or "can't start new thread" in str(error):
        return "out of memory; close other programs, or allow this one more"
    return f"this is a bug of csvimport, please report it: {error!r}"


def _in_house_style(message: str) -> str:
    """The option parser's words in lower case, with backticks, without a full stop."""
    message = " ".join(message.replace("Value error, ", "").split())
    message = re.sub(r"'([^']*)'", r"`\1`", message)
    return message[:1].lower() + message[1:].removesuffix(".")
