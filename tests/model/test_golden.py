"""Parity with the reference implementation: its outputs for weights that are a function of their names."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from torch import Tensor

from model import LayoutLMv2Config, LayoutLMv2ForSequenceClassification, LayoutLMv2Model, preset
from model.weights import PretrainedModel

INPUTS = ("input_ids", "bbox", "image", "attention_mask", "token_type_ids")
TOLERANCE = 1e-5
M = TypeVar("M", bound=PretrainedModel)
LARGE: dict[str, Any] = {
    "hidden_size": 1024, "num_attention_heads": 16, "intermediate_size": 4096,
    "coordinate_size": 171, "shape_size": 170, "fast_qkv": False, "num_hidden_layers": 2,
}  # fmt: skip
XLM: dict[str, Any] = {
    "has_relative_attention_bias": False, "has_spatial_attention_bias": False, "has_visual_segment_embedding": True,
    "fast_qkv": False, "num_hidden_layers": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def weights(shared: Path) -> ModuleType:
    """The module that makes weights out of names."""
    spec = importlib.util.spec_from_file_location("golden_weights", shared / "golden/weights.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def base(weights: ModuleType) -> LayoutLMv2Model:
    """The whole base model, 200M parameters; the others borrow its backbone, whose names are the same."""
    model = _without_drawing(LayoutLMv2Model, LayoutLMv2Config())
    weights.fill(model.state_dict())
    return model


def _without_drawing(cls: type[M], config: LayoutLMv2Config) -> M:
    """A model whose weights are still to be filled in: drawing 200M random numbers takes longer than the test."""
    with torch.device("meta"):
        model = cls(config)
    model.to_empty(device="cpu")
    stored = model.state_dict()
    flags = {name: getattr(config, name) for name in XLM if name.startswith("has_")}
    for name, buffer in cls(preset("tiny", **flags)).named_buffers():
        if name not in stored:  # look-up tables, grid and pixel statistics do not depend on the size
            model.get_buffer(name).copy_(buffer)
    return model.eval()


def _load(shared: Path, name: str) -> dict[str, Tensor]:
    with np.load(shared / "golden" / f"{name}.npz") as stored:
        return {key: torch.from_numpy(stored[key]) for key in stored.files}


def _assert_same(found: Tensor, expected: Tensor) -> None:
    """Relative to the size of the tensor: single numbers near zero carry its rounding."""
    assert found.shape == expected.shape
    assert ((found - expected).norm() / expected.norm()).item() < TOLERANCE
    assert ((found - expected).abs().max() / expected.abs().max()).item() < TOLERANCE


@torch.no_grad()
def _compare(model: LayoutLMv2Model, golden: dict[str, Tensor]) -> None:
    out = model(**{name: golden[name] for name in INPUTS})
    _assert_same(out.last_hidden_state, golden["last_hidden_state"])
    _assert_same(out.pooler_output, golden["pooler_output"])


def test_base(shared: Path, base: LayoutLMv2Model) -> None:
    golden = _load(shared, "base")
    assert len(base.state_dict()) == 710
    _compare(base, golden)
    with torch.no_grad():
        _assert_same(base.visual(golden["image"]), golden["visual_features"])


@pytest.mark.parametrize(("name", "changes"), [("large_2_layers", LARGE), ("xlm_2_layers", XLM)])
def test_variants(shared: Path, weights: ModuleType, base: LayoutLMv2Model, name: str, changes: dict[str, Any]) -> None:
    model = _without_drawing(LayoutLMv2Model, LayoutLMv2Config(**changes))
    model.visual = base.visual
    weights.fill({key: tensor for key, tensor in model.state_dict().items() if not key.startswith("visual.")})
    _compare(model, _load(shared, name))


def test_sequence_classification(shared: Path, weights: ModuleType) -> None:
    config = LayoutLMv2Config(num_hidden_layers=2, num_labels=16)
    model = _without_drawing(LayoutLMv2ForSequenceClassification, config)
    weights.fill(model.state_dict())
    golden = _load(shared, "sequence_classification_2_layers")
    with torch.no_grad():
        _assert_same(model(**{name: golden[name] for name in INPUTS}).logits, golden["logits"])
