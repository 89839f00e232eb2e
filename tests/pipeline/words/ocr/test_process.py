"""The engine in its child: the same words as in this process, within limits, and nothing of it is loaded here."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import reportlab
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.pages import Limits, PageError
from pipeline.words import WordList
from pipeline.words.ocr import OcrName, make_engine
from pipeline.words.ocr.process import OcrProcess
from schemas.manifest import Reason

BUDGET = Limits().for_ocr


def note(text: str) -> NDArray[np.uint8]:
    """A line of text on white, H x W x 3; square, as the detector enlarges the shorter side."""
    picture = Image.new("RGB", (260, 260), "white")
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), 24)
    ImageDraw.Draw(picture).text((15, 130), text, "black", font, anchor="lm")
    return np.asarray(picture)


@pytest.fixture(scope="module")
def engine() -> Iterator[OcrProcess]:
    """The real engine in its child, loaded once."""
    process = OcrProcess(OcrName.RAPIDOCR, BUDGET)
    yield process
    process.close()


def test_it_reads_exactly_what_the_engine_reads_in_this_process(engine: OcrProcess) -> None:
    own = make_engine(OcrName.RAPIDOCR)
    assert engine.engine == own.engine
    for picture in (note("Invoice 4711"), np.full((90, 90, 3), 255, np.uint8)):
        here, there = own.read(picture), engine.read(picture)
        assert (there.text, there.confidence, there.source_line) == (here.text, here.confidence, here.source_line)
        assert there.box.tobytes() == here.box.tobytes()


def test_nothing_of_an_engine_is_loaded_in_the_parent() -> None:
    code = (
        "import sys; from pipeline.ingest.page import PageMaker; from pipeline.ingest import IngestConfig\n"
        "PageMaker(IngestConfig())._extractor.ocr\n"
        "assert not {'rapidocr', 'onnxruntime'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_picture_whose_lines_are_not_in_one_piece_is_read(engine: OcrProcess) -> None:
    whole = np.zeros((260, 520, 3), np.uint8)
    whole[:, ::2] = note("Every second")
    assert engine.read(whole[:, ::2]).text == ["Every", "second"]


def killed(engine: OcrProcess, picture: NDArray[np.uint8]) -> PageError:
    with pytest.raises(PageError) as caught:
        engine.read(picture)
    return caught.value


def test_a_page_that_is_too_much_is_rejected_and_the_next_is_fine() -> None:
    """Memory for the models and a line of text, not for a page."""
    engine = OcrProcess(OcrName.RAPIDOCR, dataclasses.replace(BUDGET, address_space=900 << 20))
    try:
        error = killed(engine, np.full((1300, 1300, 3), 255, np.uint8))
        assert error.reason is Reason.KILLED
        assert engine.read(note("small")).text == ["small"]
    finally:
        engine.close()
    assert engine.pid is None


def test_a_page_that_takes_too_long_is_rejected() -> None:
    engine = OcrProcess(OcrName.RAPIDOCR, dataclasses.replace(BUDGET, wall_seconds=0.2))
    try:
        error = killed(engine, np.random.default_rng(0).integers(0, 255, (1900, 1900, 3), np.uint8))
        assert (error.reason, error.detail) == (Reason.TIMEOUT, "no answer in 0.4 s")
    finally:
        engine.close()


def test_a_kill_is_not_the_pages_fault(engine: OcrProcess) -> None:
    engine.read(note("once"))
    assert engine.pid is not None
    os.kill(engine.pid, signal.SIGKILL)
    assert engine.read(note("again")).text == ["again"]


def test_an_answer_that_cannot_be_is_the_pages_fault(engine: OcrProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def unbelieving(head: object, body: object) -> WordList:
        raise ValueError("no words")

    monkeypatch.setattr("pipeline.words.ocr.process.unpack_words", unbelieving)
    error = killed(engine, note("words"))
    assert (error.reason, error.detail) == (Reason.KILLED, "its process answered nonsense: ValueError: no words")


def test_a_missing_engine_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rapidocr").mkdir()
    (tmp_path / "rapidocr" / "__init__.py").write_text("raise ImportError('its models are gone')")
    monkeypatch.syspath_prepend(tmp_path)
    engine = OcrProcess(OcrName.RAPIDOCR, BUDGET)
    with pytest.raises(RuntimeError, match="ocr.child could not start, it ended with 1: .*its models are gone"):
        engine.read(note("words"))
