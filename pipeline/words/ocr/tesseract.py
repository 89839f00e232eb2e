"""Tesseract 5 through the C interface of its library, in this process.

The program `tesseract` would be a process of its own, which the child's filter on system calls refuses, and would
read the picture from a file or a pipe in one more format. The library is the same code, and the filter stays on.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.words.base import WordList, clean, no_words
from pipeline.words.ocr.base import OcrEngine
from pipeline.words.ocr.choice import OcrName, OcrOptions, load_library, model_digests, model_files
from schemas.base import digest
from schemas.page import Engine

_LSTM_ONLY = 1  # the older recogniser adapts itself to what it has read: a page would depend on those before it
_AUTOMATIC = 3  # page segmentation: columns and blocks are found, the page is upright
_PAPER = 11.7  # inches of a page's longer side: Tesseract wants a resolution, and guesses badly on small scans
_LEAST_DPI, _MOST_DPI = 70, 2400  # what it takes for one
_WORD = 5  # level of a row of its table
_COLUMNS = 12

_Handle = ctypes.c_void_p


class TesseractEngine(OcrEngine):
    """Tesseract on one thread. It uses all language data in `folder`; None: English, as installed."""

    def __init__(self, folder: Path | None = None) -> None:
        os.environ["OMP_THREAD_LIMIT"] = "1"  # before the library is loaded
        options = OcrOptions(name=OcrName.TESSERACT, models=folder)
        files = model_files(options)
        self._library = _typed_library()
        self._handle = _Handle(self._library.TessBaseAPICreate())
        languages = "+".join(path.stem for path in files.values())
        place = next(iter(files.values())).parent
        if self._library.TessBaseAPIInit2(self._handle, os.fsencode(place), languages.encode(), _LSTM_ONLY) != 0:
            raise RuntimeError(f"Tesseract cannot use its language data: {languages} in {place}")
        self._library.TessBaseAPISetPageSegMode(self._handle, _AUTOMATIC)
        self._engine = Engine(
            name=OcrName.TESSERACT.value,
            version=self._library.TessVersion().decode(),
            models=model_digests(options),
            config=digest({"languages": languages, "engine": _LSTM_ONLY, "segmentation": _AUTOMATIC, "paper": _PAPER}),
        )

    @property
    def engine(self) -> Engine:
        """Version of the library and its language data."""
        return self._engine

    def read(self, picture: NDArray[np.uint8]) -> WordList:
        """Words, lines and confidences as Tesseract has them; its line is the source line."""
        height, width, channels = picture.shape
        pixels = np.ascontiguousarray(picture)
        api, handle = self._library, self._handle
        api.TessBaseAPISetImage(
            handle, pixels.ctypes.data_as(ctypes.c_char_p), width, height, channels, width * channels
        )
        dots = round(max(width, height) / _PAPER)
        api.TessBaseAPISetSourceResolution(handle, min(_MOST_DPI, max(_LEAST_DPI, dots)))
        try:
            if api.TessBaseAPIRecognize(handle, None) != 0:
                raise RuntimeError("Tesseract gave up on the page")
            return _words(self._table(), width, height)
        finally:
            api.TessBaseAPIClear(handle)

    def _table(self) -> str:
        pointer = self._library.TessBaseAPIGetTsvText(self._handle, 0)
        if not pointer:
            return ""
        try:
            return ctypes.string_at(pointer).decode("utf-8", errors="replace")
        finally:
            self._library.TessDeleteText(pointer)

    def close(self) -> None:
        """Give its memory back; it cannot read any more."""
        if self._handle:
            self._library.TessBaseAPIDelete(self._handle)
            self._handle = _Handle()


def _typed_library() -> ctypes.CDLL:
    """Tesseract's library with the types of what is called."""
    library = load_library()
    text, number = ctypes.c_char_p, ctypes.c_int
    for name, result, arguments in (
        ("TessVersion", text, []),
        ("TessBaseAPICreate", _Handle, []),
        ("TessBaseAPIDelete", None, [_Handle]),
        ("TessBaseAPIInit2", number, [_Handle, text, text, number]),
        ("TessBaseAPISetPageSegMode", None, [_Handle, number]),
        ("TessBaseAPISetImage", None, [_Handle, text, number, number, number, number]),
        ("TessBaseAPISetSourceResolution", None, [_Handle, number]),
        ("TessBaseAPIRecognize", number, [_Handle, ctypes.c_void_p]),
        ("TessBaseAPIGetTsvText", ctypes.c_void_p, [_Handle, number]),
        ("TessBaseAPIClear", None, [_Handle]),
        ("TessDeleteText", None, [ctypes.c_void_p]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def _words(table: str, width: int, height: int) -> WordList:
    """Rows of words: level, page, block, paragraph, line, word, left, top, width, height, confidence, text."""
    text: list[str] = []
    box: list[tuple[float, float, float, float]] = []
    confidence: list[float] = []
    source_line: list[int] = []
    lines: dict[tuple[str, ...], int] = {}
    for row in table.split("\n"):
        cells = row.split("\t", _COLUMNS - 1)
        if len(cells) != _COLUMNS or int(cells[0]) != _WORD or not (word := clean(cells[-1])):
            continue
        left, top, wide, high = (int(cell) for cell in cells[6:10])
        text.append(word)
        box.append((left / width, top / height, (left + wide) / width, (top + high) / height))
        confidence.append(round(min(1.0, max(0.0, float(cells[10]) / 100)), 4))
        source_line.append(lines.setdefault(tuple(cells[1:5]), len(lines)))
    if not text:
        return no_words()
    return WordList(text, np.clip(np.array(box, dtype=np.float64), 0.0, 1.0), confidence, source_line)
