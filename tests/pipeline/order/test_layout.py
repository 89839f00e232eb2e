"""Layout: lines of words, blocks of lines, all of it in reading order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.order import Layout, arrange, letters_of
from pipeline.synth import TYPES
from schemas.boxes import BoxTuple, union
from schemas.truth import PageTruth

Row = Callable[..., list[BoxTuple]]
Truth = Callable[..., tuple[PageTruth, float]]
BOX = st.tuples(*[st.integers(0, 1000)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)


def check(layout: Layout, boxes: list[BoxTuple]) -> None:
    """Every promise of a layout."""
    assert sorted(layout.order) == list(range(len(boxes)))
    assert len(layout.line) == len(boxes)
    assert len(layout.block) == len(layout.line_box)
    runs = [b for a, b in zip([None, *layout.line], layout.line, strict=False) if a != b]
    assert runs == list(range(len(layout.line_box))), "a line is one run of words, and runs are numbered as they come"
    members = defaultdict(list)
    for index, line in zip(layout.order, layout.line, strict=True):
        members[line].append(boxes[index])
    assert [union(members[line]) for line in range(len(layout.line_box))] == layout.line_box
    assert all(isinstance(value, int) for box in layout.line_box for value in box)
    blocks = [b for a, b in zip([None, *layout.block], layout.block, strict=False) if a != b]
    assert blocks == list(range(len(blocks)))


def test_no_words_have_no_lines() -> None:
    assert arrange([], 0.7) == Layout([], [], [], [])


@settings(max_examples=200)
@given(st.lists(BOX, max_size=30), st.floats(0.05, 20), st.booleans(), st.randoms(use_true_random=False))
def test_any_boxes_have_a_layout(boxes: list[BoxTuple], aspect: float, own_lines: bool, random: Random) -> None:
    source_line = [random.randrange(5) * 7 for _ in boxes] if own_lines else None
    layout = arrange(boxes, aspect, source_line)
    check(layout, boxes)
    if source_line is not None:
        found = {(layout.line[k], source_line[i]) for k, i in enumerate(layout.order)}
        assert len(found) == len(set(source_line)) == len(layout.line_box), "an engine's lines are kept as they are"


@settings(max_examples=200)
@given(st.lists(BOX, max_size=25, unique=True), st.randoms(use_true_random=False))
def test_shuffling_the_input_changes_nothing(boxes: list[BoxTuple], random: Random) -> None:
    shuffled = list(boxes)
    random.shuffle(shuffled)
    a, b = arrange(boxes, 0.7), arrange(shuffled, 0.7)
    assert [boxes[i] for i in a.order] == [shuffled[i] for i in b.order]
    assert (a.line, a.line_box, a.block) == (b.line, b.line_box, b.block)


@pytest.mark.parametrize("box", [(5, 5, 5, 5), (0, 0, 1000, 1000), (3, 4, 3, 900)])
def test_equal_boxes_and_points(box: BoxTuple) -> None:
    for count in (1, 2, 5):
        check(arrange([box] * count, 0.7), [box] * count)


def test_words_of_one_line_are_joined_whatever_their_height(row: Row) -> None:
    words = [
        (100, 100, 180, 114),
        (190, 104, 230, 112),
        (240, 104, 300, 117),
        (306, 111, 309, 114),
        (320, 100, 400, 114),
    ]
    layout = arrange(words, 0.7)
    assert layout.order == [0, 1, 2, 3, 4]
    assert layout.line == [0] * 5
    assert layout.line_box == [(100, 100, 400, 117)]


def test_lines_close_below_each_other_are_not_joined(row: Row) -> None:
    words = row(100, (100, 200), (210, 300)) + row(112, (100, 200), (210, 300)) + row(123, (100, 200), (210, 300))
    assert arrange(words, 0.7).line == [0, 0, 1, 1, 2, 2]


def test_columns_whose_lines_are_not_level_are_not_joined() -> None:
    """From a magazine page: the gap is little more than a line is high."""
    words = [(274, 808, 363, 822), (388, 812, 471, 826), (314, 825, 363, 838), (388, 829, 481, 843)]
    assert sorted(arrange(words, 0.7).line) == [0, 1, 2, 3]


def test_blocks_are_parted_by_a_larger_gap_and_by_columns(row: Row) -> None:
    paragraph = row(100, (100, 400)) + row(116, (100, 400)) + row(132, (100, 300))
    below = row(170, (100, 400)) + row(186, (100, 400))
    beside = row(100, (600, 900)) + row(116, (600, 900)) + row(132, (600, 900))
    layout = arrange(paragraph + below, 0.7)
    assert layout.block == [0, 0, 0, 1, 1]
    assert len(set(arrange(paragraph + beside, 0.7).block)) == 2


def measured(truth: Truth, document_type: str, degrees: float = 0.0) -> tuple[float, float, int]:
    """(mean share of right successors, share of lines that join two true lines, true lines that were split)."""
    right, joined, lines, split = [], 0, 0, 0
    for index in range(6):
        page, aspect = truth(document_type, index, degrees)
        boxes = [word.box for word in page.words]
        layout = arrange(boxes, aspect)
        check(layout, boxes)
        right.append(np.mean([b == a + 1 for a, b in zip(layout.order, layout.order[1:], strict=False)]))
        true_lines, own_lines = defaultdict(set), defaultdict(set)
        for index_, line in zip(layout.order, layout.line, strict=True):
            true_lines[line].add(page.words[index_].line)
            own_lines[page.words[index_].line].add(line)
        joined += sum(len(found) > 1 for found in true_lines.values())
        split += sum(len(found) > 1 for found in own_lines.values())
        lines += len(true_lines)
    return float(np.mean(right)), joined / lines, split


@pytest.mark.parametrize("document_type", TYPES)
def test_synthetic_pages_are_read_as_they_were_written(truth: Truth, document_type: str) -> None:
    for index in range(6):
        page, aspect = truth(document_type, index)
        layout = arrange([word.box for word in page.words], aspect)
        assert layout.order == list(range(len(page.words))), f"page {index}"
        assert layout.line == [word.line for word in page.words], f"page {index}"


@pytest.mark.parametrize("degrees", [-5.0, -2.0, 1.0, 3.5, 5.0])
@pytest.mark.parametrize("document_type", TYPES)
def test_a_page_that_leans_is_read_as_it_was_written(truth: Truth, document_type: str, degrees: float) -> None:
    right, joined, split = measured(truth, document_type, degrees)
    assert right == 1
    assert joined <= 0.01, "but for captions of a table's columns that stand a hair too close"
    assert split == 0


@pytest.mark.parametrize(("offset", "each"), [(0, 2), (2, 2), (5, 2), (3, 1), (5, 1)])
def test_rows_of_columns_that_are_not_level_are_no_lean(offset: int, each: int) -> None:
    """Lines of one or two words say nothing about the page, and those of other columns stand as they like."""
    wide = 105 if each == 1 else 50
    places = [
        (40 + 130 * k + 55 * j, 40 + 15 * i + offset * k) for k in range(3) for i in range(55) for j in range(each)
    ]
    boxes = [(x, y, x + wide, y + 10) for x, y in places]
    assert arrange(boxes, 1.0).order == list(range(len(boxes)))


@pytest.mark.parametrize("degrees", [-5.0, 5.0])
@pytest.mark.parametrize("document_type", TYPES)
def test_so_are_pages_from_the_right_and_from_top_to_bottom(truth: Truth, document_type: str, degrees: float) -> None:
    page, aspect = truth(document_type, 0, degrees)
    boxes, written = [word.box for word in page.words], list(range(len(page.words)))
    mirrored = [(1000 - x1, y0, 1000 - x0, y1) for x0, y0, x1, y1 in boxes]
    found = arrange(mirrored, aspect, None, letters_of(["\u05e9\u05dc\u05d5\u05dd"] * len(boxes)))
    assert (found.order, found.line) == (written, [word.line for word in page.words])
    standing = [(1000 - y1, x0, 1000 - y0, x1) for x0, y0, x1, y1 in boxes]
    assert arrange(standing, 1 / aspect, None, letters_of(["\u65e5\u672c\u56fd\u6c11"] * len(boxes))).order == written
