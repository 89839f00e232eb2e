"""What one input means: a file, a folder, a pattern, members of a tar, or something only a store can tell."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from pipeline.places import UnknownPlaceError, file_system, freshly, is_chain, is_of_surroundings, patiently
from pipeline.sources.formats import TAR_SUFFIX, is_document, is_listed, suffix_of
from pipeline.sources.listed import TAR_SCHEME, Record, tar_of
from pipeline.sources.walk import before_magic, check_pattern, has_magic, stamp_of_entry, stamp_of_status


class Kind(StrEnum):
    """How an input is opened."""

    FILE = "file"  # as it is
    LOOK = "look"  # a file that may be a tar
    FOLDER = "folder"
    GLOB = "glob"
    MEMBERS = "members"
    ASK = "ask"  # a URL whose store has not been asked yet


@dataclass(frozen=True)
class Named:
    """An input. None of the URIs that it gives is below `bound`; `text` is a path or URL.

    A `lenient` one that turns out to name nothing is given itself, so that reading it says so.
    """

    bound: str
    kind: Kind
    text: str
    stamp: str = ""
    lenient: bool = False

    def record(self) -> Record:
        """As texts that sort by the bound first."""
        return (self.bound, self.kind.value, self.text, self.stamp, "lenient" if self.lenient else "")

    @classmethod
    def of(cls, record: Record) -> Named:
        """What `record` made."""
        bound, kind, text, stamp, lenient = record
        return cls(bound, Kind(kind), text, stamp, bool(lenient))


def name_input(item: str) -> Named:
    """An input of the command line; ValueError where there is nothing of that name."""
    if not item:
        raise ValueError("an input must not be empty")
    if "\0" in item:
        raise ValueError(f"no such file or folder: {item!r}")
    if item.startswith(TAR_SCHEME):
        return _members(item)
    fs, path, local = file_system(item)
    found = _local(path) if local else _remote(item, fs, path)
    if found is None:
        raise ValueError(f"no such file or folder: {item!r}")
    return found


def name_line(line: str) -> Named:
    """An input of a list file, taken for a file to read where there is nothing of that name.

    A URL that ends like a document is believed: asking a store about ten million lines would take a day.
    """
    if "://" not in line:
        return _local_line(line if _is_plain_path(line) else file_system(line)[1])
    if line.startswith(TAR_SCHEME):
        return _members_or_itself(line)
    try:
        fs, path, local = file_system(line)
    except UnknownPlaceError:
        return Named(line, Kind.FILE, line)
    if local:
        return _local_line(path)
    uri = fs.unstrip_protocol(path) + chain_of(line)
    if is_document(path) and not has_magic(path):
        return Named(uri, Kind.FILE, uri)
    return Named(before_magic(uri), Kind.ASK, line, lenient=True)


def ask(named: Named) -> Named:
    """What the store says of a URL of a list file."""
    fs, path, _ = file_system(named.text)
    uri = fs.unstrip_protocol(path) + chain_of(named.text)
    try:
        return _remote(named.text, fs, path, lenient=True) or Named(uri, Kind.FILE, uri)
    except ValueError:  # a pattern that is none
        return Named(uri, Kind.FILE, uri)
    except OSError as error:
        if is_of_surroundings(error):
            raise
        return Named(uri, Kind.FILE, uri)


def chain_of(url: str) -> str:
    """What a file system lies in, as `::/data/all.zip` of `zip://*.pdf::/data/all.zip`; "" where in nothing."""
    return "".join(url.partition("::")[1:]) if is_chain(url) else ""


def absolute(path: str) -> str:
    """One name for one file: no `.`, `..` or doubled slashes; links are kept as they are named where they can be."""
    if _is_plain_path(path):
        return path
    if ".." in Path(path).parts:
        return str(Path(path).parent.resolve() / Path(path).name)  # what `..` means depends on links
    return str(Path(path).absolute())


def _is_plain_path(path: str) -> bool:
    """Whether a path is spelt in the one way already: quickly told, as there may be ten million."""
    return path.startswith("/") and not path.endswith("/") and "//" not in path and "/." not in path


def _local(path: str, lenient: bool = False) -> Named | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - of ten million
    except OSError as error:
        if not isinstance(error, FileNotFoundError) and is_of_surroundings(error):
            raise
        if os.path.islink(path):  # noqa: PTH114 - leading nowhere, or in a circle
            return Named(absolute(path), Kind.FILE, absolute(path))
        return _pattern(path, lenient) if has_magic(path) else None
    if stat.S_ISDIR(status.st_mode):
        folder = str(Path(path).resolve()) if ".." in Path(path).parts else absolute(path)
        return Named(folder, Kind.FOLDER, folder)
    name = absolute(path)
    # On the command line a file is looked into whatever it is called; lines are too many for that.
    kind = Kind.FILE if lenient and is_document(name) else Kind.LOOK
    return Named(name, kind, name, stamp_of_status(status))


def _local_line(path: str) -> Named:
    try:
        found = _local(path, lenient=True)
    except ValueError:  # a pattern that is none
        found = None
    return found or Named(absolute(path), Kind.FILE, absolute(path))


def _pattern(path: str, lenient: bool) -> Named:
    root, slash, rest = before_magic(path).rpartition("/")
    folder = str(Path(root or "/").resolve()) if ".." in Path(root).parts else absolute(root or "/")
    pattern = f"{folder.rstrip('/')}{slash}{rest}{path[len(before_magic(path)) :]}"
    check_pattern(pattern)
    return Named(folder, Kind.GLOB, pattern, lenient=lenient)


def _remote(url: str, fs: Any, path: str, lenient: bool = False) -> Named | None:
    uri = fs.unstrip_protocol(path) + chain_of(url)
    try:
        entry = patiently(url, partial(freshly(fs).info, path))
    except FileNotFoundError:
        if not has_magic(path):
            return None
        check_pattern(path)
        return Named(before_magic(uri), Kind.GLOB, url, lenient=lenient)
    # To a web server everything is a file; what has links in it is taken for a folder.
    if entry["type"] == "directory" or (not is_listed(path) and patiently(url, partial(fs.isdir, path))):
        return Named(uri, Kind.FOLDER, url)
    return Named(uri, Kind.LOOK, uri, stamp_of_entry(entry))


def _members(url: str) -> Named:
    """`tar://PATTERN::TAR`: those members of a tar."""
    tar = name_input(tar_of(url))
    if tar.kind is not Kind.LOOK:
        raise ValueError(f"{url!r} names members of something that is no tar")
    member = url[: -len(tar_of(url))]
    return Named(tar.text, Kind.MEMBERS, member + tar.text, tar.stamp)


def _members_or_itself(url: str) -> Named:
    try:
        return _members(url)
    except ValueError:
        return Named(url, Kind.FILE, url)


def is_tar_name(uri: str) -> bool:
    """Whether a file that a folder holds is looked into."""
    return suffix_of(uri) == TAR_SUFFIX
