"""Pages with a text layer and more than that: both are read, nothing twice, and nothing for nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import reportlab
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.pages import RawPage, Sandbox
from pipeline.synth import SynthFile
from pipeline.words import Extractor, RouteConfig
from pipeline.words.ink import ink_of
from pipeline.words.mixed import rest_of
from pipeline.words.ocr import OcrEngine, OcrOptions, make_engine
from schemas.page import Route

PdfPage = Callable[..., RawPage]
SynthPage = Callable[..., tuple[SynthFile, RawPage]]
LETTER = ("Dear Sir or Madam, we have your order", "and will send the goods on Monday.", "Yours faithfully")
STAMP = ("RECEIVED 12 MARCH", "Ledger office, Leeds")


def picture_of(lines: tuple[str, ...]) -> ImageReader:
    """A scan of a few lines."""
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), 40)
    scan = Image.new("L", (560, 60 * len(lines) + 20), 245)
    for i, line in enumerate(lines):
        ImageDraw.Draw(scan).text((15, 10 + 60 * i), line, 40, font)
    return ImageReader(scan)


def letter(sheet: Canvas) -> None:
    for i, line in enumerate(LETTER):
        sheet.drawString(40, 300 - 20 * i, line)


def stamped(sheet: Canvas) -> None:
    letter(sheet)
    sheet.drawImage(picture_of(STAMP), 150, 120, 140, 35)


def photographed(sheet: Canvas) -> None:
    letter(sheet)
    grain = np.random.default_rng(0).integers(0, 60, (90, 120), dtype=np.uint8)
    slope = np.add.outer(np.arange(90), np.arange(120)).astype(np.uint8)
    photo = Image.fromarray(slope + grain).resize((480, 360), Image.Resampling.BICUBIC)
    sheet.drawImage(ImageReader(photo), 100, 40, 200, 150)
    sheet.line(40, 30, 360, 30)
    sheet.setDash(3, 3)
    sheet.line(40, 20, 360, 20)


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    made = Extractor(RouteConfig(), lambda: make_engine(OcrOptions()), 2000)
    yield made
    made.close()


def never() -> OcrEngine:
    raise AssertionError("OCR was asked for")


def test_a_stamp_is_read_beside_the_text_layer(pdf_page: PdfPage, sandbox: Sandbox, extractor: Extractor) -> None:
    page = pdf_page(stamped, (400, 400))
    found = extractor.extract(page, lambda longest: sandbox.page(0, longest, chars=False))
    assert (found.route, found.reason) == (Route.MIXED, "text-and-more")
    assert Counter(found.words.text) == Counter(" ".join(LETTER + STAMP).split())
    assert found.engine.name.startswith("pdfium+")
    assert found.engine.models
    layer = len(" ".join(LETTER).split())
    assert set(found.words.confidence[:layer]) == {1.0}
    assert min(found.words.source_line[layer:]) > max(found.words.source_line[:layer])
    box = found.words.box[layer:] * 400
    assert (box[:, 0] > 148).all()
    assert (box[:, 2] < 292).all()
    assert (box[:, 1] > 243).all()
    assert (box[:, 3] < 282).all(), "where the stamp is"


def test_a_stamp_on_dense_text_is_read_and_what_lies_under_it_is_not(
    pdf_page: PdfPage, sandbox: Sandbox, extractor: Extractor
) -> None:
    """The words that stood before and behind what it covers stay words of their own."""

    def draw(sheet: Canvas) -> None:
        for row in range(12):
            sheet.drawString(20, 300 - 14 * row, "before")
            sheet.drawString(140, 300 - 14 * row, "covered" if row in (4, 5, 6) else "between")
            sheet.drawString(320, 300 - 14 * row, "behind")
        sheet.drawImage(picture_of(STAMP), 100, 206, 205, 51)

    page = pdf_page(draw, (400, 400))
    found = extractor.extract(page, lambda longest: sandbox.page(0, longest, chars=False))
    assert found.route is Route.MIXED
    assert Counter(found.words.text) == Counter(
        {"before": 12, "between": 9, "behind": 12, **dict.fromkeys(" ".join(STAMP).split(), 1)}
    )


@pytest.mark.parametrize("draw", [letter, photographed])
def test_rules_and_photographs_cost_no_ocr(pdf_page: PdfPage, draw: Callable[[Canvas], None]) -> None:
    page = pdf_page(draw, (400, 400))
    found = Extractor(RouteConfig(), never, 2000).extract(page, lambda longest: page)
    assert (found.route, found.reason) == (Route.TEXT_LAYER, "text-is-good")
    assert found.words.text == " ".join(LETTER).split()


def test_a_blank_page_costs_no_ocr(pdf_page: PdfPage) -> None:
    page = pdf_page(lambda sheet: None)
    found = Extractor(RouteConfig(), never, 2000).extract(page, lambda longest: page)
    assert (found.route, found.reason, len(found.words)) == (Route.TEXT_LAYER, "blank", 0)


def test_a_page_turned_on_its_side_has_its_stamp_read_too(
    sandbox: Sandbox, pdf_page: PdfPage, extractor: Extractor
) -> None:
    def sideways(sheet: Canvas) -> None:
        sheet.translate(400, 0)
        sheet.rotate(90)
        stamped(sheet)

    page = pdf_page(sideways, (400, 400))
    found = extractor.extract(page, lambda longest: sandbox.page(0, longest, chars=False))
    assert (found.route, found.pose.turned) == (Route.MIXED, 90)
    assert Counter(found.words.text) == Counter(" ".join(LETTER + STAMP).split())


@pytest.mark.parametrize(("document_type", "index"), [("letter", 3), ("form", 4), ("table", 5)])
def test_generated_pages_with_a_stamp_are_read_whole(
    synth_page: SynthPage, sandbox: Sandbox, extractor: Extractor, document_type: str, index: int
) -> None:
    file, page = synth_page(document_type, "stamped", index)
    found = extractor.extract(page, lambda longest: sandbox.page(0, longest, chars=False))
    assert found.route is Route.MIXED
    truth = [word.text for word in file.truth.pages[0].words]
    missed, added = Counter(truth) - Counter(found.words.text), Counter(found.words.text) - Counter(truth)
    assert sum(missed.values()) <= 1
    assert sum(added.values()) <= 1


def test_hidden_words_over_a_figure_give_way_to_what_it_shows(
    pdf_page: PdfPage, sandbox: Sandbox, extractor: Extractor
) -> None:
    def decoy(sheet: Canvas) -> None:
        stamped(sheet)
        text = sheet.beginText(155, 135)
        text.setTextRenderMode(3)
        text.textOut("nothing like it")
        sheet.drawText(text)

    page = pdf_page(decoy, (400, 400))
    found = extractor.extract(page, lambda longest: sandbox.page(0, longest, chars=False))
    assert found.route is Route.MIXED
    assert Counter(found.words.text) == Counter(" ".join(LETTER + STAMP).split())


@settings(max_examples=25, deadline=None)
@given(st.integers(16, 200), st.integers(16, 200), st.integers(0, 9), st.integers(0, 20))
def test_any_page_has_a_rest_inside_of_it(height: int, width: int, seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.random((count, 2))
    words = np.hstack([corner, np.minimum(corner + rng.random((count, 2)) / 4, 1.0)])
    picture = rng.integers(0, 256, (height, width), dtype=np.uint8)
    rest = rest_of(picture, ink_of(picture), words)
    assert ((rest.region >= 0) & (rest.region <= 1)).all()
    assert (rest.region[:2] <= rest.region[2:]).all()


def test_without_known_words_all_writing_is_the_rest(pdf_page: PdfPage) -> None:
    page = pdf_page(stamped, (400, 400))
    assert rest_of(page.pixels, ink_of(page.pixels), np.zeros((0, 4))).marks > 80
    assert rest_of(page.pixels, ink_of(page.pixels), np.array([[0.0, 0.0, 1.0, 1.0]])).marks == 0
