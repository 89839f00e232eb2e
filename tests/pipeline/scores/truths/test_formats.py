"""Readers of truth: each format on a tiny file, told by what it holds, and what is wrong said in a line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scores.truths import Truth, TruthFormat, read_truth
from pipeline.scores.truths.base import Size, rows_of, scaled, shared_out
from pipeline.scores.truths.pixels import HEAD_BYTES, picture_size

SIZE = (200.0, 400.0)


def read(data: bytes, page: int = 0, size: Size | None = SIZE) -> Truth:
    truth = read_truth(data, page, size, "a file")
    assert truth is not None
    return truth


def test_every_format_is_told_by_what_it_holds(files: dict[str, bytes]) -> None:
    assert set(files) == {form.value for form in TruthFormat}
    for name, data in files.items():
        assert read(data).format == name
        assert read(b"\xef\xbb\xbf" + data).format == name


def test_words_of_forms_are_in_rows_of_their_blocks(files: dict[str, bytes]) -> None:
    truth = read(files["funsd"])
    assert truth.texts == ["Two", "rows", "here", "", "x"]
    assert truth.boxes[0] == (50, 25, 200, 50)
    assert (truth.unit, truth.line) == ([0, 0, 0, 1, 2], [0, 0, 1, 2, 3])
    assert (truth.has_order, truth.unit_relations, truth.aspect) == (False, [], 0.5)


def test_segments_with_relations(files: dict[str, bytes]) -> None:
    truth = read(files["roor"], size=None)
    assert truth.texts == ["one", "two", "three"]
    assert truth.unit_boxes[1] == (500, 0, 600, 100)
    assert truth.unit_relations == [(0, 1), (0, 2)]
    assert (truth.chain, truth.has_order) == (False, True)


def test_lines_of_receipts_are_split_and_shared_out(files: dict[str, bytes]) -> None:
    truth = read(files["sroie"])
    assert truth.texts == ["AB", "C", "1,5", "x"]
    assert truth.unit == truth.line == [0, 0, 1, 1]
    assert truth.boxes[:2] == [(50, 25, 175, 75), (237.5, 25, 300, 75)]  # 4 characters over 50 pixels
    assert truth.unit_boxes[1] == (25, 125, 225, 175)  # upright around the four corners
    assert (truth.chain, truth.by_words) == (True, False)


def test_tokens_of_papers(files: dict[str, bytes]) -> None:
    truth = read(files["docbank"], size=None)
    assert (truth.texts, truth.line, truth.chain) == (["A", "b"], None, True)
    assert truth.boxes == truth.unit_boxes == [(100, 100, 150, 120), (160, 100, 200, 120)]
    assert (truth.aspect, read(files["docbank"]).aspect) == (None, 0.5)


def test_lines_of_papers_page_by_page(files: dict[str, bytes]) -> None:
    first, second = read(files["hrdoc"], 0), read(files["hrdoc"], 1)
    assert first.texts == ["A", "title", "a", "b", "last"]
    assert first.unit == [0, 0, 1, 1, 2]
    assert first.lines == [0, 0, None, None, 2]  # a table is no line
    assert (second.texts, second.unit) == (["next", "page"], [0, 0])


def test_our_own_truth(files: dict[str, bytes]) -> None:
    truth = read(files["synth"], size=None)
    assert truth.texts == ["one", "two", "three"]
    assert truth.unit == truth.line == [0, 0, 1]
    assert truth.unit_relations == [(0, 1)]
    assert read(files["synth"], 1).texts == []


@pytest.mark.parametrize("name", ["funsd", "sroie", "hrdoc"])
def test_pixels_need_the_size_of_the_picture(name: str, files: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="a file: its boxes are in pixels, and the size of the page's picture"):
        read_truth(files[name], 0, None, "a file")


@pytest.mark.parametrize("name", sorted(form.value for form in TruthFormat))
def test_a_page_that_is_not_there(name: str, files: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="a file: truth of .* page 7 is asked for"):
        read_truth(files[name], 7, SIZE, "a file")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  \n",
        b'{"company": "x", "total": "1"}',
        b"[]",
        b"[1, 2]",
        b"prose, nothing else",
        b"[Page left blank on purpose]",
        b"1,2,3,4,text",
        b"\xff",
    ],
)
def test_what_nobody_knows_is_none(data: bytes) -> None:
    assert read_truth(data, 0, SIZE) is None


def _with(name: str, change: Callable[[Any], object], files: dict[str, bytes]) -> bytes:
    value = json.loads(files[name])
    change(value)
    return json.dumps(value).encode()


BROKEN: list[tuple[str, Callable[[Any], object], str]] = [
    ("funsd", lambda v: v["form"].append(1), "an entry of `form` is missing or of another kind"),
    ("funsd", lambda v: v["form"][0].pop("words"), "`words` is missing"),
    ("funsd", lambda v: v["form"][0]["words"][0].update(text=3), "`text` is missing or of another kind"),
    ("funsd", lambda v: v["form"][0]["words"][0].update(box=[1, 2, 3]), "a `box` of 3 numbers"),
    ("funsd", lambda v: v["form"][0]["words"][0].update(box=[1, 2, 3, "4"]), "a number of a `box`"),
    ("funsd", lambda v: v["form"][0]["words"][0].update(box=[1, 2, 3, True]), "a number of a `box`"),
    ("roor", lambda v: v.pop("img"), "`img` is missing"),
    ("roor", lambda v: v["img"].update(width=0), "a page of 0.0 x 400.0"),
    ("roor", lambda v: v["ro_linkings"].append([0, 9]), "a link that is no pair of segments that exist"),
    ("roor", lambda v: v["ro_linkings"].append([0]), "a link that is no pair"),
    ("roor", lambda v: v["document"][0].pop("id"), "`id` is missing"),
    ("hrdoc", lambda v: v[1].pop("text"), "`text` is missing"),
    ("hrdoc", lambda v: v[1].update(page="0"), "`page` is missing or of another kind"),
    ("synth", lambda v: v["pages"][0]["words"][0].update(line=9), "names a line beyond the 2 that exist"),
]


@pytest.mark.parametrize(("name", "change", "text"), BROKEN)
def test_what_is_wrong_is_said_with_the_name_of_the_file(
    name: str, change: Callable[[Any], object], text: str, files: dict[str, bytes]
) -> None:
    with pytest.raises(ValueError, match="^a file: ") as caught:
        read_truth(_with(name, change, files), 0, SIZE, "a file")
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'{"form": [', "damaged JSON"),
        (b'[{"text": NaN}]', "damaged JSON"),
        (b'[{"text": ' + b"[" * 100_000, "damaged JSON"),
        (b" {", "damaged JSON"),
        (b"1,1,2,1,2,2,1,2,first\nno numbers here\n", "row 2 is not eight numbers and a text"),
        (b"A\t1\t1\t2\t2\t0\t0\t0\tF\tp\nB\t1\t1\n", "row 2 is not ten cells"),
        (b'{"form": [{"box": [0, 0, 1, 1], "words": [{"text": "a", "box": [1e999, 0, 1, 1]}]}]}', "damaged JSON"),
    ],
)
def test_damage_is_said_with_the_name_of_the_file(data: bytes, text: str) -> None:
    with pytest.raises(ValueError, match="^a file: ") as caught:
        read_truth(data, 0, SIZE, "a file")
    assert text in str(caught.value)


def test_a_text_may_begin_with_a_bracket() -> None:
    assert read(b"[1]\t1\t1\t2\t2\t0\t0\t0\tF\treference\n").texts == ["[1]"]


def test_a_text_with_bytes_that_are_no_utf8_is_read() -> None:
    assert read(b"1,1,2,1,2,2,1,2,caf\xe9\n").texts == ["caf\ufffd"]


def test_too_many_words_are_refused() -> None:
    many = b"x\t1\t1\t2\t2\t0\t0\t0\tF\tp\n" * 200_001
    with pytest.raises(ValueError, match="a file: List should have at most 200000 items"):
        read_truth(many, 0, None, "a file")


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["form", "document", "ro_linkings", "img", "words", "box", "text", "id", "page", "class", "schema"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(JSONS | st.dictionaries(st.sampled_from(["form", "document", "ro_linkings"]), JSONS, min_size=1))
def test_any_json_is_truth_or_unknown_or_an_error_with_a_name(value: object) -> None:
    try:
        found = read_truth(json.dumps(value).encode(), 0, SIZE, "a file")
    except ValueError as error:
        assert str(error).startswith("a file: ")
    else:
        assert found is None or isinstance(found, Truth)


@given(st.binary(max_size=200))
def test_any_bytes_are_truth_or_unknown_or_an_error_with_a_name(data: bytes) -> None:
    for extended in (data, b"1,1,2,1,2,2,1,2," + data, b"A\t1\t1\t2\t2\t0\t0\t0\tF\t" + data):
        try:
            read_truth(extended, 0, SIZE, "a file")
        except ValueError as error:
            assert str(error).startswith("a file: ")


@given(st.text("ab ", max_size=12), st.integers(0, 900), st.integers(0, 90))
def test_any_line_is_shared_out_from_left_to_right_inside_its_box(text: str, left: int, width: int) -> None:
    texts, boxes = shared_out(text, [left, 5, left + width, 9])
    assert texts == (text.split() or [""])
    edges = [edge for box in boxes for edge in (box[0], box[2])]
    assert edges == sorted(edges)
    assert left <= edges[0]
    assert edges[-1] <= left + width + 1e-6


def test_boxes_are_ordered_and_cut_off_at_the_page() -> None:
    assert scaled([[60, 10, -5, 150]], 100, 100) == [(0, 100, 600, 1000)]
    assert scaled([], 100, 100) == []


def test_boxes_of_a_picture_of_another_size_are_an_error() -> None:
    level = [(40 * i, 40 * i, 40 * i + 30, 40 * i + 30) for i in range(10)]
    assert len(scaled(level, 400, 400)) == 10
    assert len(scaled([*level, (500, 500, 600, 600)], 400, 400)) == 11, "one of many is a slip"
    assert len(scaled([(500, 500, 600, 600)], 400, 400)) == 1, "so are a few"
    with pytest.raises(ValueError, match="5 of 10 boxes lie beside the page of 200 x 200"):
        scaled(level, 200, 200)


def test_rows_go_on_while_words_stand_level() -> None:
    assert rows_of([[0, 0, 9, 10], [10, 4, 19, 14], [0, 12, 9, 22], [20, 12, 29, 22]], 5) == [5, 5, 6, 6]
    assert rows_of([], 3) == []


def test_the_shared_sets_are_read_whole(shared: Path) -> None:
    folder = shared / "data" / "documents"
    forms = folder / "funsd" / "training_data"
    receipts = folder / "sroie"
    found: Counter[str] = Counter()

    def count(file: Path, picture: Path | None, page: int = 0) -> None:
        size = picture_size(picture.read_bytes()[:HEAD_BYTES]) if picture else None
        truth = read_truth(file.read_bytes(), page, size, file.name)
        assert truth is not None
        found[truth.format] += 1
        found[f"{truth.format} words"] += len(truth.texts)

    for file in (forms / "annotations").glob("*.json"):
        count(file, forms / "images" / f"{file.stem}.png")
    for file in (folder / "funsd_reading_order_roor").glob("*.json"):
        count(file, None)
    for file in (receipts / "boxes").glob("*.csv"):
        count(file, receipts / "images" / f"{file.stem}.jpg")
    for file in (folder / "docbank").glob("*.txt"):
        count(file, file.with_name(f"{file.stem}_ori.jpg"))
    for file in (folder / "hrdoc").glob("*.json"):
        for number, picture in enumerate((folder / "hrdoc" / file.stem).iterdir()):
            count(file, picture, number)
    for file in (receipts / "entities").iterdir():
        assert read_truth(file.read_bytes(), 0, None) is None
    pages = {name: found[name] for name in ("funsd", "roor", "sroie", "docbank", "hrdoc")}
    assert pages == {"funsd": 149, "roor": 149, "sroie": 76, "docbank": 9, "hrdoc": 15}
    assert (found["roor words"], found["docbank words"]) == (22360, 5781)
