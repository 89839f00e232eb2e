"""Several datasets in one stream: which of them a position belongs to, and which position of its own that is.

Of every BLOCK positions of a residue class (below) each dataset has a fixed number, by its weight, in an order that a
keyed permutation draws. So a dataset's epochs are a function of the position, and its part never drifts.

A rank of a world that divides the global batch takes positions of equal residue; classes keep to the residue, so that
it also takes whole lanes of each dataset.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from math import gcd

import numpy as np
from numpy.typing import NDArray

from pipeline.permutation import Permutation
from schemas.stream import StreamSpec

BLOCK = 1000  # weights are met to a thousandth


class Mixture:
    """Shares a stream's positions among the datasets of its specification."""

    def __init__(self, spec: StreamSpec) -> None:
        self._seed = spec.seed
        self.classes = gcd(spec.global_batch, spec.lanes)
        self.shares = shares([part.weight for part in spec.datasets])
        self._ends = np.cumsum(self.shares)
        self._blocks: OrderedDict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]] = OrderedDict()

    def split(self, position: int) -> tuple[int, int]:
        """(number of the dataset, position of its own) of a position of the stream (0 or more)."""
        if len(self.shares) == 1:
            return 0, position
        row, residue = divmod(position, self.classes)
        block, within = divmod(row, BLOCK)
        datasets, ranks = self._drawn(block, residue)
        dataset = int(datasets[within])
        return dataset, (block * self.shares[dataset] + int(ranks[within])) * self.classes + residue

    def _drawn(self, block: int, residue: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of each row of a block: its dataset, and how many rows before it are of the same."""
        key = block, residue
        if key not in self._blocks:
            while len(self._blocks) >= 2 * self.classes:
                self._blocks.popitem(last=False)
            drawn = Permutation(BLOCK, self._seed, "mixture", block, residue).table()
            datasets = np.searchsorted(self._ends, drawn, side="right")
            of_each = datasets == np.arange(len(self.shares))[:, None]
            self._blocks[key] = datasets, np.cumsum(of_each, axis=1)[datasets, np.arange(BLOCK)] - 1
        return self._blocks[key]

    def before(self, position: int, dataset: int) -> int:
        """About how many positions before `position` are a dataset's: to within a block, which is never passed."""
        if len(self.shares) == 1:
            return position
        return position // (BLOCK * self.classes) * self.shares[dataset] * self.classes


def shares(weights: Sequence[float]) -> list[int]:
    """Positions of each dataset in a block, by the largest remainders; ValueError where a weight gets none."""
    total = sum(weights)
    exact = [weight / total * BLOCK for weight in weights]
    whole = [int(share) for share in exact]
    by_remainder = sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))
    for i in by_remainder[: BLOCK - sum(whole)]:
        whole[i] += 1
    for weight, share in zip(weights, whole, strict=True):
        if not share:
            raise ValueError(f"weight {weight:g} of {total:g} is less than one in {BLOCK}")
    return whole
