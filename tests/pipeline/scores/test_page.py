"""A page against its truth: words, lines, and an order of its words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scores.counts import MatchCounts
from pipeline.scores.page import OrderScore, pair_with_truth, score_order, score_page_words, total_orders
from pipeline.scores.truths import Truth, TruthFormat
from schemas.page import Words


def _box(at: int) -> tuple[int, int, int, int]:
    return (100 * (at % 3), 20 * (at // 3), 100 * (at % 3) + 50, 20 * (at // 3) + 10)


def truth(**more: Any) -> Truth:
    """Six words in two units of three."""
    boxes = [tuple(map(float, _box(i))) for i in range(6)]
    given_: dict[str, Any] = {
        "format": TruthFormat.SYNTH,
        "texts": list("abcdef"),
        "boxes": boxes,
        "unit": [0, 0, 0, 1, 1, 1],
        "unit_boxes": [(0, 0, 250, 10), (0, 20, 250, 30)],
        "line": [0, 0, 0, 1, 1, 1],
        "chain": True,
    }
    return Truth(**given_ | more)


def words(texts: str, line: list[int]) -> Words:
    """Words at the places of the true words with these texts."""
    boxes = [_box("abcdef".index(text)) if text in "abcdef" else (900, 900, 950, 910) for text in texts]
    ones = [1.0] * len(texts)
    return Words(text=list(texts), box=boxes, line=line, confidence=ones, source_line=line)


def test_words_and_lines_of_a_record() -> None:
    score, lines = score_page_words(words("abcdex", [0, 0, 0, 1, 1, 2]), truth(), 1.0)
    assert score == MatchCounts(5, 6, 6)
    assert lines is not None
    assert (lines.strict, lines.grouping) == (MatchCounts(1, 3, 2), MatchCounts(2, 2, 2))
    assert score_page_words(words("a", [0]), truth(line=None), 1.0)[1] is None


def test_marks_alone_are_in_no_line() -> None:
    marked = truth(texts=["a", "b", "-", "d", "e", "f"])
    _, lines = score_page_words(words("abdef", [0, 0, 1, 1, 1]), marked, 1.0)
    assert lines is not None
    assert lines.strict == MatchCounts(2, 2, 2)


def test_pairs_are_of_record_and_truth() -> None:
    assert pair_with_truth(words("cab", [0, 0, 0]), truth()) == [(0, 2), (1, 0), (2, 1)]


def test_a_chain_in_order_and_with_units_exchanged() -> None:
    right = score_order([0, 1, 2, 3, 4, 5], truth())
    assert (right.exact, right.bleu, right.ard, right.tau, right.chains) == (1, pytest.approx(1), 0, 1, 1)
    wrong = score_order([3, 4, 5, 0, 1, 2], truth())
    assert wrong.successors == MatchCounts(4, 5, 5)
    assert wrong.unit_successors == MatchCounts(0, 1, 1)
    assert (wrong.relations.matched, wrong.relations.truth, wrong.exact) == (0, 1, 0)
    assert (wrong.ard, wrong.tau) == (3, pytest.approx(1 - 4 * 9 / 30))


def test_words_that_were_not_found_are_left_out_of_the_chain() -> None:
    score = score_order([0, 2, 5], truth())
    assert (score.words, score.successors, score.exact) == (3, MatchCounts(2, 2, 2), 1)
    # One word, or none, is in order however it came there.
    assert score_order([], truth()).chains == score_order([3], truth()).chains == 0


def test_relations_of_segments() -> None:
    related = truth(
        format=TruthFormat.ROOR,
        unit=[0, 0, 1, 1, 2, 2],
        unit_boxes=[(0, 0, 9, 9)] * 3,
        line=None,
        chain=False,
        relations=[(0, 1), (0, 2)],
    )
    score = score_order([0, 1, 4, 5, 2, 3], related)
    assert score.relations == MatchCounts(2, 2, 2)
    assert score.unit_successors == MatchCounts(1, 2, 2)
    assert score.successors == MatchCounts(4, 5, 5)  # inside each segment, and from the first to the third
    assert (score.chains, score.bleu) == (0, 0)
    without = score_order([0, 1, 4], related)
    assert without.relations == MatchCounts(1, 1, 1)  # the second segment was not found


def test_units_that_are_read_into_each_other_cost_their_words() -> None:
    woven = score_order([0, 3, 1, 4, 2, 5], truth())
    assert woven.unit_successors.f1 == 1
    assert woven.successors.matched == 0


def test_truth_without_an_order_and_words_that_come_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="funsd knows no reading order"):
        score_order([0], truth(format=TruthFormat.FUNSD, chain=False))
    with pytest.raises(ValueError, match="each id once"):
        score_order([0, 0], truth())


def test_pages_are_counted_together() -> None:
    both = total_orders([score_order([0, 1, 2, 3, 4, 5], truth()), score_order([3, 4, 5, 0, 1, 2], truth())])
    assert (both.pages, both.words, both.chains, both.exact) == (2, 12, 2, 1)
    assert both.successors == MatchCounts(9, 10, 10)
    assert total_orders([]) == OrderScore()


@given(st.lists(st.integers(0, 5), unique=True))
def test_any_part_in_order_is_exact(part: list[int]) -> None:
    score = score_order(sorted(part), truth())
    assert score.exact == score.chains == (len(part) > 1)
    assert score.successors.f1 == score.unit_successors.f1 == score.relations.recall == 1


@given(st.permutations(range(6)))
def test_any_order_scores_in_range(order: list[int]) -> None:
    score = score_order(order, truth())
    assert 0 <= score.relations.recall <= 1
    assert 0 <= score.bleu <= 1 + 1e-12
    assert (score.exact == 1) == (order == sorted(order))


def test_truth_that_does_not_fit_together_is_refused() -> None:
    for change, text in (
        ({"unit": [0]}, "lists of different lengths"),
        ({"unit": [0, 0, 0, 1, 1, 2]}, "a unit beyond the 2 that exist"),
        ({"unit": [1, 1, 1, 0, 0, 0]}, "a chain whose units are not in order"),
        ({"chain": False, "relations": [(0, 2)]}, "a unit beyond the 2 that exist"),
    ):
        with pytest.raises(ValueError, match=text):
            truth(**change)
