"""Word boxes from the ink of a line: the recogniser's frames are eight pixels wide, and know no heights."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.words.ocr.decode import Reading
from pipeline.words.ocr.networks import FRAME, LINE_HEIGHT

_RULE = 0.9  # share of a row's pixels that only a ruled line has
_RULED_FROM = 96  # pixels of width: in a shorter crop a dash may be as long
_JOINED = 5  # empty rows that part a dot or an accent from its letter
_BAND = slice(14, 34)  # rows that the letters of a line cross


def word_boxes(line: NDArray[np.uint8], reading: Reading, words: list[slice]) -> NDArray[np.float64]:
    """N x 4 boxes (left, top, right, bottom) in pixels of a 48 x W x 3 line."""
    ink = _ink(line)
    edges = _edges(ink, reading, words)
    return np.array([(left, *_rows(ink[:, left:right]), right) for left, right in edges], dtype=np.float64)[
        :, [0, 1, 3, 2]
    ]


def _ink(line: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """What is not paper: the rarer side of the grey values, without ruled lines."""
    grey = cv2.cvtColor(line, cv2.COLOR_RGB2GRAY)
    _, light = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    ink = np.asarray(light == 0)
    if ink.mean() > 0.5:
        ink = ~ink
    if ink.shape[1] >= _RULED_FROM:
        ink[ink.mean(axis=1) > _RULE] = False
    return ink


def _edges(ink: NDArray[np.bool_], reading: Reading, words: list[slice]) -> list[tuple[int, int]]:
    """Left and right of each word: the widest gap of ink between its neighbours' letters and its own."""
    width = ink.shape[1]
    inked: NDArray[np.bool_] = np.asarray(ink.any(axis=0))
    starts = [int((reading.frame[word.start] + 0.5) * FRAME) for word in words]
    ends = [int((reading.last[word.stop - 1] + 0.5) * FRAME) for word in words]
    limits = [min(width, max(0, middle)) for middle in (starts[0] - 3 * FRAME, ends[-1] + 3 * FRAME)]
    first = _first_ink(inked, limits[0], min(starts[0], width))
    last = width - _first_ink(inked[::-1], width - limits[1], width - min(ends[-1], width))
    gaps = [_gap(inked, left, right) for left, right in zip(ends[:-1], starts[1:], strict=True)]
    lefts, rights = [first, *(right for _, right in gaps)], [*(left for left, _ in gaps), last]
    return [(min(left, width - 1), min(max(right, left + 1), width)) for left, right in zip(lefts, rights, strict=True)]


def _first_ink(inked: NDArray[np.bool_], start: int, stop: int) -> int:
    found = np.flatnonzero(inked[start:stop])
    return start + int(found[0]) if len(found) else start


def _gap(inked: NDArray[np.bool_], start: int, stop: int) -> tuple[int, int]:
    """First and one past the last column of the widest gap in a part; its middle twice where there is none."""
    padded = np.concatenate([[True], inked[start:stop], [True]])
    turns = np.flatnonzero(np.diff(padded))
    if not len(turns):
        return (start + stop) // 2, (start + stop) // 2
    lengths = turns[1::2] - turns[::2]
    widest = int(lengths.argmax())
    return start + int(turns[2 * widest]), start + int(turns[2 * widest + 1])


def _rows(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """Top and bottom of a word: the rows with ink that hang together with its middle; those of other lines do not."""
    rows = ink.any(axis=1)
    if not rows.any():
        return 0, LINE_HEIGHT
    padded = np.concatenate([[False], rows, [False]])
    turns = np.flatnonzero(np.diff(padded))
    runs = list(zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True))
    core = [run for run in runs if run[0] < _BAND.stop and run[1] > _BAND.start]
    if not core:
        return runs[0][0], runs[-1][1]
    top, bottom = core[0][0], core[-1][1]
    for start, stop in reversed(runs):
        if stop <= top and top - stop <= _JOINED and start > 0:
            top = start
    for start, stop in runs:
        if start >= bottom and start - bottom <= _JOINED and stop < LINE_HEIGHT:
            bottom = stop
    return top, bottom
