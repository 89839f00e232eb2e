"""The verb `words`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from jobs.command import FAILED
from jobs.evaluate.pages import Account, PagesUrl, TruthFolders, truths
from jobs.inspect.options import AsJson
from jobs.inspect.output import console, number, print_json
from pipeline.scores import LineScore, MatchCounts, WordScore, total, total_lines
from pipeline.scores.page import score_page_words

_WIDE = 200  # characters

_TITLES = ("truth", "pages", "words", "recall", "precision", "F1", "lines", "line F1", "of found", "joined", "across")


@dataclass
class Sums:
    """Counts of the pages of one format so far; no lines where its truth knows none."""

    pages: int = 0
    words: WordScore = field(default=WordScore(0, 0, 0))
    lines: LineScore | None = None

    def add(self, words: WordScore, lines: LineScore | None) -> None:
        """One more page."""
        self.pages += 1
        self.words = total([self.words, words])
        if lines is not None:
            self.lines = total_lines([lines] if self.lines is None else [self.lines, lines])


def words(pages: PagesUrl, truth: TruthFolders = None, as_json: AsJson = False) -> None:
    """Score the words and lines of a dataset of pages against the truth of its pages.

    Truth is taken from the record (Pagemill's own), from the folders of --truth by the documents' names, or from beside
    the documents: FUNSD, ROOR, SROIE, DocBank, HRDoc. A word is right where the text is and its middle lies in the true
    box; a line where its words are those of one true line. Lines of found words only, beside that, leave out words that
    were not recognised. Joined lines have words of several true ones, some across a gutter. Exits with 1 where
    some truth cannot be read.
    """
    account = Account(pages)
    scores: dict[str, Sums] = defaultdict(Sums)
    for page, true in truths(pages, truth, account):
        scores[true.format.value].add(*score_page_words(page.words, true, page.size[0] / page.size[1]))
    if as_json:
        print_json({**account.to_dict(), "formats": {name: _json(sums) for name, sums in sorted(scores.items())}})
    else:
        print_table(_table(scores))
        for line in account.lines():
            typer.echo(line)
    if account.bad:
        raise typer.Exit(FAILED)


def _json(sums: Sums) -> dict[str, Any]:
    lines = sums.lines
    return {
        "pages": sums.pages,
        "words": counts_json(sums.words),
        "lines": None
        if lines is None
        else {
            "strict": counts_json(lines.strict),
            "of_found_words": counts_json(lines.grouping),
            "joined": lines.joined,
            "joined_across_a_gutter": lines.across,
        },
    }


def counts_json(counts: MatchCounts) -> dict[str, Any]:
    """Counts and what they come to."""
    return {
        "matched": counts.matched,
        "predicted": counts.predicted,
        "truth": counts.truth,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }


def table_of(titles: Sequence[str]) -> Table:
    """An empty table whose first column is text and the others numbers."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for at, title in enumerate(titles):
        table.add_column(title, justify="right" if at else "left", no_wrap=True)
    return table


def print_table(table: Table) -> None:
    """Print a table as wide as it is, also where no terminal says how wide it may be: no number is cut off."""
    console(_WIDE).print(table)


def _table(scores: Mapping[str, Sums]) -> Table:
    table = table_of(_TITLES)
    for name, sums in sorted(scores.items()):
        found, lines = sums.words, sums.lines
        shares = (f"{value:.4f}" for value in (found.recall, found.precision, found.f1))
        row = [name, number(sums.pages), number(found.truth), *shares]
        if lines is not None:
            f1s = (f"{counts.f1:.4f}" for counts in (lines.strict, lines.grouping))
            row += [number(lines.strict.truth), *f1s, number(lines.joined), number(lines.across)]
        table.add_row(*row)
    return table
