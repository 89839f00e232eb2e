"""The stream of one rank: from a step to its batch, a function of the specification and the step alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from torch.utils.data import IterableDataset, get_worker_info

from pipeline.keyed import LAST_SEED
from pipeline.prepare.tokenizer import load_tokenizer
from pipeline.stream.bad import BadSamples, blank
from pipeline.stream.cache import ShardCache
from pipeline.stream.collate import Batch, Special, collate
from pipeline.stream.draw import Drawing, draw
from pipeline.stream.example import Example
from pipeline.stream.order import rank_positions
from pipeline.stream.reader import TrainReader
from pipeline.stream.slots import Slot, StreamOrder
from schemas.stream import Objectives, Part, StreamSpec, StreamState, Tail


class PretrainStream(IterableDataset[Batch]):
    """Batches of rank `rank` of `world_size` over training datasets, one URL for each of the specification.

    The order and every draw follow from the specification alone. Iterating begins where the state stands and ends
    before step `until`, if that is set; in a loader's worker it gives every n-th batch. `StreamLoader` counts what was
    consumed.

    `cache` keeps copies of shards that lie behind a URL. With `skip_bad` a damaged sample is a slot of weight zero;
    many in a row are an error all the same. Raises ValueError where the specification does not fit the datasets.
    """

    def __init__(
        self,
        urls: str | Sequence[str],
        spec: StreamSpec,
        rank: int = 0,
        world_size: int = 1,
        *,
        cache: ShardCache | None = None,
        skip_bad: bool = False,
    ) -> None:
        super().__init__()
        rank_positions(0, spec.global_batch, world_size, rank)  # refuses what cannot be shared
        self.spec = spec
        self._rank, self._world_size = rank, world_size
        self.readers = _readers(urls, spec, cache)
        self.tokenizer = tokenizer = load_tokenizer(self.readers[0].tokenizer)
        self.order = StreamOrder(spec, [reader.samples for reader in self.readers], _Lengths(self.readers))
        self._drawing = Drawing(spec.seed, tokenizer.vocab_size, tokenizer.mask, spec.objectives)
        self._special = Special(tokenizer.pad, tokenizer.cls, tokenizer.sep, spec.objectives.sep_box)
        self._bad = BadSamples() if skip_bad else None
        self._consumed = 0
        self.until: int | None = None

    @property
    def step(self) -> int:
        """The step that comes next."""
        return self._consumed // self.spec.global_batch

    @property
    def variants(self) -> list[int]:
        """Draws of covers and partners that the samples of each dataset have."""
        return [reader.variants for reader in self.readers]

    def plan(self, step: int) -> tuple[list[int], list[str]]:
        """(positions, keys) that this rank reads for a step; an empty key where the tail is filled up."""
        positions = self._positions(step)
        return positions, [self._key(self.order.slot(position)) for position in positions]

    def batch(self, step: int) -> Batch:
        """This rank's batch of a step."""
        positions = self._positions(step)
        skipped: list[str] = []
        examples = [self._example(self.order.slot(position), skipped) for position in positions]
        return replace(collate(examples, positions, self._special), skipped=tuple(skipped))

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        first, stride = (0, 1) if worker is None else (worker.id, worker.num_workers)
        begin = self.step + first
        steps = count(begin, stride) if self.until is None else range(begin, self.until, stride)
        return map(self.batch, steps)

    def consume(self) -> None:
        """Move the state by one global batch."""
        self._consumed += self.spec.global_batch

    def state_dict(self) -> StreamState:
        """How far the stream was consumed, not how far it was prefetched."""
        return self.state_at(self.step)

    def state_at(self, step: int) -> StreamState:
        """The state before a step."""
        consumed = step * self.spec.global_batch
        return StreamState(spec_digest=self.spec.digest, epoch=self.order.epoch(consumed), samples_consumed=consumed)

    def load_state_dict(self, state: StreamState, spec: StreamSpec | None = None) -> None:
        """Go on from `state`; ValueError naming the field where it is of another specification.

        `spec`, the specification that was written beside the state, says which of its fields differ.
        """
        if state.spec_digest != self.spec.digest:
            known = [] if spec is None or spec.digest != state.spec_digest else self.spec.differences(spec)
            plain = f"the state is of stream {state.spec_digest[:16]}, this is {self.spec.digest[:16]}"
            raise ValueError(f"spec_digest: {plain}" + "".join(f"; {field}" for field in known))
        if state.samples_consumed % self.spec.global_batch:
            raise ValueError(f"samples_consumed {state.samples_consumed} is inside a global batch")
        if state.epoch != self.order.epoch(state.samples_consumed):
            raise ValueError(f"epoch {state.epoch} is not that of samples_consumed {state.samples_consumed}")
        self._consumed = state.samples_consumed

    def _positions(self, step: int) -> list[int]:
        return rank_positions(step, self.spec.global_batch, self._world_size, self._rank)

    def _key(self, slot: Slot | None) -> str:
        return "" if slot is None else self.readers[slot.dataset].key(slot.place.shard, slot.place.row)

    def _example(self, slot: Slot | None, skipped: list[str]) -> Example:
        if slot is None:
            return blank("")
        reader, place = self.readers[slot.dataset], slot.place
        if self._bad is None:
            return draw(reader.example(place.shard, place.row, place.epoch), self._drawing)
        shard = f"{reader.dataset.store.url}/{reader.shards[place.shard].ref.tar}"
        with self._bad.watching(shard) as found:
            return draw(reader.example(place.shard, place.row, place.epoch), self._drawing)
        skipped.append(found.reason)
        return blank(self._key(slot))


