"""LayoutLMv2 in plain torch: pre-training, fine-tuning, and weights that Hugging Face's classes share."""

from __future__ import annotations

from model.config import LayoutLMv2Config
from model.heads import (
    LayoutLMv2ForQuestionAnswering,
    LayoutLMv2ForSequenceClassification,
    LayoutLMv2ForTokenClassification,
)
from model.layoutlmv2 import LayoutLMv2Model
from model.presets import preset
from model.pretraining import LayoutLMv2ForPreTraining
from model.relations import LayoutLMv2ForRelationExtraction

__all__ = [
    "LayoutLMv2Config",
    "LayoutLMv2ForPreTraining",
    "LayoutLMv2ForQuestionAnswering",
    "LayoutLMv2ForRelationExtraction",
    "LayoutLMv2ForSequenceClassification",
    "LayoutLMv2ForTokenClassification",
    "LayoutLMv2Model",
    "preset",
]
