"""Relative position biases of spatial-aware self-attention (paper section 2.2, formula 3).

A difference of two positions falls into a bucket (T5's scheme), and a learned table holds one number per bucket and
head. Buckets come from an integer look-up table: powers of two sit exactly on a boundary, where a logarithm in reduced
precision can fall to either side. The look-up of the learned table keeps its gradient.

Shape suffixes: B pages, H heads, S text and visual tokens together, R all differences -radius..radius.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cache

import torch
from torch import Tensor, nn


@cache
def bucket_starts(bins: int, max_distance: int) -> tuple[int, ...]:
    """The smallest distance of each bucket of one sign.

    The first half holds one distance each, and the rest grow geometrically up to `max_distance`, beyond which all
    distances share the last one. Bucket exact+k starts where (distance/exact)^steps reaches (max_distance/exact)^k;
    multiplied out, so that only integers are compared.
    """
    exact = bins // 4
    steps = bins // 2 - exact
    starts = list(range(exact + 1))
    for k in range(1, steps):
        distance = starts[-1]
        while distance**steps * exact**k < max_distance**k * exact**steps:
            distance += 1
        starts.append(distance)
    return tuple(starts)


def bucket(difference: int, bins: int, max_distance: int) -> int:
    """Bucket of `difference` (key position minus query position): the upper half of `bins` is for positive ones."""
    number = bisect_right(bucket_starts(bins, max_distance), abs(difference)) - 1
    return number + bins // 2 if difference > 0 else number


def bucket_table(bins: int, max_distance: int, radius: int) -> Tensor:
    """int64 tensor of 2*radius+1 buckets, for the differences -radius..radius."""
    return torch.tensor([bucket(difference, bins, max_distance) for difference in range(-radius, radius + 1)])


class RelativeBias(nn.Module):
    """One learned table (heads x bins) and its look-up; positions must lie in 0..radius."""

    buckets: Tensor

    def __init__(self, heads: int, bins: int, max_distance: int, radius: int) -> None:
        super().__init__()
        self.radius = radius
        self.weight = nn.Parameter(torch.empty(heads, bins))
        self.register_buffer("buckets", bucket_table(bins, max_distance, radius), persistent=False)

    def forward(self, positions_BS: Tensor) -> Tensor:
        """Biases (B, H, S, S) of int64 positions (B, S): entry [b, h, i, j] is for query i and key j.

        In float32 (float64 for a float64 table) whatever type the table has: a gradient is a sum of many thousands of
        numbers, which in bfloat16 would stop growing.
        """
        pages, length = positions_BS.shape
        heads = self.weight.shape[0]
        # Spread over all differences first: 2001 entries keep the additions of the backward pass off each other's
        # way where 64 would not. `gather` along a head is many times faster on a CPU than an embedding look-up.
        precise = torch.promote_types(self.weight.dtype, torch.float32)
        table_HR = self.weight.to(precise)[:, self.buckets]
        index_BSS = positions_BS[:, None, :] - positions_BS[:, :, None] + self.radius
        index_BHT = index_BSS.view(pages, 1, -1).expand(-1, heads, -1)
        bias = table_HR.expand(pages, -1, -1).gather(2, index_BHT)
        return bias.view(pages, heads, length, length)
