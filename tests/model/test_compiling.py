"""One graph, no breaks, same numbers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from model import (
    LayoutLMv2ForPreTraining,
    LayoutLMv2ForRelationExtraction,
    LayoutLMv2ForTokenClassification,
    preset,
)
from model.compiling import compiled

Batch = dict[str, Tensor]


@pytest.fixture(autouse=True)
def _fresh() -> None:
    torch.compiler.reset()


@pytest.mark.parametrize(("norm", "backend"), [("frozen", "aot_eager"), ("synchronised", "eager")])
def test_pretraining_is_one_graph(batch: Batch, labels: Batch, norm: str, backend: str) -> None:
    """Traced, with its backward pass in one case; any number of masked tokens. Without a code generator: quicker."""
    config = preset(
        "tiny", num_hidden_layers=1, visual_norm=norm, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    model = LayoutLMv2ForPreTraining(config).train()
    graph = compiled(model, backend=backend)
    for masked in (3, 1):
        if masked == 1:
            labels["mlm_labels"][0] = -100
        results = []
        for run in (graph, model):
            model.zero_grad()
            out = run(**batch, **labels)
            out.loss.backward()
            results.append(
                (out.loss, {name: p.grad.clone() for name, p in model.named_parameters() if p.requires_grad})
            )
        (loss, gradients), (expected, others) = results
        torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
        for name, gradient in gradients.items():
            scale = others[name].abs().max().item()
            torch.testing.assert_close(gradient, others[name], rtol=1e-3, atol=1e-3 * scale + 1e-9, msg=name)


def test_bad_input_is_still_named(batch: Batch) -> None:
    graph = compiled(LayoutLMv2ForTokenClassification(preset("tiny")).eval(), backend="eager")
    batch["bbox"][0, 0, 3] = 1001
    with pytest.raises(ValueError, match="bbox has the value 1001"):
        graph(**batch)


def test_lengths_share_a_graph(make_batch: Callable[..., Batch]) -> None:
    """Buckets of many lengths must not be compiled one by one."""
    model = LayoutLMv2ForTokenClassification(preset("tiny", num_hidden_layers=1)).eval()
    graph = compiled(model, backend="eager", dynamic=True)
    with torch.no_grad(), torch._dynamo.config.patch(error_on_recompile=True):
        for length in (16, 40, 104):
            batch = make_batch(pages=2, length=length)
            torch.testing.assert_close(graph(**batch).logits, model(**batch).logits, rtol=1e-4, atol=1e-5)


def test_of_relation_extraction_the_body_is_one_graph(batch: Batch) -> None:
    model = LayoutLMv2ForRelationExtraction(preset("tiny", num_hidden_layers=1)).eval()
    entities = [{"start": [1, 4], "end": [3, 6], "label": [1, 2]}, {"start": [2], "end": [3], "label": [1]}]
    with torch.no_grad():
        expected = model(**batch, entities=entities)
        graph = compiled(model, backend="eager")
        got = graph(**batch, entities=entities)
        torch.testing.assert_close(got.logits, expected.logits, rtol=1e-5, atol=1e-6)
        with torch._dynamo.config.patch(error_on_recompile=True):
            graph(**batch, entities=entities[::-1])
    assert set(model.state_dict()) == set(LayoutLMv2ForRelationExtraction(model.config).state_dict())
