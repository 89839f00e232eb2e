"""DocBank: a token a row, `token x0 y0 x1 y1 r g b font label` with tabs; boxes are 0..1000 already.

The order is that of the file, which was made from the paper's source. What stands for a drawing (`##LTFigure##` and
the like) is no word. It knows no lines.
"""

from __future__ import annotations

from typing import Any

from pipeline.scores.truths.base import Size, Truth, TruthFormat, need_first, scaled
from schemas.boxes import UNIT

_CELLS = 10
_LONGEST = 6  # digits of a number


def sees(value: Any) -> bool:
    """Whether a file's text is of this format, by its first row with anything in it."""
    if not isinstance(value, str):
        return False
    first = next((row for row in value.split("\n") if row.strip()), "")
    return _box(first) is not None


def read(value: Any, page: int, size: Size | None) -> Truth:
    """Truth of a page. Of the picture's size only its shape is used."""
    need_first(page)
    texts: list[str] = []
    boxes: list[list[float]] = []
    for number, row in enumerate(value.split("\n")):
        if not row.strip():
            continue
        box = _box(row)
        if box is None:
            raise ValueError(f"row {number + 1} is not ten cells with a box in the second to fifth")
        token = row.split("\t", 1)[0]
        if not (token.startswith("##LT") and token.endswith("##")):
            texts.append(token)
            boxes.append(box)
    frames = scaled(boxes, UNIT, UNIT)
    return Truth(
        format=TruthFormat.DOCBANK,
        texts=texts,
        boxes=frames,
        unit=list(range(len(texts))),
        unit_boxes=frames,
        chain=True,
        aspect=None if size is None else size[0] / size[1],
    )


def _box(row: str) -> list[float] | None:
    cells = row.rstrip("\r").split("\t")
    if len(cells) != _CELLS:
        return None
    digits = cells[1:5]
    if not all(cell.isascii() and cell.isdigit() and len(cell) <= _LONGEST for cell in digits):
        return None
    return [float(cell) for cell in digits]
