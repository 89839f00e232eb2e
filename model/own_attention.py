"""Attention with an additive bias in plain matrix products, and a backward pass of its own.

Made for training on a CPU. What it saves against torch's general path: the bias goes in with the first product, the
factors 1 / sqrt(K) and 1 / (1 - p) go to the small matrices, dropout is cheap (`model.dropout`), heads are worked off a
few at a time, and of the (S, S) matrices one is kept for the backward pass, where a minus sign marks what was dropped.

Shape suffixes: N = pages times heads, S tokens, K size of a head.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from model.dropout import keep_mask

_AT_ONCE = 1_300_000  # numbers


def own_attention(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, dropout: float) -> Tensor:
    """softmax(query key^T / sqrt(K) + bias), with dropout, times value; all (B, H, S, K).

    `bias` must spread to (B, H, S, S). All are computed in the queries' type.
    """
    shape = (*query.shape[:3], key.shape[2])
    scores = query.new_zeros(()) if bias is None else bias.to(query.dtype)
    context: Tensor = _Attention.apply(  # type: ignore[no-untyped-call]
        *(part.reshape(-1, *part.shape[2:]) for part in (query, key, value)),
        scores.expand(shape).reshape(-1, *shape[2:]),
        dropout,
    )
    return context.view(query.shape)


class _Attention(torch.autograd.Function):
    """A few heads at a time, so that what one step writes is still in the cache when the next one reads it."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias_NSS: Tensor, dropout: float) -> Tensor:
        ctx.scale, ctx.dropout, ctx.factor = query.shape[-1] ** -0.5, dropout, 1.0
        context, signed_NSS = torch.empty_like(query), torch.empty_like(bias_NSS, memory_format=torch.contiguous_format)
        for part in _parts(bias_NSS.shape):
            scores = torch.baddbmm(bias_NSS[part], query[part], key[part].transpose(1, 2), alpha=ctx.scale)
            probs = torch.softmax(scores, dim=-1, out=signed_NSS[part])
            if dropout == 0:
                torch.bmm(probs, value[part], out=context[part])
                continue
            keep, ctx.factor = keep_mask(probs.shape, dropout, probs.device)
            kept = torch.mul(probs, keep, out=scores)
            torch.bmm(kept, value[part] * ctx.factor, out=context[part])
            # What was dropped stays with a minus sign: twice what was kept, less all.
            torch.sub(kept.mul_(2), probs, out=signed_NSS[part])
        ctx.save_for_backward(query, key, value, signed_NSS)
        return context

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, signed_NSS = ctx.saved_tensors
        upstream = upstream * ctx.factor
        gradients = [torch.empty_like(one) for one in (query, key, value, signed_NSS)]
        query_grad, key_grad, value_grad, bias_grad = gradients
        for part in _parts(signed_NSS.shape):
            kept = probs = signed_NSS[part]
            if ctx.dropout > 0:
                kept, probs = kept.clamp(min=0), probs.abs()
            torch.bmm(kept.transpose(1, 2), upstream[part], out=value_grad[part])
            # Of softmax: probs * (g - sum(probs * g)); g is zero for what was dropped, so probs * g is kept * g.
            flow = torch.bmm(upstream[part], value[part].transpose(1, 2)).mul_(kept)
            slope = torch.addcmul(flow, probs, flow.sum(dim=-1, keepdim=True), value=-1, out=bias_grad[part])
            torch.bmm(slope, key[part], out=query_grad[part])
            torch.bmm(slope.transpose(1, 2), query[part], out=key_grad[part])
        query_grad.mul_(ctx.scale)
        key_grad.mul_(ctx.scale)
        return query_grad, key_grad, value_grad, bias_grad if ctx.needs_input_grad[3] else None, None


def _parts(shape: torch.Size) -> Iterator[slice]:
    """Slices of (N, S, S) of some five megabytes each."""
    heads = max(1, _AT_ONCE // (shape[1] * shape[2]))
    for start in range(0, shape[0], heads):
        yield slice(start, start + heads)
