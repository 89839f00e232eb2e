"""A file's bytes by offset, of this machine or of a store; nothing is opened that is no plain file."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from pipeline.places import file_system, freshly, patiently

_AHEAD = 128 * 1024  # what a store is asked for at least: small members then come many to a request


class Ranges(Protocol):
    """A file that is open; `size` in bytes, None where a server does not say."""

    size: int | None

    def read(self, offset: int, size: int) -> bytes:
        """Bytes from `offset`: fewer than `size` only where the file ends."""


class _Local:
    def __init__(self, handle: int) -> None:
        self._handle = handle
        self.size: int | None = os.fstat(handle).st_size

    def read(self, offset: int, size: int) -> bytes:
        parts: list[bytes] = []
        while size and (part := os.pread(self._handle, min(size, 1 << 30), offset)):
            parts.append(part)
            offset, size = offset + len(part), size - len(part)
        return b"".join(parts) if len(parts) != 1 else parts[0]


class _Remote:
    def __init__(self, fs: Any, path: str, uri: str, size: int | None) -> None:
        self._fs, self._path, self._uri, self.size = fs, path, uri, size
        self._start, self._held = 0, b""

    def read(self, offset: int, size: int) -> bytes:
        end = offset + size if self.size is None else min(offset + size, self.size)
        if end <= offset:
            return b""
        if not self._start <= offset <= end <= self._start + len(self._held):
            # Read ahead only from small reads, which are a tar's headers, and never beyond the end.
            ahead = max(end, min(offset + _AHEAD, self.size or end))
            call = partial(self._fs.cat_file, self._path, start=offset, end=ahead)
            found = patiently(self._uri, call)
            # A server that knows no ranges sends everything.
            self._start, self._held = offset, found[offset:ahead] if len(found) > ahead - offset else found
        return self._held[offset - self._start : end - self._start]


@contextmanager
def open_ranges(uri: str) -> Iterator[Ranges]:
    """Open a file to be read by offset.

    Raises OSError: FileNotFoundError and the like as the system says, and EINVAL for a folder, pipe or device,
    which is not opened, as it might never end.
    """
    fs, path, local = file_system(uri)
    if not local:
        entry = patiently(uri, partial(freshly(fs).info, path))
        if entry["type"] != "file":
            raise _not_plain(entry["type"], uri)
        size = entry.get("size")
        yield _Remote(fs, path, uri, None if size is None else int(size))
        return
    try:
        handle = _open_local(path)
    except ValueError as error:  # a NUL in the name, say
        raise OSError(errno.EINVAL, str(error), uri) from None
    try:
        yield _Local(handle)
    finally:
        os.close(handle)


def _open_local(path: str) -> int:
    _check_plain(os.stat(path), path)  # noqa: PTH116 - before it is opened: opening a device may do something
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _check_plain(os.fstat(handle), path)  # it may have been replaced by a pipe in between
    except OSError:
        os.close(handle)
        raise
    return handle


def _check_plain(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _not_plain("directory" if stat.S_ISDIR(status.st_mode) else "other", path)


def _not_plain(kind: str, path: str) -> OSError:
    return OSError(errno.EINVAL, f"not a plain file ({kind})", path)
