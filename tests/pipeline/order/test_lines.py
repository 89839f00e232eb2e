"""Lines by geometry: a partition of the words, whatever they are."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.order.lines import group_lines

COORDINATE = st.integers(0, 60) | st.floats(0, 2000, width=32)
BOX = st.tuples(*[COORDINATE] * 4).map(lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3])))


Box = tuple[float, float, float, float]


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


@pytest.mark.parametrize(("gap", "lines"), [(8, 1), (11, 1), (12, 2), (40, 2)])
def test_a_gap_parts_where_it_is_wider_than_the_words_are_high(gap: int, lines: int) -> None:
    line = group_lines(np.array([(0, 0, 50, 10), (50 + gap, 0, 100 + gap, 10)], np.float64))
    assert line.max() + 1 == lines


def lines_of(words: list[Box]) -> list[list[int]]:
    """Words of each line from left to right, lines in the order of their first words."""
    line = group_lines(np.array(words, np.float64))
    found = [np.flatnonzero(line == number) for number in range(line.max() + 1)]
    return sorted(sorted(members.tolist(), key=lambda i: words[i]) for members in found)


def leaning(words: list[Box], degrees: float) -> list[Box]:
    """The boxes around words that were turned by a few degrees: moved, and higher the wider they are."""
    slope = math.tan(math.radians(degrees))
    moved = [(a, b + slope * (a + c) / 2, c, d + slope * (a + c) / 2, abs(slope) * (c - a) / 2) for a, b, c, d in words]
    return [(a, b - grown, c, d + grown) for a, b, c, d, grown in moved]


@pytest.mark.parametrize("columns", [(100,), (60, 560)])
@pytest.mark.parametrize("degrees", [-5.0, -2.5, -0.5, 0.5, 2.5, 5.0])
def test_lines_of_a_page_that_leans(degrees: float, columns: tuple[int, ...]) -> None:
    spans = [(0, 80), (86, 150), (156, 260), (266, 330)]
    words = [(x + a, 300 + 18.0 * r, x + b, 312 + 18.0 * r) for r in range(8) for x in columns for a, b in spans]
    assert lines_of(leaning(words, degrees)) == [list(range(i, i + 4)) for i in range(0, len(words), 4)]


def test_words_of_other_sizes_stand_on_the_same_baseline() -> None:
    assert lines_of([(100, 100, 200, 112), (206, 88, 300, 112), (306, 104, 350, 112), (356, 96, 470, 112)]) == [
        [0, 1, 2, 3]
    ]


def test_subscripts_and_superscripts_stay_in_their_line() -> None:
    first = [
        (100, 100, 115, 112),
        (116, 107, 121, 115),
        (128, 100, 200, 112),
        (203, 96, 208, 104),
        (214, 100, 300, 112),
    ]
    assert lines_of([*first, (100, 120, 200, 132), (206, 120, 300, 132)]) == [[0, 1, 2, 3, 4], [5, 6]]


def test_a_first_letter_of_three_lines_is_of_the_first() -> None:
    beside = [(146, y, 240 + y % 9, y + 12) for y in (100, 116, 132)]
    assert lines_of([(100, 100, 140, 145), *beside, (100, 148, 250, 160)]) == [[0, 1], [2], [3], [4]]


def test_cells_of_a_table_are_lines_of_their_own() -> None:
    assert lines_of([(100, 100, 150, 112), (156, 100, 200, 112), (230, 100, 280, 112)]) == [[0, 1], [2]]


def test_lines_that_run_down_are_not_joined_across() -> None:
    assert lines_of([(100, 100, 114, 500), (130, 100, 144, 480), (160, 100, 174, 500)]) == [[0], [1], [2]]
    assert lines_of([(100, 100, 103, 112), (107, 100, 110, 112)]) == [[0, 1]], "two slender letters"


def test_ten_thousand_words_take_a_moment() -> None:
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, 1000, (10_000, 2))
    began = time.process_time()
    group_lines(np.hstack([corner, corner + rng.uniform(1, 30, (10_000, 2))]))
    assert time.process_time() - began < 2


def test_a_space_three_times_as_wide_as_the_others_parts_a_line() -> None:
    cells = [(100, 100, 150, 112), (154, 100, 200, 112), (210, 100, 250, 112), (254, 100, 300, 112)]
    assert lines_of(cells) == [[0, 1], [2, 3]]
    justified = [(100, 100, 150, 112), (160, 100, 200, 112), (210, 100, 250, 112), (260, 100, 300, 112)]
    assert lines_of(justified) == [[0, 1, 2, 3]], "spaces as wide as each other are of one line"


def test_a_gap_with_gaps_above_and_below_it_is_a_gutter() -> None:
    rows = [[(100, y, 150 - k, 112 + y - 100), (158, y, 210 + k, 112 + y - 100)] for k, y in enumerate((100, 120, 140))]
    words: list[Box] = [word for row in rows for word in row]
    assert lines_of(words) == [[0], [1], [2], [3], [4], [5]]
    assert lines_of(words[:2]) == [[0, 1]], "one row alone says nothing"


def test_words_without_high_letters_are_parted_from_others_by_no_wide_space() -> None:
    """A justified line: the first word goes up, the second one down, and both are level with what is beside them."""
    line = [(368, 867, 394, 877), (404, 870, 473, 880), (483, 867, 560, 880), (570, 867, 600, 877)]
    assert lines_of(line) == [[0, 1, 2, 3]]
