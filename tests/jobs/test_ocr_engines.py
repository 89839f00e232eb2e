"""The other OCR engines through the whole command: what is recorded, and what a dataset refuses to go on with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.shards.dataset import Dataset
from pipeline.synth import Spec, make
from pipeline.words.ocr import OcrName, OcrOptions
from pipeline.words.ocr.choice import model_digests, model_files, models_digest

ROOT = Path(__file__).resolve().parents[2]


def pagemill(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "jobs.cli", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders of one scan each."""
    folders = []
    for index in (3, 4):
        folder = tmp_path_factory.mktemp("scans")
        file = make(Spec(index=index, seed=11, document_type="letter", variant="png", pages=1))
        (folder / file.name).write_bytes(file.data)
        folders.append(folder)
    return folders[0], folders[1]


@pytest.mark.engines
def test_tesseract_with_its_models_through_generations(scans: tuple[Path, Path], tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "eng.traineddata").symlink_to(model_files(OcrOptions(name=OcrName.TESSERACT))["eng.traineddata"])
    out = tmp_path / "pages"
    command = ("ingest", scans[0], "--out", out, "--workers", 1, "--ocr", "tesseract")
    done = pagemill(*command, "--ocr-models", models)
    assert done.returncode == 0, done.stderr
    info = Dataset(str(out)).info
    options = OcrOptions(name=OcrName.TESSERACT, models=models)
    assert (info.totals.ok, info.totals.routes) == (1, {"ocr": 1})
    assert info.config["ocr"] == "tesseract"
    assert info.config["ocr_models"] == models_digest(model_digests(options))
    assert pagemill(*command).returncode == 0, "the same models in another place are the same"

    (models / "eng.traineddata").rename(models / "french.traineddata")
    refused = pagemill(*command, "--ocr-models", models)
    assert refused.returncode == 2
    assert "ocr_models" in refused.stderr
    refused = pagemill("dataset", "add", out, scans[1], "--ocr-models", models)
    assert refused.returncode == 2
    assert "was made with other models of tesseract: name them with --ocr-models" in refused.stderr
    done = pagemill("dataset", "add", out, scans[1], "--workers", 1)
    assert done.returncode == 0, done.stderr
    assert Dataset(str(out)).info.totals.ok == 2
    (models / "french.traineddata").unlink()
    refused = pagemill("ingest", scans[0], "--out", tmp_path / "x", "--ocr", "tesseract", "--ocr-models", models)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "no file *.traineddata in there" in refused.stderr


@pytest.mark.engines
def test_paddleocr_makes_pages(scans: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "pages"
    done = pagemill("ingest", scans[0], "--out", out, "--workers", 1, "--ocr", "paddleocr")
    assert done.returncode == 0, done.stderr
    assert Dataset(str(out)).info.totals.words > 50
    shown = pagemill("inspect", "lint", out)
    assert shown.returncode == 0, shown.stdout
