"""pdfplumber as the second reader of text layers: the same words in the same places, in the same limited child."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator

import numpy as np
import pdfplumber
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from reportlab.lib import pdfencrypt
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import CIDFont
from reportlab.pdfgen.canvas import Canvas

from pipeline.pages import Limits, PageError, PdfEngine, RawPage, Sandbox
from pipeline.pages.document import open_document
from pipeline.sources import Format
from pipeline.synth import TYPES, Spec, SynthFile, make
from pipeline.words.textlayer import words_of
from schemas.manifest import Reason

DrawPdf = Callable[..., bytes]
Draw = Callable[[Canvas], None]
Ink = Callable[[NDArray[np.uint8]], NDArray[np.bool_]]
MEDIA = b"/MediaBox [ 0 0 300 200 ]"


@pytest.fixture(scope="module")
def plumber() -> Iterator[Sandbox]:
    """A sandbox whose child reads text with pdfplumber."""
    with Sandbox(engine=PdfEngine.PDFPLUMBER) as made:
        yield made


def page_of(data: bytes, engine: PdfEngine = PdfEngine.PDFPLUMBER, limits: Limits | None = None) -> RawPage:
    """The first page, read in this process: for what is not hostile."""
    return open_document("pdf", data, limits or Limits(), (), engine).page(0, 200, chars=True)


def pdf(*objects: bytes) -> bytes:
    """A PDF of these objects, numbered from 1; the first one is the catalogue."""
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj" % number + body + b"endobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size, start = len(objects) + 1, len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size + table
    return bytes(out) + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, start)


def stream(data: bytes, extra: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n" % (extra, len(data)) + data + b"\nendstream "


def one_page(content: bytes, *others: bytes, resources: bytes = b"", kids: bytes = b"3 0 R") -> bytes:
    """A page, or several times the same one, of 200 points that draws `content`; `others` are objects 5, 6, ..."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, kids.count(b"R")),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<<%s>>>>" % resources,
        stream(content),
        *others,
    )


def deep(depth: int = 3000) -> bytes:
    """Each form draws the next one."""
    head = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F %d 0 R>>>>"
    forms = [stream(b"/F Do", head % (at + 1)) for at in range(5, 5 + depth)]
    return one_page(b"/F Do", *forms, resources=b"/XObject<</F 5 0 R>>")


def words(page: RawPage) -> list[tuple[str, list[int]]]:
    """Texts with the middles of their boxes in thousandths of the page, in the order of the alphabet."""
    width, height = page.facts.size
    found = words_of(page.chars, width / height)
    middle = np.round(1000 * (found.box[:, :2] + found.box[:, 2:]) / 2).astype(int).tolist()
    return sorted(zip(found.text, middle, strict=True))


def hello(sheet: Canvas) -> None:
    sheet.setFont("Helvetica", 14)
    sheet.drawString(40, 150, "Hello upright page")
    sheet.drawString(60, 40, "and a second line")


def both(data: bytes) -> tuple[RawPage, RawPage]:
    return page_of(data, PdfEngine.PDFIUM), page_of(data)


def assert_same_words(data: bytes, apart: int = 25) -> None:
    """Equal texts in the same places; boxes differ in height, as one is the ink's and one the font's."""
    ours, theirs = map(words, both(data))
    assert [text for text, _ in ours] == [text for text, _ in theirs]
    assert len(ours) > 0
    for (_, here), (_, there) in zip(ours, theirs, strict=True):
        assert max(abs(here[0] - there[0]), abs(here[1] - there[1])) <= apart


@pytest.mark.parametrize("document_type", TYPES)
@pytest.mark.parametrize("index", [3, 12])
def test_generated_pages_have_exactly_the_words_that_were_written(document_type: str, index: int) -> None:
    file = make(Spec(index=index, seed=11, document_type=document_type, variant="digital", pages=1))
    page = page_of(file.data)
    width, height = page.facts.size
    found = words_of(page.chars, width / height)
    truth = file.truth.pages[0].words
    assert sorted(found.text) == sorted(word.text for word in truth)
    placed = {(text, *np.round(box[[0, 2]] * 1000)) for text, box in zip(found.text, found.box, strict=True)}
    for word in truth:
        near = [at for text, *at in placed if text == word.text]
        # Side bearings: an advance is a little wider than its ink.
        assert min(abs(left - word.box[0]) + abs(right - word.box[2]) for left, right in near) <= 8


