"""What is true of one page, whoever says so: the one structure that all readers make."""

from __future__ import annotations

from collections.abc import Container, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator

from schemas.base import Record
from schemas.boxes import UNIT

NO_LINE = -1
MAX_WORDS = 200_000  # of one page
# Boxes, and their share: a few may be wrong, so many are those of a picture of another size.
_BESIDE_PAGE, _BESIDE_SHARE = 4, 0.25

Number = Annotated[float, Field(ge=0, le=UNIT)]
Frame = tuple[Number, Number, Number, Number]
Size = tuple[float, float]
Index = Annotated[int, Field(ge=0)]


class TruthFormat(StrEnum):
    """Formats that are read."""

    SYNTH = "synth"
    FUNSD = "funsd"
    ROOR = "roor"
    SROIE = "sroie"
    DOCBANK = "docbank"
    HRDOC = "hrdoc"


class Truth(Record):
    """One page: its words, each of a unit (a line, a segment of a form, a single word), and what is known of order.

    Boxes are numbers 0..1000 of the page's width and height. `line` gives the line of each word, NO_LINE where it is
    of none. In a `chain` the words are in reading order, and so are the units; else `relations` are the pairs of
    units that follow each other, or there are none where the format knows no order.
    `by_words`: the words' boxes are exact; else the units' are, and the words' are their share by characters.
    `aspect` is the page's width over its height, where the format says it.
    """

    format: TruthFormat
    texts: list[str] = Field(max_length=MAX_WORDS)
    boxes: list[Frame] = Field(max_length=MAX_WORDS)
    unit: list[Index] = Field(max_length=MAX_WORDS)
    unit_boxes: list[Frame] = Field(max_length=MAX_WORDS)
    line: list[Annotated[int, Field(ge=NO_LINE)]] | None = None
    chain: bool = False
    relations: list[tuple[Index, Index]] | None = Field(default=None, max_length=MAX_WORDS)
    by_words: bool = True
    aspect: Annotated[float, Field(gt=0)] | None = None

    @property
    def has_order(self) -> bool:
        """Whether anything is known of the reading order."""
        return self.chain or self.relations is not None

    @property
    def unit_relations(self) -> list[tuple[int, int]]:
        """Pairs of units that follow each other."""
        return list(pairwise(range(len(self.unit_boxes)))) if self.chain else list(self.relations or [])

    @property
    def lines(self) -> list[int | None] | None:
        """Line of each word, None for one that is of none; None where the format knows no lines."""
        return None if self.line is None else [None if line == NO_LINE else line for line in self.line]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        lengths = {len(self.texts), len(self.boxes), len(self.unit), *([] if self.line is None else [len(self.line)])}
        if len(lengths) != 1:
            raise ValueError(f"lists of different lengths: {sorted(lengths)}")
        named = [*self.unit, *(unit for pair in self.relations or [] for unit in pair)]
        if any(unit >= len(self.unit_boxes) for unit in named):
            raise ValueError(f"a unit beyond the {len(self.unit_boxes)} that exist")
        if self.chain and any(a > b for a, b in pairwise(self.unit)):
            raise ValueError("a chain whose units are not in order")
        return self


def scaled(boxes: ArrayLike, width: float, height: float) -> list[tuple[float, float, float, float]]:
    """Boxes (N x 4) of a page of `width` x `height` in the same unit, to 0..1000 and cut off at the page.

    ValueError for a page without extent, for boxes that are not finite, and where many lie beside the page.
    """
    if not (0 < width < np.inf and 0 < height < np.inf):
        raise ValueError(f"a page of {width} x {height}")
    array = np.asarray(boxes, dtype=np.float64).reshape(-1, 4)
    if not np.isfinite(array).all():
        raise ValueError("a box that is not finite")
    sides = array * (UNIT / np.array([width, height, width, height]))
    low, high = np.minimum(sides[:, :2], sides[:, 2:]), np.maximum(sides[:, :2], sides[:, 2:])
    middle = (low + high) / 2
    beside = int(((middle < 0) | (middle > UNIT)).any(axis=1).sum())
    if beside >= _BESIDE_PAGE and beside > _BESIDE_SHARE * len(array):
        raise ValueError(f"{beside} of {len(array)} boxes lie beside the page of {width:g} x {height:g}")
    return frames_of(np.clip(np.hstack([low, high]), 0, UNIT))


def frames_of(boxes: NDArray[np.float64]) -> list[tuple[float, float, float, float]]:
    """N x 4 numbers as a list of tuples."""
    return [(a, b, c, d) for a, b, c, d in boxes.tolist()]


def shared_out(text: str, box: Sequence[float]) -> tuple[list[str], list[list[float]]]:
    """Words of a line that is split at spaces, and its box shared out among them by characters.

    A line without any word is one empty word.
    """
    left, top, right, bottom = box
    step = (right - left) / max(1, len(text))
    texts: list[str] = []
    boxes: list[list[float]] = []
    at = left
    for word in text.split(" "):
        if word:
            texts.append(word)
            boxes.append([at, top, at + step * len(word), bottom])
        at += step * (len(word) + 1)
    return (texts, boxes) if texts else ([""], [list(box)])


def truth_of_lines(
    form: TruthFormat, lines: Sequence[tuple[str, list[float]]], size: Size | None, without: Container[int] = ()
) -> Truth:
    """One page from its lines in reading order, each with its text and a box in pixels of a picture of `size`.

    The numbers `without` are entries that are units of the order and no lines: a table, say.
    """
    texts: list[str] = []
    boxes: list[list[float]] = []
    unit: list[int] = []
    for number, (text, frame) in enumerate(lines):
        words, here = shared_out(text, frame)
        texts += words
        boxes += here
        unit += [number] * len(words)
    width, height = need_size(size)
    return Truth(
        format=form,
        texts=texts,
        boxes=scaled(boxes, width, height),
        unit=unit,
        unit_boxes=scaled([frame for _, frame in lines], width, height),
        line=[NO_LINE if number in without else number for number in unit],
        chain=True,
        by_words=False,
        aspect=width / height,
    )


def rows_of(boxes: Sequence[Sequence[float]], first: int) -> list[int]:
    """Number of the row of each word of a block, from `first` on: the next row begins where a word stands lower or
    higher than the one before it.
    """
    rows: list[int] = []
    for at, box in enumerate(boxes):
        before = boxes[at - 1] if at else box
        shared = min(box[3], before[3]) - max(box[1], before[1])
        lower = min(box[3] - box[1], before[3] - before[1])
        level = shared >= 0.5 * lower if at else True
        rows.append(first if not at else rows[-1] + (not level))
    return rows


def need_first(page: int) -> None:
    """ValueError where another page is asked for than the one that the format has."""
    if page:
        raise ValueError(f"truth of one page, page {page} is asked for")


def need_size(size: Size | None) -> Size:
    """The picture's size; ValueError where it is not known."""
    if size is None:
        raise ValueError("its boxes are in pixels, and the size of the page's picture is not known")
    return size


def need(kind: type | tuple[type, ...], value: Any, what: str) -> Any:
    """`value` where it is of `kind` and no truth value; ValueError naming `what` it should be."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{what} is missing or of another kind")
    return value


def need_box(value: Any) -> list[float]:
    """Four numbers; ValueError otherwise."""
    box = need(list, value, "`box`")
    if len(box) != 4:
        raise ValueError(f"a `box` of {len(box)} numbers")
    return [float(need((int, float), number, "a number of a `box`")) for number in box]
