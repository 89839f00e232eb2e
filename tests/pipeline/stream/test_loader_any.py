"""Any ranks with any loader processes, killed anywhere and gone on with any others: the same global batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from pipeline.stream import PretrainStream, StreamLoader, make_spec
from pipeline.stream.collate import Batch
from schemas.stream import StreamSpec, StreamState, Tail

Sample = tuple[int, str, str]  # position, key, digest of what the model gets
TENSORS = ("input_ids", "bbox", "mlm_labels", "tia_labels")


@dataclass(frozen=True)
class Crew:
    """Ranks, and loader processes of each."""

    world: int
    workers: int

    @property
    def processes(self) -> int:
        return self.world * self.workers


@dataclass(frozen=True)
class Case:
    """A stream, the epoch that is looked at, the steps before the kill, and who reads before and after it."""

    batch: int
    seed: int
    buckets: int
    tail: Tail
    epoch: int
    kill: int
    before: Crew
    after: Crew


_PROCESSES = 3  # in a drawn case: each takes two seconds of a CPU to start
CREWS = [Crew(1, 0), Crew(1, 1), Crew(1, 2), Crew(1, 3), Crew(2, 0), Crew(2, 1), Crew(3, 0), Crew(3, 1)]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Batches that fill an epoch of 30 samples and such that do not."""
    before = draw(st.sampled_from(CREWS))
    after = draw(st.sampled_from([crew for crew in CREWS if crew.processes + before.processes <= _PROCESSES]))
    return Case(
        batch=draw(st.sampled_from([6, 12, 18])),
        seed=draw(st.integers(0, 1 << 62)),
        buckets=draw(st.integers(1, 3)),
        tail=draw(st.sampled_from([Tail.WRAP, Tail.PAD])),
        epoch=draw(st.integers(0, 50)),
        kill=draw(st.integers(0, 5)),
        before=before,
        after=after,
    )


def _samples(parts: Iterable[Batch]) -> list[Sample]:
    """The samples of a global batch by position, whatever each rank padded its part to."""
    found = []
    for part in parts:
        for row, position in enumerate(part.positions):
            length = int(part.attention_mask[row].sum())
            held = [getattr(part, name)[row, :length] for name in TENSORS]
            held += [part.image[row], part.tim_labels[row], part.sample_weight[row]]
            digest = hashlib.sha256(b"".join(tensor.numpy().tobytes() for tensor in held)).hexdigest()
            found.append((position, part.keys[row], digest))
    return sorted(found)


def _read(
    url: str, spec: StreamSpec, crew: Crew, state: StreamState, until: int, steps: int
) -> tuple[list[list[Sample]], StreamState]:
    """The first `steps` global batches from `state` on, by loaders that would go on to `until`; the state then."""
    parts, states = [], set()
    for rank in range(crew.world):
        stream = PretrainStream(url, spec, rank, crew.world)
        stream.plan(0)  # it may have been used before
        stream.load_state_dict(StreamState.from_json(state.to_json()))
        batches = iter(StreamLoader(stream, until, workers=crew.workers))
        parts.append(list(islice(batches, steps)))
        states.add(stream.state_dict().to_json())
    (left,) = states
    return [_samples(part) for part in zip(*parts, strict=True)], StreamState.from_json(left)


# The first drawn case is always the simplest one, and the second any. Shrinking would take minutes.
@settings(max_examples=2, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(case=cases())
@example(case=Case(6, 5, 2, Tail.WRAP, 3, 2, before=Crew(1, 3), after=Crew(2, 1)))
@example(case=Case(18, 6, 3, Tail.PAD, 1, 1, before=Crew(3, 0), after=Crew(1, 2)))
def test_any_ranks_and_loader_processes_and_any_kill_see_the_same_batches(train_url: str, case: Case) -> None:
    spec = make_spec(train_url, case.seed, case.batch, buckets=case.buckets, tail=case.tail)
    spec = spec.model_copy(update={"lanes": 6, "window": 5})
    alone = PretrainStream(train_url, spec)
    (order,) = alone.order.datasets
    epoch = range(case.epoch * order.epoch_size, (case.epoch + 1) * order.epoch_size)
    first, until = epoch.start // case.batch, -(-epoch.stop // case.batch)
    killed = min(first + case.kill, until)

    before, state = _read(train_url, spec, case.before, alone.state_at(first), until, killed - first)
    assert state == alone.state_at(killed)
    after, state = _read(train_url, spec, case.after, state, until, until - killed)
    assert state == alone.state_at(until)

    seen = [*before, *after]
    assert seen == [_samples([alone.batch(step)]) for step in range(first, until)]
    (reader,) = alone.readers
    everything = sorted(reader.key(shard, row) for shard, rows in enumerate(reader.samples) for row in range(rows))
    assert sorted(key for step in seen for position, key, _ in step if position in epoch and key) == everything
