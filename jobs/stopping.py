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
    begin, end = os.pipe()
    for handle in (begin, end):
        os.set_blocking(handle, False)
    _pipe = begin
    before = signal.set_wakeup_fd(end, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(begin)
        os.close(end)
        _pipe = _told = None


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
    """Until `end_as_usual` the first of the signals raises SystemExit or KeyboardInterrupt, and no other does anything:
    what ends then is not to be cut off. SIGHUP and SIGINT only where nobody has asked to have them ignored (nohup).
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
        for number in (signal.SIGINT, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _end)


def end_as_usual() -> None:
    """Undo `end_when_told`, but where a signal came: others are ignored then until the process is gone."""
    if threading.current_thread() is threading.main_thread():
        for number in _SIGNALS:
            if signal.getsignal(number) is _end:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> None:
    global _told  # noqa: PLW0603
    if _pipe is not None:
        _told = _told or number
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.exit(128 + number)


def _forget() -> None:
    """A forked process has the same pipe and handlers: what it is told is nothing to its parent."""
    global _pipe  # noqa: PLW0603
    if _pipe is not None:
        _pipe = None
        with suppress(ValueError):  # it is forked by another thread than the main one
            signal.set_wakeup_fd(-1)
        end_as_usual()


os.register_at_fork(after_in_child=_forget)
