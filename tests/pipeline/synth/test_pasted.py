"""Rare variants: stamps, coloured paper, text under a scan, scans that lie otherwise; their truth is what is shown."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image

from pipeline.synth import RARE, TYPES, SynthFile
from pipeline.synth.plan import VARIANTS, plan
from schemas.truth import PageTruth

Maker = Callable[..., SynthFile]
Renderer = Callable[..., list[Image.Image]]


def shares(image: Image.Image, page: PageTruth) -> float:
    """Share of the words whose box holds pixels that differ much from each other."""
    pixels = np.asarray(image.convert("L")).astype(int)
    height, width = pixels.shape
    boxes = (np.array([word.box for word in page.words]) * [width, height, width, height] / 1000).round().astype(int)
    return float(np.mean([np.ptp(pixels[y0 : y1 + 1, x0 : x1 + 1]) > 60 for x0, y0, x1, y1 in boxes.tolist()]))


@pytest.mark.parametrize("variant", RARE)
@pytest.mark.parametrize("document_type", TYPES)
def test_every_word_of_the_truth_lies_on_ink(made: Maker, rendered: Renderer, document_type: str, variant: str) -> None:
    file = made(document_type, variant)
    image = Image.open(io.BytesIO(file.data)) if variant == "turned" else rendered(file.data)[0]
    assert shares(image, file.truth.pages[0]) > 0.98


@pytest.mark.parametrize("document_type", TYPES)
def test_a_stamp_adds_words_that_the_text_layer_lacks(made: Maker, document_type: str) -> None:
    plain, stamped = made(document_type, "digital").truth.pages[0], made(document_type, "stamped").truth.pages[0]
    count = len(plain.words)
    assert stamped.words[:count] == plain.words
    assert stamped.words[count].text == "RECEIVED"
    assert len(stamped.lines) == len(plain.lines) + 2
    page = pdfium.PdfDocument(made(document_type, "stamped").data)[0]
    assert "RECEIVED" not in page.get_textpage().get_text_bounded()


@pytest.mark.parametrize("index", [1, 2, 3, 4])
def test_a_turned_page_is_its_upright_one_turned(made: Maker, index: int) -> None:
    turned, level = made("letter", "turned", index), made("letter", "jpeg", index)
    assert [word.text for word in turned.truth.pages[0].words] == [word.text for word in level.truth.pages[0].words]
    boxes = np.array([word.box for word in turned.truth.pages[0].words])
    wide = np.mean(boxes[:, 2] - boxes[:, 0])
    sizes = [Image.open(io.BytesIO(file.data)).size for file in (turned, level)]
    assert sizes[0] in (sizes[1], sizes[1][::-1])
    assert boxes.tolist() != [list(word.box) for word in level.truth.pages[0].words]
    assert (wide < np.mean(boxes[:, 3] - boxes[:, 1])) == (sizes[0] != sizes[1])


def test_the_mix_has_none_of_them() -> None:
    assert not set(RARE) & set(VARIANTS)
    assert {spec.variant for spec in plan(40, 3)} == set(VARIANTS)
