"""Gaps between words that stand above one another: a gutter between columns, or between the cells of a table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
_REACH = 4  # median heights above and below, in each of which a gap is looked for
_SHARED = 0.6  # of the narrower of two gaps that stand above each other
_LEAST = 2  # gaps above and below that make a gutter


def is_in_gutter(box: NDArray[np.float64], left: Indices, right: Indices) -> NDArray[np.bool_]:
    """Whether each gap, between a word `left` and the next one `right`, has others right above or below it.

    N x 4 boxes in units that compare in both directions.
    """
    heights = np.sort(box[:, 3] - box[:, 1])
    height = max(float(heights[len(heights) // 2]), 1e-6)
    low, high = box[left, 2], box[right, 0]
    bands, band = np.unique(
        np.floor(box[np.stack([left, right]), 1::2].mean(axis=(0, 2)) / height), return_inverse=True
    )
    places, place = np.unique(low + high, return_inverse=True)
    # Band by band from left to right, so that one search finds a place in any band.
    stride = len(places) + 1
    order = np.argsort(band * stride + place, kind="stable")
    key = (band * stride + place)[order]
    found = np.zeros(len(order), dtype=np.intp)
    for step in (*range(-_REACH, 0), *range(1, _REACH + 1)):
        there = np.minimum(np.searchsorted(bands, bands[band] + step), len(bands) - 1)
        known = bands[there] == bands[band] + step
        at = np.searchsorted(key, there * stride + place)
        above = np.zeros(len(order), dtype=np.bool_)
        for near in (order[np.maximum(at - 1, 0)], order[np.minimum(at, len(order) - 1)]):
            shared = np.minimum(high, high[near]) - np.maximum(low, low[near])
            enough = shared >= _SHARED * np.minimum(high - low, high[near] - low[near])
            above |= (band[near] == there) & enough
        found += known & above
    return np.asarray(found >= _LEAST, dtype=np.bool_)
