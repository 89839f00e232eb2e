"""Samples of a training dataset by shard and row, every member checked against the index."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.prepare.tia import from_npy
from pipeline.prepare.unit import generations_of, read_tokenizer
from pipeline.shards.dataset import Dataset, ShardRef
from pipeline.stream.cache import ShardCache
from pipeline.stream.decode import Stored, decode_png, decode_sample
from pipeline.stream.example import IGNORE, Example
from pipeline.stream.index import Member, ShardIndex, TrainShard, read_index
from pipeline.stream.tars import Tars
from schemas.dataset import generation_digest
from schemas.sample import TimAction

_INDEX_BYTES = 64 << 20  # of indexes kept in memory, of all datasets of a stream together
_ALWAYS = ("png", "json", "tia.npy")


class TrainReader:
    """Reads examples; cheap to pickle into loader workers.

    With `digest` it reads the generations that the dataset had when that was its digest; ValueError where it never
    was, and where markers are not those that the dataset names. `cache` keeps copies of shards that lie behind a URL.
    It is one of `share` readers of a process, which share what may be open and kept.
    """

    def __init__(self, url: str, digest: str | None = None, cache: ShardCache | None = None, share: int = 1) -> None:
        self.dataset = Dataset(url).require("train")
        self.digest = self.dataset.info.digest if digest is None else digest
        self.shards = [
            shard for name in generations_of(self.dataset.info, self.digest) for shard in _shards(self.dataset, name)
        ]
        self._tars = Tars(self.dataset.store, cache, share)
        self._index_bytes = _INDEX_BYTES // share
        self._indexes: OrderedDict[int, ShardIndex] = OrderedDict()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_indexes": OrderedDict()}

    @property
    def tokenizer(self) -> bytes:
        """The tokenizer.json that the dataset was made with."""
        return read_tokenizer(self.dataset.store, str(self.dataset.info.config["tokenizer"]))

    @property
    def samples(self) -> list[int]:
        """Number of samples of each shard."""
        return [shard.ref.samples for shard in self.shards]

    @property
    def variants(self) -> int:
        """Draws of covers and partners that each sample has."""
        return int(self.dataset.info.config["variants"])

    def key(self, shard: int, row: int) -> str:
        """Key of a sample."""
        return self._index(shard).keys[row]

    def tokens(self, shard: int, row: int) -> int:
        """Number of content tokens of a sample's page."""
        return int(self._index(shard).tokens[row])

    def example(self, shard: int, row: int, epoch: int) -> Example:
        """The sample as it is stored, with variant `epoch mod variants` of its covers and partners.

        ValueError naming tar and key where it is damaged. A damaged copy in the cache is fetched once more.
        """
        try:
            return self._example(shard, row, epoch)
        except ValueError:
            if not self._tars.forget(self.shards[shard]):
                raise
        return self._example(shard, row, epoch)

    def _index(self, number: int) -> ShardIndex:
        if number not in self._indexes:
            shard = self.shards[number]
            self._indexes[number] = self._read_index(shard)
            while len(self._indexes) > 1 and sum(index.nbytes for index in self._indexes.values()) > self._index_bytes:
                self._indexes.popitem(last=False)
        self._indexes.move_to_end(number)
        return self._indexes[number]

    def _read_index(self, shard: TrainShard) -> ShardIndex:
        """A damaged copy in the cache is fetched once more."""
        file = shard.ref.index, shard.index.size, shard.index.sha256
        try:
            return read_index(self._tars.file(*file), shard)
        except ValueError:
            if not self._tars.forget(shard):
                raise
        return read_index(self._tars.file(*file), shard)

    def _example(self, number: int, row: int, epoch: int) -> Example:
        shard, index = self.shards[number], self._index(number)
        key, members = index.keys[row], index.members(row)
        where = f"{shard.ref.tar}: {key}"
        if tuple(members)[: len(_ALWAYS)] != _ALWAYS:
            raise ValueError(f"{where} has members {', '.join(members)}")
        found = self._read(number, key, [members[name] for name in _ALWAYS])
        with _named(where):
            stored, covers = decode_sample(found["json"]), from_npy(found["tia.npy"])
            if stored.key != key or covers.shape != (len(stored.tim), len(stored.line_box_L4)):
                raise ValueError(f"is the record of {stored.key}, its covers have the shape {covers.shape}")
            plan = stored.plan(epoch % len(stored.tim))
        name = None if plan.action is TimAction.DROPPED else plan.picture or "png"
        if name is not None and name not in found:
            if name not in members:
                raise ValueError(f"{where} has no member {name}")
            found |= self._read(number, key, [members[name]])
        with _named(f"{where}.{name}"):
            picture = None if name is None else decode_png(found[name])
        return _example(stored, epoch, covers[epoch % len(stored.tim)], picture, plan.action)

    def _read(self, number: int, key: str, members: list[Member]) -> dict[str, bytes]:
        shard = self.shards[number]
        found = self._tars.span(shard, self._index(number).end, key, members)
        for member in members:
            if hashlib.sha256(found[member.name]).digest() != member.sha256:
                name = f"{shard.ref.tar}: {key}.{member.name}"
                raise ValueError(f"{name}: its bytes are not those of the index (sha256 differs)")
        return found


@contextmanager
def _named(where: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _shards(dataset: Dataset, generation: str) -> list[TrainShard]:
    """Shards of a finished generation; ValueError where its markers do not add up to its digest."""
    markers = dataset.markers(generation)
    (named,) = [one for one in dataset.info.generations if one.name == generation]
    if generation_digest(markers) != named.digest:
        raise ValueError(f"{generation}/units: the markers are not those of digest {named.digest[:16]}")
    found = []
    for marker in markers:
        if marker.shard is not None:
            ref = ShardRef(generation, marker.shard, marker.counts.ok)
            files = {f"{generation}/{file.name}": file for file in marker.files}
            if ref.tar not in files or ref.index not in files:
                raise ValueError(f"{generation}/units/{marker.unit}.json: names no {ref.tar} with its index")
            found.append(TrainShard(ref, files[ref.tar], files[ref.index]))
    return found


def _example(stored: Stored, epoch: int, cover: Any, picture: NDArray[np.uint8] | None, action: TimAction) -> Example:
    count = len(stored.ids_T)
    return Example(
        key=stored.key,
        epoch=epoch,
        ids_T=stored.ids_T,
        box_T4=stored.box_T4,
        word_T=stored.word_T,
        line_T=stored.line_T,
        line_box_L4=stored.line_box_L4,
        cover_L=np.asarray(cover, dtype=np.bool_),
        picture_SSC=picture,
        action=action,
        selected_T=np.zeros(count, dtype=np.bool_),
        mlm_T=np.full(count, IGNORE, dtype=np.int64),
        tia_T=np.full(count, IGNORE, dtype=np.int64),
    )
