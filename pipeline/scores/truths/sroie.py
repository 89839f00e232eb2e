"""SROIE: a line of text a row, `x1,y1,x2,y2,x3,y3,x4,y4,text` in pixels; the text may have commas.

The lines are in the order of the file, which is that of reading a receipt. True words are the lines split at spaces,
each line's box shared out by characters.
"""

from __future__ import annotations

from typing import Any

from pipeline.scores.truths.base import Size, Truth, TruthFormat, need_first, truth_of_lines

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
    lines: list[tuple[str, list[float]]] = []
    for number, row in enumerate(value.splitlines()):
        if not row.strip():
            continue
        corners = _numbers(row)
        if corners is None:
            raise ValueError(f"row {number + 1} is not eight numbers and a text")
        xs, ys = corners[0::2], corners[1::2]
        lines.append((row.split(",", 8)[8], [min(xs), min(ys), max(xs), max(ys)]))
    return truth_of_lines(TruthFormat.SROIE, lines, size)


def _numbers(row: str) -> list[float] | None:
    cells = row.split(",", _CELLS - 1)
    if len(cells) != _CELLS:
        return None
    digits = [cell.strip().removeprefix("-") for cell in cells[:8]]
    if not all(cell.isascii() and cell.isdigit() and len(cell) <= _LONGEST for cell in digits):
        return None
    return [float(cell) for cell in cells[:8]]
