"""Folders and prefixes walked in the order of their URIs, with one folder's entries and the way to it in memory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Protocol

from fsspec.utils import glob_translate

from pipeline.places import freshly, is_of_surroundings, patiently
from pipeline.sources.formats import is_listed
from pipeline.sources.keys import has_sorted_keys, keys_below, keys_matching
from pipeline.sources.listed import Record
from pipeline.sources.sorting import Sorter

_MAGIC = re.compile(r"[*?\[]")
Found = tuple[str, str]  # URI and stamp


class Filter(Protocol):
    """What of a folder is looked at; `prefix` is the folder's path with its slash."""

    def file(self, prefix: str, name: str) -> bool: ...

    def folder(self, prefix: str, name: str) -> bool: ...


class Documents:
    """What is named like a document or a tar; nothing hidden."""

    def file(self, prefix: str, name: str) -> bool:
        """Whether a file is taken."""
        return is_listed(name)

    def folder(self, prefix: str, name: str) -> bool:
        """Whether a folder is entered."""
        return not name.startswith(".")


class Glob:
    """What a pattern matches of that; only folders that can lead to a match are entered."""

    def __init__(self, pattern: str) -> None:
        before = _MAGIC.split(pattern, maxsplit=1)[0]
        self.root = before[: before.rindex("/") + 1]
        self._whole = re.compile(glob_translate(pattern))
        parts = pattern[len(self.root) :].split("/")
        self._deep = "**" in parts
        fixed = parts.index("**") if self._deep else len(parts) - 1
        self._parts = [re.compile(glob_translate(part)) for part in parts[:fixed]]

    def file(self, prefix: str, name: str) -> bool:
        """Whether a file is taken."""
        return is_listed(name) and self._whole.match(prefix + name) is not None

    def folder(self, prefix: str, name: str) -> bool:
        """Whether a folder is entered."""
        depth = prefix.count("/", len(self.root))
        return self._parts[depth].match(name) is not None if depth < len(self._parts) else self._deep


def check_pattern(pattern: str) -> None:
    """ValueError naming a pattern that is none, as with `**` inside a name."""
    try:
        re.compile(glob_translate(pattern))
    except (ValueError, re.error) as error:
        raise ValueError(f"{pattern!r} is no pattern: {error}") from None


def has_magic(path: str) -> bool:
    """Whether a path has a character that a pattern has."""
    return _MAGIC.search(path) is not None


def before_magic(path: str) -> str:
    """The part of a pattern that every match begins with."""
    return _MAGIC.split(path, maxsplit=1)[0]


def stamp_of_status(status: os.stat_result) -> str:
    """Stamp of a file of this machine."""
    return f"{status.st_size}-{status.st_mtime_ns}"


def stamp_of_entry(entry: dict[str, Any]) -> str:
    """Stamp of what a file system of fsspec says of a file, "" where that is too little."""
    for name in ("ETag", "etag", "md5Hash", "CRC"):
        if entry.get(name):
            return str(entry[name]).strip('"')
    for name in ("LastModified", "last_modified", "updated", "mtime", "created"):
        if entry.get(name) and entry.get("size") is not None:
            when = entry[name]
            return f"{entry['size']}-{when.timestamp() if hasattr(when, 'timestamp') else when}"
    return ""


def walk_local(root: str, chosen: Filter) -> Iterator[Found]:
    """Files below `root` in the order of their paths, and the folders that cannot be listed, for themselves."""
    top = root if root.endswith("/") else f"{root}/"
    if not _can_list(root):
        yield root, ""
        return
    yield from _walk((top, "", ""), lambda folder: _scan_local(folder[0], chosen))


def walk_remote(fs: Any, path: str) -> Iterator[Found]:
    """Files below a prefix of a store in the order of their URIs, asking for one prefix at a time; where the store
    sorts all keys itself, for a thousand keys at a time.
    """
    if has_sorted_keys(fs, path):
        yield from _walk_keys(fs, path)
        return
    yield from _walk((fs.unstrip_protocol(path), "", path), lambda folder: _scan_remote(fs, folder[2]))


