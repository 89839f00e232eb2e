"""Scans: pictures of the same pages, with truth that lies on their ink and text layers that are what they claim."""

from __future__ import annotations

import io
import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import pypdfium2 as pdfium
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.synth import TYPES, VARIANTS, Spec, SynthFile, compose, layer, make, pdf
from pipeline.synth.fonts import Font
from pipeline.synth.pdf import HiddenWord
from pipeline.synth.sheet import Sheet
from pipeline.synth.truth import page_truth
from pipeline.synth.turn import Turn
from schemas.truth import DocumentTruth, PageTruth

Maker = Callable[..., SynthFile]
Renderer = Callable[..., list[Image.Image]]
PICTURES = ("jpeg", "png", "tiff", "scan")


def pictures(file: SynthFile, render: Renderer) -> list[Image.Image]:
    if file.name.endswith(".pdf"):
        return render(file.data, 150)
    with Image.open(io.BytesIO(file.data)) as image:
        pages = []
        for i in range(getattr(image, "n_frames", 1)):
            image.seek(i)
            pages.append(image.convert("L"))
    return pages


def ink_shares(image: Image.Image, boxes: Sequence[tuple[int, int, int, int]]) -> NDArray[np.float64]:
    """For each box the share of its pixels that are much darker than the paper around it."""
    pixels = np.asarray(image, dtype=float)
    dark = pixels < 0.75 * np.median(pixels)
    scale = np.tile(np.array(image.size), 2) / 1000
    corners = (np.array(boxes) * scale).astype(int)
    return np.array([dark[y0 : y1 + 1, x0 : x1 + 1].mean() for x0, y0, x1, y1 in corners])


def boxes_of(truth: PageTruth) -> list[tuple[int, int, int, int]]:
    return [word.box for word in truth.words]


@pytest.mark.parametrize("variant", PICTURES)
@pytest.mark.parametrize("document_type", ["form", "paper3", "letter"])
def test_boxes_of_scans_lie_on_ink(made: Maker, rendered: Renderer, document_type: str, variant: str) -> None:
    file = made(document_type, variant, pages=2 if variant == "tiff" else 1)
    for image, truth in zip(pictures(file, rendered), file.truth.pages, strict=True):
        shares = ink_shares(image, boxes_of(truth))
        assert np.mean(shares > 0.04) > 0.98
        # Just below the words there is less: boxes that are beside the text would not pass.
        gaps = [(x0, y1 + 2, x1, y1 + 3) for x0, _, x1, y1 in boxes_of(truth)]
        assert np.median(ink_shares(image, gaps)) < 0.5 * np.median(shares)


def test_truth_is_turned_as_the_page_was(made: Maker, rendered: Renderer) -> None:
    file = max((made("paper2", "jpeg", index=i) for i in range(6)), key=_slant)
    sheets, _ = compose(Spec(index=int(file.name[:4]), seed=11, document_type="paper2", variant="jpeg"))
    sheet, (image,), truth = sheets[0], pictures(file, rendered), file.truth.pages[0]
    assert _slant(file) > 5
    upright = page_truth(sheet, Turn(0, sheet.width, sheet.height))
    turned, straight = ink_shares(image, boxes_of(truth)), ink_shares(image, boxes_of(upright))
    assert np.mean(turned > 0.04) > 0.98
    assert np.mean(straight > 0.04) < 0.95


def _slant(file: SynthFile) -> int:
    """How far the words of the widest line stand below one another."""
    truth = file.truth.pages[0]
    widest = max(range(len(truth.lines)), key=lambda i: truth.lines[i][2] - truth.lines[i][0])
    tops = [word.box[1] for word in truth.words if word.line == widest]
    return abs(tops[0] - tops[-1])


def test_a_turn_by_hand() -> None:
    turn = Turn(90, 200, 100)
    assert turn.point(150, 50) == pytest.approx((100, 0))  # anticlockwise: right of the middle comes to lie above it
    assert turn.frames([(140, 45, 160, 55)]) == pytest.approx(np.array([[95, -10, 105, 10]]))


def test_fax_is_one_bilevel_group_4_file_of_all_pages(made: Maker) -> None:
    file = made("report", "tiff", pages=3)
    with Image.open(io.BytesIO(file.data)) as image:
        assert (image.format, image.n_frames, len(file.truth.pages)) == ("TIFF", 3, 3)  # type: ignore[attr-defined]
        for i in range(3):
            image.seek(i)
            assert (image.mode, image.info["compression"], image.info["dpi"]) == ("1", "group4", (200, 200))
    words = [tuple(word.text for word in page.words) for page in file.truth.pages]
    assert len(set(words)) == 3


def test_jpeg_and_png_are_what_their_names_say(made: Maker) -> None:
    for variant, wanted in (("jpeg", "JPEG"), ("png", "PNG")):
        with Image.open(io.BytesIO(made("form", variant).data)) as image:
            assert image.format == wanted
            assert min(image.size) > 1200
            assert round(image.info["dpi"][0]) in (150, 200)


