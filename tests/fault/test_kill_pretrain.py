"""A run that is killed goes on as if it had not been: same samples, same losses, same weights, bit for bit.

The run that nothing interrupts is torchrun's; the one whose worker dies is Ray Train's. They are the same run.
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from jobs.cluster.counting import count_parts
from jobs.cluster.ingest import IngestJob, ingest
from jobs.cluster.prepare import prepare
from jobs.cluster.session import session
from pipeline.ingest import IngestConfig
from pipeline.prepare import PrepareConfig, load_tokenizer, train_on_parts
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.words import PdfText, RouteConfig

pytestmark = [pytest.mark.fault, pytest.mark.timeout(1200)]

STEPS = 8
SHAPE = ("--config", "tiny", "--steps", STEPS, "--global-batch", 4, "--workers", 2)
AT_THE_END = f"pretrain: {4 * STEPS}/{4 * STEPS} samples"
OPTIONS = (*SHAPE, "--checkpoint-every", 3, "--seed", 6)
TORCHRUN = ("torch.distributed.run", "--standalone", "--nproc-per-node", 2, "-m", "jobs.pretrain")


@pytest.fixture(scope="module")
def train(documents: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A training dataset of the documents."""
    folder = tmp_path_factory.mktemp("train")
    config = IngestConfig(route=RouteConfig(pdf_text=PdfText.ALWAYS), picture_longest=300, pages_per_shard=8)
    with tempfile.TemporaryDirectory(prefix="rf", dir="/tmp") as ray, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", ray)
        with session(None, 2):
            ingest(str(folder / "pages"), config, IngestJob(inputs=[str(documents)]))
            pages = Dataset(str(folder / "pages"))
            tokenizer = train_on_parts(count_parts(pages, 2), 600)
            options = PrepareConfig(tokenizer=load_tokenizer(tokenizer).digest, variants=2, picture_size=224)
            prepare(pages, str(folder / "train"), tokenizer, options)
    return str(folder / "train")


@pytest.fixture(scope="module")
def whole(train: str, make_runner: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted."""
    run = tmp_path_factory.mktemp("whole") / "run"
    make_runner.finish(*TORCHRUN, train, "--out", run, *OPTIONS)
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


def test_killed_at_random_steps(train: str, whole: Path, runner: Any, moments: random.Random, tmp_path: Path) -> None:
    run = tmp_path / "run"
    command = (*TORCHRUN, train, "--out", run, *OPTIONS)
    metrics = run / "metrics.jsonl"
    for _ in range(2):
        at = moments.randint(min(len(_lines(metrics)) + 1, STEPS - 1), STEPS - 1)
        assert runner.kill_when(runner.start(*command), lambda at=at: len(_lines(metrics)) >= at)
    runner.finish(*command)
    _assert_same(run, whole)
    assert runner.log().count(AT_THE_END) == 1, "said by one process"


def test_a_worker_of_ray_train_that_is_killed_is_replaced(train: str, whole: Path, runner: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = runner.start("jobs.pretrain", train, "--out", run, *OPTIONS)
    log = run / "samples" / "rank-00001.jsonl"
    while process.poll() is None and len(_lines(log)) < 5:
        time.sleep(0.01)
    (worker,) = [one for one in process.children(recursive=True) if _has_open(one, log)]
    worker.kill()
    assert process.wait(300) == 0, runner.log()
    _assert_same(run, whole)
    assert runner.log().count(AT_THE_END) == 1


def test_a_second_run_in_the_same_folder_is_refused(train: str, whole: Path, runner: Any) -> None:
    with alone(Store(str(whole))):
        assert runner.start(*TORCHRUN, train, "--out", whole, *OPTIONS).wait(120) != 0
    assert f"another command is at work on {whole}" in runner.log()


def _has_open(process: psutil.Process, path: Path) -> bool:
    try:
        return str(path) in {file.path for file in process.open_files()}
    except psutil.Error:
        return False
