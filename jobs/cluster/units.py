"""Work units over Ray actors: each unit is done by one worker, and done again if that worker dies."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

import ray
from ray.exceptions import RayError, RayTaskError

from jobs.stopping import heed
from pipeline.limited import keep_freed_memory
from schemas.dataset import UnitMarker

MAX_DEATHS = 3  # of workers on one unit, before the run stops
_POLL = 0.5  # seconds


class Worker(Protocol):
    """What does units; made once in each actor."""

    def run(self, unit: int, tick: Callable[[], None]) -> UnitMarker:
        """Do one unit and publish it; `tick` after each page."""
        ...


class _Holder:
    """Holds one worker. A second thread answers `ticks` while the first one works.

    The worker is built by the first unit, not with the actor: what is wrong with it is an error then, not a death.
    """

    def __init__(self, build: Callable[[], Worker]) -> None:
        self._build = build
        self._worker: Worker | None = None
        self._ticks = 0
        self._busy = threading.Lock()

    def run(self, unit: int) -> bytes:
        with self._busy:
            if self._worker is None:
                keep_freed_memory()
                self._worker = self._build()
            return self._worker.run(unit, self._tick).to_json()

    def _tick(self) -> None:
        self._ticks += 1

    def ticks(self) -> int:
        return self._ticks


_Actor: Any = ray.remote(_Holder)


@dataclass
class _Pool:
    build: Callable[[], Worker]
    size: int
    waiting: deque[int]
    gpus: float = 0.0  # of each actor
    running: dict[Any, tuple[int, Any]] = field(default_factory=dict)  # result -> (unit, actor)
    idle: list[Any] = field(default_factory=list)
    deaths: dict[int, int] = field(default_factory=dict)
    asked: dict[int, Any] = field(default_factory=dict)  # unit -> its worker's answer about ticks, still to come
    told: dict[int, int] = field(default_factory=dict)  # unit -> what its worker answered last
    retired_ticks: int = 0  # pages of workers that were let go

    def feed(self) -> None:
        """Give what waits to workers; where nothing waits, idle workers make room for those that have no CPU yet."""
        while self.waiting and len(self.running) < self.size:
            actor = self.idle.pop() if self.idle else self._start()
            unit = self.waiting.popleft()
            self.running[actor.run.remote(unit)] = (unit, actor)
        while self.idle and not self.waiting:
            self.retired_ticks += _value(self.idle.pop().ticks.remote())

    def _start(self) -> Any:
        """A new actor; it waits until the cluster has a CPU, and its share of a GPU, to spare."""
        return _Actor.options(num_cpus=1, num_gpus=self.gpus, max_concurrency=2).remote(self.build)

    def take(self, result: Any) -> UnitMarker | None:
        """The marker of a finished unit, or None where its worker died and it goes back to the queue."""
        unit, actor = self.running.pop(result)
        self.asked.pop(unit, None)
        self.told.pop(unit, None)
        try:
            marker = UnitMarker.from_json(ray.get(result))
        except RayTaskError as error:
            self.idle.append(actor)
            raise RuntimeError(f"unit {unit}: {error.cause or error}") from error
        except RayError as error:  # the actor's death, and its other names: a kill for want of memory, a lost node
            self._died(unit, error)
            return None
        self.idle.append(actor)
        return marker

    def end(self) -> None:
        """End the workers that are left, as after an error: as long as that is known of, so would they be."""
        for actor in [*self.idle, *(actor for _, actor in self.running.values())]:
            with suppress(RayError):  # Ray itself may be gone
                ray.kill(actor)

    def _died(self, unit: int, error: RayError) -> None:
        self.deaths[unit] = self.deaths.get(unit, 0) + 1
        if self.deaths[unit] >= MAX_DEATHS:
            reason = str(error).splitlines()[0]
            raise RuntimeError(f"unit {unit}: {MAX_DEATHS} workers died on it; the last: {reason}") from error
        self.waiting.appendleft(unit)

    def ticks(self) -> int:
        """Pages that the workers have done, as far as they have answered. None is asked twice at a time: calls of an
        actor that waits for a CPU would pile up here.
        """
        for unit, actor in self.running.values():
            if unit not in self.asked:
                self.asked[unit] = actor.ticks.remote()
        waiting = list(self.asked.values())
        ready, _ = ray.wait(waiting, num_returns=len(waiting), timeout=_POLL) if waiting else ([], [])
        for unit in [unit for unit, answer in self.asked.items() if answer in ready]:
            self.told[unit] = _value(self.asked.pop(unit))
        return self.retired_ticks + sum(self.told.values())


def _value(result: Any) -> int:
    try:
        return int(ray.get(result, timeout=_POLL))
    except RayError:
        return 0  # too busy to answer, or dead: its unit is done again and counted then


def run_units(
    build: Callable[[], Worker],
    units: Sequence[int],
    workers: int,
    on_ticks: Callable[[int], None],
    gpus: float = 0.0,
) -> Iterator[UnitMarker]:
    """Do `units` with `workers` actors, each with `gpus` GPUs (or a fraction of one); yields each marker as it comes.

    `build` makes the worker inside the actor. `on_ticks` gets the number of pages done so far, about twice a
    second. Raises RuntimeError where a unit fails: what was finished stays finished.
    """
    pool = _Pool(build, max(1, min(workers, len(units))), deque(units), gpus)
    try:
        pool.feed()
        while pool.running:
            heed()
            ready, _ = ray.wait(list(pool.running), timeout=_POLL)
            for result in ready:
                marker = pool.take(result)
                if marker is not None:
                    yield marker
            pool.feed()
            on_ticks(pool.ticks())
    finally:
        pool.end()
