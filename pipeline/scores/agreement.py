"""Where two extractors of the same text layer disagree, and in which way: pure functions of words and characters."""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.pages.base import Chars
from pipeline.words.base import WordList

Pairs = list[tuple[int, int]]

_LEVEL = 0.1  # of the height of characters: more is another size, or raised
_NEAR = 0.25  # of a box's height: a glyph without a width has none of its own place


class Kind(StrEnum):
    """Ways to disagree. Each has a rule (see `kind_of`); the first that fits counts, in this order."""

    UNMAPPED = "characters without mapping"
    OVERLAP = "text drawn over other text"
    RULE = "a row of one sign, cut up"
    TURNED = "rotated text, cut up"
    RAISED = "characters of another size or height, cut off"
    SPACED = "letter-spaced text, cut up"
    APART_IN_HEIGHT = "marks that share no height with their neighbour, cut off"
    BLANK = "a blank that only one of them sees"
    GAP = "a gap that is narrow for one and wide for the other"
    LIGATURE = "ligature or another form of a character"
    HYPHEN = "hyphen or dash"
    ORDER = "order of overlapping characters"
    TWICE = "characters drawn twice"
    MORE = "characters that one of them leaves out"
    SUBSTITUTE = "other characters in the same place"
    ELSEWHERE = "the same word, boxes apart"
    INVISIBLE = "invisible text"
    OUTSIDE = "at or beyond the edge of the page"
    SIGN = "signs that only one of them has"
    OTHER = "other"


@dataclass(frozen=True)
class Reading:
    """What one extractor made of a page: its words, and the characters that they came from."""

    words: WordList
    chars: Chars


@dataclass(frozen=True)
class Disagreement:
    """Words of the two, unpaired, that lie over each other; one of the two may be empty."""

    first: list[int]
    second: list[int]


def pair(first: WordList, second: WordList) -> Pairs:
    """Words of the two with equal texts and boxes that overlap, one to one, the largest overlap first."""
    places: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, words in enumerate((first, second)):
        for at, text in enumerate(words.text):
            places[text][side].append(at)
    found: Pairs = []
    for ours, theirs in places.values():
        if ours and theirs:
            found += _nearest(ours, theirs, _overlap(first.box[ours], second.box[theirs]))
    return found


def _nearest(ours: Sequence[int], theirs: Sequence[int], overlap: NDArray[np.float64]) -> Pairs:
    rows, columns = np.nonzero(overlap > 0)
    taken: tuple[set[int], set[int]] = (set(), set())
    found = []
    for at in np.argsort(-overlap[rows, columns], kind="stable").tolist():
        row, column = int(rows[at]), int(columns[at])
        if row not in taken[0] and column not in taken[1]:
            taken[0].add(row)
            taken[1].add(column)
            found.append((ours[row], theirs[column]))
    return found


