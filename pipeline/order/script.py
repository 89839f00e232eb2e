"""What lines and order have to know of the words' script: which way it runs. Ordinary pages cost one search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LEFT, RIGHT, DIGIT, EAST = range(4)  # columns: letters written to the right, to the left, digits, East Asian ones

_EAST = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
_RIGHT = "\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff"
_OTHER = re.compile(f"[{_RIGHT}{_EAST}]")
_IS_EAST = re.compile(f"[{_EAST}]")
_COLUMNS = {"L": LEFT, "R": RIGHT, "AL": RIGHT, "EN": DIGIT, "AN": DIGIT}


def letters_of(texts: Sequence[str]) -> NDArray[np.intp] | None:
    """N x 4 counts of the characters of each word by column; None where all is written from left to right in rows."""
    whole = "".join(texts)
    if whole.isascii() or _OTHER.search(whole) is None:
        return None
    found = np.zeros((len(texts), 4), dtype=np.intp)
    for i, text in enumerate(texts):
        for column in map(_column, text):
            if column is not None:
                found[i, column] += 1
    return found


@lru_cache(maxsize=4096)
def _column(character: str) -> int | None:
    if _IS_EAST.match(character):
        return EAST
    return _COLUMNS.get(unicodedata.bidirectional(character))
