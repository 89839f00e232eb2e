"""Files, folders, globs and fsspec URLs as one sorted list of file URIs, without duplicates."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from pipeline.places import file_system
from pipeline.sources.formats import SUFFIXES

_GLOB = frozenset("*?[")


def list_inputs(inputs: Iterable[str]) -> list[str]:
    """Every file that `inputs` name, in order of its URI.

    A folder gives the files below it that have a document's suffix; a glob what it matches of those; a file
    that is named itself is always taken, whatever it is called. Hidden files and folders are left out, and links
    to folders are not followed. A folder that cannot be listed is given itself: reading it says why.
    Raises ValueError naming an input that is not there, or where nothing is found at all.
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
    fs, path, local = file_system(item)
    if not fs.exists(path) and _GLOB & set(path):
        matches = fs.glob(path, detail=True)
        paths = [name for name, entry in matches.items() if entry["type"] != "directory" and _is_document(name)]
    elif fs.isdir(path):
        paths = _walk(path) if local else [name for name in fs.find(path) if _is_document(name)]
    elif fs.exists(path) or (local and Path(path).is_symlink()):
        paths = [path]
    else:
        raise ValueError(f"no such file or folder: {item!r}")
    if local:
        return [_absolute(name) for name in paths]
    chain = "".join(item.partition("::")[1:])  # what the file system lies in, as in zip://*.pdf::/data/all.zip
    return [f"{fs.unstrip_protocol(name)}{chain}" for name in paths]


def _walk(folder: str) -> list[str]:
    """Documents below a folder of this machine, and the folders that cannot be listed."""
    found: list[str] = []
    closed: list[str] = []
    for here, folders, files in os.walk(folder, onerror=lambda error: closed.append(error.filename)):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [f"{here}/{name}" for name in files if _is_document(name)]
    return found + closed


def _absolute(path: str) -> str:
    """One name for one file: no `.`, `..` or doubled slashes; links are kept as they are named where they can be."""
    if ".." in Path(path).parts:
        return str(Path(path).parent.resolve() / Path(path).name)  # what `..` means depends on links
    return str(Path(path).absolute())


def _is_document(name: str) -> bool:
    last = name.rsplit("/", 1)[-1]
    return not last.startswith(".") and Path(last).suffix.lower() in SUFFIXES
