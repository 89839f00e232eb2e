"""The transformer encoder over text and visual tokens together, with relative biases that all layers share.

Shape suffixes: B pages, H heads, S text and visual tokens together, D hidden size; 4 is a box [x0, y0, x1, y1].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, pad, relu
from torch.utils.checkpoint import checkpoint

from model.attention import Attention, ResidualOutput
from model.config import MAX_BOX, LayoutLMv2Config
from model.relative_bias import RelativeBias

# Places in [x0, y0, x1, y1]: the paper says top left, the released code takes the lower edge.
_CORNERS = {"released": (0, 3), "paper": (0, 1)}
_ROW = 8  # numbers
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {"gelu": gelu, "relu": relu}


class Intermediate(nn.Module):
    """The widening half of the feed-forward network."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.intermediate_size)
        self.activation = ACTIVATIONS[config.hidden_act]

    def forward(self, hidden_BSD: Tensor) -> Tensor:
        """Inner states (B, S, intermediate size)."""
        return self.activation(self.dense(hidden_BSD))


class Layer(nn.Module):
    """One transformer layer, normalised after each half, as BERT's."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.attention = Attention(config)
        self.intermediate = Intermediate(config)
        self.output = ResidualOutput(config.intermediate_size, config)

    def forward(self, hidden_BSD: Tensor, bias: Tensor | None) -> Tensor:
        """Hidden states (B, S, D)."""
        attended_BSD = self.attention(hidden_BSD, bias)
        out_BSD: Tensor = self.output(self.intermediate(attended_BSD), attended_BSD)
        return out_BSD


class Encoder(nn.Module):
    """All layers, and the three bias tables."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        heads = config.num_attention_heads
        self.checkpoint_every = 0  # one layer of so many is computed again in the backward pass, to save memory
        self.corner = _CORNERS[config.relative_2d_corner]
        self.layer = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.has_relative_bias = config.has_relative_attention_bias
        self.has_spatial_bias = config.has_spatial_attention_bias
        if self.has_relative_bias:
            radius = max(config.max_position_embeddings, config.visual_length) - 1
            self.rel_pos_bias = RelativeBias(heads, config.rel_pos_bins, config.max_rel_pos, radius)
        if self.has_spatial_bias:
            self.rel_pos_x_bias = RelativeBias(heads, config.rel_2d_pos_bins, config.max_rel_2d_pos, MAX_BOX)
            self.rel_pos_y_bias = RelativeBias(heads, config.rel_2d_pos_bins, config.max_rel_2d_pos, MAX_BOX)

    def forward(self, hidden_BSD: Tensor, keep_BS: Tensor, bbox_BS4: Tensor, positions_S: Tensor) -> Tensor:
        """Hidden states (B, S, D).

        `keep_BS` is False for padding, `bbox_BS4` are the boxes of all tokens, `positions_S` (1 or B rows) the 1-D
        positions. The bias is built once here: every layer adds the same one.
        """
        bias = self.attention_bias(keep_BS, bbox_BS4, positions_S, _compute_dtype(hidden_BSD))
        for number, layer in enumerate(self.layer):
            if self.training and self.checkpoint_every and number % self.checkpoint_every == 0:
                hidden_BSD = checkpoint(layer, hidden_BSD, bias, use_reentrant=False)
            else:
                hidden_BSD = layer(hidden_BSD, bias)
        return hidden_BSD

    def attention_bias(self, keep_BS: Tensor, bbox_BS4: Tensor, positions: Tensor, dtype: torch.dtype) -> Tensor:
        """Sum of the biases and the padding, (B, H, S, S) or, without biases, (B, 1, 1, S).

        Padded keys get a number so low that their weight is exactly zero, but finite also when a kernel counts in
        powers of two: a row without one real key stays free of NaN. Which corners of the boxes count is
        `relative_2d_corner`.
        """
        drop_B11S = ~keep_BS[:, None, None, :]
        lowest = torch.finfo(dtype).min / 4
        total: Tensor | None = None
        if self.has_spatial_bias:
            x, y = self.corner
            # In place: the look-ups keep nothing of their results.
            total = self.rel_pos_x_bias(bbox_BS4[..., x]).add_(self.rel_pos_y_bias(bbox_BS4[..., y]))
        if self.has_relative_bias:
            term = self.rel_pos_bias(positions)
            total = term if total is None else total.add_(term)
        if total is None:
            total = torch.zeros(drop_B11S.shape, device=drop_B11S.device)
        bias = total.to(dtype).masked_fill(drop_B11S, lowest)
        return with_aligned_rows(bias) if _pays_to_align(bias) else bias


def with_aligned_rows(bias: Tensor) -> Tensor:
    """The same numbers, in memory with rows of a multiple of eight.

    Otherwise torch's memory-efficient kernel copies the whole bias to such rows in each layer, forward and backward.
    """
    length = bias.shape[-1]
    return pad(bias, (0, -length % _ROW))[..., :length]


def _pays_to_align(bias: Tensor) -> bool:
    return bias.is_cuda and bias.shape[-1] % _ROW != 0


def _compute_dtype(hidden_BSD: Tensor) -> torch.dtype:
    """The type in which attention runs: autocast converts the hidden states, but not a mask."""
    kind = hidden_BSD.device.type
    if kind != "meta" and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return hidden_BSD.dtype
