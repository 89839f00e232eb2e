"""What of a masked word is left in the picture that the model gets: erase its ink, prepare again, compare.

    python benchmarks/leak.py PAGES... [--pages 40] [--sizes 224,448] [--grow 0,1] [--jpeg]

PAGES are page datasets. Of each page 15 % of the words are selected. Their ink (what lies in a word's box, and every
connected piece of print that lies mostly inside of it and ends at most four pixels outside, with the grey around it)
is erased from the stored picture, and both pictures are prepared, masked and reduced by the pipeline's own code. A word
leaks by the largest difference of a pixel near it (within 12 of 224 pixels of its box). `box` erases the box and
nothing beyond it: what is left then is the fault of reducing and rounding alone. `jpeg` stores both pictures as JPEG
again before that: what the stored page's compression has spread around the ink counts, too. `--grow` paints masks so
many pixels larger on each side.

Also shown: bytes and CPU time a picture, and of the lines beside a covered one (nearest above and below) the share of
which more than a quarter is hidden by covers and by other lines' masks, by area and by ink.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from statistics import mean, median

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.keyed import keyed
from pipeline.pages import encode_picture
from pipeline.prepare.picture import decode_picture, square_png
from pipeline.prepare.tia import line_covers
from pipeline.shards.dataset import Dataset
from pipeline.stream.draw import MODEL_SIDE, fill_boxes
from schemas.page import Page

Picture = NDArray[np.uint8]
NEAR = 12  # of 224 pixels around a word's box
INK = 24  # of 255 from the paper
REACH = 4  # pixels of the stored page
FAINT = 6  # what belongs to the ink beside it
LIMIT = 8  # of 255
LONGEST = 1000


@dataclass
class Found:
    """What was measured with one set of rules."""

    leaks: list[int] = field(default_factory=list)
    bytes: list[int] = field(default_factory=list)
    prepare: list[float] = field(default_factory=list)
    paint: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)  # hidden share of each neighbouring line
    ink: list[float] = field(default_factory=list)


def pages_of(urls: list[str], count: int) -> Iterator[tuple[Page, Picture]]:
    """Pages with words, from each dataset `count`."""
    for url in urls:
        dataset = Dataset(url)
        found = (
            (Page.from_json(members["json"]), decode_picture(next(d for n, d in members.items() if n != "json")))
            for shard in dataset.shards()
            for _, members in dataset.samples(shard)
        )
        yield from islice(((page, picture) for page, picture in found if len(page.words.text) > 5), count)


def boxes_in(page: Page, words: NDArray[np.intp], height: int, width: int) -> list[tuple[int, int, int, int]]:
    """Boxes of words in pixels, rounded outwards."""
    scale = np.array([width, height, width, height]) / 1000
    box = np.asarray(page.words.box, dtype=np.float64)[words] * scale
    low, high = np.floor(box[:, :2]).astype(int), np.ceil(box[:, 2:]).astype(int)
    return [(x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)) for (x0, y0), (x1, y1) in zip(low, high, strict=True)]


def erase_boxes(page: Page, picture: Picture, words: NDArray[np.intp]) -> Picture:
    """Without what lies in the boxes."""
    erased, paper = picture.copy(), _paper(picture)
    for x0, y0, x1, y1 in boxes_in(page, words, *picture.shape[:2]):
        erased[y0:y1, x0:x1] = paper[y0:y1, x0:x1]
    return erased


def erase_ink(page: Page, picture: Picture, words: NDArray[np.intp]) -> Picture:
    """Without what lies in the boxes, and without the pieces of print of which most lies in the box of one word and
    all of it within REACH, with the faint pixels beside them. (What goes on is a rule, or touches the next word.)
    """
    grey, paper = _grey(picture), _paper(picture)
    away = cv2.absdiff(grey, _grey(paper))
    count, labels = cv2.connectedComponents((away > INK).astype(np.uint8), connectivity=8)
    all_of = np.bincount(labels.ravel(), minlength=count)
    own = np.zeros(count, dtype=bool)
    for x0, y0, x1, y1 in boxes_in(page, words, *grey.shape):
        within = np.bincount(labels[y0:y1, x0:x1].ravel(), minlength=count)
        near = labels[max(0, y0 - REACH) : y1 + REACH, max(0, x0 - REACH) : x1 + REACH]
        own |= (within > 0.5 * all_of) & (np.bincount(near.ravel(), minlength=count) == all_of)
    own[0] = False
    ink = own[labels].astype(np.uint8)
    others = ((labels > 0) & ~own[labels]).astype(np.uint8)
    # What is faint and touches the ink, but no other print.
    around = cv2.dilate(ink, np.ones((5, 5), np.uint8)).astype(bool) & (away > FAINT)
    gone = ink.astype(bool) | (around & ~cv2.dilate(others, np.ones((3, 3), np.uint8)).astype(bool))
    erased = erase_boxes(page, picture, words)
    erased[gone] = paper[gone]
    return erased


def _grey(picture: Picture) -> Picture:
    return picture if picture.ndim == 2 else np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def _paper(picture: Picture) -> Picture:
    """The paper everywhere: the picture without what is small and dark."""
    return np.asarray(cv2.medianBlur(cv2.dilate(picture, np.ones((15, 15), np.uint8)), 15), dtype=np.uint8)


def painted(page: Page, stored: bytes, words: NDArray[np.intp], grow: int) -> tuple[Picture, float]:
    """The picture as the model gets it, masks only, and the CPU seconds of painting and reducing."""
    pixels = decode_picture(stored)
    picture = pixels.copy() if pixels.ndim == 3 else np.repeat(pixels[:, :, None], 3, axis=2)
    boxes = np.asarray(page.words.box, dtype=np.int64)[words]
    begun = time.process_time()
    fill_boxes(picture, boxes, (0, 0, 0), grow)
    reduced = cv2.resize(picture, (MODEL_SIDE, MODEL_SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(reduced, dtype=np.uint8), time.process_time() - begun


def leaks(page: Page, one: Picture, other: Picture, words: NDArray[np.intp]) -> list[int]:
    """The largest difference near each word."""
    away = cv2.absdiff(one, other).max(axis=2)
    found = []
    for x0, y0, x1, y1 in boxes_in(page, words, MODEL_SIDE, MODEL_SIDE):
        found.append(int(away[max(0, y0 - NEAR) : y1 + NEAR, max(0, x0 - NEAR) : x1 + NEAR].max(initial=0)))
    return found


def stored(picture: Picture, size: int, jpeg: bool) -> tuple[bytes, float]:
    """The training picture of a page, and the CPU seconds of making it."""
    if jpeg:
        picture = decode_picture(encode_picture(picture, LONGEST, bilevel=False).data)
    begun = time.process_time()
    return square_png(picture, size), time.process_time() - begun


def measure(
    page: Page, picture: Picture, erase: Callable[..., Picture], size: int, grow: int, jpeg: bool, to: Found
) -> None:
    """One page with one set of rules."""
    words = np.flatnonzero(keyed(0, page.key, "leak").random(len(page.words.text)) < 0.15)
    if not len(words):
        return
    before, seconds = stored(picture, size, jpeg)
    after, _ = stored(erase(page, picture, words), size, jpeg)
    one, paint = painted(page, before, words, grow)
    other, _ = painted(page, after, words, grow)
    to.leaks += leaks(page, one, other, words)
    to.bytes.append(len(before))
    to.prepare.append(seconds)
    to.paint.append(paint)
    _beside(page, before, words, size, grow, to)


def _beside(page: Page, data: bytes, words: NDArray[np.intp], size: int, grow: int, to: Found) -> None:
    """How much of the lines next to covered ones is hidden."""
    box = np.asarray(page.lines.box, dtype=np.int64)
    cover = line_covers(0, page.key, 1, len(box), 0.15)[0].astype(bool)
    page_picture = decode_picture(data)
    grey = _grey(page_picture)
    ink = cv2.absdiff(grey, _paper(grey)) > INK
    word_box, word_line = np.asarray(page.words.box, dtype=np.int64)[words], np.asarray(page.words.line)[words]
    for line in neighbours(box, cover):
        hidden = np.full((size, size, 3), 255, dtype=np.uint8)
        fill_boxes(hidden, box[cover], (0, 0, 0))
        fill_boxes(hidden, word_box[word_line != line], (0, 0, 0), grow)  # its own masks hide what they should
        dark = hidden[:, :, 0] == 0
        x0, y0, x1, y1 = box[line] * size // 1000
        part = np.s_[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
        to.beside.append(float(dark[part].mean()))
        if ink[part].any():
            to.ink.append(float(dark[part][ink[part]].mean()))


def neighbours(box: NDArray[np.int64], cover: NDArray[np.bool_]) -> set[int]:
    """Uncovered lines that are the nearest above or below a covered one."""
    middle = box[:, [1, 3]].mean(axis=1)
    found = set()
    for line in np.flatnonzero(cover):
        overlap = np.minimum(box[:, 2], box[line, 2]) > np.maximum(box[:, 0], box[line, 0])
        for side in (middle > middle[line], middle < middle[line]):
            near = np.flatnonzero(overlap & side)
            if len(near):
                nearest = int(near[np.abs(middle[near] - middle[line]).argmin()])
                found |= {nearest} - set(np.flatnonzero(cover).tolist())
    return found


def row(title: str, found: Found) -> str:
    """One row in Markdown."""
    leaks = np.asarray(found.leaks)
    cells = [
        title,
        f"{len(leaks)}",
        f"{(leaks <= LIMIT).mean():.2%}",
        f"{int(np.quantile(leaks, 0.99))}",
        f"{leaks.max()}",
        f"{mean(found.bytes) / 1000:.1f}",
        f"{1000 * median(found.prepare):.1f}",
        f"{1000 * median(found.paint):.2f}",
        f"{np.mean(np.asarray(found.beside) > 0.25):.2%}",
        f"{np.mean(np.asarray(found.ink) > 0.25):.2%}",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages", nargs="+")
    parser.add_argument("--pages", dest="count", type=int, default=40)
    parser.add_argument("--sizes", default="224,448")
    parser.add_argument("--grow", default="0,1")
    parser.add_argument("--jpeg", action="store_true")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pages = list(pages_of(options.pages, options.count))
    print(f"{len(pages)} pages")
    print(
        "| erased, stored, size, grown | words | within 8 | 99 % | most | KB | ms prepare | ms paint | beside | ink |"
    )
    print("| --- " + "| ---: " * 9 + "|")
    for size in map(int, options.sizes.split(",")):
        for grow in map(int, options.grow.split(",")):
            for name, erase in (("box", erase_boxes), ("ink", erase_ink)):
                for jpeg in (False, True) if options.jpeg else (False,):
                    found = Found()
                    for page, picture in pages:
                        measure(page, picture, erase, size, grow, jpeg, found)
                    print(row(f"{name}, {'jpeg' if jpeg else 'lossless'}, {size}, {grow}", found), flush=True)


if __name__ == "__main__":
    main()
