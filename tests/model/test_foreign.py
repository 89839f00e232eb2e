"""Weights of BERT, UniLMv2 and a Mask R-CNN: every tensor accounted for, other vocabularies refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from model import LayoutLMv2ForPreTraining, LayoutLMv2Model, preset
from model.foreign import load_backbone, load_text_weights, read_vocabulary, vocabulary_digest
from model.weights import PretrainedModel

WORDS = [f"word{number}" for number in range(128)]
Weights = dict[str, Tensor]


def _pretraining(**changes: object) -> LayoutLMv2ForPreTraining:
    return LayoutLMv2ForPreTraining(preset("tiny", **changes))


def _text(*, fused: bool) -> Weights:
    """A BERT of our tiny size under the names of its files, or a UniLMv2."""
    d, inner = 32, 64
    made = {
        "embeddings.word_embeddings.weight": (128, d), "embeddings.position_embeddings.weight": (600, d),
        "embeddings.token_type_embeddings.weight": (2, d), "embeddings.LayerNorm.gamma": (d,),
        "embeddings.LayerNorm.beta": (d,), "pooler.dense.weight": (d, d), "pooler.dense.bias": (d,),
    }  # fmt: skip
    for layer in ("encoder.layer.0.", "encoder.layer.1."):
        if fused:
            made |= {f"{layer}attention.self.qkv_linear.weight": (3 * d, d), f"{layer}attention.self.q_bias": (d,),
                     f"{layer}attention.self.v_bias": (d,)}  # fmt: skip
        else:
            made |= {f"{layer}attention.self.{part}.weight": (d, d) for part in ("query", "key", "value")}
            made |= {f"{layer}attention.self.{part}.bias": (d,) for part in ("query", "key", "value")}
        for part, out, width in (("attention.output.", d, d), ("intermediate.", inner, d), ("output.", d, inner)):
            made |= {f"{layer}{part}dense.weight": (out, width), f"{layer}{part}dense.bias": (out,)}
            if part != "intermediate.":
                made |= {f"{layer}{part}LayerNorm.weight": (d,), f"{layer}{part}LayerNorm.bias": (d,)}
    if fused:
        made["encoder.rel_pos_bias.weight"] = (2, 32)
    weights = {f"bert.{name}": torch.randn(shape) for name, shape in made.items()}
    head = "cls.predictions."
    weights |= {f"{head}bias": torch.randn(128), f"{head}transform.dense.weight": torch.randn(d, d),
                f"{head}transform.dense.bias": torch.randn(d), f"{head}transform.LayerNorm.gamma": torch.randn(d),
                f"{head}transform.LayerNorm.beta": torch.randn(d), f"{head}decoder.weight": torch.randn(128, d),
                "cls.seq_relationship.weight": torch.randn(2, d),
                "cls.seq_relationship.bias": torch.randn(2)}  # fmt: skip
    return weights


def _write(folder: Path, weights: Weights, words: list[str] = WORDS) -> Path:
    folder.mkdir(exist_ok=True)
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word in words))
    return folder


@pytest.mark.parametrize("stored_fused", [True, False])
@pytest.mark.parametrize("fused", [True, False])
def test_text_weights_arrive(tmp_path: Path, stored_fused: bool, fused: bool) -> None:
    """In whichever form queries, keys and values are stored and wanted, attention computes the same."""
    weights = _text(fused=stored_fused)
    model = _pretraining(fast_qkv=fused)
    drawn = model.layoutlmv2.embeddings.x_position_embeddings.weight.detach().clone()
    report = load_text_weights(model, _write(tmp_path / "bert", weights), WORDS)
    body = model.layoutlmv2
    assert torch.equal(body.embeddings.word_embeddings.weight, weights["bert.embeddings.word_embeddings.weight"])
    assert torch.equal(
        body.embeddings.position_embeddings.weight, weights["bert.embeddings.position_embeddings.weight"][:512]
    )
    assert torch.equal(body.embeddings.LayerNorm.weight, weights["bert.embeddings.LayerNorm.gamma"])
    assert torch.equal(model.cls.predictions.bias, weights["cls.predictions.bias"])
    assert torch.equal(body.embeddings.x_position_embeddings.weight, drawn)
    if stored_fused:
        assert torch.equal(body.encoder.rel_pos_bias.weight, weights["bert.encoder.rel_pos_bias.weight"])
    _check_attention(body, weights, stored_fused)
    # Every tensor of the file is loaded or ignored, every one of the model loaded or missing.
    assert sorted([*report.loaded, *report.ignored]) == sorted(weights)
    assert "layoutlmv2.embeddings.x_position_embeddings.weight" in report.missing
    assert "tia.weight" in report.missing
    assert ("layoutlmv2.encoder.rel_pos_bias.weight" in report.missing) != stored_fused
    assert "next-sentence prediction: cls.seq_relationship.bias" in report.summary()
    if fused and not stored_fused:
        assert "a key's bias changes no attention" in str(report)


def _check_attention(body: LayoutLMv2Model, weights: Weights, stored_fused: bool) -> None:
    hidden = torch.randn(1, 6, 32)
    prefix = "bert.encoder.layer.1.attention.self."
    if stored_fused:
        query, key, value = (hidden @ weights[f"{prefix}qkv_linear.weight"].T).chunk(3, -1)
        query, value = query + weights[f"{prefix}q_bias"], value + weights[f"{prefix}v_bias"]
    else:
        query, key, value = (hidden @ weights[f"{prefix}{part}.weight"].T + weights[f"{prefix}{part}.bias"]
                             for part in ("query", "key", "value"))  # fmt: skip
    parts = (part.view(1, 6, 2, 16).transpose(1, 2) for part in (query, key, value))
    expected = torch.nn.functional.scaled_dot_product_attention(*parts).transpose(1, 2).reshape(1, 6, 32)
    found = body.encoder.layer[1].attention.self.eval()(hidden, None)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_another_vocabulary_is_refused(tmp_path: Path) -> None:
    """Of the same size: every word would get another's embedding, and nothing would show it."""
    model = _pretraining()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    other = [*WORDS[1:], WORDS[0]]
    folder = _write(tmp_path / "bert", _text(fused=False), other)
    digests = f"{vocabulary_digest(other)[:16]}.*{vocabulary_digest(WORDS)[:16]}"
    with pytest.raises(ValueError, match=f"another vocabulary.*{digests}"):
        load_text_weights(model, folder, WORDS)
    (folder / "vocab.txt").unlink()
    with pytest.raises(ValueError, match=r"no vocab\.txt and no tokenizer\.json"):
        load_text_weights(model, folder, WORDS)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_vocabulary_of_a_tokenizer_file(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text('{"model": {"vocab": {"b": 1, "a": 0, "c": 2}}}')
    assert read_vocabulary(tmp_path) == ["a", "b", "c"]
    for text in ("{", "[]", '{"model": 3}'):
        (tmp_path / "tokenizer.json").write_text(text)
        with pytest.raises(ValueError, match="vocabulary cannot be read"):
            read_vocabulary(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda w: w.pop("bert.encoder.layer.1.output.dense.bias"),
            r"1 missing: encoder\.layer\.1\.output\.dense\.bias",
        ),
        (lambda w: w.update({"bert.encoder.layer.2.output.dense.bias": torch.ones(32)}), "1 unexpected"),
        (lambda w: w.update({"bert.embeddings.word_embeddings.weight": torch.ones(99, 32)}), r"\(99, 32\) instead of"),
        (
            lambda w: w["cls.predictions.bias"].fill_(torch.inf),
            r"1 not finite: cls\.predictions\.bias",
        ),
        (lambda w: w.update({"bert.encoder.layer.0.attention.self.key.weight": torch.ones(16, 32)}), "are not alike"),
        (lambda w: w.update({"embeddings.word_embeddings.weight": torch.ones(128, 32)}), "under two names each"),
        (lambda w: w.update({"bert.embeddings.word_embeddings.weight": torch.zeros(1).expand(3 * 10**12)}), "instead"),
        (lambda w: w.update({"bert.embeddings.position_embeddings.weight": torch.ones(())}), "instead of"),
        (lambda w: w["bert.encoder.layer.0.attention.self.value.weight"][0].fill_(torch.nan), "1 not finite: .*qkv"),
        (lambda w: w.update({"bert.embeddings.position_embeddings.weight": torch.ones(99, 32)}), r"\(99, 32\) instead"),
    ],
)
def test_text_weights_that_do_not_fit_are_named(
    tmp_path: Path, spoil: Callable[[Weights], object], message: str
) -> None:
    weights = _text(fused=False)
    spoil(weights)
    with pytest.raises(ValueError, match=message):
        load_text_weights(_pretraining(), _write(tmp_path / "bert", weights), WORDS)


