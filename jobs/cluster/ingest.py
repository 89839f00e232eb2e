"""Ingestion on Ray: list the inputs, open each, plan, carry the generation through.

Each step leaves files behind, so that what was begun goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from jobs.cluster.failures import plain_failures
from jobs.cluster.generations import Allowance, carry_through, pending
from jobs.cluster.probing import probe_all
from jobs.cluster.session import session
from jobs.cluster.sharing import require_shared
from jobs.cluster.witness import choose_witnesses, require_witnesses
from jobs.progress import JobProgress
from pipeline.ingest import (
    IngestConfig,
    IngestWorker,
    InputFiles,
    accounted,
    known_tars,
    listing_row,
    make_plan,
    unseen,
)
from pipeline.ingest.inputs import PART_INPUTS
from pipeline.ingest.retry import rejected, retry_rows
from pipeline.places import is_chain
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, next_generation, open_or_create, unfinished
from pipeline.sources import Listed, list_inputs
from schemas.dataset import DatasetInfo, GenerationPlan, Listing


@dataclass(frozen=True, kw_only=True)
class IngestJob:
    """What one run of ingestion is to do, beside what the bytes depend on."""

    inputs: Sequence[str] = ()
    lists: Sequence[str] = ()  # files that name inputs
    passwords: Sequence[str] = field(default=(), repr=False)  # of encrypted PDFs
    retry_rejected: bool = False  # try rejected pages again, and nothing else
    max_rejected: float | None = None  # share of rejected rows that stops the run
    workers: int | None = None
    address: str | None = None
    ocr_models: Path | None = None  # folder of OCR models, on every node
    gpu_share: float = 0.0  # of a GPU, for each worker

    def __post_init__(self) -> None:
        Allowance(self.max_rejected)  # says at once what is wrong with it
        if not (self.inputs or self.lists or self.retry_rejected):
            raise ValueError("nothing to ingest: name inputs, or give --inputs-from or --retry-rejected")


def ingest(out: str, config: IngestConfig, job: IngestJob) -> DatasetInfo:
    """Make or go on with the page dataset at `out`; a generation that was begun is finished first."""
    store = Dataset(out).store if job.retry_rejected else Store(out)  # nothing was rejected where nothing is
    # A mistake in the inputs is said first.
    listed = None if job.retry_rejected else _listed(store, job)
    _refuse_inside(store, job.inputs)
    if not store.is_empty():
        open_or_create(store, "pages", config.stored())  # a mistake is said before Ray is started
    with session(job.address, job.workers) as cpus:
        require_shared(store, job.inputs)
        info = open_or_create(store, "pages", config.stored())
        with alone(store):
            return _Run(store, config, job, job.workers or cpus, cpus).all(info, listed)


def _listed(store: Store, job: IngestJob) -> Iterator[Listed]:
    """The inputs; where they are not there, the error says what becomes of a generation that was begun with them."""
    try:
        return list_inputs(job.inputs, job.lists, known_tars(store))
    except ValueError as error:
        if (begun := _begun(store)) is None:
            raise
        raise ValueError(f"{error} ({begun}: --retry-rejected finishes it without naming inputs)") from None


def _begun(store: Store) -> str | None:
    """What to say of an ingestion that was begun; None where there is none, or that cannot be told."""
    try:
        info = Dataset(store.url).info
        plan = pending(store, info)
    except (ValueError, OSError):
        return None
    return unfinished(store, info) if plan is None or plan.copied_from is None else None


def _refuse_inside(out: Store, inputs: Sequence[str]) -> None:
    """ValueError where the dataset would lie among its own inputs: its shards would be ingested by the next run."""
    for item in inputs:
        if not is_chain(item) and out.lies_in(item):
            raise ValueError(f"--out {out.url} lies in the input {item}: choose a folder outside of it")


def _refuse_merge(files: GenerationFiles) -> None:
    """ValueError where the generation that comes next is a copy that another command has begun."""
    plan = files.read_plan()
    if plan is not None and plan.copied_from is not None:
        raise ValueError(
            f"{files.store.url}/{files.name} is a merge or relayout that was cut off: give that command again first,"
            " or drop it with `pagemill dataset discard`"
        )


def _worker(witnesses: tuple[str, ...], *arguments: Any) -> IngestWorker:
    """Made in the actor that does the units."""
    require_witnesses(witnesses)
    return IngestWorker(*arguments)


@dataclass(frozen=True)
class _Run:
    """The steps, on a cluster that is there and a dataset that nobody else writes."""

    store: Store
    config: IngestConfig
    job: IngestJob
    workers: int
    cpus: int

    def files(self, info: DatasetInfo) -> GenerationFiles:
        """Of the generation that comes next."""
        return GenerationFiles(self.store, next_generation(info))

    def all(self, info: DatasetInfo, listed: Iterator[Listed] | None) -> DatasetInfo:
        """Finish what was begun; then what is new among the inputs, or (None) what was rejected, as a generation."""
        _refuse_merge(self.files(info))
        begun = InputFiles(self.files(info)).read_listing()
        if begun is not None:
            info = self.go_on(info)
            if begun.retry and self.job.retry_rejected:
                return info  # this is what was asked for; what it rejects again is for another time
        replaces = None
        if listed is None:
            again = rejected(Dataset(self.store.url))
            rows, replaces = iter(retry_rows(Dataset(self.store.url), again)), again.counts()
        else:
            rows = (listing_row(one) for one in unseen(self.store, info, listed))
        first = next(rows, None)
        if first is None:
            return info
        InputFiles(self.files(info)).write_listing(chain([first], rows), replaces)
        return self.go_on(info)

    def go_on(self, info: DatasetInfo) -> DatasetInfo:
        """Finish the generation that is listed; the same dataset where nothing in it is new."""
        files = self.files(info)
        listing = InputFiles(files).read_listing()
        assert listing is not None, "a plan before its listing"
        witnesses = choose_witnesses(InputFiles(files), len(listing.files))
        plan = files.read_plan() or self._plan(info, files, listing, witnesses)
        if plan is None:
            return info
        build = partial(
            _worker, witnesses, self.store.url, plan.name, self.config, tuple(self.job.passwords), self.job.ocr_models
        )
        allowance = Allowance(self.job.max_rejected)
        return carry_through(self.store, info, plan, build, self.workers, "ingest", allowance, self.job.gpu_share)

    def _plan(
        self, info: DatasetInfo, files: GenerationFiles, listing: Listing, witnesses: tuple[str, ...]
    ) -> GenerationPlan | None:
        inputs = InputFiles(files)
        advice = f" (the same command goes on; `pagemill dataset discard {self.store.url}` drops what was listed)"
        with plain_failures("looking at the inputs", advice), JobProgress("look", "inputs", listing.inputs) as progress:
            looked = len(inputs.probed()) * PART_INPUTS
            probe_all(
                inputs,
                len(listing.files),
                self.config.limits,
                self.job.passwords,
                witnesses,
                max(self.cpus, self.workers),
                lambda done: progress.update(min(looked + done, listing.inputs)),
            )
        return make_plan(files, listing, self.config, accounted(self.store, info, listing.retry))
