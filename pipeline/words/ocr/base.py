"""What an OCR engine is to the rest: a picture in, words out."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from pipeline.words.base import WordList
from schemas.page import Engine


class OcrEngine(ABC):
    """Reads one upright page at a time on one thread; its answer depends on that page alone."""

    engine: Engine

    @abstractmethod
    def read(self, picture: NDArray[np.uint8]) -> WordList:
        """Words of an H x W x 3 RGB picture; none for a blank page."""
