"""Regions of a page as plain lists of indices: what parts them, and what stands in them.

Regions are many and small, and so plain lists are faster here than arrays are.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np
from numpy.typing import NDArray

Region = list[int]
_FULL = 0.6  # of a column's width that its median row covers: running text fills its column
_MIN_ROWS = 3  # rows that make a column
_MIN_WIDTH = 8.0  # of a column of text, in heights of its boxes: a table's are narrower
_LOOSE = 1.5  # heights of a box between two rows of text, at most
_WIDE = 0.7  # of the narrower column beside it: a gutter between columns of text is no wider
_LEVEL = 0.6  # of the lower of two boxes that stand beside each other in one row
_NEAR = 2  # boxes above and below a middle that are looked at for one beside it


def median(values: Sequence[float]) -> float:
    """The upper one of the two in the middle, so that it is one of them."""
    return sorted(values)[len(values) // 2]


@dataclass(frozen=True)
class Boxes:
    """Edges of a page's boxes; `top` and `bottom` are drawn in a little, so that rows that touch can be parted."""

    x0: list[float]
    y0: list[float]
    x1: list[float]
    y1: list[float]
    top: list[float]
    bottom: list[float]

    @classmethod
    def of(cls, box: NDArray[np.float64], drawn_in: float) -> Boxes:
        """From N x 4 boxes; `drawn_in` is a share of a box's height, and of the median height at most."""
        height = box[:, 3] - box[:, 1]
        inset = drawn_in * np.minimum(height, np.sort(height)[len(height) // 2])
        x0, y0, x1, y1 = box.T.tolist()
        return cls(x0, y0, x1, y1, (box[:, 1] + inset).tolist(), (box[:, 3] - inset).tolist())

    def columns(self, region: Region, gutter: float) -> list[Region]:
        """Parts of the region from left to right, more than `gutter` of empty page between them."""
        return _spans(region, self.x0, self.x1, gutter)

    def rows(self, region: Region) -> list[Region]:
        """Parts of the region from top to bottom that do not overlap in height."""
        return _spans(region, self.top, self.bottom, 0.0)

    def gutters(self, columns: Sequence[Region]) -> list[float]:
        """Width of the empty page between each column and the next."""
        return _gaps(columns, self.x0, self.x1)

    def leading(self, rows: Sequence[Region]) -> list[float]:
        """Height of the empty page between each row and the next; below 0 where they overlap."""
        return _gaps(rows, self.y0, self.y1)

    def height(self, region: Region) -> float:
        """Median height of a box, above 0."""
        return max(median([self.y1[i] - self.y0[i] for i in region]), 1e-9)

    def width(self, region: Region) -> float:
        """From the left edge of the region to its right one."""
        return max(map(self.x1.__getitem__, region)) - min(map(self.x0.__getitem__, region))

    def share_width(self, region: Region) -> bool:
        """Whether some column of the page passes all boxes, so that no gutter runs between any of them."""
        return max(map(self.x0.__getitem__, region)) < min(map(self.x1.__getitem__, region))

    def share_height(self, left: Region, right: Region) -> bool:
        """Whether they stand beside each other: in the height that both reach each has a box, or the one that has none
        there, as where a figure stands, goes on for some rows above and below it. If not, one is above the other.
        """
        top = max(min(map(self.top.__getitem__, left)), min(map(self.top.__getitem__, right)))
        bottom = min(max(map(self.bottom.__getitem__, left)), max(map(self.bottom.__getitem__, right)))
        return top < bottom and all(self._is_beside(side, top, bottom) for side in (left, right))

    def _is_beside(self, side: Region, top: float, bottom: float) -> bool:
        above = sum(self.bottom[i] <= top for i in side)
        below = sum(self.top[i] >= bottom for i in side)
        return above + below < len(side) or min(above, below) >= _MIN_ROWS

    def are_text_columns(self, columns: Sequence[Region], full: float = _FULL) -> bool:
        """Whether there are several columns and each is of running text: its median row covers `full` of it."""
        if len(columns) < 2 or min(map(len, columns)) < _MIN_ROWS:
            return False
        width = [self.width(column) for column in columns]
        narrower = map(min, pairwise(width))
        if any(gutter > _WIDE * beside for gutter, beside in zip(self.gutters(columns), narrower, strict=True)):
            return False
        height = [self.height(column) for column in columns]
        if any(w < _MIN_WIDTH * h for w, h in zip(width, height, strict=True)):
            return False
        return all(self._is_text(*column, full) for column in zip(columns, width, height, strict=True))

    def _is_text(self, column: Region, width: float, height: float, full: float) -> bool:
        rows = self.rows(column)
        if len(rows) < _MIN_ROWS or median(self.leading(rows)) > _LOOSE * height:
            return False
        return median([sum(self.x1[i] - self.x0[i] for i in row) for row in rows]) >= full * width

    def beside(self, left: Region, right: Region) -> float:
        """Share of the boxes at the right that stand in one row with a box at the left."""
        middles = sorted((self.y0[i] + self.y1[i], i) for i in left)
        return sum(self._stands_beside(i, middles) for i in right) / len(right)

    def _stands_beside(self, i: int, middles: list[tuple[float, int]]) -> bool:
        at = bisect_left(middles, (self.y0[i] + self.y1[i], -1))
        for _, j in middles[max(at - _NEAR, 0) : at + _NEAR]:
            shared = min(self.y1[i], self.y1[j]) - max(self.y0[i], self.y0[j])
            if shared >= _LEVEL * min(self.y1[i] - self.y0[i], self.y1[j] - self.y0[j]):
                return True
        return False


def _spans(region: Region, low: list[float], high: list[float], gap: float) -> list[Region]:
    ordered = sorted(region, key=low.__getitem__)
    spans: list[Region] = []
    reach, last = -inf, -inf
    for i in ordered:
        start = low[i]
        # Boxes without extent must not part from the one that they touch.
        if (start - reach > gap if gap > 0 else start >= reach) and start > last:
            spans.append([i])
        else:
            spans[-1].append(i)
        reach = max(reach, high[i])
        last = start
    return spans


def _gaps(parts: Sequence[Region], low: list[float], high: list[float]) -> list[float]:
    starts = [min(map(low.__getitem__, part)) for part in parts[1:]]
    ends = [max(map(high.__getitem__, part)) for part in parts[:-1]]
    return [start - end for start, end in zip(starts, ends, strict=True)]
