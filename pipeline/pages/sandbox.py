"""The parent's side: documents are opened and rendered in a limited child."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipeline.limited import Closing, LimitedProcess
from pipeline.limited.wire import Bytes
from pipeline.pages.base import Chars, Limits, PageFacts, PdfEngine, RawPage
from pipeline.sources.formats import Format

_CHAR_BYTES = 4 + 16 + 1  # code, box, hidden


class Sandbox(Closing):
    """Opens one document at a time. Every failure of the child is a PageError; the next request gets a new child.

    `passwords` are tried in their order on a PDF that needs one. They go to the child over its pipe, and nowhere else.
    `engine` reads the text layers of PDFs.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        passwords: Sequence[str] = (),
        engine: PdfEngine = PdfEngine.PDFIUM,
    ) -> None:
        self._limits = limits or Limits()
        settings = {
            "limits": dataclasses.asdict(self._limits),
            "passwords": list(passwords),
            "pdf_engine": engine.value,
        }
        self._process = LimitedProcess("pipeline.pages.child", self._limits.for_pages, settings)
        self._document: tuple[Format, bytes] | None = None
        self._opened_in = 0  # the incarnation of the child that has it open

    @property
    def pid(self) -> int | None:
        """Process number of the child that lives."""
        return self._process.pid

    def open(self, kind: Format, data: bytes) -> int:
        """Open a document and say how many pages it has; PageError with the reason where that cannot be."""
        self._document = (kind, data)
        return self._process.insist(self._open_here)

    def page(self, index: int, longest: int, *, chars: bool = True) -> RawPage:
        """Page `index` of the open document; see `Opened.page`."""
        assert self._document is not None, "page() before open()"

        def job() -> RawPage:
            if not self._opened_in or self._opened_in != self._process.incarnation:
                self._open_here()
            request = {"op": "page", "page": index, "longest": longest, "chars": chars}
            most = 3 * longest * longest + _CHAR_BYTES * self._limits.max_chars
            return self._process.ask(request, b"", _raw_page, most)

        return self._process.insist(job, own=2)

    def _open_here(self) -> int:
        assert self._document is not None
        kind, data = self._document
        self._opened_in = 0
        pages = self._process.ask({"op": "open", "format": kind.value}, data, self._count, 0)
        self._opened_in = self._process.incarnation
        return pages

    def _count(self, head: dict[str, Any], _: Bytes) -> int:
        pages = int(head["pages"])
        if not 1 <= pages <= self._limits.max_pages:
            raise ValueError(f"{pages} pages")
        return pages

    def close(self) -> None:
        """End the child, whatever it does."""
        self._process.close()


def _raw_page(head: dict[str, Any], body: Bytes) -> RawPage:
    width, height, count = int(head["width"]), int(head["height"]), int(head["chars"])
    channels = int(head["channels"])
    pixels = width * height * channels
    if min(width, height) < 1 or channels not in (1, 3) or count < 0 or len(body) != pixels + count * _CHAR_BYTES:
        raise ValueError(f"{len(body)} bytes for a page of {width} x {height} pixels and {count} characters")
    shape = (height, width) if channels == 1 else (height, width, channels)
    picture = np.frombuffer(body, np.uint8, pixels).reshape(shape)
    code = np.frombuffer(body, "<u4", count, pixels)
    box = np.frombuffer(body, "<f4", count * 4, pixels + 4 * count).reshape(count, 4)
    hidden = np.frombuffer(body, np.uint8, count, pixels + 20 * count) != 0
    if not np.isfinite(box).all():
        raise ValueError("boxes that are not finite")
    return RawPage(picture, PageFacts.of(head["facts"]), Chars(code.astype(np.uint32), box.astype(np.float32), hidden))
