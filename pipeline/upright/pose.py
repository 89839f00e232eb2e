"""How a page was brought upright: by quarters, then by a few degrees. Pictures, boxes and truth go the same way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_QUARTERS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_THINNEST = 0.3  # of a box's side that is left when it is levelled


@dataclass(frozen=True)
class Pose:
    """`turned` is 0, 90, 180 or 270 degrees clockwise, `skew` a few degrees clockwise around the middle after that.

    The page keeps its size when it is levelled: what a scanner turned around the middle comes back to where it was.
    """

    turned: int = 0
    skew: float = 0.0

    def __post_init__(self) -> None:
        if self.turned not in (0, *_QUARTERS):
            raise ValueError(f"turned must be 0, 90, 180 or 270, got {self.turned}")
        if not abs(self.skew) < 45:
            raise ValueError(f"skew must be less than 45 degrees, got {self.skew}")

    def __bool__(self) -> bool:
        """Whether anything is to be done."""
        return self.turned != 0 or self.skew != 0

    def picture(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The picture (H x W or H x W x 3) upright; corners that were not there are paper."""
        if self.turned:
            picture = np.asarray(cv2.rotate(picture, _QUARTERS[self.turned]), dtype=np.uint8)
        if not self.skew:
            return picture
        height, width = picture.shape[:2]
        # OpenCV turns anticlockwise.
        matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), -self.skew, 1.0)
        paper = _paper(picture)
        return np.asarray(
            cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=paper), dtype=np.uint8
        )

    def quarter_boxes(self, box: NDArray[np.float64]) -> NDArray[np.float64]:
        """Boxes (N x 4, fractions of the page) after the quarters alone."""
        x0, y0, x1, y1 = box.T
        sides = {0: (x0, y0, x1, y1), 90: (1 - y1, x0, 1 - y0, x1), 180: (1 - x1, 1 - y1, 1 - x0, 1 - y0),
                 270: (y0, 1 - x1, y1, 1 - x0)}  # fmt: skip
        return np.stack(sides[self.turned], axis=1)

    def boxes(self, box: NDArray[np.float64], aspect: float) -> NDArray[np.float64]:
        """Boxes (N x 4, fractions of a page of `aspect`, its width over its height) on the upright page.

        A box around a leaning word is larger than the word: what levelling takes away goes, so that boxes that were
        exact are exact again. Clipped to the page.
        """
        box = self.quarter_boxes(box)
        if not self.skew or not len(box):
            return box
        sides = self._sides(aspect)
        angle = math.radians(self.skew)
        cos, sin = math.cos(angle), abs(math.sin(angle))
        size = (box[:, 2:] - box[:, :2]) * sides
        level = (size * cos - size[:, ::-1] * sin) / (cos * cos - sin * sin)
        level = np.clip(level, _THINNEST * size, size)  # a box that was not exact must not turn inside out
        middle = self._level((box[:, :2] + box[:, 2:]) / 2, aspect)
        half = level / sides / 2
        return np.clip(np.hstack([middle - half, middle + half]), 0.0, 1.0)

    def points(self, points: NDArray[np.float64], aspect: float) -> NDArray[np.float64]:
        """Points (N x 2, fractions of a page of `aspect`) on the upright page; some may lie beside it."""
        corners = self.quarter_boxes(np.hstack([points, points]))
        return self._level(corners[:, :2], aspect)

    def _sides(self, aspect: float) -> NDArray[np.float64]:
        """Width and height of the page after the quarters, in one unit."""
        return np.array([1 / aspect if self.turned in (90, 270) else aspect, 1.0])

    def _level(self, points: NDArray[np.float64], aspect: float) -> NDArray[np.float64]:
        sides, angle = self._sides(aspect), math.radians(self.skew)
        cos, sin = math.cos(angle), math.sin(angle)
        turned = ((points - 0.5) * sides) @ np.array([[cos, sin], [-sin, cos]])
        return np.asarray(turned / sides + 0.5, dtype=np.float64)


UPRIGHT = Pose()


def _paper(picture: NDArray[np.uint8]) -> tuple[float, ...]:
    """The most usual brightness of each channel."""
    channels = [picture] if picture.ndim == 2 else list(cv2.split(picture))
    return tuple(float(cv2.calcHist([c], [0], None, [256], [0, 256]).argmax()) for c in channels)
