"""Ingestion without Ray, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.beside import Beside
from pipeline.ingest import IngestConfig, IngestWorker, InputFiles, accounted, listing_row, make_plan, probe, unseen
from pipeline.ingest.page import PageMaker
from pipeline.ingest.retry import rejected, retry_rows
from pipeline.pages import Sandbox
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, open_or_create
from pipeline.sources import list_inputs
from schemas.dataset import Counts, DatasetInfo, GenerationPlan, Listing
from schemas.manifest import ManifestRow


@dataclass
class Ingestion:
    """Ingestion into a folder, step by step."""

    out: Path
    sandbox: Sandbox
    beside: Beside
    config: IngestConfig
    passwords: Sequence[str] = ()  # that workers are given; the sandbox has its own
    makers: dict[Any, PageMaker] = field(default_factory=dict)  # by configuration and passwords: starting one is slow
    opened: list[str] = field(default_factory=list)  # what was looked at so far

    @property
    def store(self) -> Store:
        return Store(str(self.out))

    @property
    def dataset(self) -> Dataset:
        return Dataset(str(self.out))

    @property
    def info(self) -> DatasetInfo:
        return open_or_create(self.store, "pages", self.config.stored())

    @property
    def files(self) -> GenerationFiles:
        """Of the generation that comes next."""
        return GenerationFiles(self.store, f"gen-{len(self.info.generations):04d}")

    def list_new(self, inputs: Sequence[str | Path]) -> Listing | None:
        """List what is new among the inputs; None where nothing is."""
        listed = list_inputs([str(place) for place in inputs])
        return self._write([listing_row(one) for one in unseen(self.store, self.info, listed)], None)

    def list_rejected(self) -> Listing | None:
        """List what was rejected; None where nothing was."""
        again = rejected(self.dataset)
        return self._write(retry_rows(self.dataset, again), again.counts())

    def _write(self, rows: list[dict[str, Any]], replaces: Counts | None) -> Listing | None:
        return InputFiles(self.files).write_listing(rows, replaces) if rows else None

    def look(self) -> GenerationPlan | None:
        """Open what is listed and was not opened, and fix what is to be done."""
        inputs = InputFiles(self.files)
        listing = inputs.read_listing()
        assert listing is not None
        for part in sorted(set(range(len(listing.files))) - inputs.probed()):
            rows = inputs.listed(part).to_pylist()
            self.opened += [row["uri"] for row in rows]
            inputs.write_probes(part, [probe(row, self.sandbox, self.beside).row() for row in rows])
        return make_plan(self.files, listing, self.config, accounted(self.store, self.info, listing.retry))

    def plan(self, inputs: Sequence[str | Path]) -> GenerationPlan:
        """List, open, and fix what is to be done."""
        assert self.list_new(inputs) is not None
        plan = self.look()
        assert plan is not None
        return plan

    def work(self, plan: GenerationPlan, units: Sequence[int] | None = None) -> int:
        """Do units with a worker of their own, but for its processes; how many pages were ticked."""
        worker = IngestWorker(str(self.out), plan.name, self.config, self.passwords)
        worker._maker = self.makers.setdefault((self.config, tuple(self.passwords)), worker._maker)
        ticks: list[None] = []
        for unit in range(plan.units) if units is None else units:
            worker.run(unit, lambda: ticks.append(None))
        return len(ticks)

    def finish(self, plan: GenerationPlan) -> Dataset:
        """List the generation as finished."""
        add_generation(self.store, self.info, GenerationFiles(self.store, plan.name).finish(plan, {}))
        return self.dataset

    def run(self, *inputs: str | Path) -> Dataset:
        """All of it."""
        return self._carry_through(self.list_new(inputs))

    def retry(self) -> Dataset:
        """What was rejected, once more."""
        return self._carry_through(self.list_rejected())

    def _carry_through(self, listing: Listing | None) -> Dataset:
        plan = self.look() if listing is not None else None
        if plan is not None:
            self.work(plan)
            self.finish(plan)
        return self.dataset

    def rows(self, name: str = "gen-0000") -> list[ManifestRow]:
        """The manifest of a generation."""
        return [ManifestRow.model_validate(row) for row in self.dataset.manifest(name).to_pylist()]
