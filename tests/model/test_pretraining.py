"""The pre-training model: outputs, gradients everywhere, learning."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model import LayoutLMv2ForPreTraining, preset

Batch = dict[str, Tensor]


def _model(**overrides: object) -> LayoutLMv2ForPreTraining:
    return LayoutLMv2ForPreTraining(preset("tiny", **overrides))


def test_output_has_each_loss_and_count(batch: Batch, labels: Batch) -> None:
    out = _model()(**batch, **labels)
    assert list(out.losses) == list(out.sums) == list(out.counts) == ["mvlm", "tia", "tim"]
    assert {name: count.item() for name, count in out.counts.items()} == {"mvlm": 3, "tia": 6, "tim": 2}
    torch.testing.assert_close(out.loss, sum(out.losses.values()))
    assert out.logits["mvlm"].shape == (3, 128)
    assert out.logits["tia"].shape == (2, 12)
    assert out.logits["tim"].shape == (2,)


def test_words_are_scored_by_their_own_embeddings(batch: Batch, labels: Batch) -> None:
    model = _model().eval()
    assert not any("decoder" in name for name in model.state_dict())
    out = model(**batch, **labels)
    states = model.layoutlmv2(**batch).last_hidden_state[[0, 0, 1], [3, 7, 2]]
    head = model.cls.predictions
    normed = head.transform.LayerNorm(torch.nn.functional.gelu(head.transform.dense(states)))
    expected = normed @ model.layoutlmv2.embeddings.word_embeddings.weight.T + head.bias
    torch.testing.assert_close(out.logits["mvlm"], expected)


@pytest.mark.parametrize("tim_head", ["pooler", "cls"])
@pytest.mark.parametrize("fast_qkv", [True, False])
@pytest.mark.parametrize("targets", [True, False])
def test_every_parameter_gets_a_gradient(
    batch: Batch, labels: Batch, tim_head: str, fast_qkv: bool, targets: bool
) -> None:
    """Without targets too: data-parallel training must never meet an unused parameter."""
    model = _model(tim_head=tim_head, fast_qkv=fast_qkv, has_visual_segment_embedding=True)
    if not targets:
        labels = {name: torch.full_like(values, -100) for name, values in labels.items()}
    out = model(**batch, **labels)
    out.loss.backward()
    without = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert without == []
    assert (out.loss.item() > 0) == targets
    assert any("pooler" in name for name in model.state_dict()) == (tim_head == "pooler")
    if targets:
        still = [name for name, p in model.named_parameters() if p.requires_grad and not p.grad.any()]
        # Keys shift all scores of a query alike, so their bias has no effect; rounding decides whether it shows.
        assert [name for name in still if not name.endswith("key.bias")] == []


def test_only_given_labels_make_losses(batch: Batch, labels: Batch) -> None:
    model = _model()
    out = model(**batch, tim_labels=labels["tim_labels"])
    assert list(out.losses) == ["tim"]
    assert out.loss is not None
    assert "mvlm" not in out.logits
    assert model(**batch).loss is None


def test_weights_of_pages_and_objectives_reach_the_loss(batch: Batch, labels: Batch) -> None:
    model = _model().eval()
    out = model(**batch, **labels, sample_weight=torch.tensor([1.0, 0.0]), loss_weights={"tia": 0.5})
    assert {name: count.item() for name, count in out.counts.items()} == {"mvlm": 2, "tia": 3, "tim": 1}
    weighted = out.losses["mvlm"] + 0.5 * out.losses["tia"] + out.losses["tim"]
    torch.testing.assert_close(out.loss, weighted)
    doubled = {name: torch.tensor(2.0) * count for name, count in out.counts.items()}
    half = model(**batch, **labels, sample_weight=torch.tensor([1.0, 0.0]), denominators=doubled)
    torch.testing.assert_close(half.losses["mvlm"], out.losses["mvlm"] / 2)


@pytest.mark.parametrize("name", ["mlm_labels", "tia_labels", "tim_labels"])
def test_label_of_another_shape_is_named(batch: Batch, labels: Batch, name: str) -> None:
    labels[name] = labels[name][:1]
    with pytest.raises(ValueError, match=name):
        _model()(**batch, **labels)


def test_learns_one_batch_by_heart(make_batch: Callable[..., Batch]) -> None:
    batch = make_batch(pages=2, length=16)
    labels = {
        "mlm_labels": torch.where(torch.rand(2, 16) < 0.3, batch["input_ids"], -100),
        "tia_labels": torch.randint(0, 2, (2, 16)),
        "tim_labels": torch.tensor([1, 0]),
    }
    model = _model(hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    history = []
    for _ in range(50):
        out = model(**batch, **labels)
        optimiser.zero_grad()
        out.loss.backward()
        optimiser.step()
        history.append({name: loss.item() for name, loss in out.losses.items()})
    for name in ("mvlm", "tia", "tim"):
        assert history[-1][name] < 0.5 * history[0][name], history[-1]


def test_same_seed_same_course(batch: Batch, labels: Batch) -> None:
    losses = []
    for _ in range(2):
        torch.manual_seed(7)
        model = _model()
        optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3)
        for _ in range(3):
            loss = model(**batch, **labels).loss
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        losses.append(loss.item())
    assert losses[0] == losses[1]
