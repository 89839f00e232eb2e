"""Which characters can be seen where they share a place with pictures: those without which the page looks otherwise.

A picture over text hides it, and so do transparent ink and fonts without shapes; no flag in the file says that of
all of them. So the page is drawn once more without its text, and what looks the same there was never seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pages.objects import set_active, texts_of

_CHANGE = 16  # of 255 in one channel: pale text still changes its paper by more


@contextmanager
def without_text(page: Any) -> Iterator[None]:
    """The page (a handle of pdfium) with its text switched off, that of the forms on it too."""
    texts = texts_of(page)
    try:
        set_active(texts, active=False)
        yield
    finally:
        set_active(texts, active=True)


def any_within(box: NDArray[np.float32], pictures: NDArray[np.float64]) -> bool:
    """Whether the middle of any box (N x 4) lies in one of the pictures (M x 4, of the same units)."""
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
    return any(
        ((x >= left) & (x <= right) & (y >= top) & (y <= bottom)).any()
        for left, top, right, bottom in pictures.tolist()
    )


def unseen(box: NDArray[np.float32], drawn: NDArray[np.uint8], bare: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether a picture shows no difference inside of each box (N x 4, fractions) to the one without text.

    Both are H x W or H x W x 3; one of them may be grey. What lies beside the page is unseen.
    """
    change = np.asarray(cv2.absdiff(_colour(drawn), _colour(bare)).max(axis=2) > _CHANGE, dtype=np.uint8)
    height, width = change.shape
    total = cv2.integral(change)
    most = np.array([width, height])
    # A pixel more on each side: a full stop is hardly larger.
    low = np.clip(np.floor(box[:, :2] * most) - 1, 0, most).astype(np.intp)
    high = np.clip(np.ceil(box[:, 2:] * most) + 1, low, most).astype(np.intp)
    (x0, y0), (x1, y1) = low.T, high.T
    return np.asarray(total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0] == 0, dtype=np.bool_)


def _colour(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if picture.ndim == 3:
        return picture
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
