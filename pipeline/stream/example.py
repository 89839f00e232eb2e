"""One sample on its way to the model: each objective is a function from one of these to the next.

Dimensions: T content tokens of the window, L lines of the page, S the side of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.sample import TimAction

IGNORE = -100


@dataclass(frozen=True, kw_only=True)
class Example:
    """A page with what has been drawn so far. Labels are IGNORE where a token has none."""

    key: str
    epoch: int
    ids_T: NDArray[np.int64]
    box_T4: NDArray[np.int64]
    word_T: NDArray[np.int64]
    line_T: NDArray[np.int64]
    line_box_L4: NDArray[np.int64]
    cover_L: NDArray[np.bool_]
    picture_SSC: NDArray[np.uint8] | None  # RGB, of the page or its partner; None where the picture is dropped
    action: TimAction
    selected_T: NDArray[np.bool_]
    mlm_T: NDArray[np.int64]
    tia_T: NDArray[np.int64]
    weight: float = 1.0  # in the losses; zero for a slot without a sample
