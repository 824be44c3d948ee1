"""The first moments of the command, and the last: there is nothing yet to lose, or all is told.

While it loads modules, Ctrl-C and SIGTERM end it there and then. A KeyboardInterrupt in the middle
of an import would not do: others' modules, and the interpreter's own machinery, catch it, wrap it
in other errors or print it.
"""

import gc
import os
import signal
from contextlib import suppress
from types import FrameType

#: The exit status after Ctrl-C.
INTERRUPTED = 130
#: The signals that ask for an end, and what Python does about them by itself.
_ENDS = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
_POLARS_MEMORY = "narenas:2,dirty_decay_ms:500,muzzy_decay_ms:0"
_FEW_PROCESSORS = 2
#: Of malloc.h.
_M_ARENA_MAX = -8


def begin() -> None:
    """Make the loading of modules quick, and quick to end."""
    # most of what they make stays: to look through it for garbage is a tenth of the time
    gc.disable()
    # numpy would start threads for linear algebra, and there is none here
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if os.cpu_count() == _FEW_PROCESSORS:
        # a check has threads of its own, and those of polars wait for work by spinning
        os.environ.setdefault("POLARS_MAX_THREADS", "1")
    _keep_little_memory()
    for number, default in _ENDS.items():
        if signal.getsignal(number) is default:
            signal.signal(number, _leave)


def end() -> None:
    """Now there is work to lose: Ctrl-C is a KeyboardInterrupt, even while polars computes.

    So is SIGTERM: what was found is told, and no temporary file stays behind. To be called when
    polars is loaded: its own handler would break off the making of the result.
    """
    for number, default in _ENDS.items():
        handler = signal.getsignal(number)
        if handler is not None:
            with suppress(ValueError):  # not in the main thread
                is_ours = handler in (_leave, default)
                signal.signal(number, signal.default_int_handler if is_ours else handler)
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def over() -> None:
    """All is told: nothing is to break off the deleting of what was put aside."""
    for number in _ENDS:
        if signal.getsignal(number) in (_leave, signal.default_int_handler):
            with suppress(ValueError):  # not in the main thread
                signal.signal(number, signal.SIG_IGN)


def _keep_little_memory() -> None:
    """What is freed goes back, and threads share what is left: a fifth less memory at no cost."""
    import ctypes  # as numpy does

    # of polars, which reads it when it is loaded
    os.environ.setdefault("_RJEM_MALLOC_CONF", _POLARS_MEMORY)
    with suppress(AttributeError, OSError, TypeError):  # another system's library has no such thing
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _leave(_: int, __: FrameType | None) -> None:
    os._exit(INTERRUPTED)
