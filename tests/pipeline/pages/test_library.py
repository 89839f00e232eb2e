"""What a page gives does not depend on what was read before it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.by_hand import pdf, stream

from pipeline.pages import Limits, RawPage, Sandbox
from pipeline.pages.library import is_open, open_alone
from pipeline.pages.pdf import PdfFile
from pipeline.sources import Format

# Width of all characters and thickness of stems, in thousandths: pdfium's one font stands in for each of them.
FONTS = ((500, 80), (300, 180), (700, 50))
PAGES = 3

Read = tuple[bytes, bytes]  # boxes and pixels


@cache
def without_its_font(width: int, stem: int) -> bytes:
    """Three pages in a font that the file only names."""
    kids = b" ".join(b"%d 0 R" % (5 + 2 * page) for page in range(PAGES))
    widths = b" ".join([b"%d" % width] * 95)
    pages: list[bytes] = []
    for page in range(PAGES):
        text = stream(b"BT /F %d Tf 20 100 Td (Hamburgefonstiv %d) Tj ET" % (20 + page, page))
        resources = b"/Resources<</Font<</F 3 0 R>>>>"
        pages += [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 200]/Contents %d 0 R%s>>" % (6 + 2 * page, resources)]
        pages += [text]
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, PAGES),
        b"<</Type/Font/Subtype/TrueType/BaseFont/Nobodys/FirstChar 32/LastChar 126/Encoding/WinAnsiEncoding"
        b"/FontDescriptor 4 0 R/Widths[%s]>>" % widths,
        b"<</Type/FontDescriptor/FontName/Nobodys/Flags 32/StemV %d/ItalicAngle 0/Ascent 800/Descent -200"
        b"/CapHeight 700/FontBBox[0 -200 1000 800]>>" % stem,
        *pages,
    )


def read(page: RawPage) -> Read:
    return page.chars.box.tobytes(), page.pixels.tobytes()


@cache
def alone(font: int, page: int) -> Read:
    """A page in a process that has read no other."""
    with Sandbox() as sandbox:
        sandbox.open(Format.PDF, without_its_font(*FONTS[font]))
        return read(sandbox.page(page, 400))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(FONTS) - 1), st.integers(0, PAGES - 1), st.booleans()), max_size=8))
def test_any_pages_before_a_page_change_nothing_of_it(before: list[tuple[int, int, bool]]) -> None:
    """Of files that stay open, or that are opened again; the last page is read after all of them."""
    files = [PdfFile(without_its_font(*font), Limits()) for font in FONTS]
    for font, page, again in [*before, (0, 1, False)]:
        if again:
            files[font] = PdfFile(without_its_font(*FONTS[font]), Limits())
        assert read(files[font].page(page, 400, chars=True)) == alone(font, page)


def test_a_file_without_its_font_has_boxes_of_its_own() -> None:
    """Else the test above would prove nothing."""
    found = [np.frombuffer(alone(font, 0)[0], np.float32) for font in range(len(FONTS))]
    assert len({box.tobytes() for box in found}) == len(FONTS)


def test_one_document_is_open() -> None:
    data = without_its_font(*FONTS[0])
    first = open_alone(data, None)
    assert is_open(first)
    second = open_alone(data, None)
    assert not is_open(first)
    assert is_open(second)
    assert len(second) == PAGES
    with pytest.raises(Exception, match="password|format|Failed"):
        open_alone(b"no PDF", None)
    assert not is_open(second)
    assert len(open_alone(data, None)) == PAGES
