"""The parent's side: documents are opened in a child that is limited, watched, recycled and replaced."""

from __future__ import annotations

import dataclasses
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import numpy as np
import orjson

from pipeline.pages.base import Chars, Limits, PageError, PageFacts, RawPage
from pipeline.pages.wire import pack, unpack
from pipeline.sources.formats import Format
from schemas.manifest import Reason

_DYING = 5.0  # seconds that a process may take to end after its last word
Answer = TypeVar("Answer")


class Sandbox:
    """Opens one document at a time. Every failure of the child is a PageError; the next request gets a new child."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._child: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._document: tuple[Format, bytes] | None = None
        self._opened = False

    def open(self, kind: Format, data: bytes) -> int:
        """Open a document and say how many pages it has; PageError with the reason where that cannot be."""
        self._document = (kind, data)
        return self._open_here()

    def page(self, index: int, longest: int, *, chars: bool = True) -> RawPage:
        """Page `index` of the open document; see `Opened.page`."""
        assert self._document is not None, "page() before open()"
        if self._served >= self._limits.recycle_after or not self._alive():
            self.close()
        if not self._opened:
            self._open_here()
        self._served += 1
        return self._ask({"op": "page", "page": index, "longest": longest, "chars": chars}, b"", _raw_page)

    def _open_here(self) -> int:
        assert self._document is not None
        kind, data = self._document
        self._opened = False
        pages = self._ask({"op": "open", "format": kind.value}, data, self._count)
        self._opened = True
        return pages

    def _count(self, head: dict[str, Any], _: bytes) -> int:
        pages = int(head["pages"])
        if not 1 <= pages <= self._limits.max_pages:
            raise ValueError(f"{pages} pages")
        return pages

    def _ask(self, request: dict[str, Any], body: bytes, parse: Callable[[dict[str, Any], bytes], Answer]) -> Answer:
        child = self._start()
        deadline = time.monotonic() + self._limits.wall_seconds
        try:
            _send(child, pack(request, body), deadline)
            head, payload = unpack(lambda size: _receive(child, size, deadline))
            if "reason" not in head:
                return parse(head, payload)
            refusal = PageError(Reason(head["reason"]), str(head["detail"]))
        except TimeoutError:
            self.close()
            raise PageError(Reason.TIMEOUT, f"no answer in {self._limits.wall_seconds:g} s") from None
        except (EOFError, BrokenPipeError):
            raise self._death() from None
        except (KeyError, TypeError, ValueError) as error:
            # A document may have taken the child over: its word counts for nothing, and it ends.
            self.close()
            raise PageError(Reason.KILLED, f"its process answered nonsense: {type(error).__name__}: {error}") from None
        if refusal.reason is Reason.KILLED:
            self.close()  # a process that ran out of memory once is not used again
        raise refusal

    def _alive(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def _start(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._alive():
            return self._child
        self.close()
        self._served = 0
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
        limits = orjson.dumps(dataclasses.asdict(self._limits)).decode()
        self._child = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "pipeline.pages.child", limits],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
            env=environment,
        )
        return self._child

    def _death(self) -> PageError:
        assert self._child is not None
        try:
            code = self._child.wait(timeout=_DYING)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL  # it closed its pipes and lives on
        self.close()
        if code == -signal.SIGXCPU:
            return PageError(Reason.TIMEOUT, f"more than {self._limits.cpu_seconds} s of CPU")
        if code < 0:
            return PageError(Reason.KILLED, f"its process died of {signal.Signals(-code).name}")
        # Not the document's fault: the child could not start, or has a fault of ours.
        raise RuntimeError(
            f"the page process ended with {code}; run `python -m pipeline.pages.child '{{}}'` to see why"
        )

    def close(self) -> None:
        """End the child, whatever it does."""
        child, self._child, self._opened = self._child, None, False
        if child is None:
            return
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _send(child: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
    assert child.stdin is not None
    handle = child.stdin.fileno()
    os.set_blocking(handle, False)
    view = memoryview(data)
    while view:
        _, ready, _ = select.select([], [handle], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        view = view[os.write(handle, view[: 1 << 20]) :]


def _receive(child: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    assert child.stdout is not None
    handle = child.stdout.fileno()
    data = bytearray()
    while len(data) < size:
        ready, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        part = os.read(handle, min(size - len(data), 1 << 20))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


def _raw_page(head: dict[str, Any], body: bytes) -> RawPage:
    width, height, count = int(head["width"]), int(head["height"]), int(head["chars"])
    pixels = width * height * 3
    if min(width, height) < 1 or count < 0 or len(body) != pixels + count * (4 + 16 + 1):
        raise ValueError(f"{len(body)} bytes for a page of {width} x {height} pixels and {count} characters")
    picture = np.frombuffer(body, np.uint8, pixels).reshape(height, width, 3)
    code = np.frombuffer(body, "<u4", count, pixels)
    box = np.frombuffer(body, "<f4", count * 4, pixels + 4 * count).reshape(count, 4)
    hidden = np.frombuffer(body, np.uint8, count, pixels + 20 * count) != 0
    if not np.isfinite(box).all():
        raise ValueError("boxes that are not finite")
    return RawPage(picture, PageFacts.of(head["facts"]), Chars(code.astype(np.uint32), box.astype(np.float32), hidden))
