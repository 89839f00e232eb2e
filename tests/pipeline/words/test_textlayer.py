"""Text layers: the words that were written, whatever way the file writes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfgen.canvas import Canvas

from pipeline.pages import Chars, RawPage
from pipeline.synth import TYPES, SynthFile
from pipeline.words.base import WordList, clean
from pipeline.words.textlayer import words_of
from schemas.boxes import normalise, to_tuples

SynthPage = Callable[..., tuple[SynthFile, RawPage]]
PdfPage = Callable[..., RawPage]
MappedPdf = Callable[[str, dict[str, str]], bytes]
Drawing = Callable[[Canvas], None]


def words(page: RawPage) -> WordList:
    height, width = page.picture.shape[:2]
    return words_of(page.chars, width / height)


def lines(found: WordList) -> list[list[str]]:
    by_line: dict[int, list[str]] = defaultdict(list)
    for text, line in zip(found.text, found.source_line, strict=True):
        by_line[line].append(text)
    return list(by_line.values())


@pytest.mark.parametrize("document_type", TYPES)
def test_the_words_of_a_born_digital_page_are_the_true_ones(synth_page: SynthPage, document_type: str) -> None:
    for index in (0, 3):
        file, page = synth_page(document_type, "digital", index)
        truth = file.truth.pages[0].words
        found = words(page)
        right = sum((Counter(w.text for w in truth) & Counter(found.text)).values())
        assert right == len(truth) == len(found), "recall and precision are 1"
        boxes = defaultdict(list)
        for text, box in zip(found.text, to_tuples(normalise(found.box, 1, 1)), strict=True):
            boxes[text].append(box)
        away = [
            min(max(abs(a - b) for a, b in zip(box, word.box, strict=True)) for box in boxes[word.text])
            for word in truth
        ]
        assert np.mean(away) < 4
        assert max(away) <= 10, "of 1,000"


def write(*texts: str, step: float = 16.0) -> Drawing:
    def draw(sheet: Canvas) -> None:
        for i, text in enumerate(texts):
            sheet.drawString(30, 160 - step * i, text)

    return draw


def turned(degrees: float, x: float, y: float, text: str) -> Drawing:
    def draw(sheet: Canvas) -> None:
        sheet.drawString(10, 10, "up right")
        sheet.translate(x, y)
        sheet.rotate(degrees)
        sheet.drawString(0, 0, text)

    return draw


def test_words_and_lines_are_those_of_the_file(pdf_page: PdfPage) -> None:
    found = words(pdf_page(write("Dear Sir or Madam,", "the 2nd line (e.g. a.b,c;d)", "'\"x\" isn't e-mail 3.14")))
    assert lines(found) == [
        ["Dear", "Sir", "or", "Madam,"],
        ["the", "2nd", "line", "(e.g.", "a.b,c;d)"],
        ['\'"x"', "isn't", "e-mail", "3.14"],
    ]
    assert set(found.confidence) == {1.0}


@pytest.mark.parametrize(
    ("degrees", "x", "y"), [(90, 150, 20), (-90, 150, 180), (180, 250, 120), (45, 80, 40), (3, 50, 80)]
)
def test_turned_text_is_not_split_into_letters(pdf_page: PdfPage, degrees: float, x: float, y: float) -> None:
    found = words(pdf_page(turned(degrees, x, y, "turned by some degrees")))
    assert sorted(found.text) == sorted(["up", "right", "turned", "by", "some", "degrees"])


def test_words_without_spaces_between_them_are_parted_by_their_distance(pdf_page: PdfPage) -> None:
    def draw(sheet: Canvas) -> None:
        x = 20.0
        for text in ["no", "spaces", "are", "stored", "here"]:
            sheet.drawString(x, 100, text)
            x += sheet.stringWidth(text) + 3.3

    assert lines(words(pdf_page(draw))) == [["no", "spaces", "are", "stored", "here"]]


def test_cells_far_apart_are_words_of_their_own(pdf_page: PdfPage) -> None:
    def draw(sheet: Canvas) -> None:
        for x, text in ((20, "left"), (120, "middle"), (220, "right")):
            sheet.drawString(x, 100, text)

    assert words(pdf_page(draw)).text == ["left", "middle", "right"]


def test_a_hyphen_at_the_end_of_a_line_is_a_hyphen(pdf_page: PdfPage) -> None:
    assert lines(words(pdf_page(write("an exam-", "ple of it")))) == [["an", "exam-"], ["ple", "of", "it"]]


def test_a_raised_number_stays_with_its_word(pdf_page: PdfPage) -> None:
    def draw(sheet: Canvas) -> None:
        text = sheet.beginText(20, 100)
        for part, rise, size in (("see note", 0, 12), ("2", 5, 7), (" here", 0, 12)):
            text.setRise(rise)
            text.setFont("Helvetica", size)
            text.textOut(part)
        sheet.drawText(text)

    assert words(pdf_page(draw)).text == ["see", "note2", "here"]


def test_characters_beyond_the_basic_plane_are_whole(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    page = pdf_page(mapped_pdf("AxB yA", {"A": "D835DD38", "B": "D835DD39"}))
    assert words(page).text == ["\U0001d538x\U0001d539", "y\U0001d538"]


def test_one_sign_for_several_letters_is_whole(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    page = pdf_page(mapped_pdf("oAce suAx", {"A": "006600660069"}))
    assert words(page).text == ["office", "suffix"]


def test_accents_are_composed(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    page = pdf_page(mapped_pdf("cafA", {"A": "00650301"}))
    assert words(page).text == ["caf\u00e9"]


def test_characters_without_a_meaning_leave_no_empty_words(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    assert words(pdf_page(mapped_pdf("AA b", {"A": "E000"}))).text == ["b"]
    assert words(pdf_page(lambda sheet: None)).text == []


def chars(entries: list[tuple[int, tuple[float, ...]]]) -> Chars:
    code = np.array([code for code, _ in entries], np.uint32)
    box = np.array([box for _, box in entries], np.float32).reshape(-1, 4)
    return Chars(code, box, np.zeros(len(entries), np.bool_))


FRACTION = st.floats(0, 1, width=32)
BOXES = st.tuples(FRACTION, FRACTION, FRACTION, FRACTION).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
) | st.just((0.0, 0.0, 0.0, 0.0))
CODES = st.sampled_from([0x20, 0x0A, 0x0D, 0xA0, 2, 0x41, 0x2E, 0x301, 0xD835, 0xDD38, 0xE000, 0xFFFFFFFF, 0x10FFFF])


@settings(max_examples=300)
@given(st.lists(st.tuples(CODES, BOXES), max_size=25), st.floats(0.01, 100))
def test_any_characters_give_words_that_can_be_stored(
    entries: list[tuple[int, tuple[float, ...]]], aspect: float
) -> None:
    found = words_of(chars(entries), aspect)
    sizes = {len(found.text), len(found.box), len(found.confidence), len(found.source_line)}
    assert len(sizes) == 1
    assert found.box.shape == (len(found), 4)
    assert ((found.box >= 0) & (found.box <= 1)).all()
    assert (found.box[:, :2] <= found.box[:, 2:]).all()
    assert found.source_line == sorted(found.source_line)
    assert all(text == clean(text) != "" for text in found.text)


@given(st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=6), st.floats(0.3, 3))
def test_letters_in_a_row_are_words_at_the_spaces(texts: list[str], aspect: float) -> None:
    entries = []
    for i, code in enumerate(map(ord, " ".join(texts))):
        width = 0.01 / aspect
        entries.append((code, (i * width, 0.5, i * width + 0.9 * width, 0.512)))
    found = words_of(chars(entries), aspect)
    assert found.text == texts
    assert set(found.source_line) == {0}


def placed(text: str, boxes: list[tuple[float, float, float, float]]) -> Chars:
    """Characters at boxes in thousandths of the page."""
    code = np.array([ord(c) for c in text], np.uint32)
    return Chars(code, (np.array(boxes) / 1000).astype(np.float32), np.zeros(len(code), np.bool_))


def test_a_mark_without_a_width_belongs_to_its_word() -> None:
    chars = placed("e\u0301a", [(100, 100, 110, 120), (105, 98, 105, 102), (110, 100, 120, 120)])
    assert words_of(chars, 1.0).text == ["\u00e9a"]


def test_codes_that_are_none_neither_part_nor_widen_a_word() -> None:
    chars = placed("a?b", [(100, 100, 110, 120), (600, 500, 900, 800), (110, 100, 120, 120)])
    chars.code[1] = 0x110000
    found = words_of(chars, 1.0)
    assert found.text == ["ab"]
    np.testing.assert_allclose(found.box, [[0.1, 0.1, 0.12, 0.12]], atol=1e-6)


@pytest.mark.parametrize("stored", ["logical", "as it looks"])
def test_right_to_left_words_are_as_they_are_typed(stored: str) -> None:
    word = "\u05e9\u05dc\u05d5\u05dd"
    lefts = [130, 120, 110, 100]  # the first letter is the rightmost
    letters = list(zip(word, lefts, strict=True))
    letters = letters if stored == "logical" else letters[::-1]
    chars = placed("".join(c for c, _ in letters), [(x, 100, x + 10, 120) for _, x in letters])
    assert words_of(chars, 1.0).text == [word]
