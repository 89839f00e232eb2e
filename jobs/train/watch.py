"""Progress of a run on standard error, told from its metrics: the same whoever started the ranks, and where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import orjson

from jobs.progress import JobProgress
from jobs.train.config import RunConfig
from jobs.train.log import METRICS_FILE
from model.objectives import OBJECTIVES

_EVERY = 10.0  # seconds between plain lines
_POLL = 0.5  # seconds between looks at the metrics


class MetricsTail:
    """What is added to a run's metrics from now on."""

    def __init__(self, run: Path) -> None:
        self._path = run / METRICS_FILE
        self._offset = self._path.stat().st_size if self._path.exists() else 0

    def newest(self) -> dict[str, float] | None:
        """Values of the last step that was added since the call before; None where there is none."""
        if not self._path.exists():
            return None
        with self._path.open("rb") as file:
            file.seek(self._offset)
            found = file.read()
        whole = found[: found.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in reversed(whole.splitlines()):
            try:
                values: dict[str, float] = orjson.loads(line)
            except orjson.JSONDecodeError:
                continue  # the half line of a killed run
            return values
        return None


@contextmanager
def watching(run: Path, config: RunConfig) -> Iterator[None]:
    """Say now and then how a run gets on: samples, samples a second, time left, step and losses."""
    batch, ended, tail = config.stream.global_batch, Event(), MetricsTail(run)
    with JobProgress("pretrain", "samples", config.steps * batch, _EVERY) as progress:

        def follow() -> None:
            last = False
            while not last:
                last, values = ended.wait(_POLL), None  # and look once more
                with suppress(OSError):  # a shared folder may be away for a while; the run says so, if that matters
                    values = tail.newest()
                if values:
                    progress.update(int(values["step"] + 1) * batch, _note(values, config.steps))

        thread = Thread(target=follow, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def _note(values: dict[str, float], steps: int) -> str:
    losses = ", ".join(f"{name} {values[name]:.4f}" for name in OBJECTIVES)
    return f"step {values['step'] + 1} of {steps}, {losses}"
