"""Characters drawn twice are there once; letters set apart are a word, and letters of a list are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.words.spacing import drawn_again, join_spaced

WIDTH, HEIGHT = 0.006, 0.01


def row(text: str, x: float = 0.1, y: float = 0.5, step: float = 0.007) -> tuple[list[int], list[tuple[float, ...]]]:
    return [ord(c) for c in text], [
        (x + i * step, y, x + i * step + (0.001 if c in ".l" else WIDTH), y + HEIGHT) for i, c in enumerate(text)
    ]


def again(*rows: tuple[list[int], list[tuple[float, ...]]]) -> list[bool]:
    code = np.array([c for codes, _ in rows for c in codes], np.uint32)
    box = np.array([b for _, boxes in rows for b in boxes], np.float64)
    return drawn_again(code, box).tolist()  # type: ignore[no-any-return]


@pytest.mark.parametrize("shift", [0.0, 0.0003, 0.0007])
@pytest.mark.parametrize("y", [0.5, 0.4999, 0.502])
def test_a_line_that_is_drawn_twice_counts_once(shift: float, y: float) -> None:
    assert again(row("all of l.", y=y), row("all of l.", 0.1 + shift, y + shift)) == [False] * 9 + [True] * 9


def test_what_only_looks_alike_stays() -> None:
    assert not any(again(row("hello... mmm lll")))
    assert not any(again(row("same"), row("same", y=0.52)))
    assert not any(again(row("same"), row("bird")))
    assert not any(again(row("same"), row("bind"), row("lack", y=0.5001))), "one letter alone at its place is a chance"
    code, box = row("Massachusetts")
    assert not any(again((code, [(y, x, y + HEIGHT, x + WIDTH) for x, y, *_ in box]))), "a line that runs down"


def test_letters_of_one_glyph_stay_and_go_together() -> None:
    glyph = ([0x66, 0x66, 0x69], [(0.1, 0.5, 0.11, 0.51)] * 3)
    assert again(glyph) == [False] * 3
    moved = ([0x66, 0x66, 0x69], [(0.1003, 0.5, 0.1103, 0.51)] * 3)
    assert again(glyph, row("x", 0.2), moved, row("x", 0.2003)) == [False] * 4 + [True] * 4


FRACTION = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(st.sampled_from([0x41, 0x42, 0x10FFFF]), FRACTION, FRACTION), min_size=1, max_size=20))
def test_no_character_goes_without_one_that_stays(entries: list[tuple[int, float, float]]) -> None:
    code = np.array([c for c, *_ in entries], np.uint32)
    box = np.array([(x, y, min(1, x + 0.01), min(1, y + 0.01)) for _, x, y in entries], np.float64)
    gone = drawn_again(code, box)
    assert set(code[gone]) <= set(code[~gone])
    assert not drawn_again(code[~gone], box[~gone]).all()
    assert not gone[0]


def joined(text: str, gap: float = 0.005, wide: float = 0.012, line: list[int] | None = None) -> list[str]:
    """`text` with letters `gap` apart, words (two spaces) `wide` apart, every letter a word at first."""
    letters: list[str] = []
    box: list[tuple[float, ...]] = []
    begins: list[bool] = []
    x = 0.1
    for word in text.split("  "):
        for piece in word.split(" "):
            for k, c in enumerate(piece):
                letters.append(c)
                box.append((x, 0.5, x + WIDTH, 0.5 + HEIGHT))
                begins.append(k == 0)
                x += WIDTH + (0.0005 if k + 1 < len(piece) else gap)
        x += wide - gap
    code, new_word = np.array(list(map(ord, letters)), np.uint32), np.array(begins)
    new_line = np.zeros(len(code), np.bool_)
    new_line[[0] if line is None else line] = True
    kept: NDArray[np.bool_] = join_spaced(code, np.array(box), new_word, new_line)
    words: list[str] = []
    for letter, begin in zip(letters, kept.tolist(), strict=True):
        if begin:
            words.append(letter)
        else:
            words[-1] += letter
    return words


def test_letters_set_apart_are_a_word() -> None:
    assert joined("C O N T R A C T") == ["CONTRACT"]
    assert joined("T H I S  I S  A  D E E D") == ["THIS", "IS", "A", "DEED"]
    assert joined("w i c h t i g") == ["wichtig"]


@pytest.mark.parametrize(
    "text", ["A B C", "A B C D E", "X X X X", "a b c d  a b c d", "1 2 3 5", "a B c A", "is a b a c here", "* - * -"]
)
def test_single_letters_of_a_text_stay_single(text: str) -> None:
    assert joined(text) == text.split()


def test_wide_gaps_and_other_lines_part() -> None:
    assert joined("S A L E", gap=0.011) == list("SALE")
    assert joined("S A L E", line=[0, 2]) == list("SALE")


@given(st.text("abcAB1 ", min_size=1, max_size=30).map(str.strip).filter(bool), st.floats(0.001, 0.02))
def test_joining_keeps_every_character_and_never_begins_a_word(text: str, gap: float) -> None:
    text = " ".join(text.split())
    words = joined(text, gap)
    assert "".join(words) == text.replace(" ", "")
    assert len(words) <= len(text.split())
