"""Characters that were drawn twice, and words whose letters were set apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROWS = 250  # of the page: copies stand in one of them
_SHIFT, _THIN = (
    0.3,
    0.15,
)  # of a character's width between it and its copy; of the page's median height, where that is more
_LEAST = 4  # letters of a word that was set apart
_EVEN, _WIDER = (
    0.2,
    1.6,
)  # gaps of one word differ by this part of the letters' height; a new word's gap is so much wider
_WIDEST = 1.0  # of the letters' height: a gap between letters of one word


def drawn_again(code: NDArray[np.uint32], box: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each character lies on an earlier one that is the same, as where bold print is made by drawing twice.

    N codes, N x 4 boxes in units of the page's height. Characters of one glyph share a box and go together.
    """
    left, top, right, _ = box.T
    glyph = np.ones(len(code), np.bool_)
    glyph[1:] = (left[1:] != left[:-1]) | (right[1:] != right[:-1]) | (top[1:] != top[:-1])
    head = np.flatnonzero(glyph)
    code, box = code[head], box[head]
    thin = _THIN * float(np.median(box[:, 3] - box[:, 1]))
    again = _copies(code, box, thin, 0.0)
    if again.any():
        again |= _copies(code, box, thin, 0.5)  # copies across the border of two rows
    return np.asarray(again[np.cumsum(glyph) - 1], dtype=np.bool_)


def _copies(code: NDArray[np.uint32], box: NDArray[np.float64], thin: float, shift: float) -> NDArray[np.bool_]:
    row = np.clip((box[:, 1] + box[:, 3]) * (_ROWS / 2) + shift, 0, 1023).astype(np.int64)
    # One number orders by character, row and place.
    key = (code.astype(np.int64) << 10 | row) << 32 | np.clip(box[:, 0] * (1 << 24), 0, (1 << 32) - 1).astype(np.int64)
    by_key = np.argsort(key)
    key, left = key[by_key] >> 32, box[by_key, 0]
    width = box[by_key, 2] - left
    again = np.zeros(len(code), np.bool_)
    near = key[1:] == key[:-1]
    near &= left[1:] - left[:-1] <= np.maximum(_SHIFT * np.minimum(width[1:], width[:-1]), thin)
    if not near.any():
        return again
    starts = np.flatnonzero(np.concatenate([[True], ~near]))
    again[:] = True
    again[np.minimum.reduceat(by_key, starts)] = False
    return again


def join_spaced(
    code: NDArray[np.uint32], box: NDArray[np.float64], new_word: NDArray[np.bool_], new_line: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """`new_word` (N, whether each character begins a word) without the beginnings inside of words set apart.

    "C O N T R A C T" is one word: letters alone, of one kind, with even gaps no wider than they are high.
    """
    starts = np.flatnonzero(new_word | (np.arange(len(code)) == 0))
    alone = (np.diff(starts, append=len(code)) == 1) & _is_letter(code[starts])
    # A run goes on as long as words of one letter follow on one line.
    run = np.cumsum(~alone | new_line[starts])
    number, first, count = np.unique(run[alone], return_index=True, return_counts=True)
    if not len(number) or count.max() < _LEAST:
        return new_word
    joined, at = new_word.copy(), np.flatnonzero(alone)
    for begin, size in zip(first[count >= _LEAST].tolist(), count[count >= _LEAST].tolist(), strict=True):
        words = slice(int(at[begin]), int(at[begin]) + size)
        for word in _inside(code[starts[words]], box[starts[words]], _neighbours(starts, words, new_line, box)):
            joined[starts[words.start + word]] = False
    return joined


def _is_letter(code: NDArray[np.uint32]) -> NDArray[np.bool_]:
    small = code | 0x20
    return np.asarray(((small >= 0x61) & (small <= 0x7A)) | ((code >= 0xC0) & (code < 0x530)), dtype=np.bool_)


def _neighbours(starts: NDArray[np.intp], words: slice, new_line: NDArray[np.bool_], box: NDArray[np.float64]) -> float:
    """Least gap to a word of several characters before or behind the run on its line; infinity without any."""
    gaps = [np.inf]
    first, end = starts[words.start], starts[words.stop - 1] + 1
    if words.start and not new_line[first] and first - starts[words.start - 1] > 1:
        gaps.append(box[first, 0] - box[first - 1, 2])
    if end < len(box) and not new_line[end] and np.append(starts, len(box))[words.stop + 1] - end > 1:
        gaps.append(box[end, 0] - box[end - 1, 2])
    return float(min(gaps))


def _inside(code: NDArray[np.uint32], box: NDArray[np.float64], neighbour: float) -> list[int]:
    """Which letters of a run continue the word of the letter before them."""
    text = "".join(map(chr, code.tolist()))
    gap = box[1:, 0] - box[:-1, 2]
    height = float(np.median(box[:, 3] - box[:, 1]))
    least = float(np.quantile(gap, 0.25))
    listed = len(set(text)) == 1 or bool((np.diff(code.astype(np.int64)) == 1).all())
    if listed or not (text.isupper() or text.islower()):
        return []
    if not 0 < least <= _WIDEST * height or neighbour <= _WIDER * least:
        return []
    inside = gap <= _WIDER * least
    sizes = np.diff([0, *(np.flatnonzero(~inside) + 1).tolist(), len(code)])
    if np.ptp(gap[inside]) > _EVEN * height or sizes.max() < _LEAST:
        return []
    return [int(i) + 1 for i in np.flatnonzero(inside)]
