"""What a page gives does not depend on what was read before it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.by_hand import without_its_font

from pipeline.pages import Limits, RawPage, Sandbox
from pipeline.pages.library import is_open, open_alone
from pipeline.pages.pdf import PdfFile
from pipeline.sources import Format

FONTS = ((500, 80), (300, 180), (700, 50))
PAGES = 3

Read = tuple[bytes, bytes]  # boxes and pixels


@cache
def of_font(font: int) -> bytes:
    return without_its_font(*FONTS[font], PAGES)


def read(page: RawPage) -> Read:
    return page.chars.box.tobytes(), page.pixels.tobytes()


@cache
def alone(font: int, page: int) -> Read:
    """A page in a process that has read no other."""
    with Sandbox() as sandbox:
        sandbox.open(Format.PDF, of_font(font))
        return read(sandbox.page(page, 400))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(FONTS) - 1), st.integers(0, PAGES - 1), st.booleans()), max_size=8))
def test_any_pages_before_a_page_change_nothing_of_it(before: list[tuple[int, int, bool]]) -> None:
    """Of files that stay open, or that are opened again; the last page is read after all of them."""
    files = [PdfFile(of_font(font), Limits()) for font in range(len(FONTS))]
    for font, page, again in [*before, (0, 1, False)]:
        if again:
            files[font] = PdfFile(of_font(font), Limits())
        assert read(files[font].page(page, 400, chars=True)) == alone(font, page)


def test_a_file_without_its_font_has_boxes_of_its_own() -> None:
    """Else the test above would prove nothing."""
    found = [np.frombuffer(alone(font, 0)[0], np.float32) for font in range(len(FONTS))]
    assert len({box.tobytes() for box in found}) == len(FONTS)


def test_one_document_is_open() -> None:
    data = of_font(0)
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
