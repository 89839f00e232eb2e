"""Words on their way from the child: exactly the same after it, and nothing believed that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.words import WordList
from pipeline.words.base import clean, no_words
from pipeline.words.message import pack_words, unpack_words

SHARE = st.floats(0, 1)
WORD = st.tuples(st.text(min_size=1).map(clean).filter(bool), st.tuples(SHARE, SHARE, SHARE, SHARE), SHARE)


@given(st.lists(WORD, max_size=6), st.dictionaries(st.text(max_size=9), SHARE, max_size=3))
def test_any_words_come_as_they_were(
    words: list[tuple[str, tuple[float, ...], float]], features: dict[str, float]
) -> None:
    box = np.array([box for _, box, _ in words], np.float64).reshape(-1, 4)
    sent = WordList(
        [text for text, _, _ in words], box, [score for _, _, score in words], list(range(len(words))), features
    )
    got = unpack_words(*pack_words(sent))
    assert (got.text, got.confidence, got.source_line) == (sent.text, sent.confidence, sent.source_line)
    assert got.box.tobytes() == sent.box.tobytes()
    assert got.box.shape == sent.box.shape
    assert got.features == features


BOX = np.array([[0.1, 0.2, 0.3, 0.4]])


@pytest.mark.parametrize(
    ("head", "box", "lists"),
    [
        ({}, BOX, [["a"], [1.0], [0]]),
        ({"words": -1}, BOX, [["a"], [1.0], [0]]),
        ({"words": 10**9}, BOX, [["a"], [1.0], [0]]),
        ({"words": 2}, BOX, [["a"], [1.0], [0]]),
        ({"words": 1}, BOX * np.nan, [["a"], [1.0], [0]]),
        ({"words": 1}, BOX * 9, [["a"], [1.0], [0]]),
        ({"words": 1}, BOX, [["a", "b"], [1.0], [0]]),
        ({"words": 1}, BOX, [["a"], [1.0]]),
        ({"words": 1}, BOX, [[7], [1.0], [0]]),
        ({"words": 1}, BOX, [[" "], [1.0], [0]]),
        ({"words": 1}, BOX, [["a"], [1.5], [0]]),
        ({"words": 1}, BOX, [["a"], ["1"], [0]]),
        ({"words": 1}, BOX, [["a"], [1.0], [True]]),
        ({"words": 1}, BOX, [["a"], [1.0], [99]]),
        ({"words": 1}, BOX, 5),
    ],
)
def test_what_cannot_be_is_not_believed(head: dict[str, Any], box: Any, lists: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        unpack_words({"features": {}} | head, box.astype("<f8").tobytes() + orjson.dumps(lists))


@pytest.mark.parametrize(
    "features",
    [
        None,
        [],
        {"a": "1"},
        {"a": None},
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": True},
        dict.fromkeys("abcdefghijklmnopq", 1.0),
    ],
)
def test_features_that_cannot_be_are_not_believed(features: Any) -> None:
    with pytest.raises(ValueError, match="feature"):
        unpack_words({"words": 0, "features": features}, b"[[],[],[]]")


def test_no_words_are_words() -> None:
    assert len(unpack_words(*pack_words(no_words()))) == 0
