"""Characters that were drawn twice, and words whose letters were set apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS = 250  # of the page: copies stand in one of them
_SHIFT = 0.3  # of a character's width and height between it and its copy
_THIN = 0.15  # of the height of what stands around, where that is more: full stops are small
_LEAST = 4  # letters of a word that was set apart
_EVEN = 0.2  # of the letters' height, by which gaps inside of a word differ
_WIDER = 1.6  # of a gap inside of a word: more is a gap between words
_WIDEST = 1.0  # of the letters' height: a gap inside of a word


def drawn_again(code: NDArray[np.uint32], box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each character lies on an earlier one that is the same, as where bold print is made by drawing twice.

    N codes, N x 4 boxes in units of the page's height. Characters of one glyph share a box and go together.
    """
    left, top, right, _ = box.T
    glyph = np.ones(len(code), np.bool_)
    glyph[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1]) | (top[1:] != top[:-1])
    head = np.flatnonzero(glyph)
    code, box = code[head], box[head]
    thin = _THIN * highest_around(box[:, 3] - box[:, 1], 4)
    again = _copies(code, box, thin, 0.0)
    if again.any():
        again |= _copies(code, box, thin, 0.5)  # copies across the border of two rows
        # One alone is a chance: texts that overlap.
        beside = np.concatenate([[False], again, [False]])
        again &= beside[:-2] | beside[2:]
    return np.asarray(again[np.cumsum(glyph) - 1], dtype=np.bool_)


def highest_around(height: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """The largest of each of N heights and the `reach` before and behind it: marks are low, letters beside are not."""
    padded = np.pad(height, reach, mode="edge")
    return np.asarray(np.max(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1))


def _copies(
    code: NDArray[np.uint32], box: NDArray[np.float64], thin: NDArray[np.float64], shift: float
) -> NDArray[np.bool_]:
    row = np.clip((box[:, 1] + box[:, 3]) * (_ROWS / 2) + shift, 0, 1023).astype(np.int64)
    # One number orders by character, row and place.
    key = (code.astype(np.int64) << 10 | row) << 32 | np.clip(box[:, 0] * (1 << 24), 0, (1 << 32) - 1).astype(np.int64)
    by_key = np.argsort(key, kind="stable")
    least = np.minimum(thin[by_key][1:], thin[by_key][:-1])
    again = np.zeros(len(code), np.bool_)
    near = np.concatenate([[False], np.diff(key[by_key] >> 32) == 0])
    for low, high in ((0, 2), (1, 3)):
        start, size = box[by_key, low], box[by_key, high] - box[by_key, low]
        allowed = np.maximum(_SHIFT * np.minimum(size[1:], size[:-1]), least)
        near[1:] &= np.abs(np.diff(start)) <= allowed
        if not near.any():
            return again  # nearly always
    again[:] = True
    again[np.minimum.reduceat(by_key, np.flatnonzero(~near))] = False
    return again


def join_spaced(
    code: NDArray[np.uint32], box: NDArray[np.float64], new_word: NDArray[np.bool_], new_line: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """`new_word` (N: whether each character begins a word, as the first does) without what begins inside a word.

    "C O N T R A C T" is one word: letters alone, of one kind, with even gaps no wider than they are high.
    """
    starts = np.flatnonzero(new_word)
    size = np.diff(starts, append=len(code))
    alone = (size == 1) & _is_letter(code[starts])
    # A run goes on as long as words of one letter follow on one line.
    run = np.cumsum(~alone | new_line[starts])
    number, first, count = np.unique(run[alone], return_index=True, return_counts=True)
    if not len(number) or count.max() < _LEAST:
        return new_word
    joined, begins = new_word.copy(), np.flatnonzero(alone)[first]
    # Gap before each word; none counts at the beginning of a line, and none to words of a single character.
    gap = np.append(np.where(new_line[starts], np.inf, box[starts, 0] - box[starts - 1, 2]), np.inf)
    longer = np.concatenate([[False], size > 1, [False]])
    for begin, end in zip(begins.tolist(), (begins + count).tolist(), strict=True):
        if end - begin < _LEAST:
            continue
        sides = [gap[side] for side, word in ((begin, begin), (end, end + 1)) if longer[word]]
        letters = starts[begin:end]
        joined[letters[_inside(code[letters], box[letters], min(sides, default=np.inf))]] = False
    return joined


def _is_letter(code: NDArray[np.uint32]) -> NDArray[np.bool_]:
    small = code | 0x20
    return np.asarray(((small >= 0x61) & (small <= 0x7A)) | ((code >= 0xC0) & (code < 0x530)), dtype=np.bool_)


def _inside(code: NDArray[np.uint32], box: NDArray[np.float64], beside: float) -> list[int]:
    """Which letters of a run continue the word of the letter before them; `beside` is the gap to a longer word."""
    text = "".join(map(chr, code.tolist()))
    gap = box[1:, 0] - box[:-1, 2]
    height = float(np.median(box[:, 3] - box[:, 1]))
    least = float(np.quantile(gap, 0.25))
    if not (text.isupper() or text.islower()) or not 0 < least <= _WIDEST * height or beside <= _WIDER * least:
        return []
    inside = gap <= _WIDER * least
    words = np.split(code.astype(np.int64), np.flatnonzero(~inside) + 1)
    if np.ptp(gap[inside]) > _EVEN * height or max(map(len, words)) < _LEAST or any(map(_is_list, words)):
        return []
    return [int(i) + 1 for i in np.flatnonzero(inside)]


def _is_list(code: NDArray[np.int64]) -> bool:
    """Whether letters are a row of the same one, or follow each other as in the alphabet."""
    step = np.diff(code)
    return len(code) >= _LEAST and (bool((step == 0).all()) or bool((step == 1).all()))
