"""Inputs for ingestion, and ingestion without Ray: born-digital documents, no OCR."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas
from support.ingestion import Ingestion

from pipeline.beside import Beside
from pipeline.ingest import IngestConfig
from pipeline.ingest.page import PageMaker
from pipeline.pages import Limits, Sandbox
from pipeline.synth import Spec, make, save
from pipeline.words import PdfText, RouteConfig

SPECS = (("letter", 2), ("invoice", 1), ("paper2", 1), ("table", 2))


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox that probes."""
    with Sandbox() as made:
        yield made


@pytest.fixture(scope="session")
def beside() -> Iterator[Beside]:
    """What parses words and truth where inputs are probed."""
    with Beside(Limits().for_pages) as made:
        yield made


@pytest.fixture(scope="session")
def knowing() -> Iterator[Sandbox]:
    """A sandbox that knows the password "secret"."""
    with Sandbox(passwords=["secret"]) as made:
        yield made


@pytest.fixture(scope="session")
def makers() -> Iterator[dict[Any, PageMaker]]:
    """What makes pages in all tests."""
    made: dict[Any, PageMaker] = {}
    yield made
    for maker in made.values():
        maker.close()


@pytest.fixture
def ingestion(
    tmp_path: Path, sandbox: Sandbox, beside: Beside, makers: dict[Any, PageMaker]
) -> Callable[..., Ingestion]:
    """`ingestion(name="pages", **config)`: three pages a shard, text layers always."""

    def start(name: str = "pages", **config: Any) -> Ingestion:
        options = {"route": RouteConfig(pdf_text=PdfText.ALWAYS), "pages_per_shard": 3, **config}
        return Ingestion(tmp_path / name, sandbox, beside, IngestConfig(**options), makers=makers)

    return start


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four born-digital documents of six pages with their truth; tests must not change it."""
    folder = tmp_path_factory.mktemp("inputs")
    for index, (kind, pages) in enumerate(SPECS):
        save(folder, make(Spec(index=index, seed=7, document_type=kind, variant="digital", pages=pages)))
    return folder


@pytest.fixture(scope="session")
def ingested(
    inputs: Path,
    sandbox: Sandbox,
    beside: Beside,
    makers: dict[Any, PageMaker],
    tmp_path_factory: pytest.TempPathFactory,
) -> Ingestion:
    """Those documents as a finished dataset; tests must not change it."""
    config = IngestConfig(route=RouteConfig(pdf_text=PdfText.ALWAYS), pages_per_shard=3)
    run = Ingestion(tmp_path_factory.mktemp("ingested") / "pages", sandbox, beside, config, makers=makers)
    run.run(inputs)
    return run


@pytest.fixture(scope="session")
def draw_pdf() -> Callable[..., bytes]:
    """`draw_pdf("text", "", ..., **options)`: a PDF with a line of text on each page."""

    def draw(*pages: str, **options: Any) -> bytes:
        sink = io.BytesIO()
        sheet = Canvas(sink, pagesize=(300, 200), invariant=1, **options)
        for text in pages:
            sheet.drawString(40, 100, text)
            sheet.showPage()
        sheet.save()
        return sink.getvalue()

    return draw
