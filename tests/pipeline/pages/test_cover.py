"""The area of a union of boxes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pages.cover import union_area

TWENTIETH = st.integers(-2, 22)


@given(st.lists(st.tuples(TWENTIETH, TWENTIETH, TWENTIETH, TWENTIETH), max_size=12))
def test_it_is_the_share_of_the_cells_that_any_box_covers(corners: list[tuple[int, int, int, int]]) -> None:
    cells = np.zeros((20, 20), np.bool_)
    boxes = []
    for a, b, c, d in corners:
        x0, x1, y0, y1 = min(a, c), max(a, c), min(b, d), max(b, d)
        cells[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = True
        boxes.append((x0 / 20, y0 / 20, x1 / 20, y1 / 20))
    assert union_area(np.array(boxes, np.float64).reshape(-1, 4)) == pytest.approx(cells.mean())


def test_strips_cover_a_page_together() -> None:
    edges = np.linspace(0, 1, 251)
    strips = np.stack([np.zeros(250), edges[:-1], np.ones(250), edges[1:]], axis=1)
    assert union_area(strips) == pytest.approx(1.0)


def test_boxes_that_are_nowhere_cover_nothing() -> None:
    nan, inf = float("nan"), float("inf")
    assert union_area(np.array([[nan, 0, 1, 1], [0, 0, inf, 1], [2, 2, 3, 3], [-1, -1, 0, 0], [0.5, 0.5, 0.5, 1]])) == 0
    assert union_area(np.zeros((0, 4))) == 0
