"""Memory that is freed and asked for again with the next page, as bitmaps are, without the kernel between."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of mallopt(3)
_KEPT = 64 * 1024 * 1024  # bytes that may lie free at the heap's end
_LARGE = 32 * 1024 * 1024  # bytes of a block that goes back at once; glibc takes no more


def keep_freed_memory() -> bool:
    """Have this process keep up to 64 MB of freed memory; False where its C library cannot be told.

    By default glibc gives pages of memory back so soon that a page of a document costs a thousand page faults in its
    worker and child, a twentieth of all CPU time by the text layer (docs/log.md).
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return False
    return bool(mallopt(_MMAP_THRESHOLD, _LARGE) and mallopt(_TRIM_THRESHOLD, _KEPT))
