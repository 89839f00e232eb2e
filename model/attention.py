"""Spatial-aware multi-head self-attention (paper section 2.2).

The biases are added to the scaled scores, so a scaled dot-product attention with an additive mask computes it. What
runs is chosen by the configuration's `attention`:

* "torch": `scaled_dot_product_attention`. On a GPU its memory-efficient kernel, which gives the mask a gradient.
* "own" (`model.own_attention`): the same in plain matrix products, with a backward pass of its own. On a CPU torch
  falls back to its slow path as soon as there is a dropout or the mask learns.
* "flex": FlexAttention. It has no attention dropout, so it is refused where there should be one: that would be another
  training. Never chosen by itself, as it was not measured on a GPU yet.
* "auto": "own" for training on a CPU, "torch" otherwise.

Shape suffixes: B pages, S text and visual tokens together, D hidden size, H heads, K = D / H.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from model.config import LayoutLMv2Config
from model.dropout import Dropout
from model.own_attention import own_attention

# cuDNN's backward pass gives the mask no gradient, and flash attention takes no mask.
_KERNELS_WITH_BIAS_GRADIENT = [SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH]


@contextmanager
def kernels_that_train(bias: Tensor | None) -> Iterator[None]:
    """Keep torch to kernels whose backward pass returns a gradient for the bias, where it wants one."""
    if bias is None or not bias.requires_grad:
        yield
        return
    with sdpa_kernel(_KERNELS_WITH_BIAS_GRADIENT):
        yield


def attend(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, dropout: float, kernel: str) -> Tensor:
    """Context (B, H, S, K) of queries, keys and values of that shape; `bias` must spread to (B, H, S, S).

    Raises ValueError where `kernel` cannot do what is asked.
    """
    if kernel == "auto":
        learns = dropout > 0 or (bias is not None and bias.requires_grad)
        plain = query.device.type == "cpu" and learns and not torch.compiler.is_compiling()
        kernel = "own" if plain else "torch"
    if kernel == "own":
        return own_attention(query, key, value, bias, dropout)
    if kernel == "flex":
        return _flex(query, key, value, bias, dropout)
    with kernels_that_train(bias):
        return scaled_dot_product_attention(query, key, value, attn_mask=bias, dropout_p=dropout)


def _flex(query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, dropout: float) -> Tensor:
    if dropout > 0:
        raise ValueError(f"attention is 'flex', which has no dropout, and attention_probs_dropout_prob is {dropout}")
    if not query.is_cuda and torch.is_grad_enabled() and query.requires_grad:
        raise ValueError("attention is 'flex', which has no backward pass on this device: choose another for training")
    if bias is None:
        return _flex_attention(query.is_cuda)(query, key, value)  # type: ignore[no-any-return]
    full = bias.expand(query.shape[0], query.shape[1], query.shape[2], key.shape[2])

    def add_bias(score: Tensor, page: Tensor, head: Tensor, row: Tensor, column: Tensor) -> Tensor:
        return score + full[page, head, row, column]

    return _flex_attention(query.is_cuda)(query, key, value, score_mod=add_bias)  # type: ignore[no-any-return]


@cache
def _flex_attention(compiled: bool) -> Callable[..., Any]:
    from torch.nn.attention.flex_attention import flex_attention  # noqa: PLC0415 - slow to import, rarely used

    chosen: Any = torch.compile(flex_attention) if compiled else flex_attention
    return chosen  # type: ignore[no-any-return]


class SelfAttention(nn.Module):
    """Queries, keys and values, from one matrix (`fast_qkv`: keys without a bias) or from three."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.heads = config.num_attention_heads
        self.dropout_prob = config.attention_probs_dropout_prob
        self.kernel = config.attention
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
        context_BHSK = attend(query, key, value, bias, dropout, self.kernel)
        return context_BHSK.transpose(1, 2).reshape(hidden_BSD.shape)

    def _project(self, hidden_BSD: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if not self.fast_qkv:
            return self.query(hidden_BSD), self.key(hidden_BSD), self.value(hidden_BSD)
        query, key, value = self.qkv_linear(hidden_BSD).chunk(3, dim=-1)
        # In the type of the products: under autocast a float32 bias would make the whole attention float32.
        return query + self.q_bias.to(query.dtype), key, value + self.v_bias.to(value.dtype)

    def _split(self, part_BSD: Tensor) -> Tensor:
        pages, length, hidden = part_BSD.shape
        return part_BSD.view(pages, length, self.heads, hidden // self.heads).transpose(1, 2)


class ResidualOutput(nn.Module):
    """Linear layer, dropout, residual sum, layer norm: the end of both halves of a transformer layer."""

    def __init__(self, inner: int, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, config.hidden_size)
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.dropout = Dropout(config.hidden_dropout_prob)

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