def _walk_keys(fs: Any, path: str) -> Iterator[Found]:
    nothing = True
    try:
        for name, entry in keys_below(fs, path):
            nothing = False
            yield fs.unstrip_protocol(name), stamp_of_entry(entry)
    except OSError as error:
        if not nothing or is_of_surroundings(error):
            raise
        yield fs.unstrip_protocol(path), ""  # what may not be listed: reading it says why


def _walk(root: Record, scan: Callable[[Record], Iterable[Record]]) -> Iterator[Found]:
    """Depth first; records are (URI, stamp, path), folders' URIs end with a slash.

    That slash is what makes the order of the entries the order of the whole URIs: "a-b/x" is before "a/x".
    """
    stack = [_sorted_entries(root, scan)]
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
        elif entry[0].endswith("/") and entry[2]:
            stack.append(_sorted_entries(entry, scan))
        else:
            yield entry[0], entry[1]


def _sorted_entries(folder: Record, scan: Callable[[Record], Iterable[Record]]) -> Iterator[Record]:
    entries = Sorter()
    try:
        for record in scan(folder):
            entries.add(record)
    except OSError as error:
        if is_of_surroundings(error):
            raise
        return iter([(folder[0], "", "")])  # closed or gone since it was seen: reading it says why
    return entries.take()


def _scan_local(prefix: str, chosen: Filter) -> Iterator[Record]:
    with os.scandir(prefix) as entries:
        for entry in entries:
            name = entry.name
            if entry.is_dir(follow_symlinks=False):
                if chosen.folder(prefix, name):
                    closed = not _can_list(prefix + name)
                    yield (prefix + name, "", "") if closed else (f"{prefix}{name}/", "", prefix + name)
            elif chosen.file(prefix, name) and not _leads_to_folder(entry):
                yield prefix + name, _stamp_of(entry), ""


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a link to a folder; one that cannot be followed leads to none, and reading it says why."""
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError as error:
        if is_of_surroundings(error):
            raise
        return False


def _can_list(folder: str) -> bool:
    try:
        os.scandir(folder).close()
    except OSError as error:
        if is_of_surroundings(error):
            raise
        return False
    return True


def _stamp_of(entry: os.DirEntry[str]) -> str:
    try:
        return stamp_of_status(entry.stat())
    except OSError:  # a link that leads nowhere, or in a circle
        return ""


def _scan_remote(fs: Any, path: str) -> Iterator[Record]:
    chosen, base = Documents(), path.rstrip("/")
    entries = patiently(path, partial(freshly(fs).ls, path, detail=True))
    freshly(fs)  # else it keeps every listing
    for entry in entries:
        name = str(entry["name"])
        last = name.rstrip("/").rsplit("/", 1)[-1]
        if not name.startswith(f"{base}/" if base else "") or not name.strip("/"):
            continue  # a link to elsewhere
        if entry["type"] == "directory":
            if name.rstrip("/") == base:
                if entry.get("StorageClass") == "DIRECTORY":  # keys with `//` in them, which no listing leads to
                    yield fs.unstrip_protocol(base) + "//", "", ""
            elif chosen.folder(path, last):
                yield fs.unstrip_protocol(name.rstrip("/")) + "/", "", name
        elif name.rstrip("/") != base and chosen.file(path, last):
            yield fs.unstrip_protocol(name), stamp_of_entry(entry), ""


def glob_remote(fs: Any, pattern: str) -> Iterator[Found]:
    """What a pattern matches in a store, in no order; all of it is in memory, but where the store sorts its keys."""
    if has_sorted_keys(fs, pattern):
        for name, entry in keys_matching(fs, pattern):
            yield fs.unstrip_protocol(name), stamp_of_entry(entry)
        return
    for name, entry in patiently(pattern, partial(freshly(fs).glob, pattern, detail=True)).items():
        if entry["type"] != "directory" and is_listed(name):
            yield fs.unstrip_protocol(name), stamp_of_entry(entry)
