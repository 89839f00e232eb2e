"""Agreement of the two extractors of text layers, pdfium and pdfplumber, over a folder of PDFs.

    python benchmarks/extractors.py FOLDER [--every N] [--pages N]

Both read the characters of every page, in this process; words of equal text whose boxes overlap agree. What is left
over is put together where it lies in the same place, and each such disagreement is of one kind, by the first rule of
`pipeline.scores.agreement` that fits. Nothing of the documents' text is printed. Times are user and system time with
a picture of 64 pixels, which is next to nothing.
"""

from __future__ import annotations

import argparse
import platform
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from stages import cpu  # beside this file

from jobs.environment import environment
from pipeline.pages import Limits, PageError, PdfEngine
from pipeline.pages.document import open_document
from pipeline.pages.opened import Opened
from pipeline.scores.agreement import Kind, Reading, disagreements, kind_of, pair
from pipeline.sources.formats import Format
from pipeline.words.textlayer import words_of

PDFIUM, PLUMBER = PdfEngine.PDFIUM, PdfEngine.PDFPLUMBER


@dataclass
class Tally:
    """What was counted so far."""

    pages: int = 0
    alike: int = 0  # pages without a disagreement
    agreed: int = 0  # words
    words: Counter[PdfEngine] = field(default_factory=Counter)
    milliseconds: Counter[PdfEngine] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # pages, by who refused them and why
    kinds: Counter[Kind] = field(default_factory=Counter)
    left: defaultdict[Kind, Counter[PdfEngine]] = field(default_factory=lambda: defaultdict(Counter))  # words
    documents: defaultdict[Kind, set[Path]] = field(default_factory=lambda: defaultdict(set))

    def add(self, path: Path, ours: Reading, theirs: Reading) -> None:
        """One page that both have read."""
        pairs = pair(ours.words, theirs.words)
        found = disagreements(ours.words, theirs.words, pairs)
        self.pages += 1
        self.alike += not found
        self.agreed += len(pairs)
        self.words.update({PDFIUM: len(ours.words), PLUMBER: len(theirs.words)})
        for one in found:
            kind = kind_of(one, ours, theirs)
            self.kinds[kind] += 1
            self.left[kind].update({PDFIUM: len(one.first), PLUMBER: len(one.second)})
            self.documents[kind].add(path)


def read(tally: Tally, engine: PdfEngine, document: Opened, index: int) -> Reading | None:
    """A page's words and characters; None where it is refused."""
    begun = cpu()
    try:
        page = document.page(index, 64, chars=True)
    except PageError as error:
        tally.refused[f"{engine}: {error.reason}"] += 1
        return None
    width, height = page.facts.size
    words = words_of(page.chars, width / height)
    tally.milliseconds[engine] += cpu() - begun
    return Reading(words, page.chars)


def pages(paths: list[Path], tally: Tally) -> Iterator[tuple[Path, Reading, Reading]]:
    """Every page of every document that both can read."""
    for path in paths:
        data = path.read_bytes()
        try:
            both = {engine: open_document(Format.PDF.value, data, Limits(), (), engine) for engine in PdfEngine}
        except PageError as error:
            tally.refused[f"both: {error.reason}"] += 1
            continue
        for index in range(both[PDFIUM].pages):
            ours, theirs = (read(tally, engine, document, index) for engine, document in both.items())
            if ours is not None and theirs is not None:
                yield path, ours, theirs


def share(part: int, whole: int) -> str:
    """As a percentage."""
    return f"{100 * part / max(1, whole):.2f} %"


def report(tally: Tally) -> None:
    """Print the tables, in Markdown."""
    print("\n| | pdfium, our words | pdfplumber |\n| --- | ---: | ---: |")
    print(f"| words | {tally.words[PDFIUM]} | {tally.words[PLUMBER]} |")
    print("| of these the other has | " + " | ".join(share(tally.agreed, tally.words[e]) for e in PdfEngine) + " |")
    times = " | ".join(f"{tally.milliseconds[engine] / max(1, tally.pages):.1f}" for engine in PdfEngine)
    print(f"| CPU ms a page | {times} |")
    print(f"\n{tally.pages} pages, {share(tally.alike, tally.pages)} of them agree wholly")
    for who, count in sorted(tally.refused.items()):
        print(f"refused by {who}: {count}")
    total = tally.kinds.total()
    print(f"\n{total} disagreements, {share(tally.kinds[Kind.OTHER], total)} of them of no named kind\n")
    print("| kind | disagreements | words of pdfium | words of pdfplumber | documents |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for kind, count in tally.kinds.most_common():
        left = " | ".join(str(tally.left[kind][engine]) for engine in PdfEngine)
        print(f"| {kind.value} | {count} | {left} | {len(tally.documents[kind])} |")


def main() -> None:
    """Read, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="each Nth document")
    parser.add_argument("--pages", type=int, default=None, help="stop after so many pages")
    options = parser.parse_args()
    readers = ", ".join(f"{name} {version(name)}" for name in ("pypdfium2", "pdfplumber", "pdfminer.six"))
    print(f"{datetime.now(UTC):%Y-%m-%d}, {environment()['processor']}, Python {platform.python_version()}, {readers}")
    tally = Tally()
    for path, ours, theirs in pages(sorted(options.folder.rglob("*.pdf"))[:: options.every], tally):
        tally.add(path, ours, theirs)
        if options.pages is not None and tally.pages >= options.pages:
            break
    report(tally)


if __name__ == "__main__":
    main()
