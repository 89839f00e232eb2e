"""How long it takes to see that a dataset is complete: its inputs listed again, none of them opened.

    python benchmarks/recognise.py [--inputs 1000000] [--pages 1]

Simulated: the listing. The records of a finished generation with so many inputs (of so many pages each) are written
with the project's own writers, and the same inputs are listed again from a generator, as a file system would name
them. Prints seconds per 1,000,000 pages of manifest, and the peak of this process's memory before and after.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator

from pipeline.ingest import IngestConfig, InputFiles, listing_row, unseen
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, open_or_create
from pipeline.sources import Listed
from schemas.dataset import Counts, DatasetInfo, Generation


def _inputs(count: int) -> Iterator[Listed]:
    for i in range(count):
        yield Listed(f"s3://corpus/scans/{i // 1000:07d}/document-{i:012d}.pdf", stamp=f"{i:032x}")


def _finished(store: Store, inputs: int, pages: int) -> DatasetInfo:
    """A dataset of one finished generation, as far as listing again looks at it."""
    info = open_or_create(store, "pages", IngestConfig().stored())
    InputFiles(GenerationFiles(store, "gen-0000")).write_listing(listing_row(one) for one in _inputs(inputs))
    counts = Counts(ok=inputs * pages)
    generation = Generation(
        name="gen-0000", digest="0" * 64, shards=0, counts=counts, inputs="simulated", environment={}
    )
    return info.model_copy(update={"generations": [generation]})


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000_000)
    parser.add_argument("--pages", type=int, default=1, help="of each input")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        info = _finished(store, options.inputs, options.pages)
        before = _peak()
        for _ in range(3):
            begun = time.perf_counter()
            alone = sum(1 for _ in _inputs(options.inputs))
            listed = time.perf_counter() - begun
            new = sum(1 for _ in unseen(store, info, _inputs(options.inputs)))
            seconds = time.perf_counter() - begun - 2 * listed
            assert alone == options.inputs
            assert new == 0, f"{new} inputs were taken for new"
            rate = seconds * 1e6 / (options.inputs * options.pages)
            print(
                f"{options.inputs} inputs of {options.pages} pages: {seconds:.2f} s, {rate:.2f} s a million pages"
                f" (and {listed:.2f} s for the simulated listing)"
            )
        print(f"peak memory: {before:.0f} MB before, {_peak():.0f} MB after")


if __name__ == "__main__":
    main()
