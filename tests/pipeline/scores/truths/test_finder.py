"""The truth of a record: in it, in folders that are named, beside its document; turned as its page was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.scores.truths import TruthFormat
from pipeline.scores.truths.finder import TruthFinder
from pipeline.scores.truths.synth import of_page
from pipeline.scores.truths.upright import turned
from pipeline.upright import turn_truth
from pipeline.upright.pose import Pose
from schemas.page import DocumentRef, Engine, Lines, Orientation, Page, Route, Words, page_key
from schemas.truth import DocumentTruth, PageTruth

SHA = "ab" * 32
SIDES = ("", "/in", "/annotations", "/boxes", "/box", "/jsons")


def record(uri: Path | str, page: int = 0, **more: Any) -> Page:
    """An empty page of a document at `uri`."""
    given: dict[str, Any] = {
        "key": page_key(SHA, page),
        "document": DocumentRef(sha256=SHA, uri=str(uri), pages=9),
        "page": page,
        "size": (200, 400),
        "route": Route.OCR,
        "reason": "a test",
        "features": {},
        "orientation": Orientation(),
        "engine": Engine(name="none", version="0", models={}, config="0"),
        "words": Words(text=[], box=[], line=[], confidence=[], source_line=[]),
        "lines": Lines(box=[], block=[]),
    }
    return Page(**given | more)


@pytest.fixture
def forms(tmp_path: Path, files: dict[str, bytes]) -> Path:
    """A picture with FUNSD's truth in the folder beside it."""
    for name in ("images", "annotations"):
        (tmp_path / name).mkdir()
    (tmp_path / "annotations" / "1.json").write_bytes(files["funsd"])
    Image.new("L", (200, 400)).save(tmp_path / "images" / "1.png")
    return tmp_path


def test_beside_the_document_with_the_size_of_its_picture(forms: Path) -> None:
    with TruthFinder() as finder:
        truth = finder.of(record(forms / "images" / "1.png"))
        assert truth is not None
        assert (truth.format, truth.boxes[0]) == (TruthFormat.FUNSD, (50, 25, 200, 50))
        assert finder.of(record(forms / "images" / "2.png")) is None
        assert (finder.bad, finder.unknown) == ({}, set())


def test_a_named_folder_comes_before_the_record_and_that_before_what_lies_beside(
    forms: Path, tmp_path: Path, files: dict[str, bytes]
) -> None:
    own = DocumentTruth.from_json(files["synth"]).pages[0]
    named = tmp_path / "named"
    named.mkdir()
    (named / "1.json").write_bytes(files["roor"])
    page = record(forms / "images" / "1.png", truth=own)
    with TruthFinder() as finder, TruthFinder([str(named)]) as other:
        assert finder.of(page) == of_page(own)
        found = other.of(page)
        assert found is not None
        assert found.format is TruthFormat.ROOR


def test_truth_without_an_order_is_passed_over_where_one_is_asked_for(forms: Path, files: dict[str, bytes]) -> None:
    page = record(forms / "images" / "1.png")
    with TruthFinder() as finder:
        assert finder.of(page, ordered=True) is None
        (forms / "images" / "1.txt").write_bytes(files["docbank"])
        found = finder.of(page, ordered=True)
        assert found is not None
        assert found.format is TruthFormat.DOCBANK


def test_files_that_are_damaged_or_of_another_kind_are_remembered(forms: Path) -> None:
    (forms / "annotations" / "1.json").write_text('{"form": [')
    (forms / "images" / "1.json").write_text('{"company": "x"}')
    with TruthFinder() as finder:
        assert finder.of(record(forms / "images" / "1.png")) is None
        assert finder.unknown == {str(forms / "images" / "1.json")}
        assert list(finder.bad) == [str(forms / "annotations" / "1.json")]
        assert next(iter(finder.bad.values())).startswith("damaged JSON")


def test_a_pdf_has_no_size_in_pixels(forms: Path) -> None:
    (forms / "images" / "1.pdf").write_bytes(b"%PDF-1.7")
    with TruthFinder() as finder:
        assert finder.of(record(forms / "images" / "1.pdf")) is None
        assert "the size of the page's picture is not known" in next(iter(finder.bad.values()))


