"""Pre-training through Ray Train: the same loop on every worker, started again from the newest checkpoint."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import ray
import ray.train
import torch
from ray.train import FailureConfig, RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer

from jobs.cluster.session import session
from jobs.cluster.sharing import dataset_paths, require_shared
from jobs.train import config as run_config
from jobs.train.loop import Place, Reading, Trainer
from jobs.train.watch import watching
from pipeline.shards.alone import alone
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store

_MAX_FAILURES = 3  # Ray's default is none: a lost worker would end the run
_MAX_TRIES = (
    5  # for workers to start where all CPUs are ours; a cluster may be busy or grow, and Ray's default is for ever
)


def _worker(given: dict[str, Any]) -> None:
    context = ray.train.get_context()
    torch.set_num_threads(max(1, int(given["threads"])))
    place = Place(
        rank=context.get_world_rank(),
        world_size=context.get_world_size(),
        device=ray.train.torch.get_device() if given["gpu"] else torch.device("cpu"),
        reading=given["reading"],
    )
    config = run_config.RunConfig.from_json(given["config"])
    Trainer(Path(given["run"]), config, place, lambda _step, values: ray.train.report(values)).train()


def pretrain(
    run: Path,
    config: run_config.RunConfig,
    workers: int,
    *,
    gpu: bool = False,
    reading: Reading = Reading(),
    address: str | None = None,
) -> None:
    """Train `config` in the folder `run` with `workers` workers; RuntimeError where that fails for good."""
    # Its progress tables would bury what a person wants to see; the losses are in the run's folder.
    os.environ.setdefault("RAY_TRAIN_ENABLE_STATE_TRACKING", "0")
    run = run.absolute()
    store = Store(str(run))
    with session(address, max(workers, len(os.sched_getaffinity(0)))):
        require_shared(store, [path for url in config.urls for path in dataset_paths(Dataset(url))])
        run_config.settle(run, config)
        waits = bool(address or os.environ.get("RAY_ADDRESS"))
        _check_room(workers, "GPU" if gpu else "CPU", waits=waits)
        trainer = TorchTrainer(
            _worker,
            train_loop_config={
                "run": str(run),
                "config": config.to_json(),
                "gpu": gpu,
                "reading": reading,
                "threads": 1,
            },
            torch_config=TorchConfig(backend="nccl" if gpu else "gloo"),
            scaling_config=ScalingConfig(
                num_workers=workers, use_gpu=gpu, resources_per_worker={"CPU": 1, **({"GPU": 1} if gpu else {})}
            ),
            run_config=RunConfig(name="ray", storage_path=str(run), failure_config=_failures(waits)),
        )
        try:
            with alone(store), watching(run, config):
                trainer.fit()
        except ray.train.TrainingFailedError as error:
            raise RuntimeError(f"training failed: {_cause(str(error))}") from error


def _failures(waits: bool) -> FailureConfig:
    limit = -1 if waits else _MAX_TRIES
    # Ray shows checkers the class that it had before.
    return FailureConfig(max_failures=_MAX_FAILURES, controller_failure_limit=limit)  # type: ignore[call-arg]


def _check_room(workers: int, kind: str, *, waits: bool) -> None:
    """Ray waits without a word for what it does not have: on a cluster that may grow, say so; here, refuse."""
    resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    there = int(resources.get(kind, 0))
    if there < workers:
        text = f"{workers} workers need a {kind} each, and there are {there}"
        if not waits:
            raise ValueError(text)
        print(f"note: {text}: waiting for the cluster to grow", file=sys.stderr, flush=True)


def _cause(text: str) -> str:
    """The line of Ray's long report that names an error."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    named = [line for line in lines if "Error" in line and not line.startswith("File")]
    return (named or lines or ["no reason given"])[-1][:400]
