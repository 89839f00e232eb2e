"""Where datasets live: a folder or an fsspec URL, with writes that are whole or absent."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, TypeVar

from pipeline.places import file_system, patiently

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")
_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")
_READERS = 16  # requests under way at once for each `read_many`
_ONE_PUT = 1 << 30  # bytes; a larger file goes up in parts, which nobody sees before the last step


def write_atomic(path: Path, data: bytes) -> None:
    """Write under a temporary name, fsync, rename: a reader sees the old file or the new one, never a part."""
    temporary = path.with_name(_temporary_name(path.name))
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:  # no space left, but where?
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
    sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each so that it is still there after a power cut."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Store:
    """Named bytes below a folder or URL. Names are relative, made by this project only, and checked.

    Calls to a store behind a URL are tried again while the network or the store stumbles; an OSError ends that.
    """

    def __init__(self, url: str) -> None:
        if not url:
            raise ValueError("the folder or URL of a dataset must not be empty")
        fs, root, self._local = file_system(url)
        self.root: str = str(Path(root).absolute()) if self._local else root.rstrip("/")
        self.url: str = self.root if self._local else url.rstrip("/")
        self._opened = (os.getpid(), fs)
        s3 = "s3" in ((fs.protocol,) if isinstance(fs.protocol, str) else fs.protocol)
        self._reading = {"max_concurrency": 1} if s3 else {}  # else each GET has a HEAD before it
        self._writing = {"chunksize": _ONE_PUT // 2} if s3 else {}  # it cuts what holds two of them

    @property
    def local(self) -> bool:
        """Whether this is a folder of this machine."""
        return self._local

    @property
    def place(self) -> str:
        """The one name of where this is, whatever links lead there."""
        # Path.resolve() refuses links that lead in a circle.
        return os.path.realpath(self.root) if self._local else str(self._fs.unstrip_protocol(self.root))

    def lies_in(self, place: str) -> bool:
        """Whether this is the folder or URL `place`, or lies below it."""
        return f"{self.place}/".startswith(f"{Store(place).place.rstrip('/')}/")

    @property
    def _fs(self) -> Any:
        """The file system; a forked process opens its own, as connections do not survive that."""
        if self._opened[0] != os.getpid():
            self._opened = (os.getpid(), file_system(self.url)[0])
        return self._opened[1]

    def _ask(self, name: str, call: Callable[[Any, str], T]) -> T:
        """`call(file system, path)`, with patience where the store is not this machine's."""
        path = self._path(name) if name else self.root
        return call(self._fs, path) if self._local else patiently(f"{self.url}/{name}", lambda: call(self._fs, path))

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
            _make_folder(Path(path).parent)
            write_atomic(Path(path), data)
        else:
            try:
                self._ask(name, lambda fs, path: fs.pipe_file(path, data, **self._writing))
            except FileNotFoundError as error:  # no bucket
                raise FileNotFoundError(errno.ENOENT, " ".join(str(error).split()), f"{self.url}/{name}") from None

    def remove(self, name: str) -> None:
        """Remove `name`; nothing where it is absent."""
        path = self._path(name)
        try:
            self._ask(name, lambda fs, path: fs.rm_file(path))
        except FileNotFoundError:
            return
        if self._local:
            sync_folder(Path(path).parent)

    def remove_folder(self, name: str) -> None:
        """Remove all that lies below `name`; nothing where it is absent."""
        path = self._path(name)
        if self._local:
            if Path(path).exists():
                shutil.rmtree(path)  # which follows no links
                sync_folder(Path(path).parent)
            return
        # One by one: what removes many takes their names for patterns.
        for found in self._ask(name, lambda fs, path: list(fs.find(path))):
            self._ask(name, lambda fs, _, found=found: fs.rm_file(found))  # type: ignore[misc]

    def read(self, name: str) -> bytes:
        """All bytes of `name`; FileNotFoundError where it is absent."""
        self._path(name)
        data: bytes = self._ask(name, lambda fs, path: fs.cat_file(path, **self._reading))
        return data

    def read_many(self, names: Sequence[str]) -> Iterator[bytes]:
        """All bytes of each of `names`, in their order; behind a URL several requests are under way at once."""
        if self._local:
            yield from map(self.read, names)
            return
        flying: deque[Future[bytes]] = deque()
        pool = ThreadPoolExecutor(_READERS)
        try:
            for name in names:
                flying.append(pool.submit(self.read, name))
                if len(flying) >= 2 * _READERS:
                    yield flying.popleft().result()
            while flying:
                yield flying.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def read_range(self, name: str, offset: int, size: int) -> bytes:
        """Exactly `size` bytes from `offset`; ValueError naming the file where it ends before that."""
        self._path(name)
        if offset < 0 or size < 0:  # which fsspec would count from the end
            raise ValueError(f"{name}: there are no {size} bytes from {offset}")
        data = self._range(name, offset, size)
        if len(data) != size:
            raise ValueError(f"{name}: ends at {offset + len(data)}, expected {size} bytes from {offset}")
        return data

    def _range(self, name: str, offset: int, size: int) -> bytes:
        if not size and not self._local:  # a range of no bytes cannot be asked for
            return b""
        try:
            data: bytes = self._ask(name, lambda fs, path: fs.cat_file(path, start=offset, end=offset + size))
        except OSError as error:
            # An object store refuses a range that begins behind the end; a file gives no bytes.
            if self._local or error.errno != errno.EINVAL or (end := self.size(name)) > offset:
                raise
            raise ValueError(f"{name}: ends at {end}, expected {size} bytes from {offset}") from None
        return data

    def size(self, name: str) -> int:
        """Size of `name` in bytes; FileNotFoundError where it is absent."""
        self._path(name)
        self._forget()
        return int(self._ask(name, lambda fs, path: fs.size(path)))

    def exists(self, name: str) -> bool:
        """Whether `name` is there. That it cannot be told is an error, not a no."""
        self._path(name)
        return self._kind(name) is not None

    def list(self, folder: str) -> list[str]:
        """Sorted names of the finished files right below `folder` (none where it is absent)."""
        self._path(folder)
        try:
            found = self._entries(folder)
        except FileNotFoundError:
            return []
        names = (_last(entry["name"]) for entry in found if entry["type"] == "file" and entry["name"][-1] != "/")
        return sorted(name for name in names if not name.startswith("."))

    def is_empty(self) -> bool:
        """Whether nothing lies at the root yet but what a write that was cut off has left."""
        if self._kind("") == "file":
            raise ValueError(f"{self.url} is a file, expected a folder or a URL prefix")
        try:
            found = [entry["name"] for entry in self._entries("")]
        except FileNotFoundError:
            return True
        # Consoles of object stores stand for a folder with an empty object of its name.
        return all(_TEMPORARY.fullmatch(_last(name)) for name in found if name.rstrip("/") != self.root)

    @contextmanager
    def scratch(self) -> Iterator[tuple[Path, bytes]]:
        """(path, its random bytes) of a file in the folder of a local store.

        Its name is one that counts for nothing. It is gone afterwards, with the folders that were made for it.
        """
        assert self._local, "an object store needs no scratch file"
        root = Path(self.root)
        made = [folder for folder in (root, *root.parents) if not folder.exists()]
        root.mkdir(parents=True, exist_ok=True)
        path, data = root / _temporary_name("scratch"), secrets.token_bytes(32)
        try:
            path.write_bytes(data)
            yield path, data
        finally:
            path.unlink(missing_ok=True)
            _remove_empty(made)

    def now(self) -> float:
        """Time by the clock that dates the files of a local store, which may be another machine's; 0 behind a URL."""
        if not self._local:
            return 0.0
        with self.scratch() as (path, _):
            return path.stat().st_mtime

    def sweep(self, folder: str, before: float) -> int:
        """Remove what killed writers left below `folder` and right in the root, if written `before`; how many files.

        Behind a URL there is nothing to remove: a PUT that was cut off leaves no object.
        """
        path = self.local_path(folder)
        found = 0
        walked = chain(islice(os.walk(self.root), 1), os.walk(path)) if path is not None else ()
        for here, _, names in walked:
            for left in (Path(here, name) for name in names if _TEMPORARY.fullmatch(name)):
                if left.lstat().st_mtime < before:
                    left.unlink(missing_ok=True)
                    found += 1
        return found

    def _kind(self, name: str) -> str | None:
        """ "file" or "directory", None where there is nothing."""
        self._forget()
        try:
            return str(self._ask(name, lambda fs, path: fs.info(path))["type"])
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _entries(self, folder: str) -> Sequence[dict[str, Any]]:
        self._forget()
        found = self._ask(folder, lambda fs, path: fs.ls(path, detail=True))
        return [{**entry, "name": str(entry["name"])} for entry in found]

    def _forget(self) -> None:
        """Other processes write here, too, and object stores' clients remember what they have listed."""
        self._fs.invalidate_cache()


def _temporary_name(name: str) -> str:
    return f".{name}.{secrets.token_hex(4)}.tmp"


def _remove_empty(folders: Sequence[Path]) -> None:
    """Remove `folders`, the inner ones first, up to one in which something lies."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return  # somebody else's by now


def _last(path: str) -> str:
    return path.rstrip("/").rsplit("/", 1)[-1]
