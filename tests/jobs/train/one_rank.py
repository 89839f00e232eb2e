"""One rank of a run, as a program: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT are in its environment.

Usage: one_rank.py RUN CONFIG. With --exact the model has no dropout and frozen batch norms, so that nothing of a
sample's loss depends on which samples its rank holds beside it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import torch

import jobs.train.loop
from jobs.train.config import RunConfig
from jobs.train.loop import Place, Trainer
from model import preset


def _exact(name: str, **fields: Any) -> Any:
    dropout = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    return preset(name, visual_norm="frozen", **dropout, **fields)


def main(arguments: list[str]) -> None:
    """Train to the last step."""
    if "--exact" in arguments:
        arguments.remove("--exact")
        jobs.train.loop.preset = _exact  # type: ignore[attr-defined]
    run, config = Path(arguments[0]), RunConfig.from_json(Path(arguments[1]).read_bytes())
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    torch.set_num_threads(1)
    if world > 1:
        torch.distributed.init_process_group("gloo")
    Trainer(run, config, Place(rank=rank, world_size=world), lambda _step, _values: None).train()
    if world > 1:
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1:])
