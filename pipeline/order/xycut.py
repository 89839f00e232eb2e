"""The textbook's recursive XY-cut, as a baseline: a region is cut between its rows, else between its columns, wherever
nothing stands; what cannot be cut is read left to right, top to bottom.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.order.lrtb import lrtb
from pipeline.order.regions import Boxes, Region

_MAX_DEPTH = 64  # cuts into each other; what is left then is read by rows, or some pages would take for ever


def xycut(box: NDArray[np.float64]) -> list[int]:
    """Indices in reading order."""
    # Ties are broken by geometry alone, so that shuffling the input changes nothing.
    by_place = np.lexsort(box.T)
    here = box[by_place]
    boxes = Boxes.of(here, 0.0)
    order: list[int] = []
    stack = [(list(range(len(here))), 0)]
    while stack:
        region, depth = stack.pop()
        parts = _split(boxes, region) if depth < _MAX_DEPTH else [region]
        if len(parts) == 1:
            order += [region[k] for k in lrtb(here[region])]
        else:
            stack += [(part, depth + 1) for part in reversed(parts)]
    return [int(i) for i in by_place[order]]


def _split(boxes: Boxes, region: Region) -> list[Region]:
    if len(region) == 1:
        return [region]
    rows = boxes.rows(region)
    return rows if len(rows) > 1 else boxes.columns(region, 0.0)
