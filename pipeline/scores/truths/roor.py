"""ROOR: FUNSD's forms with reading order: `{"document": [segments], "img": {...}, "ro_linkings": [[id, id], ...]}`.

The order is a relation: a segment may be followed by several, or by none. Boxes are in pixels of `img`.
"""

from __future__ import annotations

from typing import Any

from pipeline.scores.truths.base import Size, Truth, TruthFormat, need, need_first
from pipeline.scores.truths.funsd import of_blocks


def sees(value: Any) -> bool:
    """Whether a file's JSON is of this format."""
    return isinstance(value, dict) and isinstance(value.get("document"), list) and "ro_linkings" in value


def read(value: Any, page: int, size: Size | None) -> Truth:
    """Truth of a form, which says its picture's size itself."""
    need_first(page)
    segments = [need(dict, segment, "an entry of `document`") for segment in value["document"]]
    image = need(dict, value.get("img"), "`img`")
    width, height = (float(need((int, float), image.get(side), f"`{side}`")) for side in ("width", "height"))
    truth = of_blocks(TruthFormat.ROOR, segments, (width, height))
    number = {need(int, segment.get("id"), "`id`"): at for at, segment in enumerate(segments)}
    return truth.model_copy(update={"relations": _relations(value["ro_linkings"], number)})


def _relations(links: Any, number: dict[int, int]) -> list[tuple[int, int]]:
    relations: dict[tuple[int, int], None] = {}
    for link in need(list, links, "`ro_linkings`"):
        pair = [need(int, end, "an end of a link") for end in need(list, link, "a link")]
        if len(pair) != 2 or not set(pair) <= number.keys():
            raise ValueError("a link that is no pair of segments that exist")
        relations[number[pair[0]], number[pair[1]]] = None
    return list(relations)
