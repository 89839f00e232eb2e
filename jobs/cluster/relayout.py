"""Lines and order made again on Ray: each generation of a dataset of pages becomes one of the new dataset."""

from __future__ import annotations

from functools import partial

from jobs.cluster.generations import carry_through
from jobs.cluster.session import session
from jobs.cluster.sharing import dataset_paths, require_shared
from jobs.dataset.copying import Copy, refuse_others
from jobs.dataset.leftout import LeftOut
from jobs.dataset.original import Original
from jobs.dataset.relaying import RelayoutWorker
from pipeline.ingest import IngestConfig
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, open_or_create
from schemas.dataset import DatasetInfo, Generation


def relayout(pages: Dataset, out: str, workers: int | None = None, address: str | None = None) -> DatasetInfo:
    """Make or go on with the dataset at `out`; generations that `pages` has got since are added.

    ValueError where `out` is `pages` itself or holds something else, or `pages` is of another version.
    """
    store = Store(out)
    IngestConfig.from_stored(pages.info.config)  # a signature made again must be of the kind of the one that is kept
    if store.url == pages.store.url:
        raise ValueError(f"--out {store.url} is the dataset itself: choose another")
    if not store.is_empty():  # a mistake is said before Ray is started
        refuse_others(store, open_or_create(store, "pages", pages.info.config), pages.info.generations, relaid=True)
    with session(address, workers) as cpus:
        require_shared(store, dataset_paths(pages))
        info = open_or_create(store, "pages", pages.info.config)
        refuse_others(store, info, pages.info.generations, relaid=True)
        with alone(store):
            for generation in pages.info.generations[len(info.generations) :]:
                info = _generation(pages, generation, store, info, workers or cpus)
    return info


def _generation(pages: Dataset, generation: Generation, store: Store, info: DatasetInfo, workers: int) -> DatasetInfo:
    """The dataset with `generation` made again under its own name."""
    files = GenerationFiles(store, generation.name)
    plan = Copy(Original(pages, generation), files, LeftOut(()), relaid=True).plan(Dataset(store.url))
    build = partial(RelayoutWorker, pages.store.url, store.url, generation.name)
    return carry_through(store, info, plan, build, workers, "relayout")
