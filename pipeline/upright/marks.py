"""Marks: connected pieces of ink that are as large as letters. Rules, pictures, specks and dirt are none."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_LONGEST = 1000  # pixels at which a page is looked at: letters are then some five pixels high, and more
_LEAST, _MOST = 3, 45  # pixels of a letter's longer side
_THIN = 6  # longer side over shorter: what is thinner is a rule
_BLOCK = 31  # pixels around one that say how dark paper is there
_DARKER = 18  # of 255 than that


def marks_of(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """N x 4 boxes (left, top, right, bottom) in fractions of the page; `picture` is H x W or H x W x 3 (RGB)."""
    grey = small_grey(picture)
    # Against the paper around it, as scans have shadows.
    paper = cv2.blur(grey, (_BLOCK, _BLOCK))
    _, ink = cv2.threshold(cv2.subtract(paper, grey), _DARKER, 255, cv2.THRESH_BINARY)
    rows, columns = grey.shape
    return np.asarray(letters_in(ink) / np.array([columns, rows, columns, rows]), dtype=np.float64)


def small_grey(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture in grey, reduced to the size at which marks are looked for."""
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = _LONGEST / max(height, width)
    if scale >= 1:
        return np.asarray(grey, dtype=np.uint8)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def letters_in(ink: NDArray[np.uint8]) -> NDArray[np.intp]:
    """N x 4 boxes in whole pixels of the connected pieces of ink (not 0) that are as large as letters."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    left, top, wide, high = stats[1:, :4].T.astype(np.intp)
    longer, shorter = np.maximum(wide, high), np.minimum(wide, high)
    kept = (longer >= _LEAST) & (longer <= _MOST) & (longer <= _THIN * shorter)
    box: NDArray[np.intp] = np.stack([left, top, left + wide, top + high], axis=1)[kept]
    return box
