"""The limited child that reads pictures: see `pipeline.limited`. The only process that loads an OCR engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.limited import PageError
from pipeline.limited.serve import Reply, serve
from pipeline.limited.wire import Bytes
from pipeline.words.message import pack_words
from pipeline.words.ocr import OcrOptions, make_engine
from schemas.manifest import Reason


class _Reader:
    """Holds one engine, which has proved that it works: what goes wrong later is the page's fault."""

    def __init__(self, settings: dict[str, Any]) -> None:
        work = settings["work"]
        self._engine = make_engine(OcrOptions.of(settings["options"]), Path(work) if work is not None else None)
        self._engine.read(_sample())

    def ready(self) -> dict[str, Any]:
        return {"engine": self._engine.engine.model_dump(mode="json")}

    def answer(self, request: dict[str, Any], body: Bytes) -> Reply:
        shape = (int(request["height"]), int(request["width"]), 3)
        picture: NDArray[np.uint8] = np.frombuffer(body, np.uint8).reshape(shape)
        try:
            return pack_words(self._engine.read(picture))
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - engines promise no kind of error; what has no memory says so in words
            last = " ".join(str(error).split())[-200:]
            raise PageError(Reason.KILLED, f"the OCR engine failed: {type(error).__name__}: {last}") from None


def _sample() -> NDArray[np.uint8]:
    """A word in black on white."""
    picture = np.full((240, 240, 3), 255, np.uint8)
    cv2.putText(picture, "Page 1", (20, 130), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 2)
    return picture


if __name__ == "__main__":
    serve(_Reader)
