"""A page of a magazine: a headline, the main text, and a shaded sidebar beside it, which is read last."""

from __future__ import annotations

from pipeline.synth.flow import Column, Flow
from pipeline.synth.fonts import Colour, Font
from pipeline.synth.layouts.base import Desk, fill, page_column, page_number, running_head
from pipeline.synth.sheet import Sheet

_SHADES: tuple[Colour, ...] = ((0.93, 0.93, 0.93), (0.92, 0.95, 0.98), (0.98, 0.95, 0.88))
_GAP = 20.0
_PAD = 9.0


def compose(desk: Desk) -> list[Sheet]:
    """`desk.pages` pages, each with a sidebar at the left or at the right."""
    magazine, date = f"{desk.writer.title(2, 3)} Review", desk.writer.date()
    sheets = []
    for page in range(desk.pages):
        sheet = desk.sheet()
        running_head(desk, sheet, magazine, date)
        top = _headline(desk, sheet) if page == 0 else desk.style.top
        _body(desk, sheet, top)
        page_number(desk, sheet, page + 2)
        sheets.append(sheet)
    return sheets


def _headline(desk: Desk, sheet: Sheet) -> float:
    style, writer = desk.style, desk.writer
    column = page_column(desk, sheet, style.top)
    flow = Flow([column])
    font = Font("VeraBd", desk.rng.choice((20.0, 24.0, 28.0)), style.body.stretch, style.accent)
    flow.paragraph(writer.title(4, 6), font, 1.15)
    flow.skip(4)
    flow.paragraph(writer.sentence(), style.body.scaled(1.2).italic(), 1.3)
    flow.skip(3)
    flow.paragraph(f"By {writer.person()}", style.body.scaled(0.9).bold(), 1.3)
    return column.y + style.step


def _body(desk: Desk, sheet: Sheet, top: float) -> None:
    style, rng = desk.style, desk.rng
    width = rng.uniform(0.27, 0.34) * style.measure
    main = style.measure - width - _GAP
    at_left = rng.random() < 0.4
    x = style.left + (width + _GAP if at_left else 0)
    columns = [Column(sheet, x, top, main, style.floor)]
    if rng.random() < 0.4 and main > 300:
        half = (main - 14) / 2
        columns = [Column(sheet, x + i * (half + 14), top, half, style.floor) for i in range(2)]
    fill(desk, Flow(columns))
    _sidebar(desk, sheet, style.left if at_left else x + main + _GAP, top, width)


def _sidebar(desk: Desk, sheet: Sheet, x: float, top: float, width: float) -> None:
    """A box with a title and a list, as high as it needs to be."""
    style, writer, rng = desk.style, desk.writer, desk.rng
    font = style.body.scaled(0.9)
    limit = top + rng.uniform(0.5, 0.95) * (style.floor - top)
    column = Column(sheet, x + _PAD, top + _PAD, width - 2 * _PAD, limit - _PAD)
    flow = Flow([column])
    flow.heading(writer.heading(), font.scaled(1.25).bold().coloured(style.accent))
    while flow.room(3 * font.size * style.leading):
        flow.skip(0.5 * font.size)
        flow.paragraph(writer.sentence(), font, style.leading)
    sheet.box((x, top, x + width, limit), fill=rng.choice(_SHADES), stroke=style.accent if rng.random() < 0.5 else None)
