"""What was compiled of C, if there was a compiler."""

import ctypes
from pathlib import Path


def library() -> ctypes.CDLL | None:
    """Its functions, of which nobody else says what arguments they take."""
    try:
        return ctypes.CDLL(str(Path(__file__).with_name("_compiled.so")))
    except OSError:
        return None
