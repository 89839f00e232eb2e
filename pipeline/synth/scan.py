"""Scans: a drawn page as a flatbed scanner or a fax machine would return it.

turned page -> render at dots per inch -> blur -> contrast, uneven light, specks, noise -> grey, colour or bilevel
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageSequence

_STRIP_OFFSETS, _STRIP_SIZES = 273, 279  # TIFF tags
_MAX_DEGREES = 3.0


@dataclass(frozen=True, kw_only=True)
class Scanner:
    """What a scan does to one page. Grey values are 0..255; `blur` is a radius in pixels, `degrees` anticlockwise."""

    dpi: int
    degrees: float
    blur: float
    ink: int  # grey of what was black
    paper: int  # grey of what was white
    shade: int  # how much darker one edge of the page is
    noise: int  # largest change of a pixel
    specks: int  # dark dots on the page
    colour: bool
    dark_lid: bool  # whether the corners beside a turned page come out dark
    quality: int  # of the JPEG
    seed: int


def draw_scanner(rng: Random, variant: str, pages: int) -> Scanner:
    """Draw a scanner for a variant: bilevel pictures must survive a threshold, PNGs must not swell with noise."""
    bilevel = variant == "tiff"
    dark = rng.randint(0, 40)
    return Scanner(
        dpi=200 if bilevel else 150 if pages > 1 else rng.choice((150, 200)),
        degrees=round(rng.choice((0.0, rng.uniform(-1, 1), rng.uniform(-_MAX_DEGREES, _MAX_DEGREES))), 2),
        blur=round(rng.uniform(0.2, 0.5 if bilevel else 0.8), 2),
        ink=dark if bilevel else dark + rng.randint(0, 40),
        paper=rng.randint(225, 255),
        shade=rng.randint(0, 24),
        noise=rng.randint(0, 2) if variant == "png" else rng.randint(2, 14),
        specks=rng.choice((0, 20, 120)),
        colour=variant not in ("tiff", "png") and rng.random() < 0.3,
        dark_lid=rng.random() < 0.2,
        quality=rng.randint(40, 85),
        seed=rng.getrandbits(63),
    )


def scan_pages(pdf: bytes, scanners: Sequence[Scanner]) -> list[Image.Image]:
    """Scan the pages of `pdf`, which lie turned already, one scanner for each; grey (L) or colour (RGB) pictures."""
    document = pdfium.PdfDocument(pdf)
    try:
        assert len(document) == len(scanners), "one scanner for each page"
        return [_degrade(_render(document, i, scanner), scanner) for i, scanner in enumerate(scanners)]
    finally:
        document.close()


def _render(document: pdfium.PdfDocument, index: int, scanner: Scanner) -> Image.Image:
    page = document[index]
    bitmap = page.render(scale=scanner.dpi / 72, grayscale=not scanner.colour, rev_byteorder=True)
    image: Image.Image = bitmap.to_pil().convert("RGB" if scanner.colour else "L")
    bitmap.close()
    page.close()
    return image


def _degrade(image: Image.Image, scanner: Scanner) -> Image.Image:
    pixels = np.asarray(image.filter(ImageFilter.BoxBlur(scanner.blur))).astype(np.float32)
    rng = np.random.default_rng(scanner.seed)
    pixels = scanner.ink + pixels * ((scanner.paper - scanner.ink) / 255)
    pixels = _shade(pixels, scanner, rng)
    pixels = _specks(pixels, scanner, rng)
    return Image.fromarray(_noise(pixels, scanner, rng))


def _shade(pixels: NDArray[np.float32], scanner: Scanner, rng: np.random.Generator) -> NDArray[np.float32]:
    """Darken the page towards one of its edges."""
    axis = int(rng.integers(2))
    ramp = np.linspace(1.0, 1.0 - scanner.shade / 255, pixels.shape[axis], dtype=np.float32)
    ramp = ramp[::-1] if rng.integers(2) else ramp
    shape = [1] * pixels.ndim
    shape[axis] = -1
    return pixels * ramp.reshape(shape)


def _specks(pixels: NDArray[np.float32], scanner: Scanner, rng: np.random.Generator) -> NDArray[np.float32]:
    """Put dark dots of one to three pixels on the page."""
    for _ in range(scanner.specks):
        size = int(rng.integers(1, 4))
        y, x = int(rng.integers(pixels.shape[0])), int(rng.integers(pixels.shape[1]))
        pixels[y : y + size, x : x + size] = scanner.ink
    return pixels


def _noise(pixels: NDArray[np.float32], scanner: Scanner, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Add noise of integers, which are the same on every machine, and round."""
    size = pixels.shape[:2]
    grain = rng.integers(-scanner.noise, scanner.noise + 1, size=size, dtype=np.int8)
    pixels = pixels + (grain if pixels.ndim == 2 else grain[..., None])
    return np.clip(np.rint(pixels), 0, 255).astype(np.uint8)


def jpeg_bytes(image: Image.Image, scanner: Scanner) -> bytes:
    """The picture as a JPEG of the scanner's quality."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=scanner.quality, dpi=(scanner.dpi, scanner.dpi))
    return buffer.getvalue()


def png_bytes(image: Image.Image, scanner: Scanner) -> bytes:
    """The picture as a PNG."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4, dpi=(scanner.dpi, scanner.dpi))
    return buffer.getvalue()


def fax_bytes(images: Sequence[Image.Image], scanners: Sequence[Scanner]) -> bytes:
    """All pictures as the pages of one bilevel TIFF with CCITT Group 4 compression."""
    pages = [_threshold(image, scanner) for image, scanner in zip(images, scanners, strict=True)]
    buffer = io.BytesIO()
    dpi = scanners[0].dpi
    pages[0].save(buffer, "TIFF", compression="group4", save_all=True, append_images=pages[1:], dpi=(dpi, dpi))
    return _without_stray_bytes(buffer.getvalue())


def _without_stray_bytes(tiff: bytes) -> bytes:
    """The same file with zeros where the library left what was in memory: it aligns what follows an odd strip."""
    clean = bytearray(tiff)
    with Image.open(io.BytesIO(tiff)) as image:
        for page in ImageSequence.Iterator(image):
            tags = page.tag_v2  # type: ignore[attr-defined]
            end = max(a + b for a, b in zip(tags[_STRIP_OFFSETS], tags[_STRIP_SIZES], strict=True))
            if end % 2 and end < len(clean):
                clean[end] = 0
    return bytes(clean)


def _threshold(image: Image.Image, scanner: Scanner) -> Image.Image:
    # Above the middle: thin strokes, which blur makes pale, must not break.
    limit = scanner.ink + round(0.62 * (scanner.paper - scanner.ink))
    return image.convert("L").point([0] * limit + [255] * (256 - limit), mode="1")
