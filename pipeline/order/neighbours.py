"""Which boxes stand right of a box, found without a search."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
_MAX_REACH = 8  # bands below its top that a box reaches, and one more: one as high as a page has no line


def to_the_right(box: NDArray[np.float64], near: int, max_gap: float | None = None) -> tuple[Indices, Indices]:
    """Pairs (box, a box whose middle is right of its own): the first `near` in each band that the box reaches.

    Bands are strips of the page as high as its median box; the boxes of a band are sorted by their middles. With
    `max_gap` boxes that are more than so many heights of the page's highest box away may be left out.
    """
    heights = box[:, 3] - box[:, 1]
    height = max(_median(heights), 1e-6)
    middle = (box[:, 0] + box[:, 2]) / 2
    bands, band = _ranks(np.floor_divide((box[:, 1] + box[:, 3]) / 2, height))
    places, place = _ranks(middle)
    stride = len(places) + 1
    key = band * stride + place
    by_key = np.argsort(key, kind="stable")
    sorted_key = key[by_key]
    end_place = _furthest_place(box, places, heights, max_gap)
    word, there = _reached(box, height, bands)
    start = np.searchsorted(sorted_key, there * stride + place[word], side="right")
    end = np.searchsorted(sorted_key, there * stride + end_place[word])
    count = np.clip(end - start, 0, near)
    before = np.cumsum(count) - count
    at = np.arange(count.sum()) + np.repeat(start - before, count)
    return np.repeat(word, count), by_key[at]


def nearest(key: Indices, other: Indices, distance: NDArray[np.float64]) -> Indices:
    """Index of the pair with the least distance for each value of `key`; of equal ones that of the least `other`."""
    order = np.lexsort((other, distance, key))
    keys = key[order]
    new = np.ones(len(keys), dtype=np.bool_)
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    return np.asarray(order[new], dtype=np.intp)


def _median(values: NDArray[np.float64]) -> float:
    ordered = np.sort(values)
    return float((ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2)


def _ranks(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], Indices]:
    """The different values in order, and of each value which of them it is."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    new = np.empty(len(values), dtype=np.bool_)
    new[0] = True
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    rank = np.empty(len(values), dtype=np.intp)
    rank[order] = np.cumsum(new) - 1
    return ordered[new], rank


def _furthest_place(
    box: NDArray[np.float64], places: NDArray[np.float64], heights: NDArray[np.float64], max_gap: float | None
) -> Indices:
    """Rank of the first middle that is too far right, or one more than the last."""
    if max_gap is None:
        return np.full(len(box), len(places), dtype=np.intp)
    # A box whose middle is further away than this begins behind the gap, however wide it is.
    reach = max_gap * heights.max() + (box[:, 2] - box[:, 0]).max() / 2
    # One part in a million more, as the sums round differently.
    edge = box[:, 2] + reach * (1 + 1e-6) + 1e-6 * np.abs(box[:, 2])
    return np.asarray(np.searchsorted(places, edge, side="right"), dtype=np.intp)


def _reached(box: NDArray[np.float64], height: float, bands: NDArray[np.float64]) -> tuple[Indices, Indices]:
    """Pairs (box, rank of a band that it reaches), of the bands in which a box has its middle."""
    first = np.floor_divide(box[:, 1] - height / 2, height)
    last = np.floor_divide(np.minimum(box[:, 3] + height / 2, box[:, 1] + _MAX_REACH * height), height)
    low = np.searchsorted(bands, first)
    count = np.searchsorted(bands, last, side="right") - low
    before = np.cumsum(count) - count
    word = np.repeat(np.arange(len(box)), count)
    return word, np.arange(len(word)) + np.repeat(low - before, count)
