"""Lines put in order again, by any algorithm: the same lines are read by what is judged and by what it is beside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipeline.order import DEFAULT, order_lines, reading_order
from pipeline.order.layout import lined
from pipeline.order.skew import level
from pipeline.scores.truths.base import Truth


def order_words(boxes: ArrayLike, line: Sequence[int], aspect: float, algorithm: str = DEFAULT) -> list[int]:
    """Indices of words, whose lines are put in order by `algorithm`; words of a line stay in the order in which they
    are given. `boxes` are N x 4, 0..1000 of a page of `aspect` (its width over its height).
    """
    if not len(line):
        return []
    numbers = np.unique(np.asarray(line), return_inverse=True)[1].astype(np.intp)
    words, levelled = level(_even(boxes, aspect), numbers)
    place = np.argsort(order_lines(_around(words, numbers), algorithm, levelled=levelled))
    return _by(place[numbers])


def lines_of(boxes: ArrayLike, aspect: float) -> NDArray[np.intp]:
    """Line of each word, by geometry alone, as pages by text layer have them."""
    even = _even(boxes, aspect)
    return lined(even)[1] if len(even) else np.zeros(0, dtype=np.intp)


def order_truth(truth: Truth, aspect: float, algorithm: str = DEFAULT) -> list[int]:
    """Indices of the true words in the order that `algorithm` finds from true boxes alone.

    Where the words are a chain and their boxes exact they are put in lines first, as those of a text layer are; else
    the boxes of the units are put in order as they are.
    """
    if not truth.texts:
        return []
    if truth.chain and truth.by_words:
        from_left = np.lexsort(np.asarray(truth.boxes).T[::-1])
        line = lines_of(truth.boxes, aspect)[from_left].tolist()
        boxes = np.asarray(truth.boxes)[from_left]
        return [int(from_left[i]) for i in order_words(boxes, line, aspect, algorithm)]
    place = np.argsort(reading_order(truth.unit_boxes, algorithm, aspect=aspect))
    return _by(place[np.asarray(truth.unit)])


def _even(boxes: ArrayLike, aspect: float) -> NDArray[np.float64]:
    """Both axes in thousandths of the page's height."""
    array = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    return np.asarray(array * np.array([aspect, 1.0, aspect, 1.0]), dtype=np.float64)


def _by(place: NDArray[np.intp]) -> list[int]:
    return [int(i) for i in np.argsort(place, kind="stable")]


def _around(box: NDArray[np.float64], numbers: NDArray[np.intp]) -> NDArray[np.float64]:
    by_line = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[by_line], np.arange(int(numbers.max()) + 1))
    return np.hstack([np.minimum.reduceat(box[by_line, :2], starts), np.maximum.reduceat(box[by_line, 2:], starts)])
