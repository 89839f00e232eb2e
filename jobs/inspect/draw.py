"""Pages drawn with what is known of them: boxes of words and lines, and the reading order."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from jobs.inspect.order import Point, line_paths
from schemas.boxes import UNIT, BoxTuple
from schemas.page import Page

WORD, LINE, ORDER, JUMP = "#2f6fbf", "#d98324", "#2a8f5b", "#b03a5b"
_LONGEST = 1800  # pixels that a drawing is enlarged to, so that its marks can be read
_TAG = 13  # pixels of a number's height


def annotated(
    picture: Image.Image, words: Sequence[BoxTuple], lines: Sequence[BoxTuple], page: Page | None
) -> Image.Image:
    """A picture, enlarged, with boxes of words and lines; with `page` also its reading order, numbered by line."""
    image = _enlarged(picture)
    draw = ImageDraw.Draw(image, "RGBA")
    _boxes(draw, image.size, words, f"{WORD}90", 1)
    _boxes(draw, image.size, lines, f"{LINE}d0", 2)
    if page is not None:
        _order(draw, image.size, page)
    return image


def _enlarged(picture: Image.Image) -> Image.Image:
    scale = max(1.0, _LONGEST / max(picture.size))
    size = (round(picture.width * scale), round(picture.height * scale))
    return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _boxes(
    draw: ImageDraw.ImageDraw, size: tuple[int, int], boxes: Sequence[BoxTuple], colour: str, width: int
) -> None:
    for box in boxes:
        x0, y0, x1, y1 = (*_at(box[:2], size), *_at(box[2:], size))
        draw.rectangle((x0, y0, x1, y1), outline=colour, width=width)


def _order(draw: ImageDraw.ImageDraw, size: tuple[int, int], page: Page) -> None:
    """A stroke from each line to the next, an arrow to the next block, and each line's number before its first word."""
    font = ImageFont.load_default(size=_TAG)
    paths = [[_at(point, size) for point in path] for path in line_paths(page)]
    for number in range(len(paths) - 1):
        start, end = paths[number][-1], paths[number + 1][0]
        if page.lines.block[number] == page.lines.block[number + 1]:
            draw.line([start, end], fill=f"{ORDER}70", width=2)
        else:
            _arrow(draw, start, (max(end[0] - 2 * _TAG, 0.0), end[1]), JUMP)
    for number, path in enumerate(paths, start=1):
        x, y = max(path[0][0] - 3, 1.3 * _TAG), path[0][1]
        box = draw.textbbox((x, y), str(number), font=font, anchor="rm")
        draw.rectangle((box[0] - 2, box[1] - 2, box[2] + 2, box[3] + 2), fill=ORDER)
        draw.text((x, y), str(number), fill="white", font=font, anchor="rm")


def _at(point: Sequence[float], size: tuple[int, int]) -> Point:
    return point[0] * size[0] / UNIT, point[1] * size[1] / UNIT


def _arrow(draw: ImageDraw.ImageDraw, start: Point, end: Point, colour: str) -> None:
    draw.line([start, end], fill=f"{colour}70", width=2)
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max(1.0, (dx * dx + dy * dy) ** 0.5)
    ux, uy = dx / length, dy / length
    head, half = 12.0, 5.0
    x, y = end[0] - head * ux, end[1] - head * uy
    draw.polygon([end, (x - half * uy, y + half * ux), (x + half * uy, y - half * ux)], fill=f"{colour}c0")
