"""From the recogniser's frames to words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.words.ocr.networks import Frames

_GAP = 3.0  # times the usual distance of two characters that is a space even if none was read
_GAP_AFTER = 2.0  # after a mark that ends something
_ENDING = frozenset(".,:;)=")


@dataclass(frozen=True)
class Reading:
    """Characters of a line, one entry each."""

    text: list[str]
    frame: NDArray[np.int64]  # the first that shows it
    last: NDArray[np.int64]
    probability: NDArray[np.float32]  # 0..1

    @property
    def confidence(self) -> float:
        """Mean over the characters, 0..1; 0 where there is none."""
        return float(self.probability.mean()) if self.text else 0.0


def decode(frames: Frames, characters: Sequence[str]) -> Reading:
    """Runs of equal frames are one character, blanks none."""
    number = frames.character
    starts = np.concatenate([[True], number[1:] != number[:-1]])
    ends = np.concatenate([number[1:] != number[:-1], [True]])
    shown = number != 0
    first, last = np.flatnonzero(starts & shown), np.flatnonzero(ends & shown)
    return Reading([characters[i] for i in number[first]], first, last, frames.probability[first])


def split(reading: Reading) -> list[slice]:
    """Words of a line, as slices of its characters, cut at spaces and at gaps that are as wide as one."""
    printed = np.array([character != " " for character in reading.text], dtype=bool)
    distance = np.diff(reading.frame[printed])
    usual = float(np.median(distance)) if len(distance) > 2 else float("inf")
    words: list[slice] = []
    begun: int | None = None
    for i, character in enumerate(reading.text):
        if character == " ":
            begun = None
            continue
        if begun is not None:
            before = reading.text[i - 1]
            widest = usual * (_GAP_AFTER if before in _ENDING else _GAP)
            if reading.frame[i] - reading.frame[i - 1] > widest:
                begun = None
        if begun is None:
            begun = i
            words.append(slice(i, i + 1))
        else:
            words[-1] = slice(begun, i + 1)
    return words
