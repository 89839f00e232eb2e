"""The transformer encoder over text and visual tokens together, with relative biases that all layers share.

Shape suffixes: B pages, H heads, S text and visual tokens together, D hidden size; 4 is a box [x0, y0, x1, y1].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, relu

from model.attention import Attention, ResidualOutput
from model.config import MAX_BOX, LayoutLMv2Config
from model.relative_bias import RelativeBias

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
        for layer in self.layer:
            hidden_BSD = layer(hidden_BSD, bias)
        return hidden_BSD

    def attention_bias(self, keep_BS: Tensor, bbox_BS4: Tensor, positions: Tensor, dtype: torch.dtype) -> Tensor:
        """Sum of the biases and the padding, (B, H, S, S) or, without biases, (B, 1, 1, S).

        Padded keys get the lowest finite number, not minus infinity: a row without one real key stays free of NaN.
        Axes as released: x of the left edge and y of the *lower* one (the paper says the top left corner).
        """
        drop_B11S = ~keep_BS[:, None, None, :]
        lowest = torch.finfo(dtype).min
        terms: list[Tensor] = []
        if self.has_spatial_bias:
            terms = [self.rel_pos_x_bias(bbox_BS4[..., 0]), self.rel_pos_y_bias(bbox_BS4[..., 3])]
        if self.has_relative_bias:
            terms.append(self.rel_pos_bias(positions))
        if not terms:
            return torch.zeros(drop_B11S.shape, dtype=dtype, device=drop_B11S.device).masked_fill(drop_B11S, lowest)
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total.to(dtype).masked_fill(drop_B11S, lowest)


def _compute_dtype(hidden_BSD: Tensor) -> torch.dtype:
    """The type in which attention runs: autocast converts the hidden states, but not a mask."""
    kind = hidden_BSD.device.type
    if kind != "meta" and torch.is_autocast_enabled(kind):
        return torch.get_autocast_dtype(kind)
    return hidden_BSD.dtype
