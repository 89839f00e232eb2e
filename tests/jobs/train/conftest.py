"""Runs of a few small steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.train.config import OptimConfig, RunConfig
from pipeline.stream import make_spec
from schemas.stream import Objectives


@pytest.fixture(scope="session")
def make_config(train: str) -> Callable[..., RunConfig]:
    """`make_config(steps=..., ...)`: the smallest model over short windows, four samples a step."""

    def make(steps: int = 8, checkpoint_every: int = 3, **optim: Any) -> RunConfig:
        spec = make_spec(train, 1, 4).model_copy(
            update={"objectives": Objectives(max_tokens=46), "lanes": 2, "window": 3}
        )
        return RunConfig(
            train=train,
            preset="tiny",
            steps=steps,
            seed=1,
            stream=spec,
            optim=OptimConfig(**{"learning_rate": 5e-3, **optim}),
            checkpoint_every=checkpoint_every,
        )

    return make


@pytest.fixture(scope="session")
def read_lines() -> Callable[[Path], dict[int, Any]]:
    """Lines of a log by step, without what differs between equal runs; the last line of a step counts."""

    def read(path: Path) -> dict[int, Any]:
        lines = [json.loads(line) for line in path.read_bytes().splitlines()]
        return {line.pop("step"): {k: v for k, v in line.items() if k != "seconds"} for line in lines}

    return read
