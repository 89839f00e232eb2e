"""How lines lie, from marks alone."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.upright import Lean, Pose, lean_of, marks_of

DrawText = Callable[..., NDArray[np.uint8]]


def lean(picture: NDArray[np.uint8]) -> Lean:
    return lean_of(marks_of(picture), picture.shape[1] / picture.shape[0])


@pytest.mark.parametrize("degrees", [-5.0, -2.3, -0.5, 0.0, 0.4, 1.7, 5.0])
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_the_skew_is_found_however_the_page_lies(draw_text: DrawText, degrees: float, turned: int) -> None:
    found = lean(Pose(turned).picture(draw_text(degrees)))
    assert found.skew == pytest.approx(degrees, abs=0.16)
    assert (found.down > 1.25) if turned in (90, 270) else (found.down < 0.8)


def test_the_side_on_which_letters_stand_is_down(draw_text: DrawText) -> None:
    page = draw_text(1.0)
    up, right, over, left = (lean(Pose(turned).picture(page)).flipped for turned in (0, 90, 180, 270))
    assert max(up, left) < 0.9
    assert min(over, right) > 1.1


def test_rules_pictures_and_shadows_are_no_marks(draw_text: DrawText) -> None:
    page = draw_text().copy()
    before = len(marks_of(page))
    page[300:302] = 0
    page[:, 40:42] = 0
    page[650:790, 100:500] = 60
    shadow = (page * np.linspace(1.0, 0.7, page.shape[1])).astype(np.uint8)
    assert abs(len(marks_of(page)) - before) < 0.15 * before
    assert abs(len(marks_of(shadow)) - before) < 0.15 * before


@pytest.mark.parametrize("shape", [(1, 1), (16, 2000), (40, 40, 3), (900, 700)])
def test_a_blank_page_says_nothing(shape: tuple[int, ...]) -> None:
    assert not lean(np.full(shape, 255, np.uint8)).says_something


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 99))
def test_any_noise_has_a_lean_that_is_a_number(height: int, width: int, seed: int) -> None:
    found = lean(np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8))
    assert np.isfinite([found.skew, found.down, found.flipped]).all()
    assert abs(found.skew) <= 7.5


def test_it_takes_milliseconds(draw_text: DrawText) -> None:
    page = draw_text(1.0, 14)
    lean(page)
    begun = time.process_time()
    for _ in range(10):
        lean(page)
    assert (time.process_time() - begun) / 10 < 0.1
