"""Recursive XY-cut. A region is cut between columns of running text first, then between rows, then between the
cells of a row; where nothing can be cut it is read left to right, top to bottom.

Columns are told from the columns of a table by how full they are: running text fills its column's width.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.order.lrtb import lrtb

_MIN_GUTTER = 0.6  # of the median height of a box: two columns may stand close
_FULL = 0.6  # of a column's width that its median row covers
_MIN_ROWS = 3  # rows that make a column
_MIN_WIDTH = 8.0  # of a column of text, in heights of its boxes: a table's are narrower


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
    columns = _groups(here[:, 0], here[:, 2], gutter)
    if _are_text_columns(here, columns):
        return _parts(region, columns)
    rows = _groups(here[:, 1], here[:, 3], 0.0)
    if rows.max() > 0:
        return _parts(region, _bands(here, rows, gutter))
    return _parts(region, columns)


def _bands(box: NDArray[np.float64], rows: NDArray[np.intp], gutter: float) -> NDArray[np.intp]:
    """Rows joined again where they are the rows of columns of text: a headline or a page number parts only itself."""
    by_row = np.argsort(rows, kind="stable")
    starts = np.searchsorted(rows[by_row], np.arange(rows.max() + 2))
    band = np.arange(rows.max() + 1)
    first = 0
    while first < len(band):
        last = good = first
        while last + 1 < len(band):
            here = box[by_row[starts[first] : starts[last + 2]]]
            columns = _groups(here[:, 0], here[:, 2], gutter)
            if columns.max() == 0:
                break
            last += 1
            if _are_text_columns(here, columns):
                good = last
        band[first : good + 1] = first
        first = (good if good > first else last) + 1
    return band[rows]


def _are_text_columns(box: NDArray[np.float64], columns: NDArray[np.intp]) -> bool:
    return bool(columns.max() > 0) and all(_is_text_column(box[columns == c]) for c in range(columns.max() + 1))


def _parts(region: NDArray[np.intp], group: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    by_group = np.argsort(group, kind="stable")
    return np.split(region[by_group], np.flatnonzero(np.diff(group[by_group])) + 1)


def _groups(low: NDArray[np.float64], high: NDArray[np.float64], gap: float) -> NDArray[np.intp]:
    """Number of the group of each interval; groups are parted by more than `gap` that nothing covers."""
    by_low = np.argsort(low, kind="stable")
    reach = np.maximum.accumulate(high[by_low])
    parted = low[by_low][1:] - reach[:-1] > gap if gap > 0 else low[by_low][1:] >= reach[:-1]
    # Intervals without extent must not part from the one that they touch.
    parted &= low[by_low][1:] > low[by_low][:-1]
    group = np.empty(len(low), dtype=np.intp)
    group[by_low] = np.concatenate([[0], np.cumsum(parted)])
    return group


def _is_text_column(box: NDArray[np.float64]) -> bool:
    rows = _groups(box[:, 1], box[:, 3], 0.0)
    count = int(rows.max()) + 1
    if count < _MIN_ROWS:
        return False
    width = float(box[:, 2].max() - box[:, 0].min())
    if width < _MIN_WIDTH * float(np.median(box[:, 3] - box[:, 1])):
        return False
    covered = np.bincount(rows, box[:, 2] - box[:, 0], minlength=count)
    return bool(np.median(covered) >= _FULL * width)
