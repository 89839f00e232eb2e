"""The page record: each contract holds or is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.page import KEY_PATTERN, Orientation, Page, page_key

Spoil = Callable[[str, Any], dict[str, Any]]
SHA = "ab" * 32
HEX = st.text("0123456789abcdef", min_size=64, max_size=64)


def test_round_trip(page: Page, fields: dict[str, Any]) -> None:
    assert Page.from_json(page.to_json()) == page
    assert orjson.loads(page.to_json()) == fields
    assert list(orjson.loads(page.to_json())) == list(fields), "fields are stored in the order of the contract"


def test_a_page_without_words_is_kept(fields: dict[str, Any]) -> None:
    fields["words"] = {name: [] for name in fields["words"]}
    fields["lines"] = {"box": [], "block": []}
    assert Page.from_json(orjson.dumps(fields)).words.text == []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("key", f"{SHA[:16]}-00000", "is not that of page 1"),
        ("key", f"{'c' * 16}-00001", "is not that of page 1"),
        ("key", f"{SHA[:16]}-1", "pattern"),
        ("key", f"{SHA[:16]}-00001\n", "pattern"),
        ("key", f"../{SHA[:16]}-00001", "pattern"),
        ("page", -1, "greater than or equal to 0"),
        ("document.pages", 1, "page 1 of a document of 1"),
        ("document.pages", 0, "greater than 0"),
        ("document.sha256", SHA.upper(), "pattern"),
        ("size", [0, 10], "greater than 0"),
        ("size", [10], "required"),
        ("route", "guess", "'text-layer', 'ocr' or 'mixed'"),
        ("orientation.declared", 45, "Input should be 0, 90, 180 or 270"),
        ("features", {"ink": float("nan")}, "finite"),
        ("features", {"ink": float("inf")}, "finite"),
        ("words.confidence", [1.0, 0.5, 1.1], "less than or equal to 1"),
        ("words.confidence", [1.0, 0.5, float("nan")], "finite|greater|less"),
        ("words.confidence", [1.0, 0.5], "different lengths"),
        ("words.text", ["One", "two"], "different lengths"),
        ("words.text", ["One", "two", " "], "a word without text"),
        ("words.source_line", [], "different lengths"),
        ("words.box", [[0, 0, 10, 10], [30, 0, 20, 10], [0, 20, 10, 30]], "not ordered"),
        ("words.box", [[0, 0, 10, 10], [20, 10, 30, 0], [0, 20, 10, 30]], "not ordered"),
        ("words.box", [[0, 0, 10, 10], [20, 0, 30, 1001], [0, 20, 10, 30]], "less than or equal to 1000"),
        ("words.box", [[0, 0, 10, 10], [-1, 0, 30, 10], [0, 20, 10, 30]], "greater than or equal to 0"),
        ("words.box", [[0, 0, 10, 10], [20, 0, 30, 1.5], [0, 20, 10, 30]], "integer"),
        ("words.line", [0, 1, 0], "must run through the lines"),
        ("words.line", [1, 1, 0], "must run through the lines"),
        ("words.line", [0, 0, 2], "must run through the lines"),
        ("words.line", [0, 0, 0], "leaving none out"),
        ("words.line", [-1, 0, 1], "must run through the lines"),
        ("lines.block", [0], "different lengths"),
        ("extra", 1, "Extra inputs are not permitted"),
        ("words.extra", [], "Extra inputs are not permitted"),
        ("schema", "pagemill.page/2", "pagemill.page/1"),
    ],
)
def test_a_broken_contract_is_refused(spoil: Spoil, path: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Page.model_validate(spoil(path, value))


def test_words_of_no_line_are_refused(fields: dict[str, Any]) -> None:
    fields["words"]["line"] = [-1, -1, -1]
    fields["lines"] = {"box": [], "block": []}
    with pytest.raises(ValueError, match="must run through the lines"):
        Page.model_validate(fields)


@pytest.mark.parametrize("name", ["key", "document", "page", "size", "words", "lines", "engine", "features"])
def test_nothing_may_be_left_out(fields: dict[str, Any], name: str) -> None:
    del fields[name]
    with pytest.raises(ValueError, match=f"Page: {name}: Field required"):
        Page.from_json(orjson.dumps(fields))


@given(HEX, st.integers(0, 10**7))
def test_a_key_tells_document_and_page(sha256: str, page: int) -> None:
    key = page_key(sha256, page)
    assert KEY_PATTERN.fullmatch(key)
    assert key.split("-") == [sha256[:16], f"{page:05d}"]


@pytest.mark.parametrize(("sha256", "page"), [("ab", 0), ("AB" * 32, 0), ("ab" * 32 + "\n", 0), ("ab" * 32, -1)])
def test_a_key_of_nothing_is_refused(sha256: str, page: int) -> None:
    with pytest.raises(ValueError, match=r"sha256 must|page must"):
        page_key(sha256, page)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "0"),
        ({"declared": 90}, "90 as the file says"),
        ({"turned": 270, "skew": -1.5}, "270 as it lay, -1.5 as it leaned"),
    ],
)
def test_an_orientation_says_what_was_done(fields: dict[str, Any], said: str) -> None:
    assert str(Orientation.model_validate(fields)) == said
