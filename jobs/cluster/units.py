"""Work units over Ray actors: each unit is done by one worker, and done again if that worker dies."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import ray
from ray.exceptions import RayActorError, RayTaskError

from schemas.dataset import UnitMarker

MAX_DEATHS = 3  # of workers on one unit, before the run stops
_POLL = 0.5  # seconds


class Worker(Protocol):
    """What does units; made once in each actor."""

    def run(self, unit: int, tick: Callable[[], None]) -> UnitMarker:
        """Do one unit and publish it; `tick` after each page."""
        ...


class _Holder:
    """Holds one worker. A second thread answers `ticks` while the first one works."""

    def __init__(self, build: Callable[[], Worker]) -> None:
        self._worker = build()
        self._ticks = 0
        self._busy = threading.Lock()

    def run(self, unit: int) -> bytes:
        with self._busy:
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
    running: dict[Any, tuple[int, Any]] = field(default_factory=dict)  # result -> (unit, actor)
    idle: list[Any] = field(default_factory=list)
    deaths: dict[int, int] = field(default_factory=dict)
    finished_ticks: int = 0

    def feed(self) -> None:
        while self.waiting and len(self.running) < self.size:
            actor = self.idle.pop() if self.idle else _Actor.options(num_cpus=1, max_concurrency=2).remote(self.build)
            unit = self.waiting.popleft()
            self.running[actor.run.remote(unit)] = (unit, actor)

    def take(self, result: Any) -> UnitMarker | None:
        """The marker of a finished unit, or None where its worker died and it goes back to the queue."""
        unit, actor = self.running.pop(result)
        try:
            marker = UnitMarker.from_json(ray.get(result))
        except RayActorError as error:
            self._died(unit, error)
            return None
        except RayTaskError as error:
            raise RuntimeError(f"unit {unit}: {error.cause or error}") from error
        self.idle.append(actor)
        return marker

    def _died(self, unit: int, error: RayActorError) -> None:
        self.deaths[unit] = self.deaths.get(unit, 0) + 1
        if self.deaths[unit] >= MAX_DEATHS:
            reason = str(error).splitlines()[0]
            raise RuntimeError(f"unit {unit}: {MAX_DEATHS} workers died on it; the last: {reason}") from error
        self.waiting.appendleft(unit)

    def ticks(self) -> int:
        """Pages that the live workers have done, as far as they answer at once."""
        asked = [actor.ticks.remote() for _, actor in self.running.values()]
        asked += [actor.ticks.remote() for actor in self.idle]
        ready, _ = ray.wait(asked, num_returns=len(asked), timeout=_POLL) if asked else ([], [])
        return sum(_value(result) for result in ready)


def _value(result: Any) -> int:
    try:
        return int(ray.get(result))
    except RayActorError:
        return 0  # its unit is done again and counted then


def run_units(
    build: Callable[[], Worker], units: Sequence[int], workers: int, on_ticks: Callable[[int], None]
) -> Iterator[UnitMarker]:
    """Do `units` with `workers` actors; yields each marker as it comes.

    `build` makes the worker inside the actor. `on_ticks` gets the number of pages done so far, about twice a
    second. Raises RuntimeError where a unit fails: what was finished stays finished.
    """
    pool = _Pool(build, max(1, min(workers, len(units))), deque(units))
    pool.feed()
    while pool.running:
        ready, _ = ray.wait(list(pool.running), timeout=_POLL)
        for result in ready:
            marker = pool.take(result)
            if marker is not None:
                yield marker
        pool.feed()
        on_ticks(pool.ticks())
