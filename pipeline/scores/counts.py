"""What was found, what is true, and how much of both is the same: of one page or of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class MatchCounts:
    """Counts of things found and true ones: words, pairs of neighbours, lines."""

    matched: int
    predicted: int
    truth: int

    @property
    def precision(self) -> float:
        """Share of what was found that is right, 0..1; 1 where nothing was found."""
        return self.matched / self.predicted if self.predicted else 1.0

    @property
    def recall(self) -> float:
        """Share of what is true that was found, 0..1; 1 where there is none."""
        return self.matched / self.truth if self.truth else 1.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall, 0..1; 1 where nothing was to be found and nothing was."""
        both = self.predicted + self.truth
        return 2 * self.matched / both if both else 1.0


def total(counts: Iterable[MatchCounts]) -> MatchCounts:
    """All pages together."""
    matched = predicted = truth = 0
    for one in counts:
        matched, predicted, truth = matched + one.matched, predicted + one.predicted, truth + one.truth
    return MatchCounts(matched, predicted, truth)
