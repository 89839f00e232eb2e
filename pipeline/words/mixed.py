"""Pages whose text layer is good but does not hold all that is written: stamps, signatures, figures with text.

marks without a word --> runs of them that look like lines --> one region --> OCR of it, known words painted over
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.upright.marks import letters_in, small_grey
from pipeline.words.base import WordList
from pipeline.words.ink import ink_of, pixel_boxes

_LEAST_INK = 100  # pixels that no word explains: eight small letters have more
_REACH = 13  # pixels over which marks are joined to a run
_RUN = 4  # marks of a run that may be writing
_FLAT = 2.0  # width of a run over its height
_LOW, _TALL = 6, 60  # its height in pixels: dashes are lower
_CONTRAST, _EVEN = 50, 2.5  # of 255 between dark and light, and over the light's standard deviation
_LETTER = 4  # pixels of height of a run's median mark: less are dots and dashes
_GROWN = 0.4  # of a word's height around it that is still the word: accents, underlines
_PAD = 0.01  # of the page around the region
_SURE = 0.6  # confidence of a word that is added
_SAME = 0.4  # of an added word's area that a known word may have

Read = Callable[[NDArray[np.uint8]], WordList]


@dataclass(frozen=True)
class Rest:
    """What a text layer leaves unexplained: a number of marks, and the region (4 fractions) in which they lie."""

    marks: int
    region: NDArray[np.float64]


NOTHING = Rest(0, np.zeros(4))


def rest_of(picture: NDArray[np.uint8], ink: NDArray[np.uint8], words: NDArray[np.float64]) -> Rest:
    """Marks of a page (H x W or H x W x 3) that look like writing and lie on none of the `words` (N x 4, fractions).

    `ink` is what `ink_of` makes of the picture.
    """
    grey = small_grey(picture)
    rows, columns = grey.shape
    if ink.shape != grey.shape:
        ink = ink_of(grey)
    rest = cv2.bitwise_and(ink, cv2.bitwise_not(_paint(_grown(words), rows, columns)))
    if cv2.countNonZero(rest) < _LEAST_INK:
        return NOTHING
    left, top, across, down = cv2.boundingRect(rest)
    letters = letters_in(rest[top : top + down, left : left + across]) + np.array([left, top, left, top])
    runs = _runs(letters, grey)
    if not len(runs):
        return NOTHING
    low, high = runs[:, :2].min(axis=0), runs[:, 2:].max(axis=0)
    region = np.concatenate([low, high]) / np.array([columns, rows, columns, rows])
    return Rest(len(runs), np.clip(region + np.array([-_PAD, -_PAD, _PAD, _PAD]), 0.0, 1.0))


def _grown(words: NDArray[np.float64]) -> NDArray[np.float64]:
    more = _GROWN * (words[:, 3] - words[:, 1])
    return np.clip(words + np.stack([-more, -more, more, more], axis=1), 0.0, 1.0)


def _paint(box: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.uint8]:
    painted = np.zeros((rows, columns), np.uint8)
    for left, top, right, bottom in pixel_boxes(box, rows, columns).tolist():
        painted[top:bottom, left:right] = 255
    return painted


def _runs(box: NDArray[np.intp], grey: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Those of the boxes that stand in runs that look like lines of writing."""
    rows, columns = grey.shape
    if len(box) < _RUN:
        return box[:0]
    drawn = np.zeros((rows, columns), np.uint8)
    for left, top, right, bottom in box.tolist():
        drawn[top:bottom, left:right] = 255
    joined = cv2.morphologyEx(drawn, cv2.MORPH_CLOSE, np.ones((1, _REACH), np.uint8))
    count, label, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8, ltype=cv2.CV_32S)
    run = label[box[:, 1], box[:, 0]]
    wide, high = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    good = (np.bincount(run, minlength=count) >= _RUN) & (wide >= _FLAT * high) & (high >= _LOW) & (high <= _TALL)
    good[0] = False
    for number in np.flatnonzero(good).tolist():
        left, top, across, down = stats[number, :4].tolist()
        good[number] = _is_on_paper(grey[top : top + down, left : left + across])
    found = box[good[run]]
    tall = len(found) and np.median(found[:, 3] - found[:, 1]) >= _LETTER
    return np.asarray(found if tall else found[:0], dtype=np.intp)


def _is_on_paper(part: NDArray[np.uint8]) -> bool:
    """Whether a piece of the page is dark on even light, as writing is, and not the grain of a photograph."""
    limit, _ = cv2.threshold(part, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    light, dark = part[part > limit], part[part <= limit]
    if not len(light) or not len(dark):
        return False
    contrast = float(light.mean() - dark.mean())
    return contrast >= _CONTRAST and contrast >= _EVEN * float(light.std())


def read_rest(
    picture: NDArray[np.uint8], words: NDArray[np.float64], region: NDArray[np.float64], read: Read
) -> WordList:
    """Words that `read` finds in a region of a page (H x W x 3) and that are none of the known `words`; fractions."""
    height, width = picture.shape[:2]
    left, top, right, bottom = pixel_boxes(region[None], height, width)[0]
    part = picture[top:bottom, left:right].copy()
    paper = np.median(part.reshape(-1, 3), axis=0).astype(np.uint8)
    for x0, y0, x1, y1 in (pixel_boxes(_grown(words), height, width) - [left, top, left, top]).tolist():
        part[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = paper
    found = read(part)
    place = np.array([left, top, left, top]) / np.array([width, height, width, height])
    share = np.array([right - left, bottom - top] * 2) / np.array([width, height, width, height])
    box = found.box * share + place
    kept = [i for i, score in enumerate(found.confidence) if score >= _SURE and _shared(box[i], words) < _SAME]
    return replace(found, box=box).chosen(kept)


def _shared(box: NDArray[np.float64], words: NDArray[np.float64]) -> float:
    """Share of a box that the words cover most."""
    if not len(words):
        return 0.0
    size = np.minimum(box[2:], words[:, 2:]) - np.maximum(box[:2], words[:, :2])
    area = float(np.prod(box[2:] - box[:2]))
    return float(np.prod(size.clip(0), axis=1).max() / max(area, 1e-12))


def joined(layer: WordList, more: WordList) -> WordList:
    """Both, the lines of the second ones behind those of the first."""
    behind = max(layer.source_line, default=-1) + 1
    return WordList(
        layer.text + more.text,
        np.vstack([layer.box, more.box]),
        layer.confidence + more.confidence,
        layer.source_line + [behind + line for line in more.source_line],
    )
