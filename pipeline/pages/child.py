"""The limited child: `python -m pipeline.pages.child '<limits as JSON>'`. Opens, renders, answers, and trusts nothing.

It limits itself before it reads a single byte of a document. A death by signal is an answer, too:
the parent turns it into a rejected page.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Any

import numpy as np
import orjson

from pipeline.pages.base import Limits, PageError, RawPage
from pipeline.pages.document import open_document
from pipeline.pages.opened import Opened
from pipeline.pages.wire import pack, unpack
from schemas.manifest import Reason


def main() -> None:
    """Answer requests from standard input until it closes."""
    limits = Limits(**orjson.loads(sys.argv[1]))
    _limit(limits)
    # Libraries print to file 1 when they please; the answers go where they cannot reach.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    document: Opened | None = None
    while True:
        try:
            request, body = unpack(_read_exactly)
        except EOFError:
            return
        except MemoryError:
            os.abort()  # half a message was read: what follows cannot be understood
        _grant_cpu(limits.cpu_seconds)
        try:
            if request["op"] == "open":
                document = None  # frees the last one first
                document = open_document(request["format"], body, limits)
                reply = pack({"pages": document.pages})
            else:
                assert document is not None, "a page was asked of no document"
                reply = _page(document.page(request["page"], request["longest"], chars=request["chars"]))
        except PageError as error:
            reply = pack({"reason": error.reason.value, "detail": error.detail})
        except MemoryError:
            reply = pack({"reason": Reason.KILLED.value, "detail": "out of the memory it may use"})
        answers.write(reply)
        answers.flush()


def _page(raw: RawPage) -> bytes:
    facts: dict[str, Any] = {
        "declared_rotation": raw.facts.declared_rotation,
        "picture_cover": raw.facts.picture_cover,
        "bilevel": raw.facts.bilevel,
        "size": raw.facts.size,
    }
    height, width, _ = raw.picture.shape
    body = (
        np.ascontiguousarray(raw.picture).tobytes()
        + raw.chars.code.astype("<u4").tobytes()
        + raw.chars.box.astype("<f4").tobytes()
        + raw.chars.hidden.astype("u1").tobytes()
    )
    return pack({"width": width, "height": height, "chars": len(raw.chars), "facts": facts}, body)


def _read_exactly(size: int) -> bytes:
    data = sys.stdin.buffer.read(size)
    if len(data) != size:
        raise EOFError
    return data


def _limit(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.address_space, limits.address_space))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits.open_files, limits.open_files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _grant_cpu(seconds: int) -> None:
    """Only the soft limit moves: what this request may still use; beyond it the kernel sends SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + seconds + 1, hard))


if __name__ == "__main__":
    main()
