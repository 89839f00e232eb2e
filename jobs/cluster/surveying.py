"""Looks at the indexes of all pages on Ray before preparation: where documents begin, and which of them say the same.

Near-duplicates are found in two steps: tasks over shards send what each page has in each band to the partition of
that band, tasks over partitions compare. The driver holds a few integers a shard, and the documents that have a
near-duplicate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import ray

from jobs.cluster.failures import plain_failures
from jobs.progress import JobProgress
from pipeline.prepare.directory import Runs, look_at
from pipeline.prepare.split import RECORD, Edges, Records, band_records, edges_of, partitioned, sides_of
from pipeline.prepare.tim import FEW_WORDS
from pipeline.shards.dataset import Dataset, ShardRef

_AHEAD = 2  # tasks in flight for each CPU
_SHARDS = 16  # a task
_PAGES = 65_536  # a partition: 200 MB where it is compared


@ray.remote(num_cpus=1, max_retries=3)
def _look(url: str, shards: Sequence[ShardRef]) -> list[Runs]:
    return look_at(Dataset(url), shards)


@ray.remote(num_cpus=1, max_retries=3)
def _send(url: str, shards: Sequence[ShardRef], partitions: int) -> Any:
    """One array for each partition; the array itself where there is one."""
    dataset = Dataset(url)
    found = [np.zeros(0, dtype=RECORD)]
    found += [band_records(dataset.index(s), int(s.generation.removeprefix("gen-")), FEW_WORDS) for s in shards]
    sent = partitioned(np.concatenate(found), partitions)
    return sent if partitions > 1 else sent[0]


@ray.remote(num_cpus=1, max_retries=3)
def _compare(*records: Records) -> Edges:
    return edges_of(np.concatenate(records))


def survey(dataset: Dataset, shards: Sequence[ShardRef], cpus: int) -> list[Runs]:
    """The documents of each of `shards`."""
    with plain_failures("looking at the pages"):
        calls = [lambda some=some: _look.remote(dataset.store.url, some) for some in _chunks(shards)]
        return [runs for found in _in_order("look", calls, cpus) for runs in found]


def find_sides(dataset: Dataset, shards: Sequence[ShardRef], fraction: float, cpus: int) -> dict[int, str]:
    """The side of the held-out split of each document in `shards` (all there are) that has a near-duplicate."""
    partitions = -(-sum(shard.samples for shard in shards) // _PAGES) or 1
    send: Any = _send.options(num_returns=partitions)
    with plain_failures("looking for near-duplicates"):
        sent: list[list[Any]] = []
        for some in _chunks(shards):
            refs = send.remote(dataset.store.url, some, partitions)
            sent.append(refs if partitions > 1 else [refs])
            if len(sent) > _AHEAD * cpus:  # no more than that is waiting; Ray spills what is done
                ray.wait([sent[-_AHEAD * cpus][0]])
        by_partition = zip(*sent, strict=True)
        calls = [lambda refs=refs: _compare.remote(*refs) for refs in by_partition]
        return sides_of(_in_order("near-duplicates", calls, cpus), fraction)


def _chunks(shards: Sequence[ShardRef]) -> Iterator[Sequence[ShardRef]]:
    return (shards[begin : begin + _SHARDS] for begin in range(0, len(shards), _SHARDS))


def _in_order(title: str, calls: Sequence[Callable[[], Any]], cpus: int) -> Iterator[Any]:
    """Results of Ray tasks in the order of their calls, a few of them under way at once."""
    flying: deque[Any] = deque()
    with JobProgress(title, "tasks", len(calls)) as progress:
        for number, call in enumerate(calls):
            flying.append(call())
            if len(flying) >= _AHEAD * max(1, cpus):
                yield ray.get(flying.popleft())
            progress.update(number + 1 - len(flying))
        while flying:
            yield ray.get(flying.popleft())
            progress.update(len(calls) - len(flying))
