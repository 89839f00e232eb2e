"""Floating-point operations of a forward pass, for one page: a multiplication and an addition are two.

Counted are matrix products and convolutions (the "model FLOPs" of PaLM's appendix B, arXiv 2204.02311); softmax, norms
and biases are below a percent of them. A training step is three times the forward pass: the backward pass does each
product twice. Model FLOP utilisation is `3 * forward / (seconds * peak)`, without padding, whatever was computed.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from model.config import IMAGE_SIZE, LayoutLMv2Config


@dataclass(frozen=True)
class Flops:
    """Operations of one page's forward pass by part."""

    encoder: int
    backbone: int
    heads: int

    @property
    def total(self) -> int:
        """All parts."""
        return self.encoder + self.backbone + self.heads

    @property
    def training(self) -> int:
        """Of a forward and backward pass of all parameters."""
        return 3 * self.total


def pretraining_flops(config: LayoutLMv2Config, tokens: int, masked: int) -> Flops:
    """Of a page of `tokens` text tokens, special ones included, of which `masked` are scored against the vocabulary.

    For operations without padding give the page's own number, with padding the length of its batch. Raises ValueError
    for an impossible number.
    """
    if not 0 < tokens <= config.max_position_embeddings:
        raise ValueError(f"tokens is {tokens}, not in 1..{config.max_position_embeddings}")
    if not 0 <= masked <= tokens:
        raise ValueError(f"masked is {masked}, not in 0..{tokens}")
    hidden = config.hidden_size
    words = 2 * masked * hidden * (hidden + config.vocab_size)  # the transform, then the tied decoder
    covers = 2 * tokens * hidden
    matching = 2 * hidden + (2 * hidden**2 if config.tim_head == "pooler" else 0)
    return Flops(encoder_flops(config, tokens), backbone_flops(config), words + covers + matching)


def encoder_flops(config: LayoutLMv2Config, tokens: int) -> int:
    """Of all layers over `tokens` text tokens and the visual ones, and of the projection of the visual features."""
    length, hidden = tokens + config.visual_length, config.hidden_size
    linear = 2 * length * hidden * (4 * hidden + 2 * config.intermediate_size)
    scores_and_context = 2 * 2 * length**2 * hidden
    projection = 2 * config.visual_length * config.fpn_channels * hidden
    return config.num_hidden_layers * (linear + scores_and_context) + projection


def backbone_flops(config: LayoutLMv2Config) -> int:
    """Of ResNeXt and the parts of the feature pyramid that p2 needs, for one picture."""
    side = IMAGE_SIZE // 2
    total = _convolution(3, config.visual_stem_channels, 7, side)
    channels, side = config.visual_stem_channels, IMAGE_SIZE // 4
    for stage, blocks in enumerate(config.visual_depths):
        out = config.visual_res2_channels * 2**stage
        inner = config.visual_groups * config.visual_width_per_group * 2**stage
        for block in range(blocks):
            wide = side  # the first 1x1 convolution comes before the stride
            side //= 1 + (stage > 0 and block == 0)
            total += _convolution(channels, inner, 1, wide)
            total += _convolution(inner // config.visual_groups, inner, 3, side) + _convolution(inner, out, 1, side)
            total += _convolution(channels, out, 1, side) if channels != out else 0
            channels = out
        total += _convolution(out, config.fpn_channels, 1, side)
    return total + _convolution(config.fpn_channels, config.fpn_channels, 3, IMAGE_SIZE // 4)


def parameter_count(model: nn.Module) -> int:
    """Parameters, those that do not learn included; buffers (the affine part of frozen norms) are none."""
    return sum(parameter.numel() for parameter in model.parameters())


def _convolution(channels: int, out: int, size: int, side: int) -> int:
    """Of one square output map of `side` pixels; `channels` are those that each output sees."""
    return 2 * channels * out * size**2 * side**2
