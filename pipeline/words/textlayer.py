"""A text layer's characters to words: split at spaces and at jumps that only a new word explains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.pages.base import Chars
from pipeline.words.base import WordList, clean, no_words

_LAST_CODE = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)
_LINE_END_HYPHEN = 2  # pdfium's mark for a hyphen at the end of a line
_GAP, _BACK, _RISE = 0.6, 1.0, 0.8  # of the characters' height: a missing space, a jump back, another line


def words_of(chars: Chars, aspect: float) -> WordList:
    """Words of a text layer in the order of the file; `aspect` is the page's width over its height.

    What lies beside the page is left out. Boxes are the union of the characters' own boxes; a line is what the file
    writes without a line break or a jump to another height.
    """
    if not len(chars):
        return no_words()
    # A mark without a width (an accent, say) is somewhere; what is nowhere was made up by pdfium.
    space = _is_space(chars.code) | ~chars.box.any(axis=1) | chars.outside()
    solid = np.flatnonzero(~space & (chars.code <= _LAST_CODE))
    if not len(solid):
        return no_words()
    # Widths in units of the page's height, so that the two axes compare.
    box = chars.box[solid].astype(np.float64) * np.array([aspect, 1.0, aspect, 1.0])
    parted = np.diff(np.cumsum(space)[solid]) > 0
    upright = ~_runs_down(box, parted)
    rise = _rises(box) & upright
    new_line = np.concatenate([[False], rise | _breaks_between(chars.code, solid)])
    new_word = np.concatenate([[False], parted | rise | (_jumps(box) & upright)]) | new_line
    word = np.cumsum(new_word)
    return _collect(chars.code[solid], chars.box[solid].astype(np.float64), word, np.cumsum(new_line))


def _is_space(code: NDArray[np.uint32]) -> NDArray[np.bool_]:
    named = np.isin(code, [0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000, 0xFEFF])
    blank = (code <= 0x20) & (code != _LINE_END_HYPHEN)
    return np.asarray(blank | named | ((code >= 0x2000) & (code <= 0x200B)), dtype=np.bool_)


def _heights(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height that a pair of neighbours is measured by: of the larger, as a full stop has next to none."""
    height = np.maximum(box[:, 3] - box[:, 1], 1e-6)
    # A few characters either side say what size the text has.
    padded = np.pad(height, 2, mode="edge")
    around = np.max(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
    return np.asarray(np.minimum(around[1:], around[:-1]), dtype=np.float64)


def _runs_down(box: NDArray[np.float64], parted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each pair of neighbours, whether its run between spaces goes down or up the page (turned text)."""
    run = np.concatenate([[0], np.cumsum(parted)])
    middle = (box[:, :2] + box[:, 2:]) / 2
    step = np.where(parted[:, None], 0.0, np.abs(np.diff(middle, axis=0)))
    across = np.bincount(run[1:], step[:, 0], minlength=run[-1] + 1)
    down = np.bincount(run[1:], step[:, 1], minlength=run[-1] + 1)
    return np.asarray((down > 2 * across)[run[1:]], dtype=np.bool_)


def _rises(box: NDArray[np.float64]) -> NDArray[np.bool_]:
    middle = (box[:, 1] + box[:, 3]) / 2
    apart = np.abs(np.diff(middle)) > _RISE * _heights(box)
    clear = (box[1:, 1] > box[:-1, 3]) | (box[1:, 3] < box[:-1, 1])
    return np.asarray(apart & clear, dtype=np.bool_)


def _jumps(box: NDArray[np.float64]) -> NDArray[np.bool_]:
    height = _heights(box)
    ahead = box[1:, 0] - box[:-1, 2] > _GAP * height
    back = box[:-1, 0] - box[1:, 2] > _BACK * height
    return np.asarray(ahead | back, dtype=np.bool_)


def _breaks_between(code: NDArray[np.uint32], solid: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whether a line break stands between two neighbouring solid characters."""
    ends = np.cumsum(np.isin(code, [0x0A, 0x0D, 0x2028, 0x2029]))
    return np.asarray(ends[solid[1:]] != ends[solid[:-1]], dtype=np.bool_)


def _collect(
    code: NDArray[np.uint32], box: NDArray[np.float64], word: NDArray[np.intp], line: NDArray[np.intp]
) -> WordList:
    starts = np.flatnonzero(np.diff(word, prepend=-1))
    low = np.minimum.reduceat(box[:, :2], starts, axis=0)
    high = np.maximum.reduceat(box[:, 2:], starts, axis=0)
    texts = [clean(text) for text in _texts(code, (box[:, 0] + box[:, 2]) / 2, starts)]
    keep = [i for i, text in enumerate(texts) if text]
    boxes = np.clip(np.hstack([low, high])[keep], 0.0, 1.0).reshape(-1, 4)
    return WordList([texts[i] for i in keep], boxes, [1.0] * len(keep), [int(line[starts[i]]) for i in keep])


def _texts(code: NDArray[np.uint32], x: NDArray[np.float64], starts: NDArray[np.intp]) -> list[str]:
    """Text of each word; `starts` are the places of their first characters."""
    ends = [*starts[1:].tolist(), len(code)]
    right_to_left = _is_right_to_left(code).any()
    if not right_to_left and not ((code >= _SURROGATES[0]) & (code <= _SURROGATES[1])).any():
        plain = np.where(code == _LINE_END_HYPHEN, ord("-"), code).astype("<u4")
        whole = plain.tobytes().decode("utf-32-le")  # one character each
        return [whole[start:end] for start, end in zip(starts.tolist(), ends, strict=True)]
    parts = np.split(code, starts[1:])
    if right_to_left:
        parts = [_logical(part, place) for part, place in zip(parts, np.split(x, starts[1:]), strict=True)]
    return [_text(part) for part in parts]


def _is_right_to_left(code: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Letters of Hebrew, Arabic and their neighbours, presentation forms included."""
    forms = ((code >= 0xFB1D) & (code <= 0xFDFF)) | ((code >= 0xFE70) & (code <= 0xFEFC))
    return np.asarray(((code >= 0x0590) & (code <= 0x08FF)) | forms, dtype=np.bool_)


def _logical(code: NDArray[np.uint32], x: NDArray[np.float64]) -> NDArray[np.uint32]:
    """The characters of a word as a reader types them: some files have right-to-left words as they look."""
    if len(code) < 2 or _is_right_to_left(code).mean() <= 0.5 or x[-1] < x[0]:
        return code
    return code[::-1]


def _text(codes: NDArray[np.uint32]) -> str:
    """Code units to text: pdfium gives characters beyond the basic plane as surrogate pairs."""
    text = "".join("-" if c == _LINE_END_HYPHEN else chr(c) for c in codes.tolist() if c <= 0x10FFFF)
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
