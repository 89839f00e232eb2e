"""What a vocabulary is learnt from, the parts of words and how often they occur, counted shard by shard on Ray."""

from __future__ import annotations

import sys
from collections import Counter, deque
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ray

from jobs.progress import JobProgress
from pipeline.prepare.vocabulary import parts_of
from pipeline.prepare.wordcounts import MOST, WordCounts
from pipeline.shards.dataset import Dataset, ShardRef
from schemas.page import Page

_AHEAD = 2  # tasks in flight for each CPU


@ray.remote(num_cpus=1, max_retries=3)
def _count(url: str, shard: ShardRef) -> Counter[str]:
    counts: Counter[str] = Counter()
    for _, members in Dataset(url).samples(shard):
        counts.update(Page.from_json(members["json"]).words.text)
    return parts_of(counts)


def count_parts(dataset: Dataset, cpus: int, most: int = MOST) -> Counter[str]:
    """Counts over all pages of a dataset, for `train_on_parts`: of the `most` frequent ones where there are more."""
    with TemporaryDirectory(prefix="pagemill-words-") as folder:
        counts = WordCounts(Path(folder), most)
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
