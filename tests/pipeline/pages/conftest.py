"""Documents of the page tests: small ones of every kind, made in memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from reportlab.pdfgen import canvas

from pipeline.pages import RawPage, Sandbox
from pipeline.synth import Spec, SynthFile, make

Draw = Callable[[canvas.Canvas], None]


def _ink(picture: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return picture.min(axis=2) < 128 if picture.ndim == 3 else picture < 128


def _encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def _flag(size: tuple[int, int] = (60, 40)) -> Image.Image:
    image = Image.new("L", size, 255)
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 3, size[1] // 5), fill=0)
    return image


def _draw_pdf(*pages: Draw, size: tuple[float, float] = (300, 200), **options: Any) -> bytes:
    sink = io.BytesIO()
    sheet = canvas.Canvas(sink, pagesize=size, invariant=1, **options)
    for draw in pages:
        draw(sheet)
        sheet.showPage()
    sheet.save()
    return sink.getvalue()


@pytest.fixture(scope="session")
def ink() -> Callable[[NDArray[np.uint8]], NDArray[np.bool_]]:
    """`ink(picture)`: where a picture is dark."""
    return _ink


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """`encode(image, "PNG", **options)`: what Pillow writes."""
    return _encode


@pytest.fixture(scope="session")
def flag() -> Callable[..., Image.Image]:
    """`flag(size)`: a white picture with a black bar in its upper left corner; no turn leaves it as it is."""
    return _flag


@pytest.fixture(scope="session")
def draw_pdf() -> Callable[..., bytes]:
    """`draw_pdf(draw, ..., size=(300, 200))`: a PDF whose pages `draw(canvas)` draws."""
    return _draw_pdf


@pytest.fixture(scope="session")
def letter() -> SynthFile:
    """A born-digital letter of two pages."""
    return make(Spec(index=3, seed=11, document_type="letter", variant="digital", pages=2))


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Sandbox]:
    """One sandbox with the default limits; each test opens its own document."""
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def first_page(shared_sandbox: Sandbox) -> Callable[..., RawPage]:
    """`first_page(format, data, longest=1000)`: opened and rendered by the real child."""

    def get(kind: Any, data: bytes, longest: int = 1000, index: int = 0) -> RawPage:
        shared_sandbox.open(kind, data)
        return shared_sandbox.page(index, longest)

    return get
