"""One line, cut out of the page, straightened and brought to the height that the recogniser reads."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.words.ocr.networks import LINE_HEIGHT

_LONGEST = 3200  # pixels; a longer line is squeezed
_ABOVE = 0.05  # of the line's height that is added above and below
_BESIDE = -0.1  # and at both ends: the detector's own growth is too much there


@dataclass(frozen=True)
class Crop:
    """A line's picture."""

    pixels: NDArray[np.uint8]  # 48 x W x 3, RGB
    to_page: NDArray[np.float64]  # 2 x 3: x, y, 1 in the crop to x, y in the page's picture

    def place(self, box: NDArray[np.float64]) -> NDArray[np.float64]:
        """Upright rectangle on the page around a box (left, top, right, bottom) of the crop; all in pixels."""
        left, top, right, bottom = box
        corners = np.array([[left, top, 1.0], [right, top, 1.0], [right, bottom, 1.0], [left, bottom, 1.0]])
        points = corners @ self.to_page.T
        return np.concatenate([points.min(axis=0), points.max(axis=0)])


def cut(picture: NDArray[np.uint8], quad: NDArray[np.float64], *, turned: bool = False) -> Crop:
    """The line inside of four corners; `turned` reads from top to bottom what is written so."""
    corners = np.roll(quad, -1, axis=0) if turned else quad
    along, down = corners[1] - corners[0], corners[3] - corners[0]
    length, height = (max(float(np.hypot(*side)), 1e-3) for side in (along, down))
    along, down = along / length, down / height
    start = corners[0] - along * _BESIDE * height - down * _ABOVE * height
    length, height = max(length + 2 * _BESIDE * height, 1.0), height * (1 + 2 * _ABOVE)
    width = min(_LONGEST, max(8, math.ceil(length * LINE_HEIGHT / height)))
    steps = np.stack([along * length / width, down * height / LINE_HEIGHT], axis=1)
    # Pixels are asked for at their middles.
    middle = start + steps @ np.array([0.5, 0.5]) - 0.5
    pixels = cv2.warpAffine(
        picture, np.concatenate([steps, middle[:, None]], axis=1), (width, LINE_HEIGHT),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return Crop(np.asarray(pixels, dtype=np.uint8), np.concatenate([steps, start[:, None]], axis=1))


def proportion(quad: NDArray[np.float64]) -> float:
    """Height of a line over its length."""
    return float(np.hypot(*(quad[3] - quad[0])) / max(np.hypot(*(quad[1] - quad[0])), 1e-3))
