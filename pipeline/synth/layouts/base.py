"""What all layouts share: the desk they work at, and the parts that many documents have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from pipeline.synth import art
from pipeline.synth.flow import Column, Flow
from pipeline.synth.fonts import Font
from pipeline.synth.sheet import Sheet
from pipeline.synth.style import Style
from pipeline.synth.text import Writer


@dataclass(frozen=True)
class Desk:
    """All that a layout draws from: randomness, a look, a writer, and how many pages are wanted (1 or more)."""

    rng: Random
    style: Style
    writer: Writer
    pages: int

    def sheet(self) -> Sheet:
        """An empty sheet of the style's paper."""
        return Sheet(self.style.width, self.style.height)


Layout = Callable[[Desk], list[Sheet]]


def page_column(desk: Desk, sheet: Sheet, top: float, bottom: float | None = None) -> Column:
    """A column as wide as the type area, from y `top` down to `bottom` (the foot of the type area)."""
    style = desk.style
    return Column(sheet, style.left, top, style.measure, style.floor if bottom is None else bottom)


def fill(desk: Desk, flow: Flow, headings: bool = True) -> None:
    """Fill `flow` with paragraphs, and with a heading now and then, until nothing fits any more."""
    style, writer = desk.style, desk.writer
    section = 1
    while not flow.full:
        if headings and desk.rng.random() < 0.35:
            flow.skip(0.5 * style.step)
            flow.heading(f"{section}. {writer.heading()}", style.body.scaled(1.15).bold(), keep=3 * style.step)
            flow.skip(0.2 * style.step)
            section += 1
        paragraph(desk, flow, writer.paragraph())


def paragraph(desk: Desk, flow: Flow, text: str) -> None:
    """Set one paragraph of body text in the document's manner."""
    style = desk.style
    if flow.room(2 * style.step):
        flow.paragraph(text, style.body, style.leading, "justify" if style.justify else "left", style.indent)
        flow.skip(0.0 if style.indent else 0.45 * style.step)


def page_number(desk: Desk, sheet: Sheet, number: int, text: str = "") -> None:
    """A page number at the foot, in the middle or at the right, with `text` at the left."""
    style = desk.style
    font = style.body.scaled(0.85)
    baseline = style.height - 0.5 * style.bottom
    sheet.block()
    if text:
        sheet.write(style.left, baseline, text, font)
        sheet.write_right(style.edge, baseline, f"Page {number}", font)
    else:
        sheet.write_centre(style.width / 2, baseline, f"- {number} -" if style.spaces else str(number), font)


def running_head(desk: Desk, sheet: Sheet, left: str, right: str) -> None:
    """A line of small type over the type area, with a rule below it."""
    style = desk.style
    font = style.body.scaled(0.8).italic()
    baseline = 0.62 * style.top
    sheet.block()
    sheet.write(style.left, baseline, left, font)
    sheet.write_right(style.edge, baseline, right, font)
    sheet.rule(style.left, baseline + 4, style.edge, baseline + 4, 0.4)


def letterhead(desk: Desk, sheet: Sheet, company: str) -> float:
    """A logo, the company's name and its address at the top of the sheet; y of the lower end."""
    style, writer, rng = desk.style, desk.writer, desk.rng
    name, small = Font("VeraBd", 15.0, style.body.stretch, style.accent), style.body.scaled(0.85)
    address = [writer.street(), writer.town_line(), f"Tel. {writer.phone()}", writer.email()]
    y, size = style.top, 30.0
    manner = rng.choice(("left", "right", "centre"))
    if manner == "centre":
        art.logo(sheet, rng, style.width / 2 - size / 2, y - 12, size, style.accent)
        sheet.write_centre(style.width / 2, y + 36, company, name)
        sheet.write_centre(style.width / 2, y + 36 + 1.5 * small.size, " - ".join(address[:2]), small)
        low = y + 36 + 2.3 * small.size
    else:
        art.logo(sheet, rng, style.left, y - 8, size, style.accent)
        sheet.write(style.left + size + 10, y + 12, company, name)
        low = _address(desk, sheet, address, small, manner == "right")
    sheet.rule(style.left, low + 6, style.edge, low + 6, 1.0, style.accent)
    return low + 8


def _address(desk: Desk, sheet: Sheet, address: list[str], font: Font, right: bool) -> float:
    style = desk.style
    y = style.top + 30
    sheet.block()
    for text in address:
        if right:
            sheet.write_right(style.edge, y, text, font)
        else:
            sheet.write(style.left + 40, y, text, font)
        y += 1.3 * font.size
    return y - 0.6 * font.size
