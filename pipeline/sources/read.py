"""One document as bytes with its hash and format, or the reason why not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.places import UnknownPlaceError, file_system, freshly, is_chain, is_of_surroundings, patiently
from pipeline.sources.formats import Format, sniff
from pipeline.sources.headers import BLOCK, is_tar
from pipeline.sources.listed import TAR_SCHEME, Listed, tar_of
from pipeline.sources.ranges import Ranges, open_ranges
from schemas.base import MAX_JSON_BYTES, sha256_hex
from schemas.manifest import Reason
from schemas.truth import TRUTH_SUFFIX

MAX_FILE_BYTES = 512 * 1024 * 1024
_BAD_TAR = "a tar that is damaged or cut: members may be missing"  # one that is whole is listed by its members


class SourceError(Exception):
    """An input that gives no document; `reason` is of the closed set, `detail` one short line."""

    def __init__(self, reason: Reason, detail: str, sha256: str | None = None) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail[:300]
        self.sha256 = sha256


@dataclass(frozen=True)
class Source:
    """An input file that is one of our formats; `words` is the JSON that lies beside it in its tar."""

    uri: str
    sha256: str
    format: Format
    data: bytes
    words: bytes | None = None


def read_source(listed: Listed, max_bytes: int = MAX_FILE_BYTES) -> Source:
    """Read and recognise a document; SourceError with the reason where that cannot be.

    Raises OSError naming the document where the machine, the network or a store fails: the document may be good.
    """
    if listed.offset is None and listed.uri.startswith(TAR_SCHEME):
        raise SourceError(Reason.UNREADABLE, "no such member in the tar")
    with _reasons(listed.uri), open_ranges(listed.uri if listed.offset is None else tar_of(listed.uri)) as file:
        data = _whole(file, max_bytes) if listed.offset is None else _member(file, listed, max_bytes)
        words = _words(file, listed)
    sha256 = sha256_hex(data)
    if not data:
        raise SourceError(Reason.EMPTY_FILE, "no bytes", sha256)
    if listed.offset is None and is_tar(data[:BLOCK]):
        raise SourceError(Reason.DAMAGED, _BAD_TAR, sha256)
    found = sniff(data[:2048])
    if found is None:
        raise SourceError(Reason.UNSUPPORTED_FORMAT, "none of PDF, PNG, JPEG, TIFF, WebP", sha256)
    return Source(listed.uri, sha256, found, data, words)


def _whole(file: Ranges, max_bytes: int) -> bytes:
    if file.size is not None and file.size > max_bytes:
        if is_tar(file.read(0, BLOCK)):
            raise SourceError(Reason.DAMAGED, _BAD_TAR)
        raise SourceError(Reason.TOO_LARGE, f"{file.size} bytes, more than {max_bytes}")
    # One byte more, to see whether it grows.
    data = file.read(0, (max_bytes if file.size is None else file.size) + 1)
    if file.size is None and len(data) > max_bytes:
        raise SourceError(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
    if file.size is not None and len(data) != file.size:
        raise SourceError(Reason.CHANGED, f"{len(data)} bytes of {file.size}: it changes while it is read")
    return data


def _member(file: Ranges, listed: Listed, max_bytes: int) -> bytes:
    assert listed.offset is not None
    assert listed.size is not None
    if listed.size > max_bytes:
        raise SourceError(Reason.TOO_LARGE, f"{listed.size} bytes, more than {max_bytes}")
    data = file.read(listed.offset, listed.size)
    if len(data) != listed.size:
        raise SourceError(Reason.CHANGED, "its tar is shorter than it was when it was listed")
    return data


def _words(file: Ranges, listed: Listed) -> bytes | None:
    """The JSON beside a member; one that is too large is none."""
    if listed.words_offset is None or listed.words_size is None or listed.words_size > MAX_JSON_BYTES:
        return None
    data = file.read(listed.words_offset, listed.words_size)
    if len(data) != listed.words_size:
        raise SourceError(Reason.CHANGED, "its tar is shorter than it was when it was listed")
    return data


@contextmanager
def _reasons(uri: str) -> Iterator[None]:
    """What the system or a store says of a file as a reason; failures of the surroundings as OSError naming it."""
    try:
        yield
    except UnknownPlaceError as error:
        raise SourceError(Reason.UNREADABLE, str(error)) from None
    except OSError as error:
        if is_of_surroundings(error):
            raise OSError(error.errno, error.strerror or str(error) or type(error).__name__, uri) from error
        raise SourceError(Reason.UNREADABLE, error.strerror or type(error).__name__) from None


def truth_beside(uri: str) -> bytes | None:
    """Truth that lies beside a file as `<file name>.truth.json`, not looked into yet; a member of a tar has none.

    Raises ValueError where it is there and cannot be read.
    """
    if uri.startswith(TAR_SCHEME):
        return None
    name, mark, inside = uri.partition("::") if is_chain(uri) else (uri, "", "")
    try:
        return read_if_there(f"{name}{TRUTH_SUFFIX}{mark}{inside}", MAX_JSON_BYTES)
    except ValueError as error:
        raise ValueError(f"its truth cannot be read: {error}") from None


def read_if_there(place: str, max_bytes: int) -> bytes | None:
    """The whole file at a path or URL, None where there is none.

    Raises ValueError where it is there and cannot be read, or is larger than `max_bytes`.
    """
    fs, path, _ = file_system(place)
    try:
        there = patiently(place, lambda: freshly(fs).exists(path))
    except PermissionError:
        return None  # what a bucket that may be read and not listed answers for an object that is not there
    if not there:
        return None
    try:
        with _reasons(place), open_ranges(place) as file:
            return _whole(file, max_bytes)
    except SourceError as error:
        raise ValueError(error.detail) from None


def read_head(place: str, size: int) -> bytes | None:
    """The first `size` bytes of the file at a path or URL, or all of a shorter one; None where it cannot be read."""
    try:
        with _reasons(place), open_ranges(place) as file:
            return file.read(0, size)
    except (SourceError, ValueError):
        return None
