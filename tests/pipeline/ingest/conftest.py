"""Inputs for ingestion, and ingestion without Ray: born-digital documents, no OCR."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from pipeline.ingest import IngestConfig, IngestWorker, Planner, probe
from pipeline.pages import Sandbox
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import INPUTS_UNIT, GenerationFiles, add_generation, open_or_create
from pipeline.sources import list_inputs
from pipeline.synth import Spec, make, save
from pipeline.words import PdfText, RouteConfig
from schemas.dataset import GenerationPlan
from schemas.manifest import ManifestRow

SPECS = (("letter", 2), ("invoice", 1), ("paper2", 1), ("table", 2))


@dataclass
class Ingestion:
    """Ingestion into a folder, step by step."""

    out: Path
    sandbox: Sandbox
    config: IngestConfig

    @property
    def store(self) -> Store:
        return Store(str(self.out))

    @property
    def dataset(self) -> Dataset:
        return Dataset(str(self.out))

    def plan(self, inputs: Sequence[str | Path]) -> GenerationPlan:
        """List, probe, and fix what is to be done."""
        info = open_or_create(self.store, "pages", self.config.stored())
        name = f"gen-{len(info.generations):04d}"
        rows = [row for g in info.generations for row in self.dataset.manifest(g.name).to_pylist()]
        known = frozenset((row["uri"], row["sha256"]) for row in rows)
        held = frozenset(row["sha256"] for row in rows if row["page"] is not None)
        uris = list_inputs(map(str, inputs))
        planned = Planner(name, known, held).plan(probe(uri, self.sandbox) for uri in uris)
        files = GenerationFiles(self.store, name)
        if planned.decided:
            files.write_unit(INPUTS_UNIT, planned.decided)
        return files.write_plan(planned.pages, self.config.pages_per_shard, planned.inputs)

    def work(self, plan: GenerationPlan, units: Sequence[int] | None = None) -> int:
        """Do units with a worker of their own; how many pages were ticked."""
        worker = IngestWorker(str(self.out), plan.name, self.config)
        ticks: list[None] = []
        try:
            for unit in range(plan.units) if units is None else units:
                worker.run(unit, lambda: ticks.append(None))
        finally:
            worker.close()
        return len(ticks)

    def finish(self, plan: GenerationPlan) -> Dataset:
        """List the generation as finished."""
        store = self.store
        info = open_or_create(store, "pages", self.config.stored())
        add_generation(store, info, GenerationFiles(store, plan.name).finish(plan, {}))
        return self.dataset

    def run(self, *inputs: str | Path) -> Dataset:
        """All of it."""
        plan = self.plan(inputs)
        self.work(plan)
        return self.finish(plan)

    def rows(self, name: str = "gen-0000") -> list[ManifestRow]:
        """The manifest of a generation."""
        return [ManifestRow.model_validate(row) for row in self.dataset.manifest(name).to_pylist()]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """The sandbox that probes."""
    with Sandbox() as made:
        yield made


@pytest.fixture
def ingestion(tmp_path: Path, sandbox: Sandbox) -> Callable[..., Ingestion]:
    """`ingestion(name="pages", **config)`: three pages a shard, text layers always."""

    def start(name: str = "pages", **config: Any) -> Ingestion:
        options = {"route": RouteConfig(pdf_text=PdfText.ALWAYS), "pages_per_shard": 3, **config}
        return Ingestion(tmp_path / name, sandbox, IngestConfig(**options))

    return start


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of four born-digital documents of six pages with their truth; tests must not change it."""
    folder = tmp_path_factory.mktemp("inputs")
    for index, (kind, pages) in enumerate(SPECS):
        save(folder, make(Spec(index=index, seed=7, document_type=kind, variant="digital", pages=pages)))
    return folder


@pytest.fixture(scope="session")
def ingested(inputs: Path, sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Ingestion:
    """Those documents as a finished dataset; tests must not change it."""
    config = IngestConfig(route=RouteConfig(pdf_text=PdfText.ALWAYS), pages_per_shard=3)
    run = Ingestion(tmp_path_factory.mktemp("ingested") / "pages", sandbox, config)
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
