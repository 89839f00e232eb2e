"""Precision and recall of "OCR is needed", over pages whose answer is known.

    python benchmarks/routes.py [--synth 80] [--rare 4] [--overlaid 64] [--scans FOLDER...] [--digital FOLDER...]

Known by construction: pages of generated documents (scans and pages with a stamp: yes; born digital, on coloured paper
too: no; born digital with a picture laid anywhere: where it is a stamp). Known by what a folder holds: PDFs that are
scans, whatever text they carry (`--scans`: yes), and PDFs that are born digital (`--digital`: no, but for the pages
that labels.py names by their sha256). A page of route `ocr` or `mixed` counts as one that asks for OCR. The extractor
decides, with an engine that reads one word everywhere: what costs OCR counts, not what comes of it. Prints every error
with its features.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from statistics import median

import numpy as np
from labels import label
from numpy.typing import NDArray
from overlaid import overlaid

from pipeline.pages import PageError, Sandbox
from pipeline.sources.formats import Format, sniff
from pipeline.synth import RARE, TYPES, Spec, make, plan
from pipeline.words import Extraction, Extractor, RouteConfig, WordList
from pipeline.words.ocr import OcrEngine
from schemas.base import sha256_hex
from schemas.page import Engine, Route

Labelled = tuple[str, bytes, Callable[[int], bool | None]]  # name, bytes, whether a page needs OCR


class OneWord(OcrEngine):
    """Reads a word without a size on every picture."""

    @property
    def engine(self) -> Engine:
        return Engine(name="one-word", version="1", models={}, config="")

    def read(self, picture: NDArray[np.uint8]) -> WordList:
        return WordList(["word"], np.zeros((1, 4)), [1.0], [0])


def documents(options: argparse.Namespace) -> Iterator[Labelled]:
    """All documents with their labels."""
    specs = plan(options.synth, seed=23)
    for kind, variant, index in product(TYPES, RARE, range(options.rare)):
        specs.append(Spec(index=index, seed=29, document_type=kind, variant=variant))
    for spec in specs:
        needed = spec.variant not in ("digital", "paper")
        yield f"synth {spec.name}", make(spec).data, lambda page, needed=needed: needed
    for name, data, needed in overlaid(options.overlaid):
        yield name, data, lambda page, needed=needed: needed  # type: ignore[misc]
    for folders, needed in ((options.scans, True), (options.digital, False)):
        for folder in folders:
            for path in sorted(folder.rglob("*.pdf")):
                data = path.read_bytes()
                name = sha256_hex(data)
                # No names of files: they may be names of persons.
                yield name[:16], data, lambda page, name=name, needed=needed: label(name, page, needed)


def routes(sandbox: Sandbox, extractor: Extractor, data: bytes, most: int) -> Iterator[tuple[Extraction, float]]:
    """What the extractor makes of each page, and the CPU seconds that it took."""
    pages = sandbox.open(sniff(data[:2048]) or Format.PDF, data)
    for index in range(min(pages, most)):
        page = sandbox.page(index, 1000)
        begun = time.process_time()
        found = extractor.extract(page, lambda longest, page=page: page)  # type: ignore[misc]
        yield found, time.process_time() - begun


def report(counts: Counter[tuple[bool | None, bool]], reasons: Counter[tuple[bool | None, str]]) -> None:
    """Print the table."""
    right, missed, wrong = counts[True, True], counts[True, False], counts[False, True]
    logos = counts[None, True] + counts[None, False]
    print(f"\n{counts.total() - logos} pages, {right + missed} of which need OCR")
    print(f"recall {right / max(1, right + missed):.4f}, precision {right / max(1, right + wrong):.4f}")
    print(f"{logos} pages more have a logo with a word in it: {counts[None, True]} are read")
    for (needed, reason), count in sorted(reasons.items(), key=str):
        print(f"  {({True: 'needed', False: 'not needed', None: 'logo'})[needed]:10} {reason:24} {count}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--synth", type=int, default=80)
    parser.add_argument("--rare", type=int, default=4, help="documents of each type and rare variant")
    parser.add_argument("--overlaid", type=int, default=64, help="born-digital documents with a picture laid on them")
    parser.add_argument("--scans", type=Path, nargs="*", default=[])
    parser.add_argument("--digital", type=Path, nargs="*", default=[])
    parser.add_argument("--pages", type=int, default=12, help="of each document")
    options = parser.parse_args()
    counts: Counter[tuple[bool | None, bool]] = Counter()
    reasons: Counter[tuple[bool | None, str]] = Counter()
    seconds = []
    extractor = Extractor(RouteConfig(), OneWord, 1)
    with Sandbox() as sandbox:
        for name, data, needs in documents(options):
            try:
                for page, (found, took) in enumerate(routes(sandbox, extractor, data, options.pages)):
                    needed, asked = needs(page), found.route is not Route.TEXT_LAYER
                    counts[needed, asked] += 1
                    reasons[needed, found.reason] += 1
                    seconds += [took] if found.route is Route.TEXT_LAYER else []
                    if needed is not None and asked != needed:
                        print(
                            f"{name} page {page}: {'asked' if asked else 'not asked'} ({found.reason}) {found.features}"
                        )
            except PageError as error:
                print(f"left out: {name}: {error}")
    report(counts, reasons)
    print(f"from characters to a route, pages of a text layer: {1000 * median(seconds):.1f} ms of CPU")


if __name__ == "__main__":
    main()
