"""What computes attention: all agree, each can be forced, and none loses a gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model import LayoutLMv2Model, preset
from model.attention import attend, kernels_that_train
from model.own_attention import own_attention


def _parts(dtype: torch.dtype = torch.float64, length: int = 11) -> list[Tensor]:
    shapes = [(2, 3, length, 8)] * 3 + [(2, 3, length, length)]
    return [torch.randn(shape, dtype=dtype, requires_grad=True) for shape in shapes]


@pytest.mark.parametrize("kernel", ["own", "flex", "auto"])
def test_kernels_agree_with_torchs(kernel: str) -> None:
    parts = _parts()
    upstream = torch.randn(2, 3, 11, 8, dtype=torch.float64)
    expected = attend(*parts, 0.0, "torch")
    wanted = torch.autograd.grad(expected, parts, upstream)
    if kernel == "flex":  # on a CPU it has no backward pass
        with torch.no_grad():
            torch.testing.assert_close(attend(*(part.detach() for part in parts), 0.0, "flex"), expected)
        return
    found = attend(*parts, 0.0, kernel)
    torch.testing.assert_close(found, expected)
    for gradient, other in zip(torch.autograd.grad(found, parts, upstream), wanted, strict=True):
        torch.testing.assert_close(gradient, other)


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_own_backward_is_the_derivative(dropout: float) -> None:
    """By differences, with the same draw of dropout each time."""

    def run(*parts: Tensor) -> Tensor:
        torch.manual_seed(5)
        return own_attention(*parts, dropout)

    parts = [part.detach()[:, :2, :, :3].requires_grad_() for part in _parts(length=3)]
    assert torch.autograd.gradcheck(run, parts)


def test_own_dropout_keeps_the_mean() -> None:
    query, key, value, bias = (part.detach() for part in _parts())
    expected = own_attention(query, key, value, bias, 0.0)
    mean = torch.stack([own_attention(query, key, value, bias, 0.3) for _ in range(3000)]).mean(0)
    torch.testing.assert_close(mean, expected, rtol=0, atol=0.08)


def test_bias_may_be_absent_or_of_one_row() -> None:
    query, key, value, _ = (part.detach() for part in _parts())
    torch.testing.assert_close(
        own_attention(query, key, value, None, 0.0), attend(query, key, value, None, 0.0, "torch")
    )
    row = torch.randn(2, 1, 1, 11, dtype=torch.float64)
    torch.testing.assert_close(own_attention(query, key, value, row, 0.0), attend(query, key, value, row, 0.0, "torch"))


def test_flex_is_refused_where_there_should_be_dropout(batch: dict[str, Tensor]) -> None:
    model = LayoutLMv2Model(preset("tiny", attention="flex"))
    with pytest.raises(ValueError, match=r"attention is 'flex'.*attention_probs_dropout_prob is 0\.1"):
        model.train()(**batch)
    expected = LayoutLMv2Model(preset("tiny", attention="torch")).eval()
    expected.load_state_dict(model.state_dict())
    with torch.no_grad():
        out = model.eval()(**batch).last_hidden_state
        torch.testing.assert_close(out, expected(**batch).last_hidden_state, rtol=1e-4, atol=1e-4)


def test_cudnn_is_off_where_the_bias_learns() -> None:
    """Its backward pass gives the mask no gradient: the tables would silently stay as they are."""
    learns = torch.zeros(1, requires_grad=True)
    with kernels_that_train(learns):
        assert not torch.backends.cuda.cudnn_sdp_enabled()
        assert not torch.backends.cuda.flash_sdp_enabled()
        assert torch.backends.cuda.mem_efficient_sdp_enabled()
    before = torch.backends.cuda.cudnn_sdp_enabled()
    with kernels_that_train(learns.detach()):
        assert torch.backends.cuda.cudnn_sdp_enabled() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("kernel", ["torch", "own"])
def test_tables_learn_on_a_gpu(batch: dict[str, Tensor], kernel: str) -> None:
    model = LayoutLMv2Model(preset("tiny", attention=kernel)).cuda()
    with torch.autocast("cuda", torch.bfloat16):
        out = model(**{name: values.cuda() for name, values in batch.items()}).last_hidden_state
    out.float().square().sum().backward()
    for name in ("rel_pos_bias", "rel_pos_x_bias", "rel_pos_y_bias"):
        assert getattr(model.encoder, name).weight.grad.abs().sum() > 0


@pytest.mark.parametrize("kernel", ["own", "torch"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_padding_weighs_exactly_nothing(batch: dict[str, Tensor], kernel: str, dtype: torch.dtype) -> None:
    """Whatever stands in padded places, the real tokens' states are the same to the last bit."""
    model = LayoutLMv2Model(preset("tiny", attention=kernel)).eval()
    other = {name: values.clone() for name, values in batch.items()}
    padded = batch["attention_mask"] == 0
    other["input_ids"][padded] = 77
    other["bbox"][padded] = torch.tensor([1, 2, 900, 1000])
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        first, second = (model(**values).last_hidden_state[:, :12] for values in (batch, other))
    assert torch.equal(first[~padded], second[~padded])
    assert not torch.equal(first[padded], second[padded])


@pytest.mark.parametrize("kernel", ["own", "torch"])
@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_row_of_padding_alone_has_no_nan_in_bfloat16(batch: dict[str, Tensor], kernel: str, dropout: float) -> None:
    model = LayoutLMv2Model(preset("tiny", attention=kernel, attention_probs_dropout_prob=dropout)).train()
    batch["attention_mask"][1] = 0
    with torch.autocast("cpu", torch.bfloat16):
        out = model(**batch).last_hidden_state
    out.float().square().sum().backward()
    assert out.isfinite().all()
    assert all(parameter.grad.isfinite().all() for parameter in model.parameters() if parameter.grad is not None)
    # And where not even a visual token is kept.
    keep = torch.zeros(2, 5, dtype=torch.bool)
    places = (torch.zeros(2, 5, 4, dtype=torch.long), torch.arange(5)[None])
    encoder = model.encoder.to(torch.bfloat16)
    assert encoder(torch.randn(2, 5, 32, dtype=torch.bfloat16), keep, *places).isfinite().all()
