"""Where the truth of a page may lie: by the name of its document, beside it or in folders that a person names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.places import is_chain
from pipeline.sources.listed import TAR_SCHEME
from schemas.truth import TRUTH_SUFFIX

# Folders that sets keep their truth in, beside the one with the pictures: FUNSD, SROIE, ROOR.
_SIDE_FOLDERS = ("annotations", "boxes", "box", "jsons")
_SUFFIXES = (".json", ".txt", ".csv")
_PICTURE = "_ori"  # what DocBank's pictures have at the end of their names, and its truth has not


@dataclass(frozen=True)
class Place:
    """A file that may hold the truth, and which of its pages is asked for."""

    uri: str
    page: int


def places(uri: str, page: int, folders: Sequence[str] = ()) -> list[Place]:
    """Where the truth of page `page` of the document at `uri` is looked for, in this order.

    First in `folders` (paths or URLs) and in what they hold under the names that sets use, then beside the document:
    as `<name>.truth.json`, as the name without its suffix with .json, .txt or .csv, and for a picture of a folder of
    pages as `<folder>.json`, the page being the number that the picture's name ends with.
    """
    folder, name = _split(uri)
    found = [place for named in folders for place in _in_folder(named.rstrip("/"), folder, name, page)]
    if folder is not None:
        around = folder.rpartition("/")[0]
        found += _under(folder, around, name, page)
        found += _of_pages(around, folder, name)
    return list(dict.fromkeys(found))


def _split(uri: str) -> tuple[str | None, str]:
    """Folder and name of a document; nothing lies beside the members of a tar or of another file."""
    if uri.startswith(TAR_SCHEME):
        return None, uri.removeprefix(TAR_SCHEME).partition("::")[0].rpartition("/")[2]
    if is_chain(uri):
        return None, uri.partition("::")[0].rpartition("/")[2]
    folder, _, name = uri.rpartition("/")
    return folder, name


def described(uri: str, folders: Sequence[str] = ()) -> str:
    """Where `places` looks, for a person."""
    stem = (_split(uri)[1].rpartition(".")[0]) or uri
    names = f"as {_split(uri)[1]}{TRUTH_SUFFIX}, {stem}.json, .txt or .csv, there or in {', '.join(_SIDE_FOLDERS)}"
    beside = [] if _split(uri)[0] is None else [f"beside {uri}"]
    return f"looked {' and '.join([*(f'in {folder}' for folder in folders), *beside]) or 'nowhere'} {names}"


def _in_folder(named: str, folder: str | None, name: str, page: int) -> Iterator[Place]:
    yield from _under(named, named, name, page)
    if folder is not None:
        yield from _of_pages(named, folder, name)


def _under(folder: str, around: str, name: str, page: int) -> Iterator[Place]:
    """In the folder itself, and in those with the names of sets that stand in `around`."""
    stem = name.rpartition(".")[0] or name
    stems = [stem, *([stem.removesuffix(_PICTURE)] if stem.endswith(_PICTURE) else [])]
    yield Place(f"{folder}/{name}{TRUTH_SUFFIX}", page)
    for where in (folder, *(f"{around}/{side}" for side in _SIDE_FOLDERS)):
        yield from (Place(f"{where}/{one}{suffix}", page) for one in stems for suffix in _SUFFIXES)


def _of_pages(where: str, folder: str, name: str) -> Iterator[Place]:
    number = re.search(r"(\d{1,6})$", name.rpartition(".")[0])
    if number and (title := folder.rpartition("/")[2]):
        yield Place(f"{where}/{title}.json", int(number.group()))
