"""What extraction gives: words with boxes in fractions of the page, and where they came from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.upright.pose import UPRIGHT, Pose
from schemas.page import Engine, Route


@dataclass(frozen=True)
class WordList:
    """Words in the order of their source; all members but `features` have one entry per word."""

    text: list[str]
    box: NDArray[np.float64]  # N x 4: left, top, right, bottom in fractions 0..1 of the upright page
    confidence: list[float]  # 0..1; 1.0 for a text layer
    source_line: list[int]  # the source's own grouping
    features: dict[str, float] = field(default_factory=dict)  # what the reader noticed, for the page's record

    def __len__(self) -> int:
        return len(self.text)

    def chosen(self, rows: list[int]) -> WordList:
        """The words of these rows, in their order, and all features."""
        return WordList(
            [self.text[i] for i in rows],
            self.box[rows].reshape(-1, 4),
            [self.confidence[i] for i in rows],
            [self.source_line[i] for i in rows],
            self.features,
        )


@dataclass(frozen=True)
class Extraction:
    """A page's words, the route they came by and why."""

    words: WordList
    route: Route
    reason: str
    features: dict[str, float]
    engine: Engine
    pose: Pose = UPRIGHT  # how the page was brought upright: the words' boxes are of that page


def no_words(features: dict[str, float] | None = None) -> WordList:
    """The words of an empty page."""
    return WordList([], np.zeros((0, 4)), [], [], features or {})


def clean(text: str) -> str:
    """Text as it is stored: NFC, no control, unassigned, private or surrogate characters, no white space."""
    if text.isascii() and text.isprintable() and " " not in text:
        return text  # nearly all words, in a tenth of the time
    kept = (c for c in text if unicodedata.category(c) not in _DROPPED)
    # Last, as what was dropped may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", "".join("".join(kept).split()))


_DROPPED = frozenset({"Cc", "Cf", "Cn", "Co", "Cs"})
