"""A page's layout: the order of its words, its lines with their boxes, and the blocks of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipeline.order.direction import is_from_the_right, logical, mirrored, standing_words, stood_up
from pipeline.order.lines import group_lines
from pipeline.order.script import RIGHT
from pipeline.order.skew import leans, slope_of_lines, straight, turned_back
from pipeline.order.weighed import weighed
from schemas.boxes import BoxTuple, to_tuples

_TURNS = 2  # lines of a page that leans much are found again once it is level, and say better how much that was
_BLOCK_GAP = 0.9  # of a line's height between the lines of a block
_BLOCK_SHARED = 0.3  # of the narrower line's width


@dataclass(frozen=True)
class Layout:
    """Everything in reading order: `order[k]` is the index of the k-th word, `line[k]` its line."""

    order: list[int]
    line: list[int]
    line_box: list[BoxTuple]
    block: list[int]  # of each line


def arrange(
    boxes: Sequence[Sequence[int]],
    aspect: float,
    source_line: Sequence[int] | None = None,
    letters: NDArray[np.intp] | None = None,
) -> Layout:
    """Lines, blocks and reading order of words with boxes 0..1000; `aspect` is the page's width over its height.

    `source_line` is the engine's own grouping, used as it is where it is given (an OCR engine's detector splits
    columns well); else lines are made from geometry. `letters` is what `letters_of` says about the words' texts:
    without it all is taken to be written from left to right.
    """
    if not len(boxes):
        return Layout([], [], [], [])
    box = np.fromiter(chain.from_iterable(boxes), np.float64, 4 * len(boxes)).reshape(-1, 4)
    # Both axes in thousandths of the page's height, so that gaps and heights compare.
    even = box * np.array([aspect, 1.0, aspect, 1.0])
    own_line = None if source_line is None else np.unique(source_line, return_inverse=True)[1]
    way, line, slope = lined(even, own_line, letters)
    by_line, starts = _by_line(line, way.along)
    even_lines = _around(straight(way.frame, slope or 0.0)[by_line], starts)
    sequence = weighed(even_lines, levelled=slope is not None)
    members = _members(by_line, starts)
    if letters is not None and letters[:, RIGHT].any():
        members = [m if way.standing[m[0]] else logical(m, letters, way.from_the_right) for m in members]
    return Layout(
        order=[i for k in sequence for i in members[k]],
        line=[number for number, k in enumerate(sequence) for _ in members[k]],
        line_box=to_tuples(_around(box[by_line], starts)[sequence].astype(np.int32)),
        block=_blocks(even_lines[sequence]),
    )


@dataclass(frozen=True)
class _Ways:
    """Which ways a page's writing goes; boxes are N x 4."""

    frame: NDArray[np.float64]  # the words on the page as its reader sees it: lines to the right, the next one below
    along: NDArray[np.float64]  # each word seen along its own line
    standing: NDArray[np.bool_]  # N: words in columns of characters
    from_the_right: bool  # most of the page is written so


def lined(
    even: NDArray[np.float64], own_line: NDArray[np.intp] | None = None, letters: NDArray[np.intp] | None = None
) -> tuple[_Ways, NDArray[np.intp], float | None]:
    """The ways of a page, the line of each word, and the slope of its lines; of a page that leans, once it is level.

    N x 4 boxes in units that compare in both directions; `own_line` is the engine's grouping.
    """
    for turns in range(_TURNS + 1):
        way = _ways(even, letters)
        line = _grouped(way) if own_line is None else own_line
        slope = slope_of_lines(way.frame, line)
        if slope is None or not leans(slope) or turns == _TURNS:
            break
        even = turned_back(even, -slope if way.from_the_right else slope)
    return way, line, slope


def _ways(even: NDArray[np.float64], letters: NDArray[np.intp] | None) -> _Ways:
    if letters is None:
        return _Ways(even, even, np.zeros(len(even), np.bool_), False)
    standing, in_columns = standing_words(even, letters)
    from_the_right = not in_columns and is_from_the_right(letters)
    frame = stood_up(even) if in_columns else mirrored(even) if from_the_right else even
    return _Ways(frame, np.where(standing[:, None], stood_up(even), even), standing, from_the_right)


def _grouped(way: _Ways) -> NDArray[np.intp]:
    """Line number of each word; those that stand in columns share none with those that lie in rows."""
    standing, lying = np.flatnonzero(way.standing), np.flatnonzero(~way.standing)
    if not len(standing) or not len(lying):
        return group_lines(way.along)
    line = np.empty(len(way.along), dtype=np.intp)
    line[lying] = group_lines(way.along[lying])
    line[standing] = group_lines(way.along[standing]) + line[lying].max() + 1
    return line


def _by_line(line: NDArray[np.intp], box: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(word indices line by line, each line's in the order of their left edges; where each line begins)."""
    by_line = np.lexsort((box[:, 3], box[:, 2], box[:, 1], box[:, 0], line))
    lines = line[by_line]
    return by_line, np.concatenate([[0], np.flatnonzero(lines[1:] != lines[:-1]) + 1])


def _members(by_line: NDArray[np.intp], starts: NDArray[np.intp]) -> list[list[int]]:
    """Word indices of each line."""
    words, begins = by_line.tolist(), starts.tolist()
    return [words[begin:end] for begin, end in zip(begins, [*begins[1:], len(words)], strict=True)]


def _around(box: NDArray[np.float64], starts: NDArray[np.intp]) -> NDArray[np.float64]:
    """Box around the boxes of each line; no line is without any."""
    low, high = np.minimum.reduceat(box[:, :2], starts), np.maximum.reduceat(box[:, 2:], starts)
    return np.hstack([low, high])


def _blocks(line_box: NDArray[np.float64]) -> list[int]:
    """Block of each line: a line stays in the block of the line before it when it stands right below it."""
    above, below = line_box[:-1], line_box[1:]
    height = np.minimum(above[:, 3] - above[:, 1], below[:, 3] - below[:, 1])
    gap = below[:, 1] - above[:, 3]
    shared = np.minimum(above[:, 2], below[:, 2]) - np.maximum(above[:, 0], below[:, 0])
    narrow = np.minimum(above[:, 2] - above[:, 0], below[:, 2] - below[:, 0])
    follows = (gap <= _BLOCK_GAP * height) & (gap > -height) & (shared >= _BLOCK_SHARED * narrow)
    return [0, *np.cumsum(~follows).astype(int).tolist()]
