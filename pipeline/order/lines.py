"""Words to lines by geometry: each word is linked to the nearest word on its right that shares its height."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MAX_GAP = 1.3  # of the words' height: more is a column's or a cell's gap
_MIN_OVERLAP = 0.5  # of the lower word's height
_NEAR = 12  # words of a band that are looked at
_WIDE_GAP, _WIDE_OVERLAP = 0.9, 0.8  # across a gap this wide words must stand level, or they are of two columns


def group_lines(box: NDArray[np.float64]) -> NDArray[np.intp]:
    """Line number of each word; N x 4 boxes in units that compare in both directions. Numbers are arbitrary."""
    count = len(box)
    # Ties are broken by geometry alone, so that shuffling the input changes nothing.
    by_place = np.lexsort(box.T)
    right = _links(box[by_place])
    line = np.full(count, -1, dtype=np.intp)
    linked = set(right.values())
    number = 0
    for i in range(count):
        if i in linked:
            continue  # not the first word of its line
        at: int | None = i
        while at is not None:
            line[by_place[at]] = number
            at = right.get(at)
        number += 1
    assert (line >= 0).all(), "a cycle of words"
    return line


def _links(box: NDArray[np.float64]) -> dict[int, int]:
    """Right neighbour of each word that has one; no two words share one, and links go strictly right."""
    left, right = _candidates(box)
    gap = box[right, 0] - box[left, 2]
    same = _same_line(box[left], box[right], gap)
    left, right, gap = left[same], right[same], gap[same]
    # Of each word the nearest one, then of those who want the same one the nearest.
    nearest = _first_of_each(left, np.lexsort((right, gap, left)))
    left, right, gap = left[nearest], right[nearest], gap[nearest]
    winner = _first_of_each(right, np.lexsort((left, gap, right)))
    return dict(zip(left[winner].tolist(), right[winner].tolist(), strict=True))


def _first_of_each(key: NDArray[np.intp], order: NDArray[np.intp]) -> NDArray[np.intp]:
    """The first index of each value of `key`, as they are ordered by key."""
    return order[np.flatnonzero(np.diff(key[order], prepend=-1))]


def _candidates(box: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (word, a word whose middle is right of its own), the first few in each band that the word reaches.

    Bands are strips of the page as high as its median word; the words of a band are sorted by their middles, so that
    what lies near is found without a search.
    """
    height = max(float(np.median(box[:, 3] - box[:, 1])), 1e-6)
    middle = (box[:, 0] + box[:, 2]) / 2
    bands, band = np.unique(np.floor_divide((box[:, 1] + box[:, 3]) / 2, height), return_inverse=True)
    place = np.unique(middle, return_inverse=True)[1]
    width = len(box) + 1
    key = band * width + place
    by_key = np.argsort(key, kind="stable")
    first = np.floor_divide(box[:, 1] - height / 2, height)
    last = np.floor_divide(np.minimum(box[:, 3] + height / 2, box[:, 1] + 8 * height), height)
    found: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for step in range(int((last - first).max()) + 1):
        there = np.searchsorted(bands, first + step).clip(max=len(bands) - 1)
        word = np.flatnonzero((bands[there] == first + step) & (first + step <= last))
        base = there[word] * width
        start = np.searchsorted(key[by_key], base + place[word], side="right")
        end = np.searchsorted(key[by_key], base + width)
        at = start[:, None] + np.arange(_NEAR)
        here = at < end[:, None]
        found.append((np.repeat(word, here.sum(axis=1)), by_key[at[here]]))
    return np.concatenate([a for a, _ in found]), np.concatenate([b for _, b in found])


def _same_line(a: NDArray[np.float64], b: NDArray[np.float64], gap: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether words (N x 4) and those right of them (N x 4), `gap` apart, stand on one line."""
    heights = np.stack([a[:, 3] - a[:, 1], b[:, 3] - b[:, 1]])
    low, high = heights.min(axis=0), heights.max(axis=0)
    needed = np.where(gap > _WIDE_GAP * high, _WIDE_OVERLAP, _MIN_OVERLAP)
    shared = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    return np.asarray((gap <= _MAX_GAP * high) & (gap >= -high) & (shared >= needed * low), dtype=np.bool_)
