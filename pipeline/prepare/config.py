"""What the bytes of a training dataset depend on beside its pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pipeline.keyed import LAST_SEED
from pipeline.prepare.filters import SCRIPTS
from pipeline.prepare.split import SIDES


@dataclass(frozen=True, kw_only=True)
class PrepareConfig:
    """Configuration of preparation; rates are those of the paper's section 3.3."""

    tokenizer: str  # SHA-256 of tokenizer.json
    seed: int = 0
    variants: int = 1  # independent draws of covers and partners for each page, one an epoch
    tia_rate: float = 0.15  # of lines are covered
    tim_replace_rate: float = 0.15  # of pictures are another document's
    tim_drop_rate: float = 0.05  # of pictures are dropped
    picture_size: int = 448  # pixels of the stored square picture, at which masks and covers are painted
    min_words: int = 1
    min_side: int = 1  # pixels of the stored page's shorter side
    scripts: Sequence[str] = ()  # of which most letters must be; none: any
    held_out: float = 0.0  # share of the clusters of near-duplicates that is kept apart
    split: str = "train"  # the side that this dataset holds
    exclude: Sequence[str] = ()  # digests of the page datasets that are kept out

    def __post_init__(self) -> None:
        for name in ("scripts", "exclude"):  # a set, as far as the bytes go
            object.__setattr__(self, name, tuple(sorted(set(getattr(self, name)))))
        self._check_numbers()
        for script in self.scripts:
            if script not in SCRIPTS:
                raise ValueError(f"scripts must be among {', '.join(SCRIPTS)}, got {script!r}")
        if self.split not in SIDES:
            raise ValueError(f"split must be one of {', '.join(SIDES)}, got {self.split!r}")
        if self.split != SIDES[0] and not self.held_out:
            raise ValueError(f"split is {self.split!r}, and held_out is 0: nothing is")

    def _check_numbers(self) -> None:
        for name in ("tia_rate", "tim_replace_rate", "tim_drop_rate", "held_out"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be 0..1, got {getattr(self, name)}")
        if self.tim_replace_rate + self.tim_drop_rate > 1:
            rates = f"{self.tim_replace_rate} + {self.tim_drop_rate}"
            raise ValueError(f"tim_replace_rate + tim_drop_rate must be at most 1, got {rates}")
        for name, low, high in (
            ("seed", 0, LAST_SEED),
            ("variants", 1, 1000),
            ("picture_size", 224, 2240),
            ("min_words", 0, 100_000),
            ("min_side", 1, 100_000),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be {low}..{high}, got {getattr(self, name)}")

    def stored(self) -> dict[str, Any]:
        """As it stands in dataset.json."""
        return {**asdict(self), "scripts": list(self.scripts), "exclude": list(self.exclude)}
