"""Text-image matching: what happens to the picture in each variant, and which page stands in for it.

A partner is a page of another document and no near-duplicate, drawn uniformly over documents and then over the
pages of the one drawn. The draw is a function of (seed, key, variant, attempt).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pipeline.keyed import keyed
from pipeline.shards.hashes import hamming, similarity
from schemas.sample import TimAction

MAX_ATTEMPTS = 100
_FEW_WORDS = 20  # below this the 5-grams say too little, and the picture decides
_SAME_TEXT = 0.5  # estimated Jaccard similarity
_SAME_PICTURE = 8  # differing bits of 64


@dataclass(frozen=True)
class Candidate:
    """A page that may stand in for another's picture: where it lies, and its signatures."""

    shard: int
    row: int
    key: str
    document: str
    words: int
    minhash: tuple[int, ...]
    phash: int

    @classmethod
    def of(cls, shard: int, number: int, row: dict[str, Any]) -> Candidate:
        """From a row of a shard's index."""
        return cls(shard, number, row["key"], row["document"], row["words"], tuple(row["minhash"]), int(row["phash"]))


def near_duplicates(a: Candidate, b: Candidate) -> bool:
    """Whether two pages say or show nearly the same."""
    if min(a.words, b.words) < _FEW_WORDS:
        return hamming(a.phash, b.phash) <= _SAME_PICTURE
    return similarity(a.minhash, b.minhash) >= _SAME_TEXT


def action(seed: int, key: str, variant: int, replace_rate: float, drop_rate: float) -> TimAction:
    """What happens to the picture of a sample in a variant."""
    draw = keyed(seed, key, "tim", variant).random()
    if draw < replace_rate:
        return TimAction.REPLACED
    return TimAction.DROPPED if draw < replace_rate + drop_rate else TimAction.ALIGNED


class Partners:
    """All pages of a dataset as candidates, by document."""

    def __init__(self, candidates: Iterable[Candidate]) -> None:
        documents: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            documents.setdefault(candidate.document, []).append(candidate)
        self._documents = list(documents.values())

    def find(self, seed: int, page: Candidate, variant: int) -> Candidate | None:
        """The partner of a page in a variant, or None where MAX_ATTEMPTS draws find none that fits."""
        for attempt in range(MAX_ATTEMPTS if self._documents else 0):
            draw = keyed(seed, page.key, "partner", variant, attempt)
            pages = self._documents[int(draw.integers(len(self._documents)))]
            found = pages[int(draw.integers(len(pages)))]
            if found.document != page.document and not near_duplicates(page, found):
                return found
        return None
