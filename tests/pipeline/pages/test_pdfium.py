"""What a page gives does not depend on what was read before it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdfium2 import PdfiumError
from support.by_hand import without_its_font

from pipeline.pages import Limits, RawPage, Sandbox
from pipeline.pages.pdf import PdfFile
from pipeline.pages.pdfium import is_open, open_alone
from pipeline.sources import Format

FONTS = ((500, 80, False), (300, 180, False), (700, 50, False), (450, 120, True), (600, 60, True))
PAGES = 3

Read = tuple[bytes, bytes]  # boxes and pixels
Encode = Callable[..., bytes]
Flag = Callable[..., Any]


@cache
def of_font(font: int) -> bytes:
    return without_its_font(*FONTS[font], PAGES)


def read(page: RawPage) -> Read:
    return page.chars.box.tobytes(), page.pixels.tobytes()


def memory_of(sandbox: Sandbox) -> int:
    assert sandbox.pid is not None
    return int(psutil.Process(sandbox.pid).memory_info().rss)


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


def test_a_document_that_is_done_takes_no_memory_from_the_next(encode: Encode, flag: Flag) -> None:
    """Whatever that is: else what becomes of a page under the limit would depend on the one before it."""
    with Sandbox() as sandbox:
        sandbox.open(Format.PDF, of_font(0) + bytes(100_000_000))
        large = memory_of(sandbox)
        sandbox.open(Format.PNG, encode(flag(), "PNG"))
        assert memory_of(sandbox) < large - 90_000_000


def test_one_document_is_open() -> None:
    data = of_font(0)
    first = open_alone(data, None)
    assert is_open(first)
    second = open_alone(data, None)
    assert not is_open(first)
    assert is_open(second)
    assert len(second) == PAGES
    with pytest.raises(PdfiumError):
        open_alone(b"no PDF", None)
    assert not is_open(second)
    assert len(open_alone(data, None)) == PAGES