def _overlap(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """N x M areas; a box without an area overlaps as if it had the least one."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray(np.clip(high - low + 1e-6, 0, None).prod(axis=2), dtype=np.float64)


def disagreements(first: WordList, second: WordList, pairs: Pairs) -> list[Disagreement]:
    """Unpaired words of the two, joined where the middle of one lies in (or next to) the box of the other's."""
    ours = sorted(set(range(len(first))) - {at for at, _ in pairs})
    theirs = sorted(set(range(len(second))) - {at for _, at in pairs})
    a, b = first.box[ours], second.box[theirs]
    touching = _inside(a, b, _NEAR) | _inside(b, a, _NEAR).T
    found, left = [], [set(range(len(ours))), set(range(len(theirs)))]
    while left[0] or left[1]:
        side = 0 if left[0] else 1
        group = _connected(side, left[side].pop(), touching)
        left = [left[0] - group[0], left[1] - group[1]]
        found.append(Disagreement(sorted(ours[at] for at in group[0]), sorted(theirs[at] for at in group[1])))
    return found


def _inside(a: NDArray[np.float64], b: NDArray[np.float64], grown: float = 0.0) -> NDArray[np.bool_]:
    """N x M: whether the middle of the one lies in the box of the other, grown by a share of its height."""
    middle = ((a[:, :2] + a[:, 2:]) / 2)[:, None]
    margin = grown * (b[:, 3:] - b[:, 1:2])
    inside = (middle >= (b[:, :2] - margin)[None]) & (middle <= (b[:, 2:] + margin)[None])
    return np.asarray(inside.all(axis=2), dtype=np.bool_)


def _connected(side: int, start: int, touching: NDArray[np.bool_]) -> tuple[set[int], set[int]]:
    group: tuple[set[int], set[int]] = (set(), set())
    waiting = [(side, start)]
    while waiting:
        side, at = waiting.pop()
        if at not in group[side]:
            group[side].add(at)
            across = touching[at] if side == 0 else touching[:, at]
            waiting += [(1 - side, int(other)) for other in np.flatnonzero(across)]
    return group


def kind_of(one: Disagreement, first: Reading, second: Reading) -> Kind:
    """In which way the two disagree."""
    sides = (_Side.of(first, one.first), _Side.of(second, one.second))
    if any(map(_is_unmapped, (side.text for side in sides))):
        return Kind.UNMAPPED
    if one.first and one.second:
        return _both(*sides)
    return _only(sides[0], second) if one.first else _only(sides[1], first)


@dataclass(frozen=True)
class _Side:
    """One side's words of a disagreement, from left to right."""

    texts: list[str]
    box: NDArray[np.float64]
    reading: Reading

    @classmethod
    def of(cls, reading: Reading, at: Sequence[int]) -> _Side:
        order = sorted(at, key=lambda i: (reading.words.box[i, 0], i))
        return cls([reading.words.text[i] for i in order], reading.words.box[order], reading)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def _is_unmapped(text: str) -> bool:
    return any(c == "\ufffd" or unicodedata.category(c) in {"Co", "Cn", "Cc"} for c in text)


def _both(a: _Side, b: _Side) -> Kind:
    if _is_crowded(a) or _is_crowded(b):
        return Kind.OVERLAP
    if a.text == b.text:
        return _cut(*((a, b) if len(a.texts) >= len(b.texts) else (b, a)))
    plain = [unicodedata.normalize("NFKC", side.text) for side in (a, b)]
    counts = [Counter(text) for text in plain]
    rules = (
        (Kind.LIGATURE, plain[0] == plain[1]),
        (Kind.HYPHEN, _without_dashes(plain[0]) == _without_dashes(plain[1])),
        (Kind.ORDER, counts[0] == counts[1]),
        (Kind.TWICE, counts[0].keys() == counts[1].keys() and max(map(len, plain)) >= 1.5 * min(map(len, plain))),
        (Kind.MORE, not (counts[0] - counts[1] and counts[1] - counts[0])),
    )
    return next((kind for kind, fits in rules if fits), Kind.SUBSTITUTE)


def _is_crowded(side: _Side) -> bool:
    """Whether more characters lie in the boxes of the words than the words have: others are drawn over them."""
    return int(_within(side.box, side.reading.chars).sum()) > len(side.text)


def _without_dashes(text: str) -> str:
    return "".join(c for c in text if c != "\u00ad" and unicodedata.category(c) != "Pd")


def _cut(parts: _Side, whole: _Side) -> Kind:
    """Why one has more words of the same characters, `parts`, than the other."""
    chars = parts.reading.chars
    joints = _joints(parts)
    blank = any(not chars.solid()[last + 1 : first].all() for last, first in joints)
    high, low = chars.box[:, 1], chars.box[:, 3]
    rules = (
        (Kind.RULE, len(set(parts.text)) == 1 and not parts.text.isalnum()),
        (Kind.TURNED, len(parts.text) > 2 and _runs_down(whole.box)),
        (Kind.RAISED, not any(_is_level(side.box, side.reading.chars) for side in (parts, whole))),
        (Kind.SPACED, blank and len(parts.texts) > 2 and 2 * sum(len(t) == 1 for t in parts.texts) > len(parts.texts)),
        (Kind.APART_IN_HEIGHT, any(low[a] < high[b] or low[b] < high[a] for a, b in joints)),
        (Kind.BLANK, blank),
    )
    return next((kind for kind, fits in rules if fits), Kind.GAP)


def _runs_down(box: NDArray[np.float64]) -> bool:
    width, height = (box[:, 2:] - box[:, :2]).sum(axis=0)
    return bool(height > 2 * width)


def _joints(parts: _Side) -> Pairs:
    """For neighbours, the places of the last character of the one and of the first of the other."""
    places = [np.flatnonzero(_within(box[None], parts.reading.chars)) for box in parts.box]
    return [(int(a[-1]), int(b[0])) for a, b in pairwise(places) if len(a) and len(b)]


def _is_level(boxes: NDArray[np.float64], chars: Chars) -> bool:
    """Whether the characters inside are equally high and stand equally high; an extractor may say so of all others."""
    within = chars.box[_within(boxes, chars)]
    height = within[:, 3] - within[:, 1]
    return bool(len(within) and max(np.ptp(height), np.ptp(within[:, 3])) <= _LEVEL * height.max())


def _only(here: _Side, other: Reading) -> Kind:
    """Why the other has nothing where one has a word."""
    if set(here.texts) <= set(other.words.text) and _is_apart(here, other.words):
        return Kind.ELSEWHERE
    if _hidden(here.box, here.reading.chars) or _hidden(here.box, other.chars):
        return Kind.INVISIBLE
    if ((here.box <= 0) | (here.box >= 1)).any(axis=1).all():
        return Kind.OUTSIDE
    if not any(map(str.isalnum, here.text)):
        return Kind.SIGN
    return Kind.OTHER


def _is_apart(here: _Side, words: WordList) -> bool:
    """Whether the other has the word right beside: nearer than three heights of it."""
    near = 3 * (here.box[:, 3] - here.box[:, 1]).max()
    same = words.box[[i for i, text in enumerate(words.text) if text in here.texts]]
    gap = np.maximum(here.box[:1, :2] - same[:, 2:], same[:, :2] - here.box[:1, 2:]).max(axis=1)
    return bool((gap <= near).any())


def _hidden(boxes: NDArray[np.float64], chars: Chars) -> bool:
    """Whether all characters inside are hidden, and there are some."""
    hidden = chars.hidden[_within(boxes, chars)]
    return bool(len(hidden) and hidden.all())


def _within(boxes: NDArray[np.float64], chars: Chars) -> NDArray[np.bool_]:
    """N: characters whose middle lies in one of the boxes."""
    inside = _inside(chars.box.astype(np.float64), boxes).any(axis=1)
    return np.asarray(inside & chars.solid(), dtype=np.bool_)
