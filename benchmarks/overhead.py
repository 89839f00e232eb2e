"""What an ingested page costs beside its own work, line by line: one worker without Ray, CPU milliseconds a page.

    python benchmarks/overhead.py INPUT... [--pages 400]

The page's own work is rendering, characters, words, route, boxes, lines, order, and OCR; all else is around it:
reading and hashing files, pictures to JPEG, signatures, records, tars, manifests, markers, messages between processes.
Functions of the worker are timed from outside, each without what it calls that has a line of its own; the child
processes' time is the system's. What Ray adds is in `benchmarks/ingestion.py`.
"""

from __future__ import annotations

import argparse
import platform
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

import pipeline.ingest.layout
import pipeline.ingest.page
import pipeline.ingest.unit
import pipeline.words.extract
from jobs.environment import environment
from pipeline.beside import Beside
from pipeline.ingest import IngestConfig, IngestWorker, InputFiles, accounted, listing_row, make_plan, probe
from pipeline.limited import LimitedProcess, keep_freed_memory
from pipeline.pages import Sandbox
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, open_or_create
from pipeline.shards.planparts import PlanReader
from pipeline.shards.tar import ShardBuilder
from pipeline.sources import list_inputs

OWN = "own"
# Line -> (owner of a name, name); a line that begins with "own" is the page's own work.
LINES: dict[str, list[tuple[Any, str]]] = {
    "own: text layer to words": [(pipeline.words.extract, "words_of")],
    "own: route": [(pipeline.words.extract, name) for name in ("ink_of", "features_of", "decide", "rest_of")],
    "own: which way up": [(pipeline.words.extract, name) for name in ("pose_of_chars", "find_pose")],
    "own: lines and order": [(pipeline.ingest.layout, name) for name in ("arrange", "letters_of")],
    "own: boxes to 0..1000, words into order": [(pipeline.ingest.page, name) for name in ("normalise", "lay_out")],
    "read and hash the file": [(pipeline.ingest.unit, "read_source")],
    "messages with child processes": [(LimitedProcess, "ask")],
    "picture to JPEG": [(pipeline.ingest.page, "encode_picture")],
    "signatures: MinHash, perceptual hash": [(pipeline.ingest.unit, "minhash"), (pipeline.ingest.unit, "phash")],
    "record": [
        (pipeline.ingest.page.PageMaker, "_record"),
        *((pipeline.ingest.layout, name) for name in ("Words", "Lines")),
    ],
    "record to JSON, tar, index, hashes": [(pipeline.ingest.unit, "add_page"), (ShardBuilder, "finish")],
    "plan read; manifest and marker written": [(GenerationFiles, "write_unit"), (PlanReader, "unit")],
}


class Clock:
    """CPU seconds by line, exclusive of what has a line of its own."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inner = [0.0]

    def wrap(self, line: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, its time noted under `line`."""

        def timed(*args: Any, **options: Any) -> Any:
            begun = time.process_time()
            self._inner.append(0.0)
            try:
                return call(*args, **options)
            finally:
                whole = time.process_time() - begun
                self.seconds[line] += whole - self._inner.pop()
                self._inner[-1] += whole

        return timed


def plan(store: Store, inputs: list[str], pages: int, config: IngestConfig) -> tuple[GenerationFiles, int, int]:
    """Plan a generation of the first inputs that hold so many pages: (files, units, rows)."""
    info = open_or_create(store, "pages", config.stored())
    files = GenerationFiles(store, "gen-0000")
    made = InputFiles(files)
    rows: list[dict[str, Any]] = []
    probes = []
    with Sandbox(config.limits) as sandbox, Beside(config.limits.for_pages) as beside:
        for listed in list_inputs(inputs):
            rows.append(listing_row(listed))
            probes.append(probe(rows[-1], sandbox, beside))
            pages -= probes[-1].pages
            if pages <= 0:
                break
    listing = made.write_listing(rows)
    assert len(listing.files) == 1, "more inputs than one part holds: ask for fewer pages"
    made.write_probes(0, [found.row() for found in probes])
    planned = make_plan(files, listing, config, accounted(store, info))
    assert planned is not None, "nothing to do"
    return files, planned.units, planned.rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+")
    parser.add_argument("--pages", type=int, default=400)
    options = parser.parse_args()
    config, clock = IngestConfig(), Clock()
    with tempfile.TemporaryDirectory() as folder:
        files, units, rows = plan(Store(f"{folder}/pages"), options.inputs, options.pages, config)
        keep_freed_memory()
        worker = IngestWorker(files.store.url, files.name, config)
        run = clock.wrap("everything else in the worker", worker.run)
        before = _of_ended_children()
        for line, places in LINES.items():
            for owner, name in places:
                timed = clock.wrap(line, getattr(owner, name))
                bare = isinstance(vars(owner)[name], staticmethod)
                setattr(owner, name, staticmethod(timed) if bare else timed)
        for unit in range(units):
            run(unit, lambda: None)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.tar"))
        reading = sum(_cpu(child) for child in psutil.Process().children() if "words.ocr" in " ".join(child.cmdline()))
        worker.close()
        # Those that were replaced on the way are counted, too.
        clock.seconds["own: OCR (child)"] = reading
        clock.seconds["own: rendering, characters (child)"] = _of_ended_children() - before - reading
    report(clock, rows, size)


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


def _of_ended_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(clock: Clock, rows: int, size: int) -> None:
    """Print the lines, own work first, and what is around it as a share of that."""
    known = environment()
    print(f"{datetime.now(UTC):%Y-%m-%d}, {rows} pages, {size / rows / 1e3:.0f} kB each, {known['processor']},"
          f" Python {platform.python_version()}")  # fmt: skip
    for own in (True, False):
        print("\nthe page's own work" if own else "\naround it")
        lines = {line: s for line, s in clock.seconds.items() if line.startswith(OWN) is own}
        for line, seconds in sorted(lines.items(), key=lambda item: -item[1]):
            print(f"  {line.removeprefix('own: '):45} {1000 * seconds / rows:8.2f}")
        print(f"  {'together':45} {1000 * sum(lines.values()) / rows:8.2f}")
    around = sum(s for line, s in clock.seconds.items() if not line.startswith(OWN))
    whole = sum(clock.seconds.values())
    print(f"\naround is {100 * around / (whole - around):.1f} % of the page's own work")


if __name__ == "__main__":
    main()
