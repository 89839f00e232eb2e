"""Words and how often they occur, counted shard by shard on Ray."""

from __future__ import annotations

import sys
from collections import Counter, deque
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray

from jobs.progress import JobProgress
from pipeline.prepare.wordcounts import WordCounts
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
    """Counts over all pages of a dataset, of the most frequent words where there are very many."""
    with TemporaryDirectory(prefix="pagemill-words-") as folder:
        counts = WordCounts(Path(folder))
        _count_all(dataset, cpus, counts)
        words, left_out = counts.most_frequent()
    if left_out:
        print(f"note: {left_out} rare words are left out of the vocabulary's making", file=sys.stderr, flush=True)
    return words


def _count_all(dataset: Dataset, cpus: int, counts: WordCounts) -> None:
    shards = dataset.shards()
    flying: deque[Any] = deque()
    with JobProgress("tokenizer", "shards", len(shards)) as progress:
        for number, shard in enumerate(shards):
            flying.append(_count.remote(dataset.store.url, shard))
            if len(flying) >= _AHEAD * max(1, cpus):
                counts.add(ray.get(flying.popleft()))
            progress.update(number + 1 - len(flying))
        while flying:
            counts.add(ray.get(flying.popleft()))
            progress.update(len(shards) - len(flying))
