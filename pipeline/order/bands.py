"""Bands of a page: rows that stand above one another, and columns of running text that stand beside each other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

_FULL = 0.6  # of a column's width that its median row covers: running text fills its column
_MIN_ROWS = 3  # rows that make a column
_MIN_WIDTH = 8.0  # of a column of text, in heights of its boxes: a table's are narrower
_SPOILERS = 3  # rows at a band's end that may keep it from being one, such as a page number in the gutter


def groups(low: NDArray[np.float64], high: NDArray[np.float64], gap: float) -> NDArray[np.intp]:
    """Number of the group of each interval; groups are parted by more than `gap` that nothing covers."""
    by_low = np.argsort(low, kind="stable")
    reach = np.maximum.accumulate(high[by_low])
    parted = low[by_low][1:] - reach[:-1] > gap if gap > 0 else low[by_low][1:] >= reach[:-1]
    # Intervals without extent must not part from the one that they touch.
    parted &= low[by_low][1:] > low[by_low][:-1]
    group = np.empty(len(low), dtype=np.intp)
    group[by_low] = np.concatenate([[0], np.cumsum(parted)])
    return group


def are_text_columns(box: NDArray[np.float64], columns: NDArray[np.intp]) -> bool:
    """Whether there are several columns and each is of running text."""
    return bool(columns.max() > 0) and all(_is_text_column(box[columns == c]) for c in range(columns.max() + 1))


def _is_text_column(box: NDArray[np.float64]) -> bool:
    rows = groups(box[:, 1], box[:, 3], 0.0)
    count = int(rows.max()) + 1
    width = float(box[:, 2].max() - box[:, 0].min())
    if count < _MIN_ROWS or width < _MIN_WIDTH * float(np.median(box[:, 3] - box[:, 1])):
        return False
    covered = np.bincount(rows, box[:, 2] - box[:, 0], minlength=count)
    return bool(np.median(covered) >= _FULL * width)


def join_rows(box: NDArray[np.float64], rows: NDArray[np.intp], gutter: float) -> NDArray[np.intp]:
    """Number of the band of each box: rows are joined again where they are the rows of columns of text.

    So a headline or a page number across the columns parts itself from them, and not their rows from each other.
    """
    by_row = np.argsort(rows, kind="stable")
    count = int(rows.max()) + 1
    starts = np.searchsorted(rows[by_row], np.arange(count + 1))

    def columns(first: int, end: int) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        here = box[by_row[starts[first] : starts[end]]]
        return here, groups(here[:, 0], here[:, 2], gutter)

    def parted(first: int, end: int) -> bool:
        return bool(columns(first, end)[1].max() > 0)

    band = np.arange(count)
    first = 0
    while first < count:
        # More rows cover more, so a gutter that is closed once stays closed.
        end = _furthest(first, count, partial(parted, first))
        ends = range(end, max(first, end - _SPOILERS), -1)
        kept = next((last for last in ends if are_text_columns(*columns(first, last))), None)
        if kept is not None:
            band[first:kept] = first
        first = kept or max(end, first + 1)
    return np.asarray(band[rows], dtype=np.intp)


def _furthest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Largest number in low..high up to which all `holds` (taken to hold at `low`), in steps that double."""
    step = 1
    while low + step <= high and holds(low + step):
        low += step
        step *= 2
    while step > 1:
        step //= 2
        if low + step <= high and holds(low + step):
            low += step
    return low
