"""Relation extraction: which question entity does an answer entity belong to? (FUNSD and XFUND)

The head of the original code (unilm), with its state-dict keys `extractor.*`: the state of an entity's first token and
an embedding of its type pass through a small network for each end, and a biaffine layer decides. Unlike there, the
caller's entities are not changed, a page without candidates costs nothing instead of a made-up pair, and an answer may
stand before its question.

Shape suffixes: L text tokens, D hidden size, P candidate pairs of all pages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import index
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from model.config import LayoutLMv2Config
from model.dropout import Dropout
from model.initialise import initialise
from model.layoutlmv2 import LayoutLMv2Model
from model.outputs import RelationExtractionOutput
from model.weights import PretrainedModel

OTHER, QUESTION, ANSWER = 0, 1, 2
Entities = Mapping[str, Sequence[int]]
Relations = Mapping[str, Sequence[int]]
Pair = tuple[int, int, int]


def candidate_pairs(entities: Sequence[Entities]) -> list[Pair]:
    """(page, question, answer) for every question and every answer entity of the same page."""
    return [
        (page, head, tail)
        for page, of_page in enumerate(entities)
        for head, kind in enumerate(of_page["label"])
        if kind == QUESTION
        for tail, other in enumerate(of_page["label"])
        if other == ANSWER
    ]


class Biaffine(nn.Module):
    """Bilinear form plus linear layer, two classes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.bilinear = nn.Bilinear(size, size, 2, bias=False)
        self.linear = nn.Linear(2 * size, 2)

    def forward(self, heads: Tensor, tails: Tensor) -> Tensor:
        """Logits (P, 2)."""
        logits: Tensor = self.bilinear(heads, tails) + self.linear(torch.cat([heads, tails], dim=-1))
        return logits


class Extractor(nn.Module):
    """Scores of candidate pairs."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.entity_emb = nn.Embedding(3, hidden, scale_grad_by_freq=True)
        self.ffnn_head = _feed_forward(config)
        self.ffnn_tail = _feed_forward(config)
        self.rel_classifier = Biaffine(hidden // 2)

    def forward(self, text_BLD: Tensor, heads: Tensor, tails: Tensor) -> Tensor:
        """Logits (P, 2). `heads` and `tails` (P, 3) hold page, first token and entity type of each end."""
        ends = (self.ffnn_head(self._represent(text_BLD, heads)), self.ffnn_tail(self._represent(text_BLD, tails)))
        logits: Tensor = self.rel_classifier(*ends)
        return logits

    def _represent(self, text_BLD: Tensor, ends_P3: Tensor) -> Tensor:
        page, token, kind = ends_P3.unbind(-1)
        return torch.cat([text_BLD[page, token], self.entity_emb(kind)], dim=-1)


def _feed_forward(config: LayoutLMv2Config) -> nn.Sequential:
    hidden, drop = config.hidden_size, config.hidden_dropout_prob
    return nn.Sequential(
        nn.Linear(2 * hidden, hidden), nn.ReLU(), Dropout(drop),
        nn.Linear(hidden, hidden // 2), nn.ReLU(), Dropout(drop),
    )  # fmt: skip


class LayoutLMv2ForRelationExtraction(PretrainedModel):
    """Links between question and answer entities that are already known."""

    head_names: ClassVar[tuple[str, ...]] = ("extractor",)
    whole_graph: ClassVar[bool] = False  # its pairs are lists, other ones for each batch

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__(config)
        self.layoutlmv2 = LayoutLMv2Model(config).without_pooler_training()
        self.dropout = Dropout(config.hidden_dropout_prob)
        self.extractor = Extractor(config)
        initialise(self.extractor, config.initializer_range)

    def forward(
        self,
        input_ids: Tensor,
        bbox: Tensor,
        image: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        entities: Sequence[Entities] = (),
        relations: Sequence[Relations] | None = None,
    ) -> RelationExtractionOutput:
        """Decide on every candidate pair.

        `entities`: one dictionary per page with the lists `start`, `end` (token numbers) and `label` (0 other,
        1 question, 2 answer). `relations`: one per page with the lists `head` and `tail` (entity numbers); needed for
        the loss, which is the sum over pages of the mean over a page's pairs, as in the original code. Raises
        ValueError for entities that do not fit the input.
        """
        entities = _checked_entities(entities, input_ids)
        if relations is not None:
            relations = _checked_relations(relations, entities)
        body = self.layoutlmv2(input_ids, bbox, image, attention_mask, token_type_ids, position_ids)
        text_BLD = self.dropout(body.last_hidden_state[:, : input_ids.shape[1]])
        pairs = candidate_pairs(entities)
        ends = [[(page, entities[page]["start"][entity], entities[page]["label"][entity]) for page, entity in chosen]
                for chosen in ([(p, head) for p, head, _ in pairs], [(p, tail) for p, _, tail in pairs])]  # fmt: skip
        heads, tails = (torch.tensor(end, dtype=torch.long, device=text_BLD.device).view(-1, 3) for end in ends)
        logits = self.extractor(text_BLD, heads, tails)
        loss = None if relations is None else relation_loss(logits, pairs, relations)
        return RelationExtractionOutput(loss, logits, pairs, _predictions(logits, pairs, entities))


def relation_loss(logits: Tensor, pairs: Sequence[Pair], relations: Sequence[Relations]) -> Tensor:
    """Sum over pages of the mean cross-entropy over a page's pairs; zero without pairs."""
    linked = {
        (page, head, tail)
        for page, of_page in enumerate(relations)
        for head, tail in zip(of_page["head"], of_page["tail"], strict=True)
    }
    sizes: dict[int, int] = {}
    for page, _, _ in pairs:
        sizes[page] = sizes.get(page, 0) + 1
    labels = torch.tensor([pair in linked for pair in pairs], dtype=torch.long, device=logits.device)
    weights = torch.tensor([1 / sizes[page] for page, _, _ in pairs], device=logits.device)
    return (cross_entropy(logits.float(), labels, reduction="none") * weights).sum()


