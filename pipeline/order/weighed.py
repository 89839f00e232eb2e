"""Recursive cutting in which the widest gutter of a region is weighed against the gaps between its rows.

A page of text and a form look alike to a plain XY-cut: rows with a gutter through them. Whether a person reads them
row by row or column by column is a matter of degree. Columns are read one after the other the sooner, the wider and the
longer the gutter is, the wider the columns are, and the closer their rows stand; and the later, the more of the boxes
at the right have a box beside them at the left, as values have their keys and the cells of a table their row's name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log

import numpy as np
from numpy.typing import NDArray

from pipeline.order.asides import asides_last
from pipeline.order.blocks import is_block_beside_list, runs
from pipeline.order.cells import captions, cells, is_grid, records, rows_of_grid
from pipeline.order.edges import head_body_foot
from pipeline.order.lrtb import lrtb
from pipeline.order.regions import Boxes, Region, median
from pipeline.order.skew import straighten

# Exponents of the weight, see `_gutter_wins`, found on pages of forms in two halves that agree about them. To gaps a
# little is added, or one of nearly 0 would decide alone.
_GAP, _ROWS, _RIGHT, _LEFT, _LOOSE, _BESIDE = 0.55, 0.8, 0.5, 0.7, 0.3, 1.6
_BALANCE = 4.9
_LITTLE, _SOME, _LEAST = 0.04, 0.35, 0.02
_MIN_ROWS = 3  # that a gutter passes, if it is to keep them together below a headline
_TEXT_FULL, _TEXT_ROWS = 0.75, 5  # of columns that stay together whatever their gutter weighs: surely of text
_DRAWN_IN = 0.175  # of a box's height, at the top and at the bottom: rows touch each other on scans
_MIN_GUTTER = 0.42  # of the median height of a box
_SAME_GUTTER = 0.5  # of the widest gutter: as wide as this is cut with it
_SAME_GAP = 0.1  # of the widest gap between rows
_TABLE_COLUMNS, _TABLE_ROWS, _TABLE_FULL = 3, 6, 0.8  # columns, rows, and the share of the rows that have all cells
_MARK = 2.0  # a column narrower than so many heights holds the numbers or bullets of a list
_LATE = 3  # rows of which the last one shows that a gutter runs past them
_SPOILERS = 3  # rows at a band's end that may keep it from being one, such as a page number in the gutter
_GRID = 2.0**20  # to the median height
_TINY = 1e-100  # the least unit: dividing by a smaller one would not be finite
_MAX_DEPTH = 64  # cuts into each other; what is left then is read by rows, or some pages would take for ever


def weighed(box: NDArray[np.float64], levelled: bool = False) -> list[int]:
    """Indices in reading order; boxes that are not `levelled` are put straight first."""
    # Ties are broken by geometry alone, so that shuffling the input changes nothing.
    by_place = np.lexsort(box.T)
    here = _in_heights(box[by_place])
    here = here if levelled else straighten(here)
    order: list[int] = by_place[_Cutter(here).order()].tolist()
    return order


def _in_heights(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """In the median height from the corner of all boxes, so that neither a margin nor the unit changes anything.

    On a grid, as what is equal in one unit may differ in its last digit in another.
    """
    heights = np.sort(box[:, 3] - box[:, 1])
    unit = heights[len(heights) // 2] or heights[-1] or (box[:, 2] - box[:, 0]).max() or 1.0
    return np.asarray(np.round((box - np.tile(box[:, :2].min(axis=0), 2)) / max(unit, _TINY) * _GRID) / _GRID)


class _Cutter:
    """The order of the boxes of one page, N x 4 in any unit."""

    def __init__(self, box: NDArray[np.float64]) -> None:
        self._box = box
        self._boxes = Boxes.of(box, _DRAWN_IN)
        self._rows = self._boxes.rows(list(range(len(box))))  # of the whole page
        self._caption = captions(self._boxes, self._rows)

    def order(self) -> list[int]:
        order: list[int] = []
        stack = [(part, 0) for part in reversed(head_body_foot(self._boxes, self._rows))]
        while stack:
            region, depth = stack.pop()
            if len(region) == 1:
                order += region
                continue
            parts = self._parts(region) if depth < _MAX_DEPTH else [region]
            if len(parts) == 1:
                order += [region[k] for k in lrtb(self._box[region])]
            else:
                stack += [(part, depth + 1) for part in reversed(parts)]
        return order

    def _parts(self, region: Region) -> list[Region]:
        boxes = self._boxes
        rows = boxes.rows(region)
        if len(rows) == len(region) and boxes.share_width(region):
            return rows
        height = boxes.height(region)
        columns = boxes.columns(region, _MIN_GUTTER * height)
        if boxes.are_text_columns(columns):
            return asides_last(boxes, columns)
        if self._is_block_beside_list(columns):
            return [columns[0], *boxes.rows(columns[1] + columns[2])]
        if len(rows) == 1:
            return rows_of_grid(boxes, columns) or _single(columns) or self._at_gutters(columns)
        if len(columns) > 1 and self._gutter_wins(columns, rows, height):
            return self._at_gutters(columns)
        # What a gutter passes all through was weighed already.
        bands = self._bands(rows, _MIN_GUTTER * height, blocks_alone=len(columns) > 1)
        return self._cut(bands) if len(bands) > 1 else rows

    def _at_gutters(self, columns: list[Region]) -> list[Region]:
        """Cut at the widest gutter, and at those that are nearly as wide."""
        if len(columns) == 1:
            return columns
        wide = _at_wide(columns, self._boxes.gutters(columns), _SAME_GUTTER)
        return asides_last(self._boxes, wide) if self._boxes.are_text_columns(wide) else wide

    def _cut(self, bands: list[Region]) -> list[Region]:
        """The bands, joined over small gaps, but the rows of records taken to pieces by cells."""
        boxes = self._boxes
        gaps = boxes.leading(bands)
        widest = max(gaps)
        limit = _SAME_GAP * widest if widest > 0 else widest
        parts: list[Region] = []
        at = 0
        open_part = False
        for record in records(boxes, bands, self._caption):
            if len(record) > 1:
                parts += cells(boxes, record)
                open_part = False
            elif open_part and gaps[at - 1] < limit:
                parts[-1] = parts[-1] + record[0]
            else:
                parts.append(list(record[0]))
                open_part = True
            at += len(record)
        return parts

    def _gutter_wins(self, columns: list[Region], rows: list[Region], height: float) -> bool:
        """Whether the widest gutter weighs more than the gaps between the rows that it passes."""
        if self._is_table(columns, rows) or self._are_filled_in(rows):
            return False
        boxes = self._boxes
        gutters = boxes.gutters(columns)
        widest = max(gutters)
        left, right = _at_wide(columns, gutters, 1.0, at_most=2)
        left_width = boxes.width(left) / height
        if left_width < _MARK or not boxes.share_height(left, right):
            return False
        left_rows = boxes.rows(left)
        gap = _above_nothing(max(boxes.leading(rows)) / height + _LITTLE)
        loose = _above_nothing(max(boxes.leading(left_rows), default=0.0) / height + _SOME)
        value = _above_nothing(median([boxes.x1[i] - boxes.x0[i] for i in right]) / height)
        weight = (
            _GAP * log(widest / height / gap)
            + _ROWS * log(len(rows))
            + _RIGHT * log(value)
            + _LEFT * log(left_width)
            - _LOOSE * log(loose)
            - _BESIDE * boxes.beside(left, right)
        )
        return weight > _BALANCE

    def _is_table(self, columns: list[Region], rows: list[Region]) -> bool:
        full = [row for row in rows if len(row) >= max(len(columns), _TABLE_COLUMNS)]
        if len(rows) >= _TABLE_ROWS and len(full) >= _TABLE_FULL * len(rows):
            # A note below the table may cover a gutter that runs through its rows.
            cells = [i for row in full for i in row]
            return len(self._boxes.columns(cells, _MIN_GUTTER * self._boxes.height(cells))) >= _TABLE_COLUMNS
        return is_grid(columns, rows)

    def _is_block_beside_list(self, columns: list[Region]) -> bool:
        return is_block_beside_list(self._boxes, columns) and not self._are_filled_in(columns)

    def _are_filled_in(self, parts: list[Region]) -> bool:
        """Whether something in them is filled in below a caption."""
        return bool(self._caption) and any(i in self._caption for part in parts for i in part)

    def _bands(self, rows: list[Region], gutter: float, blocks_alone: bool) -> list[Region]:
        """The rows, joined again where they are the rows of columns of text.

        So a headline or a page number across the columns parts itself from them, and not their rows from each other.
        """
        bands: list[Region] = []
        first, count = 0, len(rows)
        gaps = self._boxes.leading(rows)
        blocks = runs(rows, gaps, gutter / _MIN_GUTTER)
        while first < count:
            end = blocks.get(first, 0)
            if end and self._is_block_beside_list(self._columns(rows[first:end], gutter)):
                bands.append([i for row in rows[first:end] for i in row])
                first = end
                continue
            if blocks_alone:
                bands.append(rows[first])
                first += 1
                continue
            # More rows cover more, so a gutter that is closed once stays closed.
            begun = self._begun(rows, gaps, first, gutter)
            end = _furthest(begun, count, partial(self._is_parted, rows, first, gutter))
            ends = range(end, max(first, end - _SPOILERS), -1)
            kept = next((last for last in ends if self._are_columns(rows[first:last], gutter)), None)
            if kept is not None:
                bands.append([i for row in rows[first:kept] for i in row])
                first = kept
            else:
                end = max(end, first + 1)
                bands += rows[first:end]
                first = end
        return bands

    def _begun(self, rows: list[Region], gaps: list[float], first: int, gutter: float) -> int:
        """End of the fewest rows from `first` on that have a gutter, as columns whose rows are not level begin with
        rows of one column; `first` where there are none.
        """
        last = min(first + _LATE, len(rows))
        for end in range(first + 1, last + 1):
            if self._is_parted(rows, first, gutter, end):
                return end
            if end < last and gaps[end - 1] > gutter:
                break
        return first

    def _is_parted(self, rows: list[Region], first: int, gutter: float, end: int) -> bool:
        some = rows[first:end]
        if len(some) == 2 and len(some[0]) == len(some[1]) == 1:  # most often, and quicker so
            (a,), (b,) = some
            return max(self._boxes.x0[a], self._boxes.x0[b]) - min(self._boxes.x1[a], self._boxes.x1[b]) > gutter
        return len(self._columns(some, gutter)) > 1

    def _columns(self, rows: list[Region], gutter: float) -> list[Region]:
        if len(rows) == 1 and len(rows[0]) == 1:
            return rows
        return self._boxes.columns([i for row in rows for i in row], gutter)

    def _are_columns(self, rows: list[Region], gutter: float) -> bool:
        columns = self._columns(rows, gutter)
        if len(rows) < _MIN_ROWS or len(columns) == 1:
            return False
        if len(rows) >= _TEXT_ROWS and self._boxes.are_text_columns(columns, _TEXT_FULL):
            return True
        return self._gutter_wins(columns, rows, self._boxes.height([i for row in rows for i in row]))


def _single(parts: list[Region]) -> list[Region]:
    """The parts where each is one box, else none."""
    return parts if all(len(part) == 1 for part in parts) else []


def _above_nothing(value: float) -> float:
    return max(value, _LEAST)


def _at_wide(parts: list[Region], gaps: list[float], share: float, at_most: int = 0) -> list[Region]:
    """The parts joined over the gaps that are narrower than this share of the widest; `at_most` parts, if given."""
    widest = max(gaps)
    limit = share * widest if widest > 0 else widest
    joined = [list(parts[0])]
    for gap, part in zip(gaps, parts[1:], strict=True):
        if gap >= limit and len(joined) != at_most:
            joined.append(list(part))
        else:
            joined[-1] += part
    return joined


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
