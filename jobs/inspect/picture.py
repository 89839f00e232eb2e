"""Pictures of members, decoded whole or refused."""

from __future__ import annotations

import io
import struct
import zlib

from PIL import Image

FORMATS = {"jpg": "JPEG", "png": "PNG"}
MODES = ("1", "L", "P", "RGB")
MAX_SIDE = 8000  # pixels: more than any option of the project allows
# What Pillow raises for damaged bytes, beside OSError.
_DAMAGE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    LookupError,
    TypeError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def open_picture(data: bytes, extension: str) -> Image.Image:
    """A picture whose every pixel was decoded; ValueError where it is not what `extension` says or too large."""
    if extension not in FORMATS:
        raise ValueError(f"not a picture's extension: {extension!r}")
    try:
        image = Image.open(io.BytesIO(data), formats=(FORMATS[extension],))
        if max(image.size) > MAX_SIDE:
            raise ValueError(f"{image.width} x {image.height} pixels, more than {MAX_SIDE} on a side")
        image.load()
    except _DAMAGE as error:
        raise ValueError(f"not a whole {FORMATS[extension]} picture: {error}") from None
    if image.mode not in MODES:
        raise ValueError(f"a picture of mode {image.mode}, expected one of {', '.join(MODES)}")
    return image


def picture_name(members: dict[str, bytes]) -> str:
    """Which member of a sample is its page's picture; ValueError where there is none."""
    for name in FORMATS:
        if name in members:
            return name
    raise ValueError(f"a sample without a picture: {sorted(members)}")
