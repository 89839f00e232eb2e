"""Pages of text, drawn upright and then turned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import reportlab
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

TEXT = (
    "The quick brown fox jumps over the lazy dog",
    "and pays the invoice of 4711 pounds by Friday,",
    "as was agreed between both parties last year.",
    "Nothing in this letter limits what was said",
    "before; it only says it again, more plainly.",
)
DrawText = Callable[..., NDArray[np.uint8]]


@pytest.fixture(scope="session")
def draw_text() -> DrawText:
    """`draw_text(degrees=0)`: a page of text, H x W, turned by that many degrees anticlockwise on its own paper."""
    font = ImageFont.truetype(str(Path(reportlab.__file__).parent / "fonts" / "Vera.ttf"), 18)

    def draw(degrees: float = 0.0, lines: int = 12, size: tuple[int, int] = (600, 800)) -> NDArray[np.uint8]:
        page = Image.new("L", size, 250)
        for i in range(lines):
            ImageDraw.Draw(page).text((70, 150 + 40 * i), TEXT[i % len(TEXT)], 20, font)
        return np.asarray(page.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=250))

    return draw
