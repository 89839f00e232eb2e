"""A page's layout: the order of its words, its lines with their boxes, and the blocks of lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from pipeline.order.lines import group_lines
from pipeline.order.skew import level
from pipeline.order.weighed import weighed
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
    *,
    right_to_left: bool = False,
) -> Layout:
    """Lines, blocks and reading order of words with boxes 0..1000; `aspect` is the page's width over its height.

    `source_line` is the engine's own grouping, used as it is where it is given (an OCR engine's detector splits
    columns well); else lines are made from geometry. With `right_to_left` columns and the words of a line are read
    from the right.
    """
    if not len(boxes):
        return Layout([], [], [], [])
    box = np.fromiter(chain.from_iterable(boxes), np.float64, 4 * len(boxes)).reshape(-1, 4)
    # Both axes in thousandths of the page's height, so that gaps and heights compare.
    even = box * np.array([aspect, 1.0, aspect, 1.0])
    if right_to_left:
        even = mirrored(even)
    line = group_lines(even) if source_line is None else np.unique(source_line, return_inverse=True)[1]
    member, starts = _by_line(line, even)
    even_lines = _around(level(even, line)[member], starts)
    sequence = weighed(even_lines)
    ends = [*starts[1:].tolist(), len(member)]
    words, begins = member.tolist(), starts.tolist()
    return Layout(
        order=[i for k in sequence for i in words[begins[k] : ends[k]]],
        line=[number for number, k in enumerate(sequence) for _ in range(begins[k], ends[k])],
        line_box=to_tuples(_around(box[member], starts)[sequence].astype(np.int32)),
        block=_blocks(even_lines[sequence]),
    )


def mirrored(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """N x 4 boxes with left and right exchanged: what was read from the right is read from the left."""
    edge = box[:, 0].min() + box[:, 2].max()
    return np.stack([edge - box[:, 2], box[:, 1], edge - box[:, 0], box[:, 3]], axis=1)


def _by_line(line: NDArray[np.intp], box: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(indices of the words line by line, each line's from left to right; where each line begins among them)."""
    by_line = np.lexsort((box[:, 3], box[:, 2], box[:, 1], box[:, 0], line))
    lines = line[by_line]
    return by_line, np.concatenate([[0], np.flatnonzero(lines[1:] != lines[:-1]) + 1])


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
