"""Engines, devices and models are checked before anything is loaded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import onnxruntime
import pytest

from pipeline.words.ocr import Alphabet, OcrDevice, OcrName, OcrOptions, choice, make_engine
from pipeline.words.ocr.choice import model_digests, model_files, models_digest, require_device, require_engine
from schemas.base import sha256_hex


def model_folder(folder: Path) -> Path:
    """As PaddleOCR's models lie; their contents are nothing that could be loaded."""
    for network in ("det", "rec"):
        (folder / network).mkdir(parents=True)
        for name in ("inference.onnx", "inference.yml"):
            (folder / network / name).write_text(f"{network} {name}")
    return folder


@pytest.mark.parametrize(
    "options",
    [
        OcrOptions(),
        OcrOptions(name=OcrName.TESSERACT, alphabet=Alphabet.ALL, models=Path("/models")),
        OcrOptions(name=OcrName.PADDLEOCR, device=OcrDevice.CUDA),
    ],
)
def test_options_come_to_the_child_as_they_are(options: OcrOptions) -> None:
    assert OcrOptions.of(json.loads(json.dumps(options.settings()))) == options


def test_what_an_engine_cannot_do_is_refused() -> None:
    with pytest.raises(ValueError, match="--ocr-models /m: rapidocr reads the models of its own package only"):
        OcrOptions(models=Path("/m"))
    for name in (OcrName.RAPIDOCR, OcrName.TESSERACT):
        with pytest.raises(ValueError, match=f"--ocr-device cuda: {name.value} computes on the CPU only"):
            OcrOptions(name=name, device=OcrDevice.CUDA)


def test_a_device_that_onnx_runtime_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    require_device(OcrDevice.CPU)
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        with pytest.raises(ValueError, match="--ocr-device cuda: the installed onnxruntime has no CUDA provider"):
            require_device(OcrDevice.CUDA)
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    require_device(OcrDevice.CUDA)


def test_a_folder_of_models_is_complete_or_refused(tmp_path: Path) -> None:
    options = OcrOptions(name=OcrName.PADDLEOCR, models=model_folder(tmp_path))
    assert list(model_files(options)) == [
        "det/inference.onnx",
        "det/inference.yml",
        "rec/inference.onnx",
        "rec/inference.yml",
    ]
    assert model_digests(options)["rec/inference.yml"] == sha256_hex(b"rec inference.yml")
    before = models_digest(model_digests(options))
    (tmp_path / "rec" / "inference.yml").write_text("another alphabet")
    assert models_digest(model_digests(options)) != before
    (tmp_path / "rec" / "inference.yml").unlink()
    with pytest.raises(ValueError, match=r"--ocr-models .*rec/inference\.yml is missing"):
        model_files(options)


def test_language_data_is_all_of_a_folder_and_english_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = OcrOptions(name=OcrName.TESSERACT, models=tmp_path)
    with pytest.raises(ValueError, match=r"--ocr-models .*: no file \*\.traineddata"):
        model_files(options)
    for language in ("osd", "fra", "deu"):
        (tmp_path / f"{language}.traineddata").touch()
    assert list(model_files(options)) == ["deu.traineddata", "fra.traineddata"]
    monkeypatch.setattr(choice, "_TESSDATA", (str(tmp_path / "none"), str(tmp_path)))
    installed = OcrOptions(name=OcrName.TESSERACT)
    with pytest.raises(ValueError, match=r"--ocr tesseract: eng\.traineddata was not found; install Tesseract 5"):
        model_files(installed)
    (tmp_path / "eng.traineddata").touch()
    assert model_files(installed) == {"eng.traineddata": tmp_path / "eng.traineddata"}


def test_a_missing_library_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_LIBRARY", "libtesseract-that-is-not-there.so.5")
    require_engine(OcrOptions())
    with pytest.raises(ValueError, match=r"--ocr tesseract: libtesseract-that.*install Tesseract 5"):
        require_engine(OcrOptions(name=OcrName.TESSERACT))


def test_paddleocr_wants_a_place_for_its_files() -> None:
    with pytest.raises(ValueError, match="paddleocr needs a work folder, got None"):
        make_engine(OcrOptions(name=OcrName.PADDLEOCR))


def test_checking_loads_no_engine() -> None:
    code = (
        "import sys; from pipeline.words.ocr.choice import OcrName, OcrOptions, model_digests, require_device\n"
        "[model_digests(OcrOptions(name=name)) for name in (OcrName.RAPIDOCR, OcrName.PADDLEOCR)]\n"
        "loaded = {'rapidocr', 'onnxruntime', 'openvino', 'paddleocr'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
