"""Masks and covers on the picture, pixel by pixel, and TIA labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.stream.collate import Special, collate
from pipeline.stream.draw import Drawing, draw, fill_boxes, label, match, paint
from pipeline.stream.example import IGNORE, Example
from schemas.sample import TimAction
from schemas.stream import Objectives, Rgb

Make = Callable[..., Example]
MakeDrawing = Callable[..., Drawing]
BLACK = (0, 0, 0)
DROPPED_RGB = Objectives().dropped_fill


def _select(example: Example, tokens: list[int]) -> Example:
    selected = np.isin(np.arange(len(example.ids_T)), tokens)
    return replace(example, selected_T=selected, mlm_T=np.where(selected, example.ids_T, IGNORE))


def _filled(picture: NDArray[np.uint8], fill: tuple[int, int, int] = BLACK) -> NDArray[np.bool_]:
    return np.asarray((picture == fill).all(axis=2))


def _painted(example: Example) -> NDArray[np.bool_]:
    done = paint(example, BLACK, BLACK).picture_SSC
    assert done is not None
    assert done.shape == (224, 224, 3)
    return _filled(done)


def test_exact_pixels_of_masks_and_covers(make_example: Make) -> None:
    """Two words of a line of ten pixels, and another line as a whole."""
    boxes = np.array([[0, 0, 250, 125], [250, 0, 500, 125], [0, 500, 1000, 625]])
    example = make_example(
        [2, 1, 1],
        box_T4=boxes[[0, 0, 1, 2]],
        line_T=np.array([0, 0, 0, 1]),
        line_box_L4=np.array([[0, 0, 500, 125], [0, 500, 1000, 625]]),
        cover_L=np.array([False, True]),
    )
    expected = np.zeros((224, 224), dtype=np.bool_)
    expected[112:140] = True  # the covered line: 500..625 of 1000
    assert np.array_equal(_painted(example), expected)
    expected[:28, :56] = True  # a word of which one piece is selected is masked as a whole
    assert np.array_equal(_painted(_select(example, [1])), expected)
    expected[:28, 56:112] = True
    assert np.array_equal(_painted(_select(example, [0, 2])), expected)


def test_a_box_that_is_no_multiple_of_a_pixel_is_rounded_outwards() -> None:
    picture = np.full((448, 448, 3), 255, dtype=np.uint8)
    fill_boxes(picture, np.array([[100, 200, 101, 203]]), BLACK)  # 44.8..45.248, 89.6..90.944
    rows, columns = np.nonzero(_filled(picture))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (89, 90, 44, 45)


@given(st.lists(st.integers(0, 1000), min_size=4, max_size=4), st.integers(1, 500), st.integers(1, 500))
def test_any_box_covers_what_lies_under_it_and_no_further_pixel(box: list[int], height: int, width: int) -> None:
    x0, x1 = sorted(box[:2])
    y0, y1 = sorted(box[2:])
    picture = np.full((height, width, 3), 255, dtype=np.uint8)
    fill_boxes(picture, np.array([[x0, y0, x1, y1]]), BLACK)
    found = _filled(picture)
    assert found.any()
    for low, high, size, axis in ((x0, x1, width, 0), (y0, y1, height, 1)):
        pixels = np.arange(size)
        touched = (pixels * 1000 < high * size) & ((pixels + 1) * 1000 > low * size)
        if not touched.any():  # a box of no extent gets the pixel that it begins in
            touched[min(low * size // 1000, size - 1)] = True
        assert np.array_equal(found.any(axis=axis), touched)
    assert found.sum() == found.any(axis=0).sum() * found.any(axis=1).sum()


@given(
    st.lists(st.integers(0, 1000), min_size=4, max_size=4),
    st.integers(1, 100),
    st.integers(1, 100),
    st.integers(0, 4),
)
def test_any_box_grows_on_each_side_as_far_as_there_is_picture(
    box: list[int], height: int, width: int, grow: int
) -> None:
    boxes = np.array([[*np.minimum(box[:2], box[2:]), *np.maximum(box[:2], box[2:])]])
    exact, grown = (np.full((height, width, 3), 255, dtype=np.uint8) for _ in range(2))
    fill_boxes(exact, boxes, BLACK)
    fill_boxes(grown, boxes, BLACK, grow)
    expected = np.zeros((height, width), dtype=np.bool_)
    for y, x in np.argwhere(_filled(exact))[[0, -1]]:
        corners = [(max(0, y - grow), max(0, x - grow)), (y + grow + 1, x + grow + 1)]
        expected[corners[0][0] : corners[1][0], corners[0][1] : corners[1][1]] = True
    rows, columns = np.nonzero(expected)
    expected[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] = True
    assert np.array_equal(_filled(grown), expected)


def test_later_boxes_do_not_undo_earlier_ones() -> None:
    picture = np.full((100, 100, 3), 255, dtype=np.uint8)
    fill_boxes(picture, np.array([[0, 0, 500, 500], [250, 250, 750, 750]]), (1, 2, 3))
    assert _filled(picture, (1, 2, 3)).sum() == 50 * 50 * 2 - 25 * 25
    fill_boxes(picture, np.zeros((0, 4), dtype=np.int64), BLACK)
    assert not _filled(picture).any()


def test_words_with_random_and_unchanged_tokens_are_masked_too(make_example: Make, make_drawing: MakeDrawing) -> None:
    """Else the picture would give the answer away."""
    lines = 40
    y0 = np.arange(lines) * 25
    boxes = np.stack([np.zeros(lines, dtype=int), y0, np.full(lines, 1000), y0 + 20], axis=1)
    for rules in (
        {"mvlm_mask": 1.0, "mvlm_random": 0.0},
        {"mvlm_mask": 0.0, "mvlm_random": 1.0},
        {"mvlm_mask": 0.0, "mvlm_random": 0.0},
    ):
        example = make_example(
            [1] * lines,
            box_T4=boxes,
            line_T=np.arange(lines),
            line_box_L4=boxes,
            cover_L=np.zeros(lines, dtype=np.bool_),
        )
        done = draw(example, make_drawing(mvlm_rate=0.3, mask_grow=0, **rules))
        assert 0 < done.selected_T.sum() < lines
        assert done.picture_SSC is not None
        rows = _filled(done.picture_SSC).all(axis=1)
        for word in range(lines):
            inner = slice(int(boxes[word, 1] * 0.224) + 1, int(boxes[word, 3] * 0.224))
            assert rows[inner].all() == rows[inner].any() == done.selected_T[word]


def test_the_paint_goes_on_before_the_picture_is_reduced(make_example: Make) -> None:
    """As in the paper: a pixel of the model's picture that is half covered is half as bright."""
    example = make_example([1], box_T4=np.array([[0, 0, 502, 1000]]))  # 224.9 of 448 pixels: 225
    done = paint(_select(example, [0]), BLACK, BLACK).picture_SSC
    assert done is not None
    assert set(np.unique(done[:, :112])) == {0}
    assert set(np.unique(done[:, 112])) <= {127, 128}
    assert set(np.unique(done[:, 113:])) == {255}


