"""Keyed draws: pinned, so that a library that draws otherwise is noticed, and independent of everything else."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.keyed import keyed

Key = tuple[int, tuple[str | int, ...]]

# Drawn with numpy 2.3.5: three of random(), integers() below 2**15, 100 and 30522, three of those at once.
PINNED: list[tuple[Key, list[float], list[int], list[int]]] = [
    (
        (0, ()),
        [0.5951113470985746, 0.24551288198559307, 0.6375050155060373],
        [8334, 19, 5914],
        [9286, 15636, 12834],
    ),
    (
        (7, ("0123456789abcdef-00003", "tia", 2)),
        [0.006292073944003995, 0.6205018267845374, 0.5756955593404173],
        [21399, 15, 1808],
        [982, 5756, 30480],
    ),
    (
        (2**63 - 1, ("\u00e9", "partner", 0, 99)),
        [0.4855734769421002, 0.37096334735397296, 0.18541990394757857],
        [26024, 25, 4385],
        [2825, 7404, 12543],
    ),
]

parts = st.lists(st.one_of(st.integers(0, 1 << 40), st.text("abc-0123", max_size=8)), max_size=4).map(tuple)


@pytest.mark.parametrize(("key", "floats", "numbers", "together"), PINNED)
def test_draws_are_the_ones_that_were_always_drawn(
    key: Key, floats: list[float], numbers: list[int], together: list[int]
) -> None:
    draw = keyed(key[0], *key[1])
    assert draw.random(3).tolist() == floats
    assert [int(draw.integers(below)) for below in (1 << 15, 100, 30522)] == numbers
    assert draw.integers(0, 30522, 3).tolist() == together


@given(st.integers(0, 1 << 63), parts, parts)
def test_a_draw_does_not_depend_on_what_was_drawn_before(
    seed: int, one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    first = keyed(seed, *one).random(4)
    random.seed(seed)
    np.random.seed(0)
    keyed(seed, *other).random(100)
    assert np.array_equal(keyed(seed, *one).random(4), first)


@given(
    st.lists(
        st.tuples(st.integers(0, 1 << 63), parts), min_size=2, max_size=6, unique_by=lambda k: (k[0], *map(str, k[1]))
    )
)
def test_other_arguments_give_other_draws(keys: list[tuple[int, tuple[str | int, ...]]]) -> None:
    draws = [tuple(keyed(seed, *rest).integers(0, 1 << 62, 2).tolist()) for seed, rest in keys]
    assert len(set(draws)) == len(draws)
