"""Examples made by hand, for what is drawn on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.stream.draw import Drawing
from pipeline.stream.example import IGNORE, Example
from schemas.sample import TimAction
from schemas.stream import Objectives

MASK, VOCABULARY = 4, 30_000


@pytest.fixture(scope="session")
def make_example() -> Callable[..., Example]:
    """`make_example(words=[1, 3, 2], ...)`: words of one, three and two tokens, four words a line.

    Token ids are unlike any that a draw makes: they lie beyond the vocabulary.
    """

    def make(words: list[int], key: str = "0123456789abcdef-00000", epoch: int = 0, **more: Any) -> Example:
        word_T = np.repeat(np.arange(len(words)), words)
        count = len(word_T)
        lines = -(-len(words) // 4)
        fields: dict[str, Any] = {
            "ids_T": VOCABULARY + np.arange(count),
            "box_T4": np.stack([word_T % 4 * 250, word_T // 4, word_T % 4 * 250 + 200, word_T // 4 + 1], axis=1),
            "word_T": word_T,
            "line_T": word_T // 4,
            "line_box_L4": np.stack([np.array([0, i, 1000, i + 1]) for i in range(lines)]),
            "cover_L": np.zeros(lines, dtype=np.bool_),
            "picture_SSC": np.full((448, 448, 3), 255, dtype=np.uint8),
            "action": TimAction.ALIGNED,
            "selected_T": np.zeros(count, dtype=np.bool_),
            "mlm_T": np.full(count, IGNORE, dtype=np.int64),
            "tia_T": np.full(count, IGNORE, dtype=np.int64),
        }
        return Example(key=key, epoch=epoch, **{**fields, **more})

    return make


@pytest.fixture(scope="session")
def make_drawing() -> Callable[..., Drawing]:
    """`make_drawing(seed=0, **rules)`: what draws depend on, with rules that differ from the paper's."""

    def make(seed: int = 0, **rules: Any) -> Drawing:
        return Drawing(seed=seed, vocab_size=VOCABULARY, mask=MASK, objectives=Objectives(**rules))

    return make
