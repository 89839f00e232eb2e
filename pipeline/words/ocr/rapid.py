"""RapidOCR on ONNX Runtime: PP-OCR detection and recognition from the models in its own wheel."""

from __future__ import annotations

import logging
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rapidocr
from numpy.typing import NDArray

from pipeline.words.base import WordList, clean, no_words
from pipeline.words.ocr.base import OcrEngine
from schemas.base import digest, sha256_hex
from schemas.page import Engine

_PARAMS: dict[str, Any] = {
    "Global.log_level": "critical",
    "Global.use_cls": False,  # pages come upright
    "Global.return_word_box": True,
    # Crops are padded to the width of their own batch, not to 320 pixels: narrow words cost what they are.
    "Rec.rec_img_shape": [3, 48, 32],
    # More threads inside a model waste cores; more processes do not. One thread also fixes the sums.
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
}
_MAX_ASPECT = 4  # the longer side over the shorter one


class RapidEngine(OcrEngine):
    """The default engine."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        logging.getLogger("RapidOCR").setLevel(logging.CRITICAL)
        self._ocr = rapidocr.RapidOCR(params=_PARAMS)
        folder = Path(rapidocr.__file__).parent / "models"
        models = {path.name: sha256_hex(path.read_bytes()) for path in sorted(folder.glob("PP-OCR*.onnx"))}
        if not models:
            raise RuntimeError(f"RapidOCR's models are missing from {folder}: install the package again")
        self._engine = Engine(
            name="rapidocr",
            version=f"{version('rapidocr')}+onnxruntime-{version('onnxruntime')}",
            models=models,
            config=digest(_PARAMS),
        )

    @property
    def engine(self) -> Engine:
        """RapidOCR and ONNX Runtime, and both models."""
        return self._engine

    def read(self, picture: NDArray[np.uint8]) -> WordList:
        """Words with boxes from the recogniser's columns; the line is the detector's."""
        result = self._ocr(cv2.cvtColor(_widen(picture), cv2.COLOR_RGB2BGR))
        if result.boxes is None or not result.txts:
            return no_words()
        return _words(result.word_results, result.boxes, picture.shape[1], picture.shape[0])


def _widen(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Paper to the right of or below a picture that is a strip; boxes stay where they are.

    The detector enlarges the shorter side to 736 pixels, and the longer one with it: a strip of 16 x 2,000 pixels
    would take tens of gigabytes.
    """
    height, width = picture.shape[:2]
    least = -(-max(height, width) // _MAX_ASPECT)
    right, below = max(0, least - width), max(0, least - height)
    if not right and not below:
        return picture
    paper = np.median(picture.reshape(-1, 3), axis=0).tolist()
    widened = cv2.copyMakeBorder(picture, 0, below, 0, right, cv2.BORDER_CONSTANT, value=paper)
    return np.asarray(widened, dtype=np.uint8)


def _words(lines: Any, boxes: NDArray[np.float32], width: int, height: int) -> WordList:
    text: list[str] = []
    box: list[NDArray[np.float64]] = []
    confidence: list[float] = []
    source_line: list[int] = []
    scale = np.array([width, height, width, height], dtype=np.float64)
    for number, words in enumerate(lines):
        for word, score, quad in words:
            cleaned = clean(word)
            if not cleaned or quad is None:
                continue
            points = np.asarray(quad, dtype=np.float64)
            text.append(cleaned)
            box.append(np.concatenate([points.min(axis=0), points.max(axis=0)]) / scale)
            confidence.append(round(min(1.0, max(0.0, float(score))), 4))
            source_line.append(number)
    if not text:
        return no_words()
    assert len(lines) == len(boxes), "RapidOCR gave another number of lines than of boxes"
    return WordList(text, np.clip(np.stack(box), 0.0, 1.0), confidence, source_line)
