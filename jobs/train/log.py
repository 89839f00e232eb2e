"""What a run writes down: metrics of each step, samples of each rank, TensorBoard events."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import orjson
from torch.utils.tensorboard import SummaryWriter

METRICS_FILE = "metrics.jsonl"
_SKIPPED = b'"skipped":'


class RunLog:
    """Log of one rank; rank 0 also keeps the metrics. Lines of a step that is done again are written again."""

    def __init__(self, run: Path, rank: int, *, tensorboard: bool = True) -> None:
        (run / "samples").mkdir(parents=True, exist_ok=True)
        self._samples = _append_to(run / "samples" / f"rank-{rank:05d}.jsonl")
        self._metrics = _append_to(run / METRICS_FILE) if rank == 0 else None
        self._board: Any = SummaryWriter(str(run / "tensorboard")) if rank == 0 and tensorboard else None

    def samples(self, step: int, positions: list[int], keys: list[str], skipped: Sequence[str] = ()) -> None:
        """Which samples this rank trained on, and why some of them were left out."""
        line = {"step": step, "positions": positions, "keys": keys}
        self._samples.write(orjson.dumps(line | ({"skipped": list(skipped)} if skipped else {})) + b"\n")

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Values of a step, from rank 0."""
        if self._metrics is not None:
            self._metrics.write(orjson.dumps({"step": step, **values}) + b"\n")
        if self._board is not None:
            for name, value in values.items():
                self._board.add_scalar(name, value, step)

    def sync(self) -> None:
        """Make what was written durable: a checkpoint must not outlive the lines of the steps before it."""
        for file in (self._samples, self._metrics):
            if file is not None:
                os.fsync(file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sink in (self._samples, self._metrics, self._board):
            if sink is not None:
                sink.close()


def _append_to(path: Path) -> BinaryIO:
    """Open for whole lines; the half line of a killed run is ended first, or it would spoil the next one."""
    file = path.open("ab+", buffering=0)
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.write(b"\n")
    return file


def skipped_samples(run: Path, limit: int) -> list[str]:
    """Why samples were left out, each reason once whatever the epochs, at most `limit` of them; by rank and step."""
    found: dict[str, None] = {}
    for path in sorted((run / "samples").glob("rank-*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                found |= dict.fromkeys(_skipped(line) if _SKIPPED in line else ())
                if len(found) >= limit:
                    return list(found)[:limit]
    return list(found)


def _skipped(line: bytes) -> list[str]:
    try:
        reasons: list[str] = orjson.loads(line)["skipped"]
    except orjson.JSONDecodeError:
        return []  # of a killed run
    return reasons


def read_metrics(run: Path) -> list[dict[str, float]]:
    """Metrics by step; of a step that was done twice the last line counts."""
    path = run / METRICS_FILE
    if not path.is_file():
        raise ValueError(f"no run at {run}: it has no {METRICS_FILE}")
    by_step: dict[int, dict[str, float]] = {}
    for line in path.read_bytes().splitlines():
        try:
            values = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # of a killed run
        by_step[int(values["step"])] = values
    return [by_step[step] for step in sorted(by_step)]
