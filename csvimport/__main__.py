"""`python -m csvimport`."""

import sys

from csvimport.cli import main

sys.exit(main())
