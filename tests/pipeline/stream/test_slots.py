"""Positions to slots: tails, buckets, mixtures; for any world size and any moment the same."""

from __future__ import annotations

import pickle
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stream.order import rank_positions
from pipeline.stream.slots import Slot, StreamOrder
from schemas.stream import Part, StreamSpec, Tail

sizes = st.lists(st.integers(0, 25), min_size=1, max_size=6).filter(lambda counts: sum(counts) >= 12)
specs = st.builds(
    StreamSpec,
    datasets=st.just((Part(dataset="a" * 64),)),
    tokenizer=st.just("c" * 64),
    seed=st.integers(0, 1 << 62),
    global_batch=st.sampled_from([1, 2, 4, 6, 8, 12]),
    lanes=st.sampled_from([1, 2, 4, 12, 64]),
    window=st.integers(1, 30),
    buckets=st.integers(1, 7),
    tail=st.sampled_from(list(Tail)),
)


def length(slot: Slot) -> int:
    """Of any spread, the same for a sample in all epochs."""
    return (slot.place.shard * 7919 + slot.place.row * 104729) % 997


def _spec(**more: object) -> StreamSpec:
    fields = {"datasets": [{"dataset": "a" * 64}], "tokenizer": "c" * 64, "global_batch": 8}
    return StreamSpec.model_validate({**fields, **more})


@given(specs, sizes, st.integers(0, 50))
def test_any_epoch_is_the_dataset_but_for_its_counted_tail(spec: StreamSpec, samples: list[int], epoch: int) -> None:
    order = StreamOrder(spec, [samples], length)
    (own,) = order.datasets
    slots = [order.slot(epoch * own.epoch_size + i) for i in range(own.epoch_size)]
    everything = Counter((shard, row) for shard, count in enumerate(samples) for row in range(count))
    found = Counter((slot.place.shard, slot.place.row) for slot in slots if slot is not None)
    assert {slot.place.epoch for slot in slots if slot is not None} == {epoch}
    if spec.tail is Tail.DROP:
        assert found <= everything
        assert (everything - found).total() == own.size % spec.global_batch
    else:
        assert found == everything
    filled = -own.size % spec.global_batch if spec.tail is Tail.PAD else 0
    assert slots.count(None) == filled


@settings(max_examples=40)
@given(specs, sizes, st.integers(0, 40), st.integers(1, 4), st.data())
def test_any_ranks_and_any_start_see_the_same_global_batches(
    spec: StreamSpec, samples: list[int], start: int, steps: int, data: st.DataObject
) -> None:
    """Ranks are other processes that begin in the middle: they share nothing but the specification."""
    batch = spec.global_batch
    whole = StreamOrder(spec, [samples], length)
    expected = [[whole.slot(p) for p in rank_positions(step, batch, 1, 0)] for step in range(start + steps)][start:]
    world = data.draw(st.sampled_from([n for n in range(1, batch + 1) if batch % n == 0]))
    ranks = [pickle.loads(pickle.dumps(StreamOrder(spec, [samples], length))) for _ in range(world)]
    for step, slots in enumerate(expected, start):
        parts = [[r.slot(p) for p in rank_positions(step, batch, world, i)] for i, r in enumerate(ranks)]
        assert [part[i] for i in range(batch // world) for part in parts] == slots


@pytest.mark.parametrize(("lanes", "batch"), [(4, 8), (8, 8), (4, 4)])
def test_ranks_keep_to_their_shards_with_buckets_too(lanes: int, batch: int) -> None:
    """Of 40 shards a rank of four reads ten, and the three that reach over the ends of its lanes at most."""
    order = StreamOrder(_spec(lanes=lanes, window=10, buckets=5, global_batch=batch), [[8] * 40], length)
    read = [
        {order.slot(p).place.shard for step in range(320 // batch) for p in rank_positions(step, batch, 4, rank)}
        for rank in range(4)
    ]
    assert all(10 <= len(shards) <= 10 + 2 * lanes // 4 for shards in read)
    assert set.union(*read) == set(range(40))


def test_buckets_bring_like_lengths_together_in_an_order_that_is_drawn() -> None:
    plain, sorted_ = (StreamOrder(_spec(window=500, lanes=1, buckets=k), [[100] * 40], length) for k in (1, 25))

    def spread(order: StreamOrder) -> list[tuple[int, int]]:
        lengths = [[min(length(order.slot(8 * step + i)), 510) for i in range(8)] for step in range(500)]
        return [(min(one), max(one)) for one in lengths]

    wide = sum(high - low for low, high in spread(plain)) / 500
    narrow = sum(high - low for low, high in spread(sorted_)) / 500
    assert narrow < wide / 5
    rising = sum(a[1] <= b[1] for a, b in pairwise(spread(sorted_)))
    assert 150 < rising < 400


def test_a_mixture_runs_each_dataset_through_its_own_epochs() -> None:
    datasets = [{"dataset": "a" * 64, "weight": 3}, {"dataset": "b" * 64, "weight": 1}]
    for buckets in (1, 6):
        order = StreamOrder(_spec(datasets=datasets, lanes=4, window=5, buckets=buckets), [[30], [7, 8]], length)
        slots = [order.slot(p) for p in range(12_000)]  # whole blocks and whole windows
        counts = Counter(slot.dataset for slot in slots if slot)
        assert counts == {0: 9000, 1: 3000}
        for dataset, size in ((0, 30), (1, 15)):
            seen = Counter((s.place.shard, s.place.row) for s in slots if s and s.dataset == dataset)
            assert len(seen) == size
            assert set(seen.values()) <= {counts[dataset] // size, counts[dataset] // size + 1}
            epochs = [s.place.epoch for s in slots if s and s.dataset == dataset]
            assert max(epochs) == (counts[dataset] - 1) // size
        assert order.epoch(12_000) == 300
        assert order.epochs(12_000) == [300, 200]


def test_more_than_one_dataset_has_no_tail() -> None:
    datasets = [{"dataset": "a" * 64}, {"dataset": "b" * 64}]
    with pytest.raises(ValueError, match="tail must be 'wrap' with several datasets, got 'drop'"):
        _spec(datasets=datasets, tail="drop")


def test_a_batch_larger_than_the_dataset_cannot_drop_its_tail() -> None:
    with pytest.raises(ValueError, match="global_batch 8 is more than the 7 samples"):
        StreamOrder(_spec(tail="drop"), [[7]], length)
    assert StreamOrder(_spec(tail="pad"), [[7]], length).slot(7) is None