class _Lengths:
    """Lengths of slots, from the indexes."""

    def __init__(self, readers: Sequence[TrainReader]) -> None:
        self._readers = readers

    def __call__(self, slot: Slot) -> int:
        return self._readers[slot.dataset].tokens(slot.place.shard, slot.place.row)


def _readers(urls: str | Sequence[str], spec: StreamSpec, cache: ShardCache | None) -> list[TrainReader]:
    """A reader for each dataset of the specification, all of one tokenizer."""
    named = [urls] if isinstance(urls, str) else list(urls)
    if len(named) != len(spec.datasets):
        raise ValueError(f"{len(named)} URLs for a stream of {len(spec.datasets)} datasets")
    readers = [
        TrainReader(url, part.dataset, cache, len(named)) for url, part in zip(named, spec.datasets, strict=True)
    ]
    for url, reader in zip(named, readers, strict=True):
        found = load_tokenizer(reader.tokenizer).digest
        if found != spec.tokenizer:
            raise ValueError(f"the stream's tokenizer is {spec.tokenizer[:16]}, that at {url} {found[:16]}")
    return readers


def make_spec(
    urls: str | Sequence[str],
    seed: int,
    global_batch: int,
    digests: Sequence[str] | None = None,
    *,
    weights: Sequence[float] | None = None,
    buckets: int = 1,
    tail: Tail = Tail.WRAP,
    objectives: Objectives | None = None,
) -> StreamSpec:
    """The specification of a run over the datasets at `urls` as they are now, or as they were at `digests`."""
    if not 0 <= seed <= LAST_SEED:
        raise ValueError(f"seed must be 0..{LAST_SEED}, got {seed}")
    for name, value in (("global_batch", global_batch), ("buckets", buckets)):
        if value < 1:
            raise ValueError(f"{name} must be at least 1, got {value}")
    named = [urls] if isinstance(urls, str) else list(urls)
    pinned = [None] * len(named) if digests is None else list(digests)
    shares = [1.0] * len(named) if weights is None else list(weights)
    if not len(named) == len(pinned) == len(shares):
        raise ValueError(f"{len(named)} datasets with {len(pinned)} digests and {len(shares)} weights")
    if len(named) > 1 and tail is not Tail.WRAP:
        raise ValueError(f"tail must be 'wrap' with several datasets, got {tail.value!r}")
    for share in shares:
        if not 0 < share < math.inf:
            raise ValueError(f"weights must be more than 0, got {share:g}")
    readers = [TrainReader(url, digest) for url, digest in zip(named, pinned, strict=True)]
    return StreamSpec(
        datasets=tuple(Part(dataset=r.digest, weight=w) for r, w in zip(readers, shares, strict=True)),
        tokenizer=load_tokenizer(readers[0].tokenizer).digest,
        seed=seed,
        global_batch=global_batch,
        buckets=buckets,
        tail=tail,
        objectives=objectives or Objectives(),
    )
