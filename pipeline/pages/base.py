"""What opening and rendering give: a picture, the characters of a text layer, and what else the page is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.limited.base import Budget, PageError

__all__ = ["LINE_END_HYPHEN", "Chars", "Limits", "PageError", "PageFacts", "PdfEngine", "RawPage", "no_chars"]


class PdfEngine(StrEnum):
    """Who reads the characters of a PDF's text layer; pictures are pdfium's always."""

    PDFIUM = "pdfium"
    PDFPLUMBER = "pdfplumber"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a page may cost: one child opens and renders documents, another one reads pictures (`ocr_`).

    Memory and CPU are enforced by the kernel, the clock by the parent.
    """

    address_space: int = 4 * 1024**3  # bytes
    cpu_seconds: int = 60  # for one request
    wall_seconds: float = 90.0  # for one request; twice that where it is tried again alone
    open_files: int = 64
    max_pixels: int = 120_000_000  # of a picture as it is stored in the file, per frame
    min_side: int = 16  # pixels; a smaller picture holds no word
    max_pages: int = 20_000
    max_frames: int = 1_000  # pages of a TIFF: each costs a walk through the file
    max_chars: int = 200_000  # of one page
    recycle_after: int = 1_000  # documents and pages
    ocr_address_space: int = 6 * 1024**3  # bytes
    ocr_cpu_seconds: int = 120  # for one page
    ocr_wall_seconds: float = 180.0  # for one page; twice that where it is tried again alone
    ocr_recycle_after: int = 1_000  # pages

    @property
    def for_pages(self) -> Budget:
        """Of the child that opens and renders."""
        return Budget(
            address_space=self.address_space,
            cpu_seconds=self.cpu_seconds,
            wall_seconds=self.wall_seconds,
            open_files=self.open_files,
            recycle_after=self.recycle_after,
        )

    @property
    def for_ocr(self) -> Budget:
        """Of the child that reads pictures."""
        return Budget(
            address_space=self.ocr_address_space,
            cpu_seconds=self.ocr_cpu_seconds,
            wall_seconds=self.ocr_wall_seconds,
            open_files=self.open_files,
            recycle_after=self.ocr_recycle_after,
        )


LINE_END_HYPHEN = 2  # pdfium's mark for a hyphen at the end of a line


@dataclass(frozen=True)
class Chars:
    """Characters of a text layer in the order of the file, with boxes in fractions 0..1 of the upright page."""

    code: NDArray[np.uint32]  # N Unicode code points
    box: NDArray[np.float32]  # N x 4: left, top, right, bottom; zeros where the file gives none
    hidden: NDArray[np.bool_]  # N: drawn invisibly (text render mode 3) or, where pictures lie, under them

    def __len__(self) -> int:
        return len(self.code)

    def solid(self) -> NDArray[np.bool_]:
        """N: those that are more than a space or a control; spaces that pdfium adds are neither drawn nor hidden."""
        return np.asarray(self.code > 0x20, dtype=np.bool_)

    def outside(self) -> NDArray[np.bool_]:
        """N: those whose middle lies beside the page, as beyond its crop box."""
        left, top, right, bottom = self.box.T
        across, down = left + right, top + bottom  # twice the middle
        return np.asarray((across < 0) | (across > 2) | (down < 0) | (down > 2), dtype=np.bool_)

    def seen(self) -> Chars:
        """The same with a space for each that is hidden, so that what stood beside it does not become one word."""
        hidden = self.hidden & (self.solid() | (self.code == LINE_END_HYPHEN))
        return Chars(np.where(hidden, np.uint32(0x20), self.code), self.box, np.zeros_like(self.hidden))


@dataclass(frozen=True, kw_only=True)
class PageFacts:
    """What the file says about a page beside its picture and characters."""

    declared_rotation: int = 0  # degrees clockwise that the file asks for; the picture already obeys
    picture_cover: float = 0.0  # share of the page covered by pictures, 0..1
    bilevel: bool = False  # the source is a picture of one bit a pixel
    size: tuple[float, float] = (0.0, 0.0)  # width and height in points (PDF) or pixels (pictures)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> PageFacts:
        """From a child's reply."""
        width, height = values["size"]
        return cls(
            declared_rotation=int(values["declared_rotation"]),
            picture_cover=float(values["picture_cover"]),
            bilevel=bool(values["bilevel"]),
            size=(float(width), float(height)),
        )


def no_chars() -> Chars:
    """The characters of a page without a text layer."""
    return Chars(np.zeros(0, np.uint32), np.zeros((0, 4), np.float32), np.zeros(0, np.bool_))


@dataclass(frozen=True)
class RawPage:
    """An upright page: its pixels, its characters if it has a text layer, its facts.

    `pixels` are H x W x 3 (RGB), or H x W where all three would be equal: most pages are black on white, and a third
    of the bytes is quicker to hand over and to look at.
    """

    pixels: NDArray[np.uint8]
    facts: PageFacts
    chars: Chars = field(default_factory=no_chars)

    @cached_property
    def picture(self) -> NDArray[np.uint8]:
        """The pixels as H x W x 3 (RGB)."""
        if self.pixels.ndim == 3:
            return self.pixels
        return np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
