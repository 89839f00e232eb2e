"""The stream of a rank: the same batches whoever asks, from wherever it goes on."""

from __future__ import annotations

import json
import pickle
from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset

from pipeline.keyed import LAST_SEED
from pipeline.stream import PretrainStream, StreamLoader, make_spec
from pipeline.stream.collate import Batch
from schemas.stream import Part, StreamSpec, StreamState, Tail


def _same(one: Batch, other: Batch) -> bool:
    pairs = [(getattr(one, field.name), getattr(other, field.name)) for field in fields(Batch)]
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


@pytest.fixture(scope="module")
def spec(train_url: str) -> StreamSpec:
    """Small windows and several lanes, so that both matter."""
    return make_spec(train_url, 5, 6).model_copy(update={"lanes": 4, "window": 5})


def test_batches_are_what_was_planned(train_url: str, spec: StreamSpec) -> None:
    stream = PretrainStream(train_url, spec)
    batches = list(StreamLoader(stream, 6))
    assert [(batch.positions, batch.keys) for batch in batches] == [stream.plan(step) for step in range(6)]
    assert sorted(key for batch in batches[:5] for key in batch.keys) == sorted(
        stream.readers[0].key(shard, row)
        for shard, count in enumerate(stream.readers[0].samples)
        for row in range(count)
    )


@pytest.mark.parametrize("world", [2, 3, 6])
def test_any_number_of_ranks_sees_the_same_samples_with_the_same_draws(
    train_url: str, spec: StreamSpec, world: int
) -> None:
    whole = PretrainStream(train_url, spec)
    ranks = [PretrainStream(train_url, spec, rank, world) for rank in range(world)]
    for step in (0, 3, 11):
        batch = whole.batch(step)
        parts = [stream.batch(step) for stream in ranks]
        assert sorted(position for part in parts for position in part.positions) == batch.positions
        for part in parts:
            for row, position in enumerate(part.positions):
                place = batch.positions.index(position)
                assert part.keys[row] == batch.keys[place]
                length = int(part.attention_mask[row].sum())
                for name in ("input_ids", "bbox", "mlm_labels", "tia_labels"):
                    assert torch.equal(getattr(part, name)[row, :length], getattr(batch, name)[place, :length])
                assert torch.equal(part.image[row], batch.image[place])
                assert part.tim_labels[row] == batch.tim_labels[place]


@pytest.mark.parametrize("stop", [0, 1, 4, 7])
def test_a_resumed_stream_goes_on_as_if_never_stopped(train_url: str, spec: StreamSpec, stop: int) -> None:
    whole = list(StreamLoader(PretrainStream(train_url, spec), 8))
    first = PretrainStream(train_url, spec)
    before = [batch for _, batch in zip(range(stop), StreamLoader(first, 8), strict=False)]
    state = StreamState.from_json(first.state_dict().to_json())
    assert state.samples_consumed == 6 * stop
    assert state.epoch == 6 * stop // 30
    second = PretrainStream(train_url, spec)
    second.load_state_dict(state)
    after = list(StreamLoader(second, 8))
    assert all(_same(a, b) for a, b in zip([*before, *after], whole, strict=True))
    assert second.state_dict().samples_consumed == 48


def test_the_state_counts_what_was_handed_out_and_not_what_was_fetched(train_url: str, spec: StreamSpec) -> None:
    stream = PretrainStream(train_url, spec)
    batches = iter(StreamLoader(stream, 8))
    assert stream.state_dict().samples_consumed == 0
    next(batches)
    assert stream.state_dict().samples_consumed == 6


def test_a_stream_travels_to_other_processes(train_url: str, spec: StreamSpec) -> None:
    stream = PretrainStream(train_url, spec)
    batch = stream.batch(4)
    assert _same(pickle.loads(pickle.dumps(stream)).batch(4), batch)


def test_a_state_of_another_stream_is_refused(train_url: str, spec: StreamSpec) -> None:
    stream = PretrainStream(train_url, spec)
    state = stream.state_dict()
    other = PretrainStream(train_url, spec.model_copy(update={"seed": 6, "tail": Tail.DROP}))
    with pytest.raises(ValueError, match=f"spec_digest: the state is of stream {state.spec_digest[:16]}, this is"):
        other.load_state_dict(state)
    with pytest.raises(ValueError, match="samples_consumed 7 is inside a global batch"):
        stream.load_state_dict(state.model_copy(update={"samples_consumed": 7}))
    with pytest.raises(ValueError, match="epoch 3 is not that of samples_consumed 0"):
        stream.load_state_dict(state.model_copy(update={"epoch": 3}))


def test_the_loaders_state_names_the_fields_that_differ(train_url: str, spec: StreamSpec) -> None:
    objectives = spec.objectives.model_copy(update={"mvlm_rate": 0.3})
    other = spec.model_copy(update={"seed": 6, "objectives": objectives})
    state = StreamLoader(PretrainStream(train_url, spec)).state_dict()
    loader = StreamLoader(PretrainStream(train_url, other))
    text = r"; seed is 6 here, 5 there; objectives\.mvlm_rate is 0\.3 here, 0\.15 there$"
    with pytest.raises(ValueError, match=text):
        loader.load_state_dict(state)
    with pytest.raises(ValueError, match="format_version"):
        loader.load_state_dict({**state, "format_version": 2})


