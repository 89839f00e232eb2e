"""Heads for fine-tuning: token classification, sequence classification, extractive question answering.

Arguments, outputs and state-dict keys are Hugging Face's. Shape suffixes: B pages, L text tokens, D hidden size.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from model.checks import need_integers
from model.config import LayoutLMv2Config
from model.dropout import Dropout
from model.initialise import initialise
from model.layoutlmv2 import LayoutLMv2Model
from model.objectives import IGNORED, check_labels
from model.outputs import ClassifierOutput, QuestionAnsweringOutput
from model.weights import PretrainedModel


class LayoutLMv2ForTokenClassification(PretrainedModel):
    """A label for each text token (FUNSD, CORD, SROIE and the like)."""

    head_names: ClassVar[tuple[str, ...]] = ("classifier",)

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__(config)
        self.layoutlmv2 = LayoutLMv2Model(config).without_pooler_training()
        self.dropout = Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        initialise(self.classifier, config.initializer_range)

    def forward(
        self,
        input_ids: Tensor,
        bbox: Tensor,
        image: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> ClassifierOutput:
        """Logits (B, L, labels); `labels` (B, L) are 0..labels-1, or -100 for tokens that do not count."""
        body = self.layoutlmv2(input_ids, bbox, image, attention_mask, token_type_ids, position_ids)
        logits = self.classifier(self.dropout(body.last_hidden_state[:, : input_ids.shape[1]]))
        _check_shape("labels", labels, tuple(input_ids.shape))
        loss = None if labels is None else mean_cross_entropy(logits.flatten(0, 1), labels.flatten())
        return ClassifierOutput(loss, logits)


class LayoutLMv2ForSequenceClassification(PretrainedModel):
    """A label for the page (RVL-CDIP), from [CLS] and the mean visual token before and after the encoder."""

    head_names: ClassVar[tuple[str, ...]] = ("classifier",)

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__(config)
        self.layoutlmv2 = LayoutLMv2Model(config).without_pooler_training()
        self.dropout = Dropout(config.hidden_dropout_prob)
        self.classifier = nn.Linear(3 * config.hidden_size, config.num_labels)
        initialise(self.classifier, config.initializer_range)

    def forward(
        self,
        input_ids: Tensor,
        bbox: Tensor,
        image: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> ClassifierOutput:
        """Logits (B, labels); the loss follows `config.problem_type`, or else the labels' number and type.

        `labels`: (B,) integers for one label per page, (B, labels) floats for several or for regression.
        """
        body = self.layoutlmv2(input_ids, bbox, image, attention_mask, token_type_ids, position_ids)
        final_BVD = body.last_hidden_state[:, input_ids.shape[1] :]
        parts = (body.last_hidden_state[:, 0], body.visual_embeddings.mean(dim=1), final_BVD.mean(dim=1))
        logits = self.classifier(self.dropout(torch.cat(parts, dim=1)))
        loss = None if labels is None else _sequence_loss(logits, labels, self.config)
        return ClassifierOutput(loss, logits)


class LayoutLMv2ForQuestionAnswering(PretrainedModel):
    """Start and end of the answer among the text tokens (DocVQA).

    Like Hugging Face's class it always has a visual segment embedding, whatever the configuration says. Unlike there,
    it is zero where the loaded weights have none: the body starts as it was pre-trained.
    """

    head_names: ClassVar[tuple[str, ...]] = ("qa_outputs",)
    absent_is_zero: ClassVar[tuple[str, ...]] = ("layoutlmv2.visual_segment_embedding",)

    def __init__(self, config: LayoutLMv2Config) -> None:
        config = config.replace(has_visual_segment_embedding=True, num_labels=2)
        super().__init__(config)
        self.layoutlmv2 = LayoutLMv2Model(config).without_pooler_training()
        self.qa_outputs = nn.Linear(config.hidden_size, 2)
        initialise(self.qa_outputs, config.initializer_range)

    def forward(
        self,
        input_ids: Tensor,
        bbox: Tensor,
        image: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        start_positions: Tensor | None = None,
        end_positions: Tensor | None = None,
    ) -> QuestionAnsweringOutput:
        """Logits (B, L) for both ends; positions (B,) outside 0..L-1 do not count."""
        body = self.layoutlmv2(input_ids, bbox, image, attention_mask, token_type_ids, position_ids)
        text_BLD = body.last_hidden_state[:, : input_ids.shape[1]]
        start_BL, end_BL = self.qa_outputs(text_BLD).unbind(-1)
        loss = None
        if start_positions is not None and end_positions is not None:
            losses = [
                _position_loss("start_positions", start_BL, start_positions),
                _position_loss("end_positions", end_BL, end_positions),
            ]
            loss = torch.stack(losses).mean()
        return QuestionAnsweringOutput(loss, start_BL.contiguous(), end_BL.contiguous())


def mean_cross_entropy(logits: Tensor, labels: Tensor, name: str = "labels") -> Tensor:
    """Mean over the labels other than -100, and zero, not NaN, where there is none. (N, C) and (N,).

    ValueError for other labels than 0..C-1, which calls them `name`.
    """
    check_labels(name, labels, logits.shape[-1])
    total = cross_entropy(logits.float(), labels.long(), ignore_index=IGNORED, reduction="sum")
    return total / (labels != IGNORED).sum().clamp(min=1)


def _position_loss(name: str, logits_BL: Tensor, positions: Tensor) -> Tensor:
    positions_B = positions.view(-1)
    _check_shape(name, positions_B, (len(logits_BL),))
    need_integers(name, positions_B)
    positions_B = positions_B.long()  # bytes have no -100
    inside_B = (positions_B >= 0) & (positions_B < logits_BL.shape[1])
    return mean_cross_entropy(logits_BL, torch.where(inside_B, positions_B, IGNORED), name)


def _sequence_loss(logits: Tensor, labels: Tensor, config: LayoutLMv2Config) -> Tensor:
    kind = config.problem_type
    if kind is None and config.num_labels == 1:
        kind = "regression"
    elif kind is None:
        kind = "multi_label_classification" if labels.is_floating_point() else "single_label_classification"
    if kind == "single_label_classification":
        _check_shape("labels", labels.view(-1), (len(logits),))
        return mean_cross_entropy(logits, labels.view(-1))
    wanted = labels.float().unsqueeze(1) if labels.dim() == 1 else labels.float()
    _check_shape("labels", wanted, tuple(logits.shape))
    return mse_loss(logits, wanted) if kind == "regression" else binary_cross_entropy_with_logits(logits, wanted)


def _check_shape(name: str, tensor: Tensor | None, shape: tuple[int, ...]) -> None:
    if tensor is not None and tuple(tensor.shape) != shape:
        raise ValueError(f"{name} has shape {tuple(tensor.shape)}, not {shape}")
