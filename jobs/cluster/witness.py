"""A few inputs that every process that reads inputs must see: a node without the folder would reject all of them.

`require_shared` asks the nodes that are there when a job begins; those that an autoscaler starts later come here.
"""

from __future__ import annotations

import socket
import time
from functools import lru_cache
from pathlib import Path

from pipeline.ingest import InputFiles

_COUNT = 8
_SETTLE = 5.0  # seconds in which a network folder may come up


def choose_witnesses(inputs: InputFiles, parts: int) -> tuple[str, ...]:
    """Paths of some listed files of this machine, from the first and the last part, that are there now."""
    found: list[str] = []
    for part in sorted({0, max(0, parts - 1)}):
        listed = [uri for uri in inputs.listed(part)["uri"].to_pylist() if "://" not in uri]
        step = max(1, len(listed) // _COUNT)
        found += [uri for uri in listed[::step][:_COUNT] if Path(uri).is_file()]
    return tuple(found)


@lru_cache(maxsize=4)
def require_witnesses(paths: tuple[str, ...]) -> None:
    """RuntimeError where this process does not see one of `paths`; asked once in a process."""
    deadline = time.monotonic() + _SETTLE
    while lost := [path for path in paths if not Path(path).is_file()]:
        if time.monotonic() >= deadline:
            raise RuntimeError(
                f"node {socket.gethostname()} does not see the input {lost[0]}, which was there when the job began: if"
                " it was removed meanwhile, give the same command again; else inputs must lie in a folder that all"
                " nodes share under the same path, or behind a URL"
            )
        time.sleep(0.5)
