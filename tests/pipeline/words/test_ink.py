"""Ink: what is to be seen in a box."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.words.ink import invisible


@given(st.integers(1, 20), st.integers(1, 20), st.booleans())
@example(1, 1, False)
@example(1, 4, False)
@example(4, 1, True)
def test_any_even_picture_shows_nothing_and_any_other_shows_what_it_has(height: int, width: int, grey: bool) -> None:
    """Pictures of a few pixels, too: OpenCV takes some of them for a colour."""
    picture = np.full((height, width) if grey else (height, width, 3), 200, np.uint8)
    page = np.array([[0.0, 0.0, 1.0, 1.0]])
    assert invisible(picture, page).tolist() == [True]
    picture[-1, -1] = 100
    assert invisible(picture, page).tolist() == [height * width == 1]
