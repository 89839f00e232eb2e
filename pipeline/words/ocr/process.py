"""An OCR engine in a limited child: a page that takes too long or crashes it is rejected, and the next one is fine."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.limited import Budget, LimitedProcess
from pipeline.words.base import WordList
from pipeline.words.message import MAX_WORDS_BYTES, unpack_words
from pipeline.words.ocr import Alphabet, OcrName
from pipeline.words.ocr.base import OcrEngine
from schemas.page import Engine


class OcrProcess(OcrEngine):
    """The engine called `name`. Its child starts with the first page, and stays until `close`."""

    def __init__(self, name: OcrName, budget: Budget, alphabet: Alphabet = Alphabet.LATIN) -> None:
        settings = {"engine": name.value, "alphabet": alphabet.value}
        self._process = LimitedProcess("pipeline.words.ocr.child", budget, settings)
        self._engine: Engine | None = None

    @property
    def pid(self) -> int | None:
        """Process number of the child that lives."""
        return self._process.pid

    @property
    def engine(self) -> Engine:
        """As the child says; RuntimeError where it cannot start, as for want of a model: that is no fault of a page."""
        if self._engine is None:
            self._engine = Engine.model_validate(self._process.ready()["engine"])
        return self._engine

    def read(self, picture: NDArray[np.uint8]) -> WordList:
        """Words of an H x W x 3 RGB picture; PageError where the child fails, even when it is tried again alone."""
        height, width, _ = picture.shape
        request = {"op": "read", "width": width, "height": height}
        body = np.ascontiguousarray(picture).data.cast("B")
        return self._process.insist(lambda: self._process.ask(request, body, unpack_words, MAX_WORDS_BYTES))

    def close(self) -> None:
        """End the child."""
        self._process.close()
