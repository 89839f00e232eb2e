"""The bare model: sequence, bad input, determinism, sizes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model import LayoutLMv2ForTokenClassification, LayoutLMv2Model, preset
from model.checks import prepare_inputs
from model.config import LayoutLMv2Config

Batch = dict[str, Tensor]


def test_text_comes_first_then_the_grid(batch: Batch) -> None:
    model = LayoutLMv2Model(preset("tiny")).eval()
    out = model(**batch)
    assert out.last_hidden_state.shape == (2, 12 + 49, 32)
    assert out.pooler_output.shape == (2, 32)
    assert out["last_hidden_state"] is out[0] is out.last_hidden_state
    dense = model.pooler.dense
    expected = torch.tanh(dense(out.last_hidden_state[:, 0]))
    torch.testing.assert_close(out.pooler_output, expected)


def test_defaults_are_real_tokens_of_the_first_segment(batch: Batch) -> None:
    model = LayoutLMv2Model(preset("tiny")).eval()
    required = {name: batch[name] for name in ("input_ids", "bbox", "image")}
    ones, zeros = torch.ones(2, 12), torch.zeros(2, 12, dtype=torch.long)
    expected = model(**required, attention_mask=ones, token_type_ids=zeros, position_ids=torch.arange(12).expand(2, -1))
    torch.testing.assert_close(model(**required).last_hidden_state, expected.last_hidden_state)


def test_visual_segment_embedding_is_added(batch: Batch) -> None:
    model = LayoutLMv2Model(preset("tiny", has_visual_segment_embedding=True)).eval()
    before = model.visual_embeddings(batch["image"])
    with torch.no_grad():
        model.visual_segment_embedding += torch.randn(32)
    assert not torch.allclose(model.visual_embeddings(batch["image"]), before)


def test_same_seed_same_weights() -> None:
    models = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        models.append(LayoutLMv2Model(preset("tiny")).state_dict())
    first, again, other = models
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["pooler.dense.weight"], other["pooler.dense.weight"])


def test_initial_weights() -> None:
    state = LayoutLMv2Model(preset("tiny", vocab_size=4000, initializer_range=0.05)).state_dict()
    for name in ("embeddings.word_embeddings", "encoder.layer.0.intermediate.dense", "encoder.rel_pos_x_bias"):
        weight = state[f"{name}.weight"]
        assert weight.std().item() == pytest.approx(0.05, rel=0.1)
    assert not state["embeddings.word_embeddings.weight"][0].any()
    for name, tensor in state.items():
        if name.endswith("bias") and "rel_pos" not in name:
            assert not tensor.any(), name
        if name.endswith("orm.weight"):
            assert (tensor == 1).all(), name


WRONG: list[tuple[str, Callable[[Batch], object], str]] = [
    ("too long", lambda b: b.update(input_ids=torch.zeros(2, 513, dtype=torch.long)), "input_ids.*513.*512"),
    ("no token", lambda b: b.update(input_ids=torch.zeros(2, 0, dtype=torch.long)), r"input_ids.*\(2, 0\)"),
    ("one page only", lambda b: b.update(input_ids=torch.zeros(12, dtype=torch.long)), r"input_ids.*\(12,\)"),
    ("unknown word", lambda b: b["input_ids"].__setitem__((0, 1), 128), "input_ids.*128.*0..127"),
    ("negative word", lambda b: b["input_ids"].__setitem__((0, 1), -1), "input_ids.*-1"),
    ("float words", lambda b: b.update(input_ids=b["input_ids"].float()), "input_ids.*float32"),
    ("box above 1000", lambda b: b["bbox"].__setitem__((1, 2, 3), 1001), "bbox.*1001.*0..1000"),
    ("negative box", lambda b: b["bbox"].__setitem__((1, 2, 0), -3), "bbox.*-3"),
    ("x1 < x0", lambda b: b["bbox"].__setitem__((1, 2), torch.tensor([9, 5, 8, 7])), r"bbox.*\[9, 5, 8, 7\]"),
    ("y1 < y0", lambda b: b["bbox"].__setitem__((1, 2), torch.tensor([5, 9, 8, 7])), r"bbox.*\[5, 9, 8, 7\]"),
    ("float boxes", lambda b: b.update(bbox=b["bbox"].float()), "bbox.*float32"),
    ("boxes of another length", lambda b: b.update(bbox=b["bbox"][:, :5]), r"bbox.*\(2, 5, 4\)"),
    ("picture of another size", lambda b: b.update(image=b["image"][:, :, :200]), r"image.*\(2, 3, 200, 224\)"),
    ("one picture for two", lambda b: b.update(image=b["image"][:1]), r"image.*\(1, 3, 224, 224\)"),
    ("integer picture", lambda b: b.update(image=b["image"].long()), "image.*int64"),
    ("short mask", lambda b: b.update(attention_mask=b["attention_mask"][:, :3]), r"attention_mask.*\(2, 3\)"),
    ("nothing but padding", lambda b: b["attention_mask"].zero_(), "attention_mask is 0 for all 24 tokens"),
    ("empty batch", lambda b: b.update(input_ids=torch.zeros(0, 12, dtype=torch.long)), r"input_ids.*\(0, 12\)"),
    ("third segment", lambda b: b["token_type_ids"].__setitem__((0, 0), 2), "token_type_ids.*2.*0..1"),
    ("far position", lambda b: b.update(position_ids=torch.full((2, 12), 512)), "position_ids.*512"),
]


@pytest.mark.parametrize(("spoil", "message"), [pytest.param(spoil, text, id=name) for name, spoil, text in WRONG])
def test_bad_input_is_named(batch: Batch, spoil: Callable[[Batch], object], message: str) -> None:
    spoil(batch)
    with pytest.raises(ValueError, match=message):
        LayoutLMv2Model(preset("tiny"))(**batch)


@given(st.lists(st.integers(-5, 1005), min_size=4, max_size=4))
def test_a_box_is_accepted_if_and_only_if_it_is_one(box: list[int]) -> None:
    x0, y0, x1, y1 = box
    good = all(0 <= value <= 1000 for value in box) and x0 <= x1 and y0 <= y1
    arguments = (torch.zeros(1, 1, dtype=torch.long), torch.tensor([[box]]), torch.zeros(1, 3, 224, 224))
    if good:
        assert prepare_inputs(preset("tiny"), *arguments).bbox.tolist() == [[box]]
        return
    with pytest.raises(ValueError, match="bbox"):
        prepare_inputs(preset("tiny"), *arguments)


@pytest.mark.parametrize(
    ("name", "count"), [("base", 200_081_984), ("large", 425_967_296 + 24 * 1024), ("layoutxlm-base", 368_651_456)]
)
def test_sizes_of_the_published_models(name: str, count: int) -> None:
    """200M and 426M in the paper; exact numbers of the reference implementations, with frozen norms."""
    with torch.device("meta"):
        model = LayoutLMv2Model(preset(name, visual_norm="frozen"))
    assert sum(parameter.numel() for parameter in model.parameters()) == count


def test_names_and_shapes_are_those_of_the_published_base_model(shared: Path) -> None:
    lines = (shared / "reference/layoutlmv2_base_state_dict_keys.tsv").read_text().splitlines()
    expected = {name: shape for name, shape, _ in (line.split("\t") for line in lines)}
    with torch.device("meta"):
        for norm in ("frozen", "live"):
            state = LayoutLMv2ForTokenClassification(LayoutLMv2Config(visual_norm=norm)).state_dict()
            assert {name: str(tuple(tensor.shape)) for name, tensor in state.items()} == expected
