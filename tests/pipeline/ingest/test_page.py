"""One page put together: words that came with it, both child processes, and what is no fault of the page."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.reading import check_read

from pipeline.ingest import IngestConfig
from pipeline.ingest.page import MadePage, PageMaker
from pipeline.pages import Limits
from pipeline.sources import Format
from pipeline.synth import Spec, make
from pipeline.words import PdfText, RouteConfig, WordList
from pipeline.words.ocr.process import OcrProcess
from schemas.base import sha256_hex
from schemas.page import DocumentRef, Page, Route

DrawPdf = Callable[..., bytes]
GIVEN = WordList(
    ["right", "left", "below"],
    np.array([[0.5, 0.1, 0.7, 0.15], [0.1, 0.1, 0.3, 0.15], [0.1, 0.5, 0.3, 0.55]]),
    [1.0, 0.5, 0.25],
    [0, 0, 0],
)


@pytest.fixture
def maker() -> Iterator[PageMaker]:
    """One that takes text layers."""
    with PageMaker(IngestConfig(route=RouteConfig(pdf_text=PdfText.ALWAYS))) as made:
        yield made


def page(maker: PageMaker, kind: Format, data: bytes, given: WordList | None = None, index: int = 0) -> MadePage:
    document = DocumentRef(sha256=sha256_hex(data), uri="file:///a", pages=maker.open(kind, data))
    return maker.make(document, index, None, given)


def scan() -> bytes:
    sink = io.BytesIO()
    Image.new("L", (300, 200), 255).save(sink, "PNG")
    return sink.getvalue()


@pytest.mark.parametrize(("kind", "route"), [(Format.PDF, Route.TEXT_LAYER), (Format.PNG, Route.OCR)])
def test_words_that_came_with_a_page_are_its_words(
    maker: PageMaker, draw_pdf: DrawPdf, kind: Format, route: Route
) -> None:
    data = draw_pdf("other words") if kind is Format.PDF else scan()
    record = page(maker, kind, data, GIVEN).record
    assert record.words.text == ["left", "right", "below"], "in reading order"
    assert record.words.confidence == [0.5, 1.0, 0.25]
    assert record.words.line[0] != record.words.line[2], "lines are made from the boxes, not taken over"
    assert (record.route, record.reason, record.features) == (route, "words came with the document", {})
    assert (record.engine.name, record.engine.version, record.engine.models) == ("given", "pixparse/1", {})
    assert maker._extractor._ocr is None, "no engine was needed"


def test_the_picture_is_that_of_any_other_run(maker: PageMaker, draw_pdf: DrawPdf) -> None:
    data = draw_pdf("a page")
    assert page(maker, Format.PDF, data, GIVEN).picture.data == page(maker, Format.PDF, data).picture.data


def test_a_page_without_words_may_be_given_as_such(maker: PageMaker, draw_pdf: DrawPdf) -> None:
    nothing = WordList([], np.zeros((0, 4)), [], [])
    assert page(maker, Format.PDF, draw_pdf("other words"), nothing).record.words.text == []


def test_closing_ends_both_children(draw_pdf: DrawPdf) -> None:
    with PageMaker(IngestConfig(route=RouteConfig(pdf_text=PdfText.NEVER), ocr_longest=300)) as maker:
        page(maker, Format.PDF, draw_pdf("word"))
        engine = maker._extractor.ocr
        assert isinstance(engine, OcrProcess)
        pids = [maker._sandbox.pid, engine.pid]
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    maker.close()


def test_a_child_that_the_machine_ends_costs_no_page(maker: PageMaker, draw_pdf: DrawPdf) -> None:
    data = draw_pdf("one", "two")
    first = page(maker, Format.PDF, data)
    assert maker._sandbox.pid is not None
    os.kill(maker._sandbox.pid, signal.SIGKILL)
    assert page(maker, Format.PDF, data, index=1).record.words.text == ["two"]
    assert page(maker, Format.PDF, data).record == first.record


def test_passwords_open_documents(draw_pdf: DrawPdf) -> None:
    config = IngestConfig(route=RouteConfig(pdf_text=PdfText.ALWAYS), limits=Limits(recycle_after=1))
    with PageMaker(config, passwords=["wrong", "right"]) as maker:
        data = draw_pdf("secret", encrypt="right")
        assert page(maker, Format.PDF, data).record.words.text == ["secret"]


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_scan_that_lies_otherwise_is_stored_upright_with_its_truth(index: int) -> None:
    """Picture, words and truth are of one frame: what was read lies where the turned truth says."""
    file = make(Spec(index=index, seed=5, document_type="letter", variant="turned"))
    (truth,) = file.truth.pages
    document = DocumentRef(sha256=sha256_hex(file.data), uri="file:///a", pages=1)
    with PageMaker(IngestConfig(ocr_longest=1400)) as reader:
        reader.open(Format.JPEG, file.data)
        record = reader.make(document, 0, truth, None).record
    assert record.truth is not None
    assert record.orientation.turned in (90, 180, 270)
    assert record.size[0] < record.size[1]
    away = check_read(_placed(record), record.truth.words, 0.9)
    assert np.median(away) < 15


def _placed(record: Page) -> WordList:
    words = record.words
    return WordList(words.text, np.array(words.box) / 1000, words.confidence, words.source_line)
