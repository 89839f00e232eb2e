"""The default engine: the PP-OCR networks of RapidOCR's wheel on OpenVINO, and our own way from a picture to words."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.words.base import WordList, clean, no_words
from pipeline.words.ocr import crop, ink
from pipeline.words.ocr.alphabet import Alphabet
from pipeline.words.ocr.base import OcrEngine
from pipeline.words.ocr.crop import Crop
from pipeline.words.ocr.decode import Reading, decode, split
from pipeline.words.ocr.detect import find_lines
from pipeline.words.ocr.networks import Networks, Precision
from schemas.base import digest, sha256_hex
from schemas.page import Engine

_REVISION = 1  # of the way from picture to words; another number where its answers change
_SURE = 0.5  # mean probability of a line's characters; below it the line is no text
_TALL = 1.5  # heights to a length, from which a line may be one that is read from top to bottom
_MOST_PIXELS = 400_000  # of all lines' lengths together, ten times a full page: a picture of noise ends in time
_SAMPLE = 128  # frames of a page from which its script is told


@dataclass(frozen=True)
class _Line:
    crop: Crop
    reading: Reading
    state: NDArray[np.float32]


class RapidEngine(OcrEngine):
    """PP-OCR detection and recognition. A page's answer depends on that page alone: lines are read one by one."""

    def __init__(self, alphabet: Alphabet = Alphabet.LATIN, precision: Precision = Precision.AUTO) -> None:
        cv2.setNumThreads(1)
        self._networks = Networks(alphabet, precision)
        runtime = f"openvino-{version('openvino')}-{self._networks.precision.value}"
        config: dict[str, Any] = {"revision": _REVISION, "alphabet": alphabet.value, "opencv": cv2.__version__}
        self._engine = Engine(
            name="rapidocr",
            version=f"{version('rapidocr')}+{runtime}",
            models={path.name: sha256_hex(path.read_bytes()) for path in self._networks.paths},
            config=digest(config),
        )

    @property
    def engine(self) -> Engine:
        """Versions of RapidOCR, whose models they are, and of OpenVINO; its precision; both models."""
        return self._engine

    def read(self, picture: NDArray[np.uint8]) -> WordList:
        """Words with boxes around their ink; the line is the detector's.

        Features: `foreign_script`, the share 0..1 of a sample of the characters that are letters outside of the
        alphabet; `unread_lines`, where a page has more than can be read in time, the number of those left out.
        """
        lines: list[_Line] = []
        quads = find_lines(self._networks, picture)
        left = _MOST_PIXELS
        for quad in quads:
            if left <= 0:
                break
            lines.append(self._line(picture, quad))
            left -= lines[-1].crop.pixels.shape[1]
        features = {"foreign_script": self._foreign(lines)}
        if len(lines) < len(quads):
            features["unread_lines"] = float(len(quads) - len(lines))
        return _words(lines, picture.shape[1], picture.shape[0], features)

    def _line(self, picture: NDArray[np.uint8], quad: NDArray[np.float64]) -> _Line:
        """A tall line may be one letter or a line that is turned: the surer of both readings counts."""
        upright = self._read(crop.cut(picture, quad))
        if crop.proportion(quad) < _TALL:
            return upright
        turned = self._read(crop.cut(picture, quad, turned=True))
        return max(upright, turned, key=lambda line: line.reading.confidence)

    def _read(self, piece: Crop) -> _Line:
        frames = self._networks.recognise(piece.pixels)
        return _Line(piece, decode(frames, self._networks.characters), frames.state)

    def _foreign(self, lines: list[_Line]) -> float:
        if not lines:
            return 0.0
        states = np.concatenate([line.state for line in lines])
        chosen = np.unique(np.linspace(0, len(states) - 1, min(_SAMPLE, len(states))).astype(np.int64))
        return self._networks.foreign_share(states[chosen])


def _words(lines: list[_Line], width: int, height: int, features: dict[str, float]) -> WordList:
    text: list[str] = []
    box: list[NDArray[np.float64]] = []
    confidence: list[float] = []
    source_line: list[int] = []
    number = 0
    for line in lines:
        words = split(line.reading)
        if not words or line.reading.confidence < _SURE:
            continue
        begun = len(text)
        for word, place in zip(words, ink.word_boxes(line.crop.pixels, line.reading, words), strict=True):
            if cleaned := clean("".join(line.reading.text[word])):
                text.append(cleaned)
                box.append(line.crop.place(place))
                confidence.append(round(min(1.0, float(line.reading.probability[word].mean())), 4))
                source_line.append(number)
        number += len(text) > begun
    if not text:
        return no_words(features)
    scale = np.array([width, height, width, height], dtype=np.float64)
    return WordList(text, np.clip(np.stack(box) / scale, 0.0, 1.0), confidence, source_line, features)
