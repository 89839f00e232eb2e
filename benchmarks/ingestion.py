"""Real runs of `pagemill ingest` on one machine: pages a second, CPU and memory by kind of process.

    python benchmarks/ingestion.py FOLDER... [--pages 400] [--workers 1 2] [--repeat 3] [-- OPTIONS OF ingest]

Takes the first files of the folders (PDFs, and pictures of a page each) until they hold so many pages. The numbers of
workers take turns, `--repeat` times, with nothing beside them; seconds are medians. CPU and memory are those of one
more run each, in which /proc is read twice a second: that costs two workers on two cores some time. What a process used
in its last half second is not seen, so CPU is a little too low. Memory is the resident set with what it shares.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import psutil
import pypdfium2

_KINDS = {
    "ray::_Hol": "worker",
    "ray::_probe": "probe",
    "ray::IDLE": "probe",
    "pipeline.pages": "page child",
    "pipeline.words": "OCR child",
    "jobs.ingest": "driver",
}


@dataclass
class Seen:
    """One process: seconds of CPU so far, and the most memory it had, in MB."""

    kind: str
    cpu: float = 0.0
    peak: float = 0.0


@dataclass
class Run:
    """One ingestion."""

    pages: int = 0
    seconds: float = 0.0
    processes: dict[int, Seen] = field(default_factory=dict)

    def cpu(self) -> dict[str, float]:
        """Seconds of CPU by kind of process."""
        found: dict[str, float] = defaultdict(float)
        for seen in self.processes.values():
            found[seen.kind] += seen.cpu
        return found

    def peak(self, kind: str) -> float:
        """MB of the largest process of a kind."""
        return max((seen.peak for seen in self.processes.values() if seen.kind == kind), default=0.0)


def choose(folders: list[Path], pages: int) -> list[Path]:
    """The first PDFs and pictures that hold so many pages together."""
    chosen: list[Path] = []
    for path in (path for folder in folders for path in sorted(folder.rglob("*"))):
        if pages <= 0:
            break
        if count := _pages_of(path):
            pages -= count
            chosen.append(path)
    return chosen


def _pages_of(path: Path) -> int:
    """0 for what is no document."""
    if path.suffix in {".png", ".jpg"}:
        return 1
    try:
        with pypdfium2.PdfDocument(path) as document:
            return len(document)
    except (pypdfium2.PdfiumError, OSError):
        return 0


def run(files: list[Path], workers: int, options: list[str], *, watched: bool) -> Run:
    """Ingest the files into a new folder."""
    made = Run()
    with tempfile.TemporaryDirectory() as folder:
        out, names = Path(folder) / "pages", Path(folder) / "names.txt"
        names.write_text("".join(f"{path}\n" for path in files))
        command = [sys.executable, "-m", "jobs.ingest", "--inputs-from", str(names), "--out", str(out)]
        begun = time.monotonic()
        driver = psutil.Popen([*command, "--workers", str(workers), *options], stderr=subprocess.DEVNULL)
        while watched and driver.poll() is None:
            _look(driver, made)
            time.sleep(0.5)
        driver.wait()
        made.seconds = time.monotonic() - begun
        assert driver.returncode == 0, f"ingest ended with {driver.returncode}"
        made.pages = json.loads((out / "dataset.json").read_bytes())["totals"]["ok"]
    return made


def _look(driver: psutil.Process, made: Run) -> None:
    try:
        family = [driver, *driver.children(recursive=True)]
    except psutil.Error:
        return
    for one in family:
        try:
            title = " ".join(one.cmdline()) or one.name()
            times, memory = one.cpu_times(), one.memory_info().rss / 1e6
        except psutil.Error:
            continue
        kind = next((kind for mark, kind in _KINDS.items() if mark in title), "Ray")
        seen = made.processes.setdefault(one.pid, Seen(kind))
        if kind != "Ray":
            seen.kind = kind  # a worker begins its life under another name
        seen.cpu = times.user + times.system
        seen.peak = max(seen.peak, memory)


def report(runs: dict[int, list[Run]], watched: dict[int, Run]) -> None:
    """Print the medians, and what the watched runs took."""
    for workers, several in runs.items():
        seconds = median(one.seconds for one in several)
        pages = several[0].pages
        print(f"\n{workers} worker(s): {pages} pages, {seconds:.1f} s, {pages / seconds:.2f} pages/s")
        for kind, cpu in sorted(watched[workers].cpu().items()):
            print(
                f"  {kind:11} {1000 * cpu / pages:8.1f} ms CPU a page   {watched[workers].peak(kind):6.0f} MB at most"
            )
    if len(runs) > 1:
        first, *others = runs
        for other in others:
            pairs = [a.seconds / b.seconds for a, b in zip(runs[first], runs[other], strict=True)]
            print(f"\n{other} workers are {median(pairs):.2f} times as fast as {first} (median of {len(pairs)} pairs)")


def main() -> None:
    """Measure and print."""
    options: list[str] = []
    arguments = sys.argv[1:]
    if "--" in arguments:
        place = arguments.index("--")
        arguments, options = arguments[:place], arguments[place + 1 :]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=3)
    asked = parser.parse_args(arguments)
    files = choose(asked.folders, asked.pages)
    print(f"{datetime.now(UTC):%Y-%m-%d}, {platform.processor() or platform.machine()}, {psutil.cpu_count()} CPUs")
    runs: dict[int, list[Run]] = {workers: [] for workers in asked.workers}
    for _ in range(asked.repeat):
        for workers, several in runs.items():
            several.append(run(files, workers, options, watched=False))
    report(runs, {workers: run(files, workers, options, watched=True) for workers in runs})


if __name__ == "__main__":
    main()
