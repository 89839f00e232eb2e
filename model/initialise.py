"""Initial weights: a function of torch's random state alone, so a seeded model is always the same one."""

from __future__ import annotations

from torch import nn

from model.attention import SelfAttention
from model.relative_bias import RelativeBias
from model.visual import NormedConv


def initialise(module: nn.Module, std: float) -> None:
    """Draw all weights below `module`: normal(0, std) for matrices and tables, Kaiming for convolutions.

    Biases become 0 and layer norms 1 and 0; the row of the padding token stays 0. Norms of the backbone keep the
    values that they are built with.
    """
    for child in module.modules():
        _initialise_one(child, std)


def _initialise_one(module: nn.Module, std: float) -> None:
    if isinstance(module, nn.Linear | nn.Embedding | RelativeBias):
        nn.init.normal_(module.weight, std=std)
    elif isinstance(module, NormedConv):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(module, nn.Conv2d):
        nn.init.kaiming_uniform_(module.weight, a=1)  # no activation follows in the feature pyramid
    elif isinstance(module, nn.LayerNorm):
        nn.init.ones_(module.weight)
    if isinstance(module, nn.Linear | nn.Conv2d | nn.LayerNorm) and module.bias is not None:
        nn.init.zeros_(module.bias)
    if isinstance(module, nn.Embedding) and module.padding_idx is not None:
        nn.init.zeros_(module.weight[module.padding_idx])
    if isinstance(module, SelfAttention) and module.fast_qkv:
        nn.init.zeros_(module.q_bias)
        nn.init.zeros_(module.v_bias)
