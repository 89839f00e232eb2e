"""A block of lines set solid, such as an address, beside a list of keys and values: read whole, and then the list."""

from __future__ import annotations

from itertools import pairwise

from pipeline.order.regions import Boxes, Region, median

_SOLID = (
    1.65  # times as far from line to line of a block as the highest is high, at most: rows of a table have more air
)
_APART = 1.2  # heights below which a block ends
_MIN_LINES, _MOST_LINES, _MIN_PAIRS = 4, 7, 3  # of an address; more are the first column of a table
_MIN_GUTTER = 3.0  # heights between the block and the list
_FLUSH = 0.6  # of a height by which lines of a block begin elsewhere, at most


def runs(rows: list[Region], gaps: list[float], height: float) -> dict[int, int]:
    """Start and end of each run of rows that are not parted by a gap, of at least as many as a block has lines; `gaps`
    are those between a row and the next.
    """
    found: dict[int, int] = {}
    start = 0
    assert len(gaps) == len(rows) - 1, "a gap between each row and the next"
    for end, gap in enumerate([*gaps, float("inf")], start=1):
        if gap > _APART * height:
            if end - start >= _MIN_LINES:
                found[start] = end
            start = end
    return found


def is_block_beside_list(boxes: Boxes, columns: list[Region]) -> bool:
    """Whether the columns are lines set solid, and right of them keys and values in no more rows."""
    if len(columns) != 3 or not _MIN_LINES <= len(columns[0]) <= _MOST_LINES:
        return False
    block, keys, values = columns
    height = boxes.height(block)
    block_rows = boxes.rows(block)
    if len(block_rows) != len(block) or not _MIN_PAIRS <= len(keys) <= len(block) or len(values) != len(keys):
        return False
    lefts = sorted(boxes.x0[i] for i in block)
    middles = sorted((boxes.y0[i] + boxes.y1[i]) / 2 for i in block)
    pitches = [b - a for a, b in pairwise(middles)]
    gutter = boxes.gutters(columns)[0]
    return (
        lefts[-1] - lefts[0] <= _FLUSH * height
        and median(pitches) <= _SOLID * max(boxes.y1[i] - boxes.y0[i] for i in block)
        and gutter >= max(_MIN_GUTTER * height, boxes.gutters(columns)[1])
        and boxes.beside(keys, values) == 1.0
    )
