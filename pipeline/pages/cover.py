"""The area of overlapping boxes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def union_area(boxes: NDArray[np.float64]) -> float:
    """Area of the union of boxes (N x 4: left, top, right, bottom) inside the unit square, exact.

    Takes (2N)^2 bytes and N^3 steps of a byte: meant for hundreds. Boxes that are not finite count for nothing.
    """
    boxes = boxes[np.isfinite(boxes).all(axis=1)].clip(0.0, 1.0)
    if not len(boxes):
        return 0.0
    xs, ys = np.unique(boxes[:, [0, 2]]), np.unique(boxes[:, [1, 3]])
    covered = np.zeros((len(ys) - 1, len(xs) - 1), np.bool_)
    left, right = np.searchsorted(xs, boxes[:, 0]), np.searchsorted(xs, boxes[:, 2])
    top, bottom = np.searchsorted(ys, boxes[:, 1]), np.searchsorted(ys, boxes[:, 3])
    for x0, y0, x1, y1 in zip(left, top, right, bottom, strict=True):
        covered[y0:y1, x0:x1] = True
    return float(np.diff(ys) @ covered @ np.diff(xs))
