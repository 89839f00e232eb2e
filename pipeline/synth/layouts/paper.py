"""Papers in two or three columns: a headline across, authors, an abstract, sections, a figure, a footnote.

Read: headline, authors, abstract, then column by column; the footnote is the last of its column.
"""

from __future__ import annotations

from pipeline.synth import art
from pipeline.synth.flow import Column, Flow, wrap
from pipeline.synth.fonts import Font
from pipeline.synth.layouts.base import Desk, fill, page_column, page_number, running_head
from pipeline.synth.sheet import Sheet

GUTTER = 18.0


def compose_two(desk: Desk) -> list[Sheet]:
    """A paper in two columns, of `desk.pages` pages."""
    return _compose(desk, 2)


def compose_three(desk: Desk) -> list[Sheet]:
    """A paper in three columns, of `desk.pages` pages."""
    return _compose(desk, 3)


def _compose(desk: Desk, columns: int) -> list[Sheet]:
    style, writer, rng = desk.style, desk.writer, desk.rng
    journal = f"Journal of {writer.title(2, 3)}, Vol. {rng.randint(2, 80)}"
    short, date, first_page = writer.title(2, 4), writer.date(), rng.randint(1, 400)
    frames: list[Column] = []
    sheets = [desk.sheet() for _ in range(desk.pages)]
    for page, sheet in enumerate(sheets):
        running_head(desk, sheet, journal if page % 2 == 0 else short, f"({date})")
        top = _headline(desk, sheet) if page == 0 else style.top + 6
        frames += _columns(desk, sheet, columns, top, note=page == 0 or rng.random() < 0.4)
        if columns == 2 and rng.random() < 0.5:
            _figure(desk, frames[-1])
    flow = Flow(frames)
    fill(desk, flow)
    for page, sheet in enumerate(sheets):
        page_number(desk, sheet, first_page + page)
    return sheets


def _headline(desk: Desk, sheet: Sheet) -> float:
    """Title, authors and abstract across all columns; y of their end."""
    style, writer, rng = desk.style, desk.writer, desk.rng
    column = page_column(desk, sheet, style.top + 8)
    flow = Flow([column])
    title = Font("VeraBd", rng.choice((17.0, 19.0, 22.0)), style.body.stretch)
    flow.paragraph(writer.title(5, 9), title, 1.2, "centre")
    flow.skip(6)
    flow.paragraph(", ".join(writer.person() for _ in range(rng.randint(1, 3))), style.body.scaled(1.15), 1.3, "centre")
    flow.paragraph(f"{writer.company()}, {writer.town()}", style.body.italic(), 1.3, "centre")
    flow.skip(8)
    margin = rng.uniform(0.05, 0.1) * style.measure
    inner = Column(sheet, style.left + margin, column.y, style.measure - 2 * margin, column.bottom)
    abstract = Flow([inner])
    abstract.paragraph("Abstract", style.body.bold(), 1.4, "centre")
    abstract.paragraph(writer.paragraph(3, 5), style.body.scaled(0.95), style.leading, "justify")
    keywords = ", ".join(writer.noun() for _ in range(4))
    abstract.paragraph(f"Keywords: {keywords}", style.body.scaled(0.95).italic(), style.leading)
    if rng.random() < 0.4:
        sheet.box((inner.x - 8, column.y - 2, inner.x + inner.width + 8, inner.y + 6), stroke=(0.3, 0.3, 0.3))
    return inner.y + 1.6 * style.step


def _columns(desk: Desk, sheet: Sheet, count: int, top: float, note: bool) -> list[Column]:
    """The columns of a page from y `top`, with a footnote at the foot of the first if `note`."""
    style = desk.style
    width = (style.measure - (count - 1) * GUTTER) / count
    columns = [Column(sheet, style.left + i * (width + GUTTER), top, width, style.floor) for i in range(count)]
    if note:
        _footnote(desk, columns[0])
    if desk.rng.random() < 0.2:
        for column in columns[1:]:
            sheet.rule(column.x - GUTTER / 2, top, column.x - GUTTER / 2, style.floor, 0.3)
    return columns


def _footnote(desk: Desk, column: Column) -> None:
    """Reserve the foot of `column` for a footnote, which is written when the column is done."""
    font = desk.style.body.scaled(0.82)
    text = f"* {desk.writer.sentence()} E-mail: {desk.writer.email()}"
    step = 1.25 * font.size
    lines = wrap(text, font, column.width)
    column.bottom -= len(lines) * step + 8
    top = column.bottom + 6

    def write() -> None:
        column.sheet.rule(column.x, top - 2, column.x + 0.35 * column.width, top - 2, 0.4)
        column.sheet.block()
        for i, line in enumerate(lines):
            column.sheet.write(column.x, top + (i + 1) * step - 0.2 * font.size, line, font)

    column.close = write


def _figure(desk: Desk, column: Column) -> None:
    """Put a chart at the head of `column`, with its caption read before the column's text."""
    style, rng = desk.style, desk.rng
    font = style.body.scaled(0.9).italic()
    caption = wrap(f"Figure {rng.randint(1, 4)}. {desk.writer.sentence()}", font, column.width)
    bottom = column.y + rng.uniform(90, 140)
    art.chart(column.sheet, rng, (column.x, column.y, column.x + column.width, bottom), style.accent)
    column.y = bottom + 4 + len(caption) * 1.3 * font.size + style.step

    def write() -> None:
        column.sheet.block()
        for i, line in enumerate(caption):
            column.sheet.write(column.x, bottom + 4 + (i + 0.8) * 1.3 * font.size, line, font)

    column.open = write
