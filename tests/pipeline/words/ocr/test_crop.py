"""Lines cut out of a page, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.words.ocr.crop import cut, proportion

QUAD = np.array([[100.0, 50.0], [260.0, 50.0], [260.0, 90.0], [100.0, 90.0]])


def page() -> NDArray[np.uint8]:
    """White, with a black block 150..170 x 60..80."""
    picture = np.full((200, 300, 3), 255, np.uint8)
    picture[60:80, 150:170] = 0
    return picture


@pytest.mark.parametrize("turned", [False, True])
def test_what_lies_in_the_crop_is_placed_where_it_was(turned: bool) -> None:
    quad = QUAD if not turned else np.array([[130.0, 20.0], [190.0, 20.0], [190.0, 180.0], [130.0, 180.0]])
    crop = cut(page(), quad, turned=turned)
    dark = crop.pixels[:, :, 0] < 128
    rows, columns = (np.flatnonzero(dark.any(axis=axis)) for axis in (1, 0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)
    assert np.abs(crop.place(box) - [150, 60, 170, 80]).max() < 1.5


def test_a_crop_has_the_height_of_the_recogniser_and_keeps_the_proportions() -> None:
    crop = cut(page(), QUAD)
    assert crop.pixels.shape[0] == 48
    assert abs(crop.pixels.shape[1] - 48 * (160 - 8) / 44) < 2


def test_a_line_beyond_all_bounds_is_squeezed() -> None:
    long = np.array([[0.0, 0.0], [9000.0, 0.0], [9000.0, 10.0], [0.0, 10.0]])
    crop = cut(page(), long)
    assert crop.pixels.shape == (48, 3200, 3)
    assert crop.place(np.array([0.0, 0.0, 3200.0, 48.0]))[2] == pytest.approx(9001, abs=2)


def test_proportion_is_height_over_length() -> None:
    assert proportion(QUAD) == 0.25


@given(st.lists(st.floats(-500, 500), min_size=6, max_size=6))
def test_any_parallelogram_gives_a_picture(values: list[float]) -> None:
    first, along, down = (np.array(values[i : i + 2]) for i in (0, 2, 4))
    crop = cut(page(), np.stack([first, first + along, first + along + down, first + down]))
    assert crop.pixels.shape[0] == 48
    assert 8 <= crop.pixels.shape[1] <= 3200
    assert np.isfinite(crop.to_page).all()
