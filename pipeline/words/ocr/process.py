"""An OCR engine in a limited child: a page that takes too long or crashes it is rejected, and the next one is fine."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pipeline.limited import Budget, LimitedProcess
from pipeline.words.base import WordList
from pipeline.words.message import MAX_WORDS_BYTES, unpack_words
from pipeline.words.ocr import OcrDevice, OcrName, OcrOptions
from pipeline.words.ocr.base import OcrEngine
from pipeline.words.ocr.choice import models_digest
from pipeline.words.ocr.paddlefolder import prepare
from schemas.page import Engine

_MUCH = 1 << 46  # bytes: a driver of CUDA maps the addresses of all devices


class OcrProcess(OcrEngine):
    """The engine that `options` ask for. Its child starts with the first page, and stays until `close`.

    `models` is the digest that the engine's models must have, None for any.
    """

    def __init__(self, options: OcrOptions, budget: Budget, models: str | None = None) -> None:
        self._options = options
        self._budget = budget
        self._models = models
        self._work: TemporaryDirectory[str] | None = None
        self._started: LimitedProcess | None = None
        self._engine: Engine | None = None

    @property
    def pid(self) -> int | None:
        """Process number of the child that lives."""
        return self._started.pid if self._started is not None else None

    @property
    def engine(self) -> Engine:
        """As the child says; RuntimeError where it cannot start, as for want of a model: that is no fault of a page."""
        if self._engine is None:
            engine = Engine.model_validate(self._process().ready()["engine"])
            if self._models is not None and models_digest(engine.models) != self._models:
                raise RuntimeError(
                    f"the OCR models on this machine are not those of the dataset: {engine.name} has {engine.models}"
                )
            self._engine = engine
        return self._engine

    def read(self, picture: NDArray[np.uint8]) -> WordList:
        """Words of an H x W x 3 RGB picture; PageError where the child fails, even when it is tried again alone."""
        _ = self.engine  # before the first page: other models stop the run
        process = self._process()
        height, width, _ = picture.shape
        request = {"op": "read", "width": width, "height": height}
        body = np.ascontiguousarray(picture).data.cast("B")
        return process.insist(lambda: process.ask(request, body, unpack_words, MAX_WORDS_BYTES))

    def _process(self) -> LimitedProcess:
        if self._started is None:
            if self._options.name is OcrName.PADDLEOCR:
                self._work = TemporaryDirectory(prefix="pagemill-ocr-")
                prepare(Path(self._work.name), self._options)
            cuda = self._options.device is OcrDevice.CUDA
            budget = dataclasses.replace(self._budget, address_space=_MUCH) if cuda else self._budget
            settings = {"options": self._options.settings(), "work": self._work.name if self._work else None}
            self._started = LimitedProcess("pipeline.words.ocr.child", budget, settings, late=cuda)
        return self._started

    def close(self) -> None:
        """End the child, and remove what was written for it."""
        if self._started is not None:
            self._started.close()
            self._started = None
        if self._work is not None:
            self._work.cleanup()
            self._work = None
