"""Files, folders, globs, tars, list files and fsspec URLs as one sorted stream of documents, none twice."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain
from pathlib import Path

from pipeline.places import file_system
from pipeline.sources.formats import SUFFIXES
from pipeline.sources.listed import TAR_SCHEME, Listed, tar_of
from pipeline.sources.lists import read_lines
from pipeline.sources.named import Kind, Named, ask, chain_of, is_tar_name, name_input, name_line
from pipeline.sources.sorting import Sorter, merge_lazily
from pipeline.sources.tars import list_tar
from pipeline.sources.walk import Documents, Found, Glob, glob_remote, walk_local, walk_remote

_READERS, _AHEAD = 16, 32  # tars that are read, and files that are known, at a time

KnownTar = Callable[[str, str], bool]  # URI and stamp -> whether all of its documents are known


def list_inputs(
    inputs: Sequence[str], lists: Sequence[str] = (), known: KnownTar = lambda uri, stamp: False
) -> Iterator[Listed]:
    """Every document that `inputs`, and the lines of the files `lists`, name: sorted by URI, no URI twice.

    A folder gives the files below it that have a document's suffix, and the members of its tars that do; a glob
    what it matches of those; a file that is named itself is always taken, whatever it is called. Hidden files and
    folders are left out, and links to folders are not followed. A folder that cannot be listed is given itself, as
    is a tar that is damaged (beside the members before the damage), one that is compressed, and a line of a list
    that names nothing: reading it says why. Of a document WebDataset's sample with several renderings beside one
    JSON (a PDF and the TIFF made from it) the first of PDF, TIFF, PNG, JPEG and WebP is given. Tars that are `known`
    are left out: they are not even opened.

    The stream needs the memory of one folder's entries and the way to it, however many documents there are; lines
    and members are sorted through a temporary file. Raises ValueError, before anything is given, naming an input
    that is not there, or where nothing is found at all; OSError while it runs where a disk or a store fails.
    """
    named = Sorter()
    for item in inputs:
        named.add(name_input(item).record())
    for place in lists:
        for line in read_lines(place):
            named.add(name_line(line).record())
    listing = _Listing(known)
    stream = listing.stream(named)
    first = next(stream, None)
    if first is None and listing.knew:
        return iter(())
    if first is None:
        given = ", ".join(map(repr, [*inputs, *lists])) or "no inputs"
        raise ValueError(f"no documents in {given}: looked for {', '.join(sorted(SUFFIXES))} and tars of them")
    return chain([first], stream)


class _Listing:
    """One walk over the inputs. Members of tars sort by their own names, so they wait until all tars are read."""

    def __init__(self, known: KnownTar) -> None:
        self._known = known
        self._later = Sorter()
        self.knew = False  # whether a tar was left out

    def stream(self, named: Sorter) -> Iterator[Listed]:
        """Everything in order: first what is below the URIs of members, then those and the rest together."""
        merged = merge_lazily((record[0], partial(self._open, Named.of(record))) for record in named.take())
        yield from _distinct(self._in_two_parts(merged))

    def _in_two_parts(self, merged: Iterator[Listed]) -> Iterator[Listed]:
        for listed in merged:
            if listed.uri >= TAR_SCHEME:
                self._take(listed)
                break
            yield listed
        for listed in merged:
            self._take(listed)
        yield from map(Listed.of, self._later.take())

    def _take(self, listed: Listed) -> None:
        self._later.add(listed.record())

    def _open(self, named: Named) -> Iterator[Listed]:
        if named.kind is Kind.FILE:
            return iter([Listed(named.text, named.stamp)])
        if named.kind is Kind.LOOK:
            return self._look(named.text, named.stamp)
        if named.kind is Kind.MEMBERS:
            return self._members(named)
        if named.kind is Kind.ASK:
            return self._open(ask(named))
        if named.kind is Kind.GLOB:
            return self._glob(named)
        return self._folder(named.text)

    def _look(self, uri: str, stamp: str) -> Iterator[Listed]:
        """The members of a tar, later; the file itself where it is none, or not a whole one."""
        if self._is_known(uri, stamp):
            return
        yield from self._land(uri, stamp, *list_tar(uri, stamp))

    def _is_known(self, uri: str, stamp: str) -> bool:
        known = bool(stamp) and self._known(uri, stamp)
        self.knew |= known
        return known

    def _land(self, uri: str, stamp: str, members: list[Listed], whole: bool) -> Iterator[Listed]:
        for listed in members:
            self._take(listed)
        if not whole:
            yield Listed(uri, stamp)

    def _members(self, named: Named) -> Iterator[Listed]:
        """The members of a tar that a pattern matches; the pattern itself where there is none."""
        tar = tar_of(named.text)
        before, after = len(TAR_SCHEME), -len(f"::{tar}")
        wanted = named.text[before:after]
        members, whole = list_tar(tar, named.stamp)
        names = ((listed, listed.uri[before:after]) for listed in members)
        matched = [listed for listed, name in names if name == wanted or fnmatchcase(name, wanted)]
        for listed in matched or [Listed(named.text)]:
            self._take(replace(listed, whole_tar=False))
        if not whole:
            yield Listed(tar, named.stamp)

    def _folder(self, folder: str) -> Iterator[Listed]:
        fs, path, local = file_system(folder)
        if local:
            return self._look_into_tars(walk_local(path, Documents()))
        inside = chain_of(folder)
        found = walk_remote(fs, path)
        return self._look_into_tars(_sorted_within(found, inside) if inside else found, inside)

    def _glob(self, named: Named) -> Iterator[Listed]:
        fs, path, local = file_system(named.text)
        inside = "" if local else chain_of(named.text)
        if local:
            pattern = Glob(path)
            found = walk_local(pattern.root, pattern) if Path(pattern.root).is_dir() else iter(())
        else:
            found = _sorted_within(glob_remote(fs, path), inside)
        stream = self._look_into_tars(found, inside)
        itself = path if local else fs.unstrip_protocol(path) + inside
        return _or_itself(stream, itself) if named.lenient else stream

    def _look_into_tars(self, found: Iterator[Found], inside: str = "") -> Iterator[Listed]:
        """What was found, tars opened some at a time: behind a URL each of their members may be a request."""
        waiting: deque[tuple[Found, Future[tuple[list[Listed], bool]] | None]] = deque()
        with ThreadPoolExecutor(_READERS) as pool:
            for uri, stamp in found:
                if not is_tar_name(uri.removesuffix(inside)):
                    waiting.append(((uri, stamp), None))
                elif not self._is_known(uri, stamp):
                    waiting.append(((uri, stamp), pool.submit(list_tar, uri, stamp)))
                while waiting and (waiting[0][1] is None or len(waiting) > _AHEAD):
                    yield from self._arrive(*waiting.popleft())
            while waiting:
                yield from self._arrive(*waiting.popleft())

    def _arrive(self, found: Found, tar: Future[tuple[list[Listed], bool]] | None) -> Iterator[Listed]:
        if tar is None:
            yield Listed(*found)
        else:
            yield from self._land(*found, *tar.result())


def _sorted_within(found: Iterable[Found], inside: str) -> Iterator[Found]:
    """Files of an archive with the way to it after their names, which changes their order."""
    entries = Sorter()
    for uri, stamp in found:
        entries.add((uri + inside, stamp))
    for uri, stamp in entries.take():
        yield uri, stamp


def _or_itself(stream: Iterator[Listed], uri: str) -> Iterator[Listed]:
    """The pattern of a list's line, as the name of a file, where it matches nothing."""
    first = next(stream, None)
    yield first or Listed(uri)
    yield from stream


def _distinct(stream: Iterator[Listed]) -> Iterator[Listed]:
    last = ""
    for listed in stream:
        assert listed.uri >= last, f"{listed.uri!r} is listed after {last!r}"
        if listed.uri != last:
            yield listed
        last = listed.uri
