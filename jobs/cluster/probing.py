"""Inputs opened in parallel, their probes given back in the order of the inputs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import ray

from pipeline.ingest import Probe, probe
from pipeline.pages import Limits, Sandbox

_CHUNK = 16  # files of one task
_AHEAD = 4  # tasks in flight for each CPU: enough to be busy, few enough to keep the driver small


@ray.remote(num_cpus=1, max_retries=3)
def _probe_chunk(uris: list[str], limits: Limits) -> list[Probe]:
    with Sandbox(limits) as sandbox:
        return [probe(uri, sandbox) for uri in uris]


def probe_all(uris: Sequence[str], limits: Limits, cpus: int) -> Iterator[Probe]:
    """A probe for each input, in order."""
    chunks = (list(uris[i : i + _CHUNK]) for i in range(0, len(uris), _CHUNK))
    flying: deque[Any] = deque()
    for chunk in chunks:
        flying.append(_probe_chunk.remote(chunk, limits))
        if len(flying) >= _AHEAD * max(1, cpus):
            yield from ray.get(flying.popleft())
    while flying:
        yield from ray.get(flying.popleft())
