"""The real PaddleOCR on ONNX Runtime, offline: from a local folder, or from the models in RapidOCR's wheel.

It cannot download anything: it is given folders for all that it uses, and its child has no network. `paddlefolder`
writes what it must find on the disk.
"""

from __future__ import annotations

import logging
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
import yaml
from numpy.typing import NDArray

from pipeline.words.base import WordList, clean, no_words
from pipeline.words.ocr.base import OcrEngine
from pipeline.words.ocr.choice import OcrDevice, OcrName, OcrOptions, model_digests
from schemas.base import digest
from schemas.page import Engine

_PARAMS: dict[str, Any] = {
    # Pages come upright, and boxes of an unwarped page would lie in another picture.
    "use_doc_orientation_classify": False,
    "use_doc_unwarping": False,
    "use_textline_orientation": False,
    "return_word_box": True,
    "engine": "onnxruntime",
    "device": "cpu",  # what ONNX Runtime uses stands in its own settings
}
# One thread fixes the sums, and more threads inside a model waste cores.
_RUNTIME: dict[str, Any] = {"intra_op_num_threads": 1, "inter_op_num_threads": 1}
_CUDA = "CUDAExecutionProvider"
# Sums that come out the same each time: no choosing of algorithms by stopwatch, no shortened floats. cuDNN's own choice
# is made anew for each width of a line, which took most of a page's time.
_CUDA_OPTIONS = {"cudnn_conv_algo_search": "DEFAULT", "use_tf32": "0"}
_Box = tuple[float, float, float, float]


class PaddleEngine(OcrEngine):
    """PaddleOCR. `work` is a folder that `prepare` in `paddlefolder` has made for these options."""

    def __init__(self, options: OcrOptions, work: Path) -> None:
        # Read when it is imported: it makes folders there, and asks the network which mirrors answer.
        os.environ["PADDLE_PDX_CACHE_HOME"] = str(work / "cache")
        os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
        cv2.setNumThreads(1)
        folders = {network: (options.models or work) / network for network in ("det", "rec")}
        runtime = dict(_RUNTIME)
        if options.device is OcrDevice.CUDA:
            # CUDA's libraries may lie beside it as packages, which are on no search path of the loader.
            onnxruntime.preload_dlls()
            runtime["providers"] = [_CUDA, "CPUExecutionProvider"]
            runtime["provider_options"] = [_CUDA_OPTIONS, {}]
            _require_cuda(folders["det"] / "inference.onnx")
        self._ocr = _load(folders, runtime)
        self._engine = Engine(
            name=OcrName.PADDLEOCR.value,
            version=f"{version('paddleocr')}+onnxruntime-{onnxruntime.__version__}-{options.device.value}",
            models=model_digests(options),
            config=digest(_PARAMS | runtime),
        )

    @property
    def engine(self) -> Engine:
        """Versions of PaddleOCR and ONNX Runtime, the device, and both models."""
        return self._engine

    def read(self, picture: NDArray[np.uint8]) -> WordList:
        """Words with boxes from the recogniser's columns; line and confidence are the detected line's."""
        height, width, _ = picture.shape
        result = self._ocr.predict(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[0]
        text: list[str] = []
        box: list[_Box] = []
        confidence: list[float] = []
        source_line: list[int] = []
        lines = zip(result["text_word"], result["text_word_region"], result["rec_scores"], strict=True)
        for pieces, quads, score in lines:
            words = _join(pieces, quads)
            number = source_line[-1] + 1 if source_line else 0
            for word, place in words:
                text.append(word)
                box.append(place)
                confidence.append(round(min(1.0, max(0.0, float(score))), 4))
                source_line.append(number)
        if not text:
            return no_words()
        scale = np.array([width, height, width, height], dtype=np.float64)
        return WordList(text, np.clip(np.array(box, dtype=np.float64) / scale, 0.0, 1.0), confidence, source_line)


def _join(pieces: list[str], quads: list[Any]) -> list[tuple[str, _Box]]:
    """Words of a line. It cuts at each change between letters and marks: what no space parts is one word again."""
    words: list[tuple[str, _Box]] = []
    joined = False
    for piece, quad in zip(pieces, quads, strict=False):  # it drops boxes of some pieces that are signs of Chinese
        if (part := clean(piece)) == "":
            joined = False
            continue
        points = np.asarray(quad, dtype=np.float64).reshape(-1, 2)
        place = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
        if joined and not piece[0].isspace():
            before, old = words[-1]
            words[-1] = (before + part, _around(old, place))
        else:
            words.append((part, place))
        joined = not piece[-1].isspace()
    return words


def _around(one: _Box, other: _Box) -> _Box:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def _load(folders: dict[str, Path], runtime: dict[str, Any]) -> Any:
    from paddleocr import PaddleOCR  # noqa: PLC0415 - only after its environment is set

    logging.getLogger("paddlex").setLevel(logging.CRITICAL)
    return PaddleOCR(
        text_detection_model_name=_model_name(folders["det"]),
        text_detection_model_dir=str(folders["det"]),
        text_recognition_model_name=_model_name(folders["rec"]),
        text_recognition_model_dir=str(folders["rec"]),
        engine_config=runtime,
        **_PARAMS,
    )


def _model_name(folder: Path) -> str:
    """What a model calls itself; another name for it is refused by PaddleOCR."""
    try:
        return str(yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))["Global"]["model_name"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as error:
        raise RuntimeError(f"{folder / 'inference.yml'} has no Global.model_name: {error}") from None


def _require_cuda(model: Path) -> None:
    """RuntimeError where ONNX Runtime would quietly compute on the CPU instead."""
    session = onnxruntime.InferenceSession(str(model), providers=[_CUDA])
    if session.get_providers()[0] != _CUDA:
        raise RuntimeError("--ocr-device cuda: ONNX Runtime has a CUDA provider, but cannot use a GPU here")
