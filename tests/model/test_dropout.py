"""The cheap dropout is dropout."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.dropout import Dropout, keep_mask


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 0.99), st.integers(0, 2**32 - 1))
def test_any_probability_is_met(probability: float, seed: int) -> None:
    torch.manual_seed(seed)
    keep, factor = keep_mask(torch.Size([40_001]), probability, torch.device("cpu"))
    assert factor == pytest.approx(1 / (1 - probability), abs=2e-5 / (1 - probability) ** 2)
    share = (~keep).float().mean().item()
    assert abs(share - probability) < 6 * (probability * (1 - probability) / 40_001) ** 0.5


def test_neighbours_are_independent() -> None:
    """Four elements come from one number."""
    keep, _ = keep_mask(torch.Size([100_000, 4]), 0.5, torch.device("cpu"))
    rows = keep.float() - 0.5
    correlation = rows.T @ rows / 25_000
    assert (correlation - torch.eye(4)).abs().max() < 0.02


def test_what_is_kept_is_scaled_in_training_only() -> None:
    layer, states = Dropout(0.25), torch.ones(1000, requires_grad=True)
    out = layer(states)
    assert out.unique().tolist() == [0.0, pytest.approx(4 / 3)]
    out.sum().backward()
    assert torch.equal(states.grad, out.detach())
    assert layer.eval()(states) is states
    assert Dropout(0.0)(states) is states


def test_a_seed_repeats_it() -> None:
    layer = Dropout(0.5)
    torch.manual_seed(3)
    first = layer(torch.ones(100))
    assert not torch.equal(layer(torch.ones(100)), first)
    torch.manual_seed(3)
    assert torch.equal(layer(torch.ones(100)), first)
