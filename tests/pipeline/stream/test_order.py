"""The order of samples: every epoch is the dataset, any number of ranks shares the same batches, reads stay local."""

from __future__ import annotations

import pickle
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.order import Place, SampleOrder, rank_positions
from schemas.stream import Part, StreamSpec

sizes = st.lists(st.integers(0, 25), min_size=1, max_size=8).filter(lambda counts: sum(counts) > 0)
specs = st.builds(
    StreamSpec,
    datasets=st.sampled_from([(Part(dataset="a" * 64),), (Part(dataset="b" * 64),)]),
    tokenizer=st.just("c" * 64),
    seed=st.integers(0, 1 << 63),
    global_batch=st.just(8),
    lanes=st.sampled_from([1, 2, 3, 4, 6, 12, 64]),
    window=st.integers(1, 30),
)


def _spec(**more: object) -> StreamSpec:
    return StreamSpec.model_validate(
        {"datasets": [{"dataset": "a" * 64}], "tokenizer": "c" * 64, "global_batch": 8, **more}
    )


@given(specs, sizes, st.integers(0, 1000))
def test_any_epoch_is_every_sample_once(spec: StreamSpec, samples: list[int], epoch: int) -> None:
    order = SampleOrder(spec, samples)
    everything = [(shard, row) for shard, count in enumerate(samples) for row in range(count)]
    assert order.size == len(everything)
    places = [order.place(epoch * order.size + i) for i in range(order.size)]
    assert sorted((place.shard, place.row) for place in places) == everything
    assert {place.epoch for place in places} == {epoch}


@given(specs, sizes, st.lists(st.integers(0, 500), min_size=1, max_size=30))
def test_a_place_is_a_function_of_its_position(spec: StreamSpec, samples: list[int], positions: list[int]) -> None:
    """Asked for in any order, by any process."""
    order = SampleOrder(spec, samples)
    one = [order.place(position) for position in positions]
    other = pickle.loads(pickle.dumps(order))
    assert [other.place(position) for position in reversed(positions)] == one[::-1]


@given(st.integers(0, 500), st.integers(1, 12), st.integers(1, 12))
def test_any_number_of_ranks_shares_the_same_global_batch(step: int, world: int, each: int) -> None:
    batch = world * each
    ranks = [rank_positions(step, batch, world, rank) for rank in range(world)]
    assert sorted(position for positions in ranks for position in positions) == list(
        range(step * batch, (step + 1) * batch)
    )
    assert [len(positions) for positions in ranks] == [each] * world
    interleaved = [positions[i] for i in range(each) for positions in ranks]
    assert interleaved == rank_positions(step, batch, 1, 0)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((0, 8, 3, 0), "global batch 8 cannot be shared evenly by 3 ranks"),
        ((0, 8, 0, 0), "by 0 ranks"),
        ((0, 8, 2, 2), r"rank must be 0\.\.1, got 2"),
        ((0, 8, 2, -1), "got -1"),
        ((-1, 8, 2, 0), "step must not be negative, got -1"),
    ],
)
def test_what_cannot_be_shared_is_refused(arguments: tuple[int, int, int, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        rank_positions(*arguments)


def test_no_samples_and_no_position_are_refused() -> None:
    for samples in ([], [0, 0]):
        with pytest.raises(ValueError, match="no samples"):
            SampleOrder(_spec(), samples)
    with pytest.raises(ValueError, match="position must not be negative, got -1"):
        SampleOrder(_spec(), [3]).place(-1)


def test_pinned() -> None:
    """A changed order would change what a resumed run sees."""
    order = SampleOrder(_spec(seed=3, lanes=4, window=3), [5, 0, 4, 7])
    places = [(p.epoch, p.shard, p.row) for p in map(order.place, range(14, 20))]
    assert places == [(0, 0, 0), (0, 0, 4), (1, 3, 2), (1, 3, 4), (1, 2, 3), (1, 0, 1)]


def _epoch(order: SampleOrder, epoch: int) -> list[Place]:
    return [order.place(epoch * order.size + i) for i in range(order.size)]


def test_epochs_seeds_and_datasets_are_shuffled_otherwise() -> None:
    samples = [40, 40, 40]
    orders = [SampleOrder(_spec(**more), samples) for more in ({}, {"seed": 1}, {"datasets": [{"dataset": "b" * 64}]})]
    drawn = [
        [(p.shard, p.row) for p in _epoch(order, epoch)] for order, epoch in zip([*orders, orders[0]], (0, 0, 0, 1))
    ]
    for i, one in enumerate(drawn):
        for other in drawn[:i]:
            assert sum(a == b for a, b in zip(one, other, strict=True)) < 20


def test_shards_are_in_another_order_in_each_epoch() -> None:
    """With windows of one sample nothing else is shuffled."""
    order = SampleOrder(_spec(window=1, lanes=1), [2] * 30)
    shards = [[place.shard for place in _epoch(order, epoch)] for epoch in range(3)]
    assert all(one[::2] == one[1::2] for one in shards)  # a shard's samples stay together
    assert len({tuple(one) for one in shards}) == 3


def test_a_lane_stays_in_its_stretch_and_shuffles_inside_its_windows() -> None:
    """With four lanes of 40 samples, a rank of four reads a quarter of the shards, ten samples at a time."""
    spec = _spec(lanes=4, window=10)
    order = SampleOrder(spec, [8] * 20)
    layout = {shard: i for i, shard in enumerate(order._lay_out(0)[0])}
    for lane in range(4):
        places = [order.place(position) for position in range(lane, 160, 4)]
        slots = [layout[place.shard] * 8 + place.row for place in places]
        assert sorted(slots) == list(range(lane * 40, lane * 40 + 40))
        for window in range(4):
            part = slots[window * 10 : window * 10 + 10]
            assert sorted(part) == list(range(lane * 40 + window * 10, lane * 40 + window * 10 + 10))
            assert part != sorted(part)


def test_a_small_dataset_is_shuffled_as_a_whole() -> None:
    """Sixty-four lanes of two samples each would hardly be shuffled at all."""
    order = SampleOrder(_spec(), [16] * 8)
    firsts = [[(p.shard * 16 + p.row) for p in _epoch(order, epoch)[:8]] for epoch in range(200)]
    found = Counter(number for first in firsts for number in first)
    assert len(found) == 128
    assert max(found.values()) < 40  # 12.5 in the mean


def test_a_batch_reaches_from_one_epoch_into_the_next() -> None:
    order = SampleOrder(_spec(), [10])
    assert [order.place(position).epoch for position in rank_positions(1, 8, 1, 0)] == [0, 0, *[1] * 6]
