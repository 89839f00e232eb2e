"""Extraction: the right route by the right engine, and OCR engines that are made only when they are needed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.pages import RawPage, Sandbox
from pipeline.synth import SynthFile
from pipeline.words import Extractor, PdfText, RouteConfig, WordList
from pipeline.words.ocr import OcrEngine
from schemas.page import Engine, Route

PdfPage = Callable[..., RawPage]
SynthPage = Callable[..., tuple[SynthFile, RawPage]]


class ByHand(OcrEngine):
    """An engine for the tests: one word, as large as the picture that it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, ...]] = []
        self.closed = 0

    @property
    def engine(self) -> Engine:
        return Engine(name="by-hand", version="1", models={"none": "0"}, config="0" * 64)

    def close(self) -> None:
        self.closed += 1

    def read(self, picture: NDArray[np.uint8]) -> WordList:
        self.seen.append(picture.shape)
        return WordList([str(max(picture.shape))], np.array([[0.0, 0.0, 1.0, 1.0]]), [0.5], [0], {"noticed": 0.25})


def never() -> OcrEngine:
    raise RuntimeError("the model is missing")


def test_a_good_text_layer_needs_no_engine(synth_page: SynthPage, sandbox: Sandbox) -> None:
    file, page = synth_page("letter", "digital")
    found = Extractor(RouteConfig(), never, 2000).extract(page, lambda longest: sandbox.page(0, longest))
    assert (found.route, found.reason) == (Route.TEXT_LAYER, "text-is-good")
    assert len(found.words) == len(file.truth.pages[0].words)
    assert found.engine.name == "pdfium"
    assert found.engine.version


def test_a_missing_model_is_no_fault_of_the_page(synth_page: SynthPage, sandbox: Sandbox) -> None:
    page = synth_page("letter", "scan")[1]
    with pytest.raises(RuntimeError, match="the model is missing"):
        Extractor(RouteConfig(), never, 2000).extract(page, lambda longest: sandbox.page(0, longest))


def test_a_scan_is_seen_larger_and_the_engine_is_made_once(synth_page: SynthPage, sandbox: Sandbox) -> None:
    page = synth_page("letter", "scan", longest=300)[1]
    made: list[ByHand] = []

    def make() -> OcrEngine:
        made.append(ByHand())
        return made[-1]

    extractor = Extractor(RouteConfig(), make, 500)
    for _ in range(2):
        found = extractor.extract(page, lambda longest: sandbox.page(0, longest, chars=False))
        assert (found.route, found.words.text, found.engine.name) == (Route.OCR, ["500"], "by-hand")
        assert found.features["noticed"] == 0.25, "what the engine noticed stands beside the features of the route"
        assert len(found.features) > 1
    assert len(made) == 1
    assert extractor.ocr is made[0]
    extractor.close()
    assert made[0].closed == 1


def test_a_page_that_is_large_enough_is_not_rendered_again(synth_page: SynthPage) -> None:
    page = synth_page("letter", "scan", longest=300)[1]

    def render(longest: int) -> RawPage:
        raise AssertionError(longest)

    assert Extractor(RouteConfig(), ByHand, 300).extract(page, render).words.text == ["300"]


def test_the_engines_name_tells_the_configuration(synth_page: SynthPage, sandbox: Sandbox) -> None:
    page = synth_page("letter", "digital")[1]
    engines = {
        Extractor(config, never, 2000).extract(page, lambda longest: page).engine.config
        for config in (RouteConfig(), RouteConfig(pdf_text=PdfText.ALWAYS), RouteConfig(max_bad=0.1))
    }
    assert len(engines) == 3


def test_words_that_nobody_sees_are_left_out_and_counted(pdf_page: PdfPage) -> None:
    def draw(sheet: Canvas) -> None:
        for y, grey, text in (
            (150, 0, "Black letters on white paper."),
            (100, 1, "White ones"),
            (50, 0.92, "Pale ones"),
        ):
            sheet.setFillGray(grey)
            sheet.drawString(40, y, text)

    page = pdf_page(draw)
    config = RouteConfig(min_on_ink=0.1)
    found = Extractor(config, never, 2000).extract(page, lambda longest: page)
    assert found.words.text == ["Black", "letters", "on", "white", "paper.", "Pale", "ones"]
    assert found.words.source_line == [0] * 5 + [2] * 2
    assert found.features["words_unseen"] == 2


def test_hidden_words_beside_good_ones_are_left_out_unless_they_are_asked_for(pdf_page: PdfPage) -> None:
    def draw(sheet: Canvas) -> None:
        sheet.drawString(40, 150, "A page with a good text layer")
        hidden = sheet.beginText(40, 150)
        hidden.setTextRenderMode(3)
        hidden.textOut("and a secret")
        sheet.drawText(hidden)

    page = pdf_page(draw)
    found = Extractor(RouteConfig(), never, 2000).extract(page, lambda longest: page)
    assert found.words.text == ["A", "page", "with", "a", "good", "text", "layer"]
    asked = Extractor(RouteConfig(pdf_text=PdfText.ALWAYS), never, 2000).extract(page, lambda longest: page)
    assert "secret" in asked.words.text


def test_words_on_paper_of_a_picture_keep_the_spaces_between_them(pdf_page: PdfPage) -> None:
    """Spaces show nothing, as hidden characters do."""
    text = "Eight plain words on a letter's fine paper"

    def draw(sheet: Canvas) -> None:
        sheet.drawImage(ImageReader(Image.new("L", (30, 20), 230)), 0, 0, 300, 200)
        for y in range(20, 180, 14):
            sheet.setFont("Helvetica", 10)
            sheet.drawString(20, y, text)

    found = Extractor(RouteConfig(), never, 2000).extract(pdf_page(draw), lambda longest: pdf_page(draw))
    assert found.route is Route.TEXT_LAYER
    assert found.words.text == text.split() * 12


def test_closing_what_was_never_made_makes_nothing() -> None:
    made: list[str] = []
    Extractor(RouteConfig(), lambda: made.append("an engine") or never(), 2000).close()
    assert made == []
