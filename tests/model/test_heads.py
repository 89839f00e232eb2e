"""Fine-tuning heads: shapes, losses, what does not count."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from model import (
    LayoutLMv2ForQuestionAnswering,
    LayoutLMv2ForSequenceClassification,
    LayoutLMv2ForTokenClassification,
    preset,
)

Batch = dict[str, Tensor]


def test_token_classifier(batch: Batch) -> None:
    model = LayoutLMv2ForTokenClassification(preset("tiny", num_labels=7)).eval()
    labels = torch.randint(0, 7, (2, 12))
    labels[0, 4:] = -100
    out = model(**batch, labels=labels)
    assert out.logits.shape == (2, 12, 7)
    torch.testing.assert_close(out.loss, cross_entropy(out.logits.flatten(0, 1), labels.flatten()))
    torch.testing.assert_close(out.logits, model.classifier(model.layoutlmv2(**batch).last_hidden_state[:, :12]))
    assert model(**batch, labels=torch.full((2, 12), -100)).loss.item() == 0
    assert model(**batch).loss is None
    with pytest.raises(ValueError, match=r"labels has shape \(2, 5\)"):
        model(**batch, labels=labels[:, :5])


@pytest.mark.parametrize("label", [7, -1])
def test_labels_that_do_not_exist_are_named(batch: Batch, label: int) -> None:
    with pytest.raises(ValueError, match=f"labels are {label}..{label} beside -100, not within 0..6"):
        LayoutLMv2ForTokenClassification(preset("tiny", num_labels=7))(**batch, labels=torch.full((2, 12), label))
    with pytest.raises(ValueError, match=f"labels are {label}..{label} beside"):
        LayoutLMv2ForSequenceClassification(preset("tiny", num_labels=7))(**batch, labels=torch.full((2,), label))


def test_labels_and_positions_with_fractions_are_named(batch: Batch) -> None:
    """They would be cut off to whole numbers."""
    tokens = LayoutLMv2ForTokenClassification(preset("tiny", num_labels=7))
    with pytest.raises(ValueError, match="labels has type torch.float32"):
        tokens(**batch, labels=torch.full((2, 12), 1.5))
    with pytest.raises(ValueError, match="position_ids has type torch.float32"):
        tokens(**batch, position_ids=torch.full((2, 12), 0.5))
    with pytest.raises(ValueError, match="labels has type torch.uint8, which has no -100"):
        tokens(**batch, labels=torch.zeros(2, 12, dtype=torch.uint8))
    answers = LayoutLMv2ForQuestionAnswering(preset("tiny"))
    with pytest.raises(ValueError, match="end_positions has type torch.float32"):
        answers(**batch, start_positions=torch.tensor([1, 2]), end_positions=torch.tensor([1.0, 2.5]))
    with pytest.raises(ValueError, match=r"start_positions has shape \(3,\)"):
        answers(**batch, start_positions=torch.tensor([1, 2, 3]), end_positions=torch.tensor([1, 2]))


def test_sequence_classifier_reads_three_states(batch: Batch) -> None:
    model = LayoutLMv2ForSequenceClassification(preset("tiny", num_labels=5)).eval()
    body = model.layoutlmv2(**batch)
    parts = (body[0][:, 0], model.layoutlmv2.visual_embeddings(batch["image"]).mean(1), body[0][:, 12:].mean(1))
    expected = model.classifier(torch.cat(parts, 1))
    out = model(**batch, labels=torch.tensor([4, 0]))
    torch.testing.assert_close(out.logits, expected)
    torch.testing.assert_close(out.loss, cross_entropy(expected, torch.tensor([4, 0])))


def test_sequence_classifier_runs_the_backbone_once(batch: Batch) -> None:
    model = LayoutLMv2ForSequenceClassification(preset("tiny"))
    runs = []
    model.layoutlmv2.visual.register_forward_hook(lambda *_: runs.append(1))
    model(**batch)
    assert len(runs) == 1


def test_problem_follows_labels_or_configuration(batch: Batch) -> None:
    several = LayoutLMv2ForSequenceClassification(preset("tiny", num_labels=3)).eval()
    targets = torch.tensor([[1.0, 0, 1], [0, 0, 1]])
    out = several(**batch, labels=targets)
    torch.testing.assert_close(out.loss, binary_cross_entropy_with_logits(out.logits, targets))
    number = LayoutLMv2ForSequenceClassification(preset("tiny", num_labels=1)).eval()
    out = number(**batch, labels=torch.tensor([0.5, 2.0]))
    torch.testing.assert_close(out.loss, mse_loss(out.logits[:, 0], torch.tensor([0.5, 2.0])))
    several.config.problem_type = "regression"
    out = several(**batch, labels=targets)
    torch.testing.assert_close(out.loss, mse_loss(out.logits, targets))
    for odd in (torch.tensor([1.0, 2.0]), torch.rand(5), torch.rand(3, 2), torch.rand(6)):
        with pytest.raises(ValueError, match="labels has shape"):
            several(**batch, labels=odd)


def test_question_answering(batch: Batch) -> None:
    model = LayoutLMv2ForQuestionAnswering(preset("tiny")).eval()
    start, end = torch.tensor([3, 12]), torch.tensor([5, 400])  # the second answer lies outside the window
    out = model(**batch, start_positions=start, end_positions=end)
    assert out.start_logits.shape == out.end_logits.shape == (2, 12)
    expected = (cross_entropy(out.start_logits[:1], start[:1]) + cross_entropy(out.end_logits[:1], end[:1])) / 2
    torch.testing.assert_close(out.loss, expected)
    assert model(**batch).loss is None


@pytest.mark.parametrize("cls", [LayoutLMv2ForTokenClassification, LayoutLMv2ForQuestionAnswering])
def test_loss_trains_body_and_head(batch: Batch, cls: type) -> None:
    model = cls(preset("tiny"))
    if cls is LayoutLMv2ForTokenClassification:
        out = model(**batch, labels=torch.randint(0, 2, (2, 12)))
    else:
        out = model(**batch, start_positions=torch.tensor([1, 2]), end_positions=torch.tensor([3, 4]))
    out.loss.backward()
    without = {name for name, p in model.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())}
    assert without == set()
    assert not model.layoutlmv2.pooler.dense.weight.requires_grad  # or data-parallel training would wait for it