def test_a_picture_that_its_file_turns_is_measured_as_it_is_shown(forms: Path) -> None:
    Image.new("L", (400, 200)).save(forms / "images" / "1.png")
    with TruthFinder() as finder:
        truth = finder.of(record(forms / "images" / "1.png", orientation=Orientation(declared=90)))
        assert truth is not None
        assert truth.boxes[0] == (50, 25, 200, 50)


def test_a_page_that_lay_on_its_side_has_its_truth_turned(forms: Path) -> None:
    lying = record(forms / "images" / "1.png", size=(400, 200), orientation=Orientation(turned=90))
    with TruthFinder() as finder:
        truth = finder.of(lying)
    assert truth is not None
    left, top, right, bottom = truth.boxes[0]  # (50, 25, 200, 50) before: what was left is above, what was low is left
    assert (left, top, right, bottom) == pytest.approx((950, 50, 975, 200))
    assert truth.aspect == 2


@pytest.mark.parametrize(("degrees", "skew"), [(0, 3.0), (90, 0.0), (180, -2.0), (270, 1.5)])
def test_truth_of_a_file_is_turned_as_that_of_a_record_is(degrees: int, skew: float, files: dict[str, bytes]) -> None:
    page = DocumentTruth.from_json(files["synth"]).pages[0]
    before = 0.5
    after = before if degrees in (0, 180) else 1 / before
    ours = turned(of_page(page), Pose(degrees, skew), after)
    theirs = turn_truth(page, Pose(degrees, skew), before)
    for mine, word in zip(ours.boxes, theirs.words, strict=True):
        assert mine == pytest.approx(word.box, abs=1.0)  # theirs are rounded outwards
    for mine, box in zip(ours.unit_boxes, theirs.lines, strict=True):
        assert mine == pytest.approx(box, abs=1.0)


def test_truth_of_an_upright_page_stays_as_it_is(files: dict[str, bytes]) -> None:
    true = of_page(DocumentTruth.from_json(files["synth"]).pages[0])
    assert turned(true, Pose(), 0.5) is true


def test_pages_of_a_folder_of_pictures(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "paper").mkdir()
    (tmp_path / "paper.json").write_bytes(files["hrdoc"])
    for page in (0, 1):
        Image.new("L", (200, 400)).save(tmp_path / "paper" / f"paper_{page}.png")
    with TruthFinder() as finder:
        second = finder.of(record(tmp_path / "paper" / "paper_1.png"))
    assert second is not None
    assert second.texts == ["next", "page"]


def test_truth_of_a_document_of_several_pages(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "a.pdf.truth.json").write_bytes(files["synth"])
    with TruthFinder() as finder:
        first, second, third = (finder.of(record(tmp_path / "a.pdf", page)) for page in range(3))
        assert first is not None
        assert second is not None
        assert (len(first.texts), len(second.texts), third) == (3, 0, None)
        assert "truth of 2 pages, page 2 is asked for" in next(iter(finder.bad.values()))


def test_a_folder_that_is_out_of_reach_is_asked_once() -> None:
    with TruthFinder() as finder:
        for name in ("1.png", "2.png"):
            assert finder.of(record(f"nonsense://bucket/in/{name}")) is None
        assert set(finder.bad) <= {f"nonsense://bucket{side}" for side in SIDES}
        assert "Protocol not known" in finder.bad["nonsense://bucket/in"]


def test_a_picture_that_is_out_of_reach_has_no_size(tmp_path: Path, files: dict[str, bytes]) -> None:
    (tmp_path / "1.json").write_bytes(files["funsd"])
    (tmp_path / "2.json").write_bytes(files["roor"])
    with TruthFinder([str(tmp_path)]) as finder:
        assert finder.of(record("nonsense://bucket/in/1.png")) is None
        assert "the size of the page's picture is not known" in finder.bad[str(tmp_path / "1.json")]
        assert finder.of(record("nonsense://bucket/in/2.png")) is not None


def test_a_named_folder_that_is_out_of_reach_is_an_error() -> None:
    with TruthFinder(["nonsense://truth"]) as finder, pytest.raises(ValueError, match="Protocol not known"):
        finder.of(record("/d/1.png"))


def test_the_record_of_an_empty_page_has_truth_too(tmp_path: Path) -> None:
    with TruthFinder() as finder:
        truth = finder.of(record(tmp_path / "x.png", truth=PageTruth(words=[], lines=[])), ordered=True)
    assert truth is not None
    assert json.loads(truth.to_json())["texts"] == []
