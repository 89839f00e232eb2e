"""Which of the recogniser's characters may be read."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class Alphabet(StrEnum):
    """What the last layer of the recogniser is cut to. A smaller one is faster, and has fewer look-alikes."""

    LATIN = "latin"
    ALL = "all"


_LAST_LATIN = 0x17F  # European letters; what follows is phonetic or African, and read out of dirt
_MORE = frozenset("ƒȘșȚț–—‘’“”†•…‰′″€™←↑→↓√∞≈≠≤≥■□▪○●☐☑☒✓✔")  # noqa: RUF001


def kept(characters: Sequence[str], alphabet: Alphabet) -> NDArray[np.int64]:
    """Numbers of the characters that stay; number 0, the blank between two characters, always does."""
    every = range(len(characters))
    return np.array([i for i in every if i == 0 or alphabet is Alphabet.ALL or _latin(characters[i])])


def is_foreign(character: str) -> bool:
    """Whether it is a letter that the Latin alphabet lacks; marks and digits are no sign of a script."""
    return not _latin(character) and all(unicodedata.category(c).startswith("L") for c in character)


def _latin(character: str) -> bool:
    return all(ord(c) <= _LAST_LATIN or c in _MORE or 0x1E00 <= ord(c) <= 0x1EFF for c in character)
