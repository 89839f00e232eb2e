"""Words and how often they occur, counted shard by shard on Ray."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any

import ray

from jobs.progress import JobProgress
from pipeline.shards.dataset import Dataset, ShardRef
from schemas.page import Page

_AHEAD = 2  # tasks in flight for each CPU


@ray.remote(num_cpus=1, max_retries=3)
def _count(url: str, shard: ShardRef) -> Counter[str]:
    counts: Counter[str] = Counter()
    for _, members in Dataset(url).samples(shard):
        counts.update(Page.from_json(members["json"]).words.text)
    return counts


def count_words(dataset: Dataset, cpus: int) -> Counter[str]:
    """Counts over all pages of a dataset."""
    shards = dataset.shards()
    total: Counter[str] = Counter()
    flying: deque[Any] = deque()
    with JobProgress("tokenizer", "shards", len(shards)) as progress:
        for number, shard in enumerate(shards):
            flying.append(_count.remote(dataset.store.url, shard))
            if len(flying) >= _AHEAD * max(1, cpus):
                total.update(ray.get(flying.popleft()))
            progress.update(number + 1 - len(flying))
        while flying:
            total.update(ray.get(flying.popleft()))
            progress.update(len(shards) - len(flying))
    return total
