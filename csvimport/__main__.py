"""`python -m csvimport`, which is what the installed command runs, too."""

import gc
import sys

from csvimport import startup


def main() -> int:
    """Run the command line with the process's arguments, and return the status."""
    startup.begin()
    from csvimport.cli import main as run

    try:
        return run()
    finally:
        gc.freeze()  # all of it goes now: no use to look for garbage in it


if __name__ == "__main__":
    sys.exit(main())
