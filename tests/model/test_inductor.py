"""The code that torch generates for a whole training step, compiled and run on this processor."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch._dynamo.utils import counters

from model import LayoutLMv2ForPreTraining, preset
from model.compiling import compiled

Batch = dict[str, Tensor]


@pytest.mark.engines  # compiling some sixty C++ files takes one to four minutes
@pytest.mark.timeout(900)
@pytest.mark.skipif(not (shutil.which("g++") or shutil.which("clang++")), reason="needs a C++ compiler")
def test_generated_code_trains_as_the_model_does(
    make_batch: Callable[..., Batch], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same losses and gradients, one graph without breaks for any number of masked tokens.

    Frozen norms: over two random pictures those that learn would blow up rounding in the gradients before them.
    """
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    torch.compiler.reset()
    counters.clear()
    changes = {"num_hidden_layers": 1, "visual_norm": "frozen"}
    without_dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    model = LayoutLMv2ForPreTraining(preset("tiny", **changes, **without_dropout)).train()
    graph = compiled(model)
    for masked in (5, 1, 9):
        batch = make_batch()
        labels = torch.full((24,), -100)
        labels[torch.randperm(24)[:masked]] = 7
        batch |= {"mlm_labels": labels.view(2, 12), "tia_labels": torch.randint(0, 2, (2, 12)),
                  "tim_labels": torch.tensor([1, 0])}  # fmt: skip
        (loss, gradients), (expected, others) = (_trained(run, model, batch) for run in (graph, model))
        torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)
        for name, gradient in gradients.items():
            scale = others[name].abs().max().item()
            close = {"rtol": 1e-4, "atol": 1e-4 * scale + 1e-6}  # sums that nearly cancel, as a bias of one number
            torch.testing.assert_close(gradient, others[name], **close, msg=lambda text, name=name: f"{name}: {text}")
    assert not counters["graph_break"]
    assert counters["stats"]["unique_graphs"] == 1
    assert any(tmp_path.rglob("*.so"))  # code was generated, and it is this that ran


def _trained(
    run: Callable[..., object], model: LayoutLMv2ForPreTraining, batch: Batch
) -> tuple[Tensor, dict[str, Tensor]]:
    model.zero_grad()
    loss = run(**batch).loss  # type: ignore[attr-defined]
    loss.backward()
    return loss.detach(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
