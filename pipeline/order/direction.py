"""Lines that do not run from left to right: columns of East Asian writing, and right-to-left scripts.

Columns from right to left are rows from top to bottom when the page is seen with its right edge up; pages that are
written from the right are read in a mirror. So lines and order need to know one direction only.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from pipeline.order.script import DIGIT, EAST, LEFT, RIGHT

_TALL = 1.5  # height of a word over its width that is written downwards
_WIDE = 2.0  # width over height of a word that lies, whatever the page does
# A number belongs to the foreign words that it stands beside. Each run of numbers is looked at once.
_LEFT_RUN = re.compile(r"(?<!N)N*L(?:[LN.]*[LN])?")
_RIGHT_RUN = re.compile(r"R(?:[RN.]*R)?")


def standing_words(box: NDArray[np.float64], letters: NDArray[np.intp]) -> tuple[NDArray[np.bool_], bool]:
    """Whether each word is part of a column, and whether most of the page is written in columns.

    N x 4 boxes in units that compare in both directions, N x 4 counts as `letters_of` gives them.
    """
    wide, high = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
    standing = (letters[:, EAST] >= 2) & (letters[:, EAST] > letters[:, LEFT]) & (high > _TALL * wide)
    if 2 * letters[standing].sum() <= letters.sum():
        return standing, False
    # What is about as wide as high stands in the columns: single characters, stops, short numbers.
    return standing | (wide < _WIDE * high), True


def stood_up(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes of a page seen with its right edge up: down is across, and leftwards is down."""
    return np.stack([box[:, 1], -box[:, 2], box[:, 3], -box[:, 0]], axis=1)


def mirrored(box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes of a page seen in a mirror."""
    return np.stack([-box[:, 2], box[:, 1], -box[:, 0], box[:, 3]], axis=1)


def is_from_the_right(letters: NDArray[np.intp]) -> bool:
    """Whether most letters are of a right-to-left script."""
    return bool(letters[:, RIGHT].sum() > letters[:, [LEFT, EAST]].sum())


def logical(members: list[int], letters: NDArray[np.intp], page_from_the_right: bool) -> list[int]:
    """Words of a line that are given from left to right, in the order in which they are read (UAX 9 by words).

    In a line that is written from the right, foreign words keep their order among themselves, and so do words of the
    right among foreign ones. A line without letters runs as its page does.
    """
    here = letters[members]
    left, right = int(here[:, [LEFT, EAST]].sum()), int(here[:, RIGHT].sum())
    if not right and (left or not page_from_the_right):
        return members
    kinds = "".join(map(_kind, here.tolist()))
    if right > left or not (left or right):
        units = _units(members, kinds, _LEFT_RUN)
        return [i for unit in reversed(units) for i in unit]
    return [i for unit in _units(members, kinds, _RIGHT_RUN) for i in reversed(unit)]


def _kind(counts: list[int]) -> str:
    left = counts[LEFT] + counts[EAST]
    if left or counts[RIGHT]:
        return "L" if left > counts[RIGHT] else "R"
    return "N" if counts[DIGIT] else "."


def _units(members: list[int], kinds: str, run: re.Pattern[str]) -> list[list[int]]:
    """The members in pieces: the runs that the pattern finds, and every other word by itself."""
    units: list[list[int]] = []
    at = 0
    for found in run.finditer(kinds):
        units += [[i] for i in members[at : found.start()]]
        units.append(members[found.start() : found.end()])
        at = found.end()
    return units + [[i] for i in members[at:]]
