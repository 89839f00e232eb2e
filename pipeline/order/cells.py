"""Rows that belong together: the lines of cells that wrap, and small captions over what is filled in below them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise

from pipeline.order.regions import Boxes, Region

_MIN_CELLS = 3  # in a row of a table
_MOST_CELLS = 64  # of a row of any table: what follows compares each with each
_TIGHT, _TIGHTER = 0.6, 0.3  # of the gap to the next row, and heights less than it: a cell's next line is nearer
_LEAST, _MOST = 0.1, 0.8  # heights between the lines of a cell
_FLUSH = 0.5  # of a height by which a cell's next line begins, ends or is centred elsewhere
_FULL = 0.7  # of the next line's width: a shorter line had no need to wrap
_IN, _FAR_IN, _ALIKE = 0.2, 1.2, 0.5  # heights that a value begins further in than its caption; and they differ by
_NOT_SMALLER = 0.8  # times the captions' height
_GRID_COLUMNS, _GRID_ROWS, _GRID_CELLS = 4, 3, 15  # of a small table, all of whose rows have all cells
_LEVEL = 0.5  # of the lowest box's height that all of a row share
_MIN_WHOLE = 2  # rows of captions of which each has its value, on a page that has any


def records(boxes: Boxes, rows: list[Region], caption: Mapping[int, int]) -> list[list[Region]]:
    """The rows from top to bottom, those together that are read cell by cell; `caption` is what `captions` found."""
    gaps = boxes.leading(rows)
    found: list[list[Region]] = []
    at = 0
    while at < len(rows):
        end = at + 1
        if 1 < len(rows[at]) <= _MOST_CELLS and _is_row(boxes, rows[at]):
            end = _wrapped(boxes, rows, gaps, at, found[-1][0] if found else [])
            if end == at + 1 < len(rows) and all(caption.get(i) in rows[at] for i in rows[end]):
                end += 1
        found.append(rows[at:end])
        at = end
    return found


def cells(boxes: Boxes, record: list[Region]) -> list[Region]:
    """The cells of a record from left to right: what stands in its first row, each with what is below it."""
    heads = sorted(record[0], key=boxes.x0.__getitem__)
    found = {k: [k] for k in heads}
    for row in record[1:]:
        for i in row:
            found[max(heads, key=lambda k: (_shared(boxes, k, i), -abs(boxes.x0[k] - boxes.x0[i])))].append(i)
    return list(found.values())


def rows_of_grid(boxes: Boxes, columns: list[Region]) -> list[Region]:
    """The rows of a small table whose columns all have as many boxes, level with each other, even where its rows touch;
    none where that is not so.
    """
    if len({len(column) for column in columns}) > 1:
        return []
    by_row = (sorted(column, key=lambda i: boxes.y0[i] + boxes.y1[i]) for column in columns)
    grid = [list(row) for row in zip(*by_row, strict=True)]
    return grid if is_grid(columns, grid) and all(_are_level(boxes, row) for row in grid) else []


def is_grid(columns: list[Region], rows: list[Region]) -> bool:
    """Whether they are of a small table that has all cells in all rows."""
    if len(columns) < _GRID_COLUMNS or len(rows) < _GRID_ROWS or len(columns) * len(rows) < _GRID_CELLS:
        return False
    return all(len(row) >= len(columns) for row in rows)


def captions(boxes: Boxes, rows: list[Region]) -> dict[int, int]:
    """For each box that is filled in below a small caption, that caption; none where a page hardly has any.

    A form's captions stand in rows, each with what is filled in below it, a little further in.
    """
    found: dict[int, int] = {}
    whole = 0
    for above, below in pairwise(rows):
        if len(above) > 1 and len(below) <= len(above) and found.keys().isdisjoint(above):
            pairs = _below(boxes, above, below)
            whole += len(pairs) == len(above)
            found |= pairs
    return found if whole >= _MIN_WHOLE else {}


def _below(boxes: Boxes, above: Region, row: Region) -> dict[int, int]:
    """The caption of each box of a row, if all have one of their own and begin as far further in; else none."""
    height = boxes.height(above)
    by_left = sorted(above, key=boxes.x0.__getitem__)
    lefts = [boxes.x0[k] for k in by_left]
    found: dict[int, int] = {}
    for i in row:
        at = bisect_right(lefts, boxes.x0[i]) - 1
        if at < 0 or (at + 1 < len(lefts) and boxes.x1[i] > lefts[at + 1]):
            return {}
        found[i] = by_left[at]
    further = sorted(boxes.x0[i] - boxes.x0[k] for i, k in found.items())
    alike = further[-1] - further[0] <= _ALIKE * height
    in_place = _IN * height <= further[0] <= _FAR_IN * height and boxes.height(row) >= _NOT_SMALLER * height
    return found if alike and in_place and len(set(found.values())) == len(row) else {}


def _wrapped(boxes: Boxes, rows: list[Region], gaps: list[float], at: int, before: Region) -> int:
    """End of the rows from `at` on that hold further lines of the cells of that row.

    They are nearer to each other than to the next row, or to the lines of the one `before`, that has the same cells.
    """
    first = rows[at]
    end = at + 1
    while end < len(rows) and len(rows[end]) < len(first) and _are_next_lines(boxes, first, rows[end]):
        end += 1
    if end == at + 1 or len(first) < _MIN_CELLS:
        return at + 1
    height = boxes.height(first)
    inner = max(gaps[at : end - 1])
    if not _LEAST * height <= inner <= _MOST * height:
        return at + 1
    neighbours = [(before, gaps[at - 1])] if before else []
    neighbours += [(rows[end], gaps[end - 1])] if end < len(rows) else []
    return (
        end
        if any(
            inner <= min(_TIGHT * gap, gap - _TIGHTER * height)
            and len(row) == len(first)
            and _is_row(boxes, row)
            and _are_within(boxes, first, row)
            for row, gap in neighbours
        )
        else at + 1
    )


def _are_level(boxes: Boxes, row: Region) -> bool:
    shared = min(boxes.y1[i] for i in row) - max(boxes.y0[i] for i in row)
    return shared >= _LEVEL * min(boxes.y1[i] - boxes.y0[i] for i in row)


def _is_row(boxes: Boxes, row: Region) -> bool:
    """Whether the boxes of a row stand beside each other."""
    by_left = sorted(row, key=boxes.x0.__getitem__)
    return all(boxes.x1[a] <= boxes.x0[b] for a, b in pairwise(by_left))


def _are_next_lines(boxes: Boxes, first: Region, row: Region) -> bool:
    """Whether each box of a row may be the next line of a cell of its own: set flush with it, and not much wider."""
    return _are_within(boxes, first, row) and all(
        any(_is_next_line(boxes, k, i) for k in first if _shared(boxes, k, i) > 0) for i in row
    )


def _are_within(boxes: Boxes, first: Region, row: Region) -> bool:
    """Whether each box of a row lies below a cell of its own, and below no other."""
    below = [[k for k in first if _shared(boxes, k, i) > 0] for i in row]
    return all(len(b) == 1 for b in below) and len({b[0] for b in below}) == len(row)


def _is_next_line(boxes: Boxes, a: int, b: int) -> bool:
    left, right = boxes.x0[b] - boxes.x0[a], boxes.x1[b] - boxes.x1[a]
    is_full = boxes.x1[a] - boxes.x0[a] >= _FULL * (boxes.x1[b] - boxes.x0[b])
    return is_full and min(abs(left), abs(right), abs(left + right) / 2) <= _FLUSH * (boxes.y1[a] - boxes.y0[a])


def _shared(boxes: Boxes, a: int, b: int) -> float:
    """Width that both boxes pass, 0 where there is none."""
    return max(min(boxes.x1[a], boxes.x1[b]) - max(boxes.x0[a], boxes.x0[b]), 0.0)
