"""Word match: found words against true ones, by text and place."""

from __future__ import annotations

import string
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.scores.counts import MatchCounts

_MARGIN = 8.0  # units of 1000 that a found centre may lie outside of the true box; half its height where that is more
_CELLS = 1 << 20  # pairs that are looked at together
_NEAREST = 64  # true words for a found one
_ASCII = frozenset(string.punctuation)


WordScore = MatchCounts  # words without letters or digits are in none of the counts


def normalised(text: str) -> str:
    """Lower case without white space, punctuation and quotes at both ends; they stay where they are inside."""
    start, end = 0, len(text)
    while start < end and _strippable(text[start]):
        start += 1
    while end > start and _strippable(text[end - 1]):
        end -= 1
    return text[start:end].lower()


def match_words(texts: Sequence[str], boxes: ArrayLike, true_texts: Sequence[str], true_boxes: ArrayLike) -> WordScore:
    """Score one page; boxes are N x 4 in units of 1000 of the page: left, top, right, bottom. See `pair_words`.

    Words that are empty once normalised count on neither side. ValueError where boxes and texts differ in number.
    """
    pairs = pair_words(texts, boxes, true_texts, true_boxes)
    return WordScore(len(pairs), count_words(texts), count_words(true_texts))


def count_words(texts: Sequence[str]) -> int:
    """How many of the words count: those that are not empty once normalised."""
    return sum(1 for text in texts if normalised(text))


def pair_words(
    texts: Sequence[str], boxes: ArrayLike, true_texts: Sequence[str], true_boxes: ArrayLike
) -> list[tuple[int, int]]:
    """(found word, true word) of each match on one page, by found word.

    Two words match whose normalised texts are equal, where the found box's centre lies in the true box grown on every
    side by the larger of 8 units and half its height: one to one, greedily, the nearest centres first.
    """
    predicted, centre = _counting(texts, _boxes(boxes, len(texts), "boxes"))
    true, frame = _counting(true_texts, _boxes(true_boxes, len(true_texts), "true_boxes"))
    found: list[tuple[int, int]] = []
    for text, ours in predicted.items():
        if text in true:
            theirs = true[text]
            found += [(ours[i], theirs[j]) for i, j in _matches(centre[ours], frame[theirs])]
    return sorted(found)


def _matches(boxes: NDArray[np.float64], true_boxes: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Matches among words of one text. Where two pairs are equally near, the earlier found word goes first."""
    block = max(1, _CELLS // max(1, len(true_boxes)))
    parts = [_near(boxes[at : at + block], true_boxes, at) for at in range(0, len(boxes), block)]
    pairs, distance = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    matched: dict[int, int] = {}
    taken: set[int] = set()
    for i, j in pairs[np.argsort(distance, kind="stable")].tolist():
        if i not in matched and j not in taken:
            matched[i] = j
            taken.add(j)
    return list(matched.items())


def _near(
    boxes: NDArray[np.float64], true_boxes: NDArray[np.float64], first: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(found word, counted from `first`; true word) of pairs that may match, and how far their centres are apart.

    Of each found word the nearest few are kept: a page of words that are all alike and all in one place is nobody's.
    """
    x, y = (boxes[:, None, 0] + boxes[:, None, 2]) / 2, (boxes[:, None, 1] + boxes[:, None, 3]) / 2
    left, top, right, bottom = true_boxes.T
    margin = np.maximum(_MARGIN, (bottom - top) / 2)
    inside = (x >= left - margin) & (x <= right + margin) & (y >= top - margin) & (y <= bottom + margin)
    distance = np.where(inside, np.hypot(x - (left + right) / 2, y - (top + bottom) / 2), np.inf)
    if distance.shape[1] > _NEAREST:
        distance[distance > np.partition(distance, _NEAREST - 1, axis=1)[:, _NEAREST - 1 :][:, :1]] = np.inf
    near = np.isfinite(distance)
    return np.argwhere(near) + np.array([first, 0], dtype=np.intp), np.asarray(distance[near], dtype=np.float64)


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
