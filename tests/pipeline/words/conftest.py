"""Pages for the tests of words: by the real child, from synthetic documents and from PDFs drawn by hand."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Iterator

import pytest
from reportlab.pdfgen.canvas import Canvas

from pipeline.pages import RawPage, Sandbox
from pipeline.sources import Format
from pipeline.synth import Spec, SynthFile, make

FORMATS = {"jpeg": Format.JPEG, "turned": Format.JPEG, "png": Format.PNG, "tiff": Format.TIFF}


@functools.cache
def _make(document_type: str, variant: str, index: int) -> SynthFile:
    return make(Spec(index=index, seed=11, document_type=document_type, variant=variant, pages=1))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """One child for all tests of this folder."""
    with Sandbox() as made:
        yield made


@pytest.fixture(scope="session")
def synth_page(sandbox: Sandbox) -> Callable[..., tuple[SynthFile, RawPage]]:
    """`synth_page(type, variant, index=3, longest=1000)`: a synthetic document of one page, and that page."""

    def get(document_type: str, variant: str, index: int = 3, longest: int = 1000) -> tuple[SynthFile, RawPage]:
        file = _make(document_type, variant, index)
        sandbox.open(FORMATS.get(variant, Format.PDF), file.data)
        return file, sandbox.page(0, longest)

    return get


@pytest.fixture(scope="session")
def pdf_page(sandbox: Sandbox) -> Callable[..., RawPage]:
    """`pdf_page(bytes)` or `pdf_page(draw, size=(300, 200))`: the first page of a PDF that `draw(canvas)` draws."""

    def get(source: bytes | Callable[[Canvas], None], size: tuple[float, float] = (300, 200)) -> RawPage:
        if not isinstance(source, bytes):
            sink = io.BytesIO()
            sheet = Canvas(sink, pagesize=size, invariant=1)
            source(sheet)
            sheet.showPage()
            sheet.save()
            source = sink.getvalue()
        sandbox.open(Format.PDF, source)
        return sandbox.page(0, 1000)

    return get


@pytest.fixture(scope="session")
def mapped_pdf() -> Callable[[str, dict[str, str]], bytes]:
    """`mapped_pdf("AB", {"A": "D835DD38"})`: a PDF that shows AB and says that A is U+1D538 (UTF-16, hexadecimal)."""

    def build(shown: str, mapping: dict[str, str]) -> bytes:
        entries = "\n".join(f"<{ord(letter):02X}> <{text}>" for letter, text in mapping.items())
        cmap = (
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def\n"
            "1 begincodespacerange <00> <FF> endcodespacerange\n"
            f"{len(mapping)} beginbfchar\n{entries}\nendbfchar endcmap end end"
        )
        content = f"BT /F 20 Tf 20 100 Td ({shown}) Tj ET"
        objects = [
            "<</Type/Catalog/Pages 2 0 R>>",
            "<</Type/Pages/Kids[3 0 R]/Count 1>>",
            "<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
            f"<</Length {len(content)}>>stream\n{content}\nendstream",
            "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding/ToUnicode 6 0 R>>",
            f"<</Length {len(cmap)}>>stream\n{cmap}\nendstream",
        ]
        body = "\n".join(f"{i} 0 obj{text}\nendobj" for i, text in enumerate(objects, 1))
        return f"%PDF-1.4\n{body}\ntrailer<</Root 1 0 R>>".encode()

    return build
