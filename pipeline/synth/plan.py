"""Which documents there are: an even, seeded mix of all types and variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from pipeline.synth.layouts import LAYOUTS

TYPES: tuple[str, ...] = tuple(LAYOUTS)
# Variant -> what follows the type in the file's name.
VARIANTS: dict[str, str] = {
    "digital": "digital.pdf",
    "jpeg": "scan.jpg",
    "png": "scan.png",
    "tiff": "fax.tif",
    "scan": "scan.pdf",
    "wrong": "wrong.pdf",
    "hidden": "hidden.pdf",
}
# What a benchmark or a test asks for by name; it is not in the mix, whose documents stay what they were.
RARE: dict[str, str] = {
    "turned": "turned.jpg",  # a scan that lies on its side or on its head
    "stamped": "stamped.pdf",  # born digital, with a scanned stamp on it
    "paper": "paper.pdf",  # born digital, on a picture of paper
    "covered": "covered.pdf",  # a scan over text that says the same
}
# Born-digital documents are as frequent as in an office's folders: four in ten.
_MIX: tuple[str, ...] = (*VARIANTS, "digital", "digital", "digital")
_LAST_SEED = (1 << 63) - 1  # the truth's JSON holds no larger integer
_ONE_PAGE = frozenset({"jpeg", "png", "turned"})


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One document: everything about it follows from these five values.

    Specifications that differ in `variant` alone are the same pages, born digital or scanned.
    """

    index: int
    seed: int
    document_type: str
    variant: str
    pages: int = 1

    def __post_init__(self) -> None:
        if self.document_type not in TYPES:
            raise ValueError(f"document_type must be one of {', '.join(TYPES)}, got {self.document_type!r}")
        if self.variant not in VARIANTS | RARE:
            raise ValueError(f"variant must be one of {', '.join(VARIANTS | RARE)}, got {self.variant!r}")
        if self.index < 0:
            raise ValueError(f"index must not be negative, got {self.index}")
        if not 0 <= self.seed <= _LAST_SEED:
            raise ValueError(f"seed must be 0 to {_LAST_SEED}, got {self.seed}")
        limit = 1 if self.variant in _ONE_PAGE else 100
        if not 1 <= self.pages <= limit:
            raise ValueError(f"pages must be 1 to {limit} for variant {self.variant}, got {self.pages}")

    @property
    def name(self) -> str:
        """Name of the file, such as `0007-form-scan.jpg`."""
        return f"{self.index:04d}-{self.document_type}-{(VARIANTS | RARE)[self.variant]}"


def _cycle(choices: Sequence[str], seed: int, purpose: str, index: int) -> str:
    """The choice at `index` of an endless run of shuffled rounds, each of them all of `choices`."""
    turn, place = divmod(index, len(choices))
    shuffled = list(choices)
    Random(f"pagemill synth {purpose} {seed} {turn}").shuffle(shuffled)  # noqa: S311 - not a secret
    return shuffled[place]


def _pages(document_type: str, variant: str, rng: Random) -> int:
    if variant in _ONE_PAGE:
        return 1
    if document_type == "report":
        return rng.randint(3, 4)
    if variant == "tiff":
        return rng.randint(2, 3)
    return 2 if rng.random() < 0.2 else 1


def plan_one(index: int, seed: int) -> Spec:
    """The document at `index`, whatever the count."""
    document_type = _cycle(TYPES, seed, "type", index)
    variant = _cycle(_MIX, seed, "variant", index)
    pages = _pages(document_type, variant, Random(f"pagemill synth pages {seed} {index}"))  # noqa: S311
    return Spec(index=index, seed=seed, document_type=document_type, variant=variant, pages=pages)


def plan(count: int, seed: int) -> list[Spec]:
    """The first `count` documents of `seed`: eight hold every type, ten every variant."""
    if count < 0:
        raise ValueError(f"count must not be negative, got {count}")
    return [plan_one(index, seed) for index in range(count)]
