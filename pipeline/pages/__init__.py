"""Pages: documents opened and rendered in a limited child process, and the picture that is stored."""

from pipeline.pages.base import Chars, Limits, PageError, PageFacts, PdfEngine, RawPage
from pipeline.pages.picture import StoredPicture, encode_picture
from pipeline.pages.sandbox import Sandbox

__all__ = [
    "Chars",
    "Limits",
    "PageError",
    "PageFacts",
    "PdfEngine",
    "RawPage",
    "Sandbox",
    "StoredPicture",
    "encode_picture",
]
