"""What was drawn for the objectives of a training dataset, counted from the samples themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schemas.sample import TimAction, TrainSample


@dataclass
class Matching:
    """Covers (TIA) and actions (TIM) by variant, and the pictures of partners."""

    covered: list[int] = field(default_factory=list)  # lines, by variant
    lines: list[int] = field(default_factory=list)
    actions: list[Counter[str]] = field(default_factory=list)
    negatives: int = 0
    negative_bytes: int = 0

    def add(self, sample: TrainSample, covers: NDArray[np.uint8], sizes: Mapping[str, int]) -> None:
        """One sample: its record, its variants x lines covers, and the sizes of its members."""
        for variant, (row, plan) in enumerate(zip(covers, sample.tim, strict=False)):
            if variant == len(self.lines):
                self.covered.append(0)
                self.lines.append(0)
                self.actions.append(Counter())
            self.covered[variant] += int(row.sum())
            self.lines[variant] += len(row)
            self.actions[variant][plan.action.value] += 1
        negatives = [size for name, size in sizes.items() if name.startswith("neg")]
        self.negatives += len(negatives)
        self.negative_bytes += sum(negatives)

    @property
    def variants(self) -> int:
        """Number of variants."""
        return len(self.lines)

    def cover_rate(self, variant: int | None = None) -> float:
        """Share of lines that are covered, in one variant or in all."""
        covered = sum(self.covered) if variant is None else self.covered[variant]
        lines = sum(self.lines) if variant is None else self.lines[variant]
        return covered / lines if lines else 0.0

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        by_variant = [
            {"cover_rate": self.cover_rate(i), **{action.value: self.actions[i][action.value] for action in TimAction}}
            for i in range(self.variants)
        ]
        return {
            "variants": by_variant,
            "cover_rate": self.cover_rate(),
            "negatives": self.negatives,
            "negative_bytes": self.negative_bytes,
        }
