"""Regions: what parts them, and what stands in them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.order.regions import Boxes, median

COORDINATE = st.integers(0, 40)
BOX = st.tuples(*[COORDINATE] * 4).map(lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])))


def boxes(*box: tuple[float, ...], drawn_in: float = 0.0) -> Boxes:
    return Boxes.of(np.array(box, np.float64), drawn_in)


@given(st.lists(BOX, min_size=1, max_size=20), st.integers(0, 10), st.sampled_from([0.0, 0.25]))
def test_any_region_is_parted_without_a_loss(box: list[tuple[int, ...]], gutter: int, drawn_in: float) -> None:
    page = boxes(*box, drawn_in=drawn_in)
    everything = list(range(len(box)))
    columns, rows = page.columns(everything, gutter), page.rows(everything)
    assert sorted(i for column in columns for i in column) == everything
    assert sorted(i for row in rows for i in row) == everything
    assert all(gap > 0 and gap >= gutter for gap in page.gutters(columns)) or gutter == 0
    assert len(page.leading(rows)) == len(rows) - 1


def test_columns_are_parted_by_more_than_the_gutter() -> None:
    page = boxes((0, 0, 10, 5), (20, 0, 30, 5), (29, 0, 50, 5))
    assert page.columns([2, 1, 0], 9.0) == [[0], [1, 2]]
    assert page.columns([2, 1, 0], 10.0) == [[0, 1, 2]]
    assert page.gutters([[0], [1, 2]]) == [10.0]
    assert page.width([0, 2]) == 50.0


def test_rows_that_overlap_a_little_are_parted() -> None:
    touching = ((0.0, 0.0, 10.0, 12.0), (0.0, 10.0, 10.0, 22.0))
    assert boxes(*touching).rows([0, 1]) == [[0, 1]]
    page = boxes(*touching, drawn_in=0.25)
    assert page.rows([1, 0]) == [[0], [1]]
    assert page.leading([[0], [1]]) == [-2.0]


def test_a_high_box_is_drawn_in_by_the_median_height_only() -> None:
    page = boxes((0, 0, 10, 10), (0, 20, 10, 30), (20, 0, 30, 100), drawn_in=0.25)
    assert (page.top[2], page.bottom[2]) == (2.5, 97.5)


def test_boxes_that_one_column_of_the_page_passes_share_width() -> None:
    page = boxes((0, 0, 10, 5), (8, 10, 30, 15), (9, 20, 12, 25), (10, 30, 20, 35))
    assert page.share_width([0, 1, 2])
    assert not page.share_width([0, 3])
    assert page.share_width([2, 3])


def test_sides_share_height_where_each_has_boxes_or_one_goes_on_around_a_gap() -> None:
    row = [(0.0, 10.0 * k, 10.0, 10.0 * k + 8) for k in range(12)]
    page = boxes(*row, (20.0, 50.0, 30.0, 58.0), (20.0, 60.0, 30.0, 68.0))
    assert page.share_height(list(range(12)), [12, 13])
    assert page.share_height([0, 1, 2, 9, 10, 11], [12, 13])
    assert not page.share_height([0, 1, 9, 10, 11], [12, 13])
    assert not page.share_height([0, 1, 2, 3], [12, 13])


def test_boxes_beside_each_other() -> None:
    page = boxes((0, 0, 50, 10), (0, 20, 50, 30), (80, 1, 90, 11), (80, 10, 90, 20), (80, 24, 90, 60))
    assert page.beside([0, 1], [2]) == 1.0
    assert page.beside([0, 1], [3]) == 0.0
    assert page.beside([0, 1], [2, 3, 4]) == pytest.approx(2 / 3)


def test_text_fills_its_column() -> None:
    full = [(x, y, x + w, y + 10) for x in (0, 300) for y, w in ((0, 200), (15, 190), (30, 120))]
    short = [(x, y, x + w, y + 10) for x in (0, 300) for y, w in ((0, 200), (15, 90), (30, 60))]
    columns = [[0, 1, 2], [3, 4, 5]]
    assert boxes(*full).are_text_columns(columns)
    assert not boxes(*full).are_text_columns(columns, 0.99)
    assert not boxes(*full).are_text_columns(columns[:1])
    assert not boxes(*short).are_text_columns(columns)
    assert not boxes(*full).are_text_columns([[0, 1], [3, 4]]), "two rows make no column"
    assert not boxes(*[(x0, 3 * y0, x1, 3 * y0 + 10) for x0, y0, x1, _ in full]).are_text_columns(columns), "loose rows"
    assert not boxes(*[(2 * x0, y0, x0 + x1, y1) for x0, y0, x1, y1 in full]).are_text_columns(columns)


def test_the_median_is_one_of_the_values() -> None:
    assert median([3.0, 1.0]) == 3.0
    assert median([3.0, 1.0, 2.0]) == 2.0
