"""Order and lines of generated pages that lean, from their true boxes: how many pages have anything wrong.

    python benchmarks/leaning.py [--seeds 101 102 103] [--pages 4] [--degrees -5 -3 -1 0 1 3 5]

Pages are born digital, of every type, and turned about their middle; a word's box is the upright one around its
turned ink. A page is wrong in order if any word does not follow the one that it was written after, and wrong in lines
if any line joins two or is one of two.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from datetime import UTC, datetime

from jobs.environment import environment
from pipeline.order import arrange
from pipeline.synth import TYPES, Spec, compose
from pipeline.synth.sheet import Sheet
from pipeline.synth.truth import page_truth
from pipeline.synth.turn import Turn


def sheets(seeds: list[int], pages: int) -> Iterator[Sheet]:
    """The sheets of `pages` documents of each type and seed."""
    for seed in seeds:
        for document_type in TYPES:
            for index in range(pages):
                yield from compose(Spec(index=index, seed=seed, document_type=document_type, variant="digital"))[0]


def wrong(sheet: Sheet, degrees: float) -> tuple[bool, bool]:
    """Whether (order, lines) of a page that leans have anything wrong."""
    truth = page_truth(sheet, Turn(degrees, sheet.width, sheet.height))
    layout = arrange([word.box for word in truth.words], sheet.width / sheet.height)
    number = dict(zip(layout.order, layout.line, strict=True))
    pairs = {(word.line, number[i]) for i, word in enumerate(truth.words)}
    true_lines = len({word.line for word in truth.words})
    return layout.order != list(range(len(truth.words))), not len(pairs) == true_lines == len(layout.line_box)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--pages", type=int, default=4)
    parser.add_argument("--degrees", type=float, nargs="+", default=[-5, -3, -1, 0, 1, 3, 5])
    options = parser.parse_args()
    made = list(sheets(options.seeds, options.pages))
    known = environment()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {known['processor']}, Python {platform.python_version()}, {len(made)} pages")
    print("\n| degrees | wrong in order | wrong in lines |\n| ---: | ---: | ---: |")
    for degrees in options.degrees:
        found = [wrong(sheet, degrees) for sheet in made]
        print(f"| {degrees:g} | {sum(order for order, _ in found)} | {sum(lines for _, lines in found)} |")


if __name__ == "__main__":
    main()
