"""From a map of probabilities to lines, without a network."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.words.ocr.detect import lines_of


def marked(
    *rectangles: tuple[tuple[float, float], tuple[float, float], float], value: float = 0.9
) -> NDArray[np.float32]:
    """A map of 200 x 300 with turned rectangles: centre, size, degrees."""
    probability = np.zeros((200, 300), np.float32)
    for rectangle in rectangles:
        cv2.fillPoly(probability, [cv2.boxPoints(rectangle).astype(np.int32)], value)
    return probability


def test_a_mark_is_grown_to_the_line_that_it_stands_for() -> None:
    (quad,) = lines_of(marked(((150, 100), (100, 10), 0)))
    grown = 1.9 * 100 * 10 / 110 / 2
    expected = [
        [100 - grown, 95 - grown],
        [200 + grown, 95 - grown],
        [200 + grown, 105 + grown],
        [100 - grown, 105 + grown],
    ]
    assert np.abs(quad - expected).max() < 3


def test_corners_go_round_from_the_top_left_for_skewed_lines() -> None:
    for degrees in (-8, 8):
        (quad,) = lines_of(marked(((150, 100), (100, 10), degrees)))
        assert quad[0, 0] < quad[1, 0]
        assert quad[3, 0] < quad[2, 0]
        assert quad[0, 1] < quad[3, 1]
        assert quad[1, 1] < quad[2, 1]
        slope = np.degrees(np.arctan2(*(quad[1] - quad[0])[::-1]))
        assert abs(slope - degrees) < 1.5


def test_what_is_flat_or_unsure_is_no_line() -> None:
    assert lines_of(np.zeros((50, 50), np.float32)).shape == (0, 4, 2)
    assert len(lines_of(marked(((150, 100), (100, 10), 0), value=0.4))) == 0
    assert len(lines_of(marked(((150, 100), (100, 0), 0)))) == 0


def test_a_map_of_dots_has_a_limit() -> None:
    probability = np.zeros((800, 800), np.float32)
    for row in range(5):
        for column in range(5):
            probability[row::10, column::10] = 0.9
    assert len(lines_of(probability)) == 3000


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 60))
def test_any_map_has_lines_that_are_rectangles(seed: int, height: int, width: int) -> None:
    for quad in lines_of(np.random.default_rng(seed).random((height, width), np.float32)):
        assert np.isfinite(quad).all()
        assert np.allclose(quad[0] + quad[2], quad[1] + quad[3], atol=0.01)
