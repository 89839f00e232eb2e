"""The route: text layers that are what the page shows are used, all others are not, and the reason is recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reportlab
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.pages import PageFacts, RawPage
from pipeline.synth import TYPES, SynthFile
from pipeline.words import PdfText, RouteConfig
from pipeline.words.ink import ink_of
from pipeline.words.route import decide, features_of
from pipeline.words.textlayer import words_of
from schemas.page import Route

SynthPage = Callable[..., tuple[SynthFile, RawPage]]
PdfPage = Callable[..., RawPage]
MappedPdf = Callable[[str, dict[str, str]], bytes]
GOOD = {
    "characters": 500.0,
    "bad_characters": 0.0,
    "hidden_characters": 0.0,
    "outside_characters": 0.0,
    "picture_cover": 0.0,
    "ink": 0.05,
    "words_on_ink": 1.0,
    "ink_covered": 1.0,
}


def features(page: RawPage) -> dict[str, float]:
    height, width = page.picture.shape[:2]
    return features_of(page, ink_of(page.pixels), words_of(page.chars, width / height))


def route(page: RawPage, **config: Any) -> tuple[Route, str]:
    return decide(RouteConfig(**config), features(page))


@pytest.mark.parametrize("document_type", TYPES)
def test_born_digital_pages_keep_their_text(synth_page: SynthPage, document_type: str) -> None:
    page = synth_page(document_type, "digital")[1]
    assert route(page) == (Route.TEXT_LAYER, "text-is-good")
    assert features(page)["words_on_ink"] > 0.99


@pytest.mark.parametrize(
    ("variant", "reasons"),
    [
        ("jpeg", {"no-text"}),
        ("png", {"no-text"}),
        ("tiff", {"no-text"}),
        ("scan", {"no-text"}),
        ("hidden", {"hidden-text-over-scan"}),
        ("wrong", {"hidden-text-over-scan", "text-over-scan", "unmapped-text"}),
        ("covered", {"hidden-text-over-scan"}),
        ("turned", {"no-text"}),
    ],
)
def test_scans_are_read_whatever_their_text_layer_says(synth_page: SynthPage, variant: str, reasons: set[str]) -> None:
    for index in (3, 4):
        found, reason = route(synth_page("letter", variant, index)[1])
        assert found is Route.OCR
        assert reason in reasons


@pytest.mark.parametrize("variant", ["digital", "scan", "wrong"])
def test_what_is_asked_for_is_done(synth_page: SynthPage, variant: str) -> None:
    page = synth_page("letter", variant)[1]
    assert route(page, pdf_text=PdfText.ALWAYS) == (Route.TEXT_LAYER, "asked-for")
    assert route(page, pdf_text=PdfText.NEVER) == (Route.OCR, "asked-for")


@pytest.mark.parametrize("document_type", TYPES)
def test_text_on_coloured_paper_keeps_its_text(synth_page: SynthPage, document_type: str) -> None:
    page = synth_page(document_type, "paper")[1]
    assert page.facts.picture_cover == 1
    assert route(page) == (Route.TEXT_LAYER, "text-is-good")


def test_text_beside_the_page_is_none_of_it(pdf_page: PdfPage) -> None:
    def cropped(sheet: Canvas) -> None:
        sheet.setCropBox((50, 50, 250, 150))
        for y in (20, 180):
            sheet.drawString(100, y, "cut off")
        sheet.drawString(60, 100, "kept")

    page = pdf_page(cropped)
    assert features(page)["characters"] == 4
    assert features(page)["outside_characters"] == pytest.approx(0.75)
    assert route(page) == (Route.TEXT_LAYER, "text-is-good")
    assert words_of(page.chars, 2.0).text == ["kept"]


def test_a_page_with_all_its_text_beside_it_has_none(pdf_page: PdfPage) -> None:
    def cropped(sheet: Canvas) -> None:
        sheet.setCropBox((50, 50, 250, 150))
        sheet.drawString(100, 20, "cut off")
        sheet.circle(150, 100, 20)

    assert route(pdf_page(cropped)) == (Route.OCR, "no-text")


def test_an_empty_page_is_blank_and_one_with_ink_has_no_text(pdf_page: PdfPage) -> None:
    assert route(pdf_page(lambda sheet: sheet.circle(100, 100, 40))) == (Route.OCR, "no-text")

    def pale(sheet: Canvas) -> None:
        sheet.setFillGray(0.85)
        sheet.circle(100, 100, 40, stroke=0, fill=1)

    assert route(pdf_page(pale)) == (Route.OCR, "no-text"), "what is pale may be writing"
    page = pdf_page(lambda sheet: None)
    assert route(page) == (Route.TEXT_LAYER, "blank")
    assert set(features(page).values()) == {0.0}


def test_a_page_of_rules_alone_is_blank(pdf_page: PdfPage) -> None:
    def ruled(sheet: Canvas) -> None:
        sheet.line(20, 150, 280, 150)

    assert route(pdf_page(ruled)) == (Route.TEXT_LAYER, "blank")


@pytest.mark.parametrize("size", [30, 500])
def test_letters_without_a_text_layer_are_no_blank_page(size: int) -> None:
    """Small ones and one that fills the page."""
    picture = Image.new("L", (800, 1000), 255)
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), size)
    ImageDraw.Draw(picture).text((100, 100), "Brandmarks" if size == 30 else "B", 0, font)
    page = RawPage(np.asarray(picture), PageFacts())
    assert route(page) == (Route.OCR, "no-text")


def test_pale_letters_are_no_blank_page() -> None:
    picture = Image.new("L", (800, 1000), 255)
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), 30)
    ImageDraw.Draw(picture).text((100, 100), "Written with a hard pencil", 205, font)
    page = RawPage(np.asarray(picture), PageFacts())
    assert features(page)["ink"] == 0
    assert route(page) == (Route.OCR, "no-text")


def test_text_that_cannot_be_seen_is_off_its_ink(pdf_page: PdfPage) -> None:
    def white(sheet: Canvas) -> None:
        sheet.setFillColorRGB(1, 1, 1)
        sheet.drawString(40, 100, "white on white")

    assert route(pdf_page(white)) == (Route.OCR, "text-off-ink")


def test_white_text_on_a_dark_page_is_seen(pdf_page: PdfPage) -> None:
    def dark(sheet: Canvas) -> None:
        sheet.rect(0, 0, 300, 200, fill=1)
        sheet.setFillColorRGB(1, 1, 1)
        sheet.drawString(40, 100, "white on black")

    assert route(pdf_page(dark)) == (Route.TEXT_LAYER, "text-is-good")


def test_text_without_a_meaning_is_unmapped(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    for code in ("E000", "FFFD", "0378"):
        assert route(pdf_page(mapped_pdf("AAA text", {"A": code}))) == (Route.OCR, "unmapped-text")


def test_a_caption_beside_a_scanned_half_is_not_all(pdf_page: PdfPage) -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(np.where(rng.random((80, 100)) < 0.3, 0, 255).astype(np.uint8))

    def half(sheet: Canvas) -> None:
        sheet.drawImage(ImageReader(picture), 0, 0, 300, 120)
        sheet.drawString(40, 150, "Figure 1")

    assert route(pdf_page(half)) == (Route.OCR, "text-misses-ink")


def test_hidden_characters_are_a_share_of_those_that_could_be_seen(pdf_page: PdfPage) -> None:
    def draw(sheet: Canvas) -> None:
        text = sheet.beginText(40, 100)
        text.setTextRenderMode(3)
        for word in "a b c d e":
            text.textLine(word)
        sheet.drawText(text)

    assert features(pdf_page(draw))["hidden_characters"] == 1.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, "text-is-good"),
        ({"characters": 0.0}, "no-text"),
        ({"characters": 0.0, "pale_marks": 8.0}, "no-text"),
        ({"bad_characters": 0.05}, "text-is-good"),
        ({"bad_characters": 0.051}, "unmapped-text"),
        ({"picture_cover": 0.7, "hidden_characters": 0.51}, "hidden-text-over-scan"),
        ({"picture_cover": 0.69, "hidden_characters": 0.51}, "hidden-text"),
        ({"hidden_characters": 0.5}, "text-is-good"),
        ({"picture_cover": 0.7, "ink_covered": 0.29}, "text-over-scan"),
        ({"picture_cover": 0.7, "ink_covered": 0.3}, "text-is-good"),
        ({"picture_cover": 0.69, "ink_covered": 0.29}, "text-is-good"),
        ({"outside_characters": 0.9}, "text-is-good"),
        ({"words_on_ink": 0.7}, "text-is-good"),
        ({"words_on_ink": 0.69}, "text-off-ink"),
        ({"picture_cover": 0.3, "ink_covered": 0.24}, "text-misses-ink"),
        ({"picture_cover": 0.29, "ink_covered": 0.24}, "text-is-good"),
    ],
)
def test_each_threshold_decides(change: dict[str, float], reason: str) -> None:
    assert decide(RouteConfig(), {**GOOD, **change}) == (
        Route.TEXT_LAYER if reason == "text-is-good" else Route.OCR,
        reason,
    )


@example(1, 4, 0, False)  # four numbers: OpenCV takes them for a colour
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 255), st.booleans())
def test_features_of_any_picture_are_shares(width: int, height: int, value: int, colour: bool) -> None:
    rng = np.random.default_rng(value)
    picture = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    if not colour:
        picture[..., 1:] = picture[..., :1]
    page = RawPage(picture, PageFacts(size=(float(width), float(height)), picture_cover=1.0))
    found = features_of(page, ink_of(page.pixels), words_of(page.chars, width / height))
    assert all(0 <= value <= 1 for name, value in found.items() if name not in ("characters", "pale_marks"))
    assert set(found) - {"pale_marks"} == set(GOOD)
