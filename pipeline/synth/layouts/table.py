"""A page about a table: a heading, a paragraph, the caption, the table row by row, a note, more text."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.synth.flow import Align, Flow
from pipeline.synth.layouts.base import Desk, fill, page_column, page_number, paragraph, running_head
from pipeline.synth.layouts.grid import Table, TableColumn, draw_table_style
from pipeline.synth.sheet import Sheet

Draw = Callable[[], str]


def compose(desk: Desk) -> list[Sheet]:
    """`desk.pages` pages with a table each."""
    style, writer = desk.style, desk.writer
    sheets = []
    for page in range(desk.pages):
        sheet = desk.sheet()
        if desk.rng.random() < 0.5:
            running_head(desk, sheet, writer.title(3, 5), writer.company())
        column = page_column(desk, sheet, style.top)
        flow = Flow([column])
        flow.heading(writer.title(4, 7) if page == 0 else writer.heading(), style.body.scaled(1.5).bold())
        flow.skip(0.6 * style.step)
        paragraph(desk, flow, writer.paragraph(2, 4))
        flow.skip(0.8 * style.step)
        flow.paragraph(f"Table {page + 1}. {writer.sentence()}", style.body.bold(), 1.3)
        column.y = table(desk, sheet, column.y + 5, 0.8 * style.floor) + 4
        flow.paragraph(f"Note: {writer.sentence()}", style.body.scaled(0.85).italic(), 1.3)
        flow.skip(style.step)
        fill(desk, flow)
        page_number(desk, sheet, page + 1)
        sheets.append(sheet)
    return sheets


def table(desk: Desk, sheet: Sheet, y: float, limit: float) -> float:
    """A table of drawn columns from y down to at most `limit`; y of its end."""
    style, rng = desk.style, desk.rng
    kinds = _columns(desk)
    columns = [TableColumn(title, share, align) for title, share, align, _ in kinds]
    looks = draw_table_style(rng, style.body.scaled(0.95), style.accent)
    grid = Table(sheet, style.left, y, style.measure, columns, looks)
    grid.head()
    for _ in range(rng.randint(5, 18)):
        cells = [draw() for _, _, _, draw in kinds]
        if grid.y + grid.height(cells) > limit:
            break
        grid.row(cells)
    grid.close()
    return grid.y


def _columns(desk: Desk) -> list[tuple[str, float, Align, Draw]]:
    """A first column of names, then two to five of numbers, dates or remarks."""
    writer, rng = desk.writer, desk.rng
    names: list[tuple[str, float, Align, Draw]] = [
        ("Region", 1.6, "left", writer.town),
        ("Item", 2.4, "left", writer.item),
        ("Company", 2.6, "left", writer.company),
    ]
    others: list[tuple[str, float, Align, Draw]] = [
        ("Share", 1.0, "right", lambda: f"{rng.randint(1, 999) / 10} %"),
        ("Change", 1.1, "right", lambda: f"{rng.randint(-300, 300) / 10:+}"),
        ("Count", 1.1, "right", lambda: f"{rng.randint(10, 99999):,}"),
        ("Value", 1.7, "right", lambda: writer.amount(10, 90000)),
        ("Code", 1.5, "centre", writer.code),
        ("Year", 0.9, "centre", lambda: str(rng.randint(1931, 2024))),
        ("Remarks", 2.6, "left", writer.noun_phrase),
    ]
    chosen = sorted(rng.sample(range(len(others)), rng.randint(2, 5)))
    return [rng.choice(names), *(others[i] for i in chosen)]
