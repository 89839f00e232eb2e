"""Truth that lies beside a document describes the page as the file shows it; the record's is of the upright page."""

from __future__ import annotations

import numpy as np

from pipeline.upright.pose import Pose
from schemas.boxes import UNIT, BoxTuple, normalise, to_tuples
from schemas.truth import PageTruth


def turn_truth(truth: PageTruth, pose: Pose, aspect: float) -> PageTruth:
    """The truth of a page of `aspect` (its width over its height, before it is turned) after it was brought upright."""
    if not pose:
        return truth

    def turn(boxes: list[BoxTuple]) -> list[BoxTuple]:
        array = np.asarray(boxes, dtype=np.float64).reshape(-1, 4) / UNIT
        return to_tuples(normalise(pose.boxes(array, aspect), 1.0, 1.0))

    placed = zip(truth.words, turn([word.box for word in truth.words]), strict=True)
    words = [word.model_copy(update={"box": box}) for word, box in placed]
    return truth.model_copy(update={"words": words, "lines": turn(truth.lines)})
