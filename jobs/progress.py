"""Progress of long jobs: a bar on a terminal, a plain line now and then elsewhere; both with rate and time left."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

_PLAIN_EVERY = 5.0  # seconds between plain lines


class JobProgress:
    """Counts of one job: `with JobProgress("ingest", "pages", total) as p: p.update(done)`."""

    def __init__(self, title: str, noun: str, total: int, every: float = _PLAIN_EVERY) -> None:
        self._title, self._noun, self._total, self._every = title, noun, total, every
        self._begun = self._said = time.monotonic()
        self._start: int | None = None  # of what was done at the first update: the rate is of what came since
        self._last: tuple[int, str] | None = None  # what the last line said
        self._bar: Progress | None = None
        console = Console(file=sys.stderr)
        if console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(),
                TextColumn("{task.fields[note]}"),
                console=console,
            )
            self._task = self._bar.add_task(title, total=total, rate="", note="")

    def update(self, done: int, note: str = "") -> None:
        """`done` of the total are finished; `note` is a short addition (rejected pages, say)."""
        now = time.monotonic()
        if self._start is None or done < self._start:
            self._start, self._begun = done, now
        rate = (done - self._start) / max(now - self._begun, 1e-9)
        speed = f"{rate:.1f} {self._noun}/s" if rate > 0 else ""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, rate=speed, note=note)
        elif now - self._said >= self._every or (done >= self._total and (done, note) != self._last):
            self._said, self._last = now, (done, note)
            left = f", {(self._total - done) / rate:.0f} s left" if rate > 0 and done < self._total else ""
            print(
                f"{self._title}: {done}/{self._total} {self._noun}"
                + (f", {speed}{left}" if speed else "")
                + (f", {note}" if note else ""),
                file=sys.stderr,
                flush=True,
            )

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
