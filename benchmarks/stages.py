"""CPU milliseconds a page by stage and route, beside a peer on the same pages in the same run.

    python benchmarks/stages.py INPUT... [--pages N] [--peer-every N]

The peer of the text layer is pdfplumber's `extract_words`; the peer of OCR is RapidOCR as it comes, on one thread.
Ours and the peer take turns page by page (every Nth page, where the peer is slow); the figures are medians and means
over pages. What runs in child processes is run here once more, so that its time is seen; handing over, the tars' ends
and what is written once a shard are in `benchmarks/overhead.py`.
"""

from __future__ import annotations

import argparse
import io
import platform
import resource
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import mean, median
from typing import Any

import cv2
import numpy as np
import pdfplumber
import rapidocr

from jobs.environment import environment
from pipeline.ingest import IngestConfig
from pipeline.ingest.page import MadePage, PageMaker
from pipeline.ingest.unit import add_page
from pipeline.order import arrange, letters_of
from pipeline.pages import Limits, PageError
from pipeline.pages.document import open_document
from pipeline.pages.opened import Opened
from pipeline.pages.pdf import PdfFile
from pipeline.pages.picture import encode_picture
from pipeline.shards.hashes import minhash, phash
from pipeline.shards.tar import ShardBuilder
from pipeline.sources import SourceError, list_inputs, read_source
from pipeline.words import RouteConfig
from pipeline.words.ink import ink_of
from pipeline.words.ocr import OcrEngine, OcrOptions, make_engine
from pipeline.words.route import features_of
from pipeline.words.textlayer import words_of
from schemas.page import DocumentRef, Route

Times = dict[str, dict[str, list[float]]]


def cpu() -> float:
    """User and system time of this process, in milliseconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return 1000 * (used.ru_utime + used.ru_stime)


class Clock:
    """Collects milliseconds by route and stage."""

    def __init__(self) -> None:
        self.times: Times = defaultdict(lambda: defaultdict(list))

    def measure(self, route: str, stage: str, call: Callable[[], Any]) -> Any:
        """Result of `call`, its CPU time noted."""
        begun = cpu()
        value = call()
        self.times[route][stage].append(cpu() - begun)
        return value


def measure_page(clock: Clock, maker: PageMaker, document: DocumentRef, opened: Opened, data: bytes, index: int,
                 engine: OcrEngine, peer_ocr: Any) -> None:  # fmt: skip
    """All stages of one page of a document that `maker` has open, too; the peer reads it where it is given."""
    begun = cpu()
    made: MadePage = maker.make(document, index, None)
    ours = cpu() - begun
    route = made.record.route.value
    first = 1000 if isinstance(opened, PdfFile) else 2000
    raw = clock.measure(route, "render and characters", lambda: opened.page(index, first, chars=True))
    words = clock.measure(route, "text layer to words", lambda: words_of(raw.chars, 0.77))
    clock.measure(route, "route features", lambda: features_of(raw, ink_of(raw.pixels), words))
    stored = made.record.words
    clock.measure(route, "lines and order", lambda: arrange(stored.box, 0.77, None, letters_of(stored.text)))
    clock.measure(route, "picture to JPEG", lambda: encode_picture(raw.pixels, 1000, bilevel=raw.facts.bilevel))
    clock.measure(route, "perceptual hash", lambda: phash(made.picture.pixels))
    clock.measure(route, "MinHash", lambda: minhash(made.record.words.text))
    clock.measure(route, "record, tar, hashes", lambda: add_page(ShardBuilder(), made))
    children = clock.times[route]["render and characters"][-1]
    if made.record.route is not Route.TEXT_LAYER:
        picture = opened.page(index, 2000, chars=False).picture
        clock.measure(route, "OCR", lambda: engine.read(picture))
        children += clock.times[route]["OCR"][-1]
    shard = clock.times[route]["record, tar, hashes"][-1]
    clock.times[route]["EVERYTHING"].append(ours + children + shard)
    if peer_ocr is None:
        return
    if made.record.route is Route.TEXT_LAYER:
        clock.measure(route, "PEER pdfplumber extract_words", lambda: plumber_words(data, index))
    else:
        clock.measure(route, "PEER RapidOCR as it comes", lambda: peer_ocr(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)))


def plumber_words(data: bytes, index: int) -> list[Any]:
    """The peer: a page's words by pdfplumber."""
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        return pdf.pages[index].extract_words()


def peer_engine() -> Any:
    """RapidOCR with its own settings, but one thread and word boxes."""
    params = {
        "Global.log_level": "critical",
        "Global.return_word_box": True,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }
    return rapidocr.RapidOCR(params=params)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--peer-every", type=int, default=1)
    options = parser.parse_args()
    clock, left, engine, peer = Clock(), options.pages, make_engine(OcrOptions()), peer_engine()
    with PageMaker(IngestConfig(route=RouteConfig())) as maker:
        for listed in list_inputs(options.inputs):
            try:
                source = read_source(listed)
                pages = maker.open(source.format, source.data)
                document = DocumentRef(sha256=source.sha256, uri=listed.uri, pages=pages)
                opened = open_document(source.format.value, source.data, Limits())
                for index in range(min(pages, left)):
                    now = peer if left % options.peer_every == 0 else None
                    measure_page(clock, maker, document, opened, source.data, index, engine, now)
                    left -= 1
            except (SourceError, PageError) as error:
                print(f"left out: {error}")
            if left <= 0:
                break
    report(clock, options.pages - left)


def report(clock: Clock, pages: int) -> None:
    """A table for each route."""
    known = environment()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {pages} pages, {known['processor']}, Python {platform.python_version()}")
    for route, stages in sorted(clock.times.items()):
        count = len(next(iter(stages.values())))
        print(f"\n{route} ({count} pages), CPU ms a page" + " " * 20 + f"{'median':>10} {'mean':>10} {'p95':>10}")
        for stage, values in stages.items():
            high = float(np.percentile(values, 95))
            print(f"  {stage:50} {median(values):10.1f} {mean(values):10.1f} {high:10.1f}")


if __name__ == "__main__":
    main()
