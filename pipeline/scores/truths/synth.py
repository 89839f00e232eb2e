"""Pagemill's own truth: words, lines and reading order, exact."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pipeline.scores.truths.base import Size, Truth, TruthFormat
from schemas.base import canonical_json
from schemas.truth import DocumentTruth, PageTruth

_KIND = "pagemill.truth/1"


def sees(value: Any) -> bool:
    """Whether a file's JSON is of this format."""
    return isinstance(value, dict) and value.get("schema") == _KIND


def read(value: Any, page: int, size: Size | None) -> Truth:
    """Truth of page `page`; the picture's size is not needed."""
    document = DocumentTruth.from_json(canonical_json(value))
    if page >= len(document.pages):
        raise ValueError(f"truth of {len(document.pages)} pages, page {page} is asked for")
    return of_page(document.pages[page])


def of_page(page: PageTruth) -> Truth:
    """The truth that stands in a page's record, or in a file."""
    line = [word.line for word in page.words]
    # Lines are numbered as they come, but a record may hold anything: only what is in order is a chain of lines.
    chain = all(a <= b for a, b in pairwise(line))
    boxes = [word.box for word in page.words]
    return Truth(
        format=TruthFormat.SYNTH,
        texts=[word.text for word in page.words],
        boxes=[_floats(box) for box in boxes],
        unit=line if chain else list(range(len(boxes))),
        unit_boxes=[_floats(box) for box in (page.lines if chain else boxes)],
        line=line,
        chain=True,
    )


def _floats(box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    return float(left), float(top), float(right), float(bottom)
