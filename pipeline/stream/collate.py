"""Examples to a batch of tensors.

Dimensions: B examples, T tokens with [CLS] and [SEP], padded; S the side of the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.stream.example import IGNORE, Example
from schemas.sample import TimAction

_MULTIPLE = 8  # lengths are padded to it


@dataclass(frozen=True)
class Special:
    """Numbers of the special tokens, and the coordinate that all four of [SEP]'s box are."""

    pad: int
    cls: int
    sep: int
    sep_box: int = 0


@dataclass(frozen=True)
class Batch:
    """One rank's part of a global batch: the model's arguments, the labels, and which samples these are."""

    input_ids: torch.Tensor  # B x T
    bbox: torch.Tensor  # B x T x 4, zero for special tokens but, where so configured, [SEP]
    image: torch.Tensor  # B x 3 x S x S, uint8, BGR
    attention_mask: torch.Tensor  # B x T
    mlm_labels: torch.Tensor  # B x T
    tia_labels: torch.Tensor  # B x T: 1 covered, 0 not
    tim_labels: torch.Tensor  # B: 1 aligned, 0 not
    sample_weight: torch.Tensor  # B: 1, or 0 for a slot without a sample
    positions: list[int]
    keys: list[str]
    skipped: tuple[str, ...] = ()  # what was wrong with samples that were left out, each by its name

    def to(self, device: torch.device) -> Batch:
        """The batch with its tensors on `device`."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The batch in page-locked memory; called by the loader."""
        return self._map(torch.Tensor.pin_memory)

    def _map(self, change: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {name: change(v) for name, v in values.items() if isinstance(v, torch.Tensor)}
        return replace(self, **changed)


def collate(examples: Sequence[Example], positions: Sequence[int], special: Special) -> Batch:
    """Pad to the longest example, [CLS] before and [SEP] after each."""
    longest = max(len(example.ids_T) for example in examples) + 2
    width = -(-longest // _MULTIPLE) * _MULTIPLE
    shape = (len(examples), width)
    ids_BT = np.full(shape, special.pad, dtype=np.int64)
    box_BT4 = np.zeros((*shape, 4), dtype=np.int64)
    mask_BT = np.zeros(shape, dtype=np.int64)
    mlm_BT = np.full(shape, IGNORE, dtype=np.int64)
    tia_BT = np.full(shape, IGNORE, dtype=np.int64)
    for row, example in enumerate(examples):
        end = len(example.ids_T) + 1
        ids_BT[row, 0], ids_BT[row, 1:end], ids_BT[row, end] = special.cls, example.ids_T, special.sep
        box_BT4[row, 1:end], box_BT4[row, end] = example.box_T4, special.sep_box
        mask_BT[row, : end + 1] = 1
        mlm_BT[row, 1:end] = example.mlm_T
        tia_BT[row, 1:end] = example.tia_T
    return Batch(
        input_ids=torch.from_numpy(ids_BT),
        bbox=torch.from_numpy(box_BT4),
        image=torch.from_numpy(np.stack([_bgr(example) for example in examples])),
        attention_mask=torch.from_numpy(mask_BT),
        mlm_labels=torch.from_numpy(mlm_BT),
        tia_labels=torch.from_numpy(tia_BT),
        tim_labels=torch.tensor([int(example.action is TimAction.ALIGNED) for example in examples]),
        sample_weight=torch.tensor([example.weight for example in examples]),
        positions=list(positions),
        keys=[example.key for example in examples],
    )


def _bgr(example: Example) -> NDArray[np.uint8]:
    """3 x S x S: pictures are decoded as RGB, the backbone was always fed BGR."""
    assert example.picture_SSC is not None
    return np.stack(cv2.split(example.picture_SSC)[::-1])
