"""Word match: found words against true ones, by text and place."""

from __future__ import annotations

import string
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MARGIN = 8.0  # units of 1000 that a found centre may lie outside of the true box; half its height where that is more
_ASCII = frozenset(string.punctuation)


@dataclass(frozen=True)
class WordScore:
    """Counts of one page or of many; words without letters or digits are in none of them."""

    matched: int
    predicted: int
    truth: int

    @property
    def precision(self) -> float:
        """Share of the found words that are right, 0..1; 1 where nothing was found."""
        return self.matched / self.predicted if self.predicted else 1.0

    @property
    def recall(self) -> float:
        """Share of the true words that were found, 0..1; 1 where there is none."""
        return self.matched / self.truth if self.truth else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0..1; 1 where nothing was to be found and nothing was."""
        both = self.predicted + self.truth
        return 2 * self.matched / both if both else 1.0


def normalised(text: str) -> str:
    """Lower case without white space, punctuation and quotes at both ends; they stay where they are inside."""
    start, end = 0, len(text)
    while start < end and _strippable(text[start]):
        start += 1
    while end > start and _strippable(text[end - 1]):
        end -= 1
    return text[start:end].lower()


def match_words(texts: Sequence[str], boxes: ArrayLike, true_texts: Sequence[str], true_boxes: ArrayLike) -> WordScore:
    """Score one page; boxes are N x 4 in units of 1000 of the page: left, top, right, bottom.

    Two words match whose normalised texts are equal, where the found box's centre lies in the true box grown on every
    side by the larger of 8 units and half its height: one to one, greedily, the nearest centres first.
    Words that are empty once normalised count on neither side. ValueError where boxes and texts differ in number.
    """
    predicted, centre = _counting(texts, _boxes(boxes, len(texts), "boxes"))
    true, frame = _counting(true_texts, _boxes(true_boxes, len(true_texts), "true_boxes"))
    matched = 0
    for text, ours in predicted.items():
        if text in true:
            matched += _matches(centre[ours], frame[true[text]])
    return WordScore(matched, sum(map(len, predicted.values())), sum(map(len, true.values())))


def total(scores: Iterable[WordScore]) -> WordScore:
    """All pages together."""
    matched = predicted = truth = 0
    for score in scores:
        matched, predicted, truth = matched + score.matched, predicted + score.predicted, truth + score.truth
    return WordScore(matched, predicted, truth)


def _matches(boxes: NDArray[np.float64], true_boxes: NDArray[np.float64]) -> int:
    """Matches among words of one text. Where two pairs are equally near, the earlier found word goes first."""
    x, y = (boxes[:, None, 0] + boxes[:, None, 2]) / 2, (boxes[:, None, 1] + boxes[:, None, 3]) / 2
    left, top, right, bottom = true_boxes.T
    margin = np.maximum(_MARGIN, (bottom - top) / 2)
    inside = (x >= left - margin) & (x <= right + margin) & (y >= top - margin) & (y <= bottom + margin)
    distance = np.hypot(x - (left + right) / 2, y - (top + bottom) / 2)
    pairs = np.argwhere(inside)
    used: set[int] = set()
    taken: set[int] = set()
    for i, j in pairs[np.argsort(distance[inside], kind="stable")].tolist():
        if i not in used and j not in taken:
            used.add(i)
            taken.add(j)
    return len(used)


def _counting(texts: Sequence[str], boxes: NDArray[np.float64]) -> tuple[dict[str, list[int]], NDArray[np.float64]]:
    """Numbers of the words that count, by normalised text; and the boxes as they were."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for number, text in enumerate(texts):
        if key := normalised(text):
            groups[key].append(number)
    return dict(groups), boxes


def _boxes(boxes: ArrayLike, count: int, name: str) -> NDArray[np.float64]:
    made = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    if len(made) != count:
        raise ValueError(f"{name} must be one a text, got {len(made)} for {count}")
    return made


def _strippable(char: str) -> bool:
    return char in _ASCII or char.isspace() or unicodedata.category(char).startswith("P")
