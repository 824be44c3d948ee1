"""`python -m csvimport`, which is what the installed command runs, too."""

import atexit
import os
import sys
from contextlib import suppress

from csvimport import startup


def main() -> int:
    """Run the command line with the process's arguments, and return the status."""
    startup.begin()
    from csvimport.cli import main as run

    try:
        return run()
    except KeyboardInterrupt:  # while the last thing was told
        return startup.INTERRUPTED
    finally:
        startup.over()


def command() -> None:
    """Run it, and end the process when temporary files are deleted and all is printed.

    To take the interpreter apart before that is a hundredth of a second more.
    """
    status = main()
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):  # told already, or closed
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    command()
