"""Tesseract for real; the library comes from the system, so these tests are of the larger suite."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.reading import check_read, note

from pipeline.pages import Limits, RawPage
from pipeline.synth import SynthFile
from pipeline.words.ocr import OcrName, OcrOptions
from pipeline.words.ocr.choice import model_digests, model_files
from pipeline.words.ocr.process import OcrProcess
from pipeline.words.ocr.tesseract import _words

SynthPage = Callable[..., tuple[SynthFile, RawPage]]
OPTIONS = OcrOptions(name=OcrName.TESSERACT)


@pytest.fixture(scope="module")
def engine() -> Iterator[OcrProcess]:
    """The real library in the child that forbids itself the network, processes and files."""
    process = OcrProcess(OPTIONS, Limits().for_ocr)
    yield process
    process.close()


@pytest.mark.engines
def test_a_scan_is_read(engine: OcrProcess, synth_page: SynthPage) -> None:
    file, page = synth_page("invoice", "png", longest=2000)
    found = engine.read(page.picture)
    assert "Seccomp:\t2" in Path(f"/proc/{engine.pid}/status").read_text(), "the filter is on"
    away = check_read(found, file.truth.pages[0].words, 0.85)
    assert np.median(away) < 5, "of 1,000; a word that was missed has its like far away"


@pytest.mark.engines
def test_words_lines_blank_pages_and_the_same_again(engine: OcrProcess, synth_page: SynthPage) -> None:
    picture = note("Invoice number 4711", "Total 99.50")
    found = engine.read(picture)
    assert found.text == ["Invoice", "number", "4711", "Total", "99.50"]
    assert found.source_line == [0, 0, 0, 1, 1]
    assert (found.box[:3, 3] <= 0.55).all()
    assert (found.box[3:, 1] >= 0.45).all()
    blank = engine.read(np.full((300, 220, 3), 255, np.uint8))
    assert blank.box.shape == (0, 4)
    engine.read(synth_page("letter", "png", longest=1000)[1].picture)
    again = engine.read(picture)
    assert (again.text, again.confidence, again.box.tobytes()) == (found.text, found.confidence, found.box.tobytes())


@pytest.mark.engines
def test_it_says_what_it_is(engine: OcrProcess) -> None:
    made = engine.engine
    assert made.name == "tesseract"
    assert made.version.startswith("5.")
    assert made.models == model_digests(OPTIONS)
    assert list(made.models) == ["eng.traineddata"]


@pytest.mark.engines
def test_a_folder_of_languages_is_used_and_a_damaged_one_stops_the_run(tmp_path: Path) -> None:
    for language in ("one", "two"):
        (tmp_path / f"{language}.traineddata").symlink_to(model_files(OPTIONS)["eng.traineddata"])
    engine = OcrProcess(OcrOptions(name=OcrName.TESSERACT, models=tmp_path), Limits().for_ocr)
    try:
        assert engine.read(note("Twice")).text == ["Twice"]
        assert list(engine.engine.models) == ["one.traineddata", "two.traineddata"]
    finally:
        engine.close()
    (tmp_path / "one.traineddata").unlink()
    (tmp_path / "two.traineddata").unlink()
    (tmp_path / "one.traineddata").write_bytes(b"no language")
    broken = OcrProcess(OcrOptions(name=OcrName.TESSERACT, models=tmp_path), Limits().for_ocr)
    with pytest.raises(RuntimeError, match="Tesseract cannot use its language data: one in "):
        broken.read(note("words"))
    broken.close()


@pytest.mark.engines
def test_forms_are_read(engine: OcrProcess, shared: Path) -> None:
    path = sorted((shared / "data" / "documents" / "funsd" / "training_data" / "images").glob("*.png"))[0]
    with Image.open(path) as picture:
        found = engine.read(np.asarray(picture.convert("RGB")))
    assert len(found) > 50


def test_rows_of_its_table_become_words() -> None:
    table = (
        "1\t1\t0\t0\t0\t0\t0\t0\t200\t100\t-1\t\n"
        "5\t1\t1\t1\t1\t1\t20\t10\t40\t10\t96.5\tone\n"
        "5\t1\t1\t1\t1\t2\t70\t10\t30\t10\t-3\t \n"
        "5\t1\t1\t1\t2\t1\t20\t30\t400\t10\t120\ttab\there\n"
        "5\t1\t2\t1\t1\t1\t20\t50\t40\t10\t0\tthree\n"
        "cut off"
    )
    found = _words(table, 200, 100)
    assert found.text == ["one", "tabhere", "three"]
    assert found.confidence == [0.965, 1.0, 0.0]
    assert found.source_line == [0, 1, 2]
    assert found.box[0].tolist() == [0.1, 0.1, 0.3, 0.2]
    assert found.box[1, 2] == 1.0
    assert _words("", 9, 9).box.shape == (0, 4)
