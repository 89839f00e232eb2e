"""Histograms as geometry; the template draws them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from jobs.inspect.output import number
from jobs.inspect.summary import Distribution

WIDTH, HEIGHT = 240, 56  # units of the drawing
_BINS = 24


@dataclass(frozen=True)
class Bar:
    """One bar, with what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True)
class Chart:
    """A histogram over minimum..maximum, with the place of the median."""

    name: str
    bars: list[Bar]
    median_x: float
    summary: dict[str, str]


def histogram(name: str, distribution: Distribution) -> Chart:
    """At most _BINS bars of equal width; values that are whole numbers get bins of whole numbers."""
    values = distribution.values
    low, high = float(values.min()), float(values.max())
    counts, edges = np.histogram(values, bins=_edges(low, high, whole=bool((values == np.round(values)).all())))
    step, top = WIDTH / len(counts), int(counts.max())
    bars = [
        Bar(
            x=round(i * step, 2),
            y=round(HEIGHT - _height(count, top), 2),
            width=round(max(step - 1, 0.5), 2),
            height=round(_height(count, top), 2),
            title=f"{number(float(edges[i]))} to {number(float(edges[i + 1]))}: {count}",
        )
        for i, count in enumerate(counts.tolist())
    ]
    span = float(edges[-1] - edges[0])
    median_x = WIDTH * (float(np.median(values)) - float(edges[0])) / span
    return Chart(name, bars, round(median_x, 2), {k: number(v) for k, v in distribution.summary().items()})


def _edges(low: float, high: float, *, whole: bool) -> list[float]:
    if not whole:
        return [float(edge) for edge in np.linspace(low, high if high > low else low + 1, _BINS + 1)]
    width = max(1, -(-int(high - low + 1) // _BINS))
    count = -(-int(high - low + 1) // width)
    return [low + i * width for i in range(count + 1)]


def _height(count: int, top: int) -> float:
    """A bar that is not empty is never invisible."""
    return max(1.5, HEIGHT * count / top) if count else 0.0
