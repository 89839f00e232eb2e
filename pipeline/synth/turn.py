"""The turn of a page on a scanner, for pictures, boxes and hidden text alike."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.synth.sheet import Frame, Point


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn by `degrees` anticlockwise around the middle of a page of `width` x `height` points, y downwards."""

    degrees: float
    width: float
    height: float

    def points(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where points of the upright page come to lie; ... x 2 to ... x 2."""
        angle = math.radians(self.degrees)
        cos, sin = math.cos(angle), math.sin(angle)
        middle = np.array([self.width / 2, self.height / 2])
        turned: NDArray[np.float64] = (points - middle) @ np.array([[cos, -sin], [sin, cos]]) + middle
        return turned

    def point(self, x: float, y: float) -> Point:
        """Where one point comes to lie."""
        moved = self.points(np.array([x, y]))
        return float(moved[0]), float(moved[1])

    def frames(self, frames: list[Frame]) -> NDArray[np.float64]:
        """Upright boxes around the turned boxes; N frames to N x 4."""
        x0, y0, x1, y1 = np.asarray(frames, dtype=np.float64).reshape(-1, 4).T
        corners = np.stack([np.stack([x0, x1, x1, x0], 1), np.stack([y0, y0, y1, y1], 1)], 2)  # N x 4 x 2
        turned = self.points(corners)
        return np.hstack([turned.min(axis=1), turned.max(axis=1)])
