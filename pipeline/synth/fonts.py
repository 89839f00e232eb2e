"""Fonts of synthetic documents: Bitstream Vera, which reportlab ships and which every PDF here embeds.

The box of a word runs horizontally over the advances of its characters and vertically from the descent to the ascent
that the font's descriptor declares. For Vera these are the tops of `b` and `(` and the bottoms of `|` and `g`, so the
box encloses the ink closely and is the one that pdfium calls a character's loose box. Accented capitals rise above it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Literal

import reportlab
from PIL import ImageFont
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

Face = Literal["Vera", "VeraBd", "VeraIt", "VeraBI"]
Colour = tuple[float, float, float]

BLACK: Colour = (0.0, 0.0, 0.0)
WHITE: Colour = (1.0, 1.0, 1.0)

_UNITS = 2048  # of these fonts to the size
_ACCENT_RISE = 0.93  # of the size: the top of an accented capital, the highest that the font draws


@cache
def face_metrics(face: Face) -> tuple[float, float]:
    """Register `face` with reportlab on first use; its ascent and its descent (positive), as shares of the size."""
    font = TTFont(face, f"{face}.ttf")
    pdfmetrics.registerFont(font)
    return font.face.ascent / 1000, -font.face.descent / 1000


@cache
def _outlines(face: Face) -> ImageFont.FreeTypeFont:
    path = Path(reportlab.__file__).parent / "fonts" / f"{face}.ttf"
    return ImageFont.truetype(str(path), _UNITS, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=1 << 12)
def _glyph_ink(face: Face, character: str) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is drawn, as shares of the size from the pen, y downwards."""
    mask, (x, y) = _outlines(face).getmask2(character, mode="L", anchor="ls")
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    return (x + left) / _UNITS, (y + top) / _UNITS, (x + right) / _UNITS, (y + bottom) / _UNITS


@lru_cache(maxsize=1 << 16)
def _word_width(face: Face, text: str) -> float:
    face_metrics(face)
    return float(pdfmetrics.stringWidth(text, face, 1.0))


@dataclass(frozen=True, slots=True)
class Font:
    """A face at a size in points; `stretch` widens it (1 is as designed), colours are red, green, blue 0..1."""

    face: Face
    size: float
    stretch: float = 1.0
    colour: Colour = BLACK

    def width(self, text: str) -> float:
        """Sum of the advances of `text` in points."""
        return _word_width(self.face, text) * self.size * self.stretch

    @property
    def space(self) -> float:
        """Width of a space in points."""
        return self.width(" ")

    def rise(self, text: str) -> float:
        """Top of the box of `text` above its baseline, in points."""
        ascent, _ = face_metrics(self.face)
        return self.size * (ascent if text.isascii() else _ACCENT_RISE)

    def ink(self, text: str) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the ink of `text` in points from its first pen position, y downwards."""
        pens = [self.width(text[:i]) for i in range(len(text))]
        wide, high = self.size * self.stretch, self.size
        inks = [_glyph_ink(self.face, character) for character in text]
        return (
            min(pen + wide * ink[0] for pen, ink in zip(pens, inks, strict=True)),
            min(high * ink[1] for ink in inks),
            max(pen + wide * ink[2] for pen, ink in zip(pens, inks, strict=True)),
            max(high * ink[3] for ink in inks),
        )

    @property
    def fall(self) -> float:
        """Bottom of the box below the baseline, in points."""
        return self.size * face_metrics(self.face)[1]

    def bold(self) -> Font:
        return dataclasses.replace(self, face="VeraBd")

    def italic(self) -> Font:
        return dataclasses.replace(self, face="VeraIt")

    def scaled(self, factor: float) -> Font:
        """The same font at `factor` times the size, to a tenth of a point."""
        return dataclasses.replace(self, size=round(self.size * factor, 1))

    def coloured(self, colour: Colour) -> Font:
        return dataclasses.replace(self, colour=colour)
