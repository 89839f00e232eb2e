"""RapidOCR for real, on as little as will do: it takes seconds a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import reportlab
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.pages import RawPage
from pipeline.synth import SynthFile
from pipeline.words.ocr import OcrEngine, OcrName, make_engine
from pipeline.words.ocr.rapid import _widen

SynthPage = Callable[..., tuple[SynthFile, RawPage]]


@pytest.fixture(scope="module")
def engine() -> Iterator[OcrEngine]:
    """The real engine, loaded once."""
    return make_engine(OcrName.RAPIDOCR)


def note(*texts: str, width: int = 320, height: int = 110) -> NDArray[np.uint8]:
    """Lines of text on white, `height` pixels each, H x W x 3."""
    picture = Image.new("RGB", (width, height * len(texts)), "white")
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), 24)
    for i, text in enumerate(texts):
        ImageDraw.Draw(picture).text((15, height * i + height // 2), text, "black", font, anchor="lm")
    return np.asarray(picture)


def test_a_clean_scan_is_read(engine: OcrEngine, synth_page: SynthPage) -> None:
    file, page = synth_page("invoice", "png", longest=1000)
    truth = file.truth.pages[0].words
    found = engine.read(page.picture)
    right = sum((Counter(word.text for word in truth) & Counter(found.text)).values())
    assert right / len(truth) > 0.9
    assert right / len(found) > 0.9
    assert ((found.box >= 0) & (found.box <= 1)).all()
    assert all(0 < confidence <= 1 for confidence in found.confidence)
    away = []
    for word in truth:
        same = [box for text, box in zip(found.text, found.box, strict=True) if text == word.text]
        if same:
            away.append(min(np.abs(box * 1000 - word.box).max() for box in same))
    assert np.mean(away) < 10, "of 1,000"


def test_words_have_the_lines_of_the_detector_and_the_answer_is_the_same_twice(engine: OcrEngine) -> None:
    picture = note("Invoice number 4711", "Total amount 99.50")
    found = engine.read(picture)
    assert found.text == ["Invoice", "number", "4711", "Total", "amount", "99.50"]
    assert found.source_line == [0, 0, 0, 1, 1, 1]
    assert (found.box[:3, 3] <= 0.55).all()
    assert (found.box[3:, 1] >= 0.45).all()
    assert (np.diff(found.box[:3, 0]) > 0).all()
    again = engine.read(picture.copy())
    assert (again.text, again.confidence, again.source_line) == (found.text, found.confidence, found.source_line)
    assert (again.box == found.box).all()


def test_a_blank_page_has_no_words(engine: OcrEngine) -> None:
    found = engine.read(np.full((300, 220, 3), 255, np.uint8))
    assert len(found) == 0
    assert found.box.shape == (0, 4)


def test_a_strip_is_read_where_it_is(engine: OcrEngine) -> None:
    """Its height is a 24th of its width: enlarged as it is, it would be 17,000 pixels wide."""
    strip = np.full((40, 960, 3), 255, np.uint8)
    strip[:, 500:820] = note("Strip of paper", height=40)
    found = engine.read(strip)
    assert found.text == ["Strip", "of", "paper"]
    assert (found.box[:, 0] > 0.5).all()
    assert (found.box[:, 3] > found.box[:, 1]).all()


def test_the_engine_says_what_it_is(engine: OcrEngine) -> None:
    made = engine.engine
    assert made.name == "rapidocr"
    assert "onnxruntime" in made.version
    assert len(made.models) >= 2
    assert all(len(digest) == 64 for digest in made.models.values())


@given(st.integers(1, 300), st.integers(1, 300))
def test_no_picture_is_longer_than_four_times_its_width(width: int, height: int) -> None:
    picture = np.random.default_rng(width).integers(0, 256, (height, width, 3)).astype(np.uint8)
    wide = _widen(picture)
    assert max(wide.shape[:2]) <= 4 * min(wide.shape[:2])
    assert (wide[:height, :width] == picture).all(), "boxes stay where they are"
    assert max(wide.shape[:2]) == max(width, height)
    if max(width, height) <= 4 * min(width, height):
        assert wide is picture
