"""Reading training samples: CPU time of ours and of `webdataset` over the same pictures and tokens, in turns.

    python benchmarks/stream.py TRAIN [--samples 400] [--rounds 7]

The peer reads tars of one picture and one record a sample, made of the dataset beforehand, with its own decoders
("rgb8"). Ours reads the dataset through its index, in the order of a stream, with every byte checked. What comes on
top is drawing (window, masks, covers, reduction) and collating into batches. One thread; medians over rounds.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import psutil
import torch
import webdataset

from pipeline.keyed import keyed
from pipeline.prepare.tokenizer import load_tokenizer
from pipeline.shards.tar import SampleFacts, ShardBuilder
from pipeline.stream import PretrainStream, StreamLoader, TrainReader, collate, draw, make_spec
from pipeline.stream.collate import Special
from pipeline.stream.draw import Drawing
from schemas.sample import TrainSample

Place = tuple[int, int]  # shard, row
BATCH = 8


def places_of(reader: TrainReader, count: int) -> list[Place]:
    """Places of a stream's first positions, in its order; of samples whose picture is not dropped."""
    stream = PretrainStream(reader.dataset.store.url, make_spec(reader.dataset.store.url, 0, BATCH))
    slots = (stream.order.slot(position) for position in range(sum(reader.samples)))
    found = [(slot.place.shard, slot.place.row) for slot in slots if slot is not None]
    return [place for place in found if reader.example(*place, 0).picture_SSC is not None][:count]


def peers_tars(reader: TrainReader, places: list[Place], folder: Path) -> list[str]:
    """Tars of a hundred samples: the picture that epoch 0 shows, and the record."""
    urls = []
    facts = SampleFacts(document="", words=0, minhash=[0] * 64, phash=0)
    for begin in range(0, len(places), 100):
        builder = ShardBuilder()
        for shard, row in places[begin : begin + 100]:
            entry = reader.dataset.index(reader.shards[shard].ref).slice(row, 1).to_pylist()[0]
            members = reader.dataset.sample(reader.shards[shard].ref, entry)
            picture = TrainSample.from_json(members["json"]).tim[0].picture or "png"
            builder.add(entry["key"], [("png", members[picture]), ("json", members["json"])], facts)
        path = folder / f"{begin:06d}.tar"
        path.write_bytes(builder.finish()[0])
        urls.append(str(path))
    return urls


class Bench:
    """Ways to read the same samples, each a function that reads them all once."""

    def __init__(self, reader: TrainReader, places: list[Place], urls: list[str]) -> None:
        self.reader, self.places, self.urls = reader, places, urls
        tokenizer = load_tokenizer(reader.tokenizer)
        spec = make_spec(reader.dataset.store.url, 0, BATCH)
        self.drawing = Drawing(0, tokenizer.vocab_size, tokenizer.mask, spec.objectives)
        self.special = Special(tokenizer.pad, tokenizer.cls, tokenizer.sep)

    def peer(self) -> None:
        """webdataset with its own decoders."""
        read = sum(1 for _ in webdataset.WebDataset(self.urls, shardshuffle=False).decode("rgb8"))
        assert read == len(self.places)

    def ours(self) -> None:
        """Members by offset, checked, decoded."""
        for place in self.places:
            self.reader.example(*place, 0)

    def drawn(self) -> None:
        """The same, with everything drawn."""
        for place in self.places:
            draw(self.reader.example(*place, 0), self.drawing)

    def batches(self) -> None:
        """The same, in batches of tensors."""
        for begin in range(0, len(self.places), BATCH):
            part = self.places[begin : begin + BATCH]
            examples = [draw(self.reader.example(*place, 0), self.drawing) for place in part]
            collate(examples, range(len(part)), self.special)


def timed(ways: list[Callable[[], None]], rounds: int, samples: int) -> dict[str, list[float]]:
    """CPU microseconds a sample of each way in each round; the first round, which warms up, is left out."""
    found: dict[str, list[float]] = {way.__name__: [] for way in ways}
    for turn in range(rounds + 1):
        for way in ways:
            begun = time.process_time()
            way()
            if turn:
                found[way.__name__].append((time.process_time() - begun) / samples * 1e6)
    return found


def memory(url: str, epochs: int) -> Iterator[tuple[int, float]]:
    """(samples read, resident megabytes) of a process that reads and draws a few epochs, at each eighth."""
    stream = PretrainStream(url, make_spec(url, 0, BATCH))
    total = int(stream.order.datasets[0].size * epochs) // BATCH
    for step, _ in enumerate(StreamLoader(stream, total), 1):
        if step % max(1, total // 8) == 0:
            yield step * BATCH, psutil.Process().memory_info().rss / 1e6


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("train")
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=2, help="for memory; 0 leaves it out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    reader = TrainReader(options.train)
    places = places_of(reader, options.samples)
    print(f"{len(places)} samples, {platform.processor() or platform.machine()}, keyed {keyed(0).random():.3f}")
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(reader, places, peers_tars(reader, places, Path(folder)))
        found = timed([bench.peer, bench.ours, bench.drawn, bench.batches], options.rounds, len(places))
    for name, values in found.items():
        middle = statistics.median(values)
        spread = f"({min(values):.0f}..{max(values):.0f})"
        print(f"{name:8} {middle:8.0f} us a sample {spread}, {1e6 / middle:6.0f} a CPU-second")
    ratios = [peer / ours for peer, ours in zip(found["peer"], found["ours"], strict=True)]
    print(f"ours over the peer: {statistics.median(ratios):.2f} times")
    on_top = [done / ours - 1 for done, ours in zip(found["batches"], found["ours"], strict=True)]
    print(f"drawing and collating: {statistics.median(on_top):.0%} on top")
    for samples, megabytes in memory(options.train, options.epochs) if options.epochs else ():
        print(f"after {samples} samples: {megabytes:.0f} MB")


if __name__ == "__main__":
    main()
