"""Attention against the formula, written out."""

from __future__ import annotations

import pytest
import torch

from model import LayoutLMv2Model, preset
from model.attention import SelfAttention
from model.encoder import Encoder


@pytest.mark.parametrize("fast_qkv", [True, False])
def test_attention_is_softmax_of_scaled_scores_plus_unscaled_bias(fast_qkv: bool) -> None:
    attention = SelfAttention(preset("tiny", fast_qkv=fast_qkv)).double().eval()
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    hidden, bias = torch.randn(2, 9, 32, dtype=torch.float64), torch.randn(2, 2, 9, 9, dtype=torch.float64)
    query, key, value = (part.view(2, 9, 2, 16).transpose(1, 2) for part in attention._project(hidden))
    weights = (query / 4 @ key.transpose(-1, -2) + bias).softmax(-1)
    expected = (weights @ value).transpose(1, 2).reshape(2, 9, 32)
    torch.testing.assert_close(attention(hidden, bias), expected)


def test_fast_qkv_has_no_key_bias() -> None:
    attention = SelfAttention(preset("tiny"))
    with torch.no_grad():
        attention.q_bias.fill_(1)
        attention.v_bias.fill_(2)
    query, key, value = attention._project(torch.zeros(1, 3, 32))
    assert (query.unique().item(), key.unique().item(), value.unique().item()) == (1, 0, 2)


def test_dropout_acts_in_training_only() -> None:
    attention = SelfAttention(preset("tiny", attention_probs_dropout_prob=0.5))
    hidden = torch.randn(1, 9, 32)
    assert not torch.equal(attention(hidden, None), attention(hidden, None))
    attention.eval()
    assert torch.equal(attention(hidden, None), attention(hidden, None))


@pytest.mark.parametrize("flags", [(True, True), (True, False), (False, True), (False, False)])
def test_padded_keys_change_nothing(flags: tuple[bool, bool]) -> None:
    config = preset("tiny", has_relative_attention_bias=flags[0], has_spatial_attention_bias=flags[1])
    encoder = Encoder(config).eval()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    keep = torch.tensor([[True, True, False, True, False]])
    bbox, positions = torch.randint(0, 1001, (1, 5, 4)), torch.arange(5)[None]
    hidden = torch.randn(1, 5, 32)
    other = torch.where(keep[..., None], hidden, torch.randn(1, 5, 32))
    first, second = (encoder(states, keep, bbox, positions) for states in (hidden, other))
    torch.testing.assert_close(first[keep], second[keep])
    assert not torch.allclose(first[~keep], second[~keep])


def test_page_without_any_real_token_has_no_nan(batch: dict[str, torch.Tensor]) -> None:
    model = LayoutLMv2Model(preset("tiny"))
    batch["attention_mask"][1] = 0
    out = model(**batch)
    out.last_hidden_state.square().sum().backward()
    assert out.last_hidden_state.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
    # A sequence in which not even a visual token is kept.
    keep = torch.zeros(2, 5, dtype=torch.bool)
    places = (torch.zeros(2, 5, 4, dtype=torch.long), torch.arange(5)[None])
    assert model.encoder(torch.randn(2, 5, 32), keep, *places).isfinite().all()
    # Torch's own kernels differ in what they make of a row of minus infinity.
    assert model.encoder.attention_bias(keep, *places, torch.float16).isfinite().all()


def test_bias_is_built_once_and_every_layer_adds_it(
    batch: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LayoutLMv2Model(preset("tiny", num_hidden_layers=3)).eval()
    built, used = [], []
    build = model.encoder.attention_bias
    monkeypatch.setattr(model.encoder, "attention_bias", lambda *args: built.append(build(*args)) or built[-1])
    for layer in model.encoder.layer:
        layer.attention.self.register_forward_pre_hook(lambda _, args: used.append(args[1]))
    model(**batch)
    assert len(built) == 1
    assert len(used) == 3
    assert all(bias is built[0] for bias in used)


def test_own_positions_of_each_page_are_respected(batch: dict[str, torch.Tensor]) -> None:
    model = LayoutLMv2Model(preset("tiny")).eval()
    default = model(**batch).last_hidden_state
    plain = torch.arange(12).expand(2, -1)
    torch.testing.assert_close(model(**batch, position_ids=plain).last_hidden_state, default)
    shifted = plain.clone()
    shifted[1, 6:] += 40
    moved = model(**batch, position_ids=shifted).last_hidden_state
    torch.testing.assert_close(moved[0], default[0])
    second = {name: tensor[1:] for name, tensor in batch.items()}
    torch.testing.assert_close(model(**second, position_ids=shifted[1:]).last_hidden_state[0], moved[1])
    assert not torch.allclose(moved[1], default[1])


def test_autocast_runs_and_trains_the_tables(batch: dict[str, torch.Tensor]) -> None:
    model = LayoutLMv2Model(preset("tiny"))
    with torch.autocast("cpu", torch.bfloat16):
        out = model(**batch).last_hidden_state
    out.float().square().sum().backward()
    for name in ("rel_pos_bias", "rel_pos_x_bias", "rel_pos_y_bias"):
        assert getattr(model.encoder, name).weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kernel", ["torch", "own"])
@pytest.mark.parametrize("biases", [True, False])
def test_aligned_rows_change_no_number(monkeypatch: pytest.MonkeyPatch, kernel: str, biases: bool) -> None:
    """What a GPU gets, here: outputs and gradients are bit by bit those of a bias that is packed."""
    flags = {"has_relative_attention_bias": biases, "has_spatial_attention_bias": biases}
    encoder = Encoder(preset("tiny", attention=kernel, attention_probs_dropout_prob=0.0, **flags)).double().eval()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    low = torch.randint(0, 500, (2, 13, 2))
    keep = torch.ones(2, 13, dtype=torch.bool)
    keep[1, 7:] = False
    places = (keep, torch.cat([low, low + 400], -1), torch.arange(13)[None])
    hidden = torch.randn(2, 13, 32, dtype=torch.float64, requires_grad=True)
    results = []
    for aligned in (False, True):
        monkeypatch.setattr("model.encoder._pays_to_align", lambda _bias, aligned=aligned: aligned)
        bias = encoder.attention_bias(*places, torch.float64)
        assert bias.shape[-1] == 13
        assert bias.stride(-1) == 1
        assert all(stride % 8 == 0 for stride in bias.stride()[:-1]) == aligned
        out = encoder(hidden, *places)
        learning = [hidden, *encoder.parameters()]
        results.append([bias, out, *torch.autograd.grad(out.pow(3).sum(), learning)])
    for packed, other in zip(*results, strict=True):
        assert torch.equal(packed, other)
