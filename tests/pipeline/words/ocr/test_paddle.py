"""PaddleOCR for real, in its limited child: seconds to load and seconds a page."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support.reading import check_read, note

from pipeline.pages import Limits, RawPage
from pipeline.synth import SynthFile
from pipeline.words.ocr import OcrName, OcrOptions
from pipeline.words.ocr.choice import model_digests
from pipeline.words.ocr.paddle import _join
from pipeline.words.ocr.paddlefolder import prepare
from pipeline.words.ocr.process import OcrProcess

SynthPage = Callable[..., tuple[SynthFile, RawPage]]
OPTIONS = OcrOptions(name=OcrName.PADDLEOCR)


@pytest.fixture(scope="module")
def engine() -> Iterator[OcrProcess]:
    """The real engine in the child that forbids itself the network, processes and files."""
    process = OcrProcess(OPTIONS, Limits().for_ocr)
    yield process
    process.close()


@pytest.mark.engines
def test_a_scan_is_read_without_a_network(engine: OcrProcess, synth_page: SynthPage) -> None:
    """Whatever it tried to download would fail: see the tests of `confine`."""
    file, page = synth_page("invoice", "png", longest=1000)
    found = engine.read(page.picture)
    status = Path(f"/proc/{engine.pid}/status").read_text()
    assert "Seccomp:\t2" in status, "the filter is on"
    away = check_read(found, file.truth.pages[0].words, 0.85)
    assert np.mean(away) < 12, "of 1,000"


@pytest.mark.engines
def test_words_lines_blank_pages_and_the_same_again(engine: OcrProcess) -> None:
    picture = note("Invoice, no. 4711", "Total 99.50")
    found = engine.read(picture)
    assert found.text == ["Invoice,", "no.", "4711", "Total", "99.50"]
    assert found.source_line == [0, 0, 0, 1, 1]
    assert (found.box[:3, 3] <= 0.55).all()
    assert (found.box[3:, 1] >= 0.45).all()
    blank = engine.read(np.full((300, 220, 3), 255, np.uint8))
    assert blank.box.shape == (0, 4)
    again = engine.read(picture)
    assert (again.text, again.confidence, again.box.tobytes()) == (found.text, found.confidence, found.box.tobytes())


@pytest.mark.engines
def test_it_says_what_it_is(engine: OcrProcess) -> None:
    made = engine.engine
    assert made.name == "paddleocr"
    assert made.version.startswith("3.")
    assert made.version.endswith("-cpu")
    assert made.models == model_digests(OPTIONS)
    assert len(made.models) == 2


@pytest.mark.engines
def test_a_folder_of_models_is_read_as_the_wheels_are(tmp_path: Path) -> None:
    prepare(tmp_path, OPTIONS)
    assert {path.name for path in tmp_path.iterdir()} == {"cache", "det", "rec"}
    engine = OcrProcess(OcrOptions(name=OcrName.PADDLEOCR, models=tmp_path), Limits().for_ocr)
    try:
        assert engine.read(note("From a folder")).text == ["From", "a", "folder"]
        assert sorted(engine.engine.models) == [f"{n}/inference.{e}" for n in ("det", "rec") for e in ("onnx", "yml")]
    finally:
        engine.close()


@pytest.mark.engines
def test_forms_are_read(engine: OcrProcess, shared: Path) -> None:
    path = sorted((shared / "data" / "documents" / "funsd" / "training_data" / "images").glob("*.png"))[0]
    with Image.open(path) as picture:
        found = engine.read(np.asarray(picture.convert("RGB")))
    assert len(found) > 50


def quad(left: int, right: int) -> list[tuple[int, int]]:
    """A piece of a line as PaddleOCR gives it."""
    return [(left, 0), (right, 0), (right, 9), (left, 9)]


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        (["4711", ", ", "paid"], ["4711,", "paid"]),
        (["A", " ", "B"], ["A", "B"]),
        (["a", "-", "b"], ["a-b"]),
        (["end", " (", "x", ")"], ["end", "(x)"]),
        ([" ", "x"], ["x"]),
        ([" "], []),
        ([], []),
    ],
)
def test_pieces_become_words(pieces: list[str], words: list[str]) -> None:
    quads = [quad(10 * i, 10 * i + 8) for i in range(len(pieces))]
    assert [text for text, _ in _join(pieces, quads)] == words


@given(st.lists(st.text(st.sampled_from("ab,. -"), min_size=1, max_size=3), max_size=8))
def test_no_letter_is_lost_or_doubled_and_boxes_hold_their_pieces(pieces: list[str]) -> None:
    words = _join(pieces, [quad(10 * i, 10 * i + 8) for i in range(len(pieces))])
    assert "".join(text for text, _ in words) == "".join("".join(pieces).split())
    assert all(" " not in text and text for text, _ in words)
    assert all(a[1][2] < b[1][0] for a, b in zip(words, words[1:]))


def test_the_prepared_folder_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "create_connection", refuse)
    prepare(tmp_path, OPTIONS)
    assert (tmp_path / "rec" / "inference.onnx").is_symlink()
    description = (tmp_path / "rec" / "inference.yml").read_text()
    assert '"model_name": "PP-OCRv6_small_rec"' in description
    assert '"character_dict": ["!"' in description
