"""A document by its format. Imported in the child alone: the parent loads no parser of untrusted bytes."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.pages.base import Limits, PdfEngine
from pipeline.pages.opened import Opened
from pipeline.pages.pdf import PdfFile
from pipeline.pages.raster import RasterFile
from pipeline.sources.formats import Format


def open_document(
    name: str, data: bytes, limits: Limits, passwords: Sequence[str] = (), engine: PdfEngine = PdfEngine.PDFIUM
) -> Opened:
    """The document in `data`, by its format; PageError where it cannot be opened. `engine` reads a PDF's text."""
    kind = Format(name)
    return PdfFile(data, limits, passwords, engine) if kind is Format.PDF else RasterFile(kind, data, limits)
