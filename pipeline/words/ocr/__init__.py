"""OCR engines behind one small interface; one engine a file, chosen by name. They run in a limited child."""

from __future__ import annotations

from pathlib import Path

from pipeline.words.ocr.alphabet import Alphabet
from pipeline.words.ocr.base import OcrEngine
from pipeline.words.ocr.choice import OcrDevice, OcrName, OcrOptions


def make_engine(options: OcrOptions, work: Path | None = None) -> OcrEngine:
    """The engine that `options` ask for, its models loaded here, on one thread. `OcrProcess` is the safe way.

    `work` is the folder of files that PaddleOCR needs (see `paddlefolder`). RuntimeError where something is missing.
    """
    # Each takes seconds of imports that the other ones do not need.
    if options.name is OcrName.PADDLEOCR:
        from pipeline.words.ocr.paddle import PaddleEngine  # noqa: PLC0415

        if work is None:
            raise ValueError("paddleocr needs a work folder, got None")
        return PaddleEngine(options, work)
    if options.name is OcrName.TESSERACT:
        from pipeline.words.ocr.tesseract import TesseractEngine  # noqa: PLC0415

        return TesseractEngine(options.models)
    from pipeline.words.ocr.rapid import RapidEngine  # noqa: PLC0415

    return RapidEngine(options.alphabet)


__all__ = ["Alphabet", "OcrDevice", "OcrEngine", "OcrName", "OcrOptions", "make_engine"]
