"""Word boxes from the ink, on lines that are drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.words.ocr.decode import Reading
from pipeline.words.ocr.ink import word_boxes


def line(*blocks: tuple[int, int, int, int], width: int = 200) -> NDArray[np.uint8]:
    """White, with black blocks: left, top, right, bottom."""
    picture = np.full((48, width, 3), 255, np.uint8)
    for left, top, right, bottom in blocks:
        picture[top:bottom, left:right] = 0
    return picture


def two_words(at: tuple[int, int] = (3, 15)) -> tuple[Reading, list[slice]]:
    """Two words of one letter each, in these frames."""
    return Reading(
        ["a", " ", "b"],
        np.array([at[0], sum(at) // 2, at[1]]),
        np.array([at[0], sum(at) // 2, at[1]]),
        np.ones(3, np.float32),
    ), [slice(0, 1), slice(2, 3)]


BLOCKS = (20, 10, 50, 36), (100, 14, 140, 40)


@pytest.mark.parametrize("inverse", [False, True])
def test_boxes_are_those_of_the_ink(inverse: bool) -> None:
    picture = line(*BLOCKS)
    boxes = word_boxes(255 - picture if inverse else picture, *two_words())
    assert boxes.tolist() == [list(block) for block in BLOCKS]


def test_a_ruled_line_is_no_ink() -> None:
    assert word_boxes(line(*BLOCKS, (0, 44, 200, 46)), *two_words()).tolist() == [list(block) for block in BLOCKS]


def test_dots_belong_to_their_letter_and_other_lines_do_not() -> None:
    i, other = (20, 4, 50, 8), (100, 0, 140, 4)
    boxes = word_boxes(line(*BLOCKS, i, other), *two_words())
    assert boxes.tolist() == [[20, 4, 50, 36], [100, 14, 140, 40]]


def test_words_that_touch_are_cut_in_the_middle() -> None:
    boxes = word_boxes(line((20, 10, 140, 36)), *two_words())
    assert boxes[0, 2] == boxes[1, 0] == (28 + 124) // 2


def test_a_line_without_ink_has_boxes_of_its_height() -> None:
    boxes = word_boxes(line(), *two_words())
    assert boxes[:, [1, 3]].tolist() == [[0, 48], [0, 48]]
    assert (boxes[:, 2] > boxes[:, 0]).all()


@given(
    st.integers(0, 2**32 - 1), st.integers(8, 120), st.lists(st.integers(0, 20), min_size=1, max_size=8, unique=True)
)
def test_boxes_of_any_line_lie_in_it_from_left_to_right(seed: int, width: int, at: list[int]) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (48, width, 3), np.uint8)
    places = np.array(sorted(at))
    boxes = word_boxes(
        picture,
        Reading(["a"] * len(at), places, places, np.ones(len(at), np.float32)),
        [slice(i, i + 1) for i in range(len(at))],
    )
    left, top, right, bottom = boxes.T
    assert ((left >= 0) & (left < right) & (right <= width)).all()
    assert ((top >= 0) & (top < bottom) & (bottom <= 48)).all()
    assert (np.diff(left) >= 0).all()
