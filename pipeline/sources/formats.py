"""What a file is, by its first bytes: an allow-list. Names and suffixes say what is looked at, never what it is."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """Formats that are opened."""

    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    WEBP = "webp"


# In the order in which one of several renderings of the same document is preferred.
DOCUMENT_SUFFIXES = (".pdf", ".tif", ".tiff", ".png", ".jpg", ".jpeg", ".webp")
SUFFIXES = frozenset(DOCUMENT_SUFFIXES)
TAR_SUFFIX = ".tar"
# Archives that are not opened: they are listed, so that they are rejected and not overlooked.
PACKED_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst")

# PDF readers accept a header anywhere in the first kilobyte, and real files have some rubbish before it.
_PDF_HEADER_WITHIN = 1024


def sniff(head: bytes) -> Format | None:
    """Format of a file by its first kilobyte, or None where it is not one of ours."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format.PNG
    if head.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return Format.TIFF
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN] and head[257:262] != b"ustar":  # a tar whose first member is a PDF
        return Format.PDF
    return None


def suffix_of(name: str) -> str:
    """Suffix of the last part of a path in lower case with its dot, "" where it has none or is hidden."""
    last = name.rsplit("/", 1)[-1]
    stem, dot, ending = last.rpartition(".")
    return f".{ending.lower()}" if dot and stem and not last.startswith(".") else ""


def is_document(name: str) -> bool:
    """Whether a path ends like a document and is not hidden."""
    return suffix_of(name) in SUFFIXES


def is_listed(name: str) -> bool:
    """Whether a file that a folder holds is taken: a document, a tar, or an archive that must not be overlooked."""
    suffix = suffix_of(name)
    if suffix in SUFFIXES or suffix == TAR_SUFFIX:
        return True
    last = name.rsplit("/", 1)[-1]
    return bool(suffix) and last.lower().endswith(PACKED_TARS)