def test_words_are_those_of_pdfplumber_itself() -> None:
    file = make(Spec(index=5, seed=3, document_type="report", variant="digital", pages=1))
    page = page_of(file.data)
    width, height = page.facts.size
    found = words_of(page.chars, width / height)
    with pdfplumber.open(io.BytesIO(file.data)) as pdf:
        theirs = pdf.pages[0].extract_words(x_tolerance_ratio=0.15)
    expected = [(word["text"], *(word[side] for side in ("x0", "top", "x1", "bottom"))) for word in theirs]
    boxes = (found.box * np.array([width, height] * 2)).tolist()
    got = [(text, *box) for text, box in zip(found.text, boxes, strict=True)]
    assert [word[0] for word in got] == [word[0] for word in expected]
    assert np.allclose([word[1:] for word in got], [word[1:] for word in expected], atol=0.01)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("cropped", [False, True])
def test_turned_and_cropped_pages_have_their_words_where_pdfium_has_them(
    draw_pdf: DrawPdf, degrees: int, cropped: bool
) -> None:
    def draw(sheet: Canvas) -> None:
        if cropped:
            sheet.setCropBox((30, 20, 280, 180))
        hello(sheet)

    assert_same_words(draw_pdf(draw).replace(b"/Rotate 0 ", b"/Rotate %d " % degrees))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    degrees=st.sampled_from([0, 90, 180, 270]),
    origin=st.tuples(st.integers(-2000, 2000), st.integers(-2000, 2000)),
    crop=st.tuples(st.integers(0, 35), st.integers(0, 35), st.integers(200, 300), st.integers(170, 200)),
    size=st.integers(6, 20),
)
def test_any_frame_of_a_page_is_the_same_for_both(
    draw_pdf: DrawPdf, degrees: int, origin: tuple[int, int], crop: tuple[int, int, int, int], size: int
) -> None:
    x, y = origin

    def draw(sheet: Canvas) -> None:
        sheet.setCropBox((x + crop[0], y + crop[1], x + crop[2], y + crop[3]))
        sheet.setFont("Helvetica", size)
        sheet.drawString(x + 40, y + 150, "Some words")
        sheet.drawString(x + 60, y + 60, "on any page")

    box = b"/MediaBox [ %d %d %d %d ]" % (x, y, x + 300, y + 200)
    assert_same_words(draw_pdf(draw).replace(MEDIA, box).replace(b"/Rotate 0 ", b"/Rotate %d " % degrees), apart=60)


@pytest.mark.parametrize("degrees", [90, 180, 270, 0, 4])
def test_text_that_is_drawn_in_any_direction_is_read_in_it(draw_pdf: DrawPdf, degrees: int) -> None:
    def draw(sheet: Canvas) -> None:
        sheet.translate(150, 100)
        sheet.rotate(degrees)
        sheet.setFont("Helvetica", 12)
        sheet.drawString(-80, 10, "Reading goes along the letters")
        sheet.drawString(-80, -20, "of both lines")

    page = page_of(draw_pdf(draw))
    text = "".join(map(chr, page.chars.code)).split()
    assert " ".join(text) == "Reading goes along the letters of both lines"


def test_writing_that_runs_down_is_read_downwards(draw_pdf: DrawPdf) -> None:
    pdfmetrics.registerFont(CIDFont("HeiseiMin-W3", "UniJIS-UCS2-V"))

    def draw(sheet: Canvas) -> None:
        sheet.setFont("HeiseiMin-W3-UniJIS-UCS2-V", 14)
        sheet.drawString(100, 150, "\u65e5\u672c\u8a9e".encode("utf-16-be").decode("latin-1"))

    text = "".join(map(chr, page_of(draw_pdf(draw)).chars.code))
    assert text == "\u65e5\u672c\u8a9e"


@pytest.mark.parametrize("scale", [0.1, 1, 10])
def test_small_and_large_print_is_read_alike(draw_pdf: DrawPdf, scale: float) -> None:
    said = "Lines that stand close and a bit further to the right"

    def draw(sheet: Canvas) -> None:
        sheet.scale(scale, scale)
        sheet.setFont("Helvetica", 10)
        for at in range(12):
            sheet.drawString(20 + at, 180 - 12 * at, said)

    found = [text for text, _ in words(page_of(draw_pdf(draw, size=(300 * scale, 200 * scale))))]
    assert sorted(found) == sorted(said.split() * 12)


def test_words_without_spaces_between_them_are_told_apart_by_the_gap(draw_pdf: DrawPdf) -> None:
    def draw(sheet: Canvas) -> None:
        sheet.setFont("Helvetica", 8)
        for at, word in enumerate(("set", "by", "place", "alone")):
            sheet.drawString(20 + sheet.stringWidth("set by place alone"[: (0, 4, 7, 13)[at]]), 100, word)

    assert [text for text, _ in words(page_of(draw_pdf(draw)))] == ["alone", "by", "place", "set"]


