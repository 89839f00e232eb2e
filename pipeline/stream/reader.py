"""Samples of a training dataset by shard and row, every member checked against the index."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.prepare.picture import decode_picture
from pipeline.prepare.tia import from_npy
from pipeline.prepare.unit import generations_of, read_tokenizer
from pipeline.shards.dataset import Dataset
from pipeline.stream.example import IGNORE, Example
from schemas.sample import TimAction, TrainSample

_INDEXES = 64  # kept in memory


class TrainReader:
    """Reads examples; cheap to pickle into loader workers before the first read.

    With `digest` it reads the generations that the dataset had when that was its digest; ValueError where it never was.
    """

    def __init__(self, url: str, digest: str | None = None) -> None:
        self.dataset = Dataset(url).require("train")
        self.digest = self.dataset.info.digest if digest is None else digest
        self.shards = self.dataset.shards(generations_of(self.dataset.info, self.digest))
        self._indexes: OrderedDict[int, pa.Table] = OrderedDict()

    @property
    def tokenizer(self) -> bytes:
        """The tokenizer.json that the dataset was made with."""
        return read_tokenizer(self.dataset.store, str(self.dataset.info.config["tokenizer"]))

    @property
    def samples(self) -> list[int]:
        """Number of samples of each shard."""
        return [shard.samples for shard in self.shards]

    @property
    def variants(self) -> int:
        """Draws of covers and partners that each sample has."""
        return int(self.dataset.info.config["variants"])

    def key(self, shard: int, row: int) -> str:
        """Key of a sample."""
        return str(self._index(shard)["key"][row].as_py())

    def _index(self, shard: int) -> pa.Table:
        if shard in self._indexes:
            self._indexes.move_to_end(shard)
        else:
            self._indexes[shard] = self.dataset.index(self.shards[shard]).select(["key", "members"])
            if len(self._indexes) > _INDEXES:
                self._indexes.popitem(last=False)
        return self._indexes[shard]

    def example(self, shard: int, row: int, epoch: int) -> Example:
        """The sample as it is stored, with variant `epoch mod variants` of its covers and partners."""
        entry = self._index(shard).slice(row, 1).to_pylist()[0]
        members = {member["name"]: member for member in entry["members"]}

        def read(name: str) -> bytes:
            if name not in members:
                raise ValueError(f"{self.shards[shard].tar}: {entry['key']} has no member {name}")
            return self.dataset.member(self.shards[shard], entry["key"], members[name])

        sample = TrainSample.from_json(read("json"))
        covers = from_npy(read("tia.npy"))
        if not sample.tim or covers.shape != (len(sample.tim), len(sample.lines)):
            raise ValueError(f"{self.shards[shard].tar}: {entry['key']}: covers of shape {covers.shape}")
        variant = epoch % len(sample.tim)
        plan = sample.tim[variant]
        name = None if plan.action is TimAction.DROPPED else plan.picture or "png"
        return _example(sample, epoch, covers[variant], read(name) if name else None, plan.action)


def _example(sample: TrainSample, epoch: int, cover: Any, picture: bytes | None, action: TimAction) -> Example:
    count = len(sample.tokens.id)
    pixels = None
    if picture is not None:
        decoded = decode_picture(picture)
        pixels = decoded if decoded.ndim == 3 else np.repeat(decoded[:, :, None], 3, axis=2)
    return Example(
        key=sample.key,
        epoch=epoch,
        ids_T=np.array(sample.tokens.id, dtype=np.int64),
        box_T4=np.array(sample.tokens.box, dtype=np.int64).reshape(count, 4),
        word_T=np.array(sample.tokens.word, dtype=np.int64),
        line_T=np.array(sample.tokens.line, dtype=np.int64),
        line_box_L4=np.array(sample.lines, dtype=np.int64).reshape(-1, 4),
        cover_L=np.asarray(cover, dtype=np.bool_),
        picture_SSC=pixels,
        action=action,
        selected_T=np.zeros(count, dtype=np.bool_),
        mlm_T=np.full(count, IGNORE, dtype=np.int64),
        tia_T=np.full(count, IGNORE, dtype=np.int64),
    )
