"""A run that is killed goes on as if it had not been: same samples, same losses, same weights, bit for bit."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.fault

STEPS = 10
OPTIONS = (
    "--config",
    "tiny",
    "--steps",
    STEPS,
    "--global-batch",
    4,
    "--workers",
    2,
    "--checkpoint-every",
    3,
    "--seed",
    6,
)


@pytest.fixture(scope="module")
def train(documents: Path, make_runner: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A training dataset of the documents."""
    folder = tmp_path_factory.mktemp("train")
    pages, tokenizer, train = folder / "pages", folder / "tokenizer.json", folder / "train"
    make_runner.finish("ingest", documents, "--out", pages, "--pdf-text", "always", "--picture-longest", 300)
    make_runner.finish("tokenizer", pages, "--out", tokenizer, "--vocab-size", 600)
    make_runner.finish("prepare", pages, "--out", train, "--tokenizer", tokenizer, "--picture-size", 224)
    return train


@pytest.fixture(scope="module")
def whole(train: Path, make_runner: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    run = tmp_path_factory.mktemp("whole") / "run"
    make_runner.finish("pretrain", train, "--out", run, *OPTIONS)
    return run


def _lines(path: Path) -> dict[int, Any]:
    """Lines of a log by step, the last one of a step, without what differs between equal runs."""
    if not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    return {line.pop("step"): {k: v for k, v in line.items() if k != "seconds"} for line in lines}


def _assert_same(run: Path, whole: Path) -> None:
    for name in ("metrics.jsonl", "samples/rank-00000.jsonl", "samples/rank-00001.jsonl"):
        found = _lines(run / name)
        assert sorted(found) == list(range(STEPS))
        assert found == _lines(whole / name), name
    last = f"checkpoints/step-{STEPS:08d}"
    for name in ("model.safetensors", "optimizer.safetensors", "commit.json"):
        one, other = ((folder / last / name).read_bytes() for folder in (run, whole))
        assert hashlib.sha256(one).hexdigest() == hashlib.sha256(other).hexdigest(), name


def test_killed_at_a_random_step(train: Path, whole: Path, runner: Any, moments: random.Random, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = ("pretrain", train, "--out", run, *OPTIONS)
    for _ in range(2):
        done = len(_lines(run / "metrics.jsonl"))
        step = moments.randint(min(done + 1, STEPS - 1), STEPS - 1)
        assert runner.kill_when(runner.start(*command), lambda at=step: len(_lines(run / "metrics.jsonl")) >= at)
    runner.finish(*command)
    _assert_same(run, whole)


def test_a_worker_that_is_killed_is_replaced(train: Path, whole: Path, runner: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = runner.start("pretrain", train, "--out", run, *OPTIONS)
    log = run / "samples" / "rank-00001.jsonl"
    while process.poll() is None and len(_lines(log)) < 5:
        time.sleep(0.01)
    (worker,) = [one for one in process.children(recursive=True) if _has_open(one, log)]
    worker.kill()
    assert process.wait(200) == 0, runner.log()
    _assert_same(run, whole)


def _has_open(process: psutil.Process, path: Path) -> bool:
    try:
        return str(path) in {file.path for file in process.open_files()}
    except psutil.Error:
        return False


def test_a_run_that_cannot_go_on_ends_with_one_line(train: Path, runner: Any, tmp_path: Path) -> None:
    """A shard is damaged under it: an error that names the file, after Ray has tried again."""
    damaged = Path(shutil.copytree(train, tmp_path / "train"))
    for tar in damaged.glob("gen-0000/*.tar"):
        tar.write_bytes(tar.read_bytes()[:1024])
    process = runner.start("pretrain", damaged, "--out", tmp_path / "run", *OPTIONS)
    assert process.wait(250) == 1
    last = runner.log().splitlines()[-1]
    assert last.startswith("error: training failed: ")
    assert "gen-0000/train-000000.tar" in last
