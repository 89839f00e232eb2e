"""A child process and its three pipes, each with a deadline. What it complains of is kept for whoever asks."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence

_PIECE = 1 << 20  # bytes of one read or write, and of a pipe where the kernel allows it
_KEPT = 4000  # bytes of its last words


class Child:
    """A process in a session of its own. Raises OSError where it cannot be started at all."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env=environment,
            cwd="/",
        )
        streams = (self._process.stdin, self._process.stdout, self._process.stderr)
        self._streams = [stream for stream in streams if stream is not None]
        self._in, self._out, self._err = (stream.fileno() for stream in self._streams)
        self._complaints = bytearray()
        for handle in (self._in, self._out, self._err):
            os.set_blocking(handle, False)
        for handle in (self._in, self._out):
            _widen(handle)

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def send(self, data: bytes | bytearray | memoryview, deadline: float) -> None:
        """Give it `data`; TimeoutError at `deadline` (of time.monotonic), BrokenPipeError where it is gone."""
        view = memoryview(data)
        while view:
            self._wait(self._in, select.POLLOUT, deadline)
            view = view[os.write(self._in, view[:_PIECE]) :]

    def receive(self, size: int, deadline: float) -> bytearray:
        """Exactly `size` bytes of its answer; TimeoutError at `deadline`, EOFError where it is gone."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            self._wait(self._out, select.POLLIN, deadline)
            count = os.readv(self._out, [view[:_PIECE]])
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def _wait(self, handle: int, event: int, deadline: float) -> None:
        """Until `handle` is ready. A child whose complaints nobody reads would stop at a full pipe."""
        while True:
            poll = select.poll()  # select() refuses the high numbers of a process with many files
            poll.register(handle, event)
            poll.register(self._err, select.POLLIN)
            ready = dict(poll.poll(max(0.0, (deadline - time.monotonic()) * 1000)))
            if handle in ready:
                return
            if not ready:
                raise TimeoutError
            if self._hear() == b"":
                time.sleep(0.01)  # it closed that pipe, and poll returns at once from now on

    def _hear(self) -> bytes | None:
        """What it complains of: empty at the end, None where there is nothing now."""
        try:
            said = os.read(self._err, _PIECE)
        except BlockingIOError:
            return None
        self._complaints += said
        del self._complaints[:-_KEPT]
        return said

    def code(self, seconds: float) -> int | None:
        """Its exit code, negative for a signal; None where it has not ended after `seconds`."""
        try:
            return self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def last_words(self) -> str:
        """The last lines that it wrote to standard error, as one printable line."""
        while self._hear():
            pass
        lines = [line.strip() for line in self._complaints.decode(errors="replace").splitlines()]
        return printable(" | ".join([line for line in lines if line.strip("^~ ")][-4:]))

    def end(self) -> None:
        """End it and all that it started, whatever it does."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for stream in self._streams:
            stream.close()


def printable(text: str) -> str:
    """`text` without anything that could move a cursor or break a line; 600 characters at most."""
    return "".join(c if c.isprintable() else "?" for c in text)[-600:]


def _widen(handle: int) -> None:
    """A picture of 10 MB goes through a pipe of 64 KiB in 150 turns of two processes."""
    with contextlib.suppress(OSError):  # the user has had enough of them: it is only slower
        fcntl.fcntl(handle, fcntl.F_SETPIPE_SZ, _PIECE)