def test_the_loaders_state_goes_through_json_and_is_small(train_url: str, spec: StreamSpec) -> None:
    loader = StreamLoader(PretrainStream(train_url, spec))
    batches = iter(loader)
    expected = [next(batches) for _ in range(5)][3:]
    loader.stream.load_state_dict(loader.stream.state_at(3))
    written = json.dumps(loader.state_dict())
    assert len(written) < 1000
    assert set(loader.state_dict()) == {"format_version", "spec_digest", "epoch", "samples_consumed", "spec"}
    fresh = StreamLoader(PretrainStream(train_url, spec), 5)
    fresh.load_state_dict(json.loads(written))
    assert all(_same(a, b) for a, b in zip(fresh, expected, strict=True))


def test_it_is_a_plain_dataset_of_torch(train_url: str, spec: StreamSpec) -> None:
    stream = PretrainStream(train_url, spec)
    stream.until = 2
    assert isinstance(stream, IterableDataset)
    plain = list(DataLoader(stream, batch_size=None))
    assert all(_same(a, b) for a, b in zip(plain, [stream.batch(0), stream.batch(1)], strict=True))


def test_several_datasets_are_read_and_all_must_have_the_tokenizer(
    train_url: str, workshop: Any, shared_workshop: Any
) -> None:
    workshop.add(*(workshop.document(f"d{i}", 40) for i in range(6)))
    other = workshop.prepare()
    spec = make_spec([train_url, other], 0, 6, weights=[2, 1], buckets=2)
    stream = PretrainStream([train_url, other], spec)
    keys = [key for batch in StreamLoader(stream, 20) for key in batch.keys]
    of_other = {
        stream.readers[1].key(shard, row) for shard in range(2) for row in range(stream.readers[1].samples[shard])
    }
    assert 25 <= sum(key in of_other for key in keys) <= 55  # a third of 120
    assert stream.variants == [3, 1]
    with pytest.raises(ValueError, match="1 URLs for a stream of 2 datasets"):
        PretrainStream(train_url, spec)
    swapped = replace(workshop, vocabulary=[*workshop.vocabulary, "zz"]).prepare("swapped")
    with pytest.raises(ValueError, match="the stream's tokenizer is"):
        PretrainStream([train_url, swapped], make_spec([train_url, swapped], 0, 6))


@pytest.mark.parametrize(
    ("weights", "digests", "text"),
    [
        ([1.0, 2.0], None, "1 datasets with 1 digests and 2 weights"),
        ([0.0], None, "weights must be more than 0, got 0"),
    ],
)
def test_weights_that_make_no_sense_are_refused(train_url: str, weights: list[float], digests: None, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make_spec(train_url, 0, 2, digests, weights=weights)


def test_any_field_of_the_specification_is_in_its_digest(spec: StreamSpec) -> None:
    changes: list[dict[str, Any]] = [
        {"datasets": (Part(dataset="0" * 64),)},
        {"tokenizer": "0" * 64},
        {"seed": 9},
        {"global_batch": 12},
        {"lanes": 8},
        {"window": 6},
        {"buckets": 2},
        {"tail": Tail.DROP},
        {"objectives": spec.objectives.model_copy(update={"mvlm_rate": 0.2})},
    ]
    assert {name for change in changes for name in change} | {"kind"} == set(StreamSpec.model_fields)
    assert len({spec.digest, *(spec.model_copy(update=change).digest for change in changes)}) == len(changes) + 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"datasets": (Part(dataset="0" * 64),)}, "no generations of it add up to digest 0000000000000000"),
        ({"tokenizer": "0" * 64}, "the stream's tokenizer is 0000000000000000, that at"),
    ],
)
def test_a_specification_of_something_else_is_refused(
    train_url: str, spec: StreamSpec, change: dict[str, Any], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        PretrainStream(train_url, spec.model_copy(update=change))


def test_a_batch_that_ranks_cannot_share_is_refused(train_url: str, spec: StreamSpec) -> None:
    with pytest.raises(ValueError, match="cannot be shared evenly by 4 ranks"):
        PretrainStream(train_url, spec, 0, 4)


@pytest.mark.parametrize(
    ("seed", "batch", "text"),
    [(-1, 8, "seed must be"), (LAST_SEED + 1, 8, "seed must be"), (0, 0, "global_batch must be at least 1, got 0")],
)
def test_a_specification_out_of_range_is_refused(train_url: str, seed: int, batch: int, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        make_spec(train_url, seed, batch)
    assert make_spec(train_url, LAST_SEED, 8).digest


def test_a_run_goes_on_when_its_dataset_has_grown(workshop: Any) -> None:
    workshop.add(*(workshop.document(f"d{i}", 40) for i in range(6)))
    url = workshop.prepare()
    spec = make_spec(url, 0, 2)
    before = [PretrainStream(url, spec).batch(step) for step in range(4)]
    workshop.add(*(workshop.document(f"e{i}", 40) for i in range(3)))
    workshop.prepare()
    assert all(_same(PretrainStream(url, spec).batch(step), batch) for step, batch in enumerate(before))
    assert make_spec(url, 0, 2) != spec
    assert make_spec(url, 0, 2, [spec.datasets[0].dataset]) == spec
