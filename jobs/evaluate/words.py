"""The verb `words`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from jobs.evaluate.output import counts_json, report, table_of
from jobs.evaluate.pages import Account, PagesUrl, TruthFolders, truths
from jobs.inspect.options import AsJson
from jobs.inspect.output import number
from pipeline.scores import LineScore, WordScore, total, total_lines
from pipeline.scores.page import score_page_words

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
    formats = {name: _json(sums) for name, sums in sorted(scores.items())}
    report(account, _table(scores), {"formats": formats}, as_json=as_json)


def _json(sums: Sums) -> dict[str, Any]:
    lines = sums.lines
    return {
        "pages": sums.pages,
        "words": counts_json(sums.words),
        "lines": None
        if lines is None
        else {
            "strict": counts_json(lines.strict),
            "of_found_words": counts_json(lines.grouping) if lines.grouping.truth else None,
            "joined": lines.joined,
            "joined_across_a_gutter": lines.across,
        },
    }


def _table(scores: Mapping[str, Sums]) -> Table:
    table = table_of(_TITLES)
    for name, sums in sorted(scores.items()):
        found, lines = sums.words, sums.lines
        shares = (f"{value:.4f}" for value in (found.recall, found.precision, found.f1))
        row = [name, number(sums.pages), number(found.truth), *shares]
        if lines is not None:
            of_found = f"{lines.grouping.f1:.4f}" if lines.grouping.truth else "-"
            row += [number(lines.strict.truth), f"{lines.strict.f1:.4f}", of_found]
            row += [number(lines.joined), number(lines.across)]
        table.add_row(*row)
    return table
