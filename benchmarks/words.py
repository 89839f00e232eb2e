"""Memory and time of learning a vocabulary from very many different words.

    python benchmarks/words.py [--words 3000000] [--limit 1000000] [--vocab-size 30522]

Simulated: the words (drawn letters, 3 to 12, counts as 1 / rank) and the shards that bring 50,000 of them each. Real:
counting with its limit and its files, and the making of the vocabulary.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pipeline.prepare import train_tokenizer
from pipeline.prepare.wordcounts import MOST, WordCounts

_PER_SHARD = 50_000
_LETTERS = np.array(list("etaoinshrdlucmfwypvbgkjqxz0123456789"))


def _shards(words: int) -> Iterator[Counter[str]]:
    """Each word in one shard, the frequent ones in the first."""
    random = np.random.default_rng(0)
    for begin in range(0, words, _PER_SHARD):
        count = min(_PER_SHARD, words - begin)
        lengths = random.integers(3, 13, count)
        letters = _LETTERS[random.zipf(1.3, int(lengths.sum())) % len(_LETTERS)]
        ends = np.cumsum(lengths)
        drawn = ("".join(letters[end - n : end]) for n, end in zip(lengths, ends, strict=True))
        yield Counter({f"{word}{begin + i:x}": 1 + words // (begin + i + 1) for i, word in enumerate(drawn)})


def _say(what: str, begun: float) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {what:10} {time.process_time() - begun:8.1f} CPU s   {peak:6.0f} MB at most so far", flush=True)


def main() -> None:
    """Count, then learn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--words", type=int, default=3_000_000)
    parser.add_argument("--limit", type=int, default=MOST)
    parser.add_argument("--vocab-size", type=int, default=30_522)
    options = parser.parse_args()
    print(f"{options.words} different words, {options.limit} kept")
    _say("begin", time.process_time())
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        counts = WordCounts(Path(folder), options.limit)
        for shard in _shards(options.words):
            counts.add(shard)
        _say("count", begun)
        begun = time.process_time()
        words, left_out = counts.most_frequent()
        _say("merge", begun)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    print(f"  {left_out} left out, files of {size / 1e6:.0f} MB")
    begun = time.process_time()
    train_tokenizer(words, options.vocab_size)
    _say("learn", begun)


if __name__ == "__main__":
    main()
