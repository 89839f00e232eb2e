"""Pictures on born-digital pages: stamps that say something of their own, and coloured paper under the text."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np
from PIL import Image

from pipeline.synth import scan
from pipeline.synth.fonts import Colour, Font
from pipeline.synth.pdf import Lay, Pasted, draw_sheets
from pipeline.synth.sheet import Frame, PlacedWord, Sheet
from pipeline.synth.text import Writer

_INKS: tuple[Colour, ...] = ((0.05, 0.10, 0.45), (0.45, 0.05, 0.08), (0.1, 0.1, 0.1))
_DPI = 200  # of a stamp: it was scanned
_PAPER = (64, 48)  # pixels of a paper's picture: it has no detail
_STEP = 12.0  # points between the places that are tried for a stamp
_EDGE = 24.0  # points of the page's edges that stay free


@dataclass(frozen=True)
class Stamp:
    """A small scanned sheet and where it lies."""

    sheet: Sheet
    pasted: Pasted


def stamp(page: Sheet, rng: Random) -> Stamp:
    """A stamp of two lines with a date and a town, in the place that is freest of words."""
    writer, colour = Writer(rng), rng.choice(_INKS)
    font = Font("VeraBd", rng.uniform(9.0, 13.0), colour=colour)
    lines = (f"RECEIVED {writer.date()}", f"{writer.town()} {writer.code()}")
    width = max(font.width(line) for line in lines) + 2 * font.size
    sheet = Sheet(round(width, 1), round(4.2 * font.size, 1))
    for i, line in enumerate(lines):
        sheet.write(font.size, (1.6 + 1.5 * i) * font.size, line, font)
    if rng.random() < 0.5:
        sheet.box((1, 1, sheet.width - 1, sheet.height - 1), stroke=colour, thickness=1.2)
    scanner = replace(scan.draw_scanner(rng, "jpeg", 1), dpi=_DPI, degrees=0.0, colour=True, shade=0, quality=85)
    (picture,) = scan.scan_pages(draw_sheets([sheet], lays=[Lay(0.0)]), [scanner])
    x, y = _freest(page, sheet.width, sheet.height, rng)
    return Stamp(sheet, Pasted((x, y, x + sheet.width, y + sheet.height), scan.jpeg_bytes(picture, scanner)))


def _freest(page: Sheet, width: float, height: float, rng: Random) -> tuple[float, float]:
    """The upper left corner of the place that fewest words touch; one of them by chance."""
    across = np.arange(_EDGE, max(_EDGE + 1, page.width - width - _EDGE), _STEP)
    down = np.arange(_EDGE, page.height - height - _EDGE, _STEP)
    places = [(float(x), float(y)) for y in down for x in across]
    taken = [word.box for word in page.words] + [shape.frame for shape in page.shapes if hasattr(shape, "frame")]
    touched = [_touching((x, y, x + width, y + height), taken) for x, y in places]
    fewest = min(touched)
    return rng.choice([place for place, count in zip(places, touched, strict=True) if count == fewest])


def _touching(frame: Frame, boxes: list[Frame]) -> int:
    x0, y0, x1, y1 = frame
    return sum(a < x1 and c > x0 and b < y1 and d > y0 for a, b, c, d in boxes)


def stamped(page: Sheet, mark: Stamp) -> Sheet:
    """What the page shows with its stamp on it: the stamp's words are read last."""
    x, y = mark.pasted.frame[:2]
    lines = 1 + max((word.line for word in page.words), default=-1)
    blocks = 1 + max((word.block for word in page.words), default=-1)
    added = [_moved(word, x, y, lines, blocks) for word in mark.sheet.words]
    return replace(page, words=[*page.words, *added])


def _moved(word: PlacedWord, x: float, y: float, lines: int, blocks: int) -> PlacedWord:
    return replace(word, x=word.x + x, baseline=word.baseline + y, line=word.line + lines, block=word.block + blocks)


def paper(page: Sheet, rng: Random) -> Pasted:
    """A pale picture from edge to edge: a colour that fades into another one."""
    ends = np.array([[rng.randint(205, 250) for _ in range(3)] for _ in range(2)], dtype=np.float64)
    share = np.linspace(0.0, 1.0, _PAPER[1])[:, None, None]
    pixels = np.broadcast_to(ends[0] * (1 - share) + ends[1] * share, (_PAPER[1], _PAPER[0], 3))
    scanner = scan.draw_scanner(rng, "jpeg", 1)
    image = Image.fromarray(np.rint(pixels).astype(np.uint8))
    return Pasted((0.0, 0.0, page.width, page.height), scan.jpeg_bytes(image, scanner))
