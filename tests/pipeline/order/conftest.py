"""Pages made of boxes: by hand, and from the synthetic layouts with their true order."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pytest

from pipeline.synth import Spec, compose
from pipeline.synth.truth import page_truth
from pipeline.synth.turn import Turn
from schemas.boxes import BoxTuple
from schemas.truth import PageTruth


def _row(y: int, *spans: tuple[int, int], height: int = 12) -> list[BoxTuple]:
    return [(x0, y, x1, y + height) for x0, x1 in spans]


@functools.cache
def _truth(document_type: str, index: int, degrees: float) -> tuple[PageTruth, float]:
    sheets, _ = compose(Spec(index=index, seed=5, document_type=document_type, variant="digital"))
    sheet = sheets[0]
    return page_truth(sheet, Turn(degrees, sheet.width, sheet.height)), sheet.width / sheet.height


@pytest.fixture(scope="session")
def row() -> Callable[..., list[BoxTuple]]:
    """`row(y, (x0, x1), ...)`: words of one row, 12 units high."""
    return _row


@pytest.fixture(scope="session")
def truth() -> Callable[..., tuple[PageTruth, float]]:
    """`truth(type, index, degrees=0.0)`: (the truth of a synthetic page, its width over its height)."""

    def get(document_type: str, index: int, degrees: float = 0.0) -> tuple[PageTruth, float]:
        return _truth(document_type, index, degrees)

    return get
