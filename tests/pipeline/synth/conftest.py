"""Documents that several tests look at, made once."""

from __future__ import annotations

import functools
from collections.abc import Callable

import pypdfium2 as pdfium
import pytest
from PIL import Image

from pipeline.synth import Spec, SynthFile, make

Maker = Callable[..., SynthFile]


@functools.cache
def _make(spec: Spec) -> SynthFile:
    return make(spec)


@pytest.fixture(scope="session")
def made() -> Maker:
    """`made(document_type, variant, index=..., pages=…)`: the document, from a cache."""

    def maker(document_type: str, variant: str, index: int = 3, pages: int = 1) -> SynthFile:
        return _make(Spec(index=index, seed=11, document_type=document_type, variant=variant, pages=pages))

    return maker


@pytest.fixture(scope="session")
def rendered() -> Callable[..., list[Image.Image]]:
    """`rendered(pdf, dpi=...)`: the pages of a PDF as grey pictures."""

    def render(data: bytes, dpi: int = 100) -> list[Image.Image]:
        document = pdfium.PdfDocument(data)
        try:
            return [page.render(scale=dpi / 72, grayscale=True).to_pil().convert("L") for page in document]
        finally:
            document.close()

    return render
