"""The losses on tensors made by hand."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from model.objectives import OBJECTIVES, pretraining_loss, target_totals

I = -100  # noqa: E741


def _by_hand() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Logits of 0 or of log 3, so that every probability is a simple fraction."""
    three = math.log(3)
    logits = {
        "mvlm": torch.tensor([[0.0, 0, 0, 0], [three, 0, 0, 0]]),
        "tia": torch.tensor([[three, 0.0, 9], [-three, 7, 0]]),
        "tim": torch.tensor([three, three]),
    }
    labels = {
        "mvlm": torch.tensor([[I, 2, I], [0, I, I]]),
        "tia": torch.tensor([[1, 0, I], [1, I, I]]),
        "tim": torch.tensor([1, 0]),
    }
    return logits, labels


def test_losses_by_hand() -> None:
    found = pretraining_loss(*_by_hand())
    # Words: 1/4 and 3/6. Covers: 3/4, 1/2, 1/4. Pictures: 3/4 and 1/4.
    expected = {
        "mvlm": (math.log(4) + math.log(2)) / 2,
        "tia": (math.log(4 / 3) + math.log(2) + math.log(4)) / 3,
        "tim": (math.log(4 / 3) + math.log(4)) / 2,
    }
    for name in OBJECTIVES:
        assert found.losses[name].item() == pytest.approx(expected[name], rel=1e-6)
    assert {name: count.item() for name, count in found.counts.items()} == {"mvlm": 2, "tia": 3, "tim": 2}
    assert all(count.dtype == torch.int64 for count in found.counts.values())
    assert found.loss.item() == pytest.approx(sum(expected.values()), rel=1e-6)
    assert found.sums["tia"].item() == pytest.approx(3 * expected["tia"], rel=1e-6)


def test_loss_weights() -> None:
    found = pretraining_loss(*_by_hand(), loss_weights={"tim": 0.0, "tia": 2.0})
    assert found.loss.item() == pytest.approx((found.losses["mvlm"] + 2 * found.losses["tia"]).item(), rel=1e-6)
    with pytest.raises(ValueError, match="loss_weights names mlm"):
        pretraining_loss(*_by_hand(), loss_weights={"mlm": 1.0})


@pytest.mark.parametrize("name", OBJECTIVES)
def test_without_targets_a_loss_is_exactly_zero_and_still_in_the_graph(name: str) -> None:
    logits, labels = _by_hand()
    labels[name] = torch.full_like(labels[name], I)
    if name == "mvlm":
        logits[name] = logits[name][:0]
    logits[name].requires_grad_()
    found = pretraining_loss(logits, labels)
    assert found.losses[name].item() == 0
    assert found.counts[name].item() == 0
    found.loss.backward()
    assert logits[name].grad is not None
    assert not logits[name].grad.any()


def test_page_of_weight_zero_is_not_there() -> None:
    logits, labels = _by_hand()
    found = pretraining_loss(logits, labels, sample_weight=torch.tensor([0.0, 1.0]))
    alone = pretraining_loss(
        {"mvlm": logits["mvlm"][1:], "tia": logits["tia"][1:], "tim": logits["tim"][1:]},
        {name: targets[1:] for name, targets in labels.items()},
    )
    for name in OBJECTIVES:
        torch.testing.assert_close(found.losses[name], alone.losses[name])
        assert found.counts[name] == alone.counts[name]


def test_weight_counts_in_numerator_and_denominator() -> None:
    logits, labels = _by_hand()
    found = pretraining_loss(logits, labels, sample_weight=torch.tensor([1.0, 0.5]))
    assert found.losses["tim"].item() == pytest.approx((math.log(4 / 3) + 0.5 * math.log(4)) / 1.5, rel=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=6, max_size=6), st.integers(0, 2**32 - 1))
def test_any_split_over_ranks_gives_the_same_loss(rank_of_page: list[int], seed: int) -> None:
    """Totals added up over ranks as denominators: the sum over ranks is the loss of the whole batch."""
    draw = torch.Generator().manual_seed(seed)
    labels = {
        "mvlm": torch.randint(-2, 9, (6, 5), generator=draw),
        "tia": torch.randint(-1, 2, (6, 5), generator=draw),
        "tim": torch.randint(-1, 2, (6,), generator=draw),
    }
    labels = {name: targets.masked_fill(targets < 0, I) for name, targets in labels.items()}
    scores = {name: torch.randn((*targets.shape, 9), generator=draw) for name, targets in labels.items()}
    weight = torch.rand(6, generator=draw)

    def part(pages: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor], Tensor]:
        chosen = {name: targets[pages] for name, targets in labels.items()}
        logits = {"tia": scores["tia"][pages][..., 0], "tim": scores["tim"][pages][..., 0]}
        logits["mvlm"] = scores["mvlm"][pages][chosen["mvlm"] != I]
        return logits, chosen, weight[pages]

    totals = target_totals(labels, weight)
    ranks = [torch.tensor([rank == r for rank in rank_of_page]) for r in range(4)]
    losses = [pretraining_loss(*part(pages), denominators=totals).loss for pages in ranks if pages.any()]
    torch.testing.assert_close(torch.stack(losses).sum(), pretraining_loss(*part(torch.ones(6) > 0)).loss)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("mvlm", 4, r"mvlm are 0..4 .* 0..3"), ("tia", 2, r"tia are 1..2 .* 0..1"), ("tim", -1, r"tim are -1..1")],
)
def test_label_outside_its_range_is_named(name: str, value: int, message: str) -> None:
    logits, labels = _by_hand()
    labels[name].view(-1)[1] = value
    with pytest.raises(ValueError, match=message):
        pretraining_loss(logits, labels)


@pytest.mark.parametrize("weight", [[1.0], [1.0, -1.0], [1.0, math.nan]])
def test_impossible_weight_is_refused(weight: list[float]) -> None:
    with pytest.raises(ValueError, match="sample_weight"):
        pretraining_loss(*_by_hand(), sample_weight=torch.tensor(weight))


def test_unknown_objective_is_refused() -> None:
    with pytest.raises(ValueError, match="'itm'"):
        pretraining_loss({"itm": torch.zeros(2)}, {"itm": torch.zeros(2)})


def test_losses_are_float32_whatever_the_logits() -> None:
    logits, labels = _by_hand()
    found = pretraining_loss({name: values.bfloat16() for name, values in logits.items()}, labels)
    assert all(loss.dtype == torch.float32 for loss in found.losses.values())
