"""The stream of one rank as batches, with a state of a few integers that is the same for all ranks."""

from __future__ import annotations

from collections.abc import Iterator

from torch.utils.data import DataLoader, Dataset

from pipeline.keyed import LAST_SEED
from pipeline.prepare.tokenizer import load_tokenizer
from pipeline.stream.collate import Batch, Special, collate
from pipeline.stream.draw import Drawing, draw
from pipeline.stream.order import SampleOrder, rank_positions
from pipeline.stream.reader import TrainReader
from schemas.stream import StreamSpec, StreamState


class _Steps(Dataset[Batch]):
    """Batch of a step as an item: a map-style dataset, so that loader workers need no state."""

    def __init__(self, stream: PretrainStream) -> None:
        self._stream = stream

    def __getitem__(self, step: int) -> Batch:
        return self._stream.batch(step)


class PretrainStream:
    """Batches of rank `rank` of `world_size` over a training dataset.

    The order and every draw follow from the specification alone. Raises ValueError where the specification does
    not fit the dataset.
    """

    def __init__(self, url: str, spec: StreamSpec, rank: int = 0, world_size: int = 1, workers: int = 0) -> None:
        rank_positions(0, spec.global_batch, world_size, rank)  # refuses what cannot be shared
        self.spec = spec
        self._rank, self._world_size, self._workers = rank, world_size, workers
        self._reader = TrainReader(url, spec.dataset)
        tokenizer = load_tokenizer(self._reader.tokenizer)
        if tokenizer.digest != spec.tokenizer:
            raise ValueError(f"the stream's tokenizer is {spec.tokenizer[:16]}, that at {url} {tokenizer.digest[:16]}")
        self.order = SampleOrder(spec, self._reader.samples)
        self._drawing = Drawing(spec.seed, tokenizer.vocab_size, tokenizer.mask, spec.objectives)
        self._special = Special(tokenizer.pad, tokenizer.cls, tokenizer.sep, spec.objectives.sep_box)
        self._consumed = 0

    def plan(self, step: int) -> tuple[list[int], list[str]]:
        """(positions, keys) that this rank reads for a step."""
        positions = rank_positions(step, self.spec.global_batch, self._world_size, self._rank)
        places = [self.order.place(position) for position in positions]
        return positions, [self._reader.key(place.shard, place.row) for place in places]

    def batch(self, step: int) -> Batch:
        """This rank's batch of a step."""
        positions = rank_positions(step, self.spec.global_batch, self._world_size, self._rank)
        examples = []
        for position in positions:
            place = self.order.place(position)
            examples.append(draw(self._reader.example(place.shard, place.row, place.epoch), self._drawing))
        return collate(examples, positions, self._special)

    def batches(self, steps: int) -> Iterator[Batch]:
        """Batches from where the state stands up to step `steps`. The state moves when a batch is handed out."""
        first = self._consumed // self.spec.global_batch
        loader: DataLoader[Batch] = DataLoader(
            _Steps(self),
            batch_size=None,
            sampler=range(first, steps),
            num_workers=self._workers,
            # Threads of OpenCV or Ray do not survive a fork.
            multiprocessing_context="spawn" if self._workers else None,
        )
        for batch in loader:
            self._consumed += self.spec.global_batch
            yield batch

    def state_dict(self) -> StreamState:
        """How far the stream was consumed, not how far it was prefetched."""
        return StreamState(
            spec_digest=self.spec.digest, epoch=self._consumed // self.order.size, samples_consumed=self._consumed
        )

    def load_state_dict(self, state: StreamState) -> None:
        """Go on from `state`; ValueError where it is of another specification."""
        if state.spec_digest != self.spec.digest:
            raise ValueError(f"the state is of stream {state.spec_digest[:16]}, this is {self.spec.digest[:16]}")
        if state.samples_consumed % self.spec.global_batch:
            raise ValueError(f"samples_consumed {state.samples_consumed} is inside a global batch")
        self._consumed = state.samples_consumed

    @property
    def variants(self) -> int:
        """Draws of covers and partners that each sample has."""
        return self._reader.variants


def make_spec(url: str, seed: int, global_batch: int, dataset: str | None = None) -> StreamSpec:
    """The specification of a run over the dataset at `url` as it is now, or as it was when its digest was `dataset`."""
    if not 0 <= seed <= LAST_SEED:
        raise ValueError(f"seed must be 0..{LAST_SEED}, got {seed}")
    if global_batch < 1:
        raise ValueError(f"global_batch must be at least 1, got {global_batch}")
    reader = TrainReader(url, dataset)
    tokenizer = load_tokenizer(reader.tokenizer)
    return StreamSpec(dataset=reader.digest, tokenizer=tokenizer.digest, seed=seed, global_batch=global_batch)
