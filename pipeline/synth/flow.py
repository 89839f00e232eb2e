"""Text that flows: wrapping into lines, and filling columns one after the other, over several pages if need be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.synth.fonts import Font
from pipeline.synth.sheet import Sheet

Align = Literal["left", "justify", "centre", "right"]

_WIDEST_GAP = 2.4  # of a space: a justified line with wider gaps would look torn, and is set ragged instead


def wrap(text: str, font: Font, width: float, indent: float = 0.0) -> list[list[str]]:
    """Break `text` into lines of words that fit `width` points, the first shortened by `indent`.

    A word wider than the width stands alone on its line.
    """
    lines: list[list[str]] = []
    used = indent
    for word in text.split():
        advance = font.width(word)
        if lines and used + font.space + advance <= width:
            lines[-1].append(word)
            used += font.space + advance
        else:
            used = advance + (0.0 if lines else indent)
            lines.append([word])
    return lines


def fit(text: str, font: Font, width: float) -> str:
    """`text` without the words at its end that would pass `width` points; never without its first word."""
    return " ".join(wrap(text, font, width)[0])


def set_line(
    sheet: Sheet, x: float, baseline: float, line: Sequence[str], font: Font, width: float, align: Align
) -> list[int]:
    """Write one line of words into a space of `width` points; the indices of the words."""
    natural = font.width(" ".join(line))
    if align == "justify" and len(line) > 1:
        gap = font.space + (width - natural) / (len(line) - 1)
        return sheet.write(x, baseline, line, font, gap=gap if gap <= _WIDEST_GAP * font.space else None)
    shift = {"left": 0.0, "justify": 0.0, "centre": (width - natural) / 2, "right": width - natural}[align]
    return sheet.write(x + shift, baseline, line, font)


@dataclass
class Column:
    """A space for lines: `y` moves down to `bottom`. `open` and `close` run as the flow enters and leaves."""

    sheet: Sheet
    x: float
    y: float
    width: float
    bottom: float
    open: Callable[[], None] | None = None
    close: Callable[[], None] | None = None


class Flow:
    """Fills columns in their order; what does not fit any more is dropped, and `full` says so."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = list(columns)
        self._at = 0
        self._enter()

    @property
    def full(self) -> bool:
        return self._at >= len(self._columns)

    @property
    def column(self) -> Column:
        """The column that is being filled; only while the flow is not full."""
        return self._columns[self._at]

    def _enter(self) -> None:
        if not self.full and self.column.open is not None:
            self.column.open()

    def _leave(self) -> None:
        if self.column.close is not None:
            self.column.close()
        self._at += 1
        self._enter()

    def finish(self) -> None:
        """Leave all columns that are still open."""
        while not self.full:
            self._leave()

    def room(self, height: float) -> bool:
        """Move on to a column with `height` points left; False where there is none."""
        while not self.full and self.column.y + height > self.column.bottom:
            self._leave()
        return not self.full

    def skip(self, height: float) -> None:
        """Leave white space."""
        if not self.full:
            self.column.y += height

    def line(
        self, words: Sequence[str], font: Font, leading: float, align: Align = "left", indent: float = 0.0
    ) -> list[int]:
        """Set one line of words; their indices, none where everything is full."""
        step = font.size * leading
        if not self.room(step):
            return []
        column = self.column
        baseline = column.y + (step - font.size) / 2 + 0.8 * font.size
        column.y += step
        return set_line(column.sheet, column.x + indent, baseline, words, font, column.width - indent, align)

    def paragraph(
        self, text: str, font: Font, leading: float, align: Align = "left", indent: float = 0.0, hang: float = 0.0
    ) -> list[int]:
        """Set `text`, the first line shifted by `indent`, all by `hang`; the indices of its words on their sheets."""
        indices: list[int] = []
        self._new_block()
        lines = wrap(text, font, self._width() - hang, indent)
        for i, words in enumerate(lines):
            last = i == len(lines) - 1
            ragged: Align = "left" if align == "justify" and last else align
            indices += self.line(words, font, leading, ragged, hang + (0.0 if i else indent))
        return indices

    def heading(
        self, text: str, font: Font, leading: float = 1.25, align: Align = "left", keep: float = 30.0
    ) -> list[int]:
        """Set a heading that stays together with `keep` points of what follows."""
        lines = wrap(text, font, self._width())
        if not self.room(len(lines) * font.size * leading + keep):
            return []
        return self.paragraph(text, font, leading, align)

    def _width(self) -> float:
        return self._columns[min(self._at, len(self._columns) - 1)].width

    def _new_block(self) -> None:
        if not self.full:
            self.column.sheet.block()
