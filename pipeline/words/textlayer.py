"""A text layer's characters to words: split at spaces and at jumps that only a new word explains."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.pages.base import LINE_END_HYPHEN, Chars
from pipeline.words.base import WordList, clean, no_words
from pipeline.words.bidi import from_the_right, logical
from pipeline.words.spacing import drawn_again, highest_around, join_spaced

_LAST_CODE = 0x10FFFF
_SOFT_HYPHEN = 0xAD
_LAST_BLANK, _DELETE = 0x20, 0x7F  # what lies between them is stored as it is
_GAP, _BACK, _RISE = 0.6, 1.0, 0.8  # of the characters' height: a missing space, a jump back, another line
_MARK, _CLOSE, _LINE = 0.6, 0.5, 1.4  # of it: a comma or a quotation mark, letters side by side, less than a line
_USUAL = 0.7  # of the median height of a page's characters: none is taken to be smaller
_SPACE, _BREAK, _NOTHING, _RIGHT_TO_LEFT = 1, 2, 4, 8  # what a code is


def _kinds() -> NDArray[np.uint8]:
    """What each code of the basic plane is; the last entry stands for all codes beyond it."""
    kind = np.zeros(0x10001, np.uint8)
    kind[:0x21] = _SPACE
    kind[LINE_END_HYPHEN] = 0
    kind[[0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]] = _SPACE
    kind[0x2000:0x200B] = _SPACE
    kind[[0x0A, 0x0D, 0x2028, 0x2029]] |= _BREAK
    # Nothing is drawn for these, whatever box a file gives them: joiners, marks of direction, byte order marks.
    kind[[0x061C, 0x180E, 0xFEFF]] = _NOTHING
    kind[0x200B:0x2010] = kind[0x202A:0x202F] = kind[0x2060:0x2070] = _NOTHING
    # Hebrew, Arabic and their neighbours with their presentation forms.
    kind[0x0590:0x061C] = kind[0x061D:0x0900] = kind[0xFB1D:0xFE00] = kind[0xFE70:0xFEFD] = _RIGHT_TO_LEFT
    return kind


_KIND = _kinds()


def words_of(chars: Chars, aspect: float) -> WordList:
    """Words of a text layer in the order of the file; `aspect` is the page's width over its height.

    What lies beside the page is left out. Boxes are the union of the characters' own boxes; a line is what the file
    writes without a line break or a jump to another height. Characters that are drawn twice count once, words with
    their letters set apart are whole.
    """
    kind = _KIND[np.minimum(chars.code, len(_KIND) - 1)]
    solid, space = _solid(chars, kind)
    if not len(solid):
        return no_words()
    # Widths in units of the page's height, so that the two axes compare.
    scale = np.array([aspect, 1.0, aspect, 1.0])
    again = drawn_again(chars.code[solid], chars.box[solid] * scale)
    if again.any():
        solid = solid[~again]
    box = chars.box[solid] * scale
    parted = np.diff(np.cumsum(space)[solid]) > 0
    breaks = np.diff(np.cumsum(kind & _BREAK)[solid]) > 0
    height, down = _heights(box), _runs_down(box, parted)
    if down.any():
        breaks |= down & _leaves_column(box, height)
    new_line = breaks | (_rises(box, height) & ~down)
    turned = np.zeros(len(solid), np.bool_)
    if (right_to_left := kind[solid] == _RIGHT_TO_LEFT).any():
        run = _runs_to_turn(right_to_left, parted | new_line, down)
        place, turned = from_the_right(chars.code[solid], box, run), run >= 0
        solid, box = solid[place], box[place]
        height = _heights(box)
    new_word = parted | new_line | (_jumps(box, height, turned) & ~down)
    new_word, new_line = _after_first(new_word), _after_first(new_line)
    code = chars.code[solid]
    new_word = join_spaced(code, box, new_word, new_line)
    word = _Words(code, chars.box[solid].astype(np.float64), np.flatnonzero(new_word), np.cumsum(new_line) - 1, turned)
    return word.listed()


def _solid(chars: Chars, kind: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Indices of the characters that words are made of, and for each character whether it parts words."""
    nothing = kind == _NOTHING
    if (hyphen := chars.code == _SOFT_HYPHEN).any():
        nothing |= hyphen & (chars.box[:, 2] <= chars.box[:, 0])  # one that is not drawn
    left, top, right, bottom = chars.box.T
    # A mark without a width (an accent, say) is somewhere; what is nowhere was made up by pdfium.
    nowhere = (left == 0) & (top == 0) & (right == 0) & (bottom == 0)
    space = ((kind & _SPACE) > 0) | (nowhere & ~nothing) | chars.outside()
    return np.flatnonzero(~(space | nothing) & (chars.code <= _LAST_CODE)), space


