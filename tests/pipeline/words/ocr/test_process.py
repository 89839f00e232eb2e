"""The engine in its child: the same words as in this process, within limits, and nothing of it is loaded here."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import reportlab
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.pages import Limits, PageError
from pipeline.words import WordList
from pipeline.words.ocr import Alphabet, OcrOptions, make_engine
from pipeline.words.ocr.process import OcrProcess
from schemas.manifest import Reason

BUDGET = Limits().for_ocr


def note(text: str) -> NDArray[np.uint8]:
    """A line of text on white, H x W x 3."""
    picture = Image.new("RGB", (260, 260), "white")
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), 24)
    ImageDraw.Draw(picture).text((15, 130), text, "black", font, anchor="lm")
    return np.asarray(picture)


@pytest.fixture(scope="module")
def engine() -> Iterator[OcrProcess]:
    """The real engine in its child, loaded once."""
    process = OcrProcess(OcrOptions(), BUDGET)
    yield process
    process.close()


def test_it_reads_exactly_what_the_engine_reads_in_this_process(engine: OcrProcess) -> None:
    own = make_engine(OcrOptions())
    assert engine.engine == own.engine
    for picture in (note("Invoice 4711"), np.full((90, 90, 3), 255, np.uint8)):
        here, there = own.read(picture), engine.read(picture)
        assert (there.text, there.confidence, there.source_line) == (here.text, here.confidence, here.source_line)
        assert there.box.tobytes() == here.box.tobytes()


def test_nothing_of_an_engine_is_loaded_in_the_parent() -> None:
    code = (
        "import sys; from pipeline.ingest.page import PageMaker; from pipeline.ingest import IngestConfig\n"
        "PageMaker(IngestConfig())._extractor.ocr\n"
        "assert not {'rapidocr', 'onnxruntime', 'openvino'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_after_other_pages_and_in_another_child_the_answer_is_the_same(engine: OcrProcess) -> None:
    first = engine.read(note("Invoice 4711"))
    engine.read(np.random.default_rng(0).integers(0, 255, (700, 500, 3), np.uint8))
    engine.read(note("Another page of another width"))
    again = engine.read(note("Invoice 4711"))
    engine.close()
    anew = engine.read(note("Invoice 4711"))
    for other in (again, anew):
        assert (other.text, other.confidence, other.features) == (first.text, first.confidence, first.features)
        assert other.box.tobytes() == first.box.tobytes()


def test_the_child_works_on_one_thread(engine: OcrProcess) -> None:
    """What it burns is what the clock on the wall shows, at most."""
    picture = np.random.default_rng(0).integers(0, 255, (1200, 900, 3), np.uint8)
    engine.read(picture)
    process = psutil.Process(engine.pid)
    before, begun = process.cpu_times(), time.monotonic()
    engine.read(picture)
    after, wall = process.cpu_times(), time.monotonic() - begun
    assert after.user + after.system - before.user - before.system <= 1.2 * wall + 0.05


def test_the_alphabet_reaches_the_child(engine: OcrProcess) -> None:
    every = OcrProcess(OcrOptions(alphabet=Alphabet.ALL), BUDGET)
    try:
        assert every.engine.config != engine.engine.config
        assert every.read(note("Invoice 4711")).text == ["Invoice", "4711"]
    finally:
        every.close()


def test_a_picture_whose_lines_are_not_in_one_piece_is_read(engine: OcrProcess) -> None:
    whole = np.zeros((260, 520, 3), np.uint8)
    whole[:, ::2] = note("Every second")
    assert engine.read(whole[:, ::2]).text == ["Every", "second"]


def killed(engine: OcrProcess, picture: NDArray[np.uint8]) -> PageError:
    with pytest.raises(PageError) as caught:
        engine.read(picture)
    return caught.value


def test_a_page_that_is_too_much_is_rejected_and_the_next_is_fine(engine: OcrProcess) -> None:
    """Memory for the models and a line of text, not for a page."""
    engine.close()
    engine.read(note("small"))
    needed = (Path("/proc") / str(engine.pid) / "status").read_text().split("VmPeak:")[1].split()[0]
    limited = dataclasses.replace(BUDGET, address_space=(int(needed) << 10) + (100 << 20))
    small = OcrProcess(OcrOptions(), limited)
    try:
        error = killed(small, np.full((1300, 1300, 3), 255, np.uint8))
        assert error.reason is Reason.KILLED
        assert small.read(note("small")).text == ["small"]
    finally:
        small.close()
    assert small.pid is None


def test_a_page_that_takes_too_long_is_rejected() -> None:
    engine = OcrProcess(OcrOptions(), dataclasses.replace(BUDGET, wall_seconds=0.05))
    try:
        error = killed(engine, np.random.default_rng(0).integers(0, 255, (1900, 1900, 3), np.uint8))
        assert (error.reason, error.detail) == (Reason.TIMEOUT, "no answer in 0.1 s")
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
    (tmp_path / "rapidocr" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    engine = OcrProcess(OcrOptions(), BUDGET)
    with pytest.raises(
        RuntimeError, match="ocr.child could not start, it ended with 1: .*PP-OCRv6_det_small.onnx is missing"
    ):
        engine.read(note("words"))
