"""Scores of an order, on cases that can be counted by hand, and beside definitions written out."""

from __future__ import annotations

import math
import time
from collections import Counter
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scores.counts import MatchCounts
from pipeline.scores.order import average_relative_distance, bleu, inversions, kendall_tau, relations_kept, successors

TRUE = [10, 20, 30, 40, 50]


@st.composite
def two_orders(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """An order of some ids, and another of the same ids."""
    true = draw(st.lists(st.integers(-50, 50), unique=True, max_size=14))
    return draw(st.permutations(true)), true


@st.composite
def parts(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    """An order that may lack some of the true ids and have others."""
    ids = st.lists(st.integers(0, 12), unique=True, max_size=12)
    return draw(ids), draw(ids)


def test_neighbours_that_follow_each_other() -> None:
    assert successors([10, 20, 40, 30, 50], list(pairwise(TRUE))) == MatchCounts(1, 4, 4)
    assert successors(TRUE[::-1], list(pairwise(TRUE))).matched == 0
    branching = [(1, 2), (1, 3), (2, 4)]
    assert successors([1, 3, 2, 4], branching) == MatchCounts(2, 3, 3)
    assert successors([], []) == MatchCounts(0, 0, 0)


def test_a_relation_that_is_named_twice_counts_once() -> None:
    assert successors([1, 2], [(1, 2), (1, 2)]) == MatchCounts(1, 1, 1)
    assert relations_kept([1, 2], [(1, 2), (1, 2)]).truth == 1


def test_relations_are_kept_where_the_first_comes_before_the_second() -> None:
    kept = relations_kept([1, 3, 2], [(1, 2), (2, 3), (1, 9)])
    assert (kept.matched, kept.truth, kept.recall) == (1, 3, pytest.approx(1 / 3))


def test_bleu_by_hand() -> None:
    # Of 1 to 4 ids in a row: 5 of 5, 2 of 4, 1 of 3, and none of 2.
    assert bleu([10, 20, 30, 50, 40], TRUE) == 0
    # 5 of 5, 3 of 4, 2 of 3, 1 of 2.
    assert bleu([20, 30, 40, 50, 10], TRUE) == pytest.approx((1 * 3 / 4 * 2 / 3 * 1 / 2) ** (1 / 4))
    assert bleu([10, 20, 30, 40], TRUE) == pytest.approx(math.exp(1 - 5 / 4))  # all right, but brief
    assert bleu([2, 1], [1, 2]) == 0
    assert bleu([1], [1]) == 1
    assert (bleu([], []), bleu([], [1]), bleu([1], [])) == (1, 0, 0)


def test_distance_by_hand() -> None:
    assert average_relative_distance([20, 10, 30, 40, 50], TRUE) == pytest.approx(2 / 5)
    assert average_relative_distance([10, 20, 30, 40], TRUE) == pytest.approx(4 / 5)  # a missing one: 4 away
    assert average_relative_distance([], []) == 0


def test_tau_by_hand() -> None:
    assert kendall_tau(TRUE, TRUE) == 1
    assert kendall_tau(TRUE[::-1], TRUE) == -1
    assert kendall_tau([10, 30, 20, 40, 50], TRUE) == pytest.approx(1 - 2 * 1 / 10)
    assert kendall_tau([10, 99], TRUE) == 1  # nothing to compare


@pytest.mark.parametrize("score", [bleu, average_relative_distance, kendall_tau])
def test_an_id_that_comes_twice_is_refused(score: object) -> None:
    assert callable(score)
    with pytest.raises(ValueError, match="found must have each id once, got 3 with 2 different ones"):
        score([1, 2, 1], [1, 2])
    with pytest.raises(ValueError, match="true must have each id once"):
        score([1, 2], [2, 2])
    with pytest.raises(ValueError, match="found must have each id once"):
        successors([1, 1], [])
    with pytest.raises(ValueError, match="found must have each id once"):
        relations_kept([1, 1], [])


@given(st.lists(st.integers(), unique=True, max_size=30))
def test_any_perfect_order_scores_best(ids: list[int]) -> None:
    relations = list(pairwise(ids))
    assert successors(ids, relations).f1 == relations_kept(ids, relations).recall == 1
    assert bleu(ids, ids) == pytest.approx(1)
    assert average_relative_distance(ids, ids) == 0
    assert kendall_tau(ids, ids) == 1


@given(parts())
def test_any_scores_are_in_their_ranges(orders: tuple[list[int], list[int]]) -> None:
    found, true = orders
    relations = list(pairwise(true))
    assert 0 <= bleu(found, true) <= 1 + 1e-12
    assert -1 <= kendall_tau(found, true) <= 1
    assert 0 <= average_relative_distance(found, true) <= max(len(found), len(true))
    assert 0 <= successors(found, relations).f1 <= 1
    assert 0 <= relations_kept(found, relations).recall <= 1


@given(parts(), st.permutations(range(13)))
def test_any_other_names_for_the_ids_change_nothing(orders: tuple[list[int], list[int]], names: list[int]) -> None:
    found, true = orders
    named = [names[i] for i in found], [names[i] for i in true]
    for score in (bleu, average_relative_distance, kendall_tau):
        assert score(*named) == score(found, true)
    relations = list(pairwise(true))
    renamed = [(names[a], names[b]) for a, b in relations]
    assert successors(named[0], renamed) == successors(found, relations)
    assert relations_kept(named[0], renamed) == relations_kept(found, relations)


@given(two_orders())
def test_any_order_backwards_has_the_opposite_tau(orders: tuple[list[int], list[int]]) -> None:
    found, true = orders
    if len(true) > 1:
        assert kendall_tau(found[::-1], true) == pytest.approx(-kendall_tau(found, true))


@given(parts())
def test_bleu_is_what_its_definition_counts(orders: tuple[list[int], list[int]]) -> None:
    found, true = orders
    assert bleu(found, true) == pytest.approx(_bleu(found, true))


def _bleu(found: list[int], true: list[int]) -> float:
    """With clipped counts and a product, as it was published."""
    if not found or not true:
        return float(found == true)
    product, orders = 1.0, min(4, len(true))
    for n in range(1, orders + 1):
        ours = Counter(tuple(found[i : i + n]) for i in range(len(found) - n + 1))
        theirs = Counter(tuple(true[i : i + n]) for i in range(len(true) - n + 1))
        clipped = sum(min(count, theirs[run]) for run, count in ours.items())
        product *= clipped / max(1, sum(ours.values()))
    brevity = 1.0 if len(found) >= len(true) else math.exp(1 - len(true) / len(found))
    return brevity * product ** (1 / orders)


@given(parts())
def test_distance_is_what_its_definition_counts(orders: tuple[list[int], list[int]]) -> None:
    found, true = orders
    away = [abs(true.index(i) - found.index(i)) if i in found else len(found) for i in true]
    assert average_relative_distance(found, true) == pytest.approx(sum(away) / len(true) if true else 0)


@given(parts())
def test_neighbours_and_relations_are_what_their_definitions_count(orders: tuple[list[int], list[int]]) -> None:
    found, true = orders
    relations = list(pairwise(true))
    after = [(a, b) for a, b in relations if a in found and b in found and found.index(a) < found.index(b)]
    next_to = [(a, b) for a, b in after if found.index(b) == found.index(a) + 1]
    assert relations_kept(found, relations).matched == len(after)
    assert successors(found, relations).matched == len(next_to)


@given(st.integers(0, 40).flatmap(lambda n: st.permutations(range(n))))
def test_inversions_are_pairs_the_wrong_way_round(ranks: list[int]) -> None:
    assert inversions(np.array(ranks, dtype=np.int64)) == sum(a > b for a, b in combinations(ranks, 2))


def test_tau_of_a_hundred_thousand_ids_takes_no_quadratic_time() -> None:
    found = np.random.default_rng(1).permutation(100_000).tolist()
    begun = time.process_time()
    assert abs(kendall_tau(found, list(range(100_000)))) < 0.02
    assert time.process_time() - begun < 5  # pairs one by one would take hours
