"""Where datasets live: a folder or an fsspec URL, with writes that are whole or absent."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from pipeline.places import file_system

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")


def write_atomic(path: Path, data: bytes) -> None:
    """Write under a temporary name, fsync, rename: a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Store:
    """Named bytes below a folder or URL. Names are relative, made by this project only, and checked."""

    def __init__(self, url: str) -> None:
        if not url:
            raise ValueError("the folder or URL of a dataset must not be empty")
        self._fs, root, self._local = file_system(url)
        self.root: str = str(Path(root).absolute()) if self._local else root.rstrip("/")
        self.url: str = self.root if self._local else url.rstrip("/")

    def _path(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a name inside a dataset: {name!r}")
        return f"{self.root}/{name}"

    def local_path(self, name: str) -> Path | None:
        """Path of `name` where the store is a folder of this machine, else None."""
        return Path(self._path(name)) if self._local else None

    def write(self, name: str, data: bytes) -> None:
        """Publish `data` whole: rename on a file system, one PUT on an object store."""
        path = self._path(name)
        if self._local:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            write_atomic(Path(path), data)
        else:
            self._fs.pipe_file(path, data)

    def read(self, name: str) -> bytes:
        """All bytes of `name`; FileNotFoundError where it is absent."""
        data: bytes = self._fs.cat_file(self._path(name))
        return data

    def read_range(self, name: str, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`; ValueError naming the file where it ends before that."""
        if offset < 0 or size < 0:  # which fsspec would count from the end
            raise ValueError(f"{name}: there are no {size} bytes from {offset}")
        data: bytes = self._fs.cat_file(self._path(name), start=offset, end=offset + size)
        if len(data) != size:
            raise ValueError(f"{name}: ends at {offset + len(data)}, expected {size} bytes from {offset}")
        return data

    def size(self, name: str) -> int:
        """Size of `name` in bytes; FileNotFoundError where it is absent."""
        return int(self._fs.size(self._path(name)))

    def exists(self, name: str) -> bool:
        """Whether `name` is there."""
        self._forget()
        return bool(self._fs.exists(self._path(name)))

    def list(self, folder: str) -> list[str]:
        """Sorted names of the finished files right below `folder` (none where it is absent)."""
        self._forget()
        try:
            found = self._fs.ls(self._path(folder), detail=True)
        except FileNotFoundError:
            return []
        names = (_last(str(entry["name"])) for entry in found if entry["type"] == "file")
        return sorted(name for name in names if not name.startswith("."))

    def is_empty(self) -> bool:
        """Whether nothing lies at the root yet but what a write that was cut off has left."""
        self._forget()
        try:
            if self._fs.isfile(self.root):
                raise ValueError(f"{self.url} is a file, expected a folder or a URL prefix")
            return all(_TEMPORARY.fullmatch(_last(str(name))) for name in self._fs.ls(self.root, detail=False))
        except FileNotFoundError:
            return True

    def _forget(self) -> None:
        """Other processes write here, too, and object stores' clients remember what they have listed."""
        self._fs.invalidate_cache()


def _last(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]
