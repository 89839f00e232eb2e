"""The look of a document: paper, margins, type, colours, and how its PDF is written."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from pipeline.synth.fonts import BLACK, Colour, Font

A4 = (595.28, 841.89)
LETTER = (612.0, 792.0)

_ACCENTS: tuple[Colour, ...] = (
    (0.10, 0.22, 0.45),
    (0.45, 0.10, 0.12),
    (0.08, 0.35, 0.22),
    (0.25, 0.25, 0.28),
    (0.36, 0.18, 0.42),
    (0.05, 0.36, 0.45),
)


@dataclass(frozen=True, kw_only=True)
class Style:
    """Lengths in points. `leading` is the distance of baselines as a multiple of the size of type."""

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    body: Font
    leading: float
    accent: Colour
    justify: bool
    indent: float
    spaces: bool  # whether the PDF holds the spaces between words, or only moves the pen as TeX does
    shuffled: bool  # whether the PDF draws its blocks in another order than the one in which they are read

    @property
    def measure(self) -> float:
        """Width of the type area."""
        return self.width - self.left - self.right

    @property
    def edge(self) -> float:
        """x of the right edge of the type area."""
        return self.width - self.right

    @property
    def floor(self) -> float:
        """y of the lower edge of the type area."""
        return self.height - self.bottom

    @property
    def step(self) -> float:
        """Distance of two baselines of the body, in points."""
        return self.body.size * self.leading


def draw_style(rng: Random, *, small: bool = False) -> Style:
    """Draw a look; `small` asks for the type and the margins of dense pages (forms, papers)."""
    width, height = rng.choice((A4, LETTER))
    side = rng.uniform(42, 62) if small else rng.uniform(54, 84)
    size = rng.choice((7.5, 8.0, 8.5, 9.0)) if small else rng.choice((9.0, 9.5, 10.0, 10.5, 11.0))
    return Style(
        width=width,
        height=height,
        left=round(side + rng.uniform(0, 12), 1),
        right=round(side, 1),
        top=round(rng.uniform(48, 72), 1),
        bottom=round(rng.uniform(54, 76), 1),
        body=Font("Vera", size, rng.choice((0.84, 0.88, 0.92, 0.96, 1.0)), BLACK),
        leading=round(rng.uniform(1.2, 1.45), 2),
        accent=rng.choice(_ACCENTS),
        justify=rng.random() < 0.5,
        indent=rng.choice((0.0, 0.0, 12.0, 18.0)),
        spaces=rng.random() < 0.6,
        shuffled=rng.random() < 0.3,
    )
