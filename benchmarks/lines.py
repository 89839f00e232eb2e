"""An OCR engine's own lines beside lines by geometry over the same words, against true lines.

    python benchmarks/lines.py [--funsd FOLDER] [--sroie FOLDER] [--every 5]

FUNSD's folder has `images` and `annotations`, SROIE's `images` and `boxes`. The default engine reads every Nth picture.
Lines are judged by those of their words that were found at all, so that what was read wrongly is held against neither.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sets import Labelled, funsd, sroie  # beside this file

from jobs.environment import environment
from pipeline.scores import LineScore, pair_words, score_lines, total_lines
from pipeline.scores.again import lines_of
from pipeline.words.ocr.rapid import RapidEngine


def score(engine: RapidEngine, page: Labelled) -> tuple[LineScore, LineScore]:
    """Scores of one page: by the engine's own lines, and by geometry."""
    picture, _ = page.page()
    found = engine.read(picture)
    boxes, truth = found.box * 1000, page.truth
    assert truth.lines is not None
    pairs = pair_words(found.text, boxes, truth.texts, truth.boxes)
    own, made = list(found.source_line), lines_of(boxes, page.aspect).tolist()
    by_own, by_geometry = (score_lines(line, truth.lines, pairs, truth.boxes, page.aspect) for line in (own, made))
    return by_own, by_geometry


def row(title: str, lines: str, scores: list[LineScore]) -> str:
    """One row in Markdown."""
    of = total_lines(scores)
    counts = of.grouping
    shares = " | ".join(f"{share:.4f}" for share in (counts.recall, counts.precision, counts.f1))
    return f"| {title} | {lines} | {len(scores)} | {counts.truth} | {shares} | {of.joined} | {of.across} |"


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--funsd", type=Path)
    parser.add_argument("--sroie", type=Path)
    parser.add_argument("--every", type=int, default=5)
    options = parser.parse_args()
    chosen: list[tuple[str, Iterator[Labelled]]] = []
    if options.funsd is not None:
        chosen.append(("FUNSD", funsd(options.funsd, options.every)))
    if options.sroie is not None:
        chosen.append(("SROIE", sroie(options.sroie, options.every)))
    engine = RapidEngine()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {environment()['processor']}, Python {platform.python_version()}\n")
    print("| pages | lines | pages read | true lines | recall | precision | F1 | joined | across |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    for title, pages in chosen:
        own, made = zip(*(score(engine, page) for page in pages), strict=True)
        print(row(title, "the engine's own", list(own)), row(title, "by geometry", list(made)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
