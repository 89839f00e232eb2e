"""Spatial-aware multi-head self-attention (paper section 2.2).

The biases are added to the scaled scores, so a plain scaled dot-product attention with an additive mask computes it.

Shape suffixes: B pages, S text and visual tokens together, D hidden size, H heads, K = D / H.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from model.config import LayoutLMv2Config


@contextmanager
def _kernels_that_train_the_bias(bias: Tensor | None) -> Iterator[None]:
    """On a GPU, keep to kernels whose backward pass returns a gradient for the mask: cuDNN's does not."""
    if bias is None or not (bias.is_cuda and bias.requires_grad):
        yield
        return
    with sdpa_kernel([SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]):
        yield


class SelfAttention(nn.Module):
    """Queries, keys and values, from one matrix (`fast_qkv`: keys without a bias) or from three."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.heads = config.num_attention_heads
        self.dropout_prob = config.attention_probs_dropout_prob
        self.fast_qkv = config.fast_qkv
        if config.fast_qkv:
            self.qkv_linear = nn.Linear(hidden, 3 * hidden, bias=False)
            self.q_bias = nn.Parameter(torch.zeros(1, 1, hidden))
            self.v_bias = nn.Parameter(torch.zeros(1, 1, hidden))
        else:
            self.query = nn.Linear(hidden, hidden)
            self.key = nn.Linear(hidden, hidden)
            self.value = nn.Linear(hidden, hidden)

    def forward(self, hidden_BSD: Tensor, bias: Tensor | None) -> Tensor:
        """Context (B, S, D). `bias` is added to the scores and must spread to (B, H, S, S)."""
        query, key, value = (self._split(part) for part in self._project(hidden_BSD))
        dropout = self.dropout_prob if self.training else 0.0
        with _kernels_that_train_the_bias(bias):
            context_BHSK = scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout)
        return context_BHSK.transpose(1, 2).reshape(hidden_BSD.shape)

    def _project(self, hidden_BSD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if not self.fast_qkv:
            return self.query(hidden_BSD), self.key(hidden_BSD), self.value(hidden_BSD)
        query, key, value = self.qkv_linear(hidden_BSD).chunk(3, dim=-1)
        return query + self.q_bias, key, value + self.v_bias

    def _split(self, part_BSD: Tensor) -> Tensor:
        pages, length, hidden = part_BSD.shape
        return part_BSD.view(pages, length, self.heads, hidden // self.heads).transpose(1, 2)


class ResidualOutput(nn.Module):
    """Linear layer, dropout, residual sum, layer norm: the end of both halves of a transformer layer."""

    def __init__(self, inner: int, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = nn.Dropout(config.hidden_dropout_prob)

    def forward(self, inner: Tensor, residual_BSD: Tensor) -> Tensor:
        """Hidden states (B, S, D)."""
        normed_BSD: Tensor = self.LayerNorm(self.dropout(self.dense(inner)) + residual_BSD)
        return normed_BSD


class Attention(nn.Module):
    """Self-attention with its output layer."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.self = SelfAttention(config)
        self.output = ResidualOutput(config.hidden_size, config)

    def forward(self, hidden_BSD: Tensor, bias: Tensor | None) -> Tensor:
        """Hidden states (B, S, D)."""
        out_BSD: Tensor = self.output(self.self(hidden_BSD, bias), hidden_BSD)
        return out_BSD
