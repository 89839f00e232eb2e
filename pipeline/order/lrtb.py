"""Left to right, top to bottom: rows of boxes that overlap vertically, each read from the left. The floor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lrtb(box: NDArray[np.float64]) -> list[int]:
    """Indices row by row; a box opens a new row when its middle lies below the bottom of the row's first box."""
    middle = (box[:, 1] + box[:, 3]) / 2
    # Ties are broken by geometry alone, so that shuffling the input changes nothing.
    by_height = np.lexsort((box[:, 3], box[:, 2], box[:, 0], middle))
    rows: list[list[int]] = []
    bottom = -np.inf
    for i in by_height.tolist():
        if middle[i] >= bottom:
            rows.append([])
            bottom = box[i, 3]
        rows[-1].append(i)
    return [i for row in rows for i in sorted(row, key=lambda j: (box[j, 0], box[j, 1], box[j, 2], box[j, 3]))]
