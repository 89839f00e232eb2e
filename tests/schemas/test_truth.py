"""Truth: indices that exist."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.truth import DocumentTruth, PageTruth

WORD = {"text": "a", "box": [0, 0, 1, 1], "line": 0}
GOOD: dict[str, Any] = {
    "words": [WORD, WORD],
    "lines": [[0, 0, 1, 1]],
    "entities": [{"label": "question", "words": [0]}, {"label": "answer", "words": [1]}],
    "links": [[0, 1]],
}


def test_truth_survives_json() -> None:
    page = PageTruth.model_validate(GOOD)
    truth = DocumentTruth(document_type="form", seed=1, text_layer="right", pages=[page])
    assert DocumentTruth.from_json(truth.to_json()) == truth


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lines": []}, "a word names a line"),
        ({"entities": [{"label": "x", "words": [2]}], "links": []}, "an entity names a word"),
        ({"entities": [{"label": "x", "words": [-1]}], "links": []}, "an entity names a word"),
        ({"links": [[0, 2]]}, "a link names an entity"),
        ({"links": [[-1, 0]]}, "a link names an entity"),
        ({"links": [[0]]}, "links"),
        ({"words": [{**WORD, "box": [1, 0, 0, 1]}]}, "not ordered"),
    ],
)
def test_indices_must_exist(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PageTruth.model_validate({**GOOD, **change})
