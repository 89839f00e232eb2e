"""What the model sees of a training sample in one variant: the picture or its partner's, with covers painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from jobs.inspect.picture import open_picture
from jobs.inspect.reading import Sample
from pipeline.prepare.tia import from_npy
from pipeline.stream.draw import fill_boxes
from schemas.sample import TimAction, TimPlan, TrainSample
from schemas.stream import Objectives


@dataclass(frozen=True)
class Variant:
    """One variant of a sample: the plan, which lines are covered, and the picture with covers."""

    plan: TimPlan
    lines: list[int]
    picture: Image.Image


def view(sample: Sample, record: TrainSample, variant: int) -> Variant:
    """Variant `variant` of a training sample; ValueError where it has none of that number."""
    if not 0 <= variant < len(record.tim):
        raise ValueError(f"--variant must be 0..{len(record.tim) - 1}, got {variant}")
    plan = record.tim[variant]
    lines = covered_lines(sample, record, variant)
    # The stream's own brush, so that this is what the model sees but for the masks, which an epoch draws anew.
    pixels = np.array(shown_picture(sample, plan).convert("RGB"))
    boxes = np.array([record.lines[line] for line in lines], dtype=np.int64).reshape(-1, 4)
    fill_boxes(pixels, boxes, Objectives().cover_fill)
    return Variant(plan, lines, Image.fromarray(pixels))


def covered_lines(sample: Sample, record: TrainSample, variant: int) -> list[int]:
    """Which lines a variant covers; ValueError where the covers are not variants x lines."""
    covers = from_npy(sample.members["tia.npy"])
    shape = (len(record.tim), len(record.lines))
    if covers.shape != shape:
        raise ValueError(f"{record.key}: covers of {covers.shape}, expected {shape}")
    return [int(line) for line in np.flatnonzero(covers[variant])]


def shown_picture(sample: Sample, plan: TimPlan) -> Image.Image:
    """The picture of a variant before any paint: the page's own, its partner's, or an even one."""
    if plan.action is TimAction.REPLACED:
        assert plan.picture is not None
        if plan.picture not in sample.members:
            raise ValueError(f"{sample.place.key}: has no member {plan.picture}")
        return open_picture(sample.members[plan.picture], "png")
    own = open_picture(sample.members["png"], "png")
    return Image.new("RGB", own.size, Objectives().dropped_fill) if plan.action is TimAction.DROPPED else own
