"""Text-image matching: what happens to the picture in each variant, and which page stands in for it.

A partner is a page of another document and no near-duplicate, drawn uniformly over documents and then over the
pages of the one drawn. The draw is a function of (seed, key, variant, attempt).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.keyed import keyed
from pipeline.permutation import Permutation
from pipeline.shards.hashes import hamming, similarity
from schemas.sample import TimAction

MAX_ATTEMPTS = 1000  # draws of pages that may be a partner at all
_MOST_ATTEMPTS = 100_000  # draws, however few of them may be one
FEW_WORDS = 20  # below this the 5-grams say too little, and the picture decides
SAME_TEXT = 0.5  # estimated Jaccard similarity
SAME_PICTURE = 8  # differing bits of 64


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
    if min(a.words, b.words) < FEW_WORDS:
        return hamming(a.phash, b.phash) <= SAME_PICTURE
    return similarity(a.minhash, b.minhash) >= SAME_TEXT


def action(seed: int, key: str, variant: int, replace_rate: float, drop_rate: float) -> TimAction:
    """What happens to the picture of a sample in a variant."""
    draw = keyed(seed, key, "tim", variant).random()
    if draw < replace_rate:
        return TimAction.REPLACED
    return TimAction.DROPPED if draw < replace_rate + drop_rate else TimAction.ALIGNED


class Documents(Protocol):
    """Documents by number, each with its pages."""

    @property
    def count(self) -> int:
        """Number of documents."""

    def pages(self, document: int) -> int:
        """How many pages a document has."""

    def page(self, document: int, number: int) -> Candidate:
        """Page `number` of a document, counted from 0."""


class Partners:
    """Draws partners among `documents`; `fits` says which pages may be one at all, about `share` of them (above 0)."""

    def __init__(
        self, documents: Documents, fits: Callable[[Candidate], bool] = lambda page: True, share: float = 1.0
    ) -> None:
        self._documents = documents
        self._fits = fits
        self._attempts = min(int(MAX_ATTEMPTS / share), _MOST_ATTEMPTS)

    def find(self, seed: int, page: Candidate, variant: int) -> Candidate | None:
        """The partner of a page in a variant, or None where there is none, or none of so many draws fits.

        Documents come in an order that is a keyed permutation of all of them, and so do the pages of each: every
        document is drawn once before any is drawn again, and gives another page then.
        """
        count, most = self._documents.count, 1
        order = Permutation(count, seed, "partner", page.key, variant) if count else None
        for attempt in range(self._attempts if order else 0):
            assert order is not None
            again, place = divmod(attempt, count)
            if again == most:
                break  # every page has been tried
            document = order(place)
            pages = self._documents.pages(document)
            most = max(most, pages)
            chosen = Permutation(pages, seed, "partner-page", page.key, variant, document)(again % pages)
            found = self._documents.page(document, chosen)
            if found.document != page.document and self._fits(found) and not near_duplicates(page, found):
                return found
        return None
