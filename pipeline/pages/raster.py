"""PNG, JPEG, WebP and multi-page TIFF through Pillow."""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipeline.pages.base import Limits, PageError, PageFacts, RawPage
from pipeline.pages.opened import Opened, damage_is
from pipeline.pages.picture import grey_if_equal
from pipeline.pages.png import without_profiles
from pipeline.pages.tiff import count_frames
from pipeline.sources.formats import Format
from schemas.manifest import Reason

# EXIF orientations that turn the picture, as degrees clockwise.
_EXIF_DEGREES = {3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270}
_EXIF_ORIENTATION = 0x0112


class RasterFile(Opened):
    """A picture file; each frame is a page."""

    def __init__(self, kind: Format, data: bytes, limits: Limits) -> None:
        self._limits = limits
        self._degrees: dict[int, int] = {}  # of the frames that were asked for
        # The limit below is ours and exact; Pillow's own would warn or raise at sizes of its choosing.
        Image.MAX_IMAGE_PIXELS = None
        warnings.simplefilter("ignore")
        with damage_is(Reason.DAMAGED):
            plain = without_profiles(data) if kind is Format.PNG else data
            self._image = Image.open(io.BytesIO(plain), formats=(kind.value,))
            # An animated WebP or PNG is one picture; only TIFF has pages.
            most = min(limits.max_frames, limits.max_pages)
            self._frames = count_frames(data, most) if kind is Format.TIFF else 1
        if self._frames > most:
            raise PageError(Reason.TOO_MANY_PAGES, f"more than {most} frames")

    @property
    def pages(self) -> int:
        """Number of frames."""
        return self._frames

    def page(self, index: int, longest: int, *, chars: bool) -> RawPage:
        """One frame, turned as its EXIF says, never enlarged. A picture has no characters."""
        with damage_is(Reason.PAGE_DAMAGED):
            if self._frames > 1:
                self._image.seek(index)
            self._check_size(*self._image.size)
            bilevel = self._image.mode == "1"
            # Pillow turns a TIFF's frame as it loads it, and forgets that it did: only the first answer counts.
            declared = self._image.getexif().get(_EXIF_ORIENTATION, 1)
            degrees = self._degrees.setdefault(index, _EXIF_DEGREES.get(declared, 0))
            upright = ImageOps.exif_transpose(self._image)
            picture = _flatten(upright)
            # REDUCE before the filter keeps a huge scan from being filtered at full size.
            picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
        facts = PageFacts(
            declared_rotation=degrees,
            picture_cover=1.0,
            bilevel=bilevel,
            size=(float(upright.width), float(upright.height)),
        )
        pixels = np.asarray(picture, dtype=np.uint8)
        return RawPage(grey_if_equal(pixels) if pixels.ndim == 3 else pixels, facts)

    def _check_size(self, width: int, height: int) -> None:
        if min(width, height) < self._limits.min_side:
            raise PageError(Reason.PAGE_TOO_SMALL, f"{width} x {height} pixels, less than {self._limits.min_side}")
        if width * height > self._limits.max_pixels:
            raise PageError(Reason.PAGE_TOO_LARGE, f"{width} x {height} pixels, more than {self._limits.max_pixels}")


def _flatten(image: Image.Image) -> Image.Image:
    """RGB, or L, on white: a transparent page is paper, not black."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _eight_bits(np.asarray(image, dtype=np.float64))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _eight_bits(values: NDArray[np.float64]) -> Image.Image:
    """Grey by the largest value, which is the paper: scanners fill 10, 12 or all 16 bits. A blank page stays white."""
    low, high = min(0.0, float(values.min())), float(values.max())
    return Image.fromarray(((values - low) * (255.0 / max(high - low, 1e-9))).astype(np.uint8))
