"""An ingestion that is killed again and again ends with the bytes of one that never was."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.killed import finished

pytestmark = [pytest.mark.fault, pytest.mark.timeout(600)]

OPTIONS = ("--pdf-text", "always", "--pages-per-shard", 2, "--picture-longest", 300, "--workers", 2)


@pytest.fixture(scope="module")
def whole(documents: Path, make_runner: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset of a run that nothing interrupted."""
    out = tmp_path_factory.mktemp("whole") / "pages"
    make_runner.finish("jobs.ingest", documents, "--out", out, *OPTIONS)
    return out


def _markers(out: Path) -> int:
    return len(list((out / "gen-0000" / "units").glob("*.json")))


def _writing(out: Path) -> bool:
    """Whether something is being written at this moment."""
    return any(out.rglob(".*.tmp"))


def _at(out: Path, rng: random.Random, attempt: int) -> Callable[[], bool]:
    """When to kill: before any work, in the middle of a write, after some units."""
    if attempt == 0:
        return lambda: (out / "gen-0000").exists()
    if attempt == 1:
        return lambda: _markers(out) > 0 and _writing(out)
    more = _markers(out) + rng.randint(1, 4)
    return lambda: _markers(out) >= more


def test_killed_at_random_moments(
    documents: Path, whole: Path, runner: Any, moments: random.Random, tmp_path: Path
) -> None:
    out = tmp_path / "pages"
    command = ("jobs.ingest", documents, "--out", out, *OPTIONS)
    killed = [runner.kill_when(runner.start(*command), _at(out, moments, attempt)) for attempt in range(3)]
    assert sum(killed) >= 2
    runner.finish(*command)
    assert finished(out) == finished(whole)


def test_what_the_driver_started_dies_with_it(documents: Path, whole: Path, runner: Any, tmp_path: Path) -> None:
    """Only the driver is killed, as by a machine that runs out of memory."""
    out = tmp_path / "pages"
    command = ("jobs.ingest", documents, "--out", out, *OPTIONS)
    process = runner.start(*command)
    while process.poll() is None and _markers(out) < 2:
        time.sleep(0.002)
    children = process.children(recursive=True)
    assert children
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    # Two agents of Ray notice it only after a minute. They never touch data.
    assert set(runner.end_of(children, 10)) <= {"ray::DashboardAgent", "ray::RuntimeEnvAgent"}
    runner.finish(*command)
    assert finished(out) == finished(whole)
