"""HRDoc: a list of lines, `{"text", "box", "class", "page", ...}`, in reading order, boxes in pixels of the page image.

Tables, figures and equations are one entry each, so they are units of the order and no lines.
"""

from __future__ import annotations

from typing import Any

from pipeline.scores.truths.base import NO_LINE, Size, Truth, TruthFormat, need, need_box, need_size, scaled, shared_out

_KEYS = {"text", "box", "class", "page"}
_NO_LINES = frozenset({"tab", "fig", "equ"})


def sees(value: Any) -> bool:
    """Whether a file's JSON is of this format, by its first entry."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict) and value[0].keys() >= _KEYS


def read(value: Any, page: int, size: Size | None) -> Truth:
    """Truth of page `page`, whose picture has `size` in pixels."""
    entries = [need(dict, entry, "an entry") for entry in value]
    pages = [need(int, entry.get("page"), "`page`") for entry in entries]
    if page > max(pages):
        raise ValueError(f"truth of {max(pages) + 1} pages, page {page} is asked for")
    entries = [entry for entry, of in zip(entries, pages, strict=True) if of == page]
    texts: list[str] = []
    boxes: list[list[float]] = []
    unit: list[int] = []
    line: list[int] = []
    frames = [need_box(entry.get("box")) for entry in entries]
    for number, (entry, frame) in enumerate(zip(entries, frames, strict=True)):
        words, here = shared_out(need(str, entry.get("text"), "`text`"), frame)
        texts += words
        boxes += here
        unit += [number] * len(words)
        line += [NO_LINE if str(entry.get("class")) in _NO_LINES else number] * len(words)
    width, height = need_size(size)
    return Truth(
        format=TruthFormat.HRDOC,
        texts=texts,
        boxes=scaled(boxes, width, height),
        unit=unit,
        unit_boxes=scaled(frames, width, height),
        line=line,
        chain=True,
        by_words=False,
        aspect=width / height,
    )
