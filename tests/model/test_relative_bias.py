"""Buckets, the look-up, and the gradient of the three tables against a one-hot product in float64."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import one_hot

from model import preset
from model.embeddings import grid_boxes
from model.encoder import Encoder
from model.relative_bias import RelativeBias, bucket, bucket_table

# First distance of each bucket after the exact ones, from the released model.
STARTS = {
    (32, 128): (8, [8, 12, 16, 23, 32, 46, 64, 91]),
    (64, 256): (16, [16, 20, 23, 27, 32, 39, 46, 54, 64, 77, 91, 108, 128, 153, 182, 216]),
}


@pytest.mark.parametrize(("bins", "most"), STARTS)
def test_buckets_start_where_the_released_model_has_them(bins: int, most: int) -> None:
    exact, starts = STARTS[bins, most]
    for distance in range(exact):
        assert bucket(-distance, bins, most) == distance
    for number, start in enumerate(starts, exact):
        assert bucket(-start, bins, most) == number
        assert bucket(1 - start, bins, most) == number - 1
    assert bucket(-1000, bins, most) == bins // 2 - 1


@pytest.mark.parametrize(("bins", "most"), STARTS)
@given(st.integers(1, 2000))
def test_positive_differences_use_the_upper_half(bins: int, most: int, distance: int) -> None:
    assert bucket(distance, bins, most) == bucket(-distance, bins, most) + bins // 2


@given(st.integers(1, 6), st.integers(2, 60), st.integers(0, 3000))
def test_bucket_agrees_with_the_logarithm_off_the_boundaries(quarter: int, factor: int, distance: int) -> None:
    bins, most = 4 * quarter, quarter * factor
    found = bucket(-distance, bins, most)
    if distance < quarter:
        assert found == distance
        return
    step = math.log(distance / quarter) / math.log(most / quarter) * quarter
    expected = {min(quarter + math.floor(step + error), 2 * quarter - 1) for error in (-1e-9, 1e-9)}
    assert found in expected


def test_table_covers_all_differences() -> None:
    table = bucket_table(32, 128, 511)
    assert table.shape == (1023,)
    assert table[511] == 0
    assert sorted(set(range(32)) - set(table.tolist())) == [16]  # "after the query, at distance 0" cannot be


def test_look_up_is_key_minus_query() -> None:
    bias = RelativeBias(heads=2, bins=32, max_distance=128, radius=20)
    with torch.no_grad():
        bias.weight.copy_(torch.arange(64.0).view(2, 32))
    found = bias(torch.tensor([[3, 10, 3]]))
    assert found.shape == (1, 2, 3, 3)
    assert found[0, 0].tolist() == [[0, 23, 0], [7, 0, 7], [0, 23, 0]]  # 16 + 7 where the key comes later
    assert torch.equal(found[0, 1], found[0, 0] + 32)


def test_all_three_tables_get_the_gradient_of_a_one_hot_product() -> None:
    encoder = Encoder(preset("tiny", num_attention_heads=4)).double()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter)
    low = torch.randint(0, 500, (2, 30, 2))
    bbox = torch.cat([torch.cat([low, low + 500], -1), grid_boxes(7, 7).expand(2, -1, -1)], dim=1)
    positions = torch.cat([torch.arange(30), torch.arange(49)])[None]
    keep = torch.ones(2, 79, dtype=torch.bool)
    keep[1, 20:30] = False
    upstream = torch.randn(2, 4, 79, 79, dtype=torch.float64)
    encoder.attention_bias(keep, bbox, positions, torch.float64).backward(upstream)

    upstream = upstream.masked_fill(~keep[:, None, None, :], 0)
    places = {"rel_pos_bias": positions.expand(2, -1), "rel_pos_x_bias": bbox[..., 0], "rel_pos_y_bias": bbox[..., 3]}
    for name, place in places.items():
        table = getattr(encoder, name)
        bins, most = (32, 128) if name == "rel_pos_bias" else (64, 256)
        difference = place[:, None, :] - place[:, :, None]
        buckets = difference.clone().apply_(lambda d, bins=bins, most=most: bucket(d, bins, most))
        expected = torch.einsum("bhij,bijn->hn", upstream, one_hot(buckets, bins).double())
        torch.testing.assert_close(table.weight.grad, expected, rtol=1e-12, atol=1e-12)
        assert table.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kernel", ["own", "torch"])
def test_under_bfloat16_the_tables_accumulate_in_float32(kernel: str) -> None:
    """The layers' gradients are rounded to bfloat16 once each; adding them up in it would lose nearly all.

    Against the same encoder in float64, on upstream gradients of one sign, which is where a sum stops growing.
    """
    torch.manual_seed(0)
    config = preset("tiny", attention=kernel, attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0)
    exact, encoder = Encoder(config).double(), Encoder(config)
    for parameter in exact.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    encoder.load_state_dict(exact.state_dict())
    bbox = torch.randint(0, 60, (4, 200, 2)).repeat(1, 1, 2)
    places = (torch.ones(4, 200, dtype=torch.bool), bbox, torch.arange(200)[None])
    upstream = torch.rand(4, 2, 200, 200, dtype=torch.float64)
    exact.attention_bias(*places, torch.float64).backward(upstream)
    bias = encoder.attention_bias(*places, torch.bfloat16)
    assert bias.dtype == torch.bfloat16
    bias.backward(upstream.bfloat16())
    hidden = torch.randn(4, 200, 32)
    for name in ("rel_pos_bias", "rel_pos_x_bias", "rel_pos_y_bias"):
        found, expected = (getattr(one, name).weight.grad.double() for one in (encoder, exact))
        assert (found - expected).norm() / expected.norm() < 1e-3, name
    gradients = []
    for one in (exact, encoder):
        one.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=one is encoder):
            out = one(hidden.to(next(one.parameters()).dtype), *places)
        out.double().pow(3).sum().backward()
        gradients.append(
            [getattr(one, n).weight.grad.double() for n in ("rel_pos_bias", "rel_pos_x_bias", "rel_pos_y_bias")]
        )
    for wanted, found in zip(*gradients, strict=True):
        assert (found - wanted).norm() / wanted.norm() < 0.1  # the states themselves are rounded, layer by layer


def test_a_table_in_bfloat16_is_read_in_float32() -> None:
    bias = RelativeBias(heads=1, bins=32, max_distance=128, radius=600).bfloat16()
    torch.nn.init.normal_(bias.weight)
    out = bias(torch.arange(512)[None])
    assert out.dtype == torch.float32
    out.backward(torch.ones_like(out))
    counts = torch.zeros(32)
    for difference in range(-511, 512):
        counts[bucket(difference, 32, 128)] += 512 - abs(difference)
    torch.testing.assert_close(bias.weight.grad[0].float(), counts, rtol=0.01, atol=1)


def test_corner_of_the_boxes() -> None:
    """The released code compares lower edges, the paper upper ones."""
    bbox = torch.tensor([[[0, 0, 10, 100], [0, 50, 10, 100]]])  # two boxes that end on one line
    keep, positions = torch.ones(1, 2, dtype=torch.bool), torch.arange(2)[None]
    for corner, same in (("released", True), ("paper", False)):
        encoder = Encoder(preset("tiny", relative_2d_corner=corner, has_relative_attention_bias=False))
        torch.nn.init.normal_(encoder.rel_pos_x_bias.weight)
        torch.nn.init.normal_(encoder.rel_pos_y_bias.weight)
        bias = encoder.attention_bias(keep, bbox, positions, torch.float32)
        assert bool((bias == bias[..., :1, :1]).all()) == same
