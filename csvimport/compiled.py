"""What was compiled of C, if there was a compiler."""

import ctypes
from pathlib import Path
from typing import Any

#: Of bytes, of an array or what else there is in memory, of a number of them, of one, of whether.
TEXT, ARRAY, SIZE, BYTE = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_uint8
FLAG = ctypes.c_bool


def library(**functions: tuple[Any, ...]) -> ctypes.CDLL | None:
    """Its `functions`: of each, what it returns, and what arguments it takes.

    None where nothing was compiled, or what was is older than they are.
    """
    try:
        found = ctypes.CDLL(str(Path(__file__).with_name("_compiled.so")))
        for name, (result, *arguments) in functions.items():
            function = getattr(found, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError):
        return None
    return found
