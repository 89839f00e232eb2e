"""Copies of remote shards in a folder of this machine, which several processes share, up to a limit of bytes.

A file's name is its SHA-256, which is checked while it comes in; it appears by a rename when it is whole. The file used
longest ago goes first; who has it open still reads it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.shards.files import Store

_CHUNK = 16 << 20  # bytes of one request
_ROOM = ".room.lock"
_TRIES = 5
_ENTRY = re.compile(r"[0-9a-f]{64}")
_OURS = re.compile(r"[0-9a-f]{64}|\.[0-9a-f]{64}\.tmp")  # a copy, or one that is being fetched


class ShardCache:
    """A bounded cache at `folder`; `limit` bytes at most, partly fetched files included.

    Raises ValueError where the limit is not positive or the folder is a file.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"the cache's limit must be at least 1 byte, got {limit}")
        if folder.exists() and not folder.is_dir():
            raise ValueError(f"the cache's folder {str(folder)!r} is a file")
        self._folder, self.limit = folder.absolute(), limit

    def holds(self, size: int) -> bool:
        """Whether a file of `size` bytes can be kept at all."""
        return size <= self.limit

    def open(self, store: Store, name: str, size: int, sha256: str) -> int | None:
        """Descriptor of the copy of a store's file, which is fetched if it is not there.

        None where all room is taken by files that are being fetched. ValueError where the file's bytes are others.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / sha256
        for _ in range(_TRIES):
            if (found := self._opened(path)) is not None:
                return found
            with self._lock(_lock_name(sha256)):
                # Another process may have been quicker.
                if not path.exists() and not self._fetch(store, name, size, path):
                    return None
        return None  # as soon as it was there, another process made room

    def drop(self, sha256: str) -> bool:
        """Remove a copy; whether there was one."""
        try:
            (self._folder / sha256).unlink()
        except FileNotFoundError:
            return False
        return True

    def used(self) -> int:
        """Bytes of all that lies in the folder."""
        if not self._folder.is_dir():
            return 0
        with self._lock(_ROOM):
            return sum(size for _, size, _ in self._files())

    def _opened(self, path: Path) -> int | None:
        try:
            found = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        os.utime(found)
        return found

    def _fetch(self, store: Store, name: str, size: int, path: Path) -> bool:
        """Fetch into room that was reserved for it; False where there is none."""
        temporary, digest = path.with_name(f".{path.name}.tmp"), hashlib.sha256()
        if (found := store.size(name)) != size:
            raise ValueError(f"{name}: {found} bytes, its unit has {size}")
        try:
            if not self._reserve(temporary, size):
                return False
            with temporary.open("r+b") as file:
                for offset in range(0, size, _CHUNK):
                    data = store.read_range(name, offset, min(_CHUNK, size - offset))
                    digest.update(data)
                    file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if digest.hexdigest() != path.name:
                raise ValueError(f"{name}: not the file that its unit wrote (sha256 differs)")
            with self._lock(_ROOM):  # who makes room meanwhile would count it under a name that is gone
                temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return True

    def _reserve(self, temporary: Path, size: int) -> bool:
        """Make a file of `size` bytes, removing files until it fits, the one used longest ago first."""
        with self._lock(_ROOM):
            temporary.unlink(missing_ok=True)  # of a process that was killed
            files = sorted(self._files())
            free = self.limit - sum(held for _, held, _ in files)
            for _, held, path in files:
                if free < size and not self._is_being_fetched(path):
                    path.unlink(missing_ok=True)
                    free += held
            if free >= size:
                with temporary.open("wb") as file:
                    file.truncate(size)
            return free >= size

    def _files(self) -> list[tuple[float, int, Path]]:
        """(time of last use, bytes, path) of every copy, and of those that are being fetched. All else in the folder is
        somebody's, and neither counted nor touched.
        """
        found = []
        for entry in os.scandir(self._folder):
            with suppress(FileNotFoundError):
                if _OURS.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                    stat = entry.stat()
                    found.append((stat.st_mtime, stat.st_size, Path(entry.path)))
        return found

    def _is_being_fetched(self, path: Path) -> bool:
        """Whether a process that lives has this under its temporary name, as far as its lock tells."""
        if _ENTRY.fullmatch(path.name):
            return False
        with (self._folder / _lock_name(path.name[1:])).open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        """Held by one process; the system lets go of it when that dies."""
        with (self._folder / name).open("wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _lock_name(sha256: str) -> str:
    return f".{sha256[:2]}.lock"  # some files share one: locks are never removed
