"""What is drawn and not written: logos, signatures, charts."""

from __future__ import annotations

import math
from random import Random

from pipeline.synth.fonts import Colour
from pipeline.synth.sheet import Curve, Ellipse, Frame, Point, Rectangle, Shape, Sheet

_INK: Colour = (0.08, 0.12, 0.38)


def _polygon(points: list[Point], fill: Colour) -> Curve:
    return Curve(points[0], tuple((point,) for point in points[1:]), fill=fill, stroke=None)


def logo(sheet: Sheet, rng: Random, x: float, y: float, size: float, colour: Colour) -> None:
    """A made-up mark inside a square of `size` points with its top left corner at (x, y)."""
    light: Colour = (0.5 + colour[0] / 2, 0.5 + colour[1] / 2, 0.5 + colour[2] / 2)
    frame: Frame = (x, y, x + size, y + size)
    inner: Frame = (x + 0.25 * size, y + 0.25 * size, x + 0.75 * size, y + 0.75 * size)
    triangle = [(x, y + size), (x + size / 2, y), (x + size, y + size)]
    diamond = [(x + size / 2, y), (x + size, y + size / 2), (x + size / 2, y + size), (x, y + size / 2)]
    marks: tuple[tuple[Shape, ...], ...] = (
        (Ellipse(frame, fill=colour), Ellipse(inner, fill=light)),
        (Rectangle(frame, fill=colour, radius=size / 6), Ellipse(inner, fill=(1, 1, 1))),
        (_polygon(triangle, colour), Ellipse(inner, fill=light)),
        (_polygon(diamond, light), Rectangle(inner, fill=colour)),
        (Rectangle(frame, stroke=colour, thickness=size / 9), _polygon(triangle, colour)),
    )
    sheet.shapes.extend(rng.choice(marks))


def signature(sheet: Sheet, rng: Random, x: float, y: float, width: float) -> None:
    """A squiggle of about `width` points around the height y: loops that grow flatter, and a last stroke."""
    pieces: list[tuple[Point, ...]] = []
    at = x
    loops = rng.randint(4, 8)
    for i in range(loops):
        step = width / loops
        height = rng.uniform(8, 17) * (1 - 0.6 * i / loops)
        pieces.append(
            (
                (at + rng.uniform(-0.3, 0.8) * step, y - height),
                (at + rng.uniform(0.5, 1.5) * step, y - height * rng.uniform(0.2, 1.0)),
                (at + step, y + rng.uniform(-2.5, 2.5)),
            )
        )
        at += step
    end = at + width * rng.uniform(0.1, 0.3)
    pieces.append(((at + 4, y + 5), (end - 6, y + 2), (end, y - rng.uniform(1, 7))))
    sheet.shapes.append(Curve((x, y), tuple(pieces), stroke=_INK, thickness=rng.uniform(0.8, 1.5)))


def _bars(rng: Random, frame: Frame, colour: Colour) -> list[Shape]:
    x0, y0, x1, y1 = frame
    count = rng.randint(4, 8)
    step = (x1 - x0) / count
    shade: Colour = (0.4 + 0.6 * colour[0], 0.4 + 0.6 * colour[1], 0.4 + 0.6 * colour[2])
    heights = [rng.uniform(0.15, 0.95) * (y1 - y0) for _ in range(count)]
    return [
        Rectangle((x0 + (i + 0.2) * step, y1 - h, x0 + (i + 0.8) * step, y1), shade, colour)
        for i, h in enumerate(heights)
    ]


def _curve(rng: Random, frame: Frame, colour: Colour) -> list[Shape]:
    x0, y0, x1, y1 = frame
    phase, waves, middle = rng.uniform(0, 6), rng.uniform(0.5, 2.5), (y0 + y1) / 2
    swing = rng.uniform(0.2, 0.45) * (y1 - y0)
    shares = [i / 40 for i in range(41)]
    points = [
        (x0 + s * (x1 - x0), middle + swing * math.sin(phase + waves * 2 * math.pi * s) * (1 - s / 2)) for s in shares
    ]
    dots = [Ellipse((x - 1.6, y - 1.6, x + 1.6, y + 1.6), fill=colour) for x, y in points[::8]]
    return [Curve(points[0], tuple((point,) for point in points[1:]), stroke=colour, thickness=1.1), *dots]


def chart(sheet: Sheet, rng: Random, frame: Frame, colour: Colour) -> None:
    """A bar chart or a curve with its axes inside `frame`; it holds no words."""
    x0, y0, x1, y1 = frame
    inner: Frame = (x0 + 8, y0 + 4, x1 - 4, y1 - 6)
    for i in range(1, 5):
        level = inner[3] - i * (inner[3] - inner[1]) / 4
        sheet.rule(inner[0], level, inner[2], level, 0.25, (0.75, 0.75, 0.75))
    sheet.shapes.extend((_bars if rng.random() < 0.5 else _curve)(rng, inner, colour))
    sheet.rule(inner[0], inner[1], inner[0], inner[3])
    sheet.rule(inner[0], inner[3], inner[2], inner[3])
