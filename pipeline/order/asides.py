"""Columns set in smaller type beside the main text: boxes and margins, read after it on whichever side they stand."""

from __future__ import annotations

from itertools import pairwise

from pipeline.order.regions import Boxes, Region

_SMALLER = 0.95  # times the height of the main text's lines, and the distance from line to line
_MIN_ROWS = 5  # of a column whose type is known


def asides_last(boxes: Boxes, columns: list[Region]) -> list[Region]:
    """Columns of text from left to right, but those in smaller type than the main text's behind all others.

    The main text is the column with the most text.
    """
    if min(map(len, columns)) < _MIN_ROWS:
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
    """Usual height of the boxes of a column, and usual distance from one row to the next of a paragraph."""
    middles = [(boxes.y0[row[0]] + boxes.y1[row[0]]) / 2 for row in boxes.rows(column)]
    assert len(middles) > 1, "a column of text has rows"
    heights = [boxes.y1[i] - boxes.y0[i] for i in column]
    # Distances between paragraphs are among the upper half, and nearly half of all where paragraphs are short.
    return _mean(heights, 0.25, 0.75), _mean([b - a for a, b in pairwise(middles)], 0.1, 0.5)


def _mean(values: list[float], low: float, high: float) -> float:
    """Mean of these shares of the values in order: boxes are in thousandths of the page, which a median is, too."""
    ordered = sorted(values)
    some = ordered[int(low * len(ordered)) : max(int(high * len(ordered)), 1)]
    return sum(some) / len(some)
