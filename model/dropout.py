"""Dropout that is cheap on a CPU.

Torch draws a number for each element; on two cores that is a fifth of a training step. Here one 64-bit number serves
four elements, so that a probability is a multiple of 1/65536 (the factor for what is kept goes by the exact one).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

_PARTS = 1 << 16


def keep_mask(shape: torch.Size, probability: float, device: torch.device) -> tuple[Tensor, float]:
    """Booleans, False with (nearly) `probability`, and 1 / (1 - the probability that was used).

    Drawn from torch's default generator of the device, so seeding, resuming and checkpointing hold.
    """
    dropped = round(probability * _PARTS)
    count = math.prod(shape)
    words = torch.empty((count + 3) // 4, dtype=torch.int64, device=device).random_(-(1 << 63), None)
    keep = words.view(torch.int16)[:count].view(shape) >= dropped - _PARTS // 2
    return keep, _PARTS / (_PARTS - dropped)


class Dropout(nn.Module):
    """As torch's, with the cheap draw on a CPU."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.p = probability

    def forward(self, states: Tensor) -> Tensor:
        """States of the same shape; in evaluation the same states."""
        if not self.training or self.p == 0:
            return states
        if states.device.type != "cpu" or torch.compiler.is_compiling():
            return dropout(states, self.p, training=True)
        keep, factor = keep_mask(states.shape, self.p, states.device)
        return states * keep.to(states.dtype).mul_(factor)

    def extra_repr(self) -> str:
        """Shown by print(model)."""
        return f"p={self.p}"
