"""A page of the report: its picture and, in pixels of that picture, what lies over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.inspect.html.encode import data_uri, reduced
from jobs.inspect.order import Point, line_paths
from jobs.inspect.output import plain, shareable
from jobs.inspect.picture import open_picture, picture_name
from jobs.inspect.reading import Sample
from schemas.boxes import UNIT, BoxTuple
from schemas.page import Page

WEAK = 0.8  # confidence below which a word is marked


@dataclass(frozen=True)
class Mark:
    """A box over the picture: a word or a line."""

    x: float
    y: float
    width: float
    height: float
    text: str
    note: str = ""
    weak: bool = False


@dataclass(frozen=True)
class Step:
    """From one line to the next; `jump` where the next one begins another block."""

    start: Point
    end: Point
    jump: bool


@dataclass(frozen=True)
class Tag:
    """The number of a line, right before it."""

    x: float
    y: float
    size: float
    number: int


@dataclass(frozen=True)
class Sheet:
    """Everything that the report shows of one page."""

    key: str
    title: str
    route: str
    reason: str
    width: int
    height: int
    picture: str
    words: list[Mark]
    lines: list[Mark]
    steps: list[Step]
    tags: list[Tag]
    facts: list[tuple[str, str]]
    features: list[tuple[str, str]]


def page_sheet(sample: Sample) -> Sheet:
    """The sheet of a page sample."""
    page = Page.from_json(sample.members["json"])
    name = picture_name(sample.members)
    picture = reduced(open_picture(sample.members[name], name))
    size = picture.size
    return Sheet(
        key=page.key,
        title=f"{file_name(page.document.uri)}, page {page.page + 1} of {page.document.pages}",
        route=page.route.value,
        reason=plain(page.reason),
        width=size[0],
        height=size[1],
        picture=data_uri(picture),
        words=_words(page, size),
        lines=marks(page.lines.box, size, [f"line {i + 1}, block {b + 1}" for i, b in enumerate(page.lines.block)]),
        steps=_steps(page, size),
        tags=_tags(page, size),
        facts=_facts(sample, page),
        features=[(name.replace("_", " "), f"{value:g}") for name, value in page.features.items()],
    )


def file_name(uri: str) -> str:
    """The last part of a URI, without what may hold a secret."""
    return shareable(uri).rstrip("/").rsplit("/", 1)[-1]


def marks(boxes: Sequence[BoxTuple], size: tuple[int, int], texts: Sequence[str]) -> list[Mark]:
    """Boxes 0..1000 as marks of a picture of `size`."""
    return [_mark(box, size, text) for box, text in zip(boxes, texts, strict=True)]


def _mark(box: BoxTuple, size: tuple[int, int], text: str, note: str = "", *, weak: bool = False) -> Mark:
    x0, y0 = _at(box[:2], size)
    x1, y1 = _at(box[2:], size)
    return Mark(x0, y0, round(x1 - x0, 1), round(y1 - y0, 1), plain(text), note, weak)


def _at(point: Sequence[float], size: tuple[int, int]) -> Point:
    return round(point[0] * size[0] / UNIT, 1), round(point[1] * size[1] / UNIT, 1)


def _words(page: Page, size: tuple[int, int]) -> list[Mark]:
    words = page.words
    return [
        _mark(box, size, text, f"word {i + 1}, line {line + 1}, {confidence:.0%}", weak=confidence < WEAK)
        for i, (text, box, line, confidence) in enumerate(
            zip(words.text, words.box, words.line, words.confidence, strict=True)
        )
    ]


def _steps(page: Page, size: tuple[int, int]) -> list[Step]:
    paths = line_paths(page)
    return [
        Step(_at(paths[i][-1], size), _at(paths[i + 1][0], size), page.lines.block[i] != page.lines.block[i + 1])
        for i in range(len(paths) - 1)
    ]


def _tags(page: Page, size: tuple[int, int]) -> list[Tag]:
    tags: list[Tag] = []
    for number, (path, box) in enumerate(zip(line_paths(page), page.lines.box, strict=True), start=1):
        x, y = _at(path[0], size)
        height = (box[3] - box[1]) * size[1] / UNIT
        tags.append(Tag(max(x - 2, 8.0), y, round(min(10.0, max(5.0, 0.7 * height)), 1), number))
    return tags


def _facts(sample: Sample, page: Page) -> list[tuple[str, str]]:
    confidence = page.words.confidence
    facts = {
        "words": str(len(page.words.text)),
        "lines": f"{len(page.lines.box)} in {len(set(page.lines.block))} blocks",
        "confidence": f"{sum(confidence) / len(confidence):.1%} on average" if confidence else "",
        "engine": f"{page.engine.name} {page.engine.version.partition('@')[0]}",
        "picture": f"{page.size[0]} x {page.size[1]} pixels",
        "turned by": f"{page.orientation} (degrees)" if str(page.orientation) != "0" else "",
        "truth": "" if page.truth is None else f"{len(page.truth.words)} words",
        "file": shareable(page.document.uri),
        "sha256": page.document.sha256,
        "shard": f"{sample.place.generation}/{sample.place.shard}",
    }
    return [(name, plain(value)) for name, value in facts.items() if value]
