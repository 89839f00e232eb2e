"""Born-digital pages whose text runs up, down or backwards: told by where a character stands beside the one before."""

from __future__ import annotations

import numpy as np

from pipeline.pages.base import Chars, RawPage
from pipeline.upright.pose import Pose

_LEAST = 20  # pairs of neighbouring characters that say something
_MOST = 0.8  # of them that go one way
_NEAR = 3.0  # of a character's size between two that are neighbours
_BLANK = 0x20


def pose_of_chars(chars: Chars, aspect: float) -> Pose:
    """How to turn a page so that its text layer runs across and ahead; right-to-left text stays as it is.

    `aspect` is the page's width over its height.
    """
    solid = (chars.code > _BLANK) & (chars.box[:, 2] > chars.box[:, 0])
    box = chars.box[solid].astype(np.float64) * np.array([aspect, 1.0, aspect, 1.0])
    if len(box) <= _LEAST:
        return Pose()
    together = np.diff(np.flatnonzero(solid)) == 1
    middle = (box[:, :2] + box[:, 2:]) / 2
    size = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1])
    step = np.diff(middle, axis=0)
    near = together & (np.abs(step).max(axis=1) <= _NEAR * np.maximum(size[1:], size[:-1]))
    across, down = step[near].T
    if near.sum() < _LEAST:
        return Pose()
    runs_down = np.abs(down) > 2 * np.abs(across)
    if (runs_down & (down < 0)).mean() > _MOST:
        return Pose(90)
    if (runs_down & (down > 0)).mean() > _MOST:
        return Pose() if _is_vertical_script(chars) else Pose(270)
    backwards = (~runs_down & (across < 0)).mean() > _MOST
    # Mirrored text runs backwards, too, but its lines go down the page.
    rises = step[np.abs(step[:, 1]) > size[1:], 1]
    upwards = len(rises) > 0 and (rises < 0).mean() > 0.5
    return Pose(180) if backwards and upwards and not _is_right_to_left(chars) else Pose()


def _is_vertical_script(chars: Chars) -> bool:
    """Whether most characters are of scripts that are written from top to bottom as well."""
    code = chars.code[chars.code > _BLANK]
    east = ((code >= 0x2E80) & (code <= 0xD7FF)) | ((code >= 0xF900) & (code <= 0xFAFF)) | (code >= 0x20000)
    return bool(len(code) and east.mean() > 0.5)


def _is_right_to_left(chars: Chars) -> bool:
    """Whether a good part of the characters is of scripts that are written from right to left."""
    code = chars.code[chars.code > _BLANK]
    west = ((code >= 0x0590) & (code <= 0x08FF)) | ((code >= 0xFB1D) & (code <= 0xFDFF))
    west |= (code >= 0xFE70) & (code <= 0xFEFC)
    return bool(len(code) and west.mean() > 0.2)


def turn_page(page: RawPage, pose: Pose) -> RawPage:
    """The page with its picture and its characters turned by the quarters of `pose`."""
    if not pose:
        return page
    turned = pose.quarter_boxes(page.chars.box.astype(np.float64)).astype(np.float32)
    nowhere = page.chars.box[:, 2] <= page.chars.box[:, 0]
    chars = Chars(page.chars.code, np.where(nowhere[:, None], np.float32(0), turned), page.chars.hidden)
    return RawPage(pose.picture(page.pixels), page.facts, chars)
