"""Attention with an additive bias in plain matrix products, and a backward pass of its own.

Made for training on a CPU. What it saves against torch's general path: the bias goes in with the first product, the
factors 1 / sqrt(K) and 1 / (1 - p) go to the small matrices, dropout is cheap (`model.dropout`), and of the (S, S)
matrices one is kept for the backward pass, where a minus sign marks what was dropped.

Shape suffixes: N = pages times heads, S tokens, K size of a head.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from model.dropout import keep_mask


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
    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, bias_NSS: Tensor, dropout: float) -> Tensor:
        scale = query.shape[-1] ** -0.5
        scores_NSS = torch.baddbmm(bias_NSS, query, key.transpose(1, 2), alpha=scale)
        probs_NSS = torch.softmax(scores_NSS, dim=-1)
        del scores_NSS
        ctx.factor = 1.0
        kept_NSS = probs_NSS
        if dropout > 0:
            keep, ctx.factor = keep_mask(probs_NSS.shape, dropout, probs_NSS.device)
            kept_NSS = probs_NSS * keep
            # What was dropped is kept with a minus sign: kept - (probs - kept).
            probs_NSS = probs_NSS.neg_().add_(kept_NSS, alpha=2)
        ctx.scale = scale
        ctx.save_for_backward(query, key, value, probs_NSS)
        return torch.bmm(kept_NSS, value * ctx.factor)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, signed_NSS = ctx.saved_tensors
        upstream = upstream * ctx.factor
        kept_NSS, probs_NSS = signed_NSS, signed_NSS
        if ctx.factor != 1:
            kept_NSS, probs_NSS = signed_NSS.clamp(min=0), signed_NSS.abs()
        value_grad = torch.bmm(kept_NSS.transpose(1, 2), upstream)
        # Of softmax: probs * (g - sum(probs * g)), where g is zero for what was dropped, so probs * g is kept * g.
        flow_NSS = torch.bmm(upstream, value.transpose(1, 2)).mul_(kept_NSS)
        bias_grad = flow_NSS.addcmul_(probs_NSS, flow_NSS.sum(dim=-1, keepdim=True), value=-1)
        query_grad = torch.bmm(bias_grad, key).mul_(ctx.scale)
        key_grad = torch.bmm(bias_grad.transpose(1, 2), query).mul_(ctx.scale)
        return query_grad, key_grad, value_grad, bias_grad if ctx.needs_input_grad[3] else None, None
