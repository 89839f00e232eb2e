"""Operations against what torch counts while the model runs."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from model import LayoutLMv2ForPreTraining, LayoutLMv2Model, preset
from model.flops import backbone_flops, encoder_flops, parameter_count, pretraining_flops


@pytest.mark.parametrize("name", ["tiny", "small"])
@pytest.mark.parametrize("tim_head", ["pooler", "cls"])
def test_operations_are_those_that_torch_counts(name: str, tim_head: str) -> None:
    config = preset(name, vocab_size=200, tim_head=tim_head, attention="own")
    model = LayoutLMv2ForPreTraining(config).eval()
    ids = torch.zeros(1, 30, dtype=torch.long)
    labels = torch.full((1, 30), -100).index_fill_(1, torch.arange(5), 7)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(ids, torch.zeros(1, 30, 4, dtype=torch.long), torch.zeros(1, 3, 224, 224), mlm_labels=labels)
    assert pretraining_flops(config, 30, 5).total == counter.get_total_flops()


def test_base_is_as_published() -> None:
    """Measured on the reference: 37.3 billion for a picture, 95.3 and 11.6 for the encoder at 561 tokens."""
    base = preset("base")
    assert backbone_flops(base) / 1e9 == pytest.approx(37.3, abs=0.05)
    assert encoder_flops(base, 512) / 1e9 == pytest.approx(95.3 + 11.6, abs=0.1)
    assert pretraining_flops(base, 512, 77).heads / 1e9 == pytest.approx(3.7, abs=0.1)
    padded, real = pretraining_flops(base, 512, 30), pretraining_flops(base, 200, 30)
    assert padded.training > real.training == 3 * (real.encoder + real.backbone + real.heads)


@pytest.mark.parametrize(
    ("tokens", "masked", "name"), [(0, 0, "tokens"), (513, 0, "tokens"), (10, 11, "masked"), (10, -1, "masked")]
)
def test_impossible_numbers_are_named(tokens: int, masked: int, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is"):
        pretraining_flops(preset("base"), tokens, masked)


def test_sizes_are_those_of_the_paper() -> None:
    with torch.device("meta"):
        base = LayoutLMv2Model(preset("base", visual_norm="frozen"))
        large = LayoutLMv2Model(preset("large", visual_norm="frozen", fast_qkv=True))
        learning = LayoutLMv2Model(preset("base"))
    assert parameter_count(base) == 200_081_984
    assert parameter_count(large) == 425_967_296
    assert parameter_count(learning) == 200_081_984 + 202_880  # scale and shift of the norms
