"""Bytes that nodes read of an S3-compatible server on loopback, over one epoch, for several numbers of nodes.

    python benchmarks/stream_bytes.py TRAIN

A node is a rank with a cache of its own. What counts is what the store's client is asked for: tars and indexes.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.s3 import serve

from pipeline.shards.files import Store
from pipeline.stream import PretrainStream, ShardCache, make_spec
from schemas.stream import StreamSpec

BATCH = 24  # four and eight nodes share it, three do too


@contextmanager
def counted(counts: dict[str, int]) -> Iterator[None]:
    """Bytes and requests of every read of a store while the block runs."""
    read, read_range = Store.read, Store.read_range

    def note(name: str, data: bytes) -> bytes:
        if name.endswith((".tar", ".parquet")) and "manifest" not in name:
            counts["bytes"] += len(data)
            counts["requests"] += 1
        return data

    def whole(self: Any, name: str) -> bytes:
        return note(name, read(self, name))

    def part(self: Any, name: str, offset: int, size: int) -> bytes:
        return note(name, read_range(self, name, offset, size))

    Store.read, Store.read_range = whole, part  # type: ignore[method-assign]
    try:
        yield
    finally:
        Store.read, Store.read_range = read, read_range  # type: ignore[method-assign]


def node(url: str, spec: StreamSpec, rank: int, world: int, cache: ShardCache | None) -> dict[str, int]:
    """What one node reads in the first epoch."""
    counts = {"bytes": 0, "requests": 0}
    with counted(counts):
        stream = PretrainStream(url, spec, rank, world, cache=cache)
        size = stream.order.datasets[0].size
        for position in range(rank, size, world):
            slot = stream.order.slot(position)
            assert slot is not None
            stream.readers[0].example(slot.place.shard, slot.place.row, slot.place.epoch)
    return counts


def main() -> None:
    """Upload the dataset and print a line for each way to read it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("train")
    options = parser.parse_args()
    folder = Path(options.train)
    with serve() as server:
        os.environ.update(server.env)
        url = f"{server.bucket()}/train"
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                server.put(f"{url}/{path.relative_to(folder)}", path.read_bytes())
        total = sum(path.stat().st_size for path in folder.rglob("train-*"))
        spec = make_spec(url, 0, BATCH).model_copy(update={"lanes": 8, "window": 16})
        print(f"{total / 1e6:.1f} MB in {len(list(folder.rglob('*.tar')))} shards; 8 lanes, windows of 16")
        for buckets in (1, 4):
            for world in (1, 2, 4, 8, 3):
                measure(url, spec.model_copy(update={"buckets": buckets}), world, total)


def measure(url: str, spec: StreamSpec, world: int, total: int) -> None:
    """With a cache, and with ranges alone."""
    for cached in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            caches = [ShardCache(Path(folder) / str(rank), 1 << 33) if cached else None for rank in range(world)]
            nodes = [node(url, spec, rank, world, cache) for rank, cache in enumerate(caches)]
        read = [counts["bytes"] for counts in nodes]
        how = "cache " if cached else "ranges"
        together = f"together {sum(read) / total:.2f} times the dataset in {sum(c['requests'] for c in nodes)} requests"
        each = f"a node {min(read) / total:.2f} to {max(read) / total:.2f}"
        print(f"buckets {spec.buckets}, {world} node(s), {how}: {together}; {each}")


if __name__ == "__main__":
    main()
