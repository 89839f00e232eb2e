"""Computing layers again instead of keeping them changes memory and time, nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from model import LayoutLMv2ForPreTraining, preset

Batch = dict[str, Tensor]


@pytest.mark.parametrize("kernel", ["own", "torch"])
def test_gradients_are_the_same_bits_with_dropout(batch: Batch, labels: Batch, kernel: str) -> None:
    model = LayoutLMv2ForPreTraining(preset("tiny", attention=kernel)).train()
    gradients, ran = [], []
    model.layoutlmv2.encoder.layer[0].register_forward_pre_hook(lambda *_: ran.append(1))
    for enable in (False, True):
        (model.gradient_checkpointing_enable if enable else model.gradient_checkpointing_disable)()
        model.zero_grad()
        torch.manual_seed(4)
        model(**batch, **labels).loss.backward()
        gradients.append({name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad})
    assert len(ran) == 3  # once, then once and again
    assert all(torch.equal(gradients[0][name], gradients[1][name]) for name in gradients[0])
    ran.clear()
    model.eval()(**batch, **labels)
    assert len(ran) == 1
