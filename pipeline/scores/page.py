"""A page as it was found, against one truth: its words and lines, and its order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from pipeline.scores.counts import MatchCounts, total
from pipeline.scores.lines import LineScore, score_lines
from pipeline.scores.order import average_relative_distance, bleu, kendall_tau, relations_kept, successors
from pipeline.scores.truths.base import Truth
from pipeline.scores.words import WordScore, count_words, normalised, pair_words
from schemas.page import Words

Pair = tuple[int, int]


@dataclass(frozen=True)
class OrderScore:
    """Order of one page, or sums over many.

    `successors` are of words, `unit_successors` of units (lines or segments), `relations` of units: its recall is the
    share of pairs that are kept. The rest is of the `chains` among the pages: how many are `exact`, and sums of the
    page's BLEU, average relative distance and Kendall's tau.
    """

    pages: int = 0
    words: int = 0
    successors: MatchCounts = field(default=MatchCounts(0, 0, 0))
    unit_successors: MatchCounts = field(default=MatchCounts(0, 0, 0))
    relations: MatchCounts = field(default=MatchCounts(0, 0, 0))
    chains: int = 0
    exact: int = 0
    bleu: float = 0.0
    ard: float = 0.0
    tau: float = 0.0


def pair_with_truth(words: Words, truth: Truth) -> list[Pair]:
    """(word of the record, true word) of each match."""
    return pair_words(words.text, words.box, truth.texts, truth.boxes)


def score_page_words(words: Words, truth: Truth, aspect: float) -> tuple[WordScore, LineScore | None]:
    """Words and lines of a record on a page of `aspect`; no lines where the truth knows none."""
    pairs = pair_with_truth(words, truth)
    score = WordScore(len(pairs), count_words(words.text), count_words(truth.texts))
    if truth.line is None:
        return score, None
    lines = truth.lines
    assert lines is not None
    found = [line if normalised(text) else None for text, line in zip(words.text, words.line, strict=True)]
    true = [line if normalised(text) else None for text, line in zip(truth.texts, lines, strict=True)]
    return score, score_lines(found, true, pairs, truth.boxes, aspect)


def score_order(order: Sequence[int], truth: Truth) -> OrderScore:
    """Score true words (their indices, each at most once) as they were found one after another.

    Words that were not found are left out of the truth: what recognition has lost is not held against the order. A
    unit stands where its first word does. ValueError where the truth knows no order or a word comes twice.
    """
    if not truth.has_order:
        raise ValueError(f"{truth.format} knows no reading order")
    units = list(dict.fromkeys(truth.unit[word] for word in order))
    there = set(units)
    if truth.chain:
        chain = sorted(order)
        unit_relations = list(pairwise(sorted(there)))
        word_relations = list(pairwise(chain))
    else:
        unit_relations = [(a, b) for a, b in truth.relations or [] if a in there and b in there]
        word_relations = _word_relations(sorted(order), truth, unit_relations)
    score = OrderScore(
        pages=1,
        words=len(order),
        successors=successors(order, word_relations),
        unit_successors=successors(units, unit_relations),
        relations=relations_kept(units, unit_relations),
    )
    # One word alone is in order however it came there.
    return _with_chain(score, order, chain) if truth.chain and len(order) > 1 else score


def _with_chain(score: OrderScore, order: Sequence[int], chain: Sequence[int]) -> OrderScore:
    return OrderScore(
        pages=score.pages,
        words=score.words,
        successors=score.successors,
        unit_successors=score.unit_successors,
        relations=score.relations,
        chains=1,
        exact=int(list(order) == list(chain)),
        bleu=bleu(order, chain),
        ard=average_relative_distance(order, chain),
        tau=kendall_tau(order, chain),
    )


def _word_relations(words: Sequence[int], truth: Truth, unit_relations: Iterable[Pair]) -> list[Pair]:
    """Neighbours inside each unit, and from its last word to the first of each unit that follows it."""
    members: dict[int, list[int]] = {}
    for word in words:
        members.setdefault(truth.unit[word], []).append(word)
    inside = [pair for unit in members.values() for pair in pairwise(unit)]
    return inside + [(members[a][-1], members[b][0]) for a, b in unit_relations]


def total_orders(scores: Iterable[OrderScore]) -> OrderScore:
    """All pages together."""
    every = list(scores)
    return OrderScore(
        pages=sum(score.pages for score in every),
        words=sum(score.words for score in every),
        successors=total(score.successors for score in every),
        unit_successors=total(score.unit_successors for score in every),
        relations=total(score.relations for score in every),
        chains=sum(score.chains for score in every),
        exact=sum(score.exact for score in every),
        bleu=sum(score.bleu for score in every),
        ard=sum(score.ard for score in every),
        tau=sum(score.tau for score in every),
    )
