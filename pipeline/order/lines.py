"""Words to lines by geometry: each word is linked to the nearest word on its right that shares its height."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.order.neighbours import nearest, to_the_right

_MAX_GAP = 1.3  # of the words' height: more is a column's or a cell's gap
_MIN_OVERLAP = 0.5  # of the lower word's height
_NEAR = 12  # words of a band that are looked at
_WIDE_GAP, _WIDE_OVERLAP = 0.9, 0.8  # across a gap this wide words must stand level, or they are of two columns


def group_lines(box: NDArray[np.float64]) -> NDArray[np.intp]:
    """Line number of each word; N x 4 boxes in units that compare in both directions. Numbers are arbitrary."""
    count = len(box)
    # Ties are broken by geometry alone, so that shuffling the input changes nothing.
    by_place = np.lexsort(box.T)
    left, right = _links(box[by_place])
    after = [-1] * count
    first = [True] * count
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        after[a] = b
        first[b] = False
    found = [-1] * count
    number = 0
    for i in range(count):
        if first[i]:
            at = i
            while at >= 0:
                found[at] = number
                at = after[at]
            number += 1
    line = np.empty(count, dtype=np.intp)
    line[by_place] = found
    assert (line >= 0).all(), "a cycle of words"
    return line


def _links(box: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (word, its right neighbour); no two words share one, and links go strictly right."""
    left, right = to_the_right(box, _NEAR, _MAX_GAP)
    gap = box[right, 0] - box[left, 2]
    same = _same_line(box[left], box[right], gap)
    left, right, gap = left[same], right[same], gap[same]
    # Of each word the nearest one, then of those who want the same one the nearest.
    kept = nearest(left, right, gap)
    left, right, gap = left[kept], right[kept], gap[kept]
    kept = nearest(right, left, gap)
    return left[kept], right[kept]


def _same_line(a: NDArray[np.float64], b: NDArray[np.float64], gap: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether words (N x 4) and those right of them (N x 4), `gap` apart, stand on one line."""
    a_height, b_height = a[:, 3] - a[:, 1], b[:, 3] - b[:, 1]
    low, high = np.minimum(a_height, b_height), np.maximum(a_height, b_height)
    needed = np.where(gap > _WIDE_GAP * high, _WIDE_OVERLAP, _MIN_OVERLAP)
    shared = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    return np.asarray((gap <= _MAX_GAP * high) & (gap >= -high) & (shared >= needed * low), dtype=np.bool_)
