"""Preparation on Ray: look at all pages, plan a unit for each shard of them, carry the generation through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from jobs.cluster.generations import carry_through, pending
from jobs.cluster.session import session
from jobs.cluster.sharing import dataset_paths, require_shared
from jobs.cluster.surveying import find_sides, survey
from pipeline.prepare import Pages, PrepareConfig, PrepareWorker, plan_table
from pipeline.prepare.split import split_table
from pipeline.prepare.unit import SPLIT_FILE, TOKENIZER_FILE, generations_of
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, next_generation, open_or_create
from pipeline.shards.tar import parquet_bytes
from schemas.dataset import DatasetInfo, FileRef, GenerationPlan


def prepare(
    pages: Dataset,
    out: str,
    tokenizer: bytes,
    config: PrepareConfig,
    workers: int | None = None,
    address: str | None = None,
    exclude: Sequence[Pages] = (),
) -> DatasetInfo:
    """Make or go on with the training dataset at `out`; new generations of pages become a new generation of samples.

    `exclude` are the page datasets whose digests the configuration names.
    """
    store = Store(out)
    if not store.is_empty():
        open_or_create(store, "train", config.stored())  # a mistake is said before Ray is started
    with session(address, workers) as cpus:
        kept = [path for one in exclude for path in dataset_paths(Dataset(one.url))]
        require_shared(store, [*dataset_paths(pages), *kept])
        info = open_or_create(store, "train", config.stored())
        with alone(store):
            if not store.exists(TOKENIZER_FILE):
                store.write(TOKENIZER_FILE, tokenizer)
            run = _Run(store, pages, config, tuple(exclude), workers or cpus)
            if (begun := pending(store, info)) is not None:
                info = run.carry_through(info, begun)
            if (new := run.plan(info)) is not None:
                info = run.carry_through(info, new)
    return info


@dataclass(frozen=True)
class _Run:
    """The steps, on a cluster that is there and a dataset that nobody else writes."""

    store: Store
    pages: Dataset
    config: PrepareConfig
    exclude: tuple[Pages, ...]
    workers: int

    def carry_through(self, info: DatasetInfo, plan: GenerationPlan) -> DatasetInfo:
        """Do what is left of a plan."""
        generations_of(self.pages.info, plan.inputs)  # refuses other pages here, before workers do
        pages = Pages(self.pages.store.url, plan.inputs)
        build = partial(PrepareWorker, self.store.url, plan.name, pages, self.config, self.exclude)
        return carry_through(self.store, info, plan, build, self.workers, "prepare")

    def plan(self, info: DatasetInfo) -> GenerationPlan | None:
        """Plan a generation of the page generations that no earlier one holds; None where there are none."""
        held = generations_of(self.pages.info, info.generations[-1].inputs) if info.generations else []
        new = [generation.name for generation in self.pages.info.generations if generation.name not in held]
        if not new:
            return None
        files = GenerationFiles(self.store, next_generation(info))
        shards = self.pages.shards(new)
        more = [self._split(files)] if self.config.held_out else []
        table = plan_table(zip(shards, survey(self.pages, shards, self.workers), strict=True))
        rows = sum(shard.samples for shard in shards)
        return files.write_plan(table, 1, self.pages.info.digest, rows=rows, more=more)

    def _split(self, files: GenerationFiles) -> FileRef:
        """Decide the sides of the documents that have near-duplicates, those of earlier generations among them."""
        sides = find_sides(self.pages, self.pages.shards(), self.config.held_out, self.workers)
        return files.put(SPLIT_FILE, parquet_bytes(split_table(sides)))