def test_nothing_of_a_masked_word_is_left(make_example: Make) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (448, 448, 3), dtype=np.uint8)
    box = np.array([[100, 300, 437, 351]])
    pictures = []
    for ink in (
        noise,
        np.where(np.indices((448, 448)).sum(0)[:, :, None] % 2 == 0, noise, 255 - noise).astype(np.uint8),
    ):
        under = np.full((448, 448, 3), 200, dtype=np.uint8)
        fill_boxes(under, box, (1, 1, 1))
        page = np.where(_filled(under, (1, 1, 1))[:, :, None], ink, under)
        painted = paint(_select(make_example([1], box_T4=box, picture_SSC=page), [0]), BLACK, BLACK).picture_SSC
        assert painted is not None
        pictures.append(painted)
    assert np.array_equal(*pictures)


def test_a_dropped_picture_is_the_mean_with_its_paint(make_example: Make) -> None:
    example = make_example([1] * 8, action=TimAction.DROPPED, picture_SSC=None, cover_L=np.array([True, False]),
                           line_box_L4=np.array([[0, 0, 1000, 250], [0, 500, 1000, 750]]),
                           box_T4=np.array([[0, 0, 250, 250]] * 4 + [[0, 500, 250, 750]] * 4),
                           )  # fmt: skip
    done = paint(match(_select(example, [4]), DROPPED_RGB), BLACK, BLACK).picture_SSC
    assert done is not None
    expected = np.empty((224, 224, 3), dtype=np.uint8)
    expected[:] = DROPPED_RGB
    expected[:56] = 0
    expected[112:168, :56] = 0
    assert np.array_equal(done, expected)


def test_the_mean_is_what_the_backbone_takes_for_nothing() -> None:
    """The released backbone subtracts these from blue, green and red."""
    assert np.allclose(DROPPED_RGB[::-1], [103.53, 116.28, 123.675], atol=0.5)


def test_masks_and_covers_have_their_own_fills_and_covers_lie_above(make_example: Make) -> None:
    example = make_example([1, 1], box_T4=np.array([[0, 0, 500, 500], [0, 500, 500, 1000]]),
                           line_box_L4=np.array([[0, 250, 1000, 500]]), line_T=np.array([0, 0]),
                           cover_L=np.array([True]))  # fmt: skip
    done = paint(_select(example, [0]), (255, 0, 0), (0, 0, 255)).picture_SSC
    assert done is not None
    expected = np.full((224, 224, 3), 255, dtype=np.uint8)
    expected[:112, :112] = (255, 0, 0)
    expected[56:112] = (0, 0, 255)
    assert np.array_equal(done, expected)