def test_invisible_characters_are_told_from_the_others_and_make_words_of_their_own(draw_pdf: DrawPdf) -> None:
    def draw(sheet: Canvas) -> None:
        for mode, said in ((0, "seen"), (3, "hidden"), (1, "outlined")):
            text = sheet.beginText(40, 150 if mode != 1 else 50)
            text.setTextRenderMode(mode)
            text.textOut(said)
            sheet.drawText(text)

    chars = page_of(draw_pdf(draw)).chars
    for hidden, said in ((False, ["outlined", "seen"]), (True, ["hidden"])):
        kept = (chars.hidden == hidden) | ~chars.solid()
        assert sorted("".join(map(chr, chars.code[kept])).split()) == said
    assert not chars.hidden[~chars.solid()].any()


def test_ligatures_become_their_letters_and_glyphs_without_a_meaning_say_so() -> None:
    fonts = b"/Font<</F 5 0 R>>"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding<</Differences[65/fi/f_f_i]>>/ToUnicode 6 0 R>>"
    cmap = b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfchar <42> <006600660069> endbfchar"
    page = page_of(one_page(b"BT /F 20 Tf 20 100 Td (AneBx\\201) Tj ET", font, stream(cmap), resources=fonts))
    text = "".join(map(chr, page.chars.code))
    assert text == "fineffix\ufffd", "the last of which the route counts as bad"
    assert (page.chars.box[0] == page.chars.box[1]).all(), "both lie where the ligature lies"


@pytest.mark.parametrize("shown", [b"ABC DE", b"(CBA) Tj -60 0 Td (ED"])
def test_words_that_run_to_the_left_are_the_same_for_both(shown: bytes) -> None:
    """Drawn as they look: the last letter first."""
    fonts = b"/Font<</F 5 0 R>>"
    font = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 6 0 R>>"
    cmap = b"1 begincodespacerange <00> <FF> endcodespacerange 1 beginbfrange <41> <45> <05D0> endbfrange"
    content = b"BT /F 20 Tf 100 100 Td (%s) Tj ET" % shown.removeprefix(b"(")
    ours, theirs = map(words, both(one_page(content, font, stream(cmap), resources=fonts)))
    assert [text for text, _ in ours] == [text for text, _ in theirs]
    assert len(ours) == 2


def test_boxes_cover_the_ink_of_their_characters(plumber: Sandbox, draw_pdf: DrawPdf, ink: Ink) -> None:
    plumber.open(Format.PDF, draw_pdf(hello))
    page = plumber.page(0, 1000)
    dark = ink(page.picture)
    height, width = dark.shape
    covered = np.zeros_like(dark)
    for x0, y0, x1, y1 in page.chars.box[page.chars.solid()]:
        rows, columns = slice(int(y0 * height), int(y1 * height) + 2), slice(int(x0 * width) - 1, int(x1 * width) + 2)
        assert dark[rows, columns].any()
        covered[rows, columns] = True
    assert covered[dark].all()


def test_characters_are_counted_up_to_a_limit(draw_pdf: DrawPdf) -> None:
    for most in (1, 5, 12):
        page = page_of(draw_pdf(hello), limits=Limits(max_chars=most))
        assert len(page.chars) <= most
        assert "Hello upright page".startswith("".join(map(chr, page.chars.code)))


def test_an_empty_page_has_no_characters(draw_pdf: DrawPdf) -> None:
    page = page_of(draw_pdf(lambda sheet: None))
    assert len(page.chars) == 0
    assert page.chars.box.shape == (0, 4)


def test_it_reads_in_the_limited_child_and_pictures_stay_the_same(
    plumber: Sandbox, shared_sandbox: Sandbox, letter: SynthFile
) -> None:
    pages = []
    for sandbox in (plumber, shared_sandbox):
        assert sandbox.open(Format.PDF, letter.data) == 2
        pages.append(sandbox.page(1, 500))
    assert (pages[0].pixels == pages[1].pixels).all()
    assert pages[0].facts == pages[1].facts
    assert not np.array_equal(pages[0].chars.box, pages[1].chars.box)
    again = plumber.page(1, 500).chars
    assert (again.box == pages[0].chars.box).all()
    assert len(plumber.page(1, 500, chars=False).chars) == 0


def test_a_page_depends_on_no_page_before(letter: SynthFile) -> None:
    read = [open_document("pdf", letter.data, Limits(), (), PdfEngine.PDFPLUMBER) for _ in range(2)]
    read[0].page(0, 100, chars=True)
    first, second = (document.page(1, 100, chars=True).chars for document in read)
    assert (first.code == second.code).all()
    assert (first.box == second.box).all()


