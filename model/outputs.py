"""What the models return: dataclasses with Hugging Face's field names.

Like Hugging Face's, they can be read by name (`out.loss`, `out["loss"]`) or by place among the fields that are there.

Shape suffixes: B pages, L text tokens, V visual tokens, S = L + V, D hidden size.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor


class Output:
    """Reading by name or place."""

    def to_tuple(self) -> tuple[Any, ...]:
        """The fields that are not None, in order."""
        values = (getattr(self, item.name) for item in dataclasses.fields(self))  # type: ignore[arg-type]
        return tuple(value for value in values if value is not None)

    def __getitem__(self, key: int | str) -> Any:
        """Field by name, or by its place in `to_tuple()`."""
        return getattr(self, key) if isinstance(key, str) else self.to_tuple()[key]


@dataclass
class ModelOutput(Output):
    """Of the bare model."""

    last_hidden_state: Tensor  # (B, S, D): text tokens first, then visual ones
    pooler_output: Tensor | None  # (B, D); None for a model without a pooler
    visual_embeddings: Tensor  # (B, V, D): what entered the encoder


@dataclass
class ClassifierOutput(Output):
    """Of the token and the sequence classifier."""

    loss: Tensor | None
    logits: Tensor  # (B, L, labels) or (B, labels)


@dataclass
class QuestionAnsweringOutput(Output):
    """Of extractive question answering."""

    loss: Tensor | None
    start_logits: Tensor  # (B, L)
    end_logits: Tensor  # (B, L)


@dataclass
class RelationExtractionOutput(Output):
    """Of relation extraction, over the candidate pairs of all pages, one page after the other."""

    loss: Tensor | None
    logits: Tensor  # (pairs, 2): not linked, linked
    pairs: list[tuple[int, int, int]]  # page, question entity, answer entity
    pred_relations: list[list[dict[str, Any]]]  # for each page


@dataclass
class PreTrainingOutput(Output):
    """Of pre-training. The dictionaries have the keys "mvlm", "tia" and "tim", as far as labels were given.

    `logits["mvlm"]` has one row per label that counts, in the order of the batch: (targets, vocabulary).
    `logits["tia"]` is (B, L), `logits["tim"]` is (B,); a positive number means covered, or aligned.
    """

    loss: Tensor | None
    losses: dict[str, Tensor] = field(default_factory=dict)
    sums: dict[str, Tensor] = field(default_factory=dict)
    counts: dict[str, Tensor] = field(default_factory=dict)
    logits: dict[str, Tensor] = field(default_factory=dict)
