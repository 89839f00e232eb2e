"""Named configurations: the paper's models, and small ones that a CPU can train.

The presets are for pre-training: batch normalisation learns, with the statistics of all ranks, and no stage is frozen,
as in the paper ("we update all parameters"). Frozen norms only make sense with the statistics of a loaded backbone;
that is what fine-tuning starts with, and the defaults of LayoutLMv2Config are for it.
"""

from __future__ import annotations

from typing import Any

from model.config import LayoutLMv2Config

_PRETRAINING: dict[str, Any] = {"visual_norm": "synchronised", "visual_freeze_at": 0}

_PRESETS: dict[str, dict[str, Any]] = {
    # Paper section 4.1: 12 layers, 200M parameters.
    "base": {},
    # Paper section 4.1: 24 layers, 426M parameters; the published weights keep query, key and value apart.
    "large": {
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "intermediate_size": 4096,
        "coordinate_size": 171,
        "shape_size": 170,
        "fast_qkv": False,
    },
    # LayoutXLM (arXiv 2104.08836), as published: without the spatial-aware attention, with a visual segment embedding.
    "layoutxlm-base": {
        "vocab_size": 250002,
        "max_position_embeddings": 514,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        "pad_token_id": 1,
        "fast_qkv": False,
        "has_relative_attention_bias": False,
        "has_spatial_attention_bias": False,
        "has_visual_segment_embedding": True,
    },
    # For a demonstration on one or two CPU cores, where drawing dropout for attention would be a quarter of the time.
    "small": {
        "hidden_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 512,
        "attention_probs_dropout_prob": 0.0,
        "coordinate_size": 22,
        "shape_size": 20,
        "image_feature_pool_shape": (7, 7, 64),
        "visual_depths": (1, 1, 1, 1),
        "visual_groups": 4,
        "visual_width_per_group": 4,
        "visual_stem_channels": 16,
        "visual_res2_channels": 32,
    },
    # For tests.
    "tiny": {
        "vocab_size": 128,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "coordinate_size": 6,
        "shape_size": 4,
        "image_feature_pool_shape": (7, 7, 16),
        "visual_depths": (1, 1, 1, 1),
        "visual_groups": 2,
        "visual_width_per_group": 2,
        "visual_stem_channels": 4,
        "visual_res2_channels": 8,
    },
}


def preset_names() -> tuple[str, ...]:
    """The names that `preset` knows."""
    return tuple(_PRESETS)


def preset(name: str, **overrides: Any) -> LayoutLMv2Config:
    """The configuration called `name`, with `overrides` of single fields (`vocab_size`, say).

    Raises ValueError for an unknown name or field.
    """
    if name not in _PRESETS:
        raise ValueError(f"preset {name!r} is not one of {', '.join(_PRESETS)}")
    return LayoutLMv2Config(**{**_PRETRAINING, **_PRESETS[name]}).replace(**overrides)
