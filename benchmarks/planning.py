"""Time, memory and disk of everything that ingestion does before the first page: for inputs that are simulated.

    python benchmarks/planning.py [--inputs 100000 1000000] [--pages 10]

Simulated: the names of the inputs and what opening each of them showed (a hash, a format, a number of pages). Real:
the listing, the parts of probes, the plan with a row for every page, and seeing that all of it is known afterwards,
with the project's own writers and readers on a local folder. Each size runs in a process of its own.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from pipeline.ingest import IngestConfig, InputFiles, accounted, listing_row, make_plan, unseen
from pipeline.ingest.accounted import Accounted
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, open_or_create
from pipeline.sources import Listed
from schemas.dataset import Counts, Generation

T = TypeVar("T")


def _inputs(count: int) -> Iterator[Listed]:
    for i in range(count):
        yield Listed(f"s3://corpus/scans/{i // 1000:07d}/document-{i:012d}.pdf", stamp=f"{i:032x}")


def _probe(uri: str, pages: int) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(uri.encode()).hexdigest(), "format": "pdf", "pages": pages}


def _timed(what: str, call: Callable[[], T]) -> T:
    begun = time.perf_counter()
    value = call()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"  {what:24} {time.perf_counter() - begun:8.1f} s   {peak:6.0f} MB at most so far", flush=True)
    return value


def _run(inputs: int, pages: int) -> None:
    print(f"{inputs} inputs of {pages} pages", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        info = open_or_create(store, "pages", IngestConfig().stored())
        files = GenerationFiles(store, "gen-0000")
        held = InputFiles(files)
        listing = _timed("list", lambda: held.write_listing(listing_row(one) for one in _inputs(inputs)))

        def probe() -> None:
            for part in range(len(listing.files)):
                held.write_probes(part, [_probe(uri, pages) for uri in held.listed(part)["uri"].to_pylist()])

        _timed("(write simulated probes)", probe)
        plan = _timed("plan", lambda: make_plan(files, listing, IngestConfig(), Accounted()))
        assert plan is not None
        assert plan.rows == inputs * pages
        done = Generation(name="gen-0000", digest="0" * 64, shards=0, counts=Counts(), inputs="", environment={})
        info = info.model_copy(update={"generations": [done]})
        new = _timed("see that all is known", lambda: sum(1 for _ in unseen(store, info, _inputs(inputs))))
        assert new == 0
        _timed("load what is known", lambda: accounted(store, info))
        for part in ("listing", "probes", "plan"):
            sizes = [path.stat().st_size for path in Path(folder, "gen-0000", part).iterdir()]
            print(f"  {part:24} {sum(sizes) / 1e6:8.1f} MB in {len(sizes)} files")
        print(f"  units of work {plan.units}")


def main() -> None:
    """Measure each size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--pages", type=int, default=10, help="of each input")
    asked = parser.parse_args()
    if len(asked.inputs) == 1:
        _run(asked.inputs[0], asked.pages)
        return
    for count in asked.inputs:
        command = [sys.executable, __file__, "--inputs", str(count), "--pages", str(asked.pages)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
