"""Precision and recall of "OCR is needed", over pages whose answer is known.

    python benchmarks/routes.py [--synth 80] [--scans FOLDER...] [--digital FOLDER...] [--pages 12]

Known by construction: pages of generated documents (born digital: no; all others: yes). Known by what a folder holds:
PDFs that are scans, whatever text they carry (`--scans`: yes), and PDFs that are born digital (`--digital`: no; blank
pages need none either). A page of route `ocr` or `mixed` counts as one that asks for OCR. Nothing is read by OCR here:
where a part of a page would be read (`marks_left`), the page counts as `mixed`. Prints every error with its features.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pipeline.pages import PageError, RawPage, Sandbox
from pipeline.sources.formats import Format, sniff
from pipeline.synth import make, plan
from pipeline.upright import pose_of_chars, turn_page
from pipeline.words.ink import ink_of
from pipeline.words.mixed import rest_of
from pipeline.words.route import GOOD, RouteConfig, decide, features_of
from pipeline.words.textlayer import words_of
from schemas.page import Route

Labelled = tuple[str, bytes, bool]  # name, bytes, whether OCR is needed
CONFIG = RouteConfig()


def documents(options: argparse.Namespace) -> Iterator[Labelled]:
    """All documents with their label."""
    for spec in plan(options.synth, seed=23):
        yield f"synth {spec.name}", make(spec).data, spec.variant != "digital"
    for folders, needed in ((options.scans, True), (options.digital, False)):
        for folder in folders:
            for path in sorted(folder.rglob("*.pdf")):
                yield f"{folder.name}/{path.name[:12]}", path.read_bytes(), needed


def asks(page: RawPage) -> tuple[bool, str, dict[str, float]]:
    """(whether OCR is asked for, the reason, features), as the extractor decides it."""
    height, width = page.pixels.shape[:2]
    upright = turn_page(page, pose_of_chars(page.chars, width / height))
    height, width = upright.pixels.shape[:2]
    words, ink = words_of(upright.chars, width / height), ink_of(upright.pixels)
    features = features_of(upright, ink, words)
    route, reason = decide(CONFIG, features)
    if route is Route.TEXT_LAYER and reason == GOOD:
        if features["ink"] * (1 - features["ink_covered"]) >= CONFIG.min_ink_left:
            features["marks_left"] = float(rest_of(upright.pixels, ink, words.box).marks)
        if features.get("marks_left", 0) >= CONFIG.least_marks:
            return True, "text-and-more", features
    return route is Route.OCR, reason, features


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--synth", type=int, default=80)
    parser.add_argument("--scans", type=Path, nargs="*", default=[])
    parser.add_argument("--digital", type=Path, nargs="*", default=[])
    parser.add_argument("--pages", type=int, default=12, help="of each document")
    options = parser.parse_args()
    counts: Counter[tuple[bool, bool]] = Counter()
    reasons: Counter[tuple[bool, str]] = Counter()
    with Sandbox() as sandbox:
        for name, data, needed in documents(options):
            try:
                pages = sandbox.open(sniff(data[:2048]) or Format.PDF, data)
            except PageError as error:
                print(f"left out: {name}: {error}")
                continue
            for index in range(min(pages, options.pages)):
                asked, reason, features = asks(sandbox.page(index, 1000))
                counts[needed, asked] += 1
                reasons[needed, reason] += 1
                if asked != needed:
                    print(f"{name} page {index}: {'asked' if asked else 'not asked'} ({reason}) {features}")
    right = counts[True, True]
    print(f"\n{counts.total()} pages, {right + counts[True, False]} of which need OCR")
    print(f"recall {right / max(1, right + counts[True, False]):.4f}")
    print(f"precision {right / max(1, right + counts[False, True]):.4f}")
    for (needed, reason), count in sorted(reasons.items()):
        print(f"  {'needs OCR' if needed else 'needs none':10} {reason:24} {count}")


if __name__ == "__main__":
    main()
