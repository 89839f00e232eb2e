"""Lines that do not run from left to right: in the order in which they are read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.order import arrange, letters_of
from pipeline.order.direction import logical
from schemas.boxes import BoxTuple

KINDS = {"L": (3, 0, 0, 0), "R": (0, 3, 0, 0), "N": (0, 0, 2, 0), ".": (0, 0, 0, 0)}
HEBREW, NUMBER, LATIN = "\u05e9\u05dc\u05d5\u05dd", "12", "word"


def letters(kinds: str) -> NDArray[np.intp]:
    return np.array([KINDS[kind] for kind in kinds], dtype=np.intp).reshape(-1, 4)


def seen(kinds: str) -> list[int]:
    """Words of a line of kinds in logical order as they stand from left to right, by UAX 9's rules W7, N1, N2, L2."""
    base = 1 if kinds.count("R") > kinds.count("L") else 0
    resolved, strong = [], "RL"[1 - base]
    for kind in " ".join(kinds):  # a space between words, which is as neutral as a stop
        strong = kind if kind in "LR" else strong
        resolved.append("L" if kind == "N" and strong == "L" else kind)
    sides = ["R" if kind == "N" else kind for kind in resolved]
    level = []
    for i, kind in enumerate(resolved):
        before = next((k for k in reversed(sides[:i]) if k in "LR"), "LR"[base])
        behind = next((k for k in sides[i:] if k in "LR"), "LR"[base])
        if kind in "LR":
            level.append((0 if base == 0 else 2) if kind == "L" else 1)
        elif kind == "N":
            level.append(2)
        else:
            side = before if before == behind else "LR"[base]
            level.append((0 if base == 0 else 2) if side == "L" else 1)
    order = list(range(len(level)))
    for least in (2, 1):
        i = 0
        while i < len(order):
            j = i
            while j < len(order) and level[order[j]] >= least:
                j += 1
            order[i:j] = order[i:j][::-1]
            i = max(j, i + 1)
    return [i // 2 for i in order if i % 2 == 0]


def test_the_reference_itself() -> None:
    assert seen("RRNR") == [3, 2, 1, 0]
    assert seen("RLLNRR") == [5, 4, 1, 2, 3, 0]
    assert seen("LRRL") == [0, 2, 1, 3]
    assert seen("LLRR") == [0, 1, 3, 2]


@given(st.text("LRN.", min_size=1, max_size=12))
def test_any_line_keeps_its_words(kinds: str) -> None:
    for page in (False, True):
        assert sorted(logical(list(range(len(kinds))), letters(kinds), page)) == list(range(len(kinds)))


# What stands beside a foreign word cannot tell whether it was typed before or behind it: these lines have one reading.
CLEAR = st.text("LRN", min_size=1, max_size=12).filter(
    lambda kinds: "NL" not in kinds and (kinds.count("R") > kinds.count("L") or "N" not in kinds) and "R" in kinds
)


@given(CLEAR)
def test_words_of_any_clear_line_come_as_they_were_typed(kinds: str) -> None:
    visual = seen(kinds)
    found = logical(list(range(len(kinds))), letters("".join(kinds[i] for i in visual)), False)
    assert [visual[i] for i in found] == list(range(len(kinds)))


def row(y: int, count: int, x: int = 100) -> list[BoxTuple]:
    return [(x + 60 * i, y, x + 60 * i + 50, y + 14) for i in range(count)]


def test_a_line_of_hebrew_is_read_from_the_right() -> None:
    texts = [HEBREW, NUMBER, HEBREW, "e-mail", LATIN, HEBREW]
    layout = arrange(row(100, 6), 0.7, None, letters_of(texts))
    assert layout.order == [5, 3, 4, 2, 1, 0]
    assert layout.line == [0] * 6
    assert arrange(row(100, 6), 0.7).order == list(range(6)), "without texts nothing is known"


def test_hebrew_in_an_english_line_is_turned_and_nothing_else() -> None:
    texts = [LATIN, HEBREW, HEBREW, HEBREW, LATIN, LATIN, NUMBER, LATIN]
    assert arrange(row(100, 8), 0.7, None, letters_of(texts)).order == [0, 3, 2, 1, 4, 5, 6, 7]


def test_columns_of_a_page_from_the_right_are_read_from_the_right() -> None:
    rows = [box for y in range(100, 260, 16) for x in (80, 560) for box in row(y, 6, x)]
    layout = arrange(rows, 0.7, None, letters_of([HEBREW] * len(rows)))
    lefts = [rows[i][0] for i in layout.order]
    assert min(lefts[:60]) >= 560 > max(lefts[60:])
    assert layout.order[:6] == [11, 10, 9, 8, 7, 6]


@pytest.mark.parametrize("title", [False, True])
def test_columns_of_characters_are_lines_from_right_to_left(title: bool) -> None:
    columns: list[BoxTuple] = [(700 - 40 * k, 200, 720 - 40 * k, 600 - 50 * (k == 3)) for k in range(4)]
    texts = ["\u65e5\u672c\u56fd\u6c11\u306f\u6b63\u5f53\u306b"] * 4
    below: list[BoxTuple] = [(700, 610, 720, 625), (700, 630, 720, 780)]  # a single character and the rest of a column
    head: list[BoxTuple] = [(300, 100, 420, 116), (430, 100, 520, 116)] if title else []
    boxes = [*columns, *below, *head]
    found = letters_of(
        [*texts, "\u6587", "\u56fd\u6c11\u306f", *(["\u7b2c\u4e00\u7ae0\u6761", "\u7dcf\u5247\u6587"] * title)]
    )
    layout = arrange(boxes, 1.0, None, found)
    body = [i for i in layout.order if i < 6]
    assert body == [0, 4, 5, 1, 2, 3]
    lines = dict(zip(layout.order, layout.line, strict=True))
    assert lines[0] == lines[4] == lines[5]
    assert len({lines[i] for i in range(4)}) == 4
    if title:
        assert lines[6] == lines[7]
        assert {lines[i] for i in range(6)}.isdisjoint({lines[6]})


BOX = st.tuples(*[st.integers(0, 1000)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)
TEXT = st.sampled_from([HEBREW, NUMBER, LATIN, ".", "\u6587\u56fd", "\u6587", "\u0633\u0644\u0627\u0645"])


@given(st.lists(st.tuples(BOX, TEXT), min_size=1, max_size=25), st.booleans())
def test_any_words_are_in_the_order_once_and_lines_are_runs(
    entries: list[tuple[BoxTuple, str]], own_lines: bool
) -> None:
    boxes, texts = [box for box, _ in entries], [text for _, text in entries]
    layout = arrange(boxes, 0.7, [i % 3 for i in range(len(boxes))] if own_lines else None, letters_of(texts))
    assert sorted(layout.order) == list(range(len(boxes)))
    assert layout.line == sorted(layout.line)
    assert set(layout.line) == set(range(len(layout.line_box)))
    for number, (x0, y0, x1, y1) in enumerate(layout.line_box):
        inside = [boxes[i] for i, line in zip(layout.order, layout.line, strict=True) if line == number]
        assert (x0, y0) == (min(b[0] for b in inside), min(b[1] for b in inside))
        assert (x1, y1) == (max(b[2] for b in inside), max(b[3] for b in inside))
