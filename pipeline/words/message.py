"""Words on their way from the child: texts and scores as JSON, boxes as the bytes that they are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson

from pipeline.limited.wire import Bytes
from pipeline.words.base import WordList

MAX_WORDS_BYTES = 64 * 1024 * 1024
_BOX = 4 * 8  # bytes
_MAX_FEATURES = 16


def pack_words(words: WordList) -> tuple[dict[str, Any], bytes]:
    """Head and body of a message."""
    rest = orjson.dumps([words.text, words.confidence, words.source_line])
    return {"words": len(words), "features": words.features}, np.ascontiguousarray(
        words.box, dtype="<f8"
    ).tobytes() + rest


def unpack_words(head: dict[str, Any], body: Bytes) -> WordList:
    """The words in a message; ValueError or TypeError where they cannot be words."""
    count = int(head["words"])
    if not 0 <= count * _BOX <= len(body):
        raise ValueError(f"{count} words in {len(body)} bytes")
    box = np.frombuffer(body, "<f8", count * 4).reshape(count, 4).astype(np.float64)
    text, confidence, source_line = orjson.loads(bytes(body[count * _BOX :]))
    if not ((box >= 0) & (box <= 1)).all():
        raise ValueError("boxes outside of the page")
    if not len(text) == len(confidence) == len(source_line) == count:
        raise ValueError("lists of different lengths")
    if not all(isinstance(word, str) and word.strip() for word in text):
        raise ValueError("a word without text")
    if not all(isinstance(score, int | float) and 0 <= score <= 1 for score in confidence):
        raise ValueError("a confidence outside of 0..1")
    if not all(type(line) is int and 0 <= line <= count for line in source_line):
        raise ValueError("a line that cannot be")
    return WordList(text, box, confidence, source_line, _features(head["features"]))


def _features(said: Any) -> dict[str, float]:
    if not isinstance(said, dict) or len(said) > _MAX_FEATURES:
        raise ValueError("features that cannot be")
    if not all(type(value) is float and math.isfinite(value) for value in said.values()):
        raise ValueError("a feature that is no number")
    return dict(said)
