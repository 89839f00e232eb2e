"""One command at a time writes a dataset."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.shards.files import Store


@contextmanager
def alone(store: Store) -> Iterator[None]:
    """For as long as the block runs no other command works on the dataset; RuntimeError where one does.

    The lock is the kernel's, on the dataset's folder: it ends with this process, however that ends, and leaves no file.
    A URL is not locked, nor is a folder on a network that knows no such locks: two commands are noticed later there,
    when they plan or finish.
    """
    if not store.local:
        yield
        return
    handle = os.open(store.root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(handle, store)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, store: Store) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise RuntimeError(f"another command is at work on {store.url}: let it end first") from None
    except OSError:  # a network's folder
        return
