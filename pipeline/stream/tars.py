"""Bytes of shards: of files of this machine, of copies in the cache, or range by range from a store."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Protocol

from pipeline.shards.files import Store
from pipeline.shards.tar import BLOCK
from pipeline.stream.cache import ShardCache
from pipeline.stream.index import Member, TrainShard

_OPEN = 128  # files at once, of all datasets of a stream together


class Tar(Protocol):
    """An open shard."""

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes."""

    @property
    def is_gone(self) -> bool:
        """Whether it has no name any more, and takes room as long as it is open."""

    def close(self) -> None:
        """Give back what it holds."""


class FileTar:
    """A file of this machine by its descriptor, read at any place without a cursor."""

    def __init__(self, file: int, name: str, size: int) -> None:
        self._name, self._file = name, file
        found = os.fstat(self._file).st_size
        if found != size:
            os.close(self._file)
            raise ValueError(f"{name}: {found} bytes, its unit has {size}")

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`; ValueError where the file has ended before."""
        data = os.pread(self._file, size, offset)
        while len(data) < size and (more := os.pread(self._file, size - len(data), offset + len(data))):
            data += more
        if len(data) != size:
            raise ValueError(f"{self._name}: ends at {offset + len(data)}, expected {size} bytes from {offset}")
        return data

    @property
    def is_gone(self) -> bool:
        """Whether the cache has made room of it meanwhile."""
        return os.fstat(self._file).st_nlink == 0

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class StoreTar:
    """An object behind a URL: every read is a request."""

    def __init__(self, store: Store, name: str, size: int) -> None:
        self._store, self._name = store, name
        found = store.size(name)
        if found != size:
            raise ValueError(f"{name}: {found} bytes, its unit has {size}")

    def read(self, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`; ValueError where the object has ended before."""
        return self._store.read_range(self._name, offset, size)

    @property
    def is_gone(self) -> bool:
        """No room is taken here."""
        return False

    def close(self) -> None:
        """Nothing is held."""


class Tars:
    """Shards of one dataset of `share`, some of them open. Not shared between processes: each opens its own."""

    def __init__(self, store: Store, cache: ShardCache | None = None, share: int = 1) -> None:
        self._store, self._share = store, share
        self._cache = None if store.local else cache
        self._open: OrderedDict[str, Tar] = OrderedDict()
        self._process = os.getpid()

    def __getstate__(self) -> tuple[Store, ShardCache | None, int]:
        return self._store, self._cache, self._share

    def __setstate__(self, state: tuple[Store, ShardCache | None, int]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    def file(self, name: str, size: int, sha256: str) -> bytes:
        """All bytes of a small file of the dataset, kept in the cache where there is one."""
        copy = self._copy(name, size, sha256)
        if copy is None:
            return self._store.read(name)
        with os.fdopen(copy, "rb") as file:
            return file.read()

    def span(self, shard: TrainShard, end: int, key: str, members: list[Member]) -> dict[str, bytes]:
        """Bytes of members that lie one behind the other, by name; ValueError where their headers are others.

        `end` is where the last member of the shard ends.
        """
        first, last = members[0], members[-1]
        begin = first.offset - BLOCK
        data = self._tar(shard, end).read(begin, last.offset + last.size - begin)
        found = {}
        for member in members:
            place = member.offset - begin
            _check_header(data[place - BLOCK : place], f"{key}.{member.name}", member.size, shard.ref.tar)
            found[member.name] = data[place : place + member.size]
        return found

    def forget(self, shard: TrainShard) -> bool:
        """Drop the cache's copies of a shard and of its index, one of which is damaged; False where none can be.

        Another process may have dropped them already: what is opened next is another file in any case.
        """
        if (tar := self._open.pop(shard.ref.tar, None)) is not None:
            tar.close()
        if self._cache is None or not self._cache.holds(shard.tar.size):
            return False
        for file in (shard.tar, shard.index):
            self._cache.drop(file.sha256)
        return True

    def _tar(self, shard: TrainShard, end: int) -> Tar:
        if self._process != os.getpid():
            self._open, self._process = OrderedDict(), os.getpid()
        name = shard.ref.tar
        if name not in self._open:
            opened = self._opened(shard)
            if any(opened.read(end, shard.tar.size - end)):
                opened.close()
                raise ValueError(f"{name}: other bytes than zeros after the last member of the index")
            for gone in [other for other, tar in self._open.items() if tar.is_gone]:
                self._open.pop(gone).close()
            self._open[name] = opened
            if len(self._open) > max(4, _OPEN // self._share):
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(name)
        return self._open[name]

    def _opened(self, shard: TrainShard) -> Tar:
        name, size = shard.ref.tar, shard.tar.size
        if (path := self._store.local_path(name)) is not None:
            return FileTar(os.open(path, os.O_RDONLY | os.O_CLOEXEC), name, size)
        copy = self._copy(name, size, shard.tar.sha256)
        return StoreTar(self._store, name, size) if copy is None else FileTar(copy, name, size)

    def _copy(self, name: str, size: int, sha256: str) -> int | None:
        """Descriptor of the cache's copy, or None where there can be none."""
        if self._cache is None or not self._cache.holds(size):
            return None
        return self._cache.open(self._store, name, size, sha256)


def _check_header(header: bytes, name: str, size: int, tar: str) -> None:
    """ValueError unless the block before a member is that of a regular file of this name and size."""
    regular = header[156:157] in (b"0", b"\0") and not header[345]
    if header[:100].rstrip(b"\0") != name.encode() or not regular or header[124:136] != b"%011o\0" % size:
        shown = header[:100].rstrip(b"\0").decode("ascii", "replace")
        raise ValueError(
            f"{tar}: {name}: the member there is {shown!r} of type {header[156:157]!r}, or of another size"
        )
