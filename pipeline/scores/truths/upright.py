"""Truth of the page as a record has it: a file describes the page as it lay, the record the one that is upright."""

from __future__ import annotations

import numpy as np

from pipeline.scores.truths.base import Frame, Truth, frames_of
from pipeline.upright.pose import Pose
from schemas.boxes import UNIT


def turned(truth: Truth, pose: Pose, aspect: float) -> Truth:
    """`truth` after its page was brought upright by `pose`; `aspect` is the width over the height of that page."""
    if not pose:
        return truth
    before = 1 / aspect if pose.turned in (90, 270) else aspect

    def turn(boxes: list[Frame]) -> list[Frame]:
        array = np.asarray(boxes, dtype=np.float64).reshape(-1, 4) / UNIT
        return frames_of(np.clip(pose.boxes(array, before) * UNIT, 0, UNIT))

    update = {"boxes": turn(truth.boxes), "unit_boxes": turn(truth.unit_boxes), "aspect": aspect}
    return truth.model_copy(update=update)
