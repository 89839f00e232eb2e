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

    Costs a tenth of a millisecond beside what opening takes, and the way to a page is walked anew: milliseconds in a
    flat list of a thousand pages, tenths of a second in a large file whose table of objects has to be made up. No other
    document of this process may be open: its memory would be gone. Raises PdfiumError where it cannot be opened.
    """
    let_go()
    raw.FPDF_DestroyLibrary()
    raw.FPDF_InitLibraryWithConfig(raw.FPDF_LIBRARY_CONFIG(version=_CONFIG_VERSION))
    document = pdfium.PdfDocument(data, password=password)
    _open.append(document)
    return document


def let_go() -> None:
    """Close the document that is open: what comes next shall have its memory, whatever it is."""
    while _open:
        _open.pop().close()


def is_open(document: object) -> bool:
    """Whether `document` is the last one that `open_alone` gave."""
    return bool(_open) and _open[0] is document
