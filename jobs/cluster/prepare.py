"""Preparation on Ray: plan a unit for each shard of pages, carry the generation through."""

from __future__ import annotations

from functools import partial

from jobs.cluster.generations import carry_through, next_generation, pending
from jobs.cluster.session import session
from jobs.cluster.sharing import dataset_paths, require_shared
from pipeline.prepare import PrepareConfig, PrepareWorker, plan_table
from pipeline.prepare.unit import TOKENIZER_FILE, generations_of
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, open_or_create
from schemas.dataset import DatasetInfo, GenerationPlan


def prepare(
    pages: Dataset,
    out: str,
    tokenizer: bytes,
    config: PrepareConfig,
    workers: int | None = None,
    address: str | None = None,
) -> DatasetInfo:
    """Make or go on with the training dataset at `out`; new generations of pages become a new generation of samples."""
    store = Store(out)
    if not store.is_empty():
        open_or_create(store, "train", config.stored())  # a mistake is said before Ray is started
    with session(address, workers) as cpus:
        require_shared(store, dataset_paths(pages))
        info = open_or_create(store, "train", config.stored())
        with alone(store):
            if not store.exists(TOKENIZER_FILE):
                store.write(TOKENIZER_FILE, tokenizer)
            if (begun := pending(store, info)) is not None:
                info = _carry_through(store, info, begun, pages, config, workers or cpus)
            if (new := _plan(store, info, pages)) is not None:
                info = _carry_through(store, info, new, pages, config, workers or cpus)
    return info


def _carry_through(
    store: Store, info: DatasetInfo, plan: GenerationPlan, pages: Dataset, config: PrepareConfig, workers: int
) -> DatasetInfo:
    generations_of(pages.info, plan.inputs)  # refuses other pages here, before workers do
    build = partial(PrepareWorker, store.url, plan.name, pages.store.url, plan.inputs, config)
    return carry_through(store, info, plan, build, workers, "prepare")


def _plan(store: Store, info: DatasetInfo, pages: Dataset) -> GenerationPlan | None:
    """Plan a generation of the page generations that no earlier one holds; None where there are none."""
    held = generations_of(pages.info, info.generations[-1].inputs) if info.generations else []
    new = [generation.name for generation in pages.info.generations if generation.name not in held]
    if not new:
        return None
    shards = pages.shards(new)
    return GenerationFiles(store, next_generation(info)).write_plan(
        plan_table(shards), 1, pages.info.digest, rows=sum(shard.samples for shard in shards)
    )
