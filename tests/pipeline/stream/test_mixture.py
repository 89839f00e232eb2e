"""Several datasets in one stream: exact shares, every position of each once, ranks keep to whole lanes."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stream.mixture import BLOCK, Mixture, shares
from schemas.stream import Part, StreamSpec

weights = st.lists(st.floats(0.05, 20), min_size=1, max_size=4)


def _spec(parts: list[float], **more: int) -> StreamSpec:
    datasets = tuple(Part(dataset=f"{i}" * 64, weight=weight) for i, weight in enumerate(parts))
    return StreamSpec(datasets=datasets, tokenizer="c" * 64, **{"global_batch": 4, "lanes": 2, **more})


@given(weights)
def test_shares_of_any_weights_fill_a_block_and_are_met(parts: list[float]) -> None:
    found = shares(parts)
    assert sum(found) == BLOCK
    assert all(abs(share - weight / sum(parts) * BLOCK) < 1 for share, weight in zip(found, parts, strict=True))


def test_shares_are_exact_to_a_thousandth() -> None:
    assert shares([0.7, 0.25, 0.05]) == [700, 250, 50]
    assert shares([1, 1, 1]) == [334, 333, 333]
    with pytest.raises(ValueError, match=r"weight 0\.001 of 3\.001 is less than one in 1000"):
        shares([3, 0.001])


@settings(max_examples=20)
@given(weights, st.integers(0, 1 << 62), st.sampled_from([(4, 2), (6, 4), (8, 8), (3, 64)]), st.integers(0, 10**9))
def test_any_block_has_each_position_of_each_dataset_once(
    parts: list[float], seed: int, shape: tuple[int, int], block: int
) -> None:
    mixture = Mixture(_spec(parts, seed=seed, global_batch=shape[0], lanes=shape[1]))
    size = BLOCK * mixture.classes
    split = [mixture.split(block * size + i) for i in range(size)]
    assert len(set(split)) == size
    for dataset, share in enumerate(mixture.shares):
        own = sorted(place for number, place in split if number == dataset)
        begin = block * share * mixture.classes
        assert own == list(range(begin, begin + share * mixture.classes))
        assert mixture.before(block * size, dataset) == begin
    residues = [place % mixture.classes for _, place in split]
    assert residues == [i % mixture.classes for i in range(size)]


def test_datasets_are_mixed_inside_batches() -> None:
    """Not a batch of one, then a batch of the other."""
    mixture = Mixture(_spec([1, 1], global_batch=64, lanes=64))
    batches = [Counter(mixture.split(64 * step + i)[0] for i in range(64)) for step in range(100)]
    assert all(14 <= batch[0] <= 50 for batch in batches)


def test_pinned() -> None:
    mixture = Mixture(_spec([3, 1], seed=5, global_batch=8, lanes=4))
    assert [mixture.split(i) for i in (0, 1, 2, 3, 4, 4004)] == [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (0, 3004)]
