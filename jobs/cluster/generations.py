"""Carries a generation through: whatever its units are, do the ones without a marker, then list it as finished."""

from __future__ import annotations

from collections.abc import Callable

from jobs.cluster.units import Worker, run_units
from jobs.environment import environment
from jobs.progress import JobProgress
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, unit_name
from schemas.dataset import DatasetInfo, GenerationPlan


def next_generation(info: DatasetInfo) -> str:
    """Name of the generation that comes after the finished ones."""
    return f"gen-{len(info.generations):04d}"


def pending(store: Store, info: DatasetInfo) -> GenerationPlan | None:
    """The plan of a generation that was begun and not finished, or None."""
    return GenerationFiles(store, next_generation(info)).read_plan()


def carry_through(
    store: Store, info: DatasetInfo, plan: GenerationPlan, build: Callable[[], Worker], workers: int, title: str
) -> DatasetInfo:
    """Do what is left of `plan` and finish it; returns the dataset with one more generation."""
    files = GenerationFiles(store, plan.name)
    done = files.done()
    left = [i for i in range(plan.units) if unit_name(i) not in done]
    begun = sum(marker.counts.rows for marker in files.markers() if marker.unit.isdigit())
    rejected = 0
    with JobProgress(title, "pages", plan.rows) as progress:
        progress.update(begun)
        ticks = 0

        def on_ticks(count: int) -> None:
            nonlocal ticks
            ticks = max(ticks, count)
            progress.update(min(begun + ticks, plan.rows), f"{rejected} rejected" if rejected else "")

        for marker in run_units(build, left, workers, on_ticks):
            rejected += marker.counts.rejected
        progress.update(plan.rows, f"{rejected} rejected" if rejected else "")
    return add_generation(store, info, files.finish(plan, environment()))
