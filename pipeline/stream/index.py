"""A shard's index as arrays, checked as a whole before any of it is used.

The members must lie in the tar without a gap, each behind its header, up to the end of the archive: so nothing can be
in the tar that the index does not name, and a tar of another size is another tar.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.shards.dataset import MAX_MEMBER_BYTES, ShardRef
from pipeline.shards.tar import BLOCK, RECORD, read_parquet
from schemas.base import sha256_hex
from schemas.dataset import FileRef
from schemas.index import INDEX_SCHEMA
from schemas.page import KEY_PATTERN

_MEMBER = re.compile(r"png|json|tia\.npy|neg[0-9]{1,4}\.png")
_COLUMNS = ["key", "tokens", "members"]  # what reading samples takes, and not the signatures beside them


@dataclass(frozen=True)
class TrainShard:
    """A shard of samples, and what the marker of its unit says of its two files."""

    ref: ShardRef
    tar: FileRef
    index: FileRef


@dataclass(frozen=True)
class Member:
    """Where one member lies in the tar."""

    name: str
    offset: int  # of its bytes; its header is the block before
    size: int
    sha256: bytes


@dataclass(frozen=True)
class ShardIndex:
    """The index of one shard."""

    keys: list[str]
    tokens: NDArray[np.int32]
    _first: NDArray[np.int32]  # number of each row's first member, and of all
    _names: pa.Array
    _offsets: NDArray[np.int64]
    _sizes: NDArray[np.int64]
    _sha256: pa.Array

    @property
    def end(self) -> int:
        """Where the last member ends, and nothing but zeros must follow."""
        return int(self._offsets[-1] + -(-self._sizes[-1] // BLOCK) * BLOCK) if len(self._sizes) else 0

    def members(self, row: int) -> dict[str, Member]:
        """Members of a row by name, in the order in which they lie."""
        return {
            name: Member(name, int(self._offsets[i]), int(self._sizes[i]), self._sha256[i].as_py())
            for i in range(int(self._first[row]), int(self._first[row + 1]))
            for name in [self._names[i].as_py()]
        }

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        return 100 * len(self.keys) + 64 * len(self._offsets)


def read_index(data: bytes, shard: TrainShard) -> ShardIndex:
    """From the bytes of an index file; ValueError naming the file where it is damaged or disagrees with the shard."""
    name = shard.ref.index
    if len(data) != shard.index.size or sha256_hex(data) != shard.index.sha256:
        raise ValueError(f"{name}: not the index that its unit wrote (size or sha256 differs)")
    table = read_parquet(data, INDEX_SCHEMA, name, _COLUMNS)
    if table.num_rows != shard.ref.samples:
        raise ValueError(f"{name}: {table.num_rows} samples, its unit has {shard.ref.samples}")
    members = table["members"].combine_chunks()
    entries = members.flatten()
    index = ShardIndex(
        keys=table["key"].to_pylist(),
        tokens=np.asarray(table["tokens"].fill_null(0), dtype=np.int32),
        _first=np.asarray(members.offsets, dtype=np.int32) - members.offsets[0].as_py(),
        _names=entries.field("name"),
        _offsets=np.asarray(entries.field("offset"), dtype=np.int64),
        _sizes=np.asarray(entries.field("size"), dtype=np.int64),
        _sha256=entries.field("sha256"),
    )
    _check(index, shard)
    return index


def _check(index: ShardIndex, shard: TrainShard) -> None:
    name, sizes = shard.ref.index, index._sizes
    for key in index.keys:
        if not KEY_PATTERN.fullmatch(key):
            raise ValueError(f"{name}: {key!r} is no key of a sample")
    for member in index._names.unique().to_pylist():
        if not _MEMBER.fullmatch(member):
            raise ValueError(f"{name}: names a member {member!r}, which no training shard has")
    if len(sizes) and not 0 <= int(sizes.min()) <= int(sizes.max()) <= MAX_MEMBER_BYTES:
        worst = int(sizes.max()) if sizes.max() > MAX_MEMBER_BYTES else int(sizes.min())
        raise ValueError(f"{name}: a member of {worst} bytes is refused")
    ends = np.cumsum(BLOCK + -(-sizes // BLOCK) * BLOCK)
    if not np.array_equal(index._offsets, np.concatenate([[0], ends[:-1]])[: len(sizes)] + BLOCK):
        raise ValueError(f"{name}: its members do not lie one behind the other")
    whole = index.end + 2 * BLOCK
    whole += -whole % RECORD
    if whole != shard.tar.size:
        raise ValueError(f"{name}: names members of a tar of {whole} bytes, {shard.ref.tar} has {shard.tar.size}")
