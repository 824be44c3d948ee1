"""`python -m csvimport`, which is what the installed command runs, too."""

import sys

from csvimport import startup


def main() -> int:
    """Run the command line with the process's arguments, and return the status."""
    startup.begin()
    from csvimport.cli import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
