"""HRDoc: a list of lines, `{"text", "box", "class", "page", ...}`, in reading order, boxes in pixels of the page image.

Tables, figures and equations are one entry each, so they are units of the order and no lines.
"""

from __future__ import annotations

from typing import Any

from pipeline.scores.truths.base import Size, Truth, TruthFormat, need, need_box, truth_of_lines

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
    lines = [(need(str, entry.get("text"), "`text`"), need_box(entry.get("box"))) for entry in entries]
    without = {number for number, entry in enumerate(entries) if str(entry.get("class")) in _NO_LINES}
    return truth_of_lines(TruthFormat.HRDOC, lines, size, without)
