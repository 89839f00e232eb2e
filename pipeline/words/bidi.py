"""Right-to-left words of a text layer: characters by where they stand, then as a reader types them.

UAX 9 in spirit, for single words: letters from right to left, numbers and foreign letters inside from left to right.
What the file's order says is not asked: some files have it as it looks, some as it is typed, and pdfium turns some.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_LAM, _ALEFS = 0x0644, frozenset({0x0622, 0x0623, 0x0625, 0x0627})
_LEFT_TO_RIGHT = re.compile(r"[LN][LN.]*[LN]|[LN]")
_RIGHT_TO_LEFT = re.compile(r"R[R.N]*R|R")
_CLASSES = {"R": "R", "AL": "R", "L": "L", "EN": "N", "AN": "N"}


def from_the_right(code: NDArray[np.uint32], box: NDArray[np.float64], run: NDArray[np.intp]) -> NDArray[np.intp]:
    """Indices of the characters (N codes, N x 4 boxes) with those of each run from right to left.

    `run` is N numbers in rising order, -1 where a character is to stay where it is. A mark follows the letter that
    it stands on, and characters of one glyph (with one box) stay together in their order.
    """
    heads = _heads(code, box)
    place = np.arange(len(code))
    borders = np.flatnonzero(np.diff(run, prepend=-1, append=-1)).tolist()
    for start, end in pairwise(borders):
        if run[start] >= 0:
            place[start:end] = start + _sorted(code[start:end], box[start:end], heads[start:end])
    return place


def _heads(code: NDArray[np.uint32], box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each character begins a glyph: not where it has the box of the one before it."""
    same = (box[1:] == box[:-1]).all(axis=1)
    return np.concatenate([[True], ~same])


def _is_mark(code: int) -> bool:
    return unicodedata.category(chr(code)) in {"Mn", "Me"}


def _sorted(code: NDArray[np.uint32], box: NDArray[np.float64], heads: NDArray[np.bool_]) -> NDArray[np.intp]:
    middle = (box[:, 0] + box[:, 2]) / 2
    glyph = np.cumsum(np.concatenate([[True], heads[1:]])) - 1
    first = np.searchsorted(glyph, glyph)
    marks = np.bincount(glyph, [_is_mark(c) for c in code.tolist()])
    mark = (marks == np.bincount(glyph))[glyph]
    if mark.all():
        return np.asarray(np.lexsort((np.arange(len(code)), -middle)), dtype=np.intp)
    # A mark counts as being where the nearest letter is.
    place = np.where(mark, _nearest(middle, np.unique(middle[~mark])), middle)
    # Pieces of a glyph stay behind its first one.
    return np.asarray(np.lexsort((np.arange(len(code)), first, mark, -place)), dtype=np.intp)


def _nearest(value: NDArray[np.float64], among: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each value the nearest of some, which are sorted."""
    above = np.searchsorted(among, value)
    high, low = among[above.clip(max=len(among) - 1)], among[(above - 1).clip(min=0)]
    return np.where(np.abs(high - value) < np.abs(value - low), high, low)


def logical(code: list[int], box: NDArray[np.float64]) -> list[int]:
    """A word's characters, given from right to left, as they are typed."""
    clusters: list[list[int]] = []
    for glyph in _glyphs(code, box):
        if clusters and all(map(_is_mark, glyph)):
            clusters[-1] += glyph
        else:
            clusters.append(_typed(glyph))
    kinds = "".join(_class(cluster[0]) for cluster in clusters)
    right = sum(kind == "R" for kind in kinds) >= sum(kind == "L" for kind in kinds)
    if not right:
        clusters.reverse()
        kinds = kinds[::-1]
    for found in (_LEFT_TO_RIGHT if right else _RIGHT_TO_LEFT).finditer(kinds):
        clusters[found.start() : found.end()] = clusters[found.start() : found.end()][::-1]
    return [character for cluster in clusters for character in cluster]


def _glyphs(code: list[int], box: NDArray[np.float64]) -> Iterator[list[int]]:
    """The characters in pieces that have one box."""
    starts = np.flatnonzero(_heads(np.array(code), box)).tolist()
    for start, end in pairwise([*starts, len(code)]):
        yield code[start:end]


def _typed(glyph: list[int]) -> list[int]:
    """Characters of one glyph as they are typed. pdfium has turned them, but where it took a ligature's code apart.

    Of those only lam with alef is frequent, and no glyph is alef with lam.
    """
    if len(glyph) == 1 or any(_class(c) != "R" and not _is_mark(c) for c in glyph):
        return glyph
    letters = [c for c in glyph if not _is_mark(c)]
    in_order = len(letters) < 2 or (letters[0] == _LAM and letters[1] in _ALEFS)
    return glyph if in_order and not (letters and _is_mark(glyph[0])) else glyph[::-1]


def _class(code: int) -> str:
    return _CLASSES.get(unicodedata.bidirectional(chr(code)), ".")
