"""How far a page leans, from its own lines, and its words as they would stand on a level page."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_MIN_WORDS = 4  # in a line that says something about the page
_MAX_SLOPE = 0.12  # about seven degrees; more is no skew but another kind of page


def level(box: NDArray[np.float64], line: NDArray[np.intp]) -> NDArray[np.float64]:
    """Boxes moved up or down so that their lines are level; N x 4 in units that compare in both directions."""
    slope = _slope(box, line)
    moved = box.copy()
    moved[:, [1, 3]] -= slope * ((box[:, 0] + box[:, 2]) / 2)[:, None]
    return moved


def _slope(box: NDArray[np.float64], line: NDArray[np.intp]) -> float:
    """Median of the slopes of the lines, each weighted by its length; 0 where no line says anything."""
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    count = np.bincount(line)
    safe = np.maximum(count, 1)
    dx = x - (np.bincount(line, x) / safe)[line]
    dy = y - (np.bincount(line, y) / safe)[line]
    spread, shared = np.bincount(line, dx * dx), np.bincount(line, dx * dy)
    use = (count >= _MIN_WORDS) & (spread > 0)
    if not use.any():
        return 0.0
    slopes, weights = shared[use] / spread[use], np.sqrt(spread[use])
    by_slope = np.argsort(slopes, kind="stable")
    half = np.searchsorted(np.cumsum(weights[by_slope]), weights.sum() / 2)
    slope = float(slopes[by_slope[min(int(half), len(slopes) - 1)]])
    return slope if abs(slope) <= _MAX_SLOPE else 0.0
