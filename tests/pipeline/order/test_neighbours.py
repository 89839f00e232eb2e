"""Neighbours: those that a search of all pairs finds, in the bands that a box reaches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.order.neighbours import nearest, to_the_right

COORDINATE = st.integers(0, 60) | st.floats(0, 200, width=32)
BOX = st.tuples(*[COORDINATE] * 4).map(lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])))
BOXES = st.lists(BOX, min_size=1, max_size=30).map(lambda boxes: np.array(boxes, np.float64))


def pairs(box: NDArray[np.float64], near: int, max_gap: float | None = None) -> set[tuple[int, int]]:
    left, right = to_the_right(box, near, max_gap)
    return set(zip(left.tolist(), right.tolist(), strict=True))


@given(BOXES)
def test_pairs_go_strictly_right(box: NDArray[np.float64]) -> None:
    middle = (box[:, 0] + box[:, 2]) / 2
    assert all(middle[a] < middle[b] for a, b in pairs(box, 12))


@given(BOXES)
def test_whatever_overlaps_in_height_is_found(box: NDArray[np.float64]) -> None:
    found = pairs(box, len(box))
    middle = (box[:, 0] + box[:, 2]) / 2
    height = np.median(box[:, 3] - box[:, 1])
    for a in range(len(box)):
        for b in range(len(box)):
            at = (box[b, 1] + box[b, 3]) / 2
            if middle[a] < middle[b] and box[a, 1] <= at <= min(box[a, 3], box[a, 1] + 7 * height):
                assert (a, b) in found


@given(BOXES, st.sampled_from([0.0, 0.5, 1.3]), st.integers(1, 12))
def test_a_greatest_gap_leaves_out_what_is_further_and_nothing_else(
    box: NDArray[np.float64], max_gap: float, near: int
) -> None:
    reach = max_gap * (box[:, 3] - box[:, 1]).max()
    within = {(a, b) for a, b in pairs(box, near) if box[b, 0] - box[a, 2] <= reach}
    assert within <= pairs(box, near, max_gap) <= pairs(box, near)


def test_only_so_many_of_a_band() -> None:
    box = np.array([(20.0 * i, 0, 20 * i + 10, 10) for i in range(6)])
    assert pairs(box, 2) == {(a, b) for a in range(6) for b in range(a + 1, min(a + 3, 6))}


def test_the_nearest_of_each() -> None:
    key, other = np.array([1, 0, 1, 0, 1]), np.array([5, 6, 7, 8, 4])
    kept = nearest(key, other, np.array([2.0, 3.0, 1.0, 4.0, 1.0]))
    assert list(zip(key[kept].tolist(), other[kept].tolist(), strict=True)) == [(0, 6), (1, 4)]


@pytest.mark.parametrize("box", [(5.0, 5.0, 5.0, 5.0), (0.0, 0.0, 0.0, 9.0), (0.0, 0.0, 9.0, 0.0)])
def test_equal_boxes_have_no_neighbours(box: tuple[float, ...]) -> None:
    assert pairs(np.array([box] * 5), 12) == set()
