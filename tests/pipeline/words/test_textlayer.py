"""Text layers: the words that were written, whatever way the file writes them."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from pipeline.order import arrange, letters_of
from pipeline.pages import Chars, RawPage, Sandbox
from pipeline.sources import Format
from pipeline.synth import TYPES, Spec, make
from pipeline.words.base import WordList, clean
from pipeline.words.ink import ink_of
from pipeline.words.route import features_of
from pipeline.words.textlayer import words_of
from schemas.boxes import normalise, to_tuples

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
def test_the_words_of_a_born_digital_page_are_the_true_ones(sandbox: Sandbox, document_type: str) -> None:
    for seed, index in itertools.product((1, 7, 11), (0, 3)):
        spec = Spec(index=index, seed=seed, document_type=document_type, variant="digital", pages=1)
        file = make(spec)
        sandbox.open(Format.PDF, file.data)
        found = words(sandbox.page(0, 1000))
        truth = file.truth.pages[0].words
        assert Counter(found.text) == Counter(word.text for word in truth), (seed, index)
        boxes = defaultdict(list)
        for word in truth:
            boxes[word.text].append(word.box)
        for text, box in zip(found.text, normalise(found.box, 1, 1), strict=True):
            away = np.abs(np.array(boxes[text]) - box).max(axis=1)
            assert away.min() <= 2, "of 1,000"
            del boxes[text][int(away.argmin())]  # each true word is found once


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
    assert page.chars.code.tolist() == [0x1D538, ord("x"), 0x1D539, 0x20, ord("y"), 0x1D538]


def test_one_sign_for_several_letters_is_whole(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    page = pdf_page(mapped_pdf("oAce suAx", {"A": "006600660069"}))
    assert words(page).text == ["office", "suffix"]


def test_ligatures_are_their_letters(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    page = pdf_page(mapped_pdf("oAce suBx C", {"A": "FB01", "B": "FB03", "C": "FEFB"}))
    assert words(page).text == ["ofice", "suffix", "\u0644\u0627"]


def test_hyphens_are_hyphens_and_what_is_not_drawn_is_nothing(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    page = pdf_page(mapped_pdf("aAb cBd iFj kA", {"A": "00AD", "B": "2011", "F": "00A0"}))
    assert words(page).text == ["a-b", "c-d", "i", "j", "k-"]


@pytest.mark.parametrize("nothing", "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200f\u202b")
@pytest.mark.parametrize("box", [(110.0, 100.0, 110.0, 120.0), (0.0, 0.0, 0.0, 0.0)])
def test_what_has_no_width_neither_parts_nor_is_kept(nothing: str, box: tuple[float, float, float, float]) -> None:
    unseen = placed(f"a{nothing}b", [(100, 100, 110, 120), box, (110, 100, 120, 120)])
    found = words_of(unseen, 1.0)
    assert found.text == ["ab"]
    np.testing.assert_allclose(found.box, [[0.1, 0.1, 0.12, 0.12]], atol=1e-6)


def test_dots_in_a_row_stay_together(pdf_page: PdfPage) -> None:
    assert lines(words(pdf_page(write("and so on...", "Part one ............ 12", "the end.....")))) == [
        ["and", "so", "on..."],
        ["Part", "one", "............", "12"],
        ["the", "end....."],
    ]


def test_what_is_no_character_is_said_to_be_unknown_and_counts_as_bad(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    mapping = {
        "A": "D835",
        "B": "DD38",
        "C": "FDD0",
        "D": "DBFFDFFF",
        "E": "FFFFFFFF",
        "F": "DFFFD800",
        "G": "D83DDE00",
    }
    page = pdf_page(mapped_pdf("aAb cBd eCf gDh iEj kFl mGn", mapping))
    unknown = "\ufffd"
    assert words(page).text == [
        f"a{unknown}b", f"c{unknown}d", f"e{unknown}f", f"g{unknown}h",
        f"i{unknown * 2}j", f"k{unknown * 2}l", "m\U0001f600n",
    ]  # fmt: skip
    features = features_of(page, ink_of(page.pixels), words(page))
    assert features["bad_characters"] == pytest.approx(8 / 23, abs=1e-4)


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.7])
def test_a_page_that_is_drawn_twice_has_its_words_once(pdf_page: PdfPage, shift: float) -> None:
    texts = [f"line number {i} of all of it..." for i in range(11)]

    def draw(sheet: Canvas) -> None:
        for x in (30, 30 + shift):
            for i, text in enumerate(texts):
                sheet.drawString(x, 180 - 16 * i, text)

    assert words(pdf_page(draw)).text == " ".join(texts).split()


@pytest.mark.parametrize("space", [None, 3.0, 6.0])
def test_letters_set_apart_are_words(pdf_page: PdfPage, space: float | None) -> None:
    def draw(sheet: Canvas) -> None:
        line = sheet.beginText(20, 100)
        if space is not None:
            line.setCharSpace(space)
        line.textOut("S A L E   O F   G O O D S" if space is None else "SALE OF GOODS")
        line.setCharSpace(0)
        sheet.drawText(line)
        sheet.drawString(20, 60, "options A B C of 3 4 5 6")

    found = words(pdf_page(draw)).text
    assert found == ["SALE", "OF", "GOODS", "options", "A", "B", "C", "of", "3", "4", "5", "6"]


def test_doubled_and_missing_spaces(pdf_page: PdfPage) -> None:
    def draw(sheet: Canvas) -> None:
        sheet.drawString(20, 100, "two   spaces  here ")
        x = 20.0
        for text in ["none", "at", "all"]:
            sheet.drawString(x, 60, text)
            x += sheet.stringWidth(text) + 2.6

    assert lines(words(pdf_page(draw))) == [["two", "spaces", "here"], ["none", "at", "all"]]


def in_reading_order(page: RawPage) -> list[list[str]]:
    """Texts of the words of each line, as they would be stored."""
    height, width = page.picture.shape[:2]
    found = words(page)
    layout = arrange(to_tuples(normalise(found.box, 1, 1)), width / height, None, letters_of(found.text))
    by_line: dict[int, list[str]] = defaultdict(list)
    for index, line in zip(layout.order, layout.line, strict=True):
        by_line[line].append(found.text[index])
    return list(by_line.values())


HEBREW = {"A": "05E9", "B": "05DC", "C": "05D5", "D": "05DD", "E": "05D4"}
SHALOM, HELA = "\u05e9\u05dc\u05d5\u05dd", "\u05d4\u05dc"


@pytest.mark.parametrize("stored", ["as it looks", "as it is typed"])
def test_lines_from_right_to_left_are_read_as_they_are_typed(
    pdf_page: PdfPage, mapped_pdf: MappedPdf, stored: str
) -> None:
    text = "BE 12 is it DCBA"
    glyphs = [(20 + stringWidth(text[:i], "Helvetica", 12), c) for i, c in enumerate(text) if c != " "]
    if stored == "as it is typed":
        glyphs.reverse()
    # The maker shows one string, which this leaves: each glyph at its own place.
    shown = ") Tj ET " + " ".join(f"BT /F 12 Tf {x} 100 Td ({c}) Tj ET" for x, c in glyphs) + " BT ("
    assert in_reading_order(pdf_page(mapped_pdf(shown, HEBREW))) == [[SHALOM, "12", "is", "it", HELA]]


def test_numbers_and_foreign_letters_inside_a_word_from_the_right(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    page = pdf_page(mapped_pdf("2020A 1.5BA", HEBREW))
    assert in_reading_order(page) == [["\u05e9\u05dc1.5", "\u05e92020"]]


def test_columns_of_characters_are_lines_from_the_right(pdf_page: PdfPage, mapped_pdf: MappedPdf) -> None:
    mapping = {letter: f"{0x4E00 + i:04X}" for i, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
    columns = ["ABCDEFGHIJ", "KLMNOPQRST", "UVWXYZ"]
    shown = ") Tj ET "
    for k, column in enumerate(columns):
        for j, c in enumerate(column):
            shown += f"BT /F 12 Tf {200 - 20 * k} {180 - 13 * j} Td ({c}) Tj ET "
    page = pdf_page(mapped_pdf(shown + "BT (", mapping))
    right = [["".join(chr(int(mapping[c], 16)) for c in column)] for column in columns]
    assert in_reading_order(page) == right


def test_a_column_that_begins_in_the_same_run_is_a_line_of_its_own() -> None:
    """Columns of 3 characters, from the right, without anything between them in the file."""
    boxes = [(800 - 60 * k, 100 + 30 * j, 825 - 60 * k, 125 + 30 * j) for k in range(3) for j in range(3)]
    found = words_of(
        placed("\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d", [tuple(map(float, b)) for b in boxes]), 1.0
    )
    assert found.text == ["\u4e00\u4e8c\u4e09", "\u56db\u4e94\u516d", "\u4e03\u516b\u4e5d"]
    assert found.source_line == [0, 1, 2]


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
CODES = st.sampled_from(
    [0x20, 0x0A, 0x0D, 0xA0, 2, 0x41, 0x42, 0x2E, 0x301, 0xD835, 0xDD38, 0xE000, 0xFFFFFFFF, 0x10FFFF,
     0xAD, 0x200B, 0xFEFF, 0xFB01, 0x5E9, 0x5DC, 0x5B8, 0x627, 0x644, 0xFEFB, 0x4E00, 0x30, 0x1D538]
)  # fmt: skip


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


# Four letters alone in even steps would be one word, set apart.
@given(st.lists(st.text("abc", min_size=1, max_size=4), min_size=1, max_size=3), st.floats(0.3, 3))
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


@pytest.mark.parametrize("text", ["\u201cParties\u201d,", "secrets,\u201d", "Inc.\u2019s"])
@pytest.mark.parametrize("size", [6, 12, 40])
def test_a_comma_and_a_quotation_mark_are_of_one_word(pdf_page: PdfPage, text: str, size: int) -> None:
    def draw(sheet: Canvas) -> None:
        sheet.setFont("Times-Roman", size)
        sheet.drawString(20, 120, text)
        sheet.drawString(20, 120 - 1.1 * size, text)

    assert words(pdf_page(draw)).text == [text, text]
