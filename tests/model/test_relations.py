"""Relation extraction: candidates, loss, predictions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from model import LayoutLMv2ForRelationExtraction, preset
from model.relations import candidate_pairs, relation_loss

Batch = dict[str, Tensor]
ENTITIES = [
    {"start": [1, 3, 6, 8], "end": [3, 6, 8, 9], "label": [1, 2, 2, 0]},
    {"start": [2], "end": [4], "label": [1]},
]


@given(st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=4))
def test_candidates_are_all_questions_with_all_answers_of_a_page(kinds: Sequence[list[int]]) -> None:
    pairs = candidate_pairs([{"label": of_page} for of_page in kinds])
    assert len(set(pairs)) == len(pairs) == sum(of_page.count(1) * of_page.count(2) for of_page in kinds)
    assert all(kinds[page][head] == 1 and kinds[page][tail] == 2 for page, head, tail in pairs)


def test_loss_is_the_sum_over_pages_of_their_means() -> None:
    pairs = [(0, 0, 1), (0, 0, 2), (2, 0, 1)]
    logits = torch.tensor([[0.0, math.log(3)], [0, 0], [math.log(3), 0]])
    relations = [{"head": [0], "tail": [1]}, {"head": [], "tail": []}, {"head": [0], "tail": [1]}]
    expected = (math.log(4 / 3) + math.log(2)) / 2 + math.log(4)
    assert relation_loss(logits, pairs, relations).item() == pytest.approx(expected, rel=1e-6)


def test_names_and_shapes_are_unilms() -> None:
    with torch.device("meta"):
        state = LayoutLMv2ForRelationExtraction(preset("base")).extractor.state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    feed_forward = {"0.weight": (768, 1536), "0.bias": (768,), "3.weight": (384, 768), "3.bias": (384,)}
    assert shapes == {
        "entity_emb.weight": (3, 768),
        **{f"ffnn_head.{name}": shape for name, shape in feed_forward.items()},
        **{f"ffnn_tail.{name}": shape for name, shape in feed_forward.items()},
        "rel_classifier.bilinear.weight": (2, 384, 384),
        "rel_classifier.linear.weight": (2, 768),
        "rel_classifier.linear.bias": (2,),
    }


def test_learns_a_link(batch: Batch) -> None:
    model = LayoutLMv2ForRelationExtraction(preset("tiny", hidden_dropout_prob=0.0, visual_norm="frozen"))
    relations = [{"head": [0], "tail": [2]}, {"head": [], "tail": []}]
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(40):
        loss = model(**batch, entities=ENTITIES, relations=relations).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    out = model.eval()(**batch, entities=ENTITIES)
    assert out.loss is None
    assert out.pairs == [(0, 0, 1), (0, 0, 2)]
    link = {"head_id": 0, "head": (1, 3), "head_type": 1, "tail_id": 2, "tail": (6, 8), "tail_type": 2, "type": 1}
    assert out.pred_relations == [[link], []]


def test_pages_without_candidates_cost_nothing(batch: Batch) -> None:
    model = LayoutLMv2ForRelationExtraction(preset("tiny"))
    nothing = [{"start": [], "end": [], "label": []}] * 2
    out = model(**batch, entities=nothing, relations=[{"head": [], "tail": []}] * 2)
    assert out.loss.item() == 0
    assert out.pred_relations == [[], []]
    out.loss.backward()
    assert all(p.grad is not None for p in model.extractor.parameters())


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        (ENTITIES[:1], "1 pages"),
        ([ENTITIES[0], {"start": [1], "end": [], "label": [1]}], "page 1 .*different lengths"),
        ([ENTITIES[0], {"start": [12], "end": [13], "label": [1]}], "page 1 have one from 12 to 13, outside the 12"),
        ([ENTITIES[0], {"start": [3], "end": [13], "label": [1]}], "page 1 have one from 3 to 13, outside the 12"),
        ([ENTITIES[0], {"start": [3], "end": [2], "label": [1]}], "page 1 have one from 3 to 2"),
        ([ENTITIES[0], {"start": [1.5], "end": [2], "label": [1]}], "page 1 have 1.5 as 'start'"),
        ([ENTITIES[0], {"start": [1], "label": [1]}], "page 1 have no 'end'"),
        ([ENTITIES[0], {"start": [1], "end": [2], "label": [3]}], r"page 1 have labels \[3\]"),
    ],
)
def test_entities_that_do_not_fit_are_named(batch: Batch, entities: list[dict[str, list[int]]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LayoutLMv2ForRelationExtraction(preset("tiny"))(**batch, entities=entities)


@pytest.mark.parametrize(
    ("relations", "message"),
    [
        ([], "relations are for 0 pages, entities for 2"),
        ([{"head": [0], "tail": []}, {"head": [], "tail": []}], "page 0 have lists of different lengths"),
        ([{"head": [], "tail": []}, {"head": [0]}], "page 1 have no 'tail'"),
        ([{"head": [], "tail": []}, {"head": [9], "tail": [0]}], r"page 1 name entities \[9, 0\]"),
    ],
)
def test_relations_that_do_not_fit_are_named(batch: Batch, relations: list[dict[str, list[int]]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LayoutLMv2ForRelationExtraction(preset("tiny"))(**batch, entities=ENTITIES, relations=relations)


def test_numbers_of_torch_are_numbers(batch: Batch) -> None:
    model = LayoutLMv2ForRelationExtraction(preset("tiny")).eval()
    relations = [{"head": [0], "tail": [1]}, {"head": [], "tail": []}]
    entities = [{"start": [1, 4], "end": [3, 6], "label": [1, 2]}, {"start": [], "end": [], "label": []}]
    tensors = [[{name: torch.tensor(values) for name, values in page.items()} for page in pages]
               for pages in (entities, relations)]  # fmt: skip
    with torch.no_grad():
        expected, got = (
            model(**batch, entities=entities, relations=relations),
            model(**batch, entities=tensors[0], relations=tensors[1]),
        )
    assert (got.loss, got.pairs, got.pred_relations) == (expected.loss, expected.pairs, expected.pred_relations)
