"""Frames to characters to words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.words.ocr.decode import Reading, decode, split
from pipeline.words.ocr.networks import Frames

CHARACTERS = ["", "a", "b", ".", " "]


def frames(numbers: list[int]) -> Frames:
    """Frames that are surer, the later they are."""
    probability = np.linspace(0.5, 1, len(numbers), dtype=np.float32)
    return Frames(np.array(numbers, dtype=np.int64), probability, np.zeros((len(numbers), 1), np.float32))


def reading(text: str, at: list[int]) -> Reading:
    return Reading(list(text), np.array(at), np.array(at), np.ones(len(text), np.float32))


def words(read: Reading) -> list[str]:
    return ["".join(read.text[word]) for word in split(read)]


def test_runs_are_one_character_and_blanks_part_equal_ones() -> None:
    read = decode(frames([0, 1, 1, 0, 1, 2, 2, 2, 0, 4]), CHARACTERS)
    assert read.text == ["a", "a", "b", " "]
    assert read.frame.tolist() == [1, 4, 5, 9]
    assert read.last.tolist() == [2, 4, 7, 9]
    assert read.probability[0] == pytest.approx(0.5 + 0.5 / 9)


def test_nothing_but_blanks_is_nothing() -> None:
    read = decode(frames([0, 0, 0]), CHARACTERS)
    assert (read.text, read.confidence, split(read)) == ([], 0.0, [])


def test_words_end_at_spaces_and_at_wide_gaps() -> None:
    assert words(reading("ab a", [0, 2, 4, 6])) == ["ab", "a"]
    assert words(reading("aabb", [0, 2, 9, 11])) == ["aa", "bb"]
    assert words(reading("aabb", [0, 2, 8, 10])) == ["aabb"], "three times the usual distance is not more than that"


def test_after_a_mark_that_ends_something_a_smaller_gap_will_do() -> None:
    assert words(reading("aa.bb", [0, 2, 4, 9, 11])) == ["aa.", "bb"]
    assert words(reading("aaabb", [0, 2, 4, 9, 11])) == ["aaabb"]


def test_a_few_characters_have_no_usual_distance() -> None:
    assert words(reading("ab.", [0, 30, 60])) == ["ab."]


@given(st.lists(st.integers(0, 4), max_size=30))
def test_no_character_of_any_line_is_lost_or_doubled(numbers: list[int]) -> None:
    read = decode(frames(numbers or [0]), CHARACTERS)
    assert "".join(words(read)) == "".join(read.text).replace(" ", "")
    assert all(word for word in words(read))
    assert (np.diff(read.frame) > 0).all()
