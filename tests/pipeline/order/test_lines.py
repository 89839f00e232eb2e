"""Lines by geometry: a partition of the words, whatever they are."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.order.lines import group_lines

COORDINATE = st.integers(0, 60) | st.floats(0, 2000, width=32)
BOX = st.tuples(*[COORDINATE] * 4).map(lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])))


@given(st.lists(BOX, min_size=1, max_size=40))
def test_any_words_are_parted_into_lines(boxes: list[tuple[float, ...]]) -> None:
    line = group_lines(np.array(boxes, np.float64))
    assert len(line) == len(boxes)
    assert set(line.tolist()) == set(range(line.max() + 1)), "lines are numbered without gaps"


@given(st.lists(BOX, min_size=1, max_size=25))
def test_words_of_one_line_overlap_in_height_one_by_one(boxes: list[tuple[float, ...]]) -> None:
    box = np.array(boxes, np.float64)
    line = group_lines(box)
    for number in range(line.max() + 1):
        members = box[line == number]
        members = members[np.argsort((members[:, 0] + members[:, 2]) / 2, kind="stable")]
        for a, b in pairwise(members):
            shared = min(a[3], b[3]) - max(a[1], b[1])
            assert shared >= 0.5 * min(a[3] - a[1], b[3] - b[1]) - 1e-9


@pytest.mark.parametrize(("gap", "lines"), [(10, 1), (12, 1), (14, 2), (40, 2)])
def test_a_gap_parts_where_it_is_wider_than_the_words_are_high(gap: int, lines: int) -> None:
    line = group_lines(np.array([(0, 0, 50, 10), (50 + gap, 0, 100 + gap, 10)], np.float64))
    assert line.max() + 1 == lines


def test_ten_thousand_words_take_seconds() -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 1000, (10_000, 2))
    began = time.process_time()
    group_lines(np.hstack([corner, corner + rng.uniform(1, 30, (10_000, 2))]))
    assert time.process_time() - began < 20
