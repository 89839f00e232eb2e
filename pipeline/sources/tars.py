"""The documents inside a tar, and the word JSON that lies beside them in a document WebDataset."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace

from pipeline.places import is_of_surroundings
from pipeline.sources.formats import DOCUMENT_SUFFIXES, is_listed
from pipeline.sources.headers import BLOCK, Member, TarDamageError, is_tar, read_members
from pipeline.sources.listed import Listed, member_uri
from pipeline.sources.ranges import open_ranges


def list_tar(uri: str, stamp: str) -> tuple[list[Listed], bool]:
    """The documents of the tar at `uri`, in no order, and whether that is all there is to say of it.

    It is not where the tar itself must be listed, too: it is damaged or cut (what came before is given), cannot be
    read, or is no tar at all. OSError where the surroundings fail.
    """
    try:
        return _list_tar(uri, stamp)
    except OSError as error:
        if is_of_surroundings(error):
            raise OSError(error.errno, error.strerror or type(error).__name__, uri) from error
        return [], False


def _list_tar(uri: str, stamp: str) -> tuple[list[Listed], bool]:
    with open_ranges(uri) as file:
        if file.size is None or not is_tar(file.read(0, BLOCK)):
            return [], False
        members: list[Member] = []
        whole = True
        try:
            for member in read_members(file.read, file.size):
                if _is_wanted(member.name):
                    members.append(member)
        except TarDamageError:
            whole = False
    return [replace(listed, whole_tar=True) for listed in _documents(members, uri, stamp)], whole


def sample_key(name: str) -> tuple[str, str]:
    """(key, extension) of a member of a WebDataset: the extension begins at the first dot of the last part."""
    folder, slash, last = name.rpartition("/")
    stem, _, extension = last.partition(".")
    return f"{folder}{slash}{stem}", extension.lower()


def _is_wanted(name: str) -> bool:
    parts = name.split("/")
    if any(part.startswith(".") and part not in (".", "..") for part in parts):
        return False
    return is_listed(name) or parts[-1].endswith(".json")


def _documents(members: list[Member], uri: str, stamp: str) -> Iterator[Listed]:
    words, preferred = _samples(members)
    named: Counter[str] = Counter()
    spelt: Counter[str] = Counter()
    for member in members:
        key, extension = sample_key(member.name)
        beside: list[Member] = []
        if not is_listed(member.name):  # a tar within is, too: nobody opens it, so it is rejected
            continue
        if key in words and extension in _RANK:
            if extension != preferred[key]:
                continue  # another rendering of the same document
            beside = words[key][named[member.name] : named[member.name] + 1]
        named[member.name] += 1
        spelt[member_uri(member.name, uri)] += 1
        number = spelt[member_uri(member.name, uri)]
        name = member.name if number == 1 else f"{member.name}#{number}"  # which ends like no document
        words_at = (beside[0].offset, beside[0].size) if beside else (None, None)
        yield Listed(member_uri(name, uri), stamp, member.offset, member.size, *words_at)


_RANK = {suffix[1:]: rank for rank, suffix in enumerate(DOCUMENT_SUFFIXES)}


def _samples(members: list[Member]) -> tuple[dict[str, list[Member]], dict[str, str]]:
    """By key: the JSON members, and the extension of the document that stands for the sample.

    The document WebDatasets hold a PDF and the TIFF that was rendered from it beside one JSON: one of them enters.
    """
    words: dict[str, list[Member]] = defaultdict(list)
    extensions: dict[str, str] = {}
    for member in members:
        key, extension = sample_key(member.name)
        if extension == "json":
            words[key].append(member)
        elif extension in _RANK and _RANK[extension] < _RANK.get(extensions.get(key, ""), len(_RANK)):
            extensions[key] = extension
    return words, extensions