def test_masks_grow_and_covers_do_not(make_example: Make) -> None:
    example = make_example([1, 1], box_T4=np.array([[250, 250, 500, 500], [0, 0, 100, 100]]),
                           line_box_L4=np.array([[0, 750, 500, 1000]]), line_T=np.array([0, 0]),
                           cover_L=np.array([True]))  # fmt: skip
    done = paint(_select(example, [0]), BLACK, BLACK, 2).picture_SSC
    assert done is not None
    expected = np.zeros((224, 224), dtype=np.bool_)
    expected[55:113, 55:113] = True
    expected[168:, :112] = True
    assert np.array_equal(_filled(done), expected)


def test_the_rules_name_the_fills(make_example: Make, make_drawing: MakeDrawing) -> None:
    example = make_example([1], action=TimAction.DROPPED, picture_SSC=None, box_T4=np.array([[0, 0, 1000, 500]]),
                           line_box_L4=np.array([[0, 0, 1000, 250]]), cover_L=np.array([True]))  # fmt: skip
    fills = {"mask_fill": (1, 2, 3), "cover_fill": (4, 5, 6), "dropped_fill": (7, 8, 9)}
    done = draw(example, make_drawing(mvlm_rate=1.0, **fills)).picture_SSC
    assert done is not None
    assert [done[row, 0].tolist() for row in (0, 100, 200)] == [[4, 5, 6], [1, 2, 3], [7, 8, 9]]


def test_a_partners_picture_is_painted_too_and_not_another_one(make_example: Make) -> None:
    partner = np.full((224, 224, 3), 90, dtype=np.uint8)
    example = _select(make_example([1] * 4, action=TimAction.REPLACED, picture_SSC=partner), [0])
    assert match(example, DROPPED_RGB) is example
    done = paint(example, BLACK, BLACK).picture_SSC
    assert done is not None
    assert set(np.unique(done)) == {0, 90}
    assert partner.min() == 90  # the stored picture is not painted on


def test_labels_of_an_aligned_page(make_example: Make) -> None:
    example = make_example([1, 3, 2, 1, 1, 1], cover_L=np.array([True, False]))
    assert label(example).tia_T.tolist() == [1, 1, 1, 1, 1, 1, 1, 0, 0]
    # A word of which any piece is selected has no label: its picture is masked.
    assert label(_select(example, [2, 7])).tia_T.tolist() == [1, -100, -100, -100, 1, 1, 1, -100, 0]


@pytest.mark.parametrize("action", [TimAction.REPLACED, TimAction.DROPPED])
def test_all_is_covered_where_the_picture_is_not_the_pages(make_example: Make, action: TimAction) -> None:
    example = make_example([1, 3, 2, 1, 1, 1], cover_L=np.array([True, False]), action=action)
    assert label(_select(example, [2])).tia_T.tolist() == [1, -100, -100, -100, 1, 1, 1, 1, 1]


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=30),
    st.integers(0, 99),
    st.sampled_from(list(TimAction)),
    st.booleans(),
)
def test_all_steps_agree(
    make_example: Make, make_drawing: MakeDrawing, words: list[int], seed: int, action: TimAction, whole_word: bool
) -> None:
    """Every token has at most one label, and what its label says is what the picture shows."""
    lines = -(-len(words) // 4)
    cover = np.random.default_rng(seed).random(lines) < 0.4
    picture = None if action is TimAction.DROPPED else np.full((448, 448, 3), 255, dtype=np.uint8)
    example = make_example(words, action=action, cover_L=cover, picture_SSC=picture)
    done = draw(example, make_drawing(seed, whole_word=whole_word, max_tokens=40))
    with_selected = set(done.word_T[done.selected_T].tolist())
    for word, line, tia, mlm in zip(done.word_T, done.line_T, done.tia_T, done.mlm_T, strict=True):
        assert tia == IGNORE or mlm == IGNORE
        if word in with_selected:
            assert tia == IGNORE
        else:
            assert tia == (1 if action is not TimAction.ALIGNED else int(cover[line]))


@pytest.mark.parametrize("fills", [(BLACK, BLACK), ((255, 0, 0), (0, 0, 255)), (BLACK, (9, 9, 9))])
def test_a_grey_picture_is_painted_as_the_same_one_in_colours_is(make_example: Make, fills: tuple[Rgb, Rgb]) -> None:
    grey = np.random.default_rng(1).integers(0, 256, (448, 448, 1)).astype(np.uint8)
    pictures = []
    for picture in (grey, grey.repeat(3, axis=2)):
        example = _select(make_example([1] * 8, cover_L=np.array([True, False]), picture_SSC=picture), [4])
        done = paint(example, *fills)
        assert done.picture_SSC is not None
        assert (done.picture_SSC.shape[2] == 1) == (picture is grey and len(set(fills[0])) == 1)
        pictures.append(collate([label(done)], [0], Special(0, 1, 2)).image)
    assert torch.equal(*pictures)
