"""Keyed permutations: bijections of any size, pinned, and even enough."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.permutation import Permutation

seeds = st.integers(0, 1 << 63)


@given(st.one_of(st.integers(1, 40), st.integers(1, 600)), seeds, st.text(max_size=5))
def test_any_size_is_permuted(size: int, seed: int, part: str) -> None:
    permutation = Permutation(size, seed, part)
    assert sorted(map(permutation, range(size))) == list(range(size))


@given(st.integers(1, 1 << 60), seeds, st.data())
def test_distinct_places_of_any_large_size_stay_distinct(size: int, seed: int, data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=20, unique=True))
    permutation = Permutation(size, seed)
    images = [permutation(place) for place in places]
    assert len(set(images)) == len(places)
    assert all(0 <= image < size for image in images)
    assert images == [Permutation(size, seed)(place) for place in places]  # no state


@pytest.mark.parametrize(
    ("size", "key", "expected"),
    [
        (1, (0,), [0]),
        (10, (0,), [0, 5, 2, 1, 9, 3, 6, 4, 8, 7]),
        (10, (1, "shards", 3), [5, 8, 7, 3, 6, 9, 0, 2, 1, 4]),
        (
            1_000_003,
            (7, "window", 2, 5, 1),
            [89597, 175106, 334586, 516322, 797572, 854948, 177676, 895505, 753668, 897633],
        ),
    ],
)
def test_pinned(size: int, key: tuple[int], expected: list[int]) -> None:
    """An order that changed would change what a resumed run sees."""
    assert [Permutation(size, *key)(i) for i in range(min(size, 10))] == expected


@pytest.mark.parametrize("size", [2, 3, 5, 6])
def test_small_sizes_are_permuted_evenly(size: int) -> None:
    """Each element as often at each place: windows at the end of a lane are that small."""
    count = 6000
    tables = [list(map(Permutation(size, seed, "even"), range(size))) for seed in range(count)]
    expected = count / size
    for place in range(size):
        found = Counter(table[place] for table in tables)
        statistic = sum((found[i] - expected) ** 2 / expected for i in range(size))
        assert statistic < 15 + 5 * size  # far beyond the 1-in-10,000 value of any of these sizes


def test_seeds_and_parts_matter() -> None:
    tables = {tuple(map(Permutation(50, *key), range(50))) for key in ((0,), (1,), (0, "a"), (0, "a", 0), (0, "a", 1))}
    assert len(tables) == 5


def test_what_lies_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        Permutation(0, 0)
    for index in (-1, 5):
        with pytest.raises(ValueError, match=rf"index must be 0\.\.4, got {index}"):
            Permutation(5, 0)(index)
