"""Which way up: by marks alone where they are clear, by the real engine where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.pages import PageFacts, RawPage
from pipeline.upright import UPRIGHT, Pose, find_pose
from pipeline.words import Extractor, RouteConfig
from pipeline.words.ocr import OcrOptions, make_engine
from schemas.page import Route

DrawText = Callable[..., NDArray[np.uint8]]
_SCAN = PageFacts(picture_cover=1.0)


@pytest.fixture(scope="module")
def extractor() -> Iterator[Extractor]:
    """The real engine, loaded once."""
    made = Extractor(RouteConfig(), lambda: make_engine(OcrOptions()), 800)
    yield made
    made.close()


def never(picture: NDArray[np.uint8]) -> float:
    raise AssertionError("an engine was asked")


@pytest.mark.parametrize("degrees", [0.0, -3.0, 4.0])
def test_a_page_that_is_clearly_upright_asks_nobody(draw_text: DrawText, degrees: float) -> None:
    pose = find_pose(draw_text(degrees), never)
    assert pose.turned == 0
    assert pose.skew == pytest.approx(degrees, abs=0.16)


def test_a_page_without_evidence_stays_as_it_is(draw_text: DrawText) -> None:
    assert find_pose(np.full((500, 400), 255, np.uint8), never) == UPRIGHT
    assert find_pose(draw_text(3.0, lines=0), never) == UPRIGHT


def test_a_page_is_not_levelled_where_that_would_cut_letters_off() -> None:
    page = np.full((400, 1000), 255, np.uint8)
    for top in range(4, 396, 16):  # letters that fill the page to its very corners
        for left in range(2, 994, 12):
            page[top : top + 8, left : left + 6] = 0
    leaning = find_pose(Pose(0, 4.0).picture(page), lambda _: 0.0)
    assert leaning.turned == 0


@pytest.mark.parametrize("right", [0, 90, 180, 270])
def test_where_the_likely_ways_give_nothing_the_others_are_read(draw_text: DrawText, right: int) -> None:
    """The marks say that lines run across, and that they may stand on their head."""
    page = Pose(180).picture(draw_text(0.0))
    asked: list[tuple[int, ...]] = []

    def legible(picture: NDArray[np.uint8]) -> float:
        asked.append(picture.shape)
        return 1000.0 if len(asked) == {0: 1, 180: 2, 90: 3, 270: 4}[right] else 0.0

    assert find_pose(page, legible).turned == right
    assert len(asked) == (2 if right in (0, 180) else 4)


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_scan_comes_upright_however_it_was_laid(draw_text: DrawText, extractor: Extractor, turned: int) -> None:
    """Boxes and words are those of the upright page."""
    page = Pose(turned).picture(draw_text(-2.0))
    found = extractor.extract(RawPage(page, _SCAN), lambda longest: RawPage(page, _SCAN))
    assert found.route is Route.OCR
    assert found.pose.turned == (360 - turned) % 360
    assert found.pose.skew == pytest.approx(-2.0, abs=0.2)
    assert found.words.text[:4] == ["The", "quick", "brown", "fox"]
    first = found.words.box[:4]
    assert (np.diff(first[:, 0]) > 0).all()
    assert np.ptp(first[:, 3]) < 0.02, "on one line"