def test_the_password_that_opened_it_is_the_one_it_reads_with(draw_pdf: DrawPdf) -> None:
    for strength in (40, 128):
        data = draw_pdf(hello, encrypt=pdfencrypt.StandardEncryption("user", "owner", strength=strength))
        with Sandbox(passwords=["wrong", "user"], engine=PdfEngine.PDFPLUMBER) as sandbox:
            sandbox.open(Format.PDF, data)
            assert "Hello" in "".join(map(chr, sandbox.page(0, 100).chars.code))


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (one_page(b"", kids=b"3 0 R 3 0 R"), "pdfplumber finds 1 page(s), pdfium 2"),
        (deep(), "pdfplumber: RecursionError"),
        (one_page(b"").replace(b"[0 0 200 200]", b"[0 0 x inf  ]"), "pdfplumber: TypeError"),
    ],
    ids=["another-number-of-pages", "too-deep", "no-numbers"],
)
def test_what_only_pdfium_can_read_is_a_damaged_page(
    plumber: Sandbox, shared_sandbox: Sandbox, draw_pdf: DrawPdf, data: bytes, detail: str
) -> None:
    shared_sandbox.open(Format.PDF, data)
    shared_sandbox.page(0, 100)
    plumber.open(Format.PDF, data)
    with pytest.raises(PageError) as caught:
        plumber.page(0, 100)
    assert caught.value.reason is Reason.PAGE_DAMAGED
    assert detail in caught.value.detail
    assert caught.value.detail.isprintable()
    child = plumber.pid
    plumber.open(Format.PDF, draw_pdf(hello))
    assert len(plumber.page(0, 100).chars) > 30
    assert plumber.pid == child, "nothing died of it"


def test_a_document_that_cannot_be_had_is_not_parsed_again_for_each_page(monkeypatch: pytest.MonkeyPatch) -> None:
    import pipeline.pages.plumber as plumber

    opened: list[object] = []
    parse = plumber.PDFParser
    monkeypatch.setattr(plumber, "PDFParser", lambda file: opened.append(file) or parse(file))
    document = open_document("pdf", one_page(b"", kids=b"3 0 R 3 0 R"), Limits(), (), PdfEngine.PDFPLUMBER)
    for index in (0, 1, 0):
        with pytest.raises(PageError, match=r"page-damaged: pdfplumber finds 1 page\(s\), pdfium 2"):
            document.page(index, 100, chars=True)
    assert len(opened) == 1
    assert document.page(1, 100, chars=False).pixels.any(), "its picture is not asked of pdfplumber"


def test_a_file_cut_off_anywhere_is_read_or_refused_and_kills_nothing(plumber: Sandbox, draw_pdf: DrawPdf) -> None:
    data = draw_pdf(hello, hello)
    outcomes = set()
    for length in range(0, len(data), 97):
        try:
            plumber.open(Format.PDF, data[:length])
            outcomes.add("".join(map(chr, plumber.page(0, 100).chars.code))[:5])
        except PageError as error:
            outcomes.add(error.reason.value)
    assert "damaged" in outcomes
    assert outcomes <= {"damaged", "page-damaged", "no-pages", "Hello", ""}


def test_a_page_without_end_is_stopped(draw_pdf: DrawPdf) -> None:
    """Short operators by the million: pdfium skips them in no time, pdfminer looks at each."""
    data = one_page(b"q Q " * 2_000_000)
    with Sandbox(Limits(cpu_seconds=1, wall_seconds=60), engine=PdfEngine.PDFPLUMBER) as sandbox:
        sandbox.open(Format.PDF, data)
        with pytest.raises(PageError) as caught:
            sandbox.page(0, 100)
        assert caught.value.reason in {Reason.TIMEOUT, Reason.KILLED}
        sandbox.open(Format.PDF, draw_pdf(hello))
        assert len(sandbox.page(0, 100).chars) > 30


def test_it_is_loaded_where_it_is_asked_for_and_nowhere_else() -> None:
    check = (
        "import sys, jobs.ingest, pipeline.pages.document\n"
        "assert not {'pdfplumber', 'pdfminer', 'pipeline.pages.plumber'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", check], check=True)


def test_its_complaints_are_silenced() -> None:
    """Each of a million would be a line that somebody has to read."""
    code = (
        "import sys; from pipeline.pages.plumber import PlumberText\n"
        "PlumberText(sys.stdin.buffer.read(), '', 1).read(0, 1000)\n"
    )
    data = one_page(b"BT /X 20 Tf x Tr 20 100 Td (A) Tj ET " * 9)
    run = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=False)
    assert b"PageError" in run.stderr or run.returncode == 0
    assert b"Could not" not in run.stderr


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_bold_print_that_is_made_by_drawing_twice_is_read_once(draw_pdf: DrawPdf, shift: float) -> None:
    def draw(sheet: Canvas) -> None:
        for x in (40, 40 + shift):
            sheet.drawString(x, 150, "Bold letters, all of them")

    page = page_of(draw_pdf(draw))
    assert [text for text, _ in words(page)] == sorted(["Bold", "letters,", "all", "of", "them"])
