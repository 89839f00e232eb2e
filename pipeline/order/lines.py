"""Words to lines by geometry: each word is linked to the nearest word on its right that shares its height."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.order.neighbours import nearest, to_the_right

_MAX_GAP = 1.3  # of the words' height: more is a column's or a cell's gap
_MIN_OVERLAP = 0.5  # of the lower word's height
_NEAR = 12  # words of a band that are looked at
_WIDE_GAP, _WIDE_OVERLAP = 0.9, 0.8  # across a gap this wide words must stand level, or they are of two columns
_STRIP = 8.0  # times as high as wide: text that runs down, and its neighbour is another line


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
    # On a page that leans a word of the next row may be as near to the right; it stands higher or lower. What is of
    # another size is on the same baseline, or a first letter many lines high at the top of the first of them.
    rise = np.abs(box[left] - box[right])
    distance = gap + np.minimum(rise[:, 1], rise[:, 3])
    # Of each word the nearest one, then of those who want the same one the nearest.
    kept = nearest(left, right, distance)
    left, right, distance = left[kept], right[kept], distance[kept]
    kept = nearest(right, left, distance)
    return left[kept], right[kept]


def _same_line(a: NDArray[np.float64], b: NDArray[np.float64], gap: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether words (N x 4) and those right of them (N x 4), `gap` apart, stand on one line."""
    a_height, b_height = a[:, 3] - a[:, 1], b[:, 3] - b[:, 1]
    low, high = np.minimum(a_height, b_height), np.maximum(a_height, b_height)
    needed = np.where(gap > _WIDE_GAP * high, _WIDE_OVERLAP, _MIN_OVERLAP)
    shared = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    down = (a_height > _STRIP * (a[:, 2] - a[:, 0])) & (b_height > _STRIP * (b[:, 2] - b[:, 0]))
    near = (gap <= _MAX_GAP * high) & (gap >= -high)
    return np.asarray(near & (shared >= needed * low) & ~down, dtype=np.bool_)
