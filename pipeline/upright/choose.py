"""The pose of a page: by its marks alone where they are clear, else by what an engine can read of a band of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.upright.lean import Lean, lean_of
from pipeline.upright.marks import marks_of
from pipeline.upright.pose import UPRIGHT, Pose

Legible = Callable[[NDArray[np.uint8]], float]  # how many characters of a picture can be read, each by its confidence

_ACROSS, _DOWN = 0.8, 1.25  # evenness down over across: below the first lines run across, above the second down
_UP = 0.9  # evenness of upper edges over lower ones: below that the page does not stand on its head
_LEAST_SKEW = 0.3  # degrees: less is not worth a picture that was interpolated
_MOST_LOST = 0.002  # of the marks: dirt at the edges
_BAND = 0.12  # of the page's length that is read
_WIDEST = 4.0  # width of a band over its height: detectors enlarge the shorter side
_BETTER = 1.3  # times as legible as the page as it is, or it stays; where lines run down it cannot stay
_ENOUGH = 0.4  # characters for each mark that make other ways not worth a try
_LEAST_READ = 0.15  # characters for each mark


def find_pose(picture: NDArray[np.uint8], legible: Legible) -> Pose:
    """How to bring a picture (H x W or H x W x 3) upright; as it is where nothing tells.

    On nearly all pages that are upright `legible` is not asked. Where it is, it reads a band of the page a few times.
    """
    height, width = picture.shape[:2]
    marks = marks_of(picture)
    lean = lean_of(marks, width / height)
    if not lean.says_something:
        return UPRIGHT
    turned = 0 if _is_clear(lean) else _ask(picture, marks, lean, legible)
    # The skew was measured along the lines as the page lies: it means nothing where they were taken for others.
    trusted = (turned in (90, 270)) == (lean.down > 1)
    pose = Pose(turned, lean.skew if trusted and abs(lean.skew) >= _LEAST_SKEW else 0.0)
    return pose if _keeps(pose, marks, width / height) else Pose(turned)


def _keeps(pose: Pose, marks: NDArray[np.float64], aspect: float) -> bool:
    """Whether nothing that may be a letter falls off the page when it is levelled."""
    middle = (marks[:, :2] + marks[:, 2:]) / 2
    moved = pose.points(middle, aspect)
    return bool(((moved < 0) | (moved > 1)).any(axis=1).mean() <= _MOST_LOST)


def _is_clear(lean: Lean) -> bool:
    return lean.down < _ACROSS and lean.flipped < _UP


def _candidates(lean: Lean) -> Sequence[int]:
    if lean.down < _ACROSS:
        return (0, 180)
    return (90, 270) if lean.down > _DOWN else (0, 90, 180, 270)


def _ask(picture: NDArray[np.uint8], marks: NDArray[np.float64], lean: Lean, legible: Legible) -> int:
    def ask(ways: Sequence[int]) -> dict[int, float]:
        return {turned: _legibility(Pose(turned), picture, marks, legible) for turned in ways}

    likely = _candidates(lean)
    read = ask(likely)
    if max(read.values()) < _ENOUGH:
        # Marks mislead where a page is mostly rules and single figures.
        read |= ask([turned for turned in (0, 90, 180, 270) if turned not in likely])
    best = max(read, key=lambda turned: (read[turned], -turned))
    return best if read[best] >= max(_LEAST_READ, _BETTER * read.get(0, 0.0)) else 0


def _legibility(pose: Pose, picture: NDArray[np.uint8], marks: NDArray[np.float64], legible: Legible) -> float:
    """Characters that are read for each mark of the band with the most marks."""
    page, moved = pose.picture(picture), pose.quarter_boxes(marks)
    height, width = page.shape[:2]
    share = min(1.0, max(_BAND, width / _WIDEST / height))
    middle = np.sort((moved[:, 1] + moved[:, 3]) / 2)
    inside = np.searchsorted(middle, middle + share) - np.arange(len(middle))
    start = min(float(middle[inside.argmax()]) - 0.01, 1.0 - share)
    top, bottom = max(0, int(start * height)), min(height, int(np.ceil((start + share) * height)))
    count = int(((middle >= top / height) & (middle <= bottom / height)).sum())
    return legible(np.ascontiguousarray(page[top:bottom])) / max(1, count)