def _predictions(logits: Tensor, pairs: Sequence[Pair], entities: Sequence[Entities]) -> list[list[dict[str, Any]]]:
    found: list[list[dict[str, Any]]] = [[] for _ in entities]
    for (page, head, tail), linked in zip(pairs, logits.argmax(-1).tolist(), strict=True):
        if linked:
            of_page = entities[page]
            relation: dict[str, Any] = {"type": 1}
            for end, entity in (("head", head), ("tail", tail)):
                relation[f"{end}_id"] = entity
                relation[end] = (of_page["start"][entity], of_page["end"][entity])
                relation[f"{end}_type"] = of_page["label"][entity]
            found[page].append(relation)
    return found


def _checked_entities(entities: Sequence[Entities], input_ids: Tensor) -> list[dict[str, list[int]]]:
    if len(entities) != len(input_ids):
        raise ValueError(f"entities are for {len(entities)} pages, input_ids for {len(input_ids)}")
    length = input_ids.shape[1]
    found = [
        _checked_lists(f"entities of page {page}", of_page, ("start", "end", "label"))
        for page, of_page in enumerate(entities)
    ]
    for page, of in enumerate(found):
        for start, end in zip(of["start"], of["end"], strict=True):
            if not 0 <= start < length or not start <= end <= length:
                raise ValueError(f"entities of page {page} have one from {start} to {end}, outside the {length} tokens")
        if any(kind not in (OTHER, QUESTION, ANSWER) for kind in of["label"]):
            raise ValueError(f"entities of page {page} have labels {of['label']}, not all in 0..2")
    return found


def _checked_lists(what: str, lists: Entities, names: Sequence[str]) -> dict[str, list[int]]:
    """The lists of these names; ValueError unless they are there, equally long and of whole numbers."""
    if missing := [name for name in names if name not in lists]:
        raise ValueError(f"{what} have no {missing[0]!r}")
    lengths = {name: len(lists[name]) for name in names}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"{what} have lists of different lengths: {lengths}")
    return {name: [_whole(f"{what} have {number!r} as {name!r}", number) for number in lists[name]] for name in names}


def _whole(what: str, number: Any) -> int:
    try:
        return index(number)
    except TypeError:
        raise ValueError(f"{what}, which is no whole number") from None


def _checked_relations(relations: Sequence[Relations], entities: Sequence[Entities]) -> list[dict[str, list[int]]]:
    if len(relations) != len(entities):
        raise ValueError(f"relations are for {len(relations)} pages, entities for {len(entities)}")
    found = [
        _checked_lists(f"relations of page {page}", of_page, ("head", "tail")) for page, of_page in enumerate(relations)
    ]
    for page, (of, those) in enumerate(zip(found, entities, strict=True)):
        named, count = [*of["head"], *of["tail"]], len(those["label"])
        if any(not 0 <= entity < count for entity in named):
            raise ValueError(f"relations of page {page} name entities {named}, of which there are {count}")
    return found
