"""Freed memory is kept for the next array, where the C library can be told to.

A step over some thousand patients makes and drops hundreds of arrays of 100 kB and more. glibc by
default gives such memory back to the system at once, and every array then starts with page faults:
a fifth of the time of a step over 8 000 patients. In: nothing. Called by processes that do little
but such steps (`scorecard`'s, and the benchmark of the rules), never by libraries or the services.
"""

import ctypes
import os
import signal
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT_BYTES: Final = 1 << 30
_LARGEST_ARRAY: Final = 32 << 20
"""glibc allows no more for the second (mallopt(3))."""


def begin_work() -> None:
    """What a worker process does first: it keeps freed memory, and Ctrl-C ends it without a word,
    as its parent says what there is to say."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(128 + signal.SIGINT))
    keep_freed_memory()


def keep_freed_memory() -> bool:
    """Tell the C library; whether it understood (glibc does, others have no such thing).

    >>> keep_freed_memory() in (True, False)
    True
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return False
    return bool(mallopt(_TRIM_THRESHOLD, _KEPT_BYTES) and mallopt(_MMAP_THRESHOLD, _LARGEST_ARRAY))