def _detector(model: PretrainedModel) -> Weights:
    prefix = "layoutlmv2.visual."
    state = model.state_dict()
    weights = {name.removeprefix(prefix): torch.rand_like(state[name]) for name in state if name.startswith(prefix)}
    others = ("proposal_generator.rpn_head.conv.weight", "roi_heads.box_head.fc1.weight", "pixel_mean",
              "backbone.bottom_up.stem.conv1.norm.num_batches_tracked")  # fmt: skip
    return weights | {name: torch.zeros(1) for name in others}


@pytest.mark.parametrize("form", ["safetensors", "pth", "checkpoint"])
def test_backbone_of_a_detector(tmp_path: Path, form: str) -> None:
    model = _pretraining(visual_norm="frozen")
    weights = _detector(model)
    file = tmp_path / ("model.safetensors" if form == "safetensors" else "model_final.pth")
    if form == "safetensors":
        save_file(weights, file)
    else:
        torch.save(weights if form == "pth" else {"model": weights, "iteration": 7}, file)
    report = load_backbone(model, file)
    stored = model.layoutlmv2.visual.state_dict()
    assert all(torch.equal(stored[name], tensor) for name, tensor in weights.items() if name in stored)
    assert sorted([*report.loaded, *report.ignored]) == sorted(weights)
    assert len(report.ignored) == 4
    assert "tim.weight" in report.missing
    del weights["backbone.fpn_output3.bias"]
    torch.save(weights, tmp_path / "less.pth")
    with pytest.raises(ValueError, match=r"1 missing: backbone\.fpn_output3\.bias"):
        load_backbone(model, tmp_path / "less.pth")
    torch.save(_detector(model) | {"backbone.fpn_lateral2.bias": torch.full((16,), torch.nan)}, tmp_path / "nan.pth")
    with pytest.raises(ValueError, match=r"1 not finite: backbone\.fpn_lateral2\.bias"):
        load_backbone(model, tmp_path / "nan.pth")


def test_text_weights_are_one_file(tmp_path: Path) -> None:
    """The one whose digest a run writes down."""
    folder = _write(tmp_path / "bert", _text(fused=False))
    save_file(torch.load(folder / "pytorch_model.bin"), folder / "model.safetensors")
    save_file({"cls.predictions.bias": torch.full((128,), 7.0)}, folder / "pretraining_heads.safetensors")
    model = _pretraining()
    load_text_weights(model, folder, WORDS)
    assert not (model.cls.predictions.bias == 7).any()


def test_frozen_norms_without_a_backbone_are_warned_about(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    model = _pretraining(visual_norm="frozen").train()
    assert "no backbone was loaded" in caplog.text
    caplog.clear()
    torch.save(_detector(model), tmp_path / "d.pth")
    load_backbone(model, tmp_path / "d.pth")
    model.train()
    _pretraining().train()
    assert caplog.text == ""
