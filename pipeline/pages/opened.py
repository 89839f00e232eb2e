"""One small interface over the formats: a number of pages, and each page as a picture."""

from __future__ import annotations

from abc import ABC, abstractmethod

from pipeline.pages.base import Limits, RawPage
from pipeline.sources.formats import Format


class Opened(ABC):
    """A document that is open in the child."""

    @property
    @abstractmethod
    def pages(self) -> int:
        """How many pages it has; at least one."""

    @abstractmethod
    def page(self, index: int, longest: int, *, chars: bool) -> RawPage:
        """Page `index` upright with its longest side at most `longest` pixels, with its characters if asked.

        Raises PageError where it cannot be had.
        """


def open_document(name: str, data: bytes, limits: Limits) -> Opened:
    """The document in `data`, by its format; PageError where it cannot be opened."""
    # Imported here, in the child: the parent never loads a parser of untrusted bytes for this.
    from pipeline.pages.pdf import PdfFile  # noqa: PLC0415
    from pipeline.pages.raster import RasterFile  # noqa: PLC0415

    kind = Format(name)
    return PdfFile(data, limits) if kind is Format.PDF else RasterFile(kind, data, limits)
