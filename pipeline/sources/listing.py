"""Files, folders, globs, tars, list files and fsspec URLs as one sorted stream of documents, none twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain
from pathlib import Path

from pipeline.places import file_system, is_of_surroundings
from pipeline.sources.formats import SUFFIXES
from pipeline.sources.listed import TAR_SCHEME, Listed, tar_of
from pipeline.sources.lists import read_lines
from pipeline.sources.named import Kind, Named, ask, chain_of, is_tar_name, name_input, name_line
from pipeline.sources.sorting import Sorter, merge_lazily
from pipeline.sources.tars import list_tar
from pipeline.sources.walk import Documents, Found, Glob, glob_remote, walk_local, walk_remote


def list_inputs(inputs: Sequence[str], lists: Sequence[str] = ()) -> Iterator[Listed]:
    """Every document that `inputs`, and the lines of the files `lists`, name: sorted by URI, no URI twice.

    A folder gives the files below it that have a document's suffix, and the members of its tars that do; a glob
    what it matches of those; a file that is named itself is always taken, whatever it is called. Hidden files and
    folders are left out, and links to folders are not followed. A folder that cannot be listed is given itself, as
    is a tar that is damaged (beside the members before the damage), one that is compressed, and a line of a list
    that names nothing: reading it says why. Of a document WebDataset's sample with several renderings beside one
    JSON (a PDF and the TIFF made from it) the first of PDF, TIFF, PNG, JPEG and WebP is given.

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
    stream = _Listing().stream(named)
    first = next(stream, None)
    if first is None:
        given = ", ".join(map(repr, [*inputs, *lists])) or "no inputs"
        raise ValueError(f"no documents in {given}: looked for {', '.join(sorted(SUFFIXES))} and tars of them")
    return chain([first], stream)


class _Listing:
    """One walk over the inputs. Members of tars sort by their own names, so they wait until all tars are read."""

    def __init__(self) -> None:
        self._later = Sorter()

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
        if not self._is_whole_tar(uri, stamp, self._take):
            yield Listed(uri, stamp)

    def _is_whole_tar(self, uri: str, stamp: str, take: Callable[[Listed], None]) -> bool:
        try:
            return list_tar(uri, stamp, take)
        except OSError as error:
            if is_of_surroundings(error):
                raise
            return False

    def _members(self, named: Named) -> Iterator[Listed]:
        """The members of a tar that a pattern matches; the pattern itself where there is none."""
        tar = tar_of(named.text)
        before, after = len(TAR_SCHEME), -len(f"::{tar}")
        wanted = named.text[before:after]
        matched = False

        def take(listed: Listed) -> None:
            nonlocal matched
            member = listed.uri[before:after]
            if member == wanted or fnmatchcase(member, wanted):
                matched = True
                self._take(listed)

        whole = self._is_whole_tar(tar, named.stamp, take)
        if not matched:
            self._take(Listed(named.text))
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
        for uri, stamp in found:
            if is_tar_name(uri.removesuffix(inside)):
                yield from self._look(uri, stamp)
            else:
                yield Listed(uri, stamp)


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
