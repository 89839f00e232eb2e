"""Words to lines by geometry: each word is linked to the nearest word on its right that shares its height."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

_MAX_GAP = 1.3  # of the words' height: more is a column's or a cell's gap
_MIN_OVERLAP = 0.5  # of the lower word's height
_WIDE_GAP, _WIDE_OVERLAP = 0.9, 0.8  # across a gap this wide words must stand level, or they are of two columns


def group_lines(box: NDArray[np.float64]) -> NDArray[np.intp]:
    """Line number of each word; N x 4 boxes in units that compare in both directions. Numbers are arbitrary."""
    count = len(box)
    # Ties are broken by geometry alone, so that shuffling the input changes nothing.
    by_place = np.lexsort(box.T)
    right = _links(box[by_place])
    line = np.full(count, -1, dtype=np.intp)
    linked = set(right.values())
    number = 0
    for i in range(count):
        if i in linked:
            continue  # not the first word of its line
        at: int | None = i
        while at is not None:
            line[by_place[at]] = number
            at = right.get(at)
        number += 1
    assert (line >= 0).all(), "a cycle of words"
    return line


def _links(box: NDArray[np.float64]) -> dict[int, int]:
    """Right neighbour of each word that has one; no two words share one, and links go strictly right."""
    bands = _bands(box)
    words: list[_Word] = [(a, b, c, d) for a, b, c, d in box.tolist()]
    wanted: list[tuple[float, int, int]] = []
    for i, word in enumerate(words):
        found = _nearest_right(words, bands, i)
        if found is not None:
            wanted.append((words[found][0] - word[2], i, found))
    links: dict[int, int] = {}
    taken: set[int] = set()
    for _, i, j in sorted(wanted):
        if j not in taken:
            links[i] = j
            taken.add(j)
    return links


_Word = tuple[float, float, float, float]
_Bands = tuple[float, dict[int, tuple[list[tuple[float, int]], list[float]]]]


def _bands(box: NDArray[np.float64]) -> _Bands:
    """Words by horizontal bands of the page, each sorted by its middle: what lies near is found without a search."""
    height = max(float(np.median(box[:, 3] - box[:, 1])), 1e-6)
    middle_y = (box[:, 1] + box[:, 3]) / 2
    middle_x = (box[:, 0] + box[:, 2]) / 2
    members: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for i, (x, y) in enumerate(zip(middle_x.tolist(), middle_y.tolist(), strict=True)):
        members[int(y // height)].append((x, i))
    return height, {band: (sorted(m), sorted(x for x, _ in m)) for band, m in members.items()}


def _nearest_right(words: list[_Word], bands: _Bands, i: int) -> int | None:
    height, members = bands
    x0, y0, x1, y1 = word = words[i]
    middle = (x0 + x1) / 2
    best: tuple[float, int] | None = None
    first = int((y0 - height / 2) // height)
    last = int(min(y1 + height / 2, y0 + 8 * height) // height)
    for band in range(first, last + 1):
        if band not in members:
            continue
        entries, xs = members[band]
        start = bisect_right(xs, middle)
        for _, j in entries[start : start + 12]:
            gap = words[j][0] - x1
            if _same_line(word, words[j], gap) and (best is None or (gap, j) < best):
                best = (gap, j)
    return best[1] if best else None


def _same_line(a: _Word, b: _Word, gap: float) -> bool:
    heights = (a[3] - a[1], b[3] - b[1])
    if gap > _MAX_GAP * max(heights) or gap < -max(heights):
        return False
    needed = _WIDE_OVERLAP if gap > _WIDE_GAP * max(heights) else _MIN_OVERLAP
    return min(a[3], b[3]) - max(a[1], b[1]) >= needed * min(heights)
