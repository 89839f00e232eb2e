"""Counts of words in bounded memory: what does not fit is sorted into files, which are merged at the end.

The words that are kept are the most frequent ones, by their counts over all pages: so they depend neither on the order
in which counts come nor on when memory was full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from pathlib import Path

import orjson

MOST = 1_000_000  # different words that are held in memory beside a shard's, and that are learnt from: 2 GB
_RUNS = 64  # sorted files that are merged into one, so that not too many are open

_Counted = tuple[str, int]


class WordCounts:
    """Adds up counts; `folder` is for files that nobody else uses."""

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder, self._most = folder, most
        self._held: Counter[str] = Counter()
        self._runs: list[Path] = []
        self._written = 0

    def add(self, counts: Mapping[str, int]) -> None:
        """Add the counts of a part of the pages."""
        self._held.update(counts)
        if len(self._held) > self._most:
            self._spill()

    def most_frequent(self) -> tuple[Counter[str], int]:
        """(the most frequent words with their counts, equal counts by code point; how many words are left out)."""
        if not self._runs:
            return self._held, 0
        self._spill()
        classes = Counter(count for _, count in self._merged())
        least, room = _cut(classes, self._most)
        words: Counter[str] = Counter()
        for word, count in self._merged():
            if count > least or (count == least and room > 0):
                room -= count == least
                words[word] = count
        return words, classes.total() - len(words)

    def _spill(self) -> None:
        self._runs.append(self._write(sorted(self._held.items())))
        self._held.clear()
        if len(self._runs) == _RUNS:
            merged = self._write(self._merged())
            for path in self._runs:
                path.unlink()
            self._runs = [merged]

    def _merged(self) -> Iterator[_Counted]:
        """All words in files with their counts, by code point."""
        held, total = "", 0
        for word, count in merge(*map(_read, self._runs)):
            if word != held:
                if total:
                    yield held, total
                held, total = word, 0
            total += count
        if total:
            yield held, total

    def _write(self, counted: Iterable[_Counted]) -> Path:
        path = self._folder / f"words-{self._written:06d}.jsonl"
        self._written += 1
        with path.open("xb") as file:
            file.writelines(orjson.dumps(one) + b"\n" for one in counted)
        return path


def _cut(classes: Mapping[int, int], most: int) -> tuple[int, int]:
    """(the count of which not all words fit among `most`, how many of these do), from the number of words by count."""
    room = most
    for count in sorted(classes, reverse=True):
        if classes[count] > room:
            return count, room
        room -= classes[count]
    raise AssertionError("files are written only when there are more words than fit")


def _read(path: Path) -> Iterator[_Counted]:
    with path.open("rb") as file:
        for line in file:
            word, count = orjson.loads(line)
            yield str(word), int(count)
