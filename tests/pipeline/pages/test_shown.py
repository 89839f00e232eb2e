"""Characters that nobody sees on pages with large pictures: whatever hides them, and no others."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.pages import RawPage
from pipeline.pages.shown import unseen
from pipeline.sources.formats import Format

FirstPage = Callable[..., RawPage]
DrawPdf = Callable[..., bytes]
SAID = "Said in ink. "


def paper(sheet: Canvas, share: float = 1.0) -> None:
    width, height = sheet._pagesize
    sheet.drawImage(ImageReader(Image.new("L", (20, 20), 220)), 0, 0, width, height * share)


def say(sheet: Canvas, text: str = SAID) -> None:
    sheet.drawString(40, 100, text)


def on_paper(sheet: Canvas) -> None:
    paper(sheet)
    say(sheet)


def under_paper(sheet: Canvas) -> None:
    say(sheet)
    paper(sheet)


def transparent(sheet: Canvas) -> None:
    paper(sheet)
    sheet.setFillAlpha(0)
    say(sheet)


def of_the_paper(sheet: Canvas) -> None:
    paper(sheet)
    sheet.setFillGray(220 / 255)
    say(sheet)


def in_a_form(sheet: Canvas) -> None:
    sheet.beginForm("inner")
    say(sheet)
    sheet.endForm()
    paper(sheet)
    sheet.doForm("inner")


def in_a_form_of_a_form(sheet: Canvas) -> None:
    sheet.beginForm("innermost")
    say(sheet)
    sheet.endForm()
    sheet.beginForm("inner")
    sheet.doForm("innermost")
    sheet.endForm()
    paper(sheet)
    sheet.doForm("inner")


def beside_a_picture(sheet: Canvas) -> None:
    say(sheet)
    paper(sheet, 0.1)


def under_a_stamp(sheet: Canvas) -> None:
    say(sheet)
    sheet.drawImage(ImageReader(Image.new("L", (20, 20), 220)), 30, 90, 200, 30)


@pytest.mark.parametrize(
    ("draw", "seen"),
    [
        (on_paper, True),
        (in_a_form, True),
        (in_a_form_of_a_form, True),
        (beside_a_picture, True),
        (under_a_stamp, False),
        (under_paper, False),
        (transparent, False),
        (of_the_paper, False),
    ],
)
def test_what_changes_the_page_is_seen(
    first_page: FirstPage, draw_pdf: DrawPdf, draw: Callable[[Canvas], None], seen: bool
) -> None:
    page = first_page(Format.PDF, draw_pdf(draw))
    solid = page.chars.solid()
    assert solid.sum() == len(SAID.replace(" ", ""))
    assert set(page.chars.hidden[solid].tolist()) == {not seen}


def test_the_picture_is_drawn_with_its_text(first_page: FirstPage, draw_pdf: DrawPdf) -> None:
    """Text is switched off for a second look only."""
    page = first_page(Format.PDF, draw_pdf(on_paper))
    assert (page.picture < 100).any()


def test_a_page_is_the_same_each_time_it_is_asked_for(first_page: FirstPage, draw_pdf: DrawPdf) -> None:
    data = draw_pdf(in_a_form)
    first, again = first_page(Format.PDF, data), first_page(Format.PDF, data)
    assert (first.picture == again.picture).all()
    assert (first.chars.hidden == again.chars.hidden).all()


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 1 << 16), st.booleans())
def test_any_boxes_of_a_page_without_change_are_unseen(height: int, width: int, seed: int, grey: bool) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, (height, width) if grey else (height, width, 3), dtype=np.uint8)
    box = np.sort(rng.uniform(-0.5, 1.5, (6, 2, 2)), axis=1).reshape(6, 4).astype(np.float32)
    assert unseen(box, picture, picture).all()
    inside = np.clip(box, 0, 1)
    everything = picture ^ np.uint8(0x80)
    assert not unseen(inside, picture, everything).any()
