"""Carries a generation through: whatever its units are, do the ones without a marker, then list it as finished."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from jobs.cluster.units import Worker, run_units
from jobs.environment import environment
from jobs.progress import JobProgress
from pipeline.shards.files import Store
from pipeline.shards.generation import (
    GenerationFiles,
    add_generation,
    is_inputs_unit,
    next_generation,
    unit_name,
)
from schemas.dataset import Counts, DatasetInfo, GenerationPlan

_TELLING = 100  # rows


def pending(store: Store, info: DatasetInfo) -> GenerationPlan | None:
    """The plan of a generation that was begun and not finished, or None."""
    return GenerationFiles(store, next_generation(info)).read_plan()


@dataclass(frozen=True)
class Allowance:
    """How many rows may be rejected before a run stops: a share 0..1, or None for any number."""

    share: float | None = None

    def __post_init__(self) -> None:
        if self.share is not None and not 0 <= self.share <= 1:
            raise ValueError(f"--max-rejected must be 0..1, got {self.share}")

    def check(self, counts: Counts, *, last: bool = False) -> None:
        """RuntimeError where too many of the rows so far are rejected; a handful of rows says nothing yet."""
        if self.share is None or not counts.rejected or (counts.rows < _TELLING and not last):
            return
        if counts.rejected / counts.rows > self.share:  # 0.29 * 100 is less than 29, and 29 / 100 is 0.29
            raise RuntimeError(
                f"{counts.rejected} of {counts.rows} rows are rejected ({_reasons(counts)}), more than --max-rejected"
                f" {self.share:g}: stopped; the same command with a larger one goes on"
            )


def carry_through(
    store: Store,
    info: DatasetInfo,
    plan: GenerationPlan,
    build: Callable[[], Worker],
    workers: int,
    title: str,
    allowance: Allowance | None = None,
    gpus: float = 0.0,
) -> DatasetInfo:
    """Do what is left of `plan` and finish it; returns the dataset with one more generation.

    Each worker takes `gpus` GPUs, which may be a fraction.
    """
    files = GenerationFiles(store, plan.name)
    since = store.now()
    done: set[str] = set()
    begun, counts = 0, Counts()
    for marker in files.each_marker():
        done.add(marker.unit)
        begun += 0 if is_inputs_unit(marker.unit) else marker.counts.rows
        counts += marker.counts
    left = [i for i in range(plan.units) if unit_name(i) not in done]
    allowance = allowance or Allowance()
    allowance.check(counts, last=not left)
    with JobProgress(title, "pages", plan.rows) as progress:
        progress.update(begun, _reasons(counts))
        ticks = 0

        def on_ticks(count: int) -> None:
            nonlocal ticks
            ticks = max(ticks, count)
            progress.update(min(begun + ticks, plan.rows), _reasons(counts))

        for number, marker in enumerate(run_units(build, left, workers, on_ticks, gpus), start=1):
            counts += marker.counts
            allowance.check(counts, last=number == len(left))
        progress.update(plan.rows, _reasons(counts))
    longer = add_generation(store, info, files.finish(plan, environment()))
    store.sweep(plan.name, since)  # what killed writers left; what is newer may be a live one's
    return longer


def _reasons(counts: Counts) -> str:
    """Rows that are not ok, by reason, the most frequent first."""
    found = sorted(counts.reasons.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in found)
