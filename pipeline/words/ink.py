"""Ink of a page's picture, and how far a text layer's words lie on it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

INK, PALE = 64, 18  # of 255 against the paper: print, and writing that hardly shows
_ROWS = 8
_WORD_INK = 0.02  # of a word's box
_RULE = 4  # pixels of the shorter side of a rule or a speck
_EVEN = 4  # of 255 in one channel between neighbours: the palest text differs more from its paper


def ink_of(picture: NDArray[np.uint8], contrast: int = INK) -> NDArray[np.uint8]:
    """H x W of 0 and 1: pixels that differ by more from the paper, which is the page's most usual brightness.

    `picture` is H x W or H x W x 3 (RGB).
    """
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    # Every few rows tell as well, and counting is slow where most pixels are the same.
    paper = int(cv2.calcHist([grey[::_ROWS]], [0], None, [256], [0, 256]).argmax())
    away = cv2.absdiff(grey, np.full_like(grey, paper))  # a number would be taken for a picture of one column
    return np.asarray(cv2.threshold(away, contrast, 1, cv2.THRESH_BINARY)[1], dtype=np.uint8)


def is_thin(ink: NDArray[np.uint8]) -> bool:
    """Whether all of a page's ink is rules and specks, or there is none."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    sides = stats[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    return bool((sides.min(axis=1) <= _RULE).all())


def pixel_boxes(box: NDArray[np.float64], height: int, width: int) -> NDArray[np.intp]:
    """Boxes in fractions as whole pixels (N x 4: left, top, right, bottom), each at least one pixel of the page."""
    most = np.array([width, height])
    low = np.floor(box[:, :2] * most).astype(np.intp).clip(0, most - 1)
    high = np.ceil(box[:, 2:] * most).astype(np.intp).clip(low + 1, most)
    return np.hstack([low, high])


def agreement(ink: NDArray[np.uint8], box: NDArray[np.float64]) -> tuple[float, float]:
    """(share of words that have ink, share of ink that has a word) of words with boxes in fractions, N x 4."""
    if not len(box):
        return 0.0, 0.0
    pixels = pixel_boxes(box, *ink.shape)
    x0, y0, x1, y1 = pixels.T
    total = cv2.integral(ink)
    inside = total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0]
    on_ink = inside > _WORD_INK * (x1 - x0) * (y1 - y0)
    under = np.zeros_like(ink)
    for left, top, right, bottom in pixels.tolist():
        under[top:bottom, left:right] = 1
    covered = cv2.countNonZero(cv2.bitwise_and(ink, under))
    return float(on_ink.mean()), covered / max(1, int(total[-1, -1]))


def invisible(picture: NDArray[np.uint8], box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether nothing is to be seen inside of each box (N x 4, fractions) of a picture (H x W or H x W x 3)."""
    edges = np.zeros(picture.shape[:2], np.uint8)
    edges[1:] |= _differ(picture[1:], picture[:-1])
    edges[:, 1:] |= _differ(picture[:, 1:], picture[:, :-1])
    total = cv2.integral(edges)
    x0, y0, x1, y1 = pixel_boxes(box, *picture.shape[:2]).T
    return np.asarray(total[y1, x1] - total[y0, x1] - total[y1, x0] + total[y0, x0] == 0, dtype=np.bool_)


def _differ(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which pixels are not even, in any channel; without OpenCV, which takes a few pixels for a colour."""
    step = np.maximum(one, other) - np.minimum(one, other) > _EVEN
    return np.asarray(step.any(axis=2) if step.ndim == 3 else step, dtype=np.bool_)
