"""LayoutLMv2 with its three pre-training heads (paper section 3.1).

No head was ever published, so their shapes follow BERT for masked tokens (`cls.predictions.*`, its decoder tied to the
word embeddings) and one linear layer each for the two binary decisions (`tia.*`, `tim.*`). The paper reads text-image
matching from the output of [CLS]; by default it passes through the pooler here, as next-sentence prediction does in
BERT, so that the pooler of exported weights has learnt something. `tim_head="cls"` reads it directly, without a pooler.

Shape suffixes: B pages, L text tokens, N masked tokens, D hidden size, V vocabulary.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

from model.config import LayoutLMv2Config
from model.encoder import ACTIVATIONS
from model.initialise import initialise
from model.layoutlmv2 import LayoutLMv2Model
from model.objectives import IGNORED, places_of, pretraining_loss
from model.outputs import PreTrainingOutput
from model.weights import PretrainedModel

_log = logging.getLogger(__name__)


class Transform(nn.Module):
    """Linear layer, activation, layer norm."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.dense = nn.Linear(config.hidden_size, config.hidden_size)
        self.activation = ACTIVATIONS[config.hidden_act]
        self.LayerNorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, hidden: Tensor) -> Tensor:
        """States of the same shape."""
        normed: Tensor = self.LayerNorm(self.activation(self.dense(hidden)))
        return normed


class Predictions(nn.Module):
    """Scores of all words for given states; the decoder's matrix is the caller's word embedding."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.transform = Transform(config)
        self.bias = nn.Parameter(torch.zeros(config.vocab_size))

    def forward(self, hidden_ND: Tensor, words_VD: Tensor) -> Tensor:
        """Logits (N, V)."""
        return linear(self.transform(hidden_ND), words_VD, self.bias)


class PreTrainingHead(nn.Module):
    """Holder of `predictions`, which gives the keys BERT's names."""

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__()
        self.predictions = Predictions(config)

    def forward(self, hidden_ND: Tensor, words_VD: Tensor) -> Tensor:
        """Logits (N, V)."""
        logits_NV: Tensor = self.predictions(hidden_ND, words_VD)
        return logits_NV


class LayoutLMv2ForPreTraining(PretrainedModel):
    """Body and heads for masked visual-language modelling, text-image alignment and text-image matching."""

    head_names: ClassVar[tuple[str, ...]] = ("cls", "tia", "tim")
    heads_apart: ClassVar[bool] = True
    use: ClassVar[Literal["body", "pre-training", "fine-tuning"]] = "pre-training"
    visual_defaults: ClassVar[Mapping[str, Any]] = {"visual_norm": "synchronised", "visual_freeze_at": 0}

    def __init__(self, config: LayoutLMv2Config) -> None:
        super().__init__(config)
        # A pooler that nothing reads would be a parameter without a gradient.
        self.layoutlmv2 = LayoutLMv2Model(config, add_pooling_layer=config.tim_head == "pooler")
        self.cls = PreTrainingHead(config)
        self.tia = nn.Linear(config.hidden_size, 1)
        self.tim = nn.Linear(config.hidden_size, 1)
        for head in (self.cls, self.tia, self.tim):
            initialise(head, config.initializer_range)

    def train(self, mode: bool = True) -> Self:
        """Switch to training; a warning where frozen norms have no statistics, as no backbone was loaded."""
        statistics = self.layoutlmv2.visual.backbone.bottom_up.stem.conv1.norm.running_mean
        if mode and self.config.visual_norm == "frozen" and not statistics.is_meta and not statistics.any():
            _log.warning("visual_norm is 'frozen', and no backbone was loaded: the norms do nothing")
        return super().train(mode)

    def forward(  # noqa: PLR0913
        self,
        input_ids: Tensor,
        bbox: Tensor,
        image: Tensor,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        mlm_labels: Tensor | None = None,
        tia_labels: Tensor | None = None,
        tim_labels: Tensor | None = None,
        sample_weight: Tensor | None = None,
        denominators: Mapping[str, Tensor] | None = None,
        loss_weights: Mapping[str, float] | None = None,
    ) -> PreTrainingOutput:
        """Losses for the labels that are given, and logits.

        Inputs as for LayoutLMv2Model. `mlm_labels` (B, L): word number or -100; `tia_labels` (B, L): 1 covered,
        0 not covered, or -100; `tim_labels` (B,): 1 aligned, 0 not aligned, or -100. Words are scored only where
        `mlm_labels` counts. The rest is as for `model.objectives.pretraining_loss`. Raises ValueError naming argument
        and value.
        """
        given = {"mvlm": mlm_labels, "tia": tia_labels, "tim": tim_labels}
        labels = {name: targets for name, targets in given.items() if targets is not None}
        self._check_labels(labels, input_ids)
        body = self.layoutlmv2(input_ids, bbox, image, attention_mask, token_type_ids, position_ids)
        text_BLD = body.last_hidden_state[:, : input_ids.shape[1]]
        page_BD = text_BLD[:, 0] if body.pooler_output is None else body.pooler_output
        logits = {"tia": self.tia(text_BLD).squeeze(-1), "tim": self.tim(page_BD).squeeze(-1)}
        if mlm_labels is not None:
            words_VD = self.layoutlmv2.embeddings.word_embeddings.weight
            logits["mvlm"] = self.cls(text_BLD.flatten(0, 1)[places_of(mlm_labels != IGNORED)], words_VD)
        if not labels:
            return PreTrainingOutput(None, logits=logits)
        parts = pretraining_loss(logits, labels, sample_weight, denominators, loss_weights)
        return PreTrainingOutput(parts.loss, parts.losses, parts.sums, parts.counts, logits)

    def _check_labels(self, labels: Mapping[str, Tensor], input_ids: Tensor) -> None:
        shapes = {"mvlm": ("mlm_labels", input_ids.shape), "tia": ("tia_labels", input_ids.shape),
                  "tim": ("tim_labels", input_ids.shape[:1])}  # fmt: skip
        for name, targets in labels.items():
            argument, shape = shapes[name]
            if targets.shape != shape:
                raise ValueError(f"{argument} has shape {tuple(targets.shape)}, not {tuple(shape)}")
