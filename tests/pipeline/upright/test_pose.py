"""Turning pictures and boxes alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.upright import UPRIGHT, Pose, turn_truth
from schemas.truth import PageTruth, TruthWord

QUARTERS = (0, 90, 180, 270)
SIDE = st.floats(0, 1, width=32)
BOX = st.tuples(SIDE, SIDE, SIDE, SIDE).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)


def ink_box(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Box of what is dark, in fractions."""
    rows, columns = np.nonzero(picture < 128)
    height, width = picture.shape
    return np.array(
        [columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height]
    )


@pytest.mark.parametrize("turned", QUARTERS)
def test_boxes_go_where_the_picture_goes(turned: int) -> None:
    picture = np.full((80, 120), 255, np.uint8)
    picture[10:30, 20:90] = 0
    pose = Pose(turned)
    np.testing.assert_allclose(pose.boxes(ink_box(picture)[None], 1.5)[0], ink_box(pose.picture(picture)), atol=1e-9)


@pytest.mark.parametrize("turned", QUARTERS)
@pytest.mark.parametrize("skew", [-5.0, -1.0, 3.0])
def test_a_leaning_word_is_level_and_no_larger_afterwards(turned: int, skew: float) -> None:
    """A word is drawn level, turned the other way, and its box in that picture brought back."""
    level = np.full((900, 600), 255, np.uint8)
    level[200:230, 100:400] = 0
    there = Pose(0, -skew).picture(level)
    there = Pose((360 - turned) % 360).picture(there)
    pose = Pose(turned, skew)
    found = pose.boxes(ink_box(there)[None], there.shape[1] / there.shape[0])[0]
    np.testing.assert_allclose(found, ink_box(level), atol=0.004)
    np.testing.assert_allclose(ink_box(pose.picture(there)), ink_box(level), atol=0.004)


@given(st.lists(BOX, min_size=1, max_size=8), st.sampled_from(QUARTERS))
def test_any_boxes_come_back_after_the_opposite_quarter(boxes: list[tuple[float, ...]], turned: int) -> None:
    array = np.array(boxes)
    there = Pose(turned).quarter_boxes(array)
    assert (there[:, :2] <= there[:, 2:]).all()
    np.testing.assert_allclose(Pose((360 - turned) % 360).quarter_boxes(there), array, atol=1e-7)


@given(st.lists(BOX, max_size=8), st.sampled_from(QUARTERS), st.floats(-7, 7), st.floats(0.2, 5))
def test_any_boxes_stay_boxes_on_the_page(
    boxes: list[tuple[float, ...]], turned: int, skew: float, aspect: float
) -> None:
    found = Pose(turned, skew).boxes(np.array(boxes).reshape(-1, 4), aspect)
    assert found.shape == (len(boxes), 4)
    assert ((found >= 0) & (found <= 1)).all()
    assert (found[:, :2] <= found[:, 2:] + 1e-12).all()


def test_a_page_that_is_upright_is_not_touched() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert UPRIGHT.picture(picture) is picture
    assert not UPRIGHT
    truth = PageTruth(words=[], lines=[])
    assert turn_truth(truth, UPRIGHT, 1.0) is truth


def test_new_corners_are_paper() -> None:
    picture = np.full((100, 200, 3), (200, 210, 220), np.uint8)
    assert (Pose(0, 5.0).picture(picture) == picture).all()


def test_truth_goes_along() -> None:
    truth = PageTruth(words=[TruthWord(text="a", box=(100, 200, 300, 250), line=0)], lines=[(100, 200, 300, 250)])
    turned = turn_truth(truth, Pose(90), 0.7)
    assert turned.words[0].box == turned.lines[0] == (750, 100, 800, 300)
    assert turn_truth(turned, Pose(270), 1 / 0.7) == truth


@pytest.mark.parametrize(("turned", "skew"), [(45, 0.0), (360, 0.0), (0, 50.0), (0, float("nan"))])
def test_what_is_no_pose_is_refused(turned: int, skew: float) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        Pose(turned, skew)
