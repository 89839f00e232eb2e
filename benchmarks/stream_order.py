"""The order of a stream, without any sample: how long a seek takes, how well it shuffles, what buckets save.

    python benchmarks/stream_order.py [--train TRAIN]

Lengths of pages for the last are those of the dataset TRAIN, if it is given.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable

import numpy as np
import psutil
from numpy.typing import NDArray

from pipeline.keyed import keyed
from pipeline.stream import SampleOrder, StreamOrder, TrainReader, rank_positions
from pipeline.stream.slots import Slot
from schemas.stream import Part, StreamSpec, StreamState

PAGES = 10  # of a document


def spec_of(**more: object) -> StreamSpec:
    """A specification over a simulated dataset."""
    fields = {"datasets": (Part(dataset="a" * 64),), "tokenizer": "b" * 64, "global_batch": 256}
    return StreamSpec.model_validate({**fields, **more})


def seek(shards: int = 100_000, each: int = 10_000) -> None:
    """Open the order of a billion samples and go to positions anywhere, each in an epoch of its own."""
    before = psutil.Process().memory_info().rss
    samples = [each] * shards
    begun = time.perf_counter()
    order = SampleOrder(spec_of(), samples)
    order.place(0)
    print(
        f"{order.size:,} samples in {shards:,} shards: opened and at position 0 in {time.perf_counter() - begun:.3f} s"
    )
    times = []
    for number in range(20):
        position = int(keyed(0, "seek", number).integers(100 * order.size))
        begun = time.perf_counter()
        order.place(position)
        times.append(time.perf_counter() - begun)
    megabytes = (psutil.Process().memory_info().rss - before) / 1e6
    print(f"  any position of any epoch: median {statistics.median(times):.3f} s, at most {max(times):.3f} s")
    print(f"  memory of it {megabytes:.0f} MB, of the whole process with torch {before / 1e6 + megabytes:.0f} MB")
    state = StreamState(spec_digest=spec_of().digest, epoch=99, samples_consumed=99_999_999_744)
    both = {**state.model_dump(), "spec": spec_of().model_dump(mode="json", by_alias=True)}
    print(f"  state {len(state.to_json())} bytes, with the specification {len(json.dumps(both))}")


def shuffled(order: SampleOrder, each: int) -> NDArray[np.int64]:
    """Numbers of the samples in the order of an epoch."""
    places = (order.place(position) for position in range(order.size))
    return np.array([place.shard * each + place.row for place in places if place is not None])


def apart(name: str, numbers: NDArray[np.int64], batch: int) -> None:
    """How far the pages of a document lie apart, and how often a batch has two of one."""
    when = np.empty_like(numbers)
    when[numbers] = np.arange(len(numbers))
    by_document = when.reshape(-1, PAGES)
    distance = np.abs(np.diff(by_document, axis=1)).ravel()
    documents = (numbers // PAGES)[: len(numbers) // batch * batch].reshape(-1, batch)
    pairs = [sum(count * (count - 1) // 2 for count in Counter(row.tolist()).values()) for row in documents]
    low, middle = np.percentile(distance, [5, 50])
    print(
        f"  {name:34} 5 % under {low:8.0f}, median {middle:8.0f}; pairs of one document in a batch {np.mean(pairs):.3f}"
    )


def shuffle(count: int = 204_800, each: int = 256, batch: int = 256) -> None:
    """Ours for some windows beside a full shuffle."""
    print(f"{count:,} samples, documents of {PAGES} pages, shards of {each}, batches of {batch}: next pages apart")
    apart("full shuffle", keyed(0, "shuffle").permutation(count), batch)
    for lanes, window in ((64, 256), (64, 1024), (32, 4096), (1, 4096)):
        order = SampleOrder(spec_of(lanes=lanes, window=window), [each] * (count // each))
        apart(f"{lanes} lanes, windows of {window}", shuffled(order, each), batch)
    apart("as they lie", np.arange(count), batch)


def padding(lengths: list[int], batch: int = 64, ranks: int = 8, steps: int = 400) -> None:
    """Share of a batch's tokens that are padding, each rank filling up to its own longest page."""
    count = 40_000

    def length(slot: Slot) -> int:
        return lengths[int(keyed(0, "length", slot.place.shard, slot.place.row).integers(len(lengths)))]

    print(f"padding in {steps} batches of {batch} over {ranks} ranks, pages of {statistics.mean(lengths):.0f} tokens")
    for buckets in (1, 4, 16, 64):
        spec = spec_of(global_batch=batch, lanes=64, window=256, buckets=buckets)
        order = StreamOrder(spec, [[100] * (count // 100)], length)
        print(f"  {buckets:3} batches in a window: {_padding(order, length, batch, ranks, steps):.1%}")


def _padding(order: StreamOrder, length: Callable[[Slot], int], batch: int, ranks: int, steps: int) -> float:
    real = filled = 0
    for step in range(steps):
        for rank in range(ranks):
            slots = (order.slot(position) for position in rank_positions(step, batch, ranks, rank))
            sizes = [min(length(slot), 510) + 2 for slot in slots if slot is not None]
            real += sum(sizes)
            filled += len(sizes) * (-(-max(sizes) // 8) * 8)
    return 1 - real / filled


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--train")
    options = parser.parse_args()
    seek()
    shuffle()
    lengths = [int(n) for n in np.linspace(20, 900, 200)]
    if options.train:
        reader = TrainReader(options.train)
        lengths = [reader.tokens(shard, row) for shard, n in enumerate(reader.samples) for row in range(n)]
    padding(lengths)


if __name__ == "__main__":
    main()
