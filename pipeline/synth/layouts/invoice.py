"""Invoices: sender, buyer and facts, a table of items over one or more pages, totals, terms of payment."""

from __future__ import annotations

from pipeline.synth.flow import Flow
from pipeline.synth.fonts import Font
from pipeline.synth.layouts.base import Desk, letterhead, page_column, page_number, running_head
from pipeline.synth.layouts.grid import Table, TableColumn, TableStyle, draw_table_style
from pipeline.synth.sheet import Sheet

_COLUMNS = (
    TableColumn("Item", 0.8),
    TableColumn("Description", 3.4),
    TableColumn("Qty", 0.7, "right"),
    TableColumn("Unit price", 1.4, "right"),
    TableColumn("Amount", 1.6, "right"),
)


def compose(desk: Desk) -> list[Sheet]:
    """An invoice whose items run over `desk.pages` pages; the totals stand on the last."""
    number = desk.writer.code()
    looks = draw_table_style(desk.rng, desk.style.body, desk.style.accent)
    total, first_item = 0, 1
    sheets: list[Sheet] = []
    for page in range(desk.pages):
        sheet = desk.sheet()
        sheets.append(sheet)
        y = _head(desk, sheet, number) if page == 0 else _continued(desk, sheet, number, page + 1)
        last = page == desk.pages - 1
        y, cents, rows = _items(desk, sheet, y, looks, first_item, last)
        total, first_item = total + cents, first_item + rows
        if last:
            _foot(desk, sheet, _totals(desk, sheet, y + 8, total))
        page_number(desk, sheet, page + 1, f"Invoice {number}")
    return sheets


def _head(desk: Desk, sheet: Sheet, number: str) -> float:
    style, writer, font = desk.style, desk.writer, desk.style.body
    y = letterhead(desk, sheet, writer.company()) + 34
    sheet.block()
    title = sheet.write(style.left, y, "INVOICE", Font("VeraBd", 20, style.body.stretch, style.accent))
    sheet.entity("header", title)
    y += 2.2 * style.step
    half = style.left + 0.55 * style.measure
    sheet.block()
    key = sheet.write(style.left, y, "Bill to:", font.bold())
    address: list[int] = []
    for i, text in enumerate((writer.company(), writer.person(), writer.street(), writer.town_line())):
        address += sheet.write(style.left, y + (i + 1) * style.step, text, font)
    sheet.question(key, address)
    facts = [("Invoice no.", number), ("Date", writer.date()), ("Due date", writer.date())]
    facts += [("Customer no.", writer.number(6)), ("Order", writer.code())][: desk.rng.randint(0, 2)]
    sheet.block()
    for i, (name, value) in enumerate(facts):
        line = y + i * style.step
        key = sheet.write(half, line, name, font.bold())
        sheet.question(key, sheet.write_right(style.edge, line, value, font))
    return y + 5.6 * style.step


def _continued(desk: Desk, sheet: Sheet, number: str, page: int) -> float:
    running_head(desk, sheet, f"Invoice {number}", f"Continued, page {page}")
    return desk.style.top + desk.style.step


def _money(cents: int) -> str:
    return f"{cents / 100:,.2f}"


def _items(desk: Desk, sheet: Sheet, y: float, looks: TableStyle, first: int, last: bool) -> tuple[float, int, int]:
    """The items of one page: y of their end, their sum in cents, how many they are."""
    style, rng = desk.style, desk.rng
    table = Table(sheet, style.left, y, style.measure, _COLUMNS, looks)
    table.head()
    limit = style.floor - (14 * style.step if last else style.step)
    wanted = rng.randint(3, 14) if last else 99
    total = rows = 0
    while rows < wanted:
        quantity, price = rng.randint(1, 40), rng.randint(199, 49999)
        cells = (str(first + rows), desk.writer.item(), str(quantity), _money(price), _money(quantity * price))
        if rows and table.y + table.height(cells) > limit:
            break
        table.row(cells)
        total, rows = total + quantity * price, rows + 1
    table.close()
    return table.y, total, rows


def _totals(desk: Desk, sheet: Sheet, y: float, cents: int) -> float:
    style, font = desk.style, desk.style.body
    percent = desk.rng.choice((5, 7, 8, 19, 20))
    tax = cents * percent // 100
    x = style.left + 0.58 * style.measure
    rows = (
        ("Subtotal", cents, font),
        (f"Tax {percent} %", tax, font),
        ("Total", cents + tax, font.scaled(1.15).bold()),
    )
    sheet.block()
    for name, value, row_font in rows:
        y += 1.5 * style.step
        if name == "Total":
            frame = (x - 6, y - 1.3 * row_font.size, style.edge, y + 0.6 * row_font.size)
            sheet.box(frame, fill=(0.9, 0.93, 0.96), stroke=style.accent)
        key = sheet.write(x, y, name, row_font)
        sheet.question(key, sheet.write_right(style.edge - 4, y, f"${_money(value)}", row_font))
    return y + 2 * style.step


def _foot(desk: Desk, sheet: Sheet, y: float) -> None:
    style, writer = desk.style, desk.writer
    column = page_column(desk, sheet, y)
    flow = Flow([column])
    flow.heading("Terms of payment", style.body.bold())
    account = f"Account {writer.number(8)}, bank code {writer.number(6)}."
    flow.paragraph(
        f"Payment is due within {desk.rng.choice((10, 14, 30, 60))} days. {account}", style.body, style.leading
    )
    flow.paragraph(writer.sentence(), style.body.italic(), style.leading)
