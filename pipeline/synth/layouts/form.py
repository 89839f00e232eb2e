"""Forms: a title, sections of questions with their answers, boxes to tick, a line to sign.

A question is read with its answer before the next question: in cells row by row, else line by line.
"""

from __future__ import annotations

from collections.abc import Callable

from pipeline.synth import art
from pipeline.synth.flow import fit, wrap
from pipeline.synth.fonts import Colour, Font
from pipeline.synth.layouts.base import Desk, page_number
from pipeline.synth.sheet import Frame, Sheet

_BLUE: Colour = (0.05, 0.10, 0.50)
_GREY: Colour = (0.88, 0.89, 0.91)
_SECTIONS = (
    "Applicant",
    "Shipment",
    "Account details",
    "Contact",
    "Product information",
    "Previous order",
    "Employer",
    "Vehicle",
)


def _questions(desk: Desk) -> list[tuple[str, Callable[[], str]]]:
    writer, rng = desk.writer, desk.rng
    return [
        ("Name", writer.person),
        ("Surname", writer.surname),
        ("Date", writer.date),
        ("Date of birth", writer.date),
        ("Company", writer.company),
        ("Street", writer.street),
        ("City and postal code", writer.town_line),
        ("Telephone", writer.phone),
        ("E-mail", writer.email),
        ("Reference no.", writer.code),
        ("Account number", lambda: writer.number(8)),
        ("Amount", lambda: writer.amount(5, 9000)),
        ("Quantity", lambda: f"{rng.randint(1, 400)} units"),
        ("Brand", writer.surname),
        ("Description of goods", writer.item),
        ("Department", lambda: f"{writer.noun().capitalize()} {writer.noun()}"),
        ("Reason", writer.clause),
        ("Total", lambda: writer.amount(50, 90000)),
        ("Approved by", writer.person),
        ("Weight (kg)", lambda: f"{rng.randint(10, 9999) / 10}"),
    ]


