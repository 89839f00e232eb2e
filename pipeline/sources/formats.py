"""What a file is, by its first bytes: an allow-list. Names and suffixes are never believed."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """Formats that are opened."""

    PDF = "pdf"
    PNG = "png"
    JPEG = "jpeg"
    TIFF = "tiff"
    WEBP = "webp"


SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"})

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
    if b"%PDF-" in head[:_PDF_HEADER_WITHIN]:
        return Format.PDF
    return None
