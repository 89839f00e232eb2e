"""AdamW's groups and the rate's course."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from jobs.train.config import OptimConfig
from jobs.train.optim import make_optimizer, make_schedule
from model import LayoutLMv2ForPreTraining, preset


@pytest.mark.parametrize("fast_qkv", [True, False])
def test_matrices_decay_and_biases_and_norms_do_not(fast_qkv: bool) -> None:
    model = LayoutLMv2ForPreTraining(preset("tiny", fast_qkv=fast_qkv))
    optimizer = make_optimizer(model, OptimConfig(weight_decay=0.01))
    names = {id(p): name for name, p in model.named_parameters()}
    decayed, kept = ({names[id(p)] for p in group["params"]} for group in optimizer.param_groups)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.01, 0.0]
    assert decayed | kept == {name for name, p in model.named_parameters() if p.requires_grad}
    assert not decayed & kept
    assert not [name for name in decayed if name.endswith("bias") or "norm" in name.lower()]
    assert any("word_embeddings.weight" in name for name in decayed)
    assert any("conv1.weight" in name for name in decayed)
    assert any(name.endswith("norm.weight") for name in kept)
    assert any(("q_bias" if fast_qkv else "query.bias") in name for name in kept)


def test_what_does_not_learn_is_left_out() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].weight.requires_grad_(False)
    optimizer = make_optimizer(model, OptimConfig())
    assert sum(len(group["params"]) for group in optimizer.param_groups) == 3


def test_decay_and_betas_reach_the_optimiser() -> None:
    model = nn.Linear(2, 2)
    optimizer = make_optimizer(model, OptimConfig(learning_rate=0.1, weight_decay=0.5, betas=(0.8, 0.9)))
    before = model.weight.detach().clone(), model.bias.detach().clone()
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert torch.allclose(model.weight, before[0] * (1 - 0.1 * 0.5))
    assert torch.equal(model.bias, before[1])
    assert {group["betas"] for group in optimizer.param_groups} == {(0.8, 0.9)}


def _rates(steps: int, warmup: float, done: int = 0) -> list[float]:
    """The rate of each step from `done` on, for a highest rate of one."""
    config = OptimConfig(learning_rate=1.0, warmup=warmup)
    optimizer = make_optimizer(nn.Linear(2, 2), config)
    schedule = make_schedule(optimizer, config, steps, done)
    rates = []
    for _ in range(done, steps):
        rates.append(schedule.get_last_lr()[0])
        assert {group["lr"] for group in optimizer.param_groups} == {rates[-1]}
        optimizer.step()
        schedule.step()
    return rates


def test_linear_up_and_linear_down() -> None:
    assert _rates(10, 0.2) == pytest.approx([0.5, 1.0, 1.0, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])
    assert _rates(4, 0.0) == pytest.approx([1.0, 1.0, 2 / 3, 1 / 3])
    assert _rates(4, 1.0) == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert _rates(1, 0.1) == [1.0]


@given(st.integers(1, 60), st.floats(0, 1), st.data())
def test_any_resumed_course_is_the_uninterrupted_one(steps: int, warmup: float, data: st.DataObject) -> None:
    done = data.draw(st.integers(0, steps))
    whole = _rates(steps, warmup)
    assert _rates(steps, warmup, done) == whole[done:]
    assert all(0 < rate <= 1 for rate in whole)
    assert max(whole) == pytest.approx(1.0, abs=1 / steps)
