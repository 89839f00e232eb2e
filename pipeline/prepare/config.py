"""What the bytes of a training dataset depend on beside its pages."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pipeline.keyed import LAST_SEED


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

    def __post_init__(self) -> None:
        for name in ("tia_rate", "tim_replace_rate", "tim_drop_rate"):
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
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name} must be {low}..{high}, got {getattr(self, name)}")

    def stored(self) -> dict[str, object]:
        """As it stands in dataset.json."""
        return asdict(self)
