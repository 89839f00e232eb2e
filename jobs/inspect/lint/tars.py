"""A tar read from front to back by the standard library, without its index."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from jobs.inspect.lint.findings import DAMAGE, Findings
from pipeline.shards.dataset import MAX_MEMBER_BYTES
from pipeline.shards.files import Store
from pipeline.shards.tar import BLOCK

_CHUNK = 4 * 1024 * 1024  # bytes of one read from the store
_RECORD = 20 * BLOCK  # a tar is filled up to whole records
_TAIL = 2 * _RECORD  # the end of a tar that is kept to be looked at


class _Reader:
    """A file object over a store that hashes all that goes through it and remembers the end."""

    def __init__(self, store: Store, name: str) -> None:
        self._store, self._name = store, name
        self.size = store.size(name)
        self._at = 0
        self._buffer = b""
        self._hash = hashlib.sha256()
        self.tail = b""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end."""
        if not self._buffer and self._at < self.size:
            self._buffer = self._store.read_range(self._name, self._at, min(_CHUNK, self.size - self._at))
            self._at += len(self._buffer)
            self._hash.update(self._buffer)
            self.tail = (self.tail + self._buffer)[-_TAIL:]
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def drain(self) -> str:
        """Read what is left; the SHA-256 of the whole file."""
        while self.read(_CHUNK):
            pass
        return self._hash.hexdigest()


@dataclass(frozen=True)
class TarMember:
    """A member as it lies in the tar."""

    name: str
    offset: int
    data: bytes


class TarStream:
    """Iterates over the members of a tar once; then `finish` says what the whole file is."""

    def __init__(self, store: Store, name: str, findings: Findings) -> None:
        self._reader = _Reader(store, name)
        self._name, self._findings = name, findings
        self._end = 0  # where the next header must begin

    def __iter__(self) -> Iterator[TarMember]:
        try:
            # "r|" and never "r|*": nothing is decompressed, whatever the bytes look like.
            with tarfile.open(fileobj=self._reader, mode="r|") as tar:  # type: ignore[call-overload]
                for info in tar:
                    yield self._member(tar, info)
        except DAMAGE as error:
            self._findings.add("tar-read", self._name, f"after {self._end} bytes: {error}")

    def _member(self, tar: tarfile.TarFile, info: tarfile.TarInfo) -> TarMember:
        fault = _fault(info, self._end)
        if fault:
            self._findings.add("tar-member", f"{self._name}: {info.name!r}", fault)
        self._end = info.offset_data + info.size + -info.size % BLOCK
        if not 0 <= info.size <= MAX_MEMBER_BYTES:
            raise ValueError(f"a member of {info.size} bytes is refused")
        file = tar.extractfile(info) if info.type in (tarfile.REGTYPE, tarfile.AREGTYPE) else None
        return TarMember(info.name, info.offset_data, file.read() if file else b"")

    def finish(self) -> str:
        """Check the end-of-archive blocks and the filling after them; the SHA-256 of the file."""
        sha256 = self._reader.drain()
        whole = self._end + 2 * BLOCK
        whole += -whole % _RECORD
        rest = self._reader.size - self._end
        if self._reader.size != whole:
            self._findings.add("tar-end", self._name, f"{self._reader.size} bytes, {whole} would be whole")
        elif any(self._reader.tail[-rest:]):
            self._findings.add("tar-end", self._name, "other bytes than zeros after the last member")
        return sha256


def _fault(info: tarfile.TarInfo, expected: int) -> str | None:
    """What is wrong with a member's header, if anything."""
    if info.type != tarfile.REGTYPE:
        return f"of type {info.type!r}, expected a plain file"
    if info.offset != expected or info.offset_data != expected + BLOCK or info.pax_headers:
        return "with an extended header or a gap before it"
    fixed = (info.mode, info.uid, info.gid, info.mtime, info.uname, info.gname, info.linkname)
    if fixed != (0o644, 0, 0, 0, "", "", ""):
        return f"mode, uid, gid, mtime, names are {fixed}"
    return None
