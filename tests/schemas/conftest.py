"""Records made by hand that several tests look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from schemas.page import Page

# A busy machine is no failure: pytest's own timeout bounds each test.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

SHA = "ab" * 32


def page_fields() -> dict[str, Any]:
    """Fields of a page of three words on two lines, as JSON would give them."""
    return {
        "schema": "pagemill.page/1",
        "key": f"{SHA[:16]}-00001",
        "document": {"sha256": SHA, "uri": "/data/a b\u00e9.pdf", "pages": 2},
        "page": 1,
        "size": [707, 1000],
        "route": "text-layer",
        "reason": "text-is-good",
        "features": {"ink": 0.1, "characters": 12.0},
        "orientation": {"declared": 90, "turned": 0, "skew": 0.0},
        "engine": {"name": "pdfium", "version": "1", "models": {}, "config": "0" * 64},
        "words": {
            "text": ["One", "two", "\u2603"],
            "box": [[0, 0, 10, 10], [20, 0, 30, 10], [0, 20, 10, 30]],
            "line": [0, 0, 1],
            "confidence": [1.0, 0.5, 0.0],
            "source_line": [7, 7, 3],
        },
        "lines": {"box": [[0, 0, 30, 10], [0, 20, 10, 30]], "block": [0, 0]},
    }


@pytest.fixture
def fields() -> dict[str, Any]:
    """Fields of a valid page, free to be spoiled."""
    return page_fields()


@pytest.fixture
def page(fields: dict[str, Any]) -> Page:
    """A valid page."""
    return Page.model_validate(fields)


@pytest.fixture
def spoil(fields: dict[str, Any]) -> Callable[[str, Any], dict[str, Any]]:
    """`spoil("words.line", [0])`: the fields of a valid page but for one, named by its path."""

    def change(path: str, value: Any) -> dict[str, Any]:
        *parents, last = path.split(".")
        place = fields
        for name in parents:
            place = place[name]
        place[last] = value
        return fields

    return change
