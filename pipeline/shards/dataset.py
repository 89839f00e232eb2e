"""Reading a finished dataset: its shards in order, members by offset, every byte checked against the index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from pipeline.shards.files import Store
from pipeline.shards.tar import read_parquet
from schemas.dataset import DATASET_FILE, DatasetInfo, UnitMarker
from schemas.index import INDEX_SCHEMA
from schemas.manifest import MANIFEST_SCHEMA

MAX_MEMBER_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class ShardRef:
    """One shard: its generation, its stem (`pages-000000`) and how many samples it holds."""

    generation: str
    stem: str
    samples: int

    @property
    def tar(self) -> str:
        """Name of the tar inside the dataset."""
        return f"{self.generation}/{self.stem}.tar"

    @property
    def index(self) -> str:
        """Name of the index inside the dataset."""
        return f"{self.generation}/{self.stem}.parquet"


class Dataset:
    """A dataset that can be read: the finished generations listed in its dataset.json."""

    def __init__(self, url: str) -> None:
        self.store = Store(url)
        if not self.store.exists(DATASET_FILE):
            raise ValueError(f"no dataset at {url}: it has no {DATASET_FILE}")
        self.info = DatasetInfo.from_json(self.store.read(DATASET_FILE))

    def require(self, content: str) -> Dataset:
        """Itself; ValueError where it holds something else than `content` ("pages" or "train") or nothing."""
        if self.info.content != content:
            raise ValueError(f"{self.store.url} is a dataset of {self.info.content}, expected one of {content}")
        if not self.info.generations:
            raise ValueError(f"{self.store.url} has no finished generation yet")
        return self

    def markers(self, generation: str) -> list[UnitMarker]:
        """Markers of a generation's units, in order."""
        names = [f"{generation}/units/{name}" for name in self.store.list(f"{generation}/units")]
        return [UnitMarker.from_json(data) for data in self.store.read_many(names)]

    def shards(self, generations: list[str] | None = None) -> list[ShardRef]:
        """Shards of the finished generations (or of those named), in order."""
        chosen = [g.name for g in self.info.generations] if generations is None else generations
        return [
            ShardRef(name, marker.shard, marker.counts.ok)
            for name in chosen
            for marker in self.markers(name)
            if marker.shard is not None
        ]

    def index(self, shard: ShardRef) -> pa.Table:
        """Index of a shard, with the columns of INDEX_SCHEMA."""
        return read_parquet(self.store.read(shard.index), INDEX_SCHEMA, shard.index)

    def manifest_parts(self, generation: str) -> Iterator[pa.Table]:
        """Manifest rows of a generation, unit by unit."""
        names = [f"{generation}/manifest/{name}" for name in self.store.list(f"{generation}/manifest")]
        for name, data in zip(names, self.store.read_many(names), strict=True):
            yield read_parquet(data, MANIFEST_SCHEMA, name)

    def manifest(self, generation: str) -> pa.Table:
        """All manifest rows of a generation."""
        parts = list(self.manifest_parts(generation))
        return pa.concat_tables(parts) if parts else MANIFEST_SCHEMA.empty_table()

    def member(self, shard: ShardRef, key: str, member: dict[str, Any]) -> bytes:
        """Bytes of one member by its entry in the index; ValueError where they are not the ones indexed."""
        name = f"{shard.tar}: {key}.{member['name']}"
        if not 0 <= member["size"] <= MAX_MEMBER_BYTES:
            raise ValueError(f"{name}: a size of {member['size']} bytes is refused")
        data = self.store.read_range(shard.tar, member["offset"], member["size"])
        if hashlib.sha256(data).digest() != member["sha256"]:
            raise ValueError(f"{name}: its bytes are not those of the index (sha256 differs)")
        return data

    def sample(self, shard: ShardRef, row: dict[str, Any]) -> dict[str, bytes]:
        """All members of one row of the index, by name."""
        return {member["name"]: self.member(shard, row["key"], member) for member in row["members"]}

    def samples(self, shard: ShardRef) -> Iterator[tuple[dict[str, Any], dict[str, bytes]]]:
        """(index row, members) of a shard, in order."""
        for row in self.index(shard).to_pylist():
            yield row, self.sample(shard, row)
