"""A page's layout: the order of its words, its lines with their boxes, and the blocks of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.order.direction import is_from_the_right, logical, mirrored, standing_words, stood_up
from pipeline.order.lines import group_lines
from pipeline.order.skew import level
from pipeline.order.xycut import xycut
from schemas.boxes import BoxTuple, to_tuples

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
    box = np.asarray(boxes, dtype=np.float64)
    # Both axes in thousandths of the page's height, so that gaps and heights compare.
    even = box * np.array([aspect, 1.0, aspect, 1.0])
    way = _Ways(even, even, np.zeros(len(even), np.bool_), False) if letters is None else _ways(even, letters)
    line = _grouped(way) if source_line is None else np.unique(source_line, return_inverse=True)[1]
    members = _members(line, way.along)
    if letters is not None:
        members = [m if way.standing[m[0]] else logical(m, letters, way.from_the_right) for m in members]
    even_lines = _around(level(way.frame, line), members)
    sequence = xycut(even_lines)
    ordered = [members[i] for i in sequence]
    return Layout(
        order=[i for m in ordered for i in m],
        line=[number for number, m in enumerate(ordered) for _ in m],
        line_box=to_tuples(_around(box, ordered).astype(np.int32)),
        block=_blocks(even_lines[sequence]),
    )


@dataclass(frozen=True)
class _Ways:
    """Which ways a page's writing goes; boxes are N x 4."""

    frame: NDArray[np.float64]  # the words on the page as its reader sees it: lines to the right, the next one below
    along: NDArray[np.float64]  # each word seen along its own line
    standing: NDArray[np.bool_]  # N: words in columns of characters
    from_the_right: bool  # most of the page is written so


def _ways(even: NDArray[np.float64], letters: NDArray[np.intp]) -> _Ways:
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


def _members(line: NDArray[np.intp], box: NDArray[np.float64]) -> list[list[int]]:
    """Word indices of each line in the order of their left edges."""
    by_line = np.lexsort((box[:, 3], box[:, 2], box[:, 1], box[:, 0], line))
    starts = np.flatnonzero(np.diff(line[by_line])) + 1
    return [part.tolist() for part in np.split(by_line, starts)]


def _around(box: NDArray[np.float64], members: list[list[int]]) -> NDArray[np.float64]:
    """Box around the members of each line; no line is without any."""
    flat = box[np.concatenate(members)]
    starts = np.cumsum([0, *map(len, members[:-1])])
    low, high = np.minimum.reduceat(flat[:, :2], starts), np.maximum.reduceat(flat[:, 2:], starts)
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
