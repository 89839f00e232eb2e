"""Born-digital PDFs: what pdfium reads in them, and where it sees the ink, is what the truth says."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from pipeline.synth import TYPES, Spec, SynthFile, compose, make, pdf
from pipeline.synth.fonts import WHITE
from pipeline.synth.sheet import Sheet
from pipeline.synth.truth import page_truth
from pipeline.synth.turn import Turn
from schemas.truth import PageTruth

Maker = Callable[..., SynthFile]
Box = tuple[float, float, float, float]


def characters(page: pdfium.PdfPage) -> list[tuple[str, Box]]:
    """Visible characters of a page with the boxes of their ink, 0..1000."""
    width, height = page.get_size()
    text = page.get_textpage()
    found = []
    for i in range(text.count_chars()):
        character = text.get_text_range(i, 1)
        if character.strip():
            left, bottom, right, top = text.get_charbox(i)
            x0, x1 = 1000 * left / width, 1000 * right / width
            found.append((character, (x0, 1000 * (1 - top / height), x1, 1000 * (1 - bottom / height))))
    return found


def words_by_box(truth: PageTruth, found: list[tuple[str, Box]]) -> list[tuple[str, Box]]:
    """For each word of the truth the text and the joint box of the characters with their middle in its box."""
    boxes = np.array([word.box for word in truth.words], dtype=float)
    members: list[list[tuple[str, Box]]] = [[] for _ in truth.words]
    for character, box in found:
        x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        inside = (boxes[:, 0] <= x) & (x <= boxes[:, 2]) & (boxes[:, 1] <= y) & (y <= boxes[:, 3])
        assert inside.any(), f"{character!r} at {box} lies in no word"
        members[int(np.argmax(inside))].append((character, box))
    return [_joint(sorted(member, key=lambda item: item[1][0])) for member in members]


def _joint(member: list[tuple[str, Box]]) -> tuple[str, Box]:
    assert member, "a word without characters"
    edges = np.array([box for _, box in member])
    text = "".join(character for character, _ in member)
    return text, (edges[:, 0].min(), edges[:, 1].min(), edges[:, 2].max(), edges[:, 3].max())


@pytest.mark.parametrize("document_type", TYPES)
def test_the_words_and_boxes_of_pdfium_are_those_of_the_truth(made: Maker, document_type: str) -> None:
    file = made(document_type, "digital", index=5, pages=2)
    document = pdfium.PdfDocument(file.data)
    assert len(document) == 2
    for page, truth in zip(document, file.truth.pages, strict=True):
        found = words_by_box(truth, characters(page))
        assert [text for text, _ in found] == [word.text for word in truth.words]
        gaps = np.array([box for _, box in found]) - np.array([word.box for word in truth.words])
        # The truth rounds outwards to whole thousandths.
        assert np.abs(gaps).max() <= 2
        assert np.quantile(np.abs(gaps), 0.99) <= 1.2


@pytest.mark.parametrize("document_type", TYPES)
def test_lines_read_by_pdfium_are_lines_of_the_truth(document_type: str) -> None:
    spec = Spec(index=8, seed=2, document_type=document_type, variant="digital")
    sheets, _ = compose(spec)
    page = pdfium.PdfDocument(pdf.draw_sheets(sheets))[0]
    truth = page_truth(sheets[0], Turn(0, sheets[0].width, sheets[0].height))
    read = [line.split() for line in page.get_textpage().get_text_range().splitlines() if line.strip()]
    assert [word for line in read for word in line] == [word.text for word in truth.words]
    # pdfium joins cells of a table into a line; where it breaks one, a line of the truth ends.
    breaks = set(itertools.accumulate(len(line) for line in read))
    ends = set(itertools.accumulate(len(list(words)) for _, words in itertools.groupby(w.line for w in truth.words)))
    assert breaks <= ends
    assert len(breaks) >= 10


@pytest.mark.parametrize("document_type", TYPES)
def test_all_ink_of_text_lies_in_the_boxes_and_every_box_has_ink(
    document_type: str, rendered: Callable[..., list[Image.Image]]
) -> None:
    sheets, _ = compose(Spec(index=2, seed=5, document_type=document_type, variant="digital"))
    sheet = replace(sheets[0], shapes=[])
    image = np.asarray(rendered(pdf.draw_sheets([sheet]), 150)[0])
    dark = image < 160
    truth = page_truth(sheet, Turn(0, sheet.width, sheet.height))
    outside = dark.copy()
    for word, placed in zip(truth.words, sheet.words, strict=True):
        x0, y0, x1, y1 = np.array(word.box) * np.tile(image.shape[::-1], 2) / 1000
        place = np.s_[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1]
        outside[place] = False
        assert placed.font.colour == WHITE or dark[place].any(), word.text
    # Slanted letters lean a hair over their advance.
    assert outside.sum() <= 0.002 * dark.sum()


def test_blocks_out_of_order_change_the_stream_and_not_the_picture(
    rendered: Callable[..., list[Image.Image]],
) -> None:
    specs = (Spec(index=i, seed=0, document_type="paper2", variant="digital") for i in range(40))
    spec = next(spec for spec in specs if compose(spec)[1].shuffled)
    sheets, style = compose(spec)
    shuffled = make(spec).data
    ordered = pdf.draw_sheets(sheets, spaces=style.spaces)
    texts = [pdfium.PdfDocument(data)[0].get_textpage().get_text_range().split() for data in (shuffled, ordered)]
    assert texts[0] != texts[1]
    assert sorted(texts[0]) == sorted(texts[1])
    assert rendered(shuffled)[0] == rendered(ordered)[0]


def test_fonts_are_embedded_and_nothing_tells_the_time(made: Maker) -> None:
    for document_type in TYPES:
        data = made(document_type, "digital", index=5, pages=2).data
        assert data.count(b"/FontFile2") >= 1
        assert re.findall(rb"/CreationDate \(D:(\d{4})", data) == [b"2000"]


def test_spaces_may_be_missing_from_the_stream() -> None:
    def spaces(sheet: Sheet, written: bool) -> int:
        text = pdfium.PdfDocument(pdf.draw_sheets([sheet], spaces=written))[0].get_textpage()
        raw = pdfium.raw
        return sum(
            text.get_text_range(i, 1) == " " and raw.FPDFText_IsGenerated(text.raw, i) == 0
            for i in range(text.count_chars())
        )

    sheets, _ = compose(Spec(index=2, seed=5, document_type="letter", variant="digital"))
    assert spaces(sheets[0], True) > 100
    assert spaces(sheets[0], False) == 0