@pytest.mark.parametrize("variant", ["scan", "wrong", "hidden"])
def test_scanned_pdfs_show_one_jpeg_a_page_and_no_visible_text(made: Maker, rendered: Renderer, variant: str) -> None:
    file, plain = made("table", variant, pages=2), made("table", "scan", pages=2)
    assert file.data.count(b"DCTDecode") == 2
    assert [a.tobytes() for a in rendered(file.data)] == [b.tobytes() for b in rendered(plain.data)]
    assert file.truth.pages == plain.truth.pages
    assert file.truth.text_layer == {"scan": "none"}.get(variant, variant)


def text_of(data: bytes) -> list[str]:
    return [page.get_textpage().get_text_range() for page in pdfium.PdfDocument(data)]


def test_a_picture_has_no_text(made: Maker) -> None:
    assert text_of(made("table", "scan", pages=2).data) == ["", ""]


@pytest.mark.parametrize("document_type", ["table", "form", "paper3"])
def test_a_hidden_layer_says_what_the_page_says_on_its_ink(made: Maker, document_type: str) -> None:
    file = max((made(document_type, "hidden", index=i) for i in range(4)), key=_slant)
    (page,), truth = pdfium.PdfDocument(file.data), file.truth.pages[0]
    text, (width, height) = page.get_textpage(), page.get_size()
    characters = [(text.get_text_range(i, 1), text.get_charbox(i)) for i in range(text.count_chars())]
    characters = [(character, box) for character, box in characters if character.strip()]
    assert "".join(character for character, _ in characters) == "".join(word.text for word in truth.words)
    owners = [word for word in truth.words for _ in word.text]
    for (_, (left, bottom, right, top)), word in zip(characters, owners, strict=True):
        assert word.box[0] - 1 <= 500 * (left + right) / width <= word.box[2] + 1
        assert word.box[1] - 1 <= 1000 - 500 * (top + bottom) / height <= word.box[3] + 1


def test_hidden_words_are_turned_anticlockwise() -> None:
    buffer = io.BytesIO()
    Image.new("L", (60, 80), 255).save(buffer, "JPEG")
    word = HiddenWord("nnnnnnnnnn", 100, 300, 10, Font("Vera", 20))
    (page,) = pdfium.PdfDocument(pdf.draw_pictures([pdf.PicturePage(600, 800, buffer.getvalue(), [word])]))
    first, last = (page.get_textpage().get_charbox(i) for i in (0, 9))
    slope = (last[1] - first[1]) / (last[0] - first[0])
    assert slope == pytest.approx(np.tan(np.radians(10)), rel=0.02)
    assert first[:2] == pytest.approx((100, 500), abs=3)


def test_a_wrong_layer_says_something_else(made: Maker) -> None:
    files = [made(document_type, "wrong", index=i) for i in range(4) for document_type in ("letter", "invoice")]
    for file in files:
        (said,) = text_of(file.data)
        assert said.split()
        assert agreement(said, file.truth) < 0.05
    assert agreement(" ".join(word.text for word in files[0].truth.pages[0].words), files[0].truth) == 1


def agreement(text: str, truth: DocumentTruth) -> float:
    """F1 of two bags of neighbouring words."""
    said = Counter(itertools.pairwise(text.split()))
    true = Counter(itertools.pairwise(word.text for word in truth.pages[0].words))
    return 2 * (said & true).total() / (said.total() + true.total())


def test_every_way_of_being_wrong_is_wrong() -> None:
    sheet = Sheet(600, 800)
    sheet.write(50, 50, "Our ref: KD-40217, of 12 May 1990 & later", Font("Vera", 10))
    true = [word.text for word in sheet.words]
    layers = {tuple(_texts(layer.wrong_layer(sheet, Random(seed)))) for seed in range(20)}
    assert any(words[0] == "Digitised" for words in layers)
    assert any(len(words) == len(true) and not set(words) & set(true) for words in layers)
    assert all(list(words) != true for words in layers)


def _texts(words: Sequence[HiddenWord]) -> list[str]:
    return [word.text for word in words]


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_of_a_specification_are_the_same_page(made: Maker, variant: str) -> None:
    digital, other = made("sidebar", "digital").truth.pages[0], made("sidebar", variant).truth.pages[0]
    assert [(word.text, word.line) for word in other.words] == [(word.text, word.line) for word in digital.words]


@pytest.mark.parametrize("document_type", TYPES)
def test_every_type_can_be_scanned(document_type: str, rendered: Renderer) -> None:
    file = make(Spec(index=1, seed=4, document_type=document_type, variant="png"))
    (image,) = pictures(file, rendered)
    assert np.mean(ink_shares(image, boxes_of(file.truth.pages[0])) > 0.04) > 0.97
