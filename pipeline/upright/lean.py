"""How the lines of a page lie: their skew, whether they run across or down, and which side of the letters is down.

Letters of a line stand on it: seen along the line their lower edges fall on one spot. Where many marks fall on few
spots, the page is seen in the right direction (projection profiles of components: Postl 1986, O'Gorman 1993). Upper
edges are less even, as there are tall letters and low ones; that tells which side is down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAX_SKEW = 7.0  # degrees; more is no skew but another kind of page
_COARSE, _FINE = 0.5, 0.05  # degrees between the angles that are tried
_LEAST_MARKS = 40  # a page with fewer letters says nothing
_MOST_MARKS = 4000
_BIN = 1.5  # thousandths of the page's longer side: half a letter's stroke


@dataclass(frozen=True)
class Lean:
    """What the marks of a page say; nothing where `marks` is small.

    `skew` in degrees: what the page must be turned clockwise by, beside quarters. `down` says how much more even
    lines are when they are looked for down the page instead of across it: far above 1, they run down. `flipped` says
    the same of the upper edges of letters instead of the lower ones (left instead of right where lines run down).
    """

    marks: int
    skew: float = 0.0
    down: float = 0.0
    flipped: float = 1.0

    @property
    def says_something(self) -> bool:
        """Whether there is evidence at all."""
        return self.marks >= _LEAST_MARKS


def lean_of(marks: NDArray[np.float64], aspect: float) -> Lean:
    """The lean of a page from its marks (N x 4, fractions of the page); `aspect` is its width over its height."""
    if len(marks) < _LEAST_MARKS:
        return Lean(len(marks))
    if len(marks) > _MOST_MARKS:
        marks = marks[:: -(-len(marks) // _MOST_MARKS)]
    sides = np.array([aspect, 1.0, aspect, 1.0]) * (1000.0 / max(aspect, 1.0))
    x0, y0, x1, y1 = (marks * sides).T
    middle_x, middle_y = (x0 + x1) / 2, (y0 + y1) / 2
    # Along a line that rises to the right, y falls as x grows; looked at from its side, x grows as y grows.
    across = max(_search(y1, middle_x), _search(y0, middle_x))
    down = max(_search(x1, -middle_y), _search(x0, -middle_y))
    if down[0] > across[0]:
        angle = down[1]
        flipped = _evenness(x0, -middle_y, angle) / _evenness(x1, -middle_y, angle)
    else:
        angle = across[1]
        flipped = _evenness(y0, middle_x, angle) / _evenness(y1, middle_x, angle)
    return Lean(len(marks), round(angle, 2), down[0] / across[0], flipped)


def _search(edge: NDArray[np.float64], along: NDArray[np.float64]) -> tuple[float, float]:
    """(evenness, degrees) of the angle at which the edges fall on the fewest spots."""
    coarse = max((_evenness(edge, along, angle), -abs(angle), angle) for angle in _around(0.0, _MAX_SKEW, _COARSE))
    best = max((_evenness(edge, along, angle), -abs(angle), angle) for angle in _around(coarse[2], _COARSE, _FINE))
    return best[0], best[2]


def _around(middle: float, reach: float, step: float) -> list[float]:
    steps = round(reach / step)
    return [middle + step * i for i in range(-steps, steps + 1)]


def _evenness(edge: NDArray[np.float64], along: NDArray[np.float64], degrees: float) -> float:
    """How much edges pile up when they are seen at an angle: the sum of the squares of the piles, per mark."""
    spot = (edge + np.tan(np.radians(degrees)) * along) / _BIN
    spot -= spot.min()
    # Twice, half a spot apart: edges on the border of two spots would count as uneven.
    piles = [np.bincount((spot + shift).astype(np.intp)) for shift in (0.0, 0.5)]
    return float(sum(np.square(pile).sum() for pile in piles) / len(edge))
