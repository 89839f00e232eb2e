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
    grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    scale = _LONGEST / max(height, width)
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    # Against the paper around it, as scans have shadows.
    paper = cv2.blur(grey, (_BLOCK, _BLOCK))
    _, ink = cv2.threshold(cv2.subtract(paper, grey), _DARKER, 255, cv2.THRESH_BINARY)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8, ltype=cv2.CV_32S)
    left, top, wide, high = stats[1:, :4].T.astype(np.float64)
    longer, shorter = np.maximum(wide, high), np.minimum(wide, high)
    kept = (longer >= _LEAST) & (longer <= _MOST) & (longer <= _THIN * shorter)
    box = np.stack([left, top, left + wide, top + high], axis=1)[kept]
    rows, columns = grey.shape
    return np.asarray(box / np.array([columns, rows, columns, rows]), dtype=np.float64)
