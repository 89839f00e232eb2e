"""Order: words to lines and blocks, and both into reading order. Pure geometry: boxes in, indices out.
Only which way the words' script runs is asked of their texts (`letters_of`), for lines that do not run to the right.

One algorithm a file behind `reading_order`:
    lrtb     left to right, top to bottom: the floor
    xycut    recursive XY-cut as the textbook has it: rows, then columns
    weighed  recursive cutting that weighs the widest gutter against the gaps between the rows it passes: the default
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.order.direction import mirrored
from pipeline.order.layout import Layout, arrange
from pipeline.order.lrtb import lrtb
from pipeline.order.script import letters_of
from pipeline.order.weighed import weighed
from pipeline.order.xycut import xycut

ALGORITHMS: dict[str, Callable[[NDArray[np.float64]], list[int]]] = {
    "lrtb": lrtb,
    "xycut": xycut,
    "weighed": weighed,
}
DEFAULT = "weighed"
PORTRAIT = 0.75  # width over height of a page of which nothing else is known, between A4 and US letter
_FAR = 1e12  # from the page: what lies further out is taken to lie there, or differences would not be finite


def reading_order(
    boxes: Sequence[Sequence[Any]],
    algorithm: str = DEFAULT,
    *,
    aspect: float = PORTRAIT,
    right_to_left: bool = False,
) -> list[int]:
    """Indices of `boxes` ([x0, y0, x1, y1], 0..1000) in reading order: always a permutation.

    `aspect` is the page's width over its height, 1.0 for boxes in units that compare in both directions. With
    `right_to_left` columns and rows are read from the right. Raises ValueError for an unknown algorithm, boxes that are
    not finite rows of four, or an aspect that is not positive and finite.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"algorithm must be one of {sorted(ALGORITHMS)}, got {algorithm!r}")
    if not 0 < aspect < np.inf:
        raise ValueError(f"aspect must be positive and finite, got {aspect}")
    if not len(boxes):
        return []
    array = np.asarray(boxes, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 4 or not np.isfinite(array).all():
        raise ValueError(f"boxes must be finite rows of four numbers, got an array of shape {array.shape}")
    low, high = np.minimum(array[:, :2], array[:, 2:]), np.maximum(array[:, :2], array[:, 2:])
    even = (np.hstack([low, high]).clip(-_FAR, _FAR) * np.array([aspect, 1.0, aspect, 1.0])).clip(-_FAR, _FAR)
    return ALGORITHMS[algorithm](mirrored(even) if right_to_left else even)


def order_lines(box: NDArray[np.float64], algorithm: str = DEFAULT, *, levelled: bool = False) -> list[int]:
    """Indices of lines in reading order; N x 4 boxes in units that compare in both directions.

    `levelled` says that the page is known to stand straight, so that the lines' own neighbours need not say it.
    """
    return weighed(box, levelled) if algorithm == DEFAULT else ALGORITHMS[algorithm](box)


__all__ = ["ALGORITHMS", "DEFAULT", "Layout", "arrange", "letters_of", "order_lines", "reading_order"]
