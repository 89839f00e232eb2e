"""Boxes: integers 0..1000 of the page's width and height, left, top, right, bottom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator, Field

UNIT = 1000

Coordinate = Annotated[int, Field(ge=0, le=UNIT)]


def _ordered(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    if box[0] > box[2] or box[1] > box[3]:
        raise ValueError(f"box {list(box)} is not ordered: x0 <= x1 and y0 <= y1 must hold")
    return box


Box = Annotated[tuple[Coordinate, Coordinate, Coordinate, Coordinate], AfterValidator(_ordered)]
BoxTuple = tuple[int, int, int, int]


def _all_ordered(boxes: list[BoxTuple]) -> list[BoxTuple]:
    for box in [box for box in boxes if box[0] > box[2] or box[1] > box[3]]:
        _ordered(box)
    return boxes


# One call of Python for all boxes: a page has some hundred.
Boxes = Annotated[list[tuple[Coordinate, Coordinate, Coordinate, Coordinate]], AfterValidator(_all_ordered)]


def normalise(boxes: ArrayLike, width: float, height: float) -> NDArray[np.int32]:
    """Boxes in any unit to 0..1000 of a page of `width` x `height` in the same unit.

    Rounds outwards, so that a box that covered its ink still does, and clamps to the page.
    `boxes` is N x 4 (N may be 0); raises ValueError for an empty page or values that are not finite.
    """
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise ValueError(f"page size must be positive and finite, got width={width} height={height}")
    array = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    if not np.isfinite(array).all():
        raise ValueError("boxes must be finite")
    with np.errstate(over="ignore"):  # far beyond the page is still beyond it, and clamped
        scaled = array / np.array([width, height, width, height]) * UNIT
    # A hair of tolerance keeps exact multiples where floating point lands just beside them.
    low = np.floor(np.minimum(scaled[:, :2], scaled[:, 2:]) + 1e-6)
    high = np.ceil(np.maximum(scaled[:, :2], scaled[:, 2:]) - 1e-6)
    return np.clip(np.hstack([low, high]), 0, UNIT).astype(np.int32)


def to_tuples(boxes: NDArray[np.int32]) -> list[BoxTuple]:
    """N x 4 integers as a list of tuples."""
    return list(map(tuple, boxes.tolist()))


def union(boxes: Iterable[Sequence[int]]) -> BoxTuple:
    """Smallest box around all of `boxes`; at least one is needed."""
    array = np.asarray(list(boxes))
    assert array.size, "union of no boxes"
    x0, y0 = array[:, :2].min(axis=0)
    x1, y1 = array[:, 2:].max(axis=0)
    return int(x0), int(y0), int(x1), int(y1)
