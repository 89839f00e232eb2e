"""A preparation that is killed again and again, by two workers, ends with the bytes of one worker that never was."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.killed import finished

from pipeline.shards.dataset import Dataset

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

OPTIONS = ("--held-out", 0.2, "--epochs", 6, "--picture-size", 448, "--tim-replace-rate", 0.4, "--seed", 3)


@pytest.fixture(scope="module")
def made(documents: Path, make_runner: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Pages, a tokenizer, and the training dataset of a run that nothing interrupted."""
    folder = tmp_path_factory.mktemp("prepare")
    at = {name: folder / name for name in ("pages", "tokenizer.json", "train")}
    ingest = ("--pdf-text", "always", "--pages-per-shard", 2, "--picture-longest", 600, "--workers", 2)
    make_runner.finish("jobs.ingest", documents, "--out", at["pages"], *ingest)
    make_runner.finish(
        "jobs.tokenizer", at["pages"], "--out", at["tokenizer.json"], "--vocab-size", 600, "--workers", 2
    )
    make_runner.finish(*_command(at, at["train"]), "--workers", 1)
    return at


def _command(at: dict[str, Path], out: Path) -> tuple[object, ...]:
    return ("jobs.prepare", at["pages"], "--out", out, "--tokenizer", at["tokenizer.json"], *OPTIONS)


def _markers(out: Path) -> int:
    return len(list((out / "gen-0000" / "units").glob("*.json")))


def _at(out: Path, rng: random.Random, attempt: int) -> Callable[[], bool]:
    """When to kill: before the plan is sealed, in the middle of a write, after some units."""
    if attempt == 0:
        return lambda: (out / "tokenizer.json").exists()
    if attempt == 1:
        return lambda: _markers(out) > 0 and any(out.rglob(".*.tmp"))
    more = _markers(out) + rng.randint(1, 3)
    return lambda: _markers(out) >= more


def test_killed_at_random_moments(made: dict[str, Path], runner: Any, moments: random.Random, tmp_path: Path) -> None:
    out = tmp_path / "train"
    command = (*_command(made, out), "--workers", 2)
    killed = [runner.kill_when(runner.start(*command), _at(out, moments, attempt)) for attempt in range(3)]
    assert sum(killed) >= 2
    runner.finish(*command)
    assert finished(out) == finished(made["train"])
    totals = Dataset(str(out)).info.totals
    assert totals.rows == Dataset(str(made["pages"])).info.totals.ok
    assert totals.reasons.keys() == {"other-split"}
