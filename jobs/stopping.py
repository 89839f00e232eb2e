"""Being told to end: by SIGTERM, by SIGHUP, by Ctrl-C, whoever else handles these.

Ray sets handlers of its own, makes an exit that passes through it an exit 1, and Python drops one that is raised while
a process forks. So the system notes the signals' numbers in a pipe as they come, beside all handlers, and how a command
ends is decided from what is in there.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_pipe: int | None = None  # where the numbers are read from, while they are noted
_told: int | None = None  # the first of them


@contextmanager
def noting() -> Iterator[None]:
    """Note the signals that come while the block runs; nothing is noted outside of a program's main thread."""
    global _pipe, _told  # noqa: PLW0603 - signals are the process's
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _pipe, end = os.pipe()
    _told = None
    for handle in (_pipe, end):
        os.set_blocking(handle, False)
    before = signal.set_wakeup_fd(end, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(_pipe)
        os.close(end)
        _pipe = None


def told() -> int | None:
    """The number of the first signal that told this process to end, None where none did."""
    global _told  # noqa: PLW0603
    if _told is None and _pipe is not None:
        with suppress(BlockingIOError):
            came = os.read(_pipe, 4096)
            _told = next((number for number in came if number in _SIGNALS), None)
    return _told


def heed() -> None:
    """End the process if it was told to, as `told` says: whoever should have done so may have lost it."""
    if (number := told()) is not None:
        sys.exit(128 + number)


def end_when_told() -> None:
    """From now on SIGTERM and SIGHUP raise SystemExit, once: what ends then is not to be cut off by another one.

    Of SIGHUP only where nobody has asked to have it ignored, as nohup does.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
            signal.signal(signal.SIGHUP, _end)


def _end(number: int, _frame: FrameType | None) -> None:
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    sys.exit(128 + number)


def _forget() -> None:
    """A forked process has the same pipe: what it is told is nothing to its parent."""
    if _pipe is not None:
        with suppress(ValueError):
            signal.set_wakeup_fd(-1)


os.register_at_fork(after_in_child=_forget)
