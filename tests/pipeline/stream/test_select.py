"""MVLM: which tokens are selected, what becomes of them, and that nothing else changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.draw import Drawing, select
from pipeline.stream.example import IGNORE, Example

Make = Callable[..., Example]
MakeDrawing = Callable[..., Drawing]
MASK, VOCABULARY = 4, 30_000


def _within(found: float, rate: float, count: int) -> bool:
    return bool(abs(found - rate) < 4 * np.sqrt(rate * (1 - rate) / count))


@pytest.mark.parametrize("whole_word", [False, True])
def test_fifteen_percent_and_eighty_ten_ten(make_example: Make, make_drawing: MakeDrawing, whole_word: bool) -> None:
    drawing = make_drawing(whole_word=whole_word)
    before = [make_example([1] * 500, epoch=epoch) for epoch in range(200)]
    after = [select(example, drawing) for example in before]
    selected = np.concatenate([example.selected_T for example in after])
    assert selected.size == 100_000
    assert _within(selected.mean(), 0.15, selected.size)
    ids = np.concatenate([example.ids_T for example in after])[selected]
    old = np.concatenate([example.ids_T for example in before])[selected]
    masked, same = ids == MASK, ids == old
    random = ~masked & ~same
    for kind, rate in ((masked, 0.8), (same, 0.1), (random, 0.1)):
        assert _within(kind.mean(), rate, ids.size)
    drawn = ids[random]
    assert drawn.min() < 300  # from the whole vocabulary
    assert VOCABULARY - 300 < drawn.max() < VOCABULARY
    assert abs(drawn.mean() / VOCABULARY - 0.5) < 4 * np.sqrt(1 / 12 / drawn.size)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=60), st.booleans(), st.integers(0, 99), st.floats(0, 1))
def test_labels_are_the_old_numbers_of_what_is_selected(
    make_example: Make, make_drawing: MakeDrawing, words: list[int], whole_word: bool, seed: int, rate: float
) -> None:
    example = make_example(words)
    found = select(example, make_drawing(seed, whole_word=whole_word, mvlm_rate=rate))
    assert np.array_equal(found.mlm_T[found.selected_T], example.ids_T[found.selected_T])
    assert (found.mlm_T[~found.selected_T] == IGNORE).all()
    assert np.array_equal(found.ids_T[~found.selected_T], example.ids_T[~found.selected_T])
    for name in ("box_T4", "word_T", "line_T", "cover_L", "tia_T"):
        assert np.array_equal(getattr(found, name), getattr(example, name))
    if whole_word:
        for word in range(len(words)):
            assert len(set(found.selected_T[found.word_T == word].tolist())) == 1


def test_whole_words_are_selected_at_the_rate_of_words(make_example: Make, make_drawing: MakeDrawing) -> None:
    words = [1, 5, 2] * 100
    found = [select(make_example(words, epoch=epoch), make_drawing(whole_word=True)) for epoch in range(60)]
    by_word = np.concatenate([example.selected_T[np.unique(example.word_T, return_index=True)[1]] for example in found])
    assert _within(by_word.mean(), 0.15, by_word.size)
    # Their pieces are replaced one by one.
    mixed = [set((example.ids_T[example.word_T == 1] == MASK).tolist()) for example in found if example.selected_T[1]]
    assert {True, False} in mixed


def test_single_tokens_of_a_word_are_selected_by_themselves(make_example: Make, make_drawing: MakeDrawing) -> None:
    found = select(make_example([500]), make_drawing())
    assert 0 < found.selected_T.sum() < 500


@pytest.mark.parametrize(("mask", "random"), [(1.0, 0.0), (0.0, 1.0), (0.0, 0.0)])
def test_pure_rules(make_example: Make, make_drawing: MakeDrawing, mask: float, random: float) -> None:
    example = make_example([1] * 300)
    found = select(example, make_drawing(mvlm_rate=1.0, mvlm_mask=mask, mvlm_random=random))
    assert found.selected_T.all()
    if mask:
        assert (found.ids_T == MASK).all()
    elif random:
        assert (found.ids_T < VOCABULARY).all()
    else:
        assert np.array_equal(found.ids_T, example.ids_T)


def test_draws_follow_key_seed_and_epoch(make_example: Make, make_drawing: MakeDrawing) -> None:
    def chosen(seed: int = 0, **more: object) -> tuple[bool, ...]:
        return tuple(select(make_example([1] * 200, **more), make_drawing(seed)).selected_T.tolist())

    assert chosen() == chosen()
    assert len({chosen(), chosen(seed=1), chosen(epoch=1), chosen(key="f" * 16 + "-00000")}) == 4


def test_pinned(make_example: Make, make_drawing: MakeDrawing) -> None:
    """A selection that changed would change what a resumed run sees."""
    found = select(make_example([1] * 60), make_drawing(7))
    assert np.flatnonzero(found.selected_T).tolist() == [2, 3, 17, 20, 23, 24, 30, 36, 45, 53, 57]
    assert found.ids_T[found.selected_T].tolist() == [4, 30003, 4, 3695, 4, 4, 4, 4, 4, 4, 4]
