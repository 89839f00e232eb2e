"""Lines and order of true boxes, without OCR: every algorithm, and CPU time.

    python benchmarks/order.py [--documents FOLDER] [--synth 60] [--seeds 5] [--first-seed 0] [--by-type] [--worst 5]
        [--times]

`--documents` has `funsd/training_data`, `funsd_reading_order_roor`, `sroie`, `docbank` and `hrdoc`. ROOR's segments
and the lines of SROIE and HRDoc are put in order as they are; the words of DocBank and of synthetic born-digital pages
are put in lines first; of synthetic pages the true lines are put in order, too. DocBank's order goes straight across
two columns, so its pages in one column are shown alone. `xycut` is the textbook's recursive XY-cut: rows first, at
every gap.
Shown are the share of true relations a -> b with a before b, F1 of the units and of the words that follow each other,
and where the truth is one chain page BLEU-4, average relative distance, Kendall's tau and exact pages. `--worst` names
the pages with the lowest F1 of words that follow each other, with the algorithm that is the default.
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import sets  # beside this file
from numpy.typing import NDArray
from sets import Labelled
from stages import cpu

from jobs.environment import environment
from pipeline.order import ALGORITHMS, DEFAULT, arrange
from pipeline.scores import score_lines, total_lines
from pipeline.scores.again import lines_of, order_truth, order_words
from pipeline.scores.page import OrderScore, score_order, total_orders
from pipeline.synth import TYPES


def score_set(title: str, pages: Iterable[Labelled], worst: int) -> None:
    """A row for each algorithm, and the worst pages of the default."""
    scores: dict[str, list[tuple[str, OrderScore]]] = {name: [] for name in ALGORITHMS}
    for page in pages:
        for name, found in scores.items():
            order = order_truth(page.truth, page.aspect, name)
            found.append((page.name, score_order(order, page.truth)))
    for name, found in scores.items():
        print(row(title, name, total_orders(score for _, score in found)), flush=True)
    by_score = sorted(scores[DEFAULT], key=lambda entry: (entry[1].successors.f1, entry[0]))
    for name, score in by_score[:worst]:
        if score.successors.f1 < 1:
            print(f"    {name}: words {score.words}, successors {score.successors.f1:.3f}, relations "
                  f"{score.relations.recall:.3f}")  # fmt: skip


def row(title: str, name: str, score: OrderScore) -> str:
    """One row in Markdown."""
    units = score.unit_successors
    shares = (score.relations.recall, units.f1, units.recall, score.successors.f1)
    cells = [title, name, f"{score.pages}", f"{score.words}", *(f"{share:.4f}" for share in shares)]
    if count := score.chains:
        means = (f"{score.bleu / count:.4f}", f"{score.ard / count:.2f}", f"{score.tau / count:.4f}")
        cells += [*means, f"{score.exact} of {count}"]
    else:
        cells += ["", "", "", ""]
    return f"| {' | '.join(cells)} |"


def score_geometry(title: str, pages: Iterable[Labelled]) -> None:
    """Lines by geometry alone, of true words, against true lines."""
    scores = []
    for page in pages:
        truth, true = page.truth, page.truth.lines
        if true is None or not truth.texts:
            continue
        found: list[int | None] = lines_of(truth.boxes, page.aspect).tolist()
        pairs = [(i, i) for i in range(len(truth.texts))]
        scores.append(score_lines(found, true, pairs, truth.boxes, page.aspect))
    score = total_lines(scores)
    counts = score.strict
    shares = " | ".join(f"{share:.4f}" for share in (counts.recall, counts.precision, counts.f1))
    print(f"| {title} | {len(scores)} | {counts.truth} | {shares} | {score.joined} | {score.across} |", flush=True)


def page_of(words: int) -> NDArray[np.float64]:
    """Boxes of a page with two columns of words, in rows as high as the page allows."""
    rows = max(10, int((words / 1.6) ** 0.5))
    each = -(-words // rows)
    row, column = np.divmod(np.arange(words), each)
    step, pitch = 920 / each, 1000 / rows
    left = 20 + column * step + np.where(column >= each / 2, 40, 0)
    return np.stack([left, row * pitch, left + 0.85 * step, (row + 0.7) * pitch], axis=1)


def time_page(words: int, work: Callable[[NDArray[np.float64]], object], repeat: int) -> float:
    """CPU milliseconds of lines and order together, median."""
    boxes = page_of(words)
    times = []
    for _ in range(repeat):
        begun = cpu()
        work(boxes)
        times.append(cpu() - begun)
    return median(times)


def by_algorithm(name: str, boxes: NDArray[np.float64]) -> object:
    """Lines and then order, by `name`."""
    return order_words(boxes, lines_of(boxes, 0.77).tolist(), 0.77, name)


def print_times() -> None:
    """A row for each algorithm, and one for what a page's record takes: boxes of lines and blocks, too."""
    print("\n| CPU ms a page, lines and order | 100 words | 1,000 | 10,000 |\n| --- | ---: | ---: | ---: |")
    works: dict[str, Callable[[NDArray[np.float64]], object]] = {n: partial(by_algorithm, n) for n in ALGORITHMS}
    works["arrange, with boxes of lines and blocks"] = lambda boxes: arrange(boxes.tolist(), 0.77)
    for name, work in works.items():
        cells = (f"{time_page(words, work, repeat):.2f}" for words, repeat in ((100, 50), (1000, 20), (10_000, 5)))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


