"""Where files are: a path of this machine or a URL that fsspec knows."""

from __future__ import annotations

from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem


def file_system(place: str) -> tuple[Any, str, bool]:
    """(fsspec file system, path in it, whether that is this machine's) of a path or URL.

    What has no `://` is a path, whatever it holds: fsspec alone would take a file called `a::b.pdf` for a chain of
    file systems. Raises ValueError for a kind of URL that is unknown or whose library is not installed.
    """
    if "://" not in place:
        local = LocalFileSystem()
        return local, str(local._strip_protocol(place)), True
    try:
        fs, path = fsspec.core.url_to_fs(place)
    except ImportError as error:
        raise ValueError(f"{place.partition('://')[0]}:// needs another package: {error}") from None
    return fs, path, isinstance(fs, LocalFileSystem)
