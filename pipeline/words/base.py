"""What extraction gives: words with boxes in fractions of the page, and where they came from."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

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
    """Text as it is stored: NFC, no control, unassigned, private or format characters, no white space.

    Ligatures and Arabic presentation forms become their letters, hyphens of other code points "-"; what is no
    character at all (half of a surrogate pair, a non-character) becomes U+FFFD, so that its place is not lost.
    """
    if text.isascii() and text.isprintable() and " " not in text:
        return text  # nearly all words, in a tenth of the time
    # Composed last, as what was dropped may have stood between a letter and its accent.
    return unicodedata.normalize("NFC", "".join("".join(map(_stored, text)).split()))


_DROPPED = frozenset({"Cc", "Cf", "Cn", "Co"})
_UNKNOWN = "\ufffd"
_HYPHENS = "\u2010\u2011"  # as in the fonts of text processors; no vocabulary has them
_NON_CHARACTERS = range(0xFDD0, 0xFDF0)  # and the last two of each plane
_FORMS = (range(0xFB00, 0xFB07), range(0xFB50, 0xFE00), range(0xFE70, 0xFEFF))


@lru_cache(maxsize=4096)
def _stored(character: str) -> str:
    code = ord(character)
    category = unicodedata.category(character)
    if category == "Cs" or code in _NON_CHARACTERS or code & 0xFFFE == 0xFFFE:
        return _UNKNOWN
    if category in _DROPPED:
        return ""
    if character in _HYPHENS:
        return "-"
    if any(code in forms for forms in _FORMS):
        letters = unicodedata.normalize("NFKC", character).strip()
        # A whole sentence in one sign stays one sign: it is one word.
        return character if " " in letters else letters
    return character
