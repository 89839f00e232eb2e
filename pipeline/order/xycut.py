"""Recursive XY-cut. A region is cut between columns of running text first, then between rows, then between the
cells of a row; where nothing can be cut it is read left to right, top to bottom.

Columns of running text are told from the columns of a table by how wide and how full they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.order.bands import are_text_columns, groups, join_rows
from pipeline.order.lrtb import lrtb

_MIN_GUTTER = 0.6  # of the median height of a box: two columns may stand close


def xycut(box: NDArray[np.float64]) -> list[int]:
    """Indices in reading order."""
    order: list[int] = []
    stack = [np.arange(len(box))]
    while stack:
        region = stack.pop()
        parts = _split(box, region)
        if len(parts) == 1:
            order.extend(region[lrtb(box[region])].tolist())
        else:
            stack.extend(reversed(parts))
    return order


def _split(box: NDArray[np.float64], region: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    if len(region) < 2:
        return [region]
    here = box[region]
    gutter = _MIN_GUTTER * max(float(np.median(here[:, 3] - here[:, 1])), 1e-9)
    columns = groups(here[:, 0], here[:, 2], gutter)
    if are_text_columns(here, columns):
        return _parts(region, columns)
    rows = groups(here[:, 1], here[:, 3], 0.0)
    if rows.max() > 0:
        return _parts(region, join_rows(here, rows, gutter))
    return _parts(region, columns)


def _parts(region: NDArray[np.intp], group: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    by_group = np.argsort(group, kind="stable")
    return np.split(region[by_group], np.flatnonzero(np.diff(group[by_group])) + 1)
