"""SROIE: a line of text a row, `x1,y1,x2,y2,x3,y3,x4,y4,text` in pixels; the text may have commas.

The lines are in the order of the file, which is that of reading a receipt. True words are the lines split at spaces,
each line's box shared out by characters.
"""

from __future__ import annotations

from typing import Any

from pipeline.scores.truths.base import Size, Truth, TruthFormat, need_first, need_size, scaled, shared_out

_CELLS = 9
_LONGEST = 12  # digits of a number


def sees(value: Any) -> bool:
    """Whether a file's text is of this format, by its first row with anything in it."""
    if not isinstance(value, str):
        return False
    first = next((row for row in value.splitlines() if row.strip()), "")
    return _numbers(first) is not None


def read(value: Any, page: int, size: Size | None) -> Truth:
    """Truth of a receipt, whose picture has `size` in pixels."""
    need_first(page)
    texts: list[str] = []
    boxes: list[list[float]] = []
    unit: list[int] = []
    frames: list[list[float]] = []
    for number, row in enumerate(value.splitlines()):
        if not row.strip():
            continue
        corners = _numbers(row)
        if corners is None:
            raise ValueError(f"row {number + 1} is not eight numbers and a text")
        xs, ys = corners[0::2], corners[1::2]
        frame = [min(xs), min(ys), max(xs), max(ys)]
        words, here = shared_out(row.split(",", 8)[8], frame)
        texts += words
        boxes += here
        unit += [len(frames)] * len(words)
        frames.append(frame)
    width, height = need_size(size)
    return Truth(
        format=TruthFormat.SROIE,
        texts=texts,
        boxes=scaled(boxes, width, height),
        unit=unit,
        unit_boxes=scaled(frames, width, height),
        line=unit,
        chain=True,
        by_words=False,
        aspect=width / height,
    )


def _numbers(row: str) -> list[float] | None:
    cells = row.split(",", _CELLS - 1)
    if len(cells) != _CELLS:
        return None
    digits = [cell.strip().removeprefix("-") for cell in cells[:8]]
    if not all(cell.isascii() and cell.isdigit() and len(cell) <= _LONGEST for cell in digits):
        return None
    return [float(cell) for cell in cells[:8]]
