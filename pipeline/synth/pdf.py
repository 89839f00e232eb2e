"""PDFs: sheets drawn as a word processor would, and pictures of pages with or without invisible text.

Same sheets, same bytes: reportlab runs in its invariant mode, which fixes dates and identifiers.
"""

from __future__ import annotations

import io
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from reportlab import rl_config
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from pipeline.synth.fonts import Font, face_metrics
from pipeline.synth.sheet import Curve, Frame, PlacedWord, Rectangle, Shape, Sheet

# Streams as they are: the printable coding of whole pictures takes seconds in pure Python, and a quarter more bytes.
rl_config.useA85 = 0

_INVISIBLE = 3  # text render mode: neither fill nor stroke (ISO 32000-1, 9.3.6)


@dataclass(frozen=True, slots=True)
class HiddenWord:
    """An invisible word: the left end of its baseline in points, y downwards, turned anticlockwise around it."""

    text: str
    x: float
    baseline: float
    degrees: float
    font: Font


@dataclass(frozen=True, slots=True)
class Pasted:
    """A JPEG inside a frame of a page that is drawn otherwise (points, y downwards)."""

    frame: Frame
    jpeg: bytes


@dataclass(frozen=True)
class PicturePage:
    """A page that is a JPEG from edge to edge, under invisible words or, `covering`, over words in plain ink."""

    width: float
    height: float
    jpeg: bytes
    words: Sequence[HiddenWord] = ()
    covering: bool = False


@dataclass(frozen=True)
class Lay:
    """How a sheet lies on the glass of a scanner: turned anticlockwise around its middle, under a lid of some grey."""

    degrees: float
    lid: float = 1.0  # 0 is black, 1 is white


def draw_sheets(
    sheets: Sequence[Sheet],
    *,
    spaces: bool = True,
    shuffle: Random | None = None,
    lays: Sequence[Lay] | None = None,
    papers: Sequence[Pasted] | None = None,
    stamps: Sequence[Pasted] | None = None,
) -> bytes:
    """A PDF with embedded fonts. All but the first of the sequences have one entry for each sheet, if they are given.

    `spaces` writes the spaces between words too, `shuffle` draws blocks in another order, `lays` turns the sheets: as
    curves and not as pixels, so that a scan is resampled only once. `papers` are pictures under all else, `stamps`
    lie over it.
    """
    buffer, canvas = _canvas()
    for i, sheet in enumerate(sheets):
        canvas.setPageSize((sheet.width, sheet.height))
        if lays is not None:
            _lay(canvas, sheet, lays[i])
        if papers is not None:
            _paste(canvas, papers[i], sheet.height)
        _draw_shapes(canvas, sheet)
        blocks = [list(words) for _, words in itertools.groupby(sheet.words, key=lambda word: word.block)]
        if shuffle is not None:
            shuffle.shuffle(blocks)
        for words in blocks:
            _draw_words(canvas, words, sheet.height, spaces)
        if stamps is not None:
            _paste(canvas, stamps[i], sheet.height)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def draw_pictures(pages: Iterable[PicturePage]) -> bytes:
    """A PDF of scanned pages, each with its layer of text that nobody sees if it has words."""
    buffer, canvas = _canvas()
    for page in pages:
        canvas.setPageSize((page.width, page.height))
        if page.covering:
            _draw_hidden(canvas, page)
        canvas.drawImage(ImageReader(io.BytesIO(page.jpeg)), 0, 0, page.width, page.height)
        if not page.covering:
            _draw_hidden(canvas, page)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _paste(canvas: Any, pasted: Pasted, height: float) -> None:
    x0, y0, x1, y1 = pasted.frame
    canvas.drawImage(ImageReader(io.BytesIO(pasted.jpeg)), x0, height - y1, x1 - x0, y1 - y0)


def _canvas() -> tuple[io.BytesIO, Any]:
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1, pageCompression=1, initialFontName="Helvetica")
    canvas.setCreator("pagemill synth")
    canvas.setTitle("Synthetic document")
    canvas.setAuthor("pagemill")
    canvas.setSubject("generated, with known truth")
    return buffer, canvas


def _lay(canvas: Any, sheet: Sheet, lay: Lay) -> None:
    canvas.setFillGray(lay.lid)
    canvas.rect(0, 0, sheet.width, sheet.height, fill=1, stroke=0)
    canvas.translate(sheet.width / 2, sheet.height / 2)
    canvas.rotate(lay.degrees)
    canvas.translate(-sheet.width / 2, -sheet.height / 2)
    canvas.setFillGray(1)
    canvas.rect(0, 0, sheet.width, sheet.height, fill=1, stroke=0)


def _draw_words(canvas: Any, words: Sequence[PlacedWord], height: float, spaces: bool) -> None:
    text = canvas.beginText()
    font: Font | None = None
    for i, word in enumerate(words):
        if word.font != font:
            font = word.font
            face_metrics(font.face)
            text.setFont(font.face, font.size)
            text.setHorizScale(100 * font.stretch)
            text.setFillColorRGB(*font.colour)
        text.setTextOrigin(word.x, height - word.baseline)
        followed = i + 1 < len(words) and words[i + 1].line == word.line
        text.textOut(f"{word.text} " if spaces and followed else word.text)
    canvas.drawText(text)


def _draw_hidden(canvas: Any, page: PicturePage) -> None:
    if not page.words:
        return
    text = canvas.beginText()
    if not page.covering:
        text.setTextRenderMode(_INVISIBLE)
    for word in page.words:
        face_metrics(word.font.face)
        text.setFont(word.font.face, word.font.size)
        text.setHorizScale(100 * word.font.stretch)
        cos, sin = math.cos(math.radians(word.degrees)), math.sin(math.radians(word.degrees))
        text.setTextTransform(cos, sin, -sin, cos, word.x, page.height - word.baseline)
        text.textOut(word.text)
    canvas.drawText(text)


def _draw_shapes(canvas: Any, sheet: Sheet) -> None:
    canvas.saveState()
    canvas.translate(0, sheet.height)
    canvas.scale(1, -1)
    canvas.setLineCap(1)
    for shape in sheet.shapes:
        _draw_shape(canvas, shape)
    canvas.restoreState()


def _draw_shape(canvas: Any, shape: Shape) -> None:
    if shape.fill is not None:
        canvas.setFillColorRGB(*shape.fill)
    if shape.stroke is not None:
        canvas.setStrokeColorRGB(*shape.stroke)
        canvas.setLineWidth(shape.thickness)
    paint = {"fill": int(shape.fill is not None), "stroke": int(shape.stroke is not None)}
    if isinstance(shape, Curve):
        _draw_curve(canvas, shape, paint)
        return
    x0, y0, x1, y1 = shape.frame
    if isinstance(shape, Rectangle) and shape.radius:
        canvas.roundRect(x0, y0, x1 - x0, y1 - y0, shape.radius, **paint)
    elif isinstance(shape, Rectangle):
        canvas.rect(x0, y0, x1 - x0, y1 - y0, **paint)
    else:
        canvas.ellipse(x0, y0, x1, y1, **paint)


def _draw_curve(canvas: Any, curve: Curve, paint: dict[str, int]) -> None:
    path = canvas.beginPath()
    path.moveTo(*curve.start)
    for piece in curve.pieces:
        if len(piece) == 1:
            path.lineTo(*piece[0])
        else:
            path.curveTo(*(value for point in piece for value in point))
    if curve.fill is not None:
        path.close()
    canvas.drawPath(path, **paint)
