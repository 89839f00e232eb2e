"""Files, folders, globs and fsspec URLs as one sorted list of file URIs, without duplicates."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import fsspec
from fsspec.implementations.local import LocalFileSystem

from pipeline.sources.formats import SUFFIXES

_GLOB = frozenset("*?[")


def list_inputs(inputs: Iterable[str]) -> list[str]:
    """Every file that `inputs` name, in order of its URI.

    A folder gives the files below it that have a document's suffix; a glob what it matches of those; a file
    that is named itself is always taken, whatever it is called. Raises ValueError naming an input that is
    not there, or where nothing is found at all.
    """
    named = list(inputs)
    found: set[str] = set()
    for item in named:
        found.update(_expand(item))
    if not found:
        raise ValueError(f"no documents in {', '.join(map(repr, named)) or 'no inputs'}: looked for {_suffixes()}")
    return sorted(found)


def _suffixes() -> str:
    return ", ".join(sorted(SUFFIXES))


def _expand(item: str) -> list[str]:
    if not item:
        raise ValueError("an input must not be empty")
    fs, path = fsspec.core.url_to_fs(item)
    local = isinstance(fs, LocalFileSystem)
    if not fs.exists(path) and _GLOB & set(item):
        matches = fs.glob(path, detail=True)
        paths = [name for name, entry in matches.items() if entry["type"] == "file" and _is_document(name)]
    elif fs.isdir(path):
        paths = [name for name in fs.find(path) if _is_document(name)]
    elif fs.exists(path) or (local and Path(path).is_symlink()):
        paths = [path]
    else:
        raise ValueError(f"no such file or folder: {item!r}")
    # Without its ".." a path means the same from everywhere; links stay as they were named.
    return [os.path.abspath(name) if local else fs.unstrip_protocol(name) for name in paths]  # noqa: PTH100


def _is_document(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return not last.startswith(".") and Path(last).suffix.lower() in SUFFIXES
