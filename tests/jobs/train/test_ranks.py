"""Several ranks: processes of their own that talk through gloo on loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.train.checkpoint import CHECKPOINTS
from jobs.train.config import RunConfig
from jobs.train.log import METRICS_FILE
from pipeline.stream import PretrainStream

PROGRAM = Path(__file__).with_name("one_rank.py")
ROOT = Path(__file__).resolve().parents[3]

MakeConfig = Callable[..., RunConfig]
Read = Callable[[Path], dict[int, Any]]


def _start(arguments: list[str], rank: int, world: int, port: int) -> subprocess.Popen[str]:
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "RANK": str(rank),
        "WORLD_SIZE": str(world),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), *arguments], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _run(runs: list[Path], config: RunConfig, *options: str) -> list[tuple[int, str]]:
    """One rank for each folder, which may be the same; (exit code, output) of each."""
    file = runs[0].with_name(f"{runs[0].name}.json")
    file.write_bytes(config.to_json())
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    ranks = [_start([str(run), str(file), *options], rank, len(runs), port) for rank, run in enumerate(runs)]
    try:
        return [(process.wait(120), process.communicate()[0]) for process in ranks]
    finally:
        for process in ranks:
            process.kill()
            process.wait()


def _train(run: Path, config: RunConfig, world: int, *options: str) -> None:
    done = _run([run] * world, config, *options)
    assert [found for found, _ in done] == [0] * world, done


def _close(one: dict[int, Any], other: dict[int, Any]) -> None:
    assert list(one) == list(other)
    for step, values in one.items():
        assert values == pytest.approx(other[step], rel=1e-4, abs=1e-5), step


@pytest.fixture(scope="module")
def alone(make_config: MakeConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six steps on one rank, without dropout and with frozen norms."""
    run = tmp_path_factory.mktemp("alone") / "run"
    _train(run, make_config(steps=6), 1, "--exact")
    return run


def test_two_ranks_train_as_one(alone: Path, make_config: MakeConfig, read_lines: Read, tmp_path: Path) -> None:
    """Same samples, same losses, same gradients: each loss is a mean over the targets of both ranks."""
    run = tmp_path / "run"
    config = make_config(steps=6)
    _train(run, config, 2, "--exact")
    _close(read_lines(run / METRICS_FILE), read_lines(alone / METRICS_FILE))
    whole = read_lines(alone / "samples" / "rank-00000.jsonl")
    ranks = [read_lines(run / "samples" / f"rank-{rank:05d}.jsonl") for rank in (0, 1)]
    for step, line in whole.items():
        for rank, lines in enumerate(ranks):
            assert (lines[step]["positions"], lines[step]["keys"]) == PretrainStream(
                config.train, config.stream, rank, 2
            ).plan(step)
        assert sorted(ranks[0][step]["positions"] + ranks[1][step]["positions"]) == line["positions"]


def test_another_number_of_ranks_goes_on_where_the_first_stopped(
    alone: Path, make_config: MakeConfig, read_lines: Read, tmp_path: Path
) -> None:
    run = Path(shutil.copytree(alone, tmp_path / "run"))  # killed after step 5, its checkpoint is of step 3
    shutil.rmtree(run / CHECKPOINTS / "step-00000006")
    for log in (run / METRICS_FILE, *(run / "samples").iterdir()):
        log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:5]))
    _train(run, make_config(steps=6), 2, "--exact")
    steps = [json.loads(line)["step"] for line in (run / METRICS_FILE).read_bytes().splitlines()]
    assert steps == [0, 1, 2, 3, 4, 3, 4, 5], "what the checkpoint does not hold is done again"
    _close(read_lines(run / METRICS_FILE), read_lines(alone / METRICS_FILE))


def test_ranks_that_see_different_checkpoints_stop(alone: Path, make_config: MakeConfig, tmp_path: Path) -> None:
    """A folder that not all nodes share: else they would wait for each other for ever."""
    done = _run([alone, tmp_path / "elsewhere"], make_config(steps=6), "--exact")
    for code, output in done:
        assert code != 0
        assert "ranks found different checkpoints" in output
