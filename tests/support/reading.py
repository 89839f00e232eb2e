"""What tests of OCR engines share: small pictures of text, and how far an engine's words are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import reportlab
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.words import WordList
from schemas.truth import TruthWord


def note(*texts: str, width: int = 320, height: int = 110) -> NDArray[np.uint8]:
    """Lines of text on white, `height` pixels each, H x W x 3."""
    picture = Image.new("RGB", (width, height * len(texts)), "white")
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), 24)
    for i, text in enumerate(texts):
        ImageDraw.Draw(picture).text((15, height * i + height // 2), text, "black", font, anchor="lm")
    return np.asarray(picture)


def check_read(found: WordList, truth: Sequence[TruthWord], share: float) -> list[float]:
    """At least `share` of the words are there, and as many of those that are there are right.

    Returns how far each true word's box is from the nearest one with its text, in thousandths of the page.
    """
    right = sum((Counter(word.text for word in truth) & Counter(found.text)).values())
    assert right / len(truth) > share
    assert right / len(found) > share
    assert ((found.box >= 0) & (found.box <= 1)).all()
    assert all(0 <= confidence <= 1 for confidence in found.confidence)
    away = []
    for word in truth:
        same = [box for text, box in zip(found.text, found.box, strict=True) if text == word.text]
        if same:
            away.append(float(min(np.abs(box * 1000 - word.box).max() for box in same)))
    return away
