"""RapidOCR for real, on as little as will do: it takes seconds a page."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from support.reading import check_read, note

from pipeline.pages import RawPage
from pipeline.synth import SynthFile
from pipeline.words.ocr import Alphabet, OcrEngine, OcrOptions, make_engine, rapid

SynthPage = Callable[..., tuple[SynthFile, RawPage]]


@pytest.fixture(scope="module")
def engine() -> Iterator[OcrEngine]:
    """The real engine, loaded once."""
    return make_engine(OcrOptions())


def test_a_clean_scan_is_read(engine: OcrEngine, synth_page: SynthPage) -> None:
    file, page = synth_page("invoice", "png", longest=1000)
    found = engine.read(page.picture)
    away = check_read(found, file.truth.pages[0].words, 0.9)
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
    assert re.fullmatch(r".+\+openvino-.+-(f32|bf16)", made.version)
    assert set(made.models) == {"PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"}
    assert all(len(digest) == 64 for digest in made.models.values())


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (16, 2000), (33, 31), (1280, 1280)])
def test_any_size_of_paper_has_no_words(engine: OcrEngine, size: tuple[int, int]) -> None:
    for grey in (0, 128, 255):
        assert len(engine.read(np.full((*size, 3), grey, np.uint8))) == 0


def test_noise_ends_in_time(engine: OcrEngine) -> None:
    rng = np.random.default_rng(0)
    fine = rng.integers(0, 256, (1000, 800, 3), np.uint8)
    coarse = np.kron(rng.integers(0, 2, (100, 80, 1), np.uint8) * 255, np.ones((10, 10, 3), np.uint8))
    for picture in (fine, coarse):
        begun = time.process_time()
        assert len(engine.read(picture)) < 50
        assert time.process_time() - begun < 20


def test_what_is_too_much_to_read_is_counted(engine: OcrEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = note("First line", "Second line", "Third line")
    assert "unread_lines" not in engine.read(picture).features
    monkeypatch.setattr(rapid, "_MOST_PIXELS", 100)
    found = engine.read(picture)
    assert found.text == ["First", "line"]
    assert found.features["unread_lines"] == 2


def test_boxes_lie_around_the_ink(engine: OcrEngine) -> None:
    picture = note("Total amount 99.50", width=400)
    found = engine.read(picture)
    ink = (picture[:, :, 0] < 128).any(axis=0).nonzero()[0]
    assert abs(found.box[0, 0] * 400 - ink[0]) < 4
    assert abs(found.box[-1, 2] * 400 - ink[-1]) < 4
    rows = (picture[:, :, 0] < 128).any(axis=1).nonzero()[0]
    assert abs(found.box[:, 1].min() * 110 - rows[0]) < 3
    assert abs(found.box[:, 3].max() * 110 - rows[-1]) < 3
    assert (found.box[1:, 0] > found.box[:-1, 2]).all(), "the gaps between words belong to none"


def test_a_line_from_top_to_bottom_is_read(engine: OcrEngine) -> None:
    down = np.ascontiguousarray(np.rot90(note("Invoice number"), -1))
    assert engine.read(down).text == ["Invoice", "number"]


STROKES = {  # characters that are straight lines, in a square of 6 x 6: x0, y0, x1, y1
    "王": [(0, 0, 6, 0), (1, 3, 5, 3), (0, 6, 6, 6), (3, 0, 3, 6)],
    "田": [(0, 0, 6, 0), (0, 3, 6, 3), (0, 6, 6, 6), (0, 0, 0, 6), (3, 0, 3, 6), (6, 0, 6, 6)],
    "土": [(1, 2, 5, 2), (0, 6, 6, 6), (3, 0, 3, 6)],
    "日": [(1, 0, 5, 0), (1, 3, 5, 3), (1, 6, 5, 6), (1, 0, 1, 6), (5, 0, 5, 6)],
}


def chinese(text: str) -> NDArray[np.uint8]:
    """A line of Chinese on white, 100 x W x 3."""
    picture = Image.new("RGB", (60 * len(text) + 40, 100), "white")
    for i, character in enumerate(text):
        for x0, y0, x1, y1 in STROKES[character]:
            ends = [20 + 60 * i + 7 * x0, 28 + 7 * y0, 20 + 60 * i + 7 * x1, 28 + 7 * y1]
            ImageDraw.Draw(picture).line(ends, "black", 4)
    return np.asarray(picture)


def test_a_script_outside_of_the_alphabet_is_noticed(engine: OcrEngine) -> None:
    assert engine.read(chinese("王田土日王田")).features["foreign_script"] > 0.8
    assert engine.read(note("Invoice number 4711")).features["foreign_script"] == 0
    every = make_engine(OcrOptions(alphabet=Alphabet.ALL))
    found = every.read(chinese("王田土日王田"))
    assert ("".join(found.text), found.features["foreign_script"]) == ("王田土日王田", 0)


def test_both_alphabets_read_latin_and_its_accents(engine: OcrEngine) -> None:
    every = make_engine(OcrOptions(alphabet=Alphabet.ALL))
    picture = note("Crème brûlée", "Größe für Ägypten", width=420)
    for reader in (engine, every):
        assert reader.read(picture).text == ["Crème", "brûlée", "Größe", "für", "Ägypten"]
    assert every.engine.config != engine.engine.config
