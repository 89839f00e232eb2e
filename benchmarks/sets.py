"""Sets of pages with truth, as they lie in folders: what the benchmarks and the command read, through one reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.pages import Sandbox
from pipeline.scores.truths import Truth, read_truth
from pipeline.scores.truths.pixels import HEAD_BYTES, picture_size
from pipeline.scores.truths.synth import of_page
from pipeline.sources.formats import Format
from pipeline.synth import TYPES, Spec, make

Words = tuple[list[str], NDArray[np.float64]]  # texts, and N x 4 boxes in units of 1000
Page = tuple[NDArray[np.uint8], Words]  # an RGB picture and its truth
SCANNED_TYPES = ("invoice", "letter", "form", "report", "table")


@dataclass(frozen=True)
class Labelled:
    """One page of a set."""

    name: str
    truth: Truth
    picture: Path | None = None
    aspect: float = 0.77  # width over height

    def page(self) -> Page:
        """Its picture and its words."""
        assert self.picture is not None
        read = cv2.imread(str(self.picture))
        return np.asarray(cv2.cvtColor(read, cv2.COLOR_BGR2RGB), dtype=np.uint8), words_of(self.truth)


def words_of(truth: Truth) -> Words:
    """True words."""
    return truth.texts, np.asarray(truth.boxes, dtype=np.float64).reshape(-1, 4)


def _labelled(file: Path, picture: Path | None, page: int = 0) -> Labelled | None:
    """None for a file that holds no truth."""
    size = picture_size(picture.read_bytes()[:HEAD_BYTES]) if picture else None
    truth = read_truth(file.read_bytes(), page, size, file.name)
    if truth is None:
        return None
    name = file.stem if not page else f"{file.stem} page {page}"
    return Labelled(name, truth, picture, truth.aspect or 0.77)


def funsd(folder: Path, every: int = 1) -> Iterator[Labelled]:
    """Forms: `images` and `annotations`."""
    for picture in sorted((folder / "images").glob("*.png"))[::every]:
        yield from filter(None, [_labelled(folder / "annotations" / f"{picture.stem}.json", picture)])


def sroie(folder: Path, every: int = 1) -> Iterator[Labelled]:
    """Receipts: `images` and `boxes`; their true words are lines split at spaces."""
    for picture in sorted((folder / "images").iterdir())[::every]:
        found = next(path for path in sorted((folder / "boxes").glob(f"{picture.stem}.*")))
        yield from filter(None, [_labelled(found, picture)])


def roor(folder: Path, every: int = 1) -> Iterator[Labelled]:
    """Forms with relations of segments."""
    for file in sorted(folder.glob("*.json"))[::every]:
        yield from filter(None, [_labelled(file, None)])


def docbank(folder: Path, every: int = 1) -> Iterator[Labelled]:
    """Pages of papers, each text beside its picture."""
    for file in sorted(folder.glob("*.txt"))[::every]:
        yield from filter(None, [_labelled(file, file.with_name(f"{file.stem}_ori.jpg"))])


def hrdoc(folder: Path, every: int = 1) -> Iterator[Labelled]:
    """Pages of papers, a folder of pictures beside each file."""
    for file in sorted(folder.glob("*.json")):
        pictures = sorted(file.with_name(file.stem).iterdir(), key=lambda path: _number(path.stem))
        for picture in pictures[::every]:
            yield from filter(None, [_labelled(file, picture, _number(picture.stem))])


def _number(stem: str) -> int:
    return int(stem.rpartition("_")[2])


def in_one_column(page: Labelled) -> bool:
    """Whether no gutter runs down the middle of most of a page.

    DocBank's order goes straight across two columns, row by row: on such pages it is no reading order.
    """
    boxes = np.asarray(page.truth.boxes)
    rows = np.ptp(boxes[:, 1]) / max(float(np.median(boxes[:, 3] - boxes[:, 1])), 1.0)
    crossing = [int(((boxes[:, 0] < x) & (boxes[:, 2] > x)).sum()) for x in range(450, 551, 2)]
    return min(crossing) > 0.2 * rows


def synth_digital(count: int, seeds: Iterable[int], kinds: Sequence[str] = TYPES) -> Iterator[Labelled]:
    """Synthetic born-digital pages, `count` for each seed, by their own truth."""
    for seed in seeds:
        for index in range(count):
            kind = kinds[index % len(kinds)]
            file = make(Spec(index=index, seed=seed, document_type=kind, variant="digital", pages=1))
            yield Labelled(f"{kind} {index} of seed {seed}", of_page(file.truth.pages[0]), None, 595 / 842)


def lines_only(pages: Iterable[Labelled]) -> Iterator[Labelled]:
    """The same pages, whose true lines are put in order as they are."""
    for page in pages:
        yield replace(page, truth=page.truth.model_copy(update={"by_words": False}))


def synth_scans(count: int) -> Iterator[Page]:
    """Synthetic scans and their words."""
    with Sandbox() as sandbox:
        for index in range(count):
            kind = SCANNED_TYPES[index % len(SCANNED_TYPES)]
            file = make(Spec(index=index, seed=5, document_type=kind, variant="jpeg", pages=1))
            sandbox.open(Format.JPEG, file.data)
            words = file.truth.pages[0].words
            truth = [word.text for word in words], np.array([word.box for word in words], dtype=np.float64)
            yield sandbox.page(0, 2000).picture, truth