Pages = Callable[[], Iterable[Labelled]]


def documents(folder: Path) -> Iterator[tuple[str, Pages]]:
    """Title and pages of each public set with an order."""
    papers = partial(sets.docbank, folder / "docbank")
    yield "ROOR, segments", partial(sets.roor, folder / "funsd_reading_order_roor")
    yield "HRDoc, lines", partial(sets.hrdoc, folder / "hrdoc")
    yield "DocBank, words", papers
    yield "DocBank, in one column", lambda: filter(sets.in_one_column, papers())
    yield "SROIE, lines", partial(sets.sroie, folder / "sroie")


def generated(count: int, seeds: range, by_type: bool) -> Iterator[tuple[str, Pages]]:
    """Title and pages of synthetic sets: words that are put in lines first, and true lines."""
    for kinds in (TYPES, *(((kind,) for kind in TYPES) if by_type else ())):
        each = -(-count * len(kinds) // len(TYPES))
        pages = partial(sets.synth_digital, each, seeds, kinds)
        name = kinds[0] if len(kinds) == 1 else "all"
        yield f"synth {name}, words", pages
        yield f"synth {name}, lines", partial(_lines, pages)


def _lines(pages: Pages) -> Iterable[Labelled]:
    return sets.lines_only(pages())


def main() -> None:
    """Measure and print tables in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=Path)
    parser.add_argument("--synth", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--by-type", action="store_true")
    parser.add_argument("--worst", type=int, default=0)
    parser.add_argument("--times", action="store_true")
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {environment()['processor']}, Python {platform.python_version()}\n")
    print("| truth | order | pages | words | relations | units F1 | units kept | words F1 | BLEU | ARD | tau | exact |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    made = list(generated(options.synth, seeds, options.by_type)) if options.synth else []
    for title, pages in [*(documents(options.documents) if options.documents else ()), *made]:
        score_set(title, pages(), options.worst)
    print("\n| lines by geometry | pages | lines | recall | precision | F1 | joined | across |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |", flush=True)
    if options.documents is not None:
        score_geometry("FUNSD", sets.funsd(options.documents / "funsd/training_data"))
        score_geometry("SROIE", sets.sroie(options.documents / "sroie"))
    for title, pages in made[::2]:
        score_geometry(title, pages())
    if options.times:
        print_times()


if __name__ == "__main__":
    main()
