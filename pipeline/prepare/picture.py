"""The training picture: square, lossless, grey where the page is grey, without any paint."""

from __future__ import annotations

import io

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.pages.picture import to_grey

_FORMATS = ("JPEG", "PNG")


def decode_picture(data: bytes) -> NDArray[np.uint8]:
    """A stored picture as H x W (grey) or H x W x 3 (RGB); ValueError where it is none."""
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
        pixels = image.convert("L" if image.mode in ("1", "L") or _grey_palette(image) else "RGB")
    except (
        OSError,
        SyntaxError,
        ValueError,
        Image.DecompressionBombError,
    ) as error:  # what Pillow raises for broken ones
        raise ValueError(f"not a JPEG or PNG picture: {error}") from None
    return np.asarray(pixels, dtype=np.uint8)


def _grey_palette(image: Image.Image) -> bool:
    if image.mode != "P":
        return False
    palette = np.asarray(image.getpalette() or [0, 1, 2]).reshape(-1, 3)
    return bool((palette == palette[:, :1]).all())


def square_png(page: NDArray[np.uint8], size: int) -> bytes:
    """A page's picture as a PNG of `size` x `size` pixels; the aspect is ignored, as boxes ignore it."""
    reduced = np.asarray(cv2.resize(page, (size, size), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    sink = io.BytesIO()
    Image.fromarray(to_grey(reduced)).save(sink, format="PNG")
    return sink.getvalue()
