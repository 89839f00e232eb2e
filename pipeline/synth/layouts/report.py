"""Reports of several pages: a title page, contents, chapters with lists, charts and tables."""

from __future__ import annotations

from pipeline.synth import art
from pipeline.synth.flow import Column, Flow
from pipeline.synth.fonts import Font
from pipeline.synth.layouts.base import Desk, page_column, page_number, paragraph, running_head
from pipeline.synth.layouts.table import table
from pipeline.synth.sheet import Ellipse, Sheet


def compose(desk: Desk) -> list[Sheet]:
    """A report of `desk.pages` pages: a title page, then chapters of a page each, the contents before the first.

    A single page is a chapter out of a report.
    """
    title, mark = desk.writer.title(4, 7), f"Report {desk.writer.code()}"
    first = 0 if desk.pages == 1 else 1
    sheets = [_title_page(desk, title, mark)] if first else []
    chapters = [[desk.writer.heading() for _ in range(3)] for _ in range(desk.pages - first)]
    for number, headings in enumerate(chapters, start=1):
        sheet = desk.sheet()
        running_head(desk, sheet, title, mark)
        top = _contents(desk, sheet, chapters) if first and number == 1 else desk.style.top
        _chapter(desk, sheet, top, number, headings)
        page_number(desk, sheet, number + first, "Confidential")
        sheets.append(sheet)
    return sheets


def _title_page(desk: Desk, title: str, mark: str) -> Sheet:
    style, writer, rng = desk.style, desk.writer, desk.rng
    sheet = desk.sheet()
    art.logo(sheet, rng, style.left, style.top, 54, style.accent)
    sheet.write(style.left + 66, style.top + 34, writer.company(), Font("VeraBd", 14, style.body.stretch))
    column = page_column(desk, sheet, rng.uniform(0.25, 0.38) * style.height)
    flow = Flow([column])
    sheet.rule(style.left, column.y - 10, style.edge, column.y - 10, 2.0, style.accent)
    flow.paragraph(title, Font("VeraBd", rng.choice((26.0, 30.0)), style.body.stretch, style.accent), 1.2)
    flow.skip(12)
    flow.paragraph(writer.sentence(), style.body.scaled(1.3), 1.3)
    flow.skip(40)
    for text in (
        f"Prepared by {writer.person()}",
        f"for {writer.company()}",
        writer.date(),
        mark,
    ):
        flow.paragraph(text, style.body.scaled(1.1), 1.5)
    sheet.rule(style.left, column.y + 10, style.edge, column.y + 10, 2.0, style.accent)
    return sheet


def _contents(desk: Desk, sheet: Sheet, chapters: list[list[str]]) -> float:
    """The list of contents, its page numbers at the far right; y of its end."""
    style, font = desk.style, desk.style.body
    y = style.top + 16
    sheet.block()
    sheet.write(style.left, y, "Contents", font.scaled(1.4).bold())
    y += 0.6 * style.step
    for chapter, headings in enumerate(chapters, start=1):
        for part, heading in enumerate(headings[:2]):
            y += 1.3 * style.step
            x = style.left + (16 if part else 0)
            words = sheet.write(x, y, f"{chapter}.{part or ''} {heading}", font if part else font.bold())
            page = sheet.write_right(style.edge, y, str(chapter + 1), font)
            _leader(desk, sheet, y, sheet.words[words[-1]].box[2] + 6, sheet.words[page[0]].x - 6)
    return y + 2 * style.step


def _leader(desk: Desk, sheet: Sheet, y: float, x0: float, x1: float) -> None:
    """A row of dots between a heading and its page number: drawn, not written, for nobody reads them."""
    step = 0.5 * desk.style.body.size
    for i in range(1, int((x1 - x0) / step)):
        sheet.rule(x0 + i * step, y - 0.4, x0 + i * step + 0.8, y - 0.4, 0.8, (0.45, 0.45, 0.45))


def _chapter(desk: Desk, sheet: Sheet, top: float, page: int, headings: list[str]) -> None:
    style, writer, rng = desk.style, desk.writer, desk.rng
    column = page_column(desk, sheet, top)
    flow = Flow([column])
    flow.heading(f"{page}. {headings[0]}", style.body.scaled(1.5).bold().coloured(style.accent))
    flow.skip(0.5 * style.step)
    paragraph(desk, flow, writer.paragraph(3, 5))
    (_list if rng.random() < 0.5 else _chart)(desk, sheet, flow)
    for i, heading in enumerate(headings[1:], start=1):
        if flow.room(6 * style.step):
            flow.skip(0.4 * style.step)
            flow.heading(f"{page}.{i} {heading}", style.body.scaled(1.2).bold())
            flow.skip(0.2 * style.step)
            paragraph(desk, flow, writer.paragraph(3, 6))
    if rng.random() < 0.5 and flow.room(14 * style.step):
        flow.skip(0.5 * style.step)
        flow.paragraph(f"Table {page}. {writer.sentence()}", style.body.bold(), 1.3)
        column.y = table(desk, sheet, column.y + 4, style.floor) + style.step
    while not flow.full:
        paragraph(desk, flow, writer.paragraph())


def _list(desk: Desk, sheet: Sheet, flow: Flow) -> None:
    """Items with drawn bullets."""
    style = desk.style
    flow.skip(0.3 * style.step)
    for _ in range(desk.rng.randint(3, 6)):
        if flow.room(3 * style.step):
            column = flow.column
            middle = column.y + 0.52 * style.step
            dot = (column.x + 6, middle - 1.6, column.x + 9.2, middle + 1.6)
            sheet.shapes.append(Ellipse(dot, fill=style.accent))
            flow.paragraph(desk.writer.sentence(), style.body, style.leading, hang=18)
    flow.skip(0.5 * style.step)


def _chart(desk: Desk, sheet: Sheet, flow: Flow) -> None:
    style = desk.style
    height = desk.rng.uniform(110, 170)
    if not flow.room(height + 3 * style.step):
        return
    column: Column = flow.column
    frame = (column.x + 30, column.y, column.x + column.width - 30, column.y + height)
    art.chart(sheet, desk.rng, frame, style.accent)
    flow.skip(height + 4)
    flow.paragraph(
        f"Figure {desk.rng.randint(1, 9)}. {desk.writer.sentence()}", style.body.scaled(0.9).italic(), 1.3, "centre"
    )
    flow.skip(0.6 * style.step)
