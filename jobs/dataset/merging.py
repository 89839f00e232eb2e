"""Several datasets of pages made into one: the generations of the first, then of the second, and so on."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from jobs.dataset.copying import Copy, refuse_others
from jobs.dataset.leftout import Accounts, LeftOut, accounts
from jobs.dataset.original import Original
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, generation_name, open_or_create, unit_name
from schemas.dataset import DatasetInfo, GenerationPlan, UnitMarker

_COPIERS = 4  # units that are copied at once: each is held in memory
OnShards = Callable[[int, int], None]


def merge_datasets(urls: Sequence[str], out: str, on_shards: OnShards = lambda done, total: None) -> DatasetInfo:
    """Make or go on with the dataset at `out`; `on_shards` is told (shards done, shards in all).

    A document that an earlier dataset holds is left out of the later ones: its input has one row there, a duplicate.
    ValueError where the datasets cannot be merged or `out` is something else.
    """
    sources = [Dataset(url) for url in urls]
    _refuse_unequal(sources)
    store = Store(out)
    if store.place in {source.store.place for source in sources}:
        raise ValueError(f"{store.url} is one of the datasets: choose another --out")
    info = open_or_create(store, "pages", sources[0].info.config)
    generations = [generation for source in sources for generation in source.info.generations]
    refuse_others(store, info, generations)
    progress = _Progress(on_shards, sum(generation.shards for generation in generations))
    with alone(store):
        return _merge(sources, store, info, progress)


def _merge(sources: Sequence[Dataset], store: Store, info: DatasetInfo, progress: _Progress) -> DatasetInfo:
    count = sum(len(source.info.generations) for source in sources)
    before = 0  # generations of the datasets that came before
    accounted: list[Accounts] = []
    for source in sources:
        last = before + len(source.info.generations)
        if len(info.generations) < last:
            info = _copy_dataset(source, accounted, store, info, before, progress)
        else:
            progress.add(sum(generation.shards for generation in source.info.generations))
        if len(info.generations) < count:
            accounted.append(accounts(source))
        before = last
    return info


@dataclass
class _Progress:
    """Counts shards of the originals."""

    on_shards: OnShards
    total: int
    done: int = 0

    def add(self, count: int = 1) -> None:
        """So many more are done."""
        self.done += count
        self.on_shards(self.done, self.total)


def _copy_dataset(
    source: Dataset, accounted: Sequence[Accounts], store: Store, info: DatasetInfo, before: int, progress: _Progress
) -> DatasetInfo:
    left_out = LeftOut(tuple(accounted))
    for number, generation in enumerate(source.info.generations, start=before):
        begun = store.now()
        copy = Copy(Original(source, generation), GenerationFiles(store, generation_name(number)), left_out)
        plan = copy.plan(
            Dataset(store.url)
        )  # of one that is finished, too: what it leaves out counts for those after it
        progress.add(generation.shards - plan.units)
        if number < len(info.generations):
            progress.add(plan.units)
        else:
            _copy_units(copy, plan, progress)
            info = add_generation(store, info, copy.files.finish(plan, generation.environment))
            store.sweep(plan.name, begun)
    return info


def _copy_units(copy: Copy, plan: GenerationPlan, progress: _Progress) -> None:
    done = copy.files.done()
    left = [number for number in range(plan.units) if unit_name(number) not in done]
    progress.add(plan.units - len(left))
    for _ in _in_order(copy.unit, left):
        progress.add()


def _in_order(copy: Callable[[int], UnitMarker], numbers: Sequence[int]) -> Iterator[UnitMarker]:
    flying: deque[Future[UnitMarker]] = deque()
    pool = ThreadPoolExecutor(_COPIERS)
    try:
        for number in numbers:
            flying.append(pool.submit(copy, number))
            if len(flying) >= _COPIERS:
                yield flying.popleft().result()
        while flying:
            yield flying.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _refuse_unequal(sources: Sequence[Dataset]) -> None:
    for source in sources:
        if source.info.content == "train":
            raise ValueError(
                f"{source.store.url} is a dataset of train: merge the pages and let `prepare` make the samples again"
            )
        source.require("pages")
    first = sources[0]
    for other in sources[1:]:
        ours, theirs = first.info.config, other.info.config
        changed = sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))
        if changed:
            key = changed[0]
            raise ValueError(
                f"{other.store.url} was made with another configuration than {first.store.url}: {key} is"
                f" {theirs.get(key)!r} and not {ours.get(key)!r} ({len(changed)} field(s) differ)"
            )
