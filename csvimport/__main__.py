"""`python -m csvimport`, which is what the installed command runs, too."""

import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import NoReturn

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
        gc.freeze()  # all of it goes now: no use to look for garbage in it


def command() -> NoReturn:
    """Run it, and end the process.

    To take the interpreter apart would be a hundredth of a second more: nothing is done there that
    the system does not do, once temporary files are deleted.
    """
    status = main()
    atexit._run_exitfuncs()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        with suppress(OSError, ValueError):  # told already, or closed
            stream.flush()
    os._exit(status)


if __name__ == "__main__":
    command()
