"""Members of a sample as arrays. Checked like the record that they are of, at a third of what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import Any

import cv2
import numpy as np
import orjson
from numpy.typing import NDArray

from schemas.base import MAX_JSON_BYTES
from schemas.boxes import UNIT
from schemas.sample import TimPlan, TrainSample

_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_LARGEST_SIDE = 8000  # pixels
_MOST_WORDS = 1 << 24  # of a page: no memory is taken for more
_KIND = TrainSample.model_fields["kind"].default


@dataclass(frozen=True)
class Stored:
    """`{key}.json` of a training shard. T tokens, L lines."""

    key: str
    ids_T: NDArray[np.int64]
    box_T4: NDArray[np.int64]
    word_T: NDArray[np.int64]
    line_T: NDArray[np.int64]
    line_box_L4: NDArray[np.int64]
    tim: list[dict[str, Any]]

    def plan(self, variant: int) -> TimPlan:
        """What a variant does to the picture."""
        return TimPlan.from_json(orjson.dumps(self.tim[variant]))


def decode_sample(data: bytes) -> Stored:
    """From the bytes of the record; ValueError naming the field that is not what it must be."""
    if len(data) > MAX_JSON_BYTES:
        raise ValueError(f"{len(data)} bytes of JSON, more than {MAX_JSON_BYTES}")
    try:
        record = orjson.loads(data)
        if record["schema"] != _KIND:
            raise ValueError(f"schema is {record['schema']!r}, expected {_KIND!r}")
        tokens = record["tokens"]
        stored = Stored(
            key=str(record["key"]),
            ids_T=_numbers("tokens.id", tokens["id"]),
            box_T4=_boxes("tokens.box", tokens["box"]),
            word_T=_numbers("tokens.word", tokens["word"]),
            line_T=_numbers("tokens.line", tokens["line"]),
            line_box_L4=_boxes("lines", record["lines"]),
            tim=list(record["tim"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"not the record of a sample: {type(error).__name__} {error}") from None
    _check(stored)
    return stored


def _numbers(name: str, values: list[Any]) -> NDArray[np.int64]:
    found = np.array(values) if values else np.zeros(0, dtype=np.int64)
    if found.dtype != np.int64 or found.ndim != 1 or (len(found) and int(found.min()) < 0):
        raise ValueError(f"{name}: not a list of numbers from 0")
    return found


def _boxes(name: str, values: list[list[Any]]) -> NDArray[np.int64]:
    if set(map(len, values)) - {4}:
        raise ValueError(f"{name}: not a list of boxes")
    found = _numbers(name, list(chain.from_iterable(values))).reshape(-1, 4)
    if len(found) and (int(found.max()) > UNIT or bool((found[:, :2] > found[:, 2:]).any())):
        raise ValueError(f"{name}: a box outside 0..{UNIT}, or turned over")
    return found


def _check(stored: Stored) -> None:
    count, lines = len(stored.ids_T), len(stored.line_box_L4)
    if not len(stored.box_T4) == len(stored.word_T) == len(stored.line_T) == count:
        raise ValueError("tokens: lists of different lengths")
    if count and int(stored.line_T.max()) >= lines:
        raise ValueError(f"tokens.line: a token names line {stored.line_T.max()} of {lines}")
    if count and int(stored.word_T.max()) >= _MOST_WORDS:
        raise ValueError(f"tokens.word: a token names word {stored.word_T.max()}, more than {_MOST_WORDS} are none")
    if not stored.tim:
        raise ValueError("tim: no variant")


def decode_png(data: bytes) -> NDArray[np.uint8]:
    """H x W x 3 (RGB) or, of a grey picture, H x W x 1.

    ValueError where it is no PNG of 8 bits, grey or in colours, or too large.
    OpenCV takes two thirds of the time that Pillow does.
    """
    if data[: len(_PNG)] != _PNG:
        raise ValueError("not a PNG picture")
    width, height = (int.from_bytes(data[place : place + 4], "big") for place in (16, 20))
    if not 0 < width <= _LARGEST_SIDE or not 0 < height <= _LARGEST_SIDE:
        raise ValueError(f"{width} x {height} pixels, more than {_LARGEST_SIDE} on a side or none")
    pixels = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint8:
        raise ValueError("a damaged PNG picture, or one of other than 8 bits")
    if pixels.ndim == 2:
        return np.asarray(pixels[:, :, None], dtype=np.uint8)
    if pixels.shape[2] != 3:
        raise ValueError(f"a PNG picture of {pixels.shape[2]} channels")
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), dtype=np.uint8)
