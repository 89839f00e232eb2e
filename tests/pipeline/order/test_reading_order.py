"""Reading order: always a permutation, a matter of geometry alone, and what a person would read."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import chain
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.order import ALGORITHMS, DEFAULT, reading_order
from schemas.boxes import BoxTuple

Row = Callable[..., list[BoxTuple]]
BOX = st.tuples(*[st.integers(0, 1000)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)
# Boxes that share edges and middles are what breaks ties.
COARSE = st.tuples(*[st.integers(0, 6)] * 4).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]), max(b[1], b[3]))
)
DISTINCT = st.lists(BOX | COARSE, max_size=25, unique=True)
algorithms = pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))


def test_no_boxes_have_an_order() -> None:
    assert reading_order([]) == []
    assert reading_order(np.zeros((0, 4))) == []  # type: ignore[arg-type]


@algorithms
def test_one_box_many_equal_boxes_and_points(algorithm: str) -> None:
    assert reading_order([[1, 2, 3, 4]], algorithm) == [0]
    assert reading_order([[1, 2, 3, 4]] * 4, algorithm) == [0, 1, 2, 3]
    assert reading_order([[5, 5, 5, 5]] * 3, algorithm) == [0, 1, 2]
    assert reading_order([[9, 0, 9, 0], [5, 0, 5, 0], [7, 0, 7, 0]], algorithm) == [1, 2, 0]
    assert reading_order([[0, 9, 0, 9], [0, 5, 0, 5]], algorithm) == [1, 0]


@algorithms
@given(boxes=st.lists(BOX | COARSE, max_size=40))
def test_any_boxes_give_a_permutation(algorithm: str, boxes: list[BoxTuple]) -> None:
    assert sorted(reading_order(boxes, algorithm)) == list(range(len(boxes)))


@algorithms
@settings(max_examples=300)
@given(boxes=DISTINCT, random=st.randoms(use_true_random=False))
def test_shuffling_the_input_changes_nothing(algorithm: str, boxes: list[BoxTuple], random: Random) -> None:
    shuffled = list(boxes)
    random.shuffle(shuffled)
    before = [boxes[i] for i in reading_order(boxes, algorithm)]
    assert [shuffled[i] for i in reading_order(shuffled, algorithm)] == before


@algorithms
@given(boxes=DISTINCT, factor=st.sampled_from([0.25, 0.5, 2, 4, 1024]))
def test_the_unit_does_not_matter(algorithm: str, boxes: list[BoxTuple], factor: float) -> None:
    scaled = [[value * factor for value in box] for box in boxes]
    assert reading_order(scaled, algorithm) == reading_order(boxes, algorithm)


@given(boxes=DISTINCT, factor=st.sampled_from([0.1, 0.7, 1 / 3, 7.3, 13.0]), margin=st.floats(0, 500))
def test_any_unit_and_any_margin(boxes: list[BoxTuple], factor: float, margin: float) -> None:
    scaled = [[value * factor + margin for value in box] for box in boxes]
    assert reading_order(scaled) == reading_order(boxes)


@algorithms
@given(boxes=DISTINCT)
def test_from_the_right_is_the_mirrored_page_from_the_left(algorithm: str, boxes: list[BoxTuple]) -> None:
    mirrored = [(1000 - x1, y0, 1000 - x0, y1) for x0, y0, x1, y1 in boxes]
    assert reading_order(mirrored, algorithm, right_to_left=True) == reading_order(boxes, algorithm)


@algorithms
def test_boxes_far_outside_the_page(algorithm: str) -> None:
    far = [[-1e308, 0, 1e308, 1], [0, -1e300, 1, -1e299], [1e300, 5, 1e301, 7], [0, 0, 5e-324, 5e-324], [3, 3, 3, 3]]
    assert sorted(reading_order(far, algorithm)) == list(range(5))


@algorithms
@given(boxes=DISTINCT, right=st.integers(0, 500), down=st.integers(0, 500))
def test_an_empty_margin_does_not_matter(algorithm: str, boxes: list[BoxTuple], right: int, down: int) -> None:
    moved = [(a + right, b + down, c + right, d + down) for a, b, c, d in boxes]
    assert reading_order(moved, algorithm) == reading_order(boxes, algorithm)


@pytest.mark.parametrize(
    "boxes",
    [
        [[0, 0, 1]],
        [[0, 0, 1, 1], [0, 0]],
        [0, 0, 1, 1],
        [[0, 0, 1, float("nan")]],
        [[0, 0, 1, float("inf")]],
        [["a", "b", "c", "d"]],
        [[[0, 0, 1, 1]]],
    ],
)
def test_what_is_no_box_is_refused(boxes: list[object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - numpy's own words for some of them
        reading_order(boxes)  # type: ignore[arg-type]


def test_an_unknown_algorithm_is_named() -> None:
    with pytest.raises(ValueError, match=r"algorithm must be one of \['lrtb', 'weighed', 'xycut'\], got 'best'"):
        reading_order([[0, 0, 1, 1]], "best")
    assert DEFAULT in ALGORITHMS


@pytest.mark.parametrize("aspect", [0, -1.0, float("nan"), float("inf")])
def test_an_aspect_that_no_page_has_is_named(aspect: float) -> None:
    with pytest.raises(ValueError, match=f"aspect must be positive and finite, got {aspect}"):
        reading_order([[0, 0, 1, 1]], aspect=aspect)


@given(boxes=DISTINCT, aspect=st.sampled_from([0.25, 0.5, 2.0]))
def test_the_aspect_is_the_unit_across_over_the_unit_down(boxes: list[BoxTuple], aspect: float) -> None:
    even = [(a * aspect, b, c * aspect, d) for a, b, c, d in boxes]
    assert reading_order(even, aspect=1.0) == reading_order(boxes, aspect=aspect)


def is_read_as_written(page: list[BoxTuple], algorithm: str = DEFAULT) -> bool:
    """Whether a page that was written in reading order is read so, in whatever order its boxes come."""
    shuffled = list(page)
    Random(1).shuffle(shuffled)
    return [shuffled[i] for i in reading_order(shuffled, algorithm)] == page


def column(row: Row, x: int, first: int = 100, lines: int = 8, step: int = 16) -> list[BoxTuple]:
    """Lines of running text, four words each, 400 units wide; the spaces do not stand above one another."""
    ends = [(90, 180, 300, 390), (130, 220, 310, 400), (60, 160, 270, 380)]
    spans = [[(x + a + 10 * (a > 0), x + b) for a, b in zip((0, *line), line, strict=False)] for line in ends]
    return [box for i in range(lines) for box in row(first + step * i, *spans[i % 3])]


@algorithms
def test_one_column_is_read_line_by_line(row: Row, algorithm: str) -> None:
    page = column(row, 100)
    assert is_read_as_written(page, algorithm)


def test_a_word_that_stands_a_little_higher_stays_in_its_line(row: Row) -> None:
    page = column(row, 100)
    page[5] = (page[5][0], page[5][1] - 3, page[5][2], page[5][3] - 3)
    page[9] = (page[9][0], page[9][1] + 5, page[9][2], page[9][3])  # a small letter
    assert is_read_as_written(page, "lrtb")


def test_two_columns_are_read_one_after_the_other(row: Row) -> None:
    assert is_read_as_written(column(row, 50) + column(row, 520))
    assert not is_read_as_written(column(row, 50) + column(row, 520), "lrtb"), "the floor does not know columns"


def test_two_columns_that_are_not_level(row: Row) -> None:
    assert is_read_as_written(column(row, 50) + column(row, 520, first=107))


def test_a_headline_goes_before_the_columns_below_it(row: Row) -> None:
    headline = row(40, (50, 300), (320, 640), (660, 920), height=24)
    assert is_read_as_written(headline + column(row, 50) + column(row, 520))


def test_a_page_number_between_the_columns_comes_last(row: Row) -> None:
    for x in (470, 480, 490):
        assert is_read_as_written(column(row, 50) + column(row, 520) + row(940, (x, x + 14)))


def test_a_figure_across_both_columns_parts_them(row: Row) -> None:
    upper = column(row, 50, lines=5) + column(row, 520, lines=5)
    caption = row(300, (50, 400), (410, 920))
    lower = column(row, 50, first=400) + column(row, 520, first=400)
    assert is_read_as_written(upper + caption + lower)


def test_columns_of_different_length(row: Row) -> None:
    assert is_read_as_written(column(row, 50, lines=12) + column(row, 520, lines=5))
    assert is_read_as_written(column(row, 50, lines=5) + column(row, 520, lines=12))


def test_three_columns(row: Row) -> None:
    def narrow(x: int) -> list[BoxTuple]:
        cut = [x + 120, x + 180, x + 90]
        return [box for i in range(8) for box in row(100 + 16 * i, (x, cut[i % 3]), (cut[i % 3] + 10, x + 270))]

    assert is_read_as_written(narrow(40) + narrow(350) + narrow(660))


def test_a_table_is_read_row_by_row(row: Row) -> None:
    cells = [(60, 130), (300, 360), (500, 540), (700, 760)]
    table = [box for i in range(9) for box in row(100 + 30 * i, *cells)]
    assert is_read_as_written(table)
    assert is_read_as_written(column(row, 100, first=20, lines=3) + table + column(row, 100, first=500))


def test_a_form_is_read_key_then_value(row: Row) -> None:
    form = [box for i in range(6) for box in row(100 + 40 * i, (60, 140), (300, 380), (390, 420 + 30 * i))]
    assert is_read_as_written(form)


def test_a_form_on_a_page_that_leans(row: Row) -> None:
    """Rows that no level cut parts, as their boxes overlap: key then value all the same."""
    level = [box for i in range(8) for box in row(100 + 18 * i, (60, 200), (360, 400))]
    assert is_read_as_written([(a, b + a // 50, c, d + a // 50) for a, b, c, d in level])


def test_values_of_a_few_letters_follow_their_keys_though_rows_stand_close(row: Row) -> None:
    form = [box for i in range(4) for box in row(100 + 14 * i, (60, 200), (260, 275))]
    assert is_read_as_written(form)


def test_names_in_columns_are_read_down_each_column(row: Row) -> None:
    names = [row(100 + 11 * i, (x, x + 120 + 7 * (i % 3))) for x in (80, 330) for i in range(9)]
    assert is_read_as_written([box for name in names for box in name])


def test_groups_of_keys_and_values_are_read_one_after_the_other(row: Row) -> None:
    def group(x: int, first: int, count: int, step: int) -> list[BoxTuple]:
        heading = row(first - 24, (x - 15, x + 100))
        return heading + [box for i in range(count) for box in row(first + step * i, (x, x + 90), (x + 150, x + 210))]

    assert is_read_as_written(group(60, 100, 12, 20) + group(560, 107, 9, 27))


def test_the_numbers_of_a_list_go_with_its_lines(row: Row) -> None:
    items = [
        box for i in range(9) for box in row(100 + 16 * i, *([(60, 72)] if i % 3 == 0 else []), (100, 480 - 9 * i))
    ]
    assert is_read_as_written(items)


def test_a_sidebar_is_read_on_its_own(row: Row) -> None:
    body = [box for i in range(20) for box in row(100 + 16 * i, (60, 620 - 30 * (i % 3)))]
    sidebar = [box for i in range(10) for box in row(103 + 20 * i, (700, 930 - 15 * (i % 2)), height=10)]
    assert is_read_as_written(body + sidebar)


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_columns_whose_paragraphs_are_indented_are_no_captions_with_values(seed: int, first: bool) -> None:
    """Two columns of short paragraphs on level baselines; the first line of each is drawn in, or all others are."""
    random, page = Random(seed), []
    for x in (60, 320):
        starts = {0}
        while max(starts) < 40:
            starts.add(max(starts) + random.randint(2, 6))
        for k in range(40):
            left = x + 10 * ((k in starts) is first)
            right = x + (random.randint(60, 240) if k + 1 in starts else 240)
            page.append((left, 100 + 12 * k, right, 110 + 12 * k))
    assert is_read_as_written(page)


@pytest.mark.parametrize("seed", range(5))
def test_ragged_columns_whose_lines_are_in_two_pieces_are_no_table(seed: int) -> None:
    random, page = Random(seed), []
    for x in (60, 340):
        for k in range(20):
            right = x + random.randint(100, 240)
            middle = (x + right) // 2
            page += [(x, 100 + 12 * k, middle - 2, 110 + 12 * k), (middle + 2, 100 + 12 * k, right, 110 + 12 * k)]
    assert is_read_as_written(page)


def test_a_column_goes_on_below_a_figure_beside_which_the_other_one_has_all_its_text() -> None:
    above, below = ([(60, y + 12 * k, 300, y + 10 + 12 * k) for k in range(15)] for y in (100, 400))
    beside = [(330, 300 + 12 * k, 570, 310 + 12 * k) for k in range(6)]
    assert is_read_as_written([*above, *below, *beside])


def test_an_address_below_a_letterhead_is_not_read_before_it() -> None:
    sender = [(500, y, 640, y + 10) for y in (90, 105, 120, 135, 190)]
    recipient = [(100, y, 240, y + 10) for y in (206, 242, 259, 277, 295, 331)]
    assert is_read_as_written([(150, 61, 280, 80), *sender, *recipient, (100, 391, 640, 401), (100, 409, 640, 419)])


@pytest.mark.parametrize(("pitch", "height", "aside"), [(17, 9, True), (18, 9, False), (17, 10, False)])
def test_an_aside_is_of_smaller_type_and_closer_lines(pitch: int, height: int, aside: bool) -> None:
    main = [(320, 100 + 18 * k, 700, 110 + 18 * k) for k in range(25)]
    note = [(60, 100 + pitch * k + 6 * (k // 3), 280, 100 + pitch * k + 6 * (k // 3) + height) for k in range(18)]
    assert is_read_as_written([*main, *note] if aside else [*note, *main])


def test_footnotes_come_after_both_columns(row: Row) -> None:
    notes = row(800, (60, 900), height=8) + row(812, (60, 700), height=8)
    assert is_read_as_written(column(row, 50, lines=30) + column(row, 520, lines=30) + notes)


def test_a_table_of_many_rows_is_read_by_rows_however_wide_its_gutters_are(row: Row) -> None:
    table = [box for i in range(20) for box in row(100 + 14 * i, (60, 260), (420, 520), (700, 800))]
    assert is_read_as_written(table)


@pytest.mark.parametrize("algorithm", ["xycut", DEFAULT])
def test_a_grid_is_read_by_rows(row: Row, algorithm: str) -> None:
    grid = [box for i in range(3) for box in row(100 + 60 * i, (60, 160), (200, 300), (340, 440))]
    assert is_read_as_written(grid, algorithm)


def test_a_small_table_whose_rows_all_have_all_cells_is_read_by_rows() -> None:
    cells = [(60, 140), (240, 330), (430, 500), (600, 680), (780, 850)]
    table = [(left, 100 + 15 * i, right, 115 + 15 * i) for i in range(3) for left, right in cells]
    assert is_read_as_written(table)


def test_a_small_table_is_read_by_rows_though_signs_make_its_rows_touch() -> None:
    lefts = [60, 240, 430, 600]
    table = [(left, 100 + 15 * i - 3 * (left == 430), left + 80, 119 + 15 * i) for i in range(4) for left in lefts]
    assert is_read_as_written(table)


def test_an_address_beside_a_list_is_read_first_and_then_key_and_value() -> None:
    address = [(97, 212, 160, 222), (97, 229, 339, 242), (97, 246, 237, 257), (97, 263, 276, 274), (97, 280, 285, 293)]
    keys = [(542, 212, 648, 222), (542, 229, 587, 239), (542, 246, 630, 257), (542, 263, 672, 274)]
    values = [(819, 212, 903, 222), (803, 229, 903, 239), (745, 246, 903, 257), (838, 263, 903, 274)]
    assert is_read_as_written([*address, *chain(*zip(keys, values, strict=True))])


def test_a_first_column_of_many_lines_is_no_address_beside_a_list() -> None:
    ends, tops = [137, 238, 235, 207, 273, 213, 259, 234], [521, 539, 558, 576, 595, 613, 631, 650]
    table = [
        box
        for right, top in zip(ends, tops, strict=True)
        for box in ((107, top, right, top + 11), (611, top, 653, top + 9), (820, top, 849, top + 9))
    ]
    caption = [(99, 484, 898, 496), (100, 499, 204, 509)]
    assert is_read_as_written([*caption, *table, (130, 681, 910, 693), (100, 696, 910, 708)])


def test_the_textbook_cut_knows_no_columns_whose_rows_are_level(row: Row) -> None:
    page = column(row, 50) + column(row, 520)
    assert not is_read_as_written(page, "xycut")
    assert is_read_as_written(column(row, 50) + column(row, 520, first=107), "xycut")


def test_columns_are_read_from_the_right_where_the_script_is(row: Row) -> None:
    page = column(row, 50) + column(row, 520)
    mirrored = [(1000 - c, b, 1000 - a, d) for a, b, c, d in page]
    assert [mirrored[i] for i in reading_order(mirrored, right_to_left=True)] == mirrored


@algorithms
def test_fifty_thousand_boxes_are_read_in_time(algorithm: str) -> None:
    rng = np.random.default_rng(0)
    corner = rng.integers(0, 990, (50_000, 2))
    random = np.hstack([corner, corner + rng.integers(0, 11, (50_000, 2))])
    rows = np.array([(c * 20, r, c * 20 + 15, r + 1) for r in range(1000) for c in range(50)])
    stairs = np.arange(50_000)[:, None] + np.array([0, 0, 1, 1])
    for boxes in (random, rows, stairs):
        began = time.process_time()
        order = reading_order(boxes, algorithm)  # type: ignore[arg-type]
        assert sorted(order) == list(range(50_000))
        assert time.process_time() - began < 10


def test_boxes_inside_boxes_inside_boxes_end() -> None:
    """A spiral, which takes a cut for each of its arms."""
    arms: list[BoxTuple] = []
    for i in range(0, 990, 2):
        arms += [(i, i, 1000, i + 1), (i, i + 2, i + 1, 1000)]
    order = reading_order(arms)
    assert sorted(order) == list(range(len(arms)))
    assert order[0] == 0


def test_boxes_whose_corners_are_the_other_way_round_are_the_same_boxes() -> None:
    boxes = [[0, 10, 5, 0], [5, 20, 0, 10], [0, 30, 5, 20]]
    assert reading_order(boxes) == [0, 1, 2]
    assert sorted(reading_order(boxes, aspect=1e300)) == [0, 1, 2]
