"""Batch normalisation of the backbone: with stored, own, or all ranks' statistics.

Three modes share the keys `weight`, `bias`, `running_mean`, `running_var`; none keeps a batch counter, which no stored
weights need.

Shape suffixes: B pages, C channels.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from model.config import VisualNorm

EPS = 1e-5
_MOMENTUM = 0.1


class ChannelNorm(nn.Module):
    """Normalises each channel.

    "frozen": scale and shift are buffers, and the stored statistics are used always. "live": scale and shift learn, and
    in training the batch's statistics are used. "synchronised": as live, with the statistics of all ranks of the
    default process group together; without a group, or with one rank, the two are the same.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, mode: VisualNorm) -> None:
        super().__init__()
        self.mode = mode
        if mode == "frozen":
            self.register_buffer("weight", torch.ones(channels))
            self.register_buffer("bias", torch.zeros(channels))
        else:
            self.weight = nn.Parameter(torch.ones(channels))
            self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))

    @property
    def is_fixed(self) -> bool:
        """Whether the stored statistics are used now, so that the norm is a scale and a shift."""
        return self.mode == "frozen" or not self.training

    def scale_and_shift(self) -> tuple[Tensor, Tensor]:
        """What a fixed norm does to each channel (C): `maps * scale + shift`."""
        scale_C = self.weight * (self.running_var + EPS).rsqrt()
        return scale_C, self.bias - self.running_mean * scale_C

    def forward(self, maps: Tensor) -> Tensor:
        """Normalised maps, same shape (B, C, height, width)."""
        if self.mode == "synchronised" and self.training and _ranks() > 1:
            normed, mean_C, var_C, count = _AllRanks.apply(maps, self.weight, self.bias)  # type: ignore[no-untyped-call]
            with torch.no_grad():
                self.running_mean.lerp_(mean_C, _MOMENTUM)
                self.running_var.lerp_(var_C * (count / (count - 1).clamp(min=1)), _MOMENTUM)
            return normed  # type: ignore[no-any-return]
        training = not self.is_fixed
        return batch_norm(maps, self.running_mean, self.running_var, self.weight, self.bias, training, _MOMENTUM, EPS)


def _ranks() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


class _AllRanks(torch.autograd.Function):
    """Batch normalisation over the batches of all ranks, whose sizes may differ.

    Torch's own (`SyncBatchNorm`) refuses the CPU. Sums of values and squares are added up in float64, where taking the
    square of the mean off costs no precision. The gradients of scale and shift are this rank's part, as everywhere in
    data-parallel training.
    """

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight_C: Tensor, bias_C: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        variance_C, mean_C = torch.var_mean(
            maps.to(torch.promote_types(maps.dtype, torch.float32)), dim=(0, 2, 3), correction=0
        )
        mean_C, variance_C = mean_C.double(), variance_C.double()
        count = torch.full_like(mean_C[:1], maps.numel() / maps.shape[1])
        sums = torch.cat([count, count * mean_C, count * (variance_C + mean_C.square())])
        dist.all_reduce(sums)
        count, moments = sums[0], sums[1:] / sums[0]
        mean_C, square_C = moments.chunk(2)
        var_C = (square_C - mean_C.square()).clamp(min=0).to(weight_C.dtype)
        mean_C = mean_C.to(weight_C.dtype)
        ctx.save_for_backward(maps, weight_C, mean_C, var_C, count)
        normed = batch_norm(maps, mean_C, var_C, weight_C, bias_C, False, 0.0, EPS)
        ctx.mark_non_differentiable(mean_C, var_C, count)
        return normed, mean_C, var_C, count

    @staticmethod
    def backward(ctx: Any, upstream: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps, weight_C, mean_C, var_C, count = ctx.saved_tensors
        # As if the statistics were constants; then what flows through them.
        maps_grad, weight_grad, bias_grad = torch.ops.aten.native_batch_norm_backward(
            upstream, maps, weight_C, mean_C, var_C, mean_C, (var_C + EPS).rsqrt(), False, EPS, [True, True, True]
        )
        sums = torch.cat([weight_grad, bias_grad]).double()
        dist.all_reduce(sums)
        along_C, level_C = (sums / count).to(weight_C.dtype).chunk(2)
        inverse_C = (var_C + EPS).rsqrt()
        slope_C = weight_C * inverse_C.square() * along_C
        level_C = weight_C * inverse_C * level_C
        mean, slope, level = (part.view(1, -1, 1, 1) for part in (mean_C, slope_C, level_C))
        # In the type of the statistics: the terms nearly cancel, which half precision would not survive.
        through = (maps.to(slope.dtype) - mean) * slope + level
        return (maps_grad.to(slope.dtype) - through).to(maps.dtype), weight_grad, bias_grad
