"""Inputs opened in parallel, a part of the listing at a time; parts that were opened before are left alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import ray

from jobs.cluster.witness import require_witnesses
from pipeline.beside import Beside
from pipeline.ingest import InputFiles, probe
from pipeline.pages import Limits, Sandbox

_CHUNK = 16  # files of one task
_AHEAD = 4  # tasks in flight for each CPU: enough to be busy, few enough to keep the driver small


@ray.remote(num_cpus=1, max_retries=3)
def _probe_chunk(
    rows: list[dict[str, Any]], limits: Limits, passwords: Sequence[str], witnesses: tuple[str, ...]
) -> list[dict[str, Any]]:
    require_witnesses(witnesses)
    sandbox, beside = _children(limits, tuple(passwords))
    return [probe(row, sandbox, beside).row() for row in rows]


@lru_cache(maxsize=1)
def _children(limits: Limits, passwords: tuple[str, ...]) -> tuple[Sandbox, Beside]:
    """For all tasks of a process: they end with the process, and starting one costs as much as many files."""
    return Sandbox(limits, passwords), Beside(limits.for_pages)


@dataclass(frozen=True)
class _Flying:
    part: int
    last: bool  # of its part
    result: Any


def probe_all(
    files: InputFiles,
    parts: int,
    limits: Limits,
    passwords: Sequence[str],
    witnesses: tuple[str, ...],
    cpus: int,
    on_done: Callable[[int], None],
) -> None:
    """Open every input that is listed and was not opened yet; `on_done` is told how many inputs of them are done."""
    flying: deque[_Flying] = deque()
    rows: list[dict[str, Any]] = []
    done = 0

    def land() -> None:
        nonlocal done
        first = flying.popleft()
        chunk = ray.get(first.result)
        done += len(chunk)
        rows.extend(chunk)
        if first.last:
            files.write_probes(first.part, rows)
            rows.clear()
        on_done(done)

    for part, last, chunk in _chunks(files, parts):
        flying.append(_Flying(part, last, _probe_chunk.remote(chunk, limits, passwords, witnesses)))
        if len(flying) >= _AHEAD * max(1, cpus):
            land()
    while flying:
        land()


def _chunks(files: InputFiles, parts: int) -> Iterator[tuple[int, bool, list[dict[str, Any]]]]:
    there = files.probed()
    for part in range(parts):
        if part not in there:
            rows = files.listed(part).to_pylist()
            for start in range(0, len(rows), _CHUNK):
                yield part, start + _CHUNK >= len(rows), rows[start : start + _CHUNK]
