"""Levelling: a page that leans is put straight by its own lines, any other page stays as it is."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.order.skew import level, turned_back


def page(slope: float, words: int = 8, lines: int = 10) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Words in level lines, moved down by `slope` times their middle."""
    box, line = [], []
    for i in range(lines):
        for j in range(words):
            x, y = 100.0 * j, 30.0 * i
            down = slope * (x + 40)
            box.append((x, y + down, x + 80, y + down + 12))
            line.append(i)
    return np.array(box), np.array(line)


def turned(box: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    """Boxes around the boxes of a page that is turned until its lines have `slope`."""
    cos, sin = np.array([1.0, slope]) / np.hypot(1.0, slope)
    x, y = box[:, [0, 2, 2, 0]], box[:, [1, 1, 3, 3]]
    across, down = cos * x - sin * y, sin * x + cos * y
    return np.stack([across.min(1), down.min(1), across.max(1), down.max(1)], axis=1)


@pytest.mark.parametrize("slope", [-0.1, -0.02, 0.02, 0.05, 0.11])
def test_a_page_that_was_turned_is_turned_back(slope: float) -> None:
    level_box, line = page(0.0)
    box = turned(level_box, slope)
    assert np.allclose(turned_back(box, slope), level_box)
    assert np.allclose(level(box, line)[0], level_box)


def test_no_box_turns_inside_out() -> None:
    """Not all boxes were drawn around words that lean: what is wide and low stays a box."""
    box = np.array([(0.0, 0.0, 500.0, 10.0), (0.0, 20.0, 0.0, 20.0), (0.0, 30.0, 5.0, 400.0)])
    back = turned_back(box, 0.1)
    assert (back[:, 2:] >= back[:, :2]).all()
    assert (back[:, 2:] - back[:, :2] <= box[:, 2:] - box[:, :2] + 1e-9).all()


@pytest.mark.parametrize("slope", [-0.01, 0.0, 0.001, 0.012])
def test_a_page_that_leans_a_little_becomes_level(slope: float) -> None:
    box, line = page(slope)
    moved, levelled = level(box, line)
    assert np.allclose(moved, page(0.0)[0])
    assert levelled


@pytest.mark.parametrize("slope", [-0.2, 0.13, 1.0])
def test_what_is_more_than_skew_is_left_alone(slope: float) -> None:
    box, line = page(slope)
    assert (level(box, line)[0] == box).all()


def test_lines_of_a_few_words_say_nothing() -> None:
    box, line = page(0.05, words=3)
    moved, levelled = level(box, line)
    assert (moved == box).all()
    assert not levelled


def test_one_slanting_line_does_not_turn_the_page() -> None:
    box, line = page(0.0)
    box[line == 4] = page(0.1)[0][line == 4]
    assert (level(box, line)[0] == box).all()


def test_words_in_one_place_say_nothing() -> None:
    box = np.array([(5.0, 5.0, 6.0, 6.0)] * 6)
    assert (level(box, np.zeros(6, np.intp))[0] == box).all()