def _after_first(between: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """What holds between characters as what holds for each of them: the first one begins something new."""
    return np.concatenate([[True], between])


def _runs_to_turn(
    right_to_left: NDArray[np.bool_], parted: NDArray[np.bool_], down: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """For each character the number of its run between spaces, -1 where that is not written from the right."""
    run = np.concatenate([[0], np.cumsum(parted)])
    found = (np.bincount(run, right_to_left) > 0) & (np.bincount(run[1:], down, minlength=run[-1] + 1) == 0)
    return np.where(found[run], run, -1)


def _heights(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height that a pair of neighbours is measured by: of the larger, as a full stop has next to none."""
    height = np.maximum(box[:, 3] - box[:, 1], 1e-6)
    # Where full stops are among themselves, the page's usual height says what they belong to.
    height = np.maximum(height, _USUAL * np.median(height))
    # A few characters either side say what size the text has.
    around = highest_around(height, 2)
    return np.asarray(np.minimum(around[1:], around[:-1]), dtype=np.float64)


def _runs_down(box: NDArray[np.float64], parted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """For each pair of neighbours, whether its run between spaces goes down or up the page (turned text)."""
    run = np.concatenate([[0], np.cumsum(parted)])
    middle = (box[:, :2] + box[:, 2:]) / 2
    step = np.where(parted[:, None], 0.0, np.abs(np.diff(middle, axis=0)))
    across = np.bincount(run[1:], step[:, 0], minlength=run[-1] + 1)
    down = np.bincount(run[1:], step[:, 1], minlength=run[-1] + 1)
    return np.asarray((down > 2 * across)[run[1:]], dtype=np.bool_)


def _rises(box: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the next character stands on another line; `height` is what `_heights` gives."""
    middle = (box[:, 1] + box[:, 3]) / 2
    step = np.abs(np.diff(middle))
    clear = (box[1:, 1] > box[:-1, 3]) | (box[1:, 3] < box[:-1, 1])
    # A comma and the quotation mark behind it share no height, and stand as close as letters.
    gap, size = box[1:, 0] - box[:-1, 2], box[:, 3] - box[:, 1]
    marks = np.maximum(size[1:], size[:-1]) < _MARK * height
    beside = marks & (np.abs(gap) < _CLOSE * height) & (step < _LINE * height)
    return np.asarray((step > _RISE * height) & clear & ~beside, dtype=np.bool_)


def _leaves_column(box: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether the next character stands beside this one, and not below or above it."""
    middle = (box[:, 0] + box[:, 2]) / 2
    return np.asarray(np.abs(np.diff(middle)) > height, dtype=np.bool_)


def _jumps(box: NDArray[np.float64], height: NDArray[np.float64], turned: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a gap parts neighbours; `turned` are characters that follow each other from right to left."""
    ahead = box[1:, 0] - box[:-1, 2] > _GAP * height
    back = box[:-1, 0] - box[1:, 2] > np.where(turned[1:], _GAP, _BACK) * height
    return np.asarray(ahead | back, dtype=np.bool_)


@dataclass(frozen=True)
class _Words:
    """Characters in the order in which they are read, and where words begin."""

    code: NDArray[np.uint32]
    box: NDArray[np.float64]  # N x 4
    starts: NDArray[np.intp]  # places of the words' first characters
    line: NDArray[np.intp]  # N
    turned: NDArray[np.bool_]  # N: those that stand from right to left

    def listed(self) -> WordList:
        """The words that have a text."""
        low = np.minimum.reduceat(self.box[:, :2], self.starts, axis=0)
        high = np.maximum.reduceat(self.box[:, 2:], self.starts, axis=0)
        texts = self._texts()
        keep = [i for i, text in enumerate(texts) if text]
        boxes = np.clip(np.hstack([low, high])[keep], 0.0, 1.0).reshape(-1, 4)
        lines = self.line[self.starts].tolist()
        return WordList([texts[i] for i in keep], boxes, [1.0] * len(keep), [lines[i] for i in keep])

    def _texts(self) -> list[str]:
        hyphen = (self.code == LINE_END_HYPHEN) | (self.code == _SOFT_HYPHEN)
        plain = np.where(hyphen, ord("-"), self.code).astype("<u4")
        whole = plain.tobytes().decode("utf-32-le", "surrogatepass")  # one character each
        ends = [*self.starts[1:].tolist(), len(plain)]
        texts = [whole[start:end] for start, end in zip(self.starts.tolist(), ends, strict=True)]
        for i in np.flatnonzero(self.turned[self.starts]).tolist():
            part = slice(int(self.starts[i]), ends[i])
            texts[i] = "".join(map(chr, logical(plain[part].tolist(), self.box[part])))
        odd = np.logical_or.reduceat((plain <= _LAST_BLANK) | (plain >= _DELETE), self.starts)
        for i in np.flatnonzero(odd).tolist():
            texts[i] = clean(texts[i])
        return texts
