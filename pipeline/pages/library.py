"""pdfium as it is when it has seen nothing yet.

Fonts that a document does not bring along are drawn with two of pdfium's own, of which there is one copy for all
documents. Whoever draws sets their weight and width, and what is read after that has other boxes of characters: what a
page gave depended on the pages before it, and so on the number of workers and on kills (docs/log.md, 2026-11-29).
"""

from __future__ import annotations

from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

_CONFIG_VERSION = 2  # the one that pypdfium2 starts the library with
_open: list[Any] = []  # the document that is open, one at most


def open_alone(data: bytes, password: str | None) -> Any:
    """The document in `data`, opened by a pdfium that has seen no other; the last one that was opened so is closed.

    Costs a tenth of a millisecond beside what opening takes. No other document of this process may be open. Raises
    PdfiumError where it cannot be opened.
    """
    while _open:
        _open.pop().close()
    raw.FPDF_DestroyLibrary()
    raw.FPDF_InitLibraryWithConfig(raw.FPDF_LIBRARY_CONFIG(version=_CONFIG_VERSION))
    document = pdfium.PdfDocument(data, password=password)
    _open.append(document)
    return document


def is_open(document: object) -> bool:
    """Whether `document` is the last one that `open_alone` gave."""
    return bool(_open) and _open[0] is document
