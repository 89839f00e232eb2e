"""Beside Hugging Face's classes themselves: same outputs, same files, and their Trainer with our class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from model import (
    LayoutLMv2ForPreTraining,
    LayoutLMv2ForQuestionAnswering,
    LayoutLMv2ForSequenceClassification,
    LayoutLMv2ForTokenClassification,
    LayoutLMv2Model,
    preset,
)

transformers = pytest.importorskip("transformers")

from benchmarks.peer import (  # noqa: E402
    EagerBackbone,
    OurBackbone,
    PeerForPreTraining,
    their_config,
    without_detectron2,
)

Batch = dict[str, Tensor]
CHANGES: dict[str, dict[str, Any]] = {
    "fused": {"fast_qkv": True},
    "separate": {"fast_qkv": False},
    "without biases": {"has_relative_attention_bias": False, "has_spatial_attention_bias": False, "fast_qkv": False,
                       "has_visual_segment_embedding": True},
}  # fmt: skip
CLASSES = [
    LayoutLMv2ForTokenClassification,
    LayoutLMv2ForSequenceClassification,
    LayoutLMv2ForQuestionAnswering,
    LayoutLMv2Model,
]


def _drawn(cls: type, **changes: Any) -> Any:
    """A model with weights large enough for every part to show."""
    labels = 2 if cls is LayoutLMv2ForQuestionAnswering else 5
    model = cls(preset("tiny", num_labels=labels, visual_norm="frozen", **changes)).eval()
    for name, tensor in model.state_dict().items():
        if name.endswith(("running_var", "orm.weight")):
            torch.nn.init.uniform_(tensor, 0.5, 1.5)
        elif "visual.backbone" not in name:
            torch.nn.init.normal_(tensor, std=0.2)
    return model


@pytest.mark.parametrize("backbone", [OurBackbone, EagerBackbone])
@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("cls", CLASSES)
def test_outputs_are_theirs(cls: type, changes: dict[str, Any], backbone: Callable[[Any], Any], batch: Batch) -> None:
    ours = _drawn(cls, **changes)
    with without_detectron2(backbone) as module:
        theirs = getattr(module, cls.__name__)(their_config(ours.config)).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    with torch.no_grad():
        found, expected = ours(**batch), theirs(**batch)
    names = [
        name
        for name in ("last_hidden_state", "pooler_output", "logits", "start_logits", "end_logits")
        if hasattr(found, name)
    ]
    assert names
    for name in names:
        wanted = getattr(expected, name)
        error = (getattr(found, name) - wanted).abs().max() / wanted.abs().max()
        assert error < 1e-5, name


def test_training_is_theirs_but_for_the_tables(batch: Batch, labels: Batch) -> None:
    """Same loss and gradients without dropout; the tables learn in ours alone."""
    ours = _drawn(LayoutLMv2ForPreTraining, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0).train()
    theirs = PeerForPreTraining(ours).train()
    ours(**batch, **labels).loss.backward()
    theirs(**batch, **labels).backward()
    others = dict(theirs.named_parameters())
    for name, parameter in ours.named_parameters():
        if "rel_pos" in name:
            assert others[name].grad is None
            assert parameter.grad.abs().sum() > 0
        elif parameter.requires_grad:
            scale = others[name].grad.abs().max().item()
            torch.testing.assert_close(parameter.grad, others[name].grad, rtol=1e-3, atol=1e-3 * scale, msg=name)


@pytest.mark.parametrize("cls", [*CLASSES, LayoutLMv2ForPreTraining])
def test_a_saved_folder_loads_there_and_back(cls: type, batch: Batch, tmp_path: Path) -> None:
    """No key missing, none unexpected; what we keep beside theirs survives their configuration."""
    ours = _drawn(cls, relative_2d_corner="released", tim_head="pooler") if cls is not LayoutLMv2Model else _drawn(cls)
    ours.save_pretrained(tmp_path / "ours")
    name = "LayoutLMv2Model" if cls is LayoutLMv2ForPreTraining else cls.__name__
    with without_detectron2(OurBackbone) as module:
        theirs, info = getattr(module, name).from_pretrained(tmp_path / "ours", output_loading_info=True)
        theirs.eval().save_pretrained(tmp_path / "theirs")
    assert {kind: list(keys) for kind, keys in info.items() if keys} == {}
    body = ours.layoutlmv2 if cls is LayoutLMv2ForPreTraining else ours
    with torch.no_grad():
        found, expected = body(**batch)[0], theirs(**batch)[0]
    assert (found - expected).abs().max() / expected.abs().max() < 1e-5
    again = (LayoutLMv2Model if cls is LayoutLMv2ForPreTraining else cls).from_pretrained(tmp_path / "theirs")
    assert all(torch.equal(tensor, body.state_dict()[key]) for key, tensor in again.state_dict().items())
    for field in ("visual_depths", "visual_groups", "relative_2d_corner", "attention", "num_labels"):
        assert getattr(again.config, field) == getattr(body.config, field), field


def test_their_trainer_trains_ours(make_batch: Callable[..., Batch], tmp_path: Path) -> None:
    """Token classification as in their example: five steps, then an evaluation."""
    pages = make_batch(pages=8, length=16)
    pages["attention_mask"][:] = 1
    rows = [
        {**{name: values[n] for name, values in pages.items()}, "labels": pages["input_ids"][n] % 3} for n in range(8)
    ]
    model = LayoutLMv2ForTokenClassification(
        preset("tiny", num_labels=3, visual_norm="frozen", hidden_dropout_prob=0.0)
    )
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=5, per_device_train_batch_size=4, learning_rate=1e-2, report_to=[],
        use_cpu=True, save_strategy="steps", save_steps=5, logging_steps=1, disable_tqdm=True,
    )  # fmt: skip
    trainer = transformers.Trainer(model=model, args=arguments, train_dataset=rows, eval_dataset=rows)
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert trainer.state.global_step == len(losses) == 5
    assert losses[-1] < losses[0]
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    predicted = trainer.predict(rows)
    assert predicted.predictions.shape == (8, 16, 3)
    assert trainer.evaluate()["eval_loss"] < losses[0]
    assert (tmp_path / "checkpoint-5" / "model.safetensors").is_file()


def test_their_way_to_save_memory_works_with_ours(batch: Batch, tmp_path: Path) -> None:
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=1, report_to=[], use_cpu=True, gradient_checkpointing=True,
        disable_tqdm=True, save_strategy="no",
    )  # fmt: skip
    rows = [{**{name: values[0] for name, values in batch.items()}, "labels": batch["input_ids"][0] % 2}] * 2
    model = LayoutLMv2ForTokenClassification(preset("tiny"))
    transformers.Trainer(model=model, args=arguments, train_dataset=rows).train()
    assert model.layoutlmv2.encoder.checkpoint_every == 1
