"""Words that come with a document: the layouts of pdfa-eng-wds and idl-wds, and nothing that is only like them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.words.base import WordList, clean
from pipeline.words.given import given_words

WORDS = {
    "text": ["Health", "Smart", "", "Virginia"],
    "bbox": [[0.1, 0.2, 0.05, 0.01], [0.2, 0.2, 0.1, 0.01], [0.3, 0.2, 0.1, 0.01], [0.9, 0.99, 0.2, 0.02]],
    "score": [0.5, None, 1.0, 1],
    "line_pos": [[0, 0], [0, 7], [0, 12], [1, 0]],
}


def read(*pages: Any) -> list[WordList]:
    found = given_words(json.dumps({"pages": pages}).encode(), len(pages))
    assert found is not None
    return found


def test_words_of_pdfa() -> None:
    [words] = read({"words": WORDS, "lines": {"text": []}, "images_bbox": []})
    assert words.text == ["Health", "Smart", "Virginia"]
    np.testing.assert_allclose(words.box, [[0.1, 0.2, 0.15, 0.21], [0.2, 0.2, 0.3, 0.21], [0.9, 0.99, 1.0, 1.0]])
    assert (words.confidence, words.source_line) == ([0.5, 1.0, 1.0], [0, 0, 1])


def test_words_in_a_list_of_tables_or_of_words_are_the_same() -> None:
    [whole] = read({"words": WORDS})
    halves = [
        {name: column[:2] for name, column in WORDS.items()},
        {name: column[2:] for name, column in WORDS.items()},
    ]
    single = [{name: column[i] for name, column in WORDS.items()} for i in range(4)]
    for form in (halves, single, [WORDS]):
        [words] = read({"words": form})
        assert (words.text, words.confidence, words.source_line) == (whole.text, whole.confidence, whole.source_line)
        np.testing.assert_array_equal(words.box, whole.box)


def test_lines_come_from_slices_where_words_name_none() -> None:
    table = {name: WORDS[name] for name in ("text", "bbox")}
    [words] = read({"words": table, "lines": {"word_slice": [[2, 4], [0, 2]]}})
    assert words.source_line == [1, 1, 0]
    [words] = read({"words": table, "lines": [{"word_slice": [[0, 1]]}]})
    assert words.source_line == [0, 2, 4], "words of no line are their own"
    [words] = read({"words": table})
    assert (words.source_line, words.confidence) == ([0, 0, 0], [1.0, 1.0, 1.0])


def test_lines_of_idl_are_shared_out_among_their_words() -> None:
    page = {
        "text": [" TO :  MR. X ", "", "Re"],
        "bbox": [[0.1, 0.1, 0.4, 0.02], [0.5, 0.5, 0.1, 0.1], [0, 0, 0.1, 0.1]],
        "poly": [],
        "score": [0.9, 0.1, 0.8],
    }
    [words] = read(page)
    assert words.text == ["TO", ":", "MR.", "X", "Re"]
    # Of eleven characters: TO 0-2, the colon 3-4, MR. 6-9, X 10-11.
    share = 0.4 / 11
    np.testing.assert_allclose(words.box[:4, 0], [0.1, 0.1 + 3 * share, 0.1 + 6 * share, 0.1 + 10 * share])
    np.testing.assert_allclose(words.box[:4, 2], [0.1 + 2 * share, 0.1 + 4 * share, 0.1 + 9 * share, 0.5])
    assert (words.source_line, words.confidence) == ([0, 0, 0, 0, 2], [0.9, 0.9, 0.9, 0.9, 0.8])


def test_pages_without_words_are_empty() -> None:
    for page in ({"words": {}}, {"words": []}, {"words": {"text": [], "bbox": []}}, {"text": [], "bbox": []}):
        [words] = read(page)
        assert (len(words), words.box.shape) == (0, (0, 4))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"pages"',
        b'{"pages": 1}',
        b'{"pages": [1]}',
        b'{"pages": [{"width": 1}]}',
        b'{"pages": [{"words": {}}, {}]}',
        b'{"pages": [{"text": "a", "bbox": []}]}',
        b'{"width": 100, "sha256": "x"}',
        b"[" * 100_000,
        b"NaN" + b"[" * 100_000,
    ],
)
def test_other_json_is_none(data: bytes) -> None:
    assert given_words(data, 1) is None


def test_another_number_of_pages_is_refused() -> None:
    data = json.dumps({"pages": [{"words": {}}] * 2}).encode()
    with pytest.raises(ValueError, match="words of 2 pages for a document of 3"):
        given_words(data, 3)
    assert given_words(b'{"pages": []}', 0) == []
    with pytest.raises(ValueError, match="words of 0 pages"):
        given_words(b'{"pages": []}', 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bbox": [[0, 0, 0, 0]] * 3}, "3 entries of `bbox` for 4 of `text`"),
        ({"bbox": None}, "0 entries of `bbox`"),
        ({"bbox": [[0, 0, 0]] * 4}, "not four finite numbers"),
        ({"bbox": [[0, 0, 0, float("nan")]] * 4}, "not four finite numbers"),
        ({"bbox": [[0, 0, 0, True]] * 4}, "not four finite numbers"),
        ({"bbox": [[0, 0, 0, 10**400]] * 4}, "not four finite numbers"),
        ({"bbox": [[0, 0, -0.1, 0]] * 4}, "a negative width"),
        ({"bbox": [[100, 200, 50, 20]] * 4}, "4 of 4 boxes are not in fractions"),
        ({"text": ["a", "b", "c", 1]}, "a text that is no string"),
        ({"text": {"a": 1}}, "`text` is no list"),
        ({"score": ["x"] * 4}, "a `score` that is no number"),
        ({"score": [1]}, "1 entries of `score`"),
        ({"line_pos": [[-1, 0]] * 4}, "names no line"),
        ({"line_pos": [["a"]] * 4}, "names no line"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(change: dict[str, Any], message: str) -> None:
    data = json.dumps({"pages": [{"words": WORDS}, {"words": {**WORDS, **change}}]}).encode()
    with pytest.raises(ValueError, match=f"^words of page 1: .*{message}") as caught:
        given_words(data, 2)
    assert str(caught.value).isprintable()


def test_slices_beyond_the_words_are_refused() -> None:
    page = {"words": {"text": ["a"], "bbox": [[0, 0, 0, 0]]}, "lines": {"word_slice": [[0, 2]]}}
    for slices in ([[0, 2]], [[-1, 1]], [[1, 0]], [["a", 1]], [[0, 1, 1]], 7):
        with pytest.raises(ValueError, match="word_slice"):
            read({**page, "lines": {"word_slice": slices}})


def test_scores_that_are_no_numbers_in_json_are_met() -> None:
    data = b'{"pages": [{"words": {"text": ["a"], "bbox": [[0, 0, 1, 1]], "score": [NaN]}}]}'
    found = given_words(data, 1)
    assert found is not None
    assert found[0].confidence == [1.0]


FRACTION = st.floats(-0.2, 1.4)
BOX = st.tuples(FRACTION, FRACTION, st.floats(0, 1), st.floats(0, 1)).map(list)


@given(st.lists(st.tuples(st.text(max_size=12), BOX, st.none() | st.floats(-1, 2), st.integers(0, 9)), max_size=20))
def test_any_words_keep_their_order_and_lie_on_the_page(rows: list[tuple[str, list[float], float | None, int]]) -> None:
    table = {name: [row[i] for row in rows] for i, name in enumerate(("text", "bbox", "score"))}
    [words] = read({"words": {**table, "line_pos": [[row[3], 0] for row in rows]}})
    wanted = [(clean(piece), row[3]) for row in rows for piece in row[0].split() if clean(piece)]
    assert list(zip(words.text, words.source_line, strict=True)) == wanted
    assert len(words.confidence) == len(words) == len(words.box)
    assert ((words.box >= 0) & (words.box <= 1)).all()
    assert (words.box[:, :2] <= words.box[:, 2:]).all()
    assert all(0 <= score <= 1 for score in words.confidence)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["pages", "words", "text", "bbox", "score", "line_pos", "lines"]), inner, max_size=5
        )
    ),
)


@given(JSON, st.integers(0, 3))
def test_any_json_gives_words_none_or_a_value_error(value: object, pages: int) -> None:
    for data in (json.dumps(value), json.dumps({"pages": value}), json.dumps({"pages": [{"words": value}]})):
        try:
            found = given_words(data.encode(), pages)
        except ValueError as error:
            assert str(error).isprintable()
        else:
            assert found is None or len(found) == pages


@given(st.binary(max_size=200))
def test_any_bytes_give_words_none_or_a_value_error(data: bytes) -> None:
    assert given_words(data, 1) is None
