"""What is drawn when a sample is read (paper section 3.3). One pure function per step, each keyed by the sample.

    window -> select (MVLM) -> match (TIM) -> paint (masks and covers) -> label (TIA)

What the paper leaves open, and what is chosen here, stands in docs/objectives.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.keyed import keyed
from pipeline.stream.example import IGNORE, Example
from schemas.boxes import UNIT
from schemas.sample import TimAction
from schemas.stream import Objectives, Rgb

MODEL_SIDE = 224  # pixels of the model's picture


@dataclass(frozen=True)
class Drawing:
    """What draws depend on beside the sample."""

    seed: int
    vocab_size: int
    mask: int  # number of [MASK]
    objectives: Objectives


def draw(example: Example, drawing: Drawing) -> Example:
    """All steps in their order."""
    rules = drawing.objectives
    windowed = window(example, drawing.seed, rules.max_tokens, first=rules.first_window)
    matched = match(select(windowed, drawing), rules.dropped_fill)
    return label(paint(matched, rules.mask_fill, rules.cover_fill, rules.mask_grow))


def window(example: Example, seed: int, size: int, *, first: bool = False) -> Example:
    """At most `size` content tokens, beginning and ending with whole words.

    It begins where the page does (`first`), or at a word that is random by key.
    """
    count = len(example.ids_T)
    if count <= size:
        return example
    word = example.word_T
    starts = np.flatnonzero(np.concatenate([[True], word[1:] != word[:-1]]))
    # The first start that reaches the page's end is the last: one after it would only make the window shorter.
    allowed = starts[: np.searchsorted(starts, count - size) + 1]
    drawn = 0 if first else int(keyed(seed, example.key, "window", example.epoch).integers(len(allowed)))
    begin = int(allowed[drawn])
    ends = np.append(starts, count)
    fitting = ends[(ends > begin) & (ends <= begin + size)]
    # One word longer than the window is cut, or nothing of the page could be read.
    part = slice(begin, int(fitting[-1]) if len(fitting) else begin + size)
    return replace(
        example,
        ids_T=example.ids_T[part],
        box_T4=example.box_T4[part],
        word_T=example.word_T[part],
        line_T=example.line_T[part],
        selected_T=example.selected_T[part],
        mlm_T=example.mlm_T[part],
        tia_T=example.tia_T[part],
    )


def select(example: Example, drawing: Drawing) -> Example:
    """MVLM: select tokens (or whole words), keep their numbers as labels, and replace them 80/10/10."""
    rules = drawing.objectives
    random = keyed(drawing.seed, example.key, "mvlm", example.epoch)
    count = len(example.ids_T)
    chance = random.random(count)
    if rules.whole_word:
        _, first, inverse = np.unique(example.word_T, return_index=True, return_inverse=True)
        chance = chance[first][inverse]
    selected = chance < rules.mvlm_rate
    kind = random.random(count)
    others = random.integers(0, drawing.vocab_size, count)
    ids = np.where(kind < rules.mvlm_mask, drawing.mask, example.ids_T)
    ids = np.where((kind >= rules.mvlm_mask) & (kind < rules.mvlm_mask + rules.mvlm_random), others, ids)
    return replace(
        example,
        ids_T=np.where(selected, ids, example.ids_T),
        selected_T=selected,
        mlm_T=np.where(selected, example.ids_T, IGNORE),
    )


def match(example: Example, dropped_fill: Rgb) -> Example:
    """TIM: a dropped picture becomes an even one; a partner's picture is there already."""
    if example.picture_SSC is not None:
        return example
    assert example.action is TimAction.DROPPED, f"{example.key} has no picture"
    even = np.empty((2 * MODEL_SIDE, 2 * MODEL_SIDE, 3), dtype=np.uint8)
    even[:] = dropped_fill
    return replace(example, picture_SSC=even)


def paint(example: Example, mask_fill: Rgb, cover_fill: Rgb, mask_grow: int = 0) -> Example:
    """Fill the words of selected tokens, then the covered lines, whatever picture it is; then reduce it.

    Masks are `mask_grow` pixels larger on each side. A pixel of the stored page that a word's edge touches is spread
    over two of this picture, so that a box rounded outwards does not hide all of its word's ink.
    """
    assert example.picture_SSC is not None
    picture = example.picture_SSC.copy()
    hidden = _hidden(example)
    hidden[1:] &= example.word_T[1:] != example.word_T[:-1]  # all pieces of a word have its box
    fill_boxes(picture, example.box_T4[hidden], mask_fill, mask_grow)
    fill_boxes(picture, example.line_box_L4[example.cover_L], cover_fill)
    reduced = cv2.resize(picture, (MODEL_SIDE, MODEL_SIDE), interpolation=cv2.INTER_AREA)
    return replace(example, picture_SSC=np.asarray(reduced, dtype=np.uint8))


def _hidden(example: Example) -> NDArray[np.bool_]:
    """T: tokens of words with any selected token."""
    words = np.zeros(int(example.word_T.max(initial=0)) + 1, dtype=np.bool_)
    words[example.word_T[example.selected_T]] = True
    return words[example.word_T]


def fill_boxes(picture: NDArray[np.uint8], boxes: NDArray[np.int64], fill: Rgb, grow: int = 0) -> None:
    """Fill boxes (0..1000) in place, rounded outwards to at least one pixel, and `grow` more on each side."""
    height, width = picture.shape[:2]
    scale = np.array([width, height])
    low = np.minimum(boxes[:, :2] * scale // UNIT, scale - 1)
    high = np.maximum(-(-boxes[:, 2:] * scale // UNIT), low + 1)
    low = np.maximum(low - grow, 0)
    for (x0, y0), (x1, y1) in zip(low.tolist(), (high + grow).tolist(), strict=True):
        cv2.rectangle(picture, (x0, y0), (x1 - 1, y1 - 1), fill, cv2.FILLED)  # a fifth of what a slice takes


def label(example: Example) -> Example:
    """TIA: covered or not, for tokens whose word has no selected token; all covered where the picture is not theirs."""
    hidden = _hidden(example)
    covered = example.cover_L[example.line_T] if example.action is TimAction.ALIGNED else np.ones_like(hidden)
    return replace(example, tia_T=np.where(hidden, IGNORE, covered.astype(np.int64)))
