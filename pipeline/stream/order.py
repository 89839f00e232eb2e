"""Which sample stands at a position of one dataset's stream.

An epoch is every sample once. Its shards are permuted and laid end to end; each of L lanes owns one contiguous
stretch of that sequence and shuffles it inside windows. Position p of the epoch belongs to lane p mod L, so a rank
that takes whole lanes reads its own part of the data. Epochs follow each other without a gap. What becomes of the
samples that fill no global batch is the tail rule's: by default batches wrap, and position P of the stream is position
P mod N of epoch P div N.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.permutation import Permutation
from schemas.stream import StreamSpec, Tail

_EPOCHS = 8  # kept: a batch may reach from one into the next, and residues of a mixture are not quite level
_Layout = tuple[NDArray[np.int64], NDArray[np.int64]]  # shards in the order of an epoch, where each begins


@dataclass(frozen=True)
class Place:
    """Where a position's sample lies."""

    epoch: int
    shard: int  # number of the shard in the dataset
    row: int  # of the shard's index


class SampleOrder:
    """The order of one specification over one of its datasets, whose shards hold `samples` each.

    O(shards) memory, and any position at once. `epoch_size` is the number of positions of an epoch: with the tail rule
    "drop" fewer than `size`, its samples; with "pad" more.
    """

    def __init__(self, spec: StreamSpec, samples: Sequence[int], dataset: int = 0) -> None:
        self._spec = spec
        self._name = spec.datasets[dataset].dataset
        self._samples = np.asarray(samples, dtype=np.int64)
        self.size = int(self._samples.sum())
        if self.size < 1:
            raise ValueError("the dataset has no samples")
        self.epoch_size = _epoch_size(spec, self.size)
        self._lanes = _lanes_in_use(spec, self.size)
        self._epochs: dict[int, _Layout] = {}

    def place(self, position: int) -> Place | None:
        """Place of a position of the dataset's stream (0 or more); None where an epoch is filled up."""
        if position < 0:
            raise ValueError(f"position must not be negative, got {position}")
        epoch, within = divmod(position, self.epoch_size)
        if within >= self.size:
            return None
        lane, step = within % self._lanes, within // self._lanes
        slot = self._lane_start(lane) + self._shuffled(epoch, lane, step)
        shards, starts = self._layout(epoch)
        number = int(np.searchsorted(starts, slot, side="right")) - 1
        return Place(epoch, int(shards[number]), slot - int(starts[number]))

    def _lane_size(self, lane: int) -> int:
        return (self.size - lane + self._lanes - 1) // self._lanes

    def _lane_start(self, lane: int) -> int:
        """Sum of the sizes of the lanes before: the first `size mod lanes` lanes hold one sample more."""
        base, extra = divmod(self.size, self._lanes)
        return lane * base + min(lane, extra)

    def _shuffled(self, epoch: int, lane: int, step: int) -> int:
        window, within = divmod(step, self._spec.window)
        begin = window * self._spec.window
        size = min(self._spec.window, self._lane_size(lane) - begin)
        return begin + Permutation(size, self._spec.seed, self._name, "window", epoch, lane, window)(within)

    def _layout(self, epoch: int) -> _Layout:
        if epoch not in self._epochs:
            if len(self._epochs) == _EPOCHS:
                self._epochs.pop(next(iter(self._epochs)))
            self._epochs[epoch] = self._lay_out(epoch)
        return self._epochs[epoch]

    def _lay_out(self, epoch: int) -> _Layout:
        """Layout of an epoch; empty shards are left out."""
        filled = np.flatnonzero(self._samples)
        shards = filled[Permutation(len(filled), self._spec.seed, self._name, "shards", epoch).table()]
        ends = np.cumsum(self._samples[shards])
        return shards, np.concatenate([[0], ends[:-1]])


def _epoch_size(spec: StreamSpec, size: int) -> int:
    """Positions of an epoch of `size` samples under the tail rule."""
    if spec.tail is Tail.WRAP:
        return size
    if spec.tail is Tail.PAD:
        return -(-size // spec.global_batch) * spec.global_batch
    if size < spec.global_batch:
        raise ValueError(f"global_batch {spec.global_batch} is more than the {size} samples, and the tail is dropped")
    return size // spec.global_batch * spec.global_batch


def _lanes_in_use(spec: StreamSpec, size: int) -> int:
    """The most lanes, among the divisors of the specified number, that each fill a window.

    A small dataset in many lanes would hardly be shuffled: neighbouring lanes hold neighbouring samples.
    """
    divisors = [n for n in range(1, spec.lanes + 1) if spec.lanes % n == 0]
    return max(n for n in divisors if n == 1 or size // n >= spec.window)


def rank_positions(step: int, global_batch: int, world_size: int, rank: int) -> list[int]:
    """Positions that a rank reads for a step (from 0): every world_size-th of the step's global batch.

    Raises ValueError where the batch cannot be shared evenly or the rank does not exist.
    """
    if world_size < 1 or global_batch % world_size:
        raise ValueError(f"global batch {global_batch} cannot be shared evenly by {world_size} ranks")
    if not 0 <= rank < world_size:
        raise ValueError(f"rank must be 0..{world_size - 1}, got {rank}")
    if step < 0:
        raise ValueError(f"step must not be negative, got {step}")
    first = step * global_batch
    return list(range(first + rank, first + global_batch, world_size))
