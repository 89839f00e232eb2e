"""PDF: the picture, and character boxes that lie on its ink however the page is turned or cropped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from reportlab.lib import pdfencrypt
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.pages import Limits, PageError, RawPage, Sandbox
from pipeline.sources import Format
from pipeline.synth import SynthFile
from schemas.manifest import Reason

FirstPage = Callable[..., RawPage]
DrawPdf = Callable[..., bytes]
Ink = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]


def hello(sheet: Canvas) -> None:
    sheet.setFont("Helvetica", 14)
    sheet.drawString(40, 150, "Hello upright page")
    sheet.drawString(60, 40, "and a second line")


def turned(data: bytes, degrees: int) -> bytes:
    assert data.count(b"/Rotate 0 ") == 1
    return data.replace(b"/Rotate 0 ", b"/Rotate %d " % degrees)


def text_of(page: RawPage) -> str:
    return "".join(map(chr, page.chars.code)).replace("\r\n", "\n")


def on_ink(page: RawPage, ink: Ink) -> tuple[float, float]:
    """(share of the visible characters that have ink, share of the ink that has a character)."""
    dark = ink(page.picture)
    height, width = dark.shape
    covered = np.zeros_like(dark)
    have = []
    for code, (x0, y0, x1, y1) in zip(page.chars.code, page.chars.box, strict=True):
        if code <= 0x20:
            continue
        rows = slice(max(0, int(y0 * height) - 1), int(np.ceil(y1 * height)) + 1)
        columns = slice(max(0, int(x0 * width) - 1), int(np.ceil(x1 * width)) + 1)
        have.append(bool(dark[rows, columns].any()))
        covered[rows, columns] = True
    return float(np.mean(have)), float(covered[dark].mean())


def test_a_page_has_its_picture_its_characters_and_its_facts(
    first_page: FirstPage, draw_pdf: DrawPdf, ink: Ink
) -> None:
    page = first_page(Format.PDF, draw_pdf(hello))
    assert page.picture.shape == (667, 1000, 3)
    assert page.picture.dtype == np.uint8
    assert text_of(page) == "Hello upright page\nand a second line"
    assert page.facts.size == (300.0, 200.0)
    assert (page.facts.declared_rotation, page.facts.picture_cover, page.facts.bilevel) == (0, 0.0, False)
    assert not page.chars.hidden.any()
    assert on_ink(page, ink) == (1.0, 1.0)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_boxes_lie_on_the_ink_of_a_turned_page(
    first_page: FirstPage, draw_pdf: DrawPdf, ink: Ink, degrees: int
) -> None:
    page = first_page(Format.PDF, turned(draw_pdf(hello), degrees))
    assert page.facts.declared_rotation == degrees
    assert page.facts.size == ((300.0, 200.0) if degrees % 180 == 0 else (200.0, 300.0))
    assert max(page.picture.shape[:2]) == 1000
    assert on_ink(page, ink) == (1.0, 1.0)


@pytest.mark.parametrize("degrees", [0, 90])
def test_boxes_lie_on_the_ink_of_a_cropped_page(
    first_page: FirstPage, draw_pdf: DrawPdf, ink: Ink, degrees: int
) -> None:
    def draw(sheet: Canvas) -> None:
        sheet.setCropBox((30, 20, 280, 180))
        hello(sheet)

    page = first_page(Format.PDF, turned(draw_pdf(draw), degrees))
    assert page.facts.size == ((250.0, 160.0) if not degrees else (160.0, 250.0))
    assert on_ink(page, ink) == (1.0, 1.0)


def test_boxes_lie_on_the_ink_of_a_page_whose_origin_is_elsewhere(
    first_page: FirstPage, draw_pdf: DrawPdf, ink: Ink
) -> None:
    data = draw_pdf(lambda sheet: (sheet.translate(-1000, 500), hello(sheet)))
    page = first_page(Format.PDF, data.replace(b"/MediaBox [ 0 0 300 200 ]", b"/MediaBox [ -1000 500 -700 700 ]"))
    assert page.facts.size == (300.0, 200.0)
    assert on_ink(page, ink) == (1.0, 1.0)


def test_a_synthetic_letter_has_its_text_on_its_ink(first_page: FirstPage, letter: SynthFile, ink: Ink) -> None:
    for index in range(2):
        page = first_page(Format.PDF, letter.data, index=index)
        have, covered = on_ink(page, ink)
        assert have == 1.0
        assert covered > 0.9, "but for rules and logos"


def test_the_longest_side_is_kept_whatever_the_shape(first_page: FirstPage, draw_pdf: DrawPdf) -> None:
    for size in ((200.5, 300.3), (300.7, 199.9), (14_400, 20), (3, 700)):
        for longest in (64, 333, 1000):
            picture = first_page(Format.PDF, draw_pdf(hello, size=size), longest).picture
            assert max(picture.shape[:2]) == longest
            for pixels, points in zip(picture.shape[1::-1], size, strict=True):
                assert abs(pixels - points * longest / max(size)) <= 1, "no stretching"


def test_colours_come_as_red_green_blue(first_page: FirstPage, draw_pdf: DrawPdf) -> None:
    def draw(sheet: Canvas) -> None:
        sheet.setFillColorRGB(1, 0, 0)
        sheet.rect(0, 0, 300, 200, stroke=0, fill=1)

    assert first_page(Format.PDF, draw_pdf(draw), 100).picture[20, 20].tolist() == [255, 0, 0]


def test_an_empty_page_is_a_white_page(first_page: FirstPage, draw_pdf: DrawPdf) -> None:
    page = first_page(Format.PDF, draw_pdf(lambda sheet: None))
    assert (page.picture == 255).all()
    assert len(page.chars) == 0
    assert page.chars.box.shape == (0, 4)


def test_invisible_characters_are_told_from_the_others(first_page: FirstPage, draw_pdf: DrawPdf) -> None:
    def draw(sheet: Canvas) -> None:
        for y, mode in ((150, 0), (100, 3)):
            text = sheet.beginText(40, y)
            text.setTextRenderMode(mode)
            text.textOut("seen" if mode == 0 else "hidden")
            sheet.drawText(text)

    page = first_page(Format.PDF, draw_pdf(draw))
    shown = "".join(chr(c) for c, hidden in zip(page.chars.code, page.chars.hidden, strict=True) if not hidden)
    assert shown.split() == ["seen"]
    assert page.chars.hidden.sum() == len("hidden")


@pytest.mark.parametrize("cover", [0.0, 0.25, 1.0])
def test_the_share_under_a_picture_is_told(first_page: FirstPage, draw_pdf: DrawPdf, cover: float) -> None:
    def draw(sheet: Canvas) -> None:
        hello(sheet)
        if cover:
            side = cover**0.5
            sheet.drawImage(ImageReader(Image.new("L", (30, 20), 128)), 0, 0, 300 * side, 200 * side)

    assert first_page(Format.PDF, draw_pdf(draw)).facts.picture_cover == pytest.approx(cover, abs=0.001)


@pytest.mark.parametrize("turn", [0, 90])
def test_pictures_cover_a_page_together(first_page: FirstPage, draw_pdf: DrawPdf, turn: int) -> None:
    """A scan is often cut into strips; where they overlap they count once."""

    def draw(sheet: Canvas) -> None:
        for i in range(10):
            sheet.drawImage(ImageReader(Image.new("L", (30, 20), 100 + i)), 0, 20 * i - 5, 150, 25)
        sheet.drawImage(ImageReader(Image.new("L", (30, 20), 9)), 250, 100, 100, 100)

    facts = first_page(Format.PDF, turned(draw_pdf(draw), turn)).facts
    assert facts.picture_cover == pytest.approx(0.5 + 50 * 100 / 60_000, abs=0.001)


def test_more_pictures_than_anybody_counts_cost_no_more(first_page: FirstPage, draw_pdf: DrawPdf) -> None:
    def draw(sheet: Canvas) -> None:
        image = ImageReader(Image.new("L", (30, 20), 128))
        for i in range(3000):
            sheet.drawImage(image, i % 300, i / 15, 1, 1)

    assert 0 < first_page(Format.PDF, draw_pdf(draw)).facts.picture_cover < 0.01


def test_characters_are_counted_up_to_a_limit(draw_pdf: DrawPdf) -> None:
    with Sandbox(Limits(max_chars=5)) as sandbox:
        sandbox.open(Format.PDF, draw_pdf(hello))
        assert text_of(sandbox.page(0, 300)) == "Hello"


def test_characters_are_left_out_where_they_are_not_asked_for(shared_sandbox: Sandbox, draw_pdf: DrawPdf) -> None:
    shared_sandbox.open(Format.PDF, draw_pdf(hello))
    assert len(shared_sandbox.page(0, 300, chars=False).chars) == 0
    assert len(shared_sandbox.page(0, 300).chars) > 30


def first(sandbox: Sandbox, data: bytes) -> RawPage:
    sandbox.open(Format.PDF, data)
    return sandbox.page(0, 300)


def refused(sandbox: Sandbox, data: bytes) -> PageError:
    with pytest.raises(PageError) as caught:
        first(sandbox, data)
    assert caught.value.detail.isprintable()
    return caught.value


def test_a_file_that_asks_for_a_password_is_encrypted(shared_sandbox: Sandbox, draw_pdf: DrawPdf) -> None:
    for strength in (40, 128):
        locked = pdfencrypt.StandardEncryption("user", "owner", strength=strength)
        assert refused(shared_sandbox, draw_pdf(hello, encrypt=locked)).reason is Reason.ENCRYPTED


def test_a_file_that_is_only_guarded_against_changes_is_read(first_page: FirstPage, draw_pdf: DrawPdf) -> None:
    guarded = pdfencrypt.StandardEncryption("", "owner", canPrint=0, canCopy=0)
    assert text_of(first_page(Format.PDF, draw_pdf(hello, encrypt=guarded))).startswith("Hello")


NO_PAGES = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>"
)


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", b"%PDF-1.7\n" + b"garbage " * 100, NO_PAGES])
def test_a_file_that_is_no_pdf_after_all_is_damaged(shared_sandbox: Sandbox, data: bytes) -> None:
    assert refused(shared_sandbox, data).reason in {Reason.DAMAGED, Reason.NO_PAGES}


@pytest.mark.parametrize(
    ("box", "reason"),
    [("2 200", Reason.PAGE_TOO_SMALL), ("300 20000", Reason.PAGE_TOO_LARGE), ("100000 100000", Reason.PAGE_TOO_LARGE)],
)
def test_pages_of_an_impossible_size_are_refused(
    shared_sandbox: Sandbox, draw_pdf: DrawPdf, box: str, reason: Reason
) -> None:
    data = draw_pdf(hello).replace(b"/MediaBox [ 0 0 300 200 ]", f"/MediaBox [ 0 0 {box} ]".encode())
    assert refused(shared_sandbox, data).reason is reason


def test_a_file_cut_off_anywhere_is_read_or_refused_and_kills_nothing(
    shared_sandbox: Sandbox, draw_pdf: DrawPdf
) -> None:
    data = draw_pdf(hello, hello)
    outcomes = set()
    for length in range(0, len(data), 97):
        try:
            shared_sandbox.open(Format.PDF, data[:length])
            outcomes.add(text_of(shared_sandbox.page(0, 100))[:5])
        except PageError as error:
            outcomes.add(error.reason.value)
    assert "damaged" in outcomes
    assert outcomes <= {"damaged", "page-damaged", "no-pages", "Hello", ""}
