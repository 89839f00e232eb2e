"""The training picture: square, lossless, grey where the page is grey, without any paint."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.pages.picture import to_grey

_FORMATS = ("JPEG", "PNG")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LEVEL = 6  # of zlib; 9 takes three times as long for one byte in a hundred


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
    return encode_png(to_grey(reduced))


def encode_png(pixels: NDArray[np.uint8]) -> bytes:
    """H x W (grey) or H x W x 3 (RGB) as a PNG without filters (PNG specification, sections 5 and 9.2).

    On pages these are smaller than Pillow's with adaptive filters, and are decoded in two thirds of the time.
    """
    height, width = pixels.shape[:2]
    colour_type = 0 if pixels.ndim == 2 else 2
    rows = np.zeros((height, 1 + pixels.size // height), dtype=np.uint8)  # before each row the number of its filter
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), _LEVEL)), (b"IEND", b""))
    return _SIGNATURE + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
