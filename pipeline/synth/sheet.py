"""A sheet: what one page says and shows, before anything draws it.

Words stand in reading order; lengths are points, x from the left edge, y downwards from the top edge.
The PDF, its scans and the truth are all made from the same sheet, so they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.synth.fonts import Colour, Font

Point = tuple[float, float]
Frame = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class PlacedWord:
    """A word with the left end of its baseline; `line` numbers the sheet's lines, `block` what is drawn in one go."""

    text: str
    x: float
    baseline: float
    font: Font
    line: int
    block: int

    @property
    def box(self) -> Frame:
        """Left, top, right, bottom in points: advances horizontally, ascent and descent vertically."""
        top = self.baseline - self.font.rise(self.text)
        return self.x, top, self.x + self.font.width(self.text), self.baseline + self.font.fall

    @property
    def ink(self) -> Frame:
        """Left, top, right, bottom in points of what is drawn, which is what text layers and OCR give boxes of."""
        left, top, right, bottom = self.font.ink(self.text)
        return self.x + left, self.baseline + top, self.x + right, self.baseline + bottom


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A box; `radius` rounds its corners."""

    frame: Frame
    fill: Colour | None = None
    stroke: Colour | None = None
    thickness: float = 0.6
    radius: float = 0.0


@dataclass(frozen=True, slots=True)
class Curve:
    """A path from `start` through pieces of one point (a straight line) or three (a cubic Bezier curve)."""

    start: Point
    pieces: tuple[tuple[Point, ...], ...]
    fill: Colour | None = None
    stroke: Colour | None = (0.0, 0.0, 0.0)
    thickness: float = 0.6


@dataclass(frozen=True, slots=True)
class Ellipse:
    """The ellipse inside a frame."""

    frame: Frame
    fill: Colour | None = None
    stroke: Colour | None = None
    thickness: float = 0.6


Shape = Rectangle | Curve | Ellipse


@dataclass(frozen=True, slots=True)
class Entity:
    """A form entity: a label over indices of words."""

    label: str
    words: tuple[int, ...]


@dataclass
class Sheet:
    """One page. Layouts write its words in the order in which a person reads them; shapes lie below all words."""

    width: float
    height: float
    words: list[PlacedWord] = field(default_factory=list)
    shapes: list[Shape] = field(default_factory=list)
    entities: list[Entity] = field(default_factory=list)
    links: list[tuple[int, int]] = field(default_factory=list)
    _line: int = -1
    _block: int = 0

    def block(self) -> None:
        """Begin a new block: the unit that a shuffled content stream keeps together."""
        self._block += 1

    def write(
        self,
        x: float,
        baseline: float,
        text: str | Sequence[str],
        font: Font,
        gap: float | None = None,
        join: bool = False,
    ) -> list[int]:
        """Write words from `x` to the right, `gap` (or a space of the font) apart; the indices of the words.

        They are one line of the truth of their own or, with `join`, the continuation of the last one.
        """
        words = text.split() if isinstance(text, str) else list(text)
        if words and not (join and self.words):
            self._line += 1
        first = len(self.words)
        for word in words:
            self.words.append(PlacedWord(word, x, baseline, font, self._line, self._block))
            x += font.width(word) + (font.space if gap is None else gap)
        return list(range(first, len(self.words)))

    def write_right(self, right: float, baseline: float, text: str, font: Font) -> list[int]:
        """Write one line that ends at `right`."""
        return self.write(right - font.width(text), baseline, text, font)

    def write_centre(self, centre: float, baseline: float, text: str, font: Font) -> list[int]:
        """Write one line around `centre`."""
        return self.write(centre - font.width(text) / 2, baseline, text, font)

    def entity(self, label: str, words: Iterable[int]) -> int:
        """Declare an entity over `words`; its index."""
        self.entities.append(Entity(label, tuple(words)))
        return len(self.entities) - 1

    def question(self, words: Iterable[int], answer: Iterable[int]) -> None:
        """Declare a question with its answer and link the two; without words of an answer only the question."""
        key = self.entity("question", words)
        value = tuple(answer)
        if value:
            self.links.append((key, self.entity("answer", value)))

    def rule(
        self, x0: float, y0: float, x1: float, y1: float, thickness: float = 0.6, colour: Colour = (0, 0, 0)
    ) -> None:
        """Draw a straight line."""
        self.shapes.append(Curve((x0, y0), (((x1, y1),),), stroke=colour, thickness=thickness))

    def box(
        self,
        frame: Frame,
        fill: Colour | None = None,
        stroke: Colour | None = None,
        thickness: float = 0.6,
        radius: float = 0.0,
    ) -> None:
        """Draw a rectangle."""
        self.shapes.append(Rectangle(frame, fill, stroke, thickness, radius))
