"""Right-to-left words: whatever order a file has, as they are typed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.words.bidi import from_the_right, logical

SHIN, LAMED, VAV, MEM, QAMATS = "\u05e9\u05dc\u05d5\u05dd\u05b8"


def laid(clusters: list[str]) -> tuple[list[int], NDArray[np.float64]]:
    """Codes and boxes of glyphs that stand from left to right as they are given; marks are thin."""
    codes, boxes = [], []
    for i, cluster in enumerate(clusters):
        for c in cluster:
            codes.append(ord(c))
            boxes.append((i + 0.4, 0, i + 0.5, 1) if c == QAMATS else (i, 0, i + 1, 1))
    return codes, np.array(boxes, np.float64).reshape(-1, 4)


def typed(clusters: list[str], stored: list[int]) -> str:
    """The word that comes out when a file has its characters in the order `stored`."""
    codes, box = laid(clusters)
    code, box = np.array(codes, np.uint32)[stored], box[stored]
    place = from_the_right(code, box, np.zeros(len(code), np.intp))
    return "".join(map(chr, logical(code[place].tolist(), box[place])))


@pytest.mark.parametrize(
    ("seen", "word"),
    [
        ([MEM, VAV, LAMED, SHIN], SHIN + LAMED + VAV + MEM),
        ([*"2020", SHIN], SHIN + "2020"),
        ([*"1.5", "-", LAMED, SHIN], SHIN + LAMED + "-1.5"),
        ([*"abc", LAMED, SHIN], "abc" + SHIN + LAMED),
        (["!", LAMED, SHIN], SHIN + LAMED + "!"),
        ([MEM, "ab", LAMED, SHIN], SHIN + LAMED + "ab" + MEM),
        (list("ab12"), "ab12"),
    ],
)
def test_words_are_typed_whichever_way_they_are_stored(seen: list[str], word: str) -> None:
    count = len("".join(seen))
    assert typed(seen, list(range(count))) == word
    if all(len(cluster) == 1 for cluster in seen):
        assert typed(seen, list(range(count))[::-1]) == word


@pytest.mark.parametrize("stored", [[0, 1, 2, 3], [3, 2, 1, 0], [0, 2, 1, 3], [3, 1, 2, 0]])
def test_a_mark_follows_the_letter_that_it_stands_on(stored: list[int]) -> None:
    assert typed([MEM, LAMED + QAMATS, SHIN], stored) == SHIN + LAMED + QAMATS + MEM


def test_lam_and_alef_of_one_glyph_are_as_they_are_typed() -> None:
    for glyph in ("\u0644\u0627", "\u0627\u0644"):
        assert typed(["\u0645", glyph, "\u0633"], [0, 1, 2, 3]) == "\u0633\u0644\u0627\u0645"


def test_letters_of_one_box_are_turned_back() -> None:
    """Where a file says what a whole word is, each of its letters has the word's box, and pdfium turns them."""
    word = "\u062d\u064e\u0628\u064a\u0628\u064a"
    code, box = [ord(c) for c in reversed(word)], np.array([(0.0, 0, 5, 1)] * len(word))
    place = from_the_right(np.array(code, np.uint32), box, np.zeros(len(word), np.intp))
    assert "".join(map(chr, logical([code[i] for i in place], box))) == word


LETTERS = st.sampled_from(f"{SHIN}{LAMED}{QAMATS}\u0627\u0644a1.\u0301")
NUMBERS = st.integers(0, 9)


@given(st.lists(st.tuples(LETTERS, NUMBERS, NUMBERS, st.integers(-1, 3)), min_size=1, max_size=20))
def test_any_characters_stay_all_there_and_runs_stay_where_they_are(
    entries: list[tuple[str, int, int, int]],
) -> None:
    code = np.array([ord(c) for c, *_ in entries], np.uint32)
    box = np.array([(x, 0, x + w, 1) for _, x, w, _ in entries], np.float64).reshape(-1, 4)
    run = np.sort(np.array([number for *_, number in entries], np.intp))
    place = from_the_right(code, box, run)
    assert sorted(place.tolist()) == list(range(len(code)))
    assert (run[place] == run).all()
    assert (place[run < 0] == np.flatnonzero(run < 0)).all()
    assert sorted(logical(code[place].tolist(), box[place])) == sorted(code.tolist())


@given(st.lists(st.sampled_from([SHIN, LAMED, VAV, "1", "2", "a"]), min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_file_never_matters(seen: list[str], random: object) -> None:
    stored = list(range(len(seen)))
    before = typed(seen, stored)
    random.shuffle(stored)  # type: ignore[attr-defined]
    assert typed(seen, stored) == before
