"""Scores of lines, on pages that can be counted by hand."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scores import LineScore, MatchCounts, score_lines, total_lines

# Two columns of two lines, each of two words, and a gutter of 100 between lines that are 10 high.
BOXES = [[x, y, x + 40, y + 10] for y in (100, 120) for x in (100, 145, 285, 330)]
TRUE: list[int | None] = [0, 0, 1, 1, 2, 2, 3, 3]
SAME = [(i, i) for i in range(8)]


def score(found: list[int | None], pairs: list[tuple[int, int]] = SAME, aspect: float = 1.0) -> LineScore:
    return score_lines(found, TRUE, pairs, BOXES, aspect)


def test_all_right() -> None:
    assert score([7, 7, 3, 3, 1, 1, 0, 0]) == LineScore(MatchCounts(4, 4, 4), MatchCounts(4, 4, 4), 0, 0)


def test_a_line_across_the_gutter_is_wrong_and_counted_on_its_own() -> None:
    found = score([0, 0, 0, 0, 1, 1, 2, 2])
    assert found.strict == MatchCounts(2, 3, 4)
    assert (found.joined, found.across) == (1, 1)


def test_two_lines_above_one_another_are_joined_and_not_across() -> None:
    found = score([0, 0, 1, 1, 0, 0, 3, 3])
    assert (found.strict.matched, found.joined, found.across) == (2, 1, 0)


def test_a_gap_no_wider_than_the_line_is_high_is_no_gutter() -> None:
    near = [[100, 100, 140, 110], [149, 100, 180, 110]]
    for aspect, across in ((1.0, 0), (1.2, 1)):
        found = score_lines([0, 0], [0, 1], [(0, 0), (1, 1)], near, aspect)
        assert (found.joined, found.across) == (1, across)


def test_a_split_line_is_two_wrong_ones() -> None:
    found = score([0, 9, 1, 1, 2, 2, 3, 3])
    assert found.strict == MatchCounts(3, 5, 4)
    assert found.joined == 0


def test_words_that_were_not_found_count_for_the_line_and_not_for_the_grouping() -> None:
    found = score([0, 0, 1, 1, 2, 2, 3, 3], [(i, i) for i in range(1, 8)])
    assert found.strict == MatchCounts(3, 4, 4)
    assert found.grouping == MatchCounts(4, 4, 4)


def test_a_line_of_which_nothing_was_found() -> None:
    found = score([0, 0, 1, 1, 2, 2, 3, 3], [(i, i) for i in range(2, 8)])
    assert (found.strict, found.grouping) == (MatchCounts(3, 4, 4), MatchCounts(3, 3, 3))


def test_words_of_no_line_count_nowhere() -> None:
    found = score_lines([None, 0, 0], [0, 0, None], [(0, 0), (1, 1), (2, 2)], BOXES[:3], 1.0)
    assert found.strict == MatchCounts(0, 1, 1)  # of true line 0 the found one has one word of two
    assert found.grouping == MatchCounts(1, 1, 1)


def test_nothing_at_all() -> None:
    empty = score_lines([], [], [], [], 1.0)
    assert (empty.strict.f1, empty.grouping.f1, empty.joined) == (1, 1, 0)
    assert total_lines([]) == LineScore()


def test_pages_are_counted_together() -> None:
    one = LineScore(MatchCounts(1, 2, 3), MatchCounts(1, 1, 1), 2, 1)
    assert total_lines([one, one]) == LineScore(MatchCounts(2, 4, 6), MatchCounts(2, 2, 2), 4, 2)


LINES = st.lists(st.integers(0, 4), min_size=8, max_size=8)


@given(LINES, LINES, st.lists(st.integers(0, 7), unique=True), st.permutations(range(5)))
def test_any_page_has_counts_that_fit_together_and_names_of_lines_do_not_matter(
    found: list[int], true: list[int], there: list[int], names: list[int]
) -> None:
    pairs = [(i, i) for i in there]
    one = score_lines(found, true, pairs, BOXES, 1.0)
    assert 0 <= one.strict.matched <= one.grouping.matched <= min(one.grouping.predicted, one.grouping.truth)
    assert one.across <= one.joined <= one.grouping.predicted <= one.strict.predicted
    assert score_lines([names[i] for i in found], true, pairs, BOXES, 1.0) == one
    assert score_lines(found, [names[i] for i in true], pairs, BOXES, 1.0) == one


@given(LINES)
def test_any_lines_are_right_against_themselves(lines: list[int]) -> None:
    found = score_lines(lines, lines, SAME, BOXES, 1.0)
    assert found.strict.f1 == found.grouping.f1 == 1
    assert found.joined == 0


@given(LINES, LINES)
def test_any_lines_are_what_the_definition_counts(found: list[int], true: list[int]) -> None:
    right = sum(
        any({i for i in range(8) if found[i] == f} == {i for i in range(8) if true[i] == t} for t in set(true))
        for f in set(found)
    )
    mixed = sum(len({true[i] for i in range(8) if found[i] == f}) > 1 for f in set(found))
    one = score_lines(found, true, SAME, BOXES, 1.0)
    assert (one.strict.matched, one.joined) == (right, mixed)


def test_fifty_thousand_words_in_one_line_are_scored_in_time() -> None:
    count = 50_000
    boxes = [[i % 1000, 0, i % 1000 + 1, 1] for i in range(count)]
    begun = time.process_time()
    found = score_lines([0] * count, list(range(count)), [(i, i) for i in range(count)], boxes, 1.0)
    assert found.joined == 1
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("wide", [3, 40])
def test_the_gutter_is_seen_among_lines_above_one_another(wide: int) -> None:
    stacked = [[100, 100 + 20 * i, 200, 110 + 20 * i] for i in range(4)]
    boxes = [*stacked, [200 + wide, 160, 300, 170]]
    found = score_lines([0] * 5, [0, 1, 2, 3, 4], [(i, i) for i in range(5)], boxes, 1.0)
    assert (found.joined, found.across) == (1, int(wide > 10))
