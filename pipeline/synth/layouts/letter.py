"""Letters: letterhead, date and reference, recipient, salutation, body, closing with a signature."""

from __future__ import annotations

from pipeline.synth import art
from pipeline.synth.flow import Flow
from pipeline.synth.layouts.base import Desk, fill, letterhead, page_column, page_number, running_head
from pipeline.synth.sheet import Sheet


def compose(desk: Desk) -> list[Sheet]:
    """A letter of `desk.pages` pages; only the last one is signed."""
    style, writer = desk.style, desk.writer
    first = desk.sheet()
    company, person, date = writer.company(), writer.person(), writer.date()
    y = letterhead(desk, first, company)
    y = _opening(desk, first, y + 2 * style.step, person, date)
    sheets = [first, *(desk.sheet() for _ in range(desk.pages - 1))]
    for number, sheet in enumerate(sheets[1:], start=2):
        running_head(desk, sheet, f"{person}, {date}", f"Page {number}")
    last = sheets[-1]
    end = style.floor - 9 * style.step - desk.rng.uniform(0, 0.2) * style.height
    columns = [page_column(desk, sheet, style.top) for sheet in sheets]
    columns[0].y, columns[-1].bottom = y, max(end, columns[-1].y + 2 * style.step)
    flow = Flow(columns)
    fill(desk, flow, headings=False)
    _closing(desk, last, columns[-1].y + style.step, company)
    if desk.rng.random() < 0.5:
        page_number(desk, first, 1, f"Registered office: {writer.street()}")
    return sheets


def _opening(desk: Desk, sheet: Sheet, y: float, person: str, date: str) -> float:
    """Date, reference, recipient, salutation and subject from y down; y of the body."""
    style, writer, font = desk.style, desk.writer, desk.style.body
    if desk.rng.random() < 0.5:
        sheet.write_right(style.edge, y, date, font)
    else:
        sheet.write(style.left, y, date, font)
    y += style.step
    if desk.rng.random() < 0.6:
        sheet.write(style.left, y, f"Our ref: {writer.code()}", font)
        y += style.step
    y += style.step
    sheet.block()
    for text in (person, writer.company(), writer.street(), writer.town_line()):
        sheet.write(style.left, y, text, font)
        y += style.step
    y += style.step
    sheet.block()
    sheet.write(
        style.left,
        y,
        desk.rng.choice(("Dear Sir or Madam,", f"Dear {person.split(maxsplit=1)[0]},", f"Dear {person}:")),
        font,
    )
    if desk.rng.random() < 0.6:
        y += 1.6 * style.step
        sheet.write(style.left, y, f"Subject: {writer.title(3, 5)}", font.bold())
    return y + style.step


def _closing(desk: Desk, sheet: Sheet, y: float, company: str) -> None:
    style, writer, font = desk.style, desk.writer, desk.style.body
    x = style.left if desk.rng.random() < 0.6 else style.left + 0.55 * style.measure
    sheet.block()
    sheet.write(
        x, y + font.size, desk.rng.choice(("Yours faithfully,", "Sincerely yours,", "With kind regards,")), font
    )
    art.signature(sheet, desk.rng, x + 6, y + 3.6 * style.step, desk.rng.uniform(60, 120))
    y += 5.4 * style.step
    for text in (writer.person(), f"{writer.noun().capitalize()} Manager", company):
        sheet.write(x, y, text, font)
        y += style.step
    if desk.rng.random() < 0.4:
        sheet.write(style.left, y + 0.4 * style.step, f"cc: {writer.person()}", font.scaled(0.9))
