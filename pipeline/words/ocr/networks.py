"""The two PP-OCR networks in RapidOCR's wheel, on OpenVINO and one thread: where text is, and what a line says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino
from numpy.typing import NDArray
from openvino import opset13 as ops

from pipeline.words.ocr.alphabet import Alphabet, is_foreign, kept

LINE_HEIGHT = 48  # pixels of a line that is recognised
FRAME = 8  # columns of pixels that one frame of the recogniser stands for

_DETECTION, _RECOGNITION = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
_MULTIPLE = 32  # of the sides of what a network sees: fewer shapes have to be prepared, at little waste
_HANDICAP = 2.0  # logits that a character beyond ASCII must be better by: dirt makes accents
_SHAPES = 20_000  # prepared primitives that are kept, a few hundred for each shape


class Precision(StrEnum):
    """Of the networks' sums. `AUTO` takes bfloat16 where the processor has instructions for it, else float32."""

    AUTO = "auto"
    F32 = "f32"
    BF16 = "bf16"


@dataclass(frozen=True)
class Frames:
    """What the recogniser saw, a frame each."""

    character: NDArray[np.int64]  # its number in the alphabet; 0 is the blank
    probability: NDArray[np.float32]  # 0..1
    state: NDArray[np.float32]  # frames x channels, from which the last layer is computed


class Networks:
    """Both networks, ready. `characters` is the alphabet; RuntimeError where a model is missing."""

    def __init__(self, alphabet: Alphabet, precision: Precision) -> None:
        core = openvino.Core()
        self.paths = _paths()
        fast = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision = (Precision.BF16 if fast else Precision.F32) if precision is Precision.AUTO else precision
        reader = core.read_model(self.paths[1])
        every = ["", *reader.get_rt_info(["framework", "character"]).astype(str).split("\n"), " "]
        self._weight, self._bias, state = _last_layer(reader)
        if len(every) != len(self._bias):
            raise RuntimeError(f"{self.paths[1]}: {len(every)} characters for {len(self._bias)} outputs")
        columns = kept(every, alphabet)
        self.characters = [every[i] for i in columns]
        self._foreign = np.array([is_foreign(c) for c in every])
        self._complete = alphabet is Alphabet.ALL
        beyond = np.array([bool(c) and ord(c[0]) > 126 for c in self.characters], dtype=np.float32)
        handicap = np.float32(0.0 if self._complete else _HANDICAP)
        cut = _cut(reader, state, self._weight[:, columns], self._bias[columns] - handicap * beyond)
        self._recognise = self._compiled(core, cut)
        self._detect = self._compiled(core, core.read_model(self.paths[0]))

    def _compiled(self, core: Any, model: Any) -> Any:
        settings = {
            "INFERENCE_PRECISION_HINT": self.precision.value,
            "INFERENCE_NUM_THREADS": 1,
            "NUM_STREAMS": 1,
            "ENABLE_CPU_PINNING": False,
            "CPU_RUNTIME_CACHE_CAPACITY": _SHAPES,
        }
        return core.compile_model(model, "CPU", settings).create_infer_request()

    def detect(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probability 0..1 that a pixel of an H x W x 3 RGB picture belongs to a line of text, H x W."""
        height, width = picture.shape[:2]
        padded = cv2.copyMakeBorder(
            picture, 0, -height % _MULTIPLE, 0, -width % _MULTIPLE, cv2.BORDER_REPLICATE
        )  # fmt: skip
        (found,) = _infer(self._detect, _blob(padded))
        if found.shape[2:] != padded.shape[:2]:
            raise MemoryError
        return np.array(found[0, 0, :height, :width], dtype=np.float32)

    def recognise(self, line: NDArray[np.uint8]) -> Frames:
        """Read a 48 x W x 3 RGB line."""
        width = line.shape[1]
        blob = np.zeros((1, 3, LINE_HEIGHT, width + -width % _MULTIPLE), np.float32)
        blob[..., :width] = _blob(line)
        character, probability, state = _infer(self._recognise, blob)
        if state.shape[1] != blob.shape[3] // FRAME:
            raise MemoryError
        return Frames(character[0, :, 0].astype(np.int64), probability[0, :, 0].copy(), state[0].copy())

    def foreign_share(self, states: NDArray[np.float32]) -> float:
        """Share 0..1 of the characters in some frames' states that are letters outside of the alphabet."""
        if self._complete or not len(states):
            return 0.0
        best = (states @ self._weight + self._bias).argmax(axis=1)
        characters = best[best != 0]
        return round(float(self._foreign[characters].mean()), 4) if len(characters) else 0.0


def _paths() -> tuple[Path, Path]:
    """The models' files; the package is looked up without being imported, which would take a second."""
    found = find_spec("rapidocr")
    folder = Path(found.origin).parent / "models" if found is not None and found.origin else Path("rapidocr")
    paths = (folder / _DETECTION, folder / _RECOGNITION)
    for path in paths:
        if not path.is_file():
            raise RuntimeError(f"RapidOCR's model {path.name} is missing from {folder}: install the package again")
    return paths


def _last_layer(model: Any) -> tuple[NDArray[np.float32], NDArray[np.float32], Any]:
    """Weight and bias of the layer that gives each character its logit, and the output that it is fed with."""
    node = model.get_results()[0].input_value(0).get_node()  # softmax
    adding = _source(node, "Add")
    product = _source(adding, "MatMul")
    bias, weight = (_constant(at) for at in (adding.input_value(1), product.input_value(1)))
    return weight, bias, product.input_value(0)


def _source(node: Any, kind: str) -> Any:
    source = node.input_value(0).get_node()
    while source.get_type_name() == "Identity":
        source = source.input_value(0).get_node()
    if source.get_type_name() != kind:
        raise RuntimeError(f"the recogniser ends otherwise than expected: {source.get_type_name()} for {kind}")
    return source


def _constant(output: Any) -> NDArray[np.float32]:
    return np.array(output.get_node().get_data(), dtype=np.float32)


def _cut(model: Any, state: Any, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> Any:
    """The recogniser with another last layer: best character, its probability, state."""
    logits = ops.add(ops.matmul(state, ops.constant(weight), False, False), ops.constant(bias))
    best = ops.topk(ops.softmax(logits, 2), ops.constant(1), 2, "max", "value")
    results = [ops.result(best.output(1)), ops.result(best.output(0)), ops.result(state)]
    return openvino.Model(results, model.get_parameters(), "recogniser")


def _infer(request: Any, blob: NDArray[np.float32]) -> list[NDArray[Any]]:
    """Views of a network's outputs, which the next call overwrites; MemoryError where they were not computed.

    Under an address-space limit OpenVINO was seen to return without a word, with the outputs of the call before.
    """
    outputs = range(len(request.model_outputs))
    for i in outputs:
        _last(request.get_output_tensor(i).data).fill(np.nan)
    request.set_input_tensor(openvino.Tensor(blob, shared_memory=True))
    request.infer()
    found = [request.get_output_tensor(i).data for i in outputs]
    if any(np.isnan(_last(values)).any() for values in found):
        raise MemoryError
    return found


def _last(values: NDArray[Any]) -> NDArray[np.float32]:
    """The last value of an array of floats, to write to; nothing of an array of numbers, or of an empty one."""
    flat = values.reshape(-1)[-1:]
    return flat if flat.dtype == np.float32 else np.empty(0, np.float32)


def _blob(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """1 x 3 x H x W in -1..1, blue first, as the networks were trained."""
    blob = cv2.dnn.blobFromImage(picture, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True)
    return np.asarray(blob, dtype=np.float32)
