"""Units over Ray actors: each done, whoever dies, and an end in every case."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import ray

from jobs.cluster.units import MAX_DEATHS, run_units
from schemas.dataset import Counts, UnitMarker

pytestmark = pytest.mark.usefixtures("ray_here")

# Ray's workers cannot import a test's module.
ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])


class Worker:
    """Writes a file for each unit it begins and one for each it finishes; `misfortune` is what befalls it."""

    def __init__(self, folder: Path, misfortune: Callable[[Path, int], None] | None = None) -> None:
        self._folder, self._misfortune = folder, misfortune

    def run(self, unit: int, tick: Callable[[], None]) -> UnitMarker:
        begun = len(list(self._folder.glob(f"begun-{unit}-*")))
        (self._folder / f"begun-{unit}-{begun}-{os.getpid()}").touch()
        if self._misfortune is not None:
            self._misfortune(self._folder, unit)
        for _ in range(3):
            tick()
        (self._folder / f"done-{unit}").touch()
        return UnitMarker(unit=f"{unit:06d}", shard=None, files=[], counts=Counts())


def _run(
    folder: Path, units: int, workers: int, misfortune: Callable[[Path, int], None] | None = None
) -> tuple[list[str], list[int]]:
    ticks: list[int] = []
    markers = [m.unit for m in run_units(partial(Worker, folder, misfortune), range(units), workers, ticks.append)]
    return sorted(markers), ticks


def _begun(folder: Path, unit: int) -> int:
    return len(list(folder.glob(f"begun-{unit}-*")))


def _pids(folder: Path) -> set[str]:
    return {path.name.rsplit("-", 1)[1] for path in folder.glob("begun-*")}


def test_every_unit_is_done_once_by_as_many_workers_as_asked_for(tmp_path: Path) -> None:
    markers, ticks = _run(tmp_path, 6, 2, lambda folder, unit: time.sleep(0.2))
    assert markers == [f"{i:06d}" for i in range(6)]
    assert [_begun(tmp_path, unit) for unit in range(6)] == [1] * 6
    assert len(_pids(tmp_path)) == 2
    assert ticks == sorted(ticks)
    assert ticks[-1] == 18


def test_no_units_are_no_work(tmp_path: Path) -> None:
    assert _run(tmp_path, 0, 2) == ([], [])


def _die_at_first(folder: Path, unit: int) -> None:
    if unit == 1 and _begun(folder, 1) == 1:
        os._exit(1)


def test_a_worker_that_dies_is_replaced_and_its_unit_done_again(tmp_path: Path) -> None:
    markers, ticks = _run(tmp_path, 3, 1, _die_at_first)
    assert markers == ["000000", "000001", "000002"]
    assert [_begun(tmp_path, unit) for unit in range(3)] == [1, 2, 1]
    assert len(_pids(tmp_path)) == 2
    assert ticks[-1] <= 9


def _die_always(folder: Path, unit: int) -> None:
    if unit == 1:
        os._exit(1)


def test_a_unit_on_which_every_worker_dies_ends_the_run(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=f"unit 1: {MAX_DEATHS} workers died on it; the last: .*died"):
        _run(tmp_path, 2, 1, _die_always)
    assert _begun(tmp_path, 1) == MAX_DEATHS
    assert (tmp_path / "done-0").exists()


def _raise(folder: Path, unit: int) -> None:
    if unit == 2:
        raise ValueError("its shard is damaged")


def test_a_unit_that_fails_ends_the_run_and_what_was_done_stays(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="^unit 2: its shard is damaged$"):
        _run(tmp_path, 3, 1, _raise)
    assert _begun(tmp_path, 2) == 1
    assert {path.name for path in tmp_path.glob("done-*")} == {"done-0", "done-1"}


class Unbuildable:
    """A worker that cannot be made: its tokenizer is missing, say."""

    def __init__(self, folder: Path) -> None:
        (folder / f"built-{os.getpid()}-{time.time_ns()}").touch()
        raise FileNotFoundError(2, "No such file", "tokenizer.json")


def test_a_worker_that_cannot_be_made_is_an_error_with_its_cause(tmp_path: Path) -> None:
    """Not the death of an actor, which would be tried again and say nothing."""
    with pytest.raises(RuntimeError, match=r"^unit 0: \[Errno 2\] No such file: 'tokenizer\.json'$"):
        list(run_units(partial(Unbuildable, tmp_path), range(3), 1, lambda _: None))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.timeout(90)
def test_more_workers_than_cpus_are_no_hang(tmp_path: Path, ray_here: int) -> None:
    """Two of five have no CPU until the first ones are through: these must let go."""
    markers, ticks = _run(tmp_path, 9, ray_here + 3)
    assert markers == [f"{i:06d}" for i in range(9)]
    assert ticks[-1] == 27


def test_an_early_end_leaves_no_worker(tmp_path: Path, ray_here: int) -> None:
    """Their CPUs come back: the next job on this Ray would wait for ever."""
    for _ in run_units(partial(Worker, tmp_path, lambda folder, unit: time.sleep(0.3)), range(8), 2, lambda _: None):
        break
    _wait_for_cpus(ray_here)


def _fail_beside_one_that_works(folder: Path, unit: int) -> None:
    if unit == 1:
        raise ValueError("its shard is damaged")
    time.sleep(60)


@pytest.mark.timeout(60)
def test_an_error_leaves_no_worker_while_somebody_looks_at_it(tmp_path: Path, ray_here: int) -> None:
    """An error holds on to all that was there when it was raised: worker processes must not be among that."""
    with pytest.raises(RuntimeError, match="damaged") as caught:
        _run(tmp_path, 2, 2, _fail_beside_one_that_works)
    _wait_for_cpus(ray_here)
    assert caught.value is not None


def _wait_for_cpus(count: int) -> None:
    deadline = time.monotonic() + 30
    while ray.available_resources().get("CPU", 0) < count:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_workers_take_their_share_of_a_gpu() -> None:
    """A cluster that says it has one: what it gives a worker is counted, and no driver is asked."""
    code = (
        "import ray\n"
        "from jobs.cluster.units import run_units\n"
        "from schemas.dataset import Counts, UnitMarker\n"
        "ray.init(num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False)\n"
        "class Worker:\n"
        "    def run(self, unit, tick):\n"
        "        share = ray.get_runtime_context().get_assigned_resources().get('GPU')\n"
        "        return UnitMarker(unit=str(share), counts=Counts(), files=[])\n"
        "print([marker.unit for marker in run_units(Worker, [0], 1, lambda _: None, 0.25)])\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False)
    assert said.stdout.strip().endswith("['0.25']"), said.stderr