class _Form:
    """One sheet of a form while it is filled from the top."""

    def __init__(self, desk: Desk, sheet: Sheet, boxed: bool, answer: Font) -> None:
        self.desk, self.sheet, self.boxed, self.answer = desk, sheet, boxed, answer
        self.y = desk.style.top

    def title(self, text: str) -> None:
        style, sheet = self.desk.style, self.sheet
        font = Font("VeraBd", 15, style.body.stretch)
        art.logo(sheet, self.desk.rng, style.left, self.y - 14, 26, style.accent)
        words = sheet.write(style.left + 36, self.y, fit(text, font, 0.6 * style.measure), font)
        sheet.entity("header", words)
        code = sheet.write_right(style.edge, self.y, f"Form {self.desk.writer.code()}", style.body.scaled(0.85))
        sheet.entity("other", code)
        self.y += 22

    def section(self, text: str) -> None:
        style, sheet = self.desk.style, self.sheet
        font = style.body.scaled(1.1).bold()
        bottom = self.y + 1.7 * font.size
        sheet.block()
        if self.boxed:
            sheet.box((style.left, self.y, style.edge, bottom), fill=_GREY, stroke=(0, 0, 0))
        words = sheet.write(style.left + 4, self.y + 1.2 * font.size, text, font)
        sheet.entity("header", words)
        self.y = bottom + (0 if self.boxed else 4)

    def row(self, fields: list[tuple[str, str]]) -> None:
        """Questions side by side, each with its answer (an empty one stays open)."""
        style = self.desk.style
        width = style.measure / len(fields)
        height = (3.4 if self.boxed else 2.3) * style.body.size
        for i, (question, answer) in enumerate(fields):
            x = style.left + i * width
            self.sheet.block()
            frame = (x, self.y, x + width, self.y + height)
            (self._cell if self.boxed else self._underlined)(frame, question, answer)
        self.y += height

    def _cell(self, frame: Frame, question: str, answer: str) -> None:
        x0, y0, x1, y1 = frame
        small = self.desk.style.body.scaled(0.85)
        self.sheet.box(frame, stroke=(0, 0, 0), thickness=0.5)
        key = self.sheet.write(x0 + 4, y0 + 1.2 * small.size, fit(question, small, x1 - x0 - 8), small)
        value = fit(answer, self.answer, x1 - x0 - 12) if answer else ""
        self.sheet.question(key, self.sheet.write(x0 + 8, y1 - 0.45 * self.answer.size, value, self.answer))

    def _underlined(self, frame: Frame, question: str, answer: str) -> None:
        x0, _, x1, y1 = frame
        font = self.desk.style.body
        baseline = y1 - 0.6 * font.size
        key = self.sheet.write(x0, baseline, f"{question}:", font)
        end = x0 + font.width(f"{question}:")
        # An answer a space behind its question is on the question's line, as an eye and an OCR engine see it.
        close = self.desk.rng.random() < 0.5
        x = end + (1.5 * font.space if close else 2.5 * font.size + 6)
        self.sheet.rule(end + 4, baseline + 3.4, x1 - 8, baseline + 3.4, 0.4)
        value = fit(answer, self.answer, x1 - 12 - x) if answer else ""
        self.sheet.question(key, self.sheet.write(x, baseline, value, self.answer, join=close))

    def ticks(self, question: str, options: list[str]) -> None:
        """A question with boxes to tick; the ticked option is its answer, the others are `other`."""
        style, sheet, font = self.desk.style, self.sheet, self.desk.style.body
        height = 2.3 * font.size
        baseline, x = self.y + height - 0.8 * font.size, style.left + 4
        chosen = self.desk.rng.randrange(len(options))
        if self.boxed:
            sheet.box((style.left, self.y, style.edge, self.y + height), stroke=(0, 0, 0), thickness=0.5)
        sheet.block()
        key = sheet.entity("question", sheet.write(x, baseline, question, font))
        x += max(font.width(question) + 24, 0.3 * style.measure)
        for i, option in enumerate(options):
            self._tick(x, baseline, font.size, i == chosen)
            words = sheet.write(x + 1.6 * font.size, baseline, option, font)
            entity = sheet.entity("answer" if i == chosen else "other", words)
            if i == chosen:
                sheet.links.append((key, entity))
            x += 1.6 * font.size + font.width(option) + 3 * font.size
        self.y += height

    def _tick(self, x: float, baseline: float, size: float, ticked: bool) -> None:
        frame = (x, baseline - 0.8 * size, x + 0.9 * size, baseline + 0.1 * size)
        self.sheet.box(frame, stroke=(0, 0, 0))
        if ticked:
            self.sheet.rule(frame[0] + 1, frame[1] + 1, frame[2] - 1, frame[3] - 1, 1.1, _BLUE)
            self.sheet.rule(frame[0] + 1, frame[3] - 1, frame[2] - 1, frame[1] + 1, 1.1, _BLUE)

    def sign(self) -> None:
        """A line to sign, and one for the date, each behind its question."""
        desk, style, sheet, font = self.desk, self.desk.style, self.sheet, self.desk.style.body.scaled(0.85)
        y, middle = self.y + 4.2 * style.body.size, style.left + 0.6 * style.measure
        sheet.block()
        words = sheet.write(style.left, y - 4, "Signature", font)
        sheet.entity("question", words)
        start = sheet.words[words[-1]].box[2] + 6
        sheet.rule(start, y, middle - 20, y, 0.5)
        art.signature(sheet, desk.rng, start + 14, y - 3, 90)
        key = sheet.write(middle, y - 4, "Date", font)
        start = sheet.words[key[-1]].box[2] + 2.5 * font.size
        sheet.rule(start - 4, y, style.edge, y, 0.5)
        sheet.question(key, sheet.write(start, y - 4, desk.writer.date(), self.answer))
        self.y = y + style.step

    def note(self) -> None:
        """Small print at the end."""
        style, sheet, font = self.desk.style, self.sheet, self.desk.style.body.scaled(0.8)
        sheet.block()
        words: list[int] = []
        for line in wrap(self.desk.writer.paragraph(1, 2), font, style.measure):
            self.y += 1.3 * font.size
            words += sheet.write(style.left, self.y, line, font)
        sheet.entity("other", words)


def compose(desk: Desk) -> list[Sheet]:
    """A filled form of `desk.pages` pages."""
    rng, style = desk.rng, desk.style
    boxed = rng.random() < 0.5
    answer = Font(rng.choice(("Vera", "VeraIt", "VeraBI")), style.body.size * 1.1, style.body.stretch)
    answer = answer.coloured(_BLUE) if rng.random() < 0.6 else answer
    title = desk.writer.heading() + " form"
    sheets = []
    for page in range(desk.pages):
        form = _Form(desk, desk.sheet(), boxed, answer)
        form.title(title)
        last = page == desk.pages - 1
        _sections(form, style.floor - (13 if last else 1) * style.body.size)
        if last:
            form.sign()
            form.note()
        page_number(desk, form.sheet, page + 1)
        sheets.append(form.sheet)
    return sheets


def _sections(form: _Form, limit: float) -> None:
    """Fill the sheet down to `limit` with sections of rows."""
    desk, rng = form.desk, form.desk.rng
    size = desk.style.body.size
    for name in rng.sample(_SECTIONS, len(_SECTIONS)):
        if form.y + 10 * size > limit:
            break
        form.y += 0.8 * size
        form.section(name)
        pool = rng.sample(_questions(desk), 12)
        for _ in range(rng.randint(2, 4)):
            taken = [pool.pop() for _ in range(rng.randint(1, 3 if form.boxed else 2))]
            if form.y + 3.4 * size < limit:
                form.row([(question, "" if rng.random() < 0.08 else draw()) for question, draw in taken])
        if form.y + 2.3 * size < limit and rng.random() < 0.6:
            form.ticks(
                f"{desk.writer.noun().capitalize()} required?",
                rng.choice((["Yes", "No"], ["Monthly", "Yearly", "Never"])),
            )
