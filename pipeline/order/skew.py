"""How far a page leans, and its boxes as they would stand on a level page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.order.neighbours import nearest, to_the_right

_MIN_WORDS = 4  # in a line that says something about the page
_MIN_PAIRS = 4  # of neighbours that say something about the page
_MAX_SLOPE = 0.12  # about seven degrees; more is no skew but another kind of page
_LEANS = 0.013  # beyond it what stands above one another on paper has moved aside, too, by as much as a gutter is wide
_THIN = 0.25  # of a box's height and width: a box around a leaning word is no more than so many times larger than it
_NEAR = 4  # boxes of a band that may be a box's neighbour
_WIDE = (
    12.0  # heights: a box as wide is a line of a column of text, whose rows stand as they like beside the next one's
)
_MIN_OVERLAP, _SIMILAR = 0.5, 0.7  # of the lower box's height, and of the higher one's: neighbours stand in one row


def level(box: NDArray[np.float64], line: NDArray[np.intp]) -> tuple[NDArray[np.float64], bool]:
    """Words as they would stand if their lines were level, and whether any line is long enough to say how they lean.

    N x 4 in units that compare in both directions.
    """
    slope = slope_of_lines(box, line)
    return straight(box, slope or 0.0), slope is not None


def straighten(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes moved up or down so that neighbours in a row are level, as far as all of the page leans one way.

    Never turned: rows of two columns need not be level, and turning what does not lean would close its gutters.
    """
    return _moved(box, _slope_of_neighbours(box))


def leans(slope: float) -> bool:
    """Whether a page leans so much that moving its words up or down is not enough."""
    return abs(slope) > _LEANS


def straight(box: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    """Boxes of a page that leans by `slope`, down by so much a unit to the right: if it is little, moved up or down."""
    return turned_back(box, slope) if leans(slope) else _moved(box, slope)


def _moved(box: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    moved = box.copy()
    if slope:
        moved[:, [1, 3]] -= slope * ((box[:, 0] + box[:, 2]) / 2)[:, None]
    return moved


def turned_back(box: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    """Boxes of a page that leans by `slope`, N x 4, as they would stand on the level page, which is turned about 0, 0.

    A box around a word that leans is higher than the word by a share of its width: w cos + h sin wide, w sin + h cos
    high. That is taken back, too, or the rows of long words would overlap.
    """
    cos = 1 / np.hypot(1.0, slope)
    sin = slope * cos
    size = box[:, 2:] - box[:, :2]
    x, y = (box[:, :2] + box[:, 2:]).T / 2
    middle = np.stack([cos * x + sin * y, cos * y - sin * x], axis=1)  # a product of matrices would wake other threads
    upright = (cos * size - abs(sin) * size[:, ::-1]) / (cos * cos - sin * sin)
    half = np.clip(upright, _THIN * size, size) / 2
    return np.hstack([middle - half, middle + half])


def slope_of_lines(box: NDArray[np.float64], line: NDArray[np.intp]) -> float | None:
    """Median of the slopes of the lines, each weighted by its length; None where no line says anything.

    N x 4 in units that compare in both directions, and the line of each.
    """
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    count = np.bincount(line)
    safe = np.maximum(count, 1)
    dx = x - (np.bincount(line, x) / safe)[line]
    dy = y - (np.bincount(line, y) / safe)[line]
    spread, shared = np.bincount(line, dx * dx), np.bincount(line, dx * dy)
    use = (count >= _MIN_WORDS) & (spread > 0)
    if not use.any():
        return None
    return _weighted_median(shared[use] / spread[use], np.sqrt(spread[use]))


def _slope_of_neighbours(box: NDArray[np.float64]) -> float:
    """Median of the slopes from each box to the next one in its row, each weighted by its length; 0 for a few."""
    left, right = to_the_right(box, _NEAR)
    a, b = box[left], box[right]
    a_height, b_height = a[:, 3] - a[:, 1], b[:, 3] - b[:, 1]
    shared = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    low = np.minimum(a_height, b_height)
    row = (shared >= _MIN_OVERLAP * low) & (low >= _SIMILAR * np.maximum(a_height, b_height)) & (b[:, 0] >= a[:, 2])
    row &= b[:, 0] + b[:, 2] > a[:, 0] + a[:, 2]
    row &= np.maximum(a[:, 2] - a[:, 0], b[:, 2] - b[:, 0]) < _WIDE * np.maximum(a_height, b_height)
    left, right = left[row], right[row]
    kept = nearest(left, right, box[right, 0])
    if len(kept) < _MIN_PAIRS:
        return 0.0
    moved = box[right[kept]] - box[left[kept]]
    dx, dy = moved[:, 0] + moved[:, 2], moved[:, 1] + moved[:, 3]
    return _weighted_median(dy / dx, dx)


def _weighted_median(slopes: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """0 where it is more than a page leans."""
    by_slope = np.lexsort((weights, slopes))
    so_far = np.cumsum(weights[by_slope])
    half = np.searchsorted(so_far, so_far[-1] / 2)
    # Rounded, as sums over words in another order may differ in their last digits.
    slope = round(float(slopes[by_slope[min(int(half), len(slopes) - 1)]]), 9)
    return slope if abs(slope) <= _MAX_SLOPE else 0.0
