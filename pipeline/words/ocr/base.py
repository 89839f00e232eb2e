"""What an OCR engine is to the rest: a picture in, words out."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from pipeline.words.base import WordList
from schemas.page import Engine


class OcrEngine(ABC):
    """Reads one upright page at a time on one thread; its answer depends on that page alone."""

    @property
    @abstractmethod
    def engine(self) -> Engine:
        """Name, version, models and configuration, for the record of each page."""

    @abstractmethod
    def read(self, picture: NDArray[np.uint8]) -> WordList:
        """Words of an H x W x 3 RGB picture; none for a blank page. PageError where it cannot be read."""

    def close(self) -> None:  # noqa: B027 - what runs in this process holds nothing
        """Give back what it holds; a further `read` may take it again."""
