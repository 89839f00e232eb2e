"""The window of a long page: whole words, no more than fits, every part of the page in its turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stream.draw import window
from pipeline.stream.example import Example

Make = Callable[..., Example]
words_of = st.lists(st.integers(1, 6), min_size=1, max_size=60)


@given(words_of, st.integers(6, 40), st.integers(0, 99), st.integers(0, 9))
def test_any_window_is_whole_words_in_a_row(
    make_example: Make, words: list[int], size: int, seed: int, epoch: int
) -> None:
    whole = make_example(words, epoch=epoch)
    part = window(whole, seed, size)
    count = len(part.ids_T)
    assert 0 < count <= size
    first = int(part.ids_T[0] - whole.ids_T[0])
    assert np.array_equal(part.ids_T, whole.ids_T[first : first + count])
    for name in ("box_T4", "word_T", "line_T", "selected_T", "mlm_T", "tia_T"):
        assert np.array_equal(getattr(part, name), getattr(whole, name)[first : first + count])
    lengths = Counter(part.word_T.tolist())
    assert all(lengths[word] == words[word] for word in lengths)
    # What is left out on the right would not have fitted, or the page ends there.
    following = first + count
    assert following == len(whole.ids_T) or count + words[whole.word_T[following]] > size


@given(words_of, st.integers(6, 40))
def test_a_page_that_fits_is_not_touched(make_example: Make, words: list[int], size: int) -> None:
    example = make_example(words)
    if len(example.ids_T) <= size:
        assert window(example, 0, size) is example


@settings(max_examples=25)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=15), st.integers(6, 20))
def test_every_word_of_any_page_has_its_turn(make_example: Make, words: list[int], size: int) -> None:
    """The last one too, where the page does not end on a window's edge."""
    whole = make_example(words)
    seen = {int(t) for epoch in range(300) for t in window(replace(whole, epoch=epoch), 0, size).ids_T[[0, -1]]}
    assert {int(whole.ids_T[0]), int(whole.ids_T[-1])} <= seen


def test_windows_are_drawn_by_key_seed_and_epoch(make_example: Make) -> None:
    def first(seed: int = 0, **more: object) -> int:
        return int(window(make_example([1] * 2000, **more), seed, 510).ids_T[0])

    assert first() == first()
    assert len({first(), first(seed=1), first(epoch=1), first(key="f" * 16 + "-00000")}) == 4


def test_starts_are_drawn_evenly(make_example: Make) -> None:
    starts = Counter(int(window(make_example([1] * 20, epoch=epoch), 3, 11).ids_T[0]) for epoch in range(3000))
    assert len(starts) == 10
    assert sum((n - 300) ** 2 / 300 for n in starts.values()) < 34  # chi-square, 9 degrees, 1 in 10,000


def test_a_word_longer_than_the_window_is_cut(make_example: Make) -> None:
    part = window(make_example([600]), 0, 510)
    assert len(part.ids_T) == 510
    assert part.ids_T[0] == make_example([600]).ids_T[0]
    for epoch in range(50):
        mixed = window(make_example([3, 600, 2], epoch=epoch), 0, 510)
        assert 0 < len(mixed.ids_T) <= 510


@given(words_of, st.integers(6, 40), st.integers(0, 9))
def test_the_first_window_of_any_page_begins_with_it(
    make_example: Make, words: list[int], size: int, epoch: int
) -> None:
    """For evaluation: the same part of a page in each epoch and for each seed."""
    whole = make_example(words, epoch=epoch)
    part = window(whole, epoch, size, first=True)
    assert np.array_equal(part.ids_T, whole.ids_T[: len(part.ids_T)])
    following = len(part.ids_T)
    assert following == len(whole.ids_T) or following + words[whole.word_T[following]] > size
