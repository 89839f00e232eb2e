"""Pictures small enough for a report, as data: URIs."""

from __future__ import annotations

import base64
import io

from PIL import Image

LONGEST = 900  # pixels
_QUALITY = 72


def reduced(image: Image.Image, longest: int = LONGEST) -> Image.Image:
    """Grey or RGB, with the longest side at most `longest` pixels."""
    plain = image.convert("L" if image.mode in ("1", "L") else "RGB")
    scale = min(1.0, longest / max(plain.size))
    size = (max(1, round(plain.width * scale)), max(1, round(plain.height * scale)))
    return plain if size == plain.size else plain.resize(size, Image.Resampling.LANCZOS)


def data_uri(image: Image.Image) -> str:
    """The picture as JPEG, or as PNG where that is smaller."""
    jpeg, png = io.BytesIO(), io.BytesIO()
    image.save(jpeg, format="JPEG", quality=_QUALITY, optimize=True)
    image.save(png, format="PNG", optimize=True)
    kind, best = min((("jpeg", jpeg), ("png", png)), key=lambda entry: len(entry[1].getvalue()))
    return f"data:image/{kind};base64,{base64.b64encode(best.getvalue()).decode()}"
