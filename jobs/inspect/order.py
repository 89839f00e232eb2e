"""Reading order as a path over the page."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from schemas.page import Page

Point = tuple[float, float]


def words_by_line(page: Page) -> Iterator[tuple[int, list[int]]]:
    """(line, indices of its words), in reading order."""
    for line, run in groupby(range(len(page.words.line)), key=lambda i: page.words.line[i]):
        yield line, list(run)


def line_paths(page: Page) -> list[list[Point]]:
    """For each line: left end of its first word, right end of its last, in 0..1000 of the page."""
    paths: list[list[Point]] = []
    for _, words in words_by_line(page):
        first, last = page.words.box[words[0]], page.words.box[words[-1]]
        paths.append([(first[0], (first[1] + first[3]) / 2), (last[2], (last[1] + last[3]) / 2)])
    return paths
