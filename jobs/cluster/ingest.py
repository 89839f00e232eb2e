"""Ingestion on Ray: probe the inputs, plan, carry the generation through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from jobs.cluster.failures import plain_failures
from jobs.cluster.generations import carry_through, next_generation, pending
from jobs.cluster.probing import probe_all
from jobs.cluster.session import session
from pipeline.ingest import IngestConfig, IngestWorker, Planner
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import INPUTS_UNIT, GenerationFiles, open_or_create
from pipeline.sources import list_inputs
from schemas.dataset import DatasetInfo, GenerationPlan
from schemas.manifest import Status


def ingest(
    inputs: Sequence[str], out: str, config: IngestConfig, workers: int | None = None, address: str | None = None
) -> DatasetInfo:
    """Make or go on with the page dataset at `out`; a generation that was begun is finished first."""
    uris = list_inputs(inputs)
    store = Store(out)
    info = open_or_create(store, "pages", config.stored())
    with session(address, workers) as cpus:
        if (begun := pending(store, info)) is not None:
            info = _carry_through(store, info, begun, config, workers or cpus)
        if (new := _plan(store, info, uris, config, cpus)) is not None:
            info = _carry_through(store, info, new, config, workers or cpus)
    return info


def _carry_through(
    store: Store, info: DatasetInfo, plan: GenerationPlan, config: IngestConfig, workers: int
) -> DatasetInfo:
    return carry_through(store, info, plan, partial(IngestWorker, store.url, plan.name, config), workers, "ingest")


def _plan(
    store: Store, info: DatasetInfo, uris: Sequence[str], config: IngestConfig, cpus: int
) -> GenerationPlan | None:
    """Plan a generation of the inputs that no earlier one accounts for; None where there are none."""
    name = next_generation(info)
    known, held = _accounted(store, info)
    with plain_failures("looking at the inputs"):
        planned = Planner(name, known, held).plan(probe_all(uris, config.limits, cpus))
    if not planned.pages.num_rows and not planned.decided:
        return None
    files = GenerationFiles(store, name)
    if planned.decided or INPUTS_UNIT in files.done():  # of a killed run, which may have decided on other inputs
        files.write_unit(INPUTS_UNIT, planned.decided)
    return files.write_plan(planned.pages, config.pages_per_shard, planned.inputs)


def _accounted(store: Store, info: DatasetInfo) -> tuple[frozenset[tuple[str, str | None]], frozenset[str]]:
    known: set[tuple[str, str | None]] = set()
    held: set[str] = set()
    for generation in info.generations:
        table = Dataset(store.url).manifest(generation.name).select(["uri", "sha256", "status", "page"])
        for row in table.to_pylist():
            known.add((row["uri"], row["sha256"]))
            if row["status"] == Status.OK or row["page"] is not None:
                held.add(row["sha256"])
    return frozenset(known), frozenset(held)
