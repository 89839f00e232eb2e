"""Born-digital documents beside truth in formats of others, made of what they really say. No OCR, no Ray."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.synth import Spec, make
from schemas.truth import PageTruth


def docbank(page: PageTruth) -> str:
    """As DocBank would say it."""
    return "".join(
        "\t".join([word.text, *map(str, word.box), "0", "0", "0", "Font", "paragraph"]) + "\n" for word in page.words
    )


def roor(page: PageTruth) -> str:
    """As ROOR would say it: a segment a line, each followed by the next."""
    segments = [
        {
            "id": number,
            "box": box,
            "text": "",
            "words": [{"text": word.text, "box": word.box} for word in page.words if word.line == number],
        }
        for number, box in enumerate(page.lines)
    ]
    links = [[a, a + 1] for a in range(len(segments) - 1)]
    return json.dumps({"document": segments, "img": {"width": 1000, "height": 1000}, "ro_linkings": links})


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four letters: two with DocBank's truth, one with ROOR's, one with none; tests must not change it."""
    folder = tmp_path_factory.mktemp("foreign") / "in"
    folder.mkdir()
    for index, kind in enumerate((docbank, docbank, roor, None)):
        made = make(Spec(index=index, seed=7, document_type="letter", variant="digital", pages=1))
        (folder / f"{index}.pdf").write_bytes(made.data)
        if kind is not None:
            suffix = ".json" if kind is roor else ".txt"
            (folder / f"{index}{suffix}").write_text(kind(made.truth.pages[0]))
    return folder


@pytest.fixture(scope="session")
def foreign_pages(foreign: Path, ingest_folder: Callable[..., str]) -> str:
    """The page dataset of those; tests must not change it."""
    return ingest_folder([foreign], foreign.with_name("pages"))
