"""A tiny file of each format, made by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.truth import DocumentTruth, PageTruth, TruthWord


def _segment(number: int, text: str, box: list[int]) -> dict[str, Any]:
    return {"id": number, "text": text, "box": box, "words": [{"id": 0, "text": text, "box": box}]}


FUNSD: dict[str, Any] = {
    "form": [
        {
            "box": [10, 10, 90, 50],
            "text": "Two rows here",
            "label": "question",
            "words": [
                {"text": "Two", "box": [10, 10, 40, 20]},
                {"text": "rows", "box": [50, 12, 90, 22]},
                {"text": "here", "box": [10, 40, 50, 50]},
            ],
            "linking": [],
            "id": 0,
        },
        {"box": [120, 10, 160, 20], "text": "", "label": "other", "words": [], "linking": [], "id": 1},
        {"box": [120, 11, 160, 21], "text": "x", "words": [{"text": "x", "box": [120, 11, 160, 21]}], "id": 2},
    ]
}
ROOR: dict[str, Any] = {
    "uid": "1",
    "img": {"fname": "images/1.png", "width": 200, "height": 400},
    "document": [
        _segment(0, "one", [0, 0, 20, 40]),
        _segment(1, "two", [100, 0, 120, 40]),
        _segment(2, "three", [0, 80, 20, 120]),
    ],
    "label_entities": [],
    "label_linkings": [],
    "ro_linkings": [[0, 1], [0, 2], [0, 1]],
}
HRDOC: list[dict[str, Any]] = [
    {"text": "A title", "box": [10, 10, 80, 20], "class": "title", "page": 0, "line_id": 0, "relation": "meta"},
    {"text": "a b", "box": [10, 30, 40, 60], "class": "tab", "page": 0, "line_id": 1, "relation": "contain"},
    {"text": "last", "box": [50, 30, 90, 40], "class": "para", "page": 0, "line_id": 2, "relation": "connect"},
    {"text": "next page", "box": [10, 10, 100, 20], "class": "para", "page": 1, "line_id": 3, "relation": "connect"},
]
SROIE = "10,10,60,10,60,30,10,30,AB C\r\n\r\n5,50,45,52,45,70,5,68,1,5 x\r\n"
DOCBANK = (
    "A\t100\t100\t150\t120\t0\t0\t0\tFont\tparagraph\n"
    "##LTFigure##\t0\t0\t999\t500\t0\t0\t0\tx\tfigure\n"
    "b\t160\t100\t200\t120\t0\t0\t0\tFont\tparagraph\n"
)
SYNTH = DocumentTruth(
    document_type="letter",
    seed=1,
    text_layer="none",
    pages=[
        PageTruth(
            words=[
                TruthWord(text="one", box=(10, 10, 100, 20), line=0),
                TruthWord(text="two", box=(110, 10, 200, 20), line=0),
                TruthWord(text="three", box=(10, 30, 100, 40), line=1),
            ],
            lines=[(10, 10, 200, 20), (10, 30, 100, 40)],
        ),
        PageTruth(words=[], lines=[]),
    ],
)

FILES: dict[str, bytes] = {
    "funsd": json.dumps(FUNSD).encode(),
    "roor": json.dumps(ROOR).encode(),
    "hrdoc": json.dumps(HRDOC).encode(),
    "sroie": SROIE.encode(),
    "docbank": DOCBANK.encode(),
    "synth": SYNTH.to_json(),
}


@pytest.fixture
def files() -> dict[str, bytes]:
    """Bytes by name of the format."""
    return dict(FILES)
