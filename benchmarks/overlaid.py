"""Born-digital pages with a picture laid over them: a stamp, which is to be read, or a photograph or a tint."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import pypdfium2 as pdfium
import reportlab
from PIL import Image, ImageDraw, ImageFont

from pipeline.synth import TYPES, Spec, make

_FONT = Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"
_WORDS = ("RECEIVED", "LEDGER", "OFFICE", "MARCH", "COPY", "APPROVED", "Quantity", "Figure", "Signed", "Zurich", "2019")
_KINDS = ("black stamp", "red stamp", "photograph", "tint")


def overlaid(count: int) -> Iterator[tuple[str, bytes, bool]]:
    """(name, PDF of one page, whether OCR is needed); the picture lies anywhere, on text too."""
    for index in range(count):
        rng = Random(f"overlaid {index}")
        kind = _KINDS[index % len(_KINDS)]
        spec = Spec(index=index, seed=77, document_type=TYPES[index // len(_KINDS) % len(TYPES)], variant="digital")
        yield f"{kind} on {spec.name}", _lay(make(spec).data, _picture(kind, rng), rng), kind.endswith("stamp")


def _picture(kind: str, rng: Random) -> Image.Image:
    if kind == "tint":
        return Image.new("RGB", (480, 360), (170, 180, 200))
    if kind == "photograph":
        noise = np.random.default_rng(rng.randrange(1 << 30))
        scene = Image.fromarray((120 + 60 * noise.normal(0, 1, (12, 16, 3))).clip(0, 255).astype(np.uint8))
        large = np.asarray(scene.resize((480, 360), Image.Resampling.BICUBIC))
        return Image.fromarray((large + noise.normal(0, 8, large.shape)).clip(0, 255).astype(np.uint8))
    colour = (20, 20, 20) if kind == "black stamp" else (190, 30, 40)
    lines = [" ".join(rng.sample(_WORDS, 2)) for _ in range(rng.randint(1, 3))]
    stamp = Image.new("RGB", (560, 60 * len(lines) + 20), (250, 250, 250))
    for i, line in enumerate(lines):
        ImageDraw.Draw(stamp).text((15, 10 + 60 * i), line, colour, ImageFont.truetype(str(_FONT), 40))
    return stamp


def _lay(data: bytes, picture: Image.Image, rng: Random) -> bytes:
    """The document with the picture somewhere on its first page, a fifth to nearly half as wide."""
    document = pdfium.PdfDocument(data)
    page = document[0]
    width, height = page.get_size()
    wide = rng.uniform(0.2, 0.45) * width
    high = wide * picture.height / picture.width
    image = pdfium.PdfImage.new(document)
    image.set_bitmap(pdfium.PdfBitmap.from_pil(picture))
    place = (
        pdfium.PdfMatrix().scale(wide, high).translate(rng.random() * (width - wide), rng.random() * (height - high))
    )
    image.set_matrix(place)
    page.insert_obj(image)
    page.gen_content()
    sink = io.BytesIO()
    document.save(sink)
    return sink.getvalue()
