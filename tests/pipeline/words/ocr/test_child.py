"""What the child is started with: models that are the dataset's, and files that are made for it and go with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.pages import Limits
from pipeline.words.ocr import OcrName, OcrOptions
from pipeline.words.ocr.choice import model_digests, models_digest
from pipeline.words.ocr.process import OcrProcess

BUDGET = Limits().for_ocr
PICTURE = np.full((64, 64, 3), 255, np.uint8)


@pytest.fixture(scope="module")
def engine() -> Iterator[OcrProcess]:
    """The default engine in its child."""
    process = OcrProcess(OcrOptions(), BUDGET)
    yield process
    process.close()


def test_other_models_than_the_datasets_stop_the_run(engine: OcrProcess) -> None:
    digest = models_digest(model_digests(OcrOptions()))
    assert models_digest(engine.engine.models) == digest, "what is said without loading them is what is loaded"
    other = OcrProcess(OcrOptions(), BUDGET, "0" * 64)
    try:
        with pytest.raises(RuntimeError, match="the OCR models on this machine are not those of the dataset"):
            other.read(PICTURE)
    finally:
        other.close()


def test_a_damaged_model_folder_stops_the_run_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """PaddleOCR itself is loaded for it."""
    for network in ("det", "rec"):
        (tmp_path / "models" / network).mkdir(parents=True)
        (tmp_path / "models" / network / "inference.onnx").write_bytes(b"no model")
        (tmp_path / "models" / network / "inference.yml").write_text("Global: {}")
    engine = OcrProcess(OcrOptions(name=OcrName.PADDLEOCR, models=tmp_path / "models"), BUDGET)
    try:
        with pytest.raises(RuntimeError, match="could not start, it ended with 1: .*no Global.model_name"):
            engine.read(PICTURE)
        assert engine._work is not None
        work = Path(engine._work.name)
        assert work.is_dir()
    finally:
        engine.close()
    assert not work.exists()
