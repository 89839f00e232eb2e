"""Columns set in smaller type beside the main text: boxes and margins, read after it on whichever side they stand."""

from __future__ import annotations

from itertools import pairwise

from pipeline.order.regions import Boxes, Region, median

_SMALLER = 0.945  # times the height of the main text's lines, and the distance from line to line
_MIN_ROWS = 5  # of a column whose type is known


def asides_last(boxes: Boxes, columns: list[Region]) -> list[Region]:
    """The columns from left to right, but columns of text in smaller type than the main text's behind all others.

    The main text is the column with the most text.
    """
    if not boxes.are_text_columns(columns) or min(map(len, columns)) < _MIN_ROWS:
        return columns
    main = max(columns, key=lambda column: sum(boxes.x1[i] - boxes.x0[i] for i in column))
    height, pitch = _type(boxes, main)
    smaller = [_is_smaller(_type(boxes, column), (height, pitch)) for column in columns]
    return [c for c, s in zip(columns, smaller, strict=True) if not s] + [
        c for c, s in zip(columns, smaller, strict=True) if s
    ]


def _is_smaller(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return all(a < _SMALLER * b for a, b in zip(one, other, strict=True))


def _type(boxes: Boxes, column: Region) -> tuple[float, float]:
    """Median height of the boxes of a column, and of the distances from one row to the next."""
    middles = [(boxes.y0[row[0]] + boxes.y1[row[0]]) / 2 for row in boxes.rows(column)]
    return boxes.height(column), median([b - a for a, b in pairwise(middles)])
