"""From a position of the stream to a sample of one of its datasets, samples of like length brought together.

In a window of K global batches the samples of a residue class change places: the batches are put in an order of
length that is drawn, and each class deals its samples out by it. No sample leaves its class, its window or its epoch,
so ranks still take whole lanes and an epoch is still every sample once. What it takes to know is the lengths of the
class's samples in the window, which are in the index.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.permutation import Permutation
from pipeline.stream.mixture import Mixture
from pipeline.stream.order import Place, SampleOrder
from schemas.stream import StreamSpec

_GROUPS = 256  # kept in memory, some K x global batch / classes slots each

Length = Callable[["Slot"], int]


@dataclass(frozen=True)
class Slot:
    """A sample of a dataset."""

    dataset: int
    place: Place


class StreamOrder:
    """Slots of a specification's stream over datasets whose shards hold `samples` each.

    `length` gives a sample's number of tokens; it is asked where the specification has buckets.
    """

    def __init__(self, spec: StreamSpec, samples: Sequence[Sequence[int]], length: Length) -> None:
        assert len(samples) == len(spec.datasets), f"{len(samples)} datasets for {len(spec.datasets)} of the stream"
        self._spec, self._length = spec, length
        self.datasets = [SampleOrder(spec, counts, number) for number, counts in enumerate(samples)]
        self._mixture = Mixture(spec)
        self._groups: OrderedDict[tuple[int, int, int], dict[int, Slot | None]] = OrderedDict()

    def slot(self, position: int) -> Slot | None:
        """The sample at a position of the stream (0 or more); None where the tail is filled up."""
        if self._spec.buckets == 1:
            return self._unsorted(position)
        key = self._group_of(position)
        if key not in self._groups:
            self._groups[key] = self._group(*key)
            if len(self._groups) > _GROUPS:
                self._groups.popitem(last=False)
        self._groups.move_to_end(key)
        return self._groups[key][position]

    def epoch(self, position: int) -> int:
        """Epoch of the first dataset at a position; of a mixture to within one of its blocks."""
        return self._mixture.before(position, 0) // self.datasets[0].epoch_size

    def epochs(self, position: int) -> list[float]:
        """How many epochs of each dataset are done before a position."""
        return [self._mixture.before(position, i) / order.epoch_size for i, order in enumerate(self.datasets)]

    def _unsorted(self, position: int) -> Slot | None:
        dataset, own = self._mixture.split(position)
        place = self.datasets[dataset].place(own)
        return None if place is None else Slot(dataset, place)

    def _epoch_start(self, position: int) -> tuple[int, int | None]:
        """(where the epoch begins, its size); one without end for a mixture, whose datasets each have their own."""
        if len(self.datasets) > 1:
            return 0, None
        size = self.datasets[0].epoch_size
        return position // size * size, size

    def _group_of(self, position: int) -> tuple[int, int, int]:
        """(window, start of the epoch, residue class in the epoch)."""
        start, _ = self._epoch_start(position)
        window = position // (self._spec.buckets * self._spec.global_batch)
        return window, start, (position - start) % self._mixture.classes

    def _group(self, window: int, start: int, residue: int) -> dict[int, Slot | None]:
        """Slots of the positions of a group, dealt out by length."""
        batch, classes = self._spec.global_batch, self._mixture.classes
        size = self._spec.buckets * batch
        _, epoch_size = self._epoch_start(start)
        begin, end = max(window * size, start), (window + 1) * size
        end = end if epoch_size is None else min(end, start + epoch_size)
        begin += (start + residue - begin) % classes
        positions = range(begin, end, classes)
        by_length = sorted((self._unsorted(position) for position in positions), key=self._tokens)
        drawn = Permutation(self._spec.buckets, self._spec.seed, "buckets", window).table()
        first = window * self._spec.buckets
        in_turn = sorted(positions, key=lambda position: (drawn[position // batch - first], position))
        return dict(zip(in_turn, by_length, strict=True))

    def _tokens(self, slot: Slot | None) -> int:
        """Length in the batch: a longer page gives a window."""
        return 0 if slot is None else min(self._length(slot), self._spec.objectives.max_tokens)
