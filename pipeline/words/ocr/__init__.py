"""OCR engines behind one small interface; one engine a file, chosen by name. They run in a limited child."""

from __future__ import annotations

from enum import StrEnum

from pipeline.words.ocr.alphabet import Alphabet
from pipeline.words.ocr.base import OcrEngine


class OcrName(StrEnum):
    """Engines that are there."""

    RAPIDOCR = "rapidocr"


def make_engine(name: OcrName, alphabet: Alphabet = Alphabet.LATIN) -> OcrEngine:
    """The engine called `name` in this process, its models loaded, on one thread. See `OcrProcess` for the safe way."""
    from pipeline.words.ocr.rapid import RapidEngine  # noqa: PLC0415 - seconds of imports that few callers need

    assert name is OcrName.RAPIDOCR
    return RapidEngine(alphabet)


__all__ = ["Alphabet", "OcrEngine", "OcrName", "make_engine"]
