"""One input file as bytes with its hash and format, or the reason why not."""

from __future__ import annotations

import errno
from dataclasses import dataclass

from pipeline.places import file_system
from pipeline.sources.formats import Format, sniff
from schemas.base import MAX_JSON_BYTES, sha256_hex
from schemas.manifest import Reason
from schemas.truth import TRUTH_SUFFIX, DocumentTruth

MAX_FILE_BYTES = 512 * 1024 * 1024
_SURROUNDINGS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ESTALE})


class SourceError(Exception):
    """An input that gives no document; `reason` is of the closed set, `detail` one short line."""

    def __init__(self, reason: Reason, detail: str, sha256: str | None = None) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail[:300]
        self.sha256 = sha256


@dataclass(frozen=True)
class Source:
    """An input file that is one of our formats."""

    uri: str
    sha256: str
    format: Format
    data: bytes


def read_source(uri: str, max_bytes: int = MAX_FILE_BYTES) -> Source:
    """Read and recognise a file; SourceError with the reason where that cannot be."""
    data = _read(uri, max_bytes)
    if len(data) > max_bytes:
        raise SourceError(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
    sha256 = sha256_hex(data)
    if not data:
        raise SourceError(Reason.EMPTY_FILE, "no bytes", sha256)
    found = sniff(data[:2048])
    if found is None:
        raise SourceError(Reason.UNSUPPORTED_FORMAT, "none of PDF, PNG, JPEG, TIFF, WebP", sha256)
    return Source(uri, sha256, found, data)


def _read(uri: str, max_bytes: int) -> bytes:
    """The first `max_bytes` + 1 bytes; nothing is opened that is no plain file, as a pipe would never end."""
    try:
        fs, path, _ = file_system(uri)
        entry = fs.info(path)
        if entry["type"] != "file":
            raise SourceError(Reason.UNREADABLE, f"not a plain file ({entry['type']})")
        size = entry.get("size")
        if size is not None and size > max_bytes:
            raise SourceError(Reason.TOO_LARGE, f"{size} bytes, more than {max_bytes}")
        data: bytes = fs.cat_file(path, start=0, end=max_bytes + 1)
    except OSError as error:
        if _is_of_surroundings(error):
            raise
        raise SourceError(Reason.UNREADABLE, error.strerror or type(error).__name__) from None
    return data


def _is_of_surroundings(error: OSError) -> bool:
    """Whether the machine or the network failed and not the file: such a run must stop, as the file may be good."""
    return isinstance(error, ConnectionError | TimeoutError) or error.errno in _SURROUNDINGS


def read_truth(uri: str, pages: int) -> DocumentTruth | None:
    """Truth that lies beside a file as `<file name>.truth.json`, or None.

    Raises ValueError where it cannot be read, is not valid or is not of `pages` pages.
    """
    fs, path, _ = file_system(uri + TRUTH_SUFFIX)
    if not fs.exists(path):
        return None
    try:
        data = _read(uri + TRUTH_SUFFIX, MAX_JSON_BYTES)
    except SourceError as error:
        raise ValueError(f"its truth cannot be read: {error.detail}") from None
    truth = DocumentTruth.from_json(data)
    if len(truth.pages) != pages:
        raise ValueError(f"truth of {len(truth.pages)} pages for a file of {pages}")
    return truth
