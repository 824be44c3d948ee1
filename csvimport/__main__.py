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
    except KeyboardInterrupt:  # while the last thing was told
        return startup.INTERRUPTED
    finally:
        startup.over()
        gc.freeze()  # all of it goes now: no use to look for garbage in it


if __name__ == "__main__":
    sys.exit(main())
