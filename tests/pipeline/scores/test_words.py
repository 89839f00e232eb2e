"""The word match, on cases that can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scores import WordScore, match_words, normalised, pair_words, total

PLACE = [100, 100, 140, 110]  # its margin is 8 units, as half its height is 5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Total:", "total"),
        ("“Quoted”", "quoted"),
        ("U.S.", "u.s"),
        ("$5.00", "5.00"),
        ("--", ""),
        (" A ", "a"),
        ("", ""),
    ],
)
def test_texts_are_lowered_and_stripped_at_both_ends_only(text: str, expected: str) -> None:
    assert normalised(text) == expected


def test_a_word_matches_where_its_centre_lies_in_the_grown_box() -> None:
    for dx, found in ((0, 1), (28, 1), (29, 0)):  # the centre lies 20 from the right edge
        moved = [PLACE[0] + dx, 100, PLACE[2] + dx, 110]
        assert match_words(["total"], [moved], ["Total:"], [PLACE]).matched == found


def test_a_tall_box_grows_by_half_its_height() -> None:
    tall = [100, 100, 140, 140]
    for dy, found in ((0, 1), (40, 1), (41, 0)):
        assert match_words(["a"], [[100, 100 + dy, 140, 140 + dy]], ["a"], [tall]).matched == found


def test_one_to_one_and_the_nearest_first() -> None:
    near, far = [104, 100, 144, 110], [120, 100, 160, 110]
    score = match_words(["a", "a"], [far, near], ["a"], [PLACE])
    assert (score.matched, score.predicted, score.truth) == (1, 2, 1)
    # Were the far word served first, it would take the box that only the near one can have.
    other = [130, 100, 170, 110]
    assert match_words(["a", "a"], [far, near], ["a", "a"], [PLACE, other]).matched == 2


def test_words_of_punctuation_count_on_neither_side() -> None:
    score = match_words(["-", "a"], [PLACE, PLACE], [":", "", "a", "b"], [PLACE] * 4)
    assert score == WordScore(matched=1, predicted=1, truth=2)
    assert (score.precision, score.recall) == (1.0, 0.5)
    assert score.f1 == pytest.approx(2 / 3)


def test_nothing_to_find() -> None:
    empty = match_words([], [], [], [])
    assert (empty.precision, empty.recall, empty.f1) == (1, 1, 1)
    assert match_words(["a"], [PLACE], [], []).f1 == 0


def test_pages_are_counted_together() -> None:
    assert total([WordScore(1, 2, 3), WordScore(4, 5, 6)]) == WordScore(5, 7, 9)
    assert total([]) == WordScore(0, 0, 0)


def test_a_box_for_each_text() -> None:
    with pytest.raises(ValueError, match="true_boxes must be one a text, got 0 for 1"):
        match_words(["a"], [PLACE], ["a"], [])


@st.composite
def pages(draw: st.DrawFn) -> tuple[list[str], list[list[int]]]:
    texts = draw(st.lists(st.sampled_from(["a", "b", "c,", "-"]), max_size=12))
    corner = st.integers(0, 60)
    return texts, [[x, y, x + 20, y + 10] for x, y in (draw(st.tuples(corner, corner)) for _ in texts)]


@given(pages(), pages())
def test_no_more_matches_than_words_on_any_pages(found: tuple, true: tuple) -> None:
    score = match_words(*found, *true)
    assert 0 <= score.matched <= min(score.predicted, score.truth)
    assert 0 <= score.f1 <= 1


@given(pages())
def test_any_page_matches_itself(page: tuple) -> None:
    score = match_words(*page, *page)
    assert score.matched == score.predicted == score.truth
    assert score.f1 == 1


def test_thousands_of_words_are_scored_at_once() -> None:
    rng = np.random.default_rng(1)
    corners = rng.integers(0, 980, (5000, 2))
    boxes = np.concatenate([corners, corners + np.array([20, 10])], axis=1)
    texts = [f"w{i % 50}" for i in range(5000)]
    assert match_words(texts, boxes, texts, boxes).matched == 5000


@given(pages(), pages())
def test_any_pairs_are_words_of_equal_text_and_each_comes_once(found: tuple, true: tuple) -> None:
    pairs = pair_words(*found, *true)
    assert len(pairs) == match_words(*found, *true).matched
    assert all(normalised(found[0][i]) == normalised(true[0][j]) != "" for i, j in pairs)
    for side in zip(*pairs):
        assert len(set(side)) == len(side)


def test_pairs_say_which_word_is_which() -> None:
    near, far = [104, 100, 144, 110], [120, 100, 160, 110]
    assert pair_words(["b", "a", "a"], [PLACE, far, near], ["a", "b"], [PLACE, PLACE]) == [(0, 1), (2, 0)]
