"""The verb `order`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.table import Table

from jobs.evaluate.output import counts_json, report, table_of
from jobs.evaluate.pages import Account, PagesUrl, TruthFolders, truths
from jobs.inspect.options import AsJson
from jobs.inspect.output import number
from pipeline.order import ALGORITHMS
from pipeline.scores.again import order_truth, order_words
from pipeline.scores.page import OrderScore, pair_with_truth, score_order, total_orders
from pipeline.scores.truths import Truth
from schemas.page import Page

RECORDED = "as recorded"
_BASELINES = ("lrtb", "xycut")
_TITLES = ("truth", "order", "pages", "words", "relations", "units", "words next", "BLEU", "distance", "tau", "exact")

Scores = dict[tuple[str, str], OrderScore]  # sums by format and order


def order(
    pages: PagesUrl,
    truth: TruthFolders = None,
    algorithm: Annotated[
        list[str] | None,
        typer.Option(
            help=f"One of {', '.join(sorted(ALGORITHMS))}; may be given again. Default: {', '.join(_BASELINES)}."
        ),
    ] = None,
    truth_boxes: Annotated[
        bool, typer.Option("--truth-boxes", help="Put the true boxes in order, and not what was found on the pages.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Score the reading order of a dataset of pages, beside simpler algorithms.

    The record's order is scored on the words that match true ones, and beside it the same lines put in order by each
    algorithm. Truth with an order: Pagemill's own, ROOR (relations of segments), SROIE, DocBank, HRDoc; found as
    `evaluate words` finds it. Shown are the share of true relations a -> b with a before b, F1 of the units (lines,
    segments) and of the words that follow each other, and where the truth is one chain page BLEU-4, average relative
    distance, Kendall's tau and the share of pages that are exact. Exits with 1 where some truth cannot be read.
    """
    names = list(dict.fromkeys(algorithm or _BASELINES))
    for name in names:
        if name not in ALGORITHMS:
            raise ValueError(f"--algorithm must be one of {sorted(ALGORITHMS)}, got {name!r}")
    account = Account(pages)
    scores: Scores = defaultdict(OrderScore)
    for page, true in truths(pages, truth, account, ordered=True):
        found = _of_truth(page, true, names) if truth_boxes else _of_record(page, true, names)
        for name, one in found:
            so_far = scores[true.format.value, name]
            scores[true.format.value, name] = total_orders([so_far, one])
    report(account, _table(scores), {"truth_boxes": truth_boxes, "formats": _json(scores)}, as_json=as_json)


def _of_record(page: Page, truth: Truth, names: list[str]) -> Iterator[tuple[str, OrderScore]]:
    words, aspect = page.words, page.size[0] / page.size[1]
    true = dict(pair_with_truth(words, truth))
    yield RECORDED, score_order([true[i] for i in sorted(true)], truth)
    for name in names:
        sequence = order_words(words.box, words.line, aspect, name)
        yield name, score_order([true[i] for i in sequence if i in true], truth)


def _of_truth(page: Page, truth: Truth, names: list[str]) -> Iterator[tuple[str, OrderScore]]:
    for name in names:
        yield name, score_order(order_truth(truth, page.size[0] / page.size[1], name), truth)


def _json(scores: Scores) -> dict[str, dict[str, Any]]:
    formats: dict[str, dict[str, Any]] = {}
    for (truth, name), score in scores.items():
        formats.setdefault(truth, {})[name] = _score_json(score)
    return formats


def _score_json(score: OrderScore) -> dict[str, Any]:
    return {
        "pages": score.pages,
        "words": score.words,
        "relations": {"kept": score.relations.matched, "truth": score.relations.truth, "share": score.relations.recall},
        "unit_successors": counts_json(score.unit_successors),
        "word_successors": counts_json(score.successors),
        "chains": score.chains,
        "exact": score.exact,
        **dict(zip(("bleu", "average_relative_distance", "kendall_tau"), _means(score), strict=True)),
    }


def _means(score: OrderScore) -> list[float | None]:
    """Means over the pages whose truth is a chain."""
    return [value / score.chains if score.chains else None for value in (score.bleu, score.ard, score.tau)]


def _table(scores: Scores) -> Table:
    table = table_of(_TITLES)
    for (truth, name), score in sorted(scores.items(), key=lambda entry: entry[0][0]):
        shares = (score.relations.recall, score.unit_successors.f1, score.successors.f1)
        row = [truth, name, number(score.pages), number(score.words), *(f"{share:.4f}" for share in shares)]
        if score.chains:
            bleu, ard, tau = (value or 0.0 for value in _means(score))
            row += [f"{bleu:.4f}", f"{ard:.2f}", f"{tau:.4f}", f"{score.exact / score.chains:.1%}"]
        table.add_row(*row)
    return table
