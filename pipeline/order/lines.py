"""Words to lines by geometry: each word is linked to the nearest word on its right that shares its height.

Links over wide gaps are looked at again once it is known what stands left and right of them: a line's own spaces are
about as wide as each other, its parts stand level, and a gutter runs through the rows above and below, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.order.gaps import is_in_gutter
from pipeline.order.neighbours import nearest, to_the_right

_MAX_GAP = 1.1  # of the words' height: more is a column's or a cell's gap
_MIN_OVERLAP = 0.5  # of the lower word's height
_NEAR = 12  # words of a band that are looked at
_X_HEIGHT = 1.4  # times as high as a word without high letters its line may be
_WIDE = 0.6  # of the words' height: gaps that may be a gutter, where they stand above one another
_GUTTER = 1.3  # times as wide as the spaces of its line, a gutter is
_UNLIKE, _UNLIKE_GAP = 2.2, 0.7  # times as wide as the spaces of its line, and of the words' height: no space
_TORN = 0.9  # of the words' height: across a gap this wide what is left and right of it must stand level
_LEVEL = 0.75  # of the lower part's height
_BESIDE = 2  # words left and right of it, as one alone may have no high letters, and many go up and down
_STRIP = 8.0  # times as high as wide: text that runs down, and its neighbour is another line

Indices = NDArray[np.intp]


def group_lines(box: NDArray[np.float64]) -> NDArray[np.intp]:
    """Line number of each word; N x 4 boxes in units that compare in both directions. Numbers are arbitrary."""
    if not len(box):
        return np.zeros(0, dtype=np.intp)
    # Ties are broken by geometry alone, so that shuffling the input changes nothing.
    by_place = np.lexsort(box.T)
    here = box[by_place]
    heights = here[:, 3] - here[:, 1]
    usual = float(np.sort(heights)[len(box) // 2])
    left, right = _links(here, usual)
    chains = _chains(len(box), left, right)
    high = _line_height(np.maximum(heights[left], heights[right]), usual)
    if (here[right, 0] - here[left, 2] > _WIDE * high).any():
        chains = _parted(here, chains, left, right, high)
    line = np.empty(len(box), dtype=np.intp)
    line[by_place[[i for chain in chains for i in chain]]] = _numbers(chains)
    return line


def _numbers(chains: list[list[int]]) -> Indices:
    """Of each word of the chains, one after the other, which chain it is in."""
    return np.repeat(np.arange(len(chains)), list(map(len, chains)))


def _parted(
    box: NDArray[np.float64], chains: list[list[int]], left: Indices, right: Indices, high: NDArray[np.float64]
) -> list[list[int]]:
    """The chains without the links over gaps that are no space of a line; `high` is the height of each link's line."""
    number = np.empty(len(box), dtype=np.intp)
    number[[i for chain in chains for i in chain]] = _numbers(chains)
    gap = box[right, 0] - box[left, 2]
    space = _usual(number[left], gap)
    wide = gap > _WIDE * high
    gutter = wide & ((gap > _GUTTER * space) | np.isinf(space))
    ended = (gap > _UNLIKE_GAP * high) & (gap > _UNLIKE * space)
    ended[wide] |= gutter[wide] & is_in_gutter(box, left[wide], right[wide])
    ends = set(left[ended].tolist())
    torn = set(left[~ended & (gap > _TORN * high)].tolist())
    top, bottom = box[:, 1].tolist(), box[:, 3].tolist()
    pieces = [piece for chain in chains for piece in _split(chain, ends)]
    return [part for piece in pieces for part in _level(piece, torn, top, bottom)] if torn else pieces


def _chains(count: int, left: Indices, right: Indices) -> list[list[int]]:
    """The words of each chain of links, from left to right."""
    after = [-1] * count
    first = [True] * count
    for a, b in zip(left.tolist(), right.tolist(), strict=True):
        after[a] = b
        first[b] = False
    chains = []
    for i in range(count):
        if first[i]:
            chain = [i]
            while after[chain[-1]] >= 0:
                chain.append(after[chain[-1]])
            chains.append(chain)
    assert sum(map(len, chains)) == count, "a cycle of words"
    return chains


def _split(chain: list[int], ends: set[int]) -> list[list[int]]:
    """The chain in pieces that end with the words in `ends`."""
    if ends.isdisjoint(chain):
        return [chain]
    pieces: list[list[int]] = [[]]
    for i in chain:
        pieces[-1].append(i)
        if i in ends and i != chain[-1]:
            pieces.append([])
    return pieces


def _level(chain: list[int], torn: set[int], top: list[float], bottom: list[float]) -> list[list[int]]:
    """The chain in pieces, parted behind the words in `torn` where what is left and right of there is not level."""
    ends = set()
    for k in range(1, len(chain)):
        if chain[k - 1] in torn:
            sides = chain[max(k - _BESIDE, 0) : k], chain[k : k + _BESIDE]
            tops, bottoms = [min(top[i] for i in s) for s in sides], [max(bottom[i] for i in s) for s in sides]
            lower = min(b - t for t, b in zip(tops, bottoms, strict=True))
            if min(bottoms) - max(tops) < _LEVEL * lower:
                ends.add(chain[k - 1])
    return _split(chain, ends)


def _usual(chain: Indices, gap: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each gap the (lower) median of its chain's gaps; infinite where it is the only one."""
    order = np.lexsort((gap, chain))
    ordered = chain[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    counts = np.diff(starts, append=len(ordered))
    middle = gap[order[starts + (counts - 1) // 2]]
    usual = np.empty(len(gap))
    usual[order] = np.repeat(np.where(counts > 1, middle, np.inf), counts)
    return usual


def _line_height(height: NDArray[np.float64], usual: float) -> NDArray[np.float64]:
    """Height of lines with words so high: as much as is usual, as far as words without high letters allow."""
    return np.asarray(np.clip(usual, height, _X_HEIGHT * height), dtype=np.float64)


def _links(box: NDArray[np.float64], usual: float) -> tuple[Indices, Indices]:
    """Pairs (word, its right neighbour); no two words share one, and links go strictly right."""
    left, right = to_the_right(box, _NEAR, _MAX_GAP)
    gap = box[right, 0] - box[left, 2]
    same = _same_line(box[left], box[right], gap, usual)
    left, right, gap = left[same], right[same], gap[same]
    # On a page that leans a word of the next row may be as near to the right; it stands higher or lower. What is of
    # another size is on the same baseline, or a first letter many lines high at the top of the first of them.
    rise = np.abs(box[left] - box[right])
    distance = gap + np.minimum(rise[:, 1], rise[:, 3])
    # Of each word the nearest one, then of those who want the same one the nearest.
    kept = nearest(left, right, distance)
    left, right, distance = left[kept], right[kept], distance[kept]
    kept = nearest(right, left, distance)
    return left[kept], right[kept]


def _same_line(
    a: NDArray[np.float64], b: NDArray[np.float64], gap: NDArray[np.float64], usual: float
) -> NDArray[np.bool_]:
    """Whether words (N x 4) and those right of them (N x 4), `gap` apart, may stand on one line."""
    a_height, b_height = a[:, 3] - a[:, 1], b[:, 3] - b[:, 1]
    low, high = np.minimum(a_height, b_height), np.maximum(a_height, b_height)
    shared = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    down = (a_height > _STRIP * (a[:, 2] - a[:, 0])) & (b_height > _STRIP * (b[:, 2] - b[:, 0]))
    near = (gap <= _MAX_GAP * _line_height(high, usual)) & (gap >= -high)
    return np.asarray(near & (shared >= _MIN_OVERLAP * low) & ~down, dtype=np.bool_)
