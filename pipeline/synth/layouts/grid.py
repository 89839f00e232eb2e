"""Tables: columns with a head, rows of cells that wrap, and the rules and shades that make them one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from pipeline.synth.flow import Align, set_line, wrap
from pipeline.synth.fonts import WHITE, Colour, Font
from pipeline.synth.sheet import Sheet

Look = Literal["grid", "rules", "striped", "plain"]

_PAD = 4.0
_GREY: Colour = (0.92, 0.92, 0.93)
_LOOKS: tuple[Look, ...] = ("grid", "rules", "striped", "plain")


@dataclass(frozen=True)
class TableColumn:
    """A column's title, its share of the table's width, and how its cells are set."""

    title: str
    share: float
    align: Align = "left"


@dataclass(frozen=True)
class TableStyle:
    """How a table looks. `dark_head` sets the titles white on the accent colour."""

    look: Look
    font: Font
    leading: float
    accent: Colour
    dark_head: bool


def draw_table_style(rng: Random, font: Font, accent: Colour) -> TableStyle:
    """Draw the look of a table."""
    return TableStyle(rng.choice(_LOOKS), font, rng.choice((1.25, 1.4)), accent, rng.random() < 0.4)


class Table:
    """A table on a sheet that grows downwards row by row, each read cell by cell from left to right."""

    def __init__(
        self, sheet: Sheet, x: float, y: float, width: float, columns: Sequence[TableColumn], style: TableStyle
    ) -> None:
        total = sum(column.share for column in columns)
        self._sheet, self._x, self._top, self._style = sheet, x, y, style
        self._columns = list(columns)
        self._widths = [width * column.share / total for column in columns]
        self._width = width
        self._rows = 0
        self.y = y

    def height(self, cells: Sequence[str], font: Font | None = None) -> float:
        """Height that a row of `cells` takes, in points."""
        font = font or self._style.font
        lines = max(len(wrap(cell, font, w - 2 * _PAD)) for cell, w in zip(cells, self._widths, strict=True))
        return max(1, lines) * font.size * self._style.leading + _PAD

    def head(self) -> list[list[int]]:
        """Write the titles of the columns; the indices of the words of each."""
        style = self._style
        font = style.font.bold().coloured(WHITE) if style.dark_head else style.font.bold()
        titles = [column.title for column in self._columns]
        frame = (self._x, self.y, self._x + self._width, self.y + self.height(titles, font))
        if style.dark_head:
            self._sheet.box(frame, fill=style.accent)
        elif style.look in ("grid", "striped"):
            self._sheet.box(frame, fill=_GREY)
        if style.look == "rules":
            self._rule(0.9)
        cells = self._cells(titles, font)
        if not style.dark_head:
            self._rule(0.5)
        return cells

    def row(self, cells: Sequence[str], font: Font | None = None) -> list[list[int]]:
        """Write a row; the indices of the words of each cell."""
        style = self._style
        if style.look == "striped" and self._rows % 2:
            bottom = self.y + self.height(cells, font)
            self._sheet.box((self._x, self.y, self._x + self._width, bottom), fill=_GREY)
        written = self._cells(cells, font or style.font)
        if style.look == "grid":
            self._rule(0.4)
        self._rows += 1
        return written

    def close(self) -> None:
        """Draw what belongs around the finished table."""
        if self._style.look == "grid":
            self._sheet.box((self._x, self._top, self._x + self._width, self.y), stroke=(0, 0, 0))
            x = self._x
            for width in self._widths[:-1]:
                x += width
                self._sheet.rule(x, self._top, x, self.y, 0.4)
        elif self._style.look == "rules":
            self._rule(0.9)

    def _rule(self, thickness: float) -> None:
        self._sheet.rule(self._x, self.y, self._x + self._width, self.y, thickness)

    def _cells(self, cells: Sequence[str], font: Font) -> list[list[int]]:
        height = self.height(cells, font)
        written: list[list[int]] = []
        x = self._x
        self._sheet.block()
        for cell, column, width in zip(cells, self._columns, self._widths, strict=True):
            written.append(self._cell(cell, x + _PAD, width - 2 * _PAD, font, column.align))
            x += width
        self.y += height
        return written

    def _cell(self, text: str, x: float, width: float, font: Font, align: Align) -> list[int]:
        step = font.size * self._style.leading
        baseline = self.y + _PAD / 2 + (step - font.size) / 2 + 0.8 * font.size
        indices: list[int] = []
        for i, line in enumerate(wrap(text, font, width)):
            indices += set_line(self._sheet, x, baseline + i * step, line, font, width, align)
        return indices
