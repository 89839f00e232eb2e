"""The child's side: it limits itself before it reads a single byte that is not ours, then answers one by one.

A death by signal is an answer, too: the parent turns it into a rejected page.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from typing import Any, BinaryIO, Protocol

from pipeline.limited.base import Budget, PageError
from pipeline.limited.confine import confine
from pipeline.limited.heap import keep_freed_memory
from pipeline.limited.wire import Bytes, pack, unpack
from schemas.manifest import Reason

Reply = tuple[dict[str, Any], Bytes]


class Service(Protocol):
    """What a child does."""

    def ready(self) -> dict[str, Any]:
        """What the parent is to know of it."""
        ...

    def answer(self, request: dict[str, Any], body: Bytes) -> Reply:
        """Head and body; PageError refuses, MemoryError too. Anything else is a fault of ours and ends the child."""
        ...


def serve(make: Callable[[dict[str, Any]], Service]) -> None:
    """Limit this process, build the service from the parent's settings, answer until standard input closes."""
    # Libraries print to file 1 when they please; the answers go where they cannot reach.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        first, _ = unpack(_read_exactly)
    except EOFError:
        return
    budget = Budget(**first["budget"])
    keep_freed_memory()
    if first["late"]:
        # A GPU's driver opens its devices for writing, which the filter refuses. Nothing untrusted was read so far.
        service = make(first["settings"])
        confine(budget)
    else:
        confine(budget)
        service = make(first["settings"])
    _write(answers, {"ready": service.ready()})
    while True:
        try:
            request, body = unpack(_read_exactly)
        except EOFError:
            return
        except MemoryError:
            os.abort()  # half a message was read: what follows cannot be understood
        _grant_cpu(budget.cpu_seconds)
        try:
            _write(answers, *service.answer(request, body))
        except PageError as error:
            _write(answers, {"reason": error.reason.value, "detail": error.detail})
        except (MemoryError, SystemError):  # the second is C code's that fails and says nothing, as where memory ends
            _write(answers, {"reason": Reason.KILLED.value, "detail": "out of the memory it may use"})


def _write(answers: BinaryIO, head: dict[str, Any], body: Bytes = b"") -> None:
    answers.write(pack(head, len(body)))
    answers.write(body)
    answers.flush()


def _read_exactly(size: int) -> bytes:
    data = sys.stdin.buffer.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _grant_cpu(seconds: int) -> None:
    """Only the soft limit moves: what this request may still use; beyond it the kernel sends SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))
