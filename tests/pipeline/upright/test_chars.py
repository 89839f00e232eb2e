"""Text layers that run up or down the page."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from reportlab.pdfgen.canvas import Canvas

from pipeline.order import reading_order
from pipeline.pages import RawPage, Sandbox
from pipeline.sources import Format
from pipeline.upright import UPRIGHT, Pose, pose_of_chars, turn_page
from pipeline.words.textlayer import words_of

DrawPage = Callable[[int], RawPage]
TEXT = ("Lines that run along the side", "of a page, as those of a wide", "table do in many reports")


@pytest.fixture
def draw_page() -> DrawPage:
    """`draw_page(degrees)`: a page whose text is turned by so many degrees anticlockwise, by the real child."""

    def draw(degrees: int) -> RawPage:
        sheet = Canvas("", pagesize=(400, 300), invariant=1)
        sheet.translate(200, 150)
        sheet.rotate(degrees)
        for i, line in enumerate(TEXT):
            sheet.drawString(-100, 20 - 20 * i, line)
        sheet.showPage()
        with Sandbox() as sandbox:
            sandbox.open(Format.PDF, sheet.getpdfdata())
            return sandbox.page(0, 500)

    return draw


@pytest.mark.parametrize(("degrees", "turned"), [(0, 0), (90, 90), (180, 180), (270, 270)])
def test_a_page_is_turned_as_its_text_runs(draw_page: DrawPage, degrees: int, turned: int) -> None:
    page = draw_page(degrees)
    height, width = page.pixels.shape[:2]
    pose = pose_of_chars(page.chars, width / height)
    assert pose == Pose(turned)
    upright = turn_page(page, pose)
    height, width = upright.pixels.shape[:2]
    words = words_of(upright.chars, width / height)
    order = reading_order((words.box * 1000).tolist())
    assert [words.text[i] for i in order] == " ".join(TEXT).split()
    for box in (words.box * np.array([width, height, width, height])).astype(int):
        assert (upright.picture[box[1] : box[3] + 1, box[0] : box[2] + 1] < 128).any(), "on its ink"


def test_mirrored_lines_that_go_down_the_page_do_not_stand_on_their_head(draw_page: DrawPage) -> None:
    chars = draw_page(0).chars
    mirrored = chars.box[:, [2, 1, 0, 3]] * np.float32([-1, 1, -1, 1]) + np.float32([1, 0, 1, 0])
    pose = pose_of_chars(type(chars)(chars.code, mirrored, chars.hidden), 4 / 3)
    assert pose == UPRIGHT


def test_right_to_left_text_is_not_turned(draw_page: DrawPage) -> None:
    """Even where its lines are written from the last one up."""
    chars = draw_page(180).chars
    solid = chars.solid()
    hebrew = np.where(solid, np.uint32(0x05D0), chars.code)
    assert pose_of_chars(chars, 4 / 3) == Pose(180)
    assert pose_of_chars(type(chars)(hebrew, chars.box, chars.hidden), 4 / 3) == UPRIGHT


def test_a_few_characters_say_nothing(draw_page: DrawPage) -> None:
    chars = draw_page(90).chars
    few = type(chars)(chars.code[:15], chars.box[:15], chars.hidden[:15])
    assert pose_of_chars(few, 4 / 3) is not None
    assert not pose_of_chars(few, 4 / 3)


def test_an_upright_page_is_the_same_object(draw_page: DrawPage) -> None:
    page = draw_page(0)
    assert turn_page(page, UPRIGHT) is page
