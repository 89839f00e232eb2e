"""One input file as bytes with its hash and format, or the reason why not."""

from __future__ import annotations

from dataclasses import dataclass

import fsspec

from pipeline.sources.formats import Format, sniff
from schemas.base import sha256_hex
from schemas.manifest import Reason
from schemas.truth import TRUTH_SUFFIX, DocumentTruth

MAX_FILE_BYTES = 512 * 1024 * 1024


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
    try:
        fs, path = fsspec.core.url_to_fs(uri)
        size = fs.size(path)
        if size is not None and size > max_bytes:
            raise SourceError(Reason.TOO_LARGE, f"{size} bytes, more than {max_bytes}")
        data: bytes = fs.cat_file(path, start=0, end=max_bytes + 1)
    except OSError as error:
        raise SourceError(Reason.UNREADABLE, error.strerror or type(error).__name__) from None
    if len(data) > max_bytes:
        raise SourceError(Reason.TOO_LARGE, f"more than {max_bytes} bytes")
    sha256 = sha256_hex(data)
    if not data:
        raise SourceError(Reason.EMPTY_FILE, "no bytes", sha256)
    found = sniff(data[:2048])
    if found is None:
        raise SourceError(Reason.UNSUPPORTED_FORMAT, "none of PDF, PNG, JPEG, TIFF, WebP", sha256)
    return Source(uri, sha256, found, data)


def read_truth(uri: str) -> DocumentTruth | None:
    """Truth that lies beside a file as `<file name>.truth.json`, or None; ValueError where it is not valid."""
    fs, path = fsspec.core.url_to_fs(uri + TRUTH_SUFFIX)
    if not fs.exists(path):
        return None
    return DocumentTruth.from_json(fs.cat_file(path))
