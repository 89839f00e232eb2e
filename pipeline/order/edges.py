"""What stands at the head and at the foot of a page, apart from all else: running heads and page numbers."""

from __future__ import annotations

from pipeline.order.regions import Boxes, Region

_APART = 1.2  # median heights between a head or a foot and the rest, at least
_FEW = 2  # boxes in it: a number, or a title and a number
_MIN_ROWS = 6  # of a page that has any


def head_body_foot(boxes: Boxes, rows: list[Region]) -> list[Region]:
    """The parts of a page of these rows: its first row where that is a head, the rest, its last where a foot."""
    page = [i for row in rows for i in row]
    if len(rows) < _MIN_ROWS:
        return [page]
    gaps, apart = boxes.leading(rows), _APART * boxes.height(page)
    head = len(rows[0]) <= _FEW and gaps[0] > apart
    foot = len(rows[-1]) <= _FEW and gaps[-1] > apart
    body = [i for row in rows[head : len(rows) - foot] for i in row]
    return [*rows[: 1 if head else 0], body, *(rows[-1:] if foot else [])]
