"""Boxes: whatever the unit, integers 0..1000 that are ordered and cover the ink."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.boxes import UNIT, normalise, to_tuples, union

finite = st.floats(allow_nan=False, allow_infinity=False)
size = st.floats(min_value=0, exclude_min=True, allow_infinity=False)
box = st.tuples(finite, finite, finite, finite)
on_page = st.tuples(*[st.floats(0, 1)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)
TOLERANCE = 1.1e-6 / UNIT  # the hair that is allowed, as a share of the page


@given(st.lists(box, max_size=5), size, size)
def test_any_finite_box_becomes_ordered_integers_on_the_page(
    boxes: list[tuple[float, ...]], width: float, height: float
) -> None:
    found = normalise(boxes, width, height)
    assert found.shape == (len(boxes), 4)
    assert found.dtype == np.int32
    assert ((found >= 0) & (found <= UNIT)).all()
    assert (found[:, :2] <= found[:, 2:]).all()


@given(on_page)
def test_the_ink_stays_covered_and_no_more_than_a_unit_is_added(ink: tuple[float, ...]) -> None:
    found = normalise([ink], 1.0, 1.0)[0] / UNIT
    given_box = np.array(ink)
    assert (found[:2] <= given_box[:2] + TOLERANCE).all()
    assert (found[2:] >= given_box[2:] - TOLERANCE).all()
    assert (np.abs(found - given_box) < 1 / UNIT + TOLERANCE).all()


@given(st.tuples(*[st.integers(0, 5000)] * 4), st.integers(1, 5000), st.integers(1, 5000), st.integers(1, 720))
def test_the_unit_does_not_matter(ints: tuple[int, ...], width: int, height: int, factor: int) -> None:
    once = normalise([ints], width, height)
    scaled = normalise([[value / factor for value in ints]], width / factor, height / factor)
    assert once.tolist() == scaled.tolist()


@given(st.tuples(*[st.integers(0, UNIT)] * 4).filter(lambda b: b[0] <= b[2] and b[1] <= b[3]))
def test_a_normalised_box_stays_as_it_is(ints: tuple[int, ...]) -> None:
    assert normalise([ints], UNIT, UNIT).tolist() == [list(ints)]
    assert normalise([[value / UNIT for value in ints]], 1.0, 1.0).tolist() == [list(ints)]


def test_corners_may_come_in_any_order() -> None:
    assert normalise([[30, 40, 10, 20]], 100, 100).tolist() == [[100, 200, 300, 400]]


def test_no_boxes_are_no_boxes() -> None:
    assert normalise([], 10, 10).shape == (0, 4)
    assert to_tuples(normalise([], 10, 10)) == []


@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 1), (float("nan"), 1), (float("inf"), 1)])
def test_a_page_without_a_size_is_refused(width: float, height: float) -> None:
    with pytest.raises(ValueError, match=f"width={width}"):
        normalise([[0, 0, 1, 1]], width, height)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_values_that_are_not_finite_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        normalise([[0, 0, 1, value]], 1, 1)


def test_union_is_the_smallest_box_around_all() -> None:
    assert union([(5, 6, 7, 8), (1, 9, 6, 9)]) == (1, 6, 7, 9)
    assert union(np.array([[1, 2, 3, 4]])) == (1, 2, 3, 4)
