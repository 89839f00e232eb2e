"""FUNSD: `{"form": [{"words": [{"text", "box"}], ...}]}`, boxes in pixels; words and lines, no order.

A line is what of a block stands on one row; a question and its answer are lines of their own, however near.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipeline.scores.truths.base import Size, Truth, TruthFormat, need, need_box, need_first, need_size, rows_of, scaled


def sees(value: Any) -> bool:
    """Whether a file's JSON is of this format."""
    return isinstance(value, dict) and isinstance(value.get("form"), list)


def read(value: Any, page: int, size: Size | None) -> Truth:
    """Truth of a form, whose picture has `size` in pixels."""
    need_first(page)
    blocks = [need(dict, block, "an entry of `form`") for block in value["form"]]
    return of_blocks(TruthFormat.FUNSD, blocks, need_size(size))


def of_blocks(form: TruthFormat, blocks: Sequence[dict[str, Any]], size: Size) -> Truth:
    """Blocks of words, each a unit; a block without words is one empty word."""
    texts: list[str] = []
    boxes: list[list[float]] = []
    unit: list[int] = []
    line: list[int] = []
    frames = [need_box(block.get("box")) for block in blocks]
    for number, block in enumerate(blocks):
        words = [need(dict, word, "a word") for word in need(list, block.get("words"), "`words`")]
        here = [need_box(word.get("box")) for word in words] or [frames[number]]
        texts += [need(str, word.get("text"), "`text`") for word in words] or [""]
        boxes += here
        unit += [number] * len(here)
        line += rows_of(here, line[-1] + 1 if line else 0)
    width, height = size
    return Truth(
        format=form,
        texts=texts,
        boxes=scaled(boxes, width, height),
        unit=unit,
        unit_boxes=scaled(frames, width, height),
        line=line,
        aspect=width / height,
    )
