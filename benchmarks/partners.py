"""Partners among very many pages: what a worker holds before its first page, and what a draw costs.

    python benchmarks/partners.py PAGES [--shards 400000] [--draws 300] [--sides 200000]

The shards are simulated: each has the index of the first 256 pages of PAGES under other names, which is parsed anew
whenever a shard's index is asked for, as a real one is (from memory: reading is not in these figures). `--sides` are
documents whose near-duplicate pages are looked for, by the code that the tasks on Ray run, in one process: every tenth
says what another one says.
"""

from __future__ import annotations

import argparse
import resource
import time

import numpy as np
import pyarrow as pa

from pipeline.prepare.directory import Directory, runs_of
from pipeline.prepare.split import band_records, edges_of, partitioned, sides_of
from pipeline.prepare.tim import FEW_WORDS, Partners
from pipeline.shards.dataset import Dataset
from pipeline.shards.tar import parquet_bytes, read_parquet
from schemas.index import INDEX_SCHEMA, MINHASH_SIZE
from schemas.manifest import TRAIN_PLAN_SCHEMA


def megabytes() -> float:
    """The most memory that this process has held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def simulated(shards: int, documents: int, samples: int) -> pa.Table:
    """A plan of so many equal shards."""
    names = pa.array([f"pages-{i:06d}" for i in range(shards)])
    columns = [
        pa.array(["gen-0000"] * shards),
        names,
        *(pa.array([n] * shards, pa.int64()) for n in (samples, documents, 0)),
    ]
    return pa.Table.from_arrays(columns, schema=TRAIN_PLAN_SCHEMA)


def draw(url: str, shards: int, draws: int) -> None:
    """Directory of `shards` shards, and partners of the pages of one of them."""
    dataset = Dataset(url)
    whole = pa.concat_tables([dataset.index(shard) for shard in dataset.shards()]).slice(0, 256)
    runs = runs_of(whole["document"].to_pylist())
    data = parquet_bytes(whole)

    def read(number: int) -> pa.Table:
        """The same pages of other documents."""
        table = read_parquet(data, INDEX_SCHEMA, "index")
        names = pa.array([f"{number:08x}{name[8:]}" for name in table["document"].to_pylist()])
        return table.set_column(1, INDEX_SCHEMA.field("document"), names)

    plan = simulated(shards, runs.count, runs.samples)
    held, begun = megabytes(), time.process_time()
    directory = Directory(plan, read)
    print(
        f"{shards} shards of {runs.samples} pages: {directory.count} documents,"
        f" {time.process_time() - begun:.2f} s CPU, {megabytes() - held:.0f} MB more"
    )
    partners = Partners(directory)
    pages = [directory.candidate(0, row) for row in range(runs.samples)]
    held, begun = megabytes(), time.process_time()
    found = [partners.find(0, pages[i % len(pages)], i) for i in range(draws)]
    each = 1000 * (time.process_time() - begun) / draws
    count = sum(one is not None for one in found)
    print(f"{draws} draws, {count} found: {each:.2f} ms CPU each, {megabytes() - held:.0f} MB more")


def sides(documents: int) -> None:
    """Pages of one page each, every tenth like the one before it."""
    rng = np.random.Generator(np.random.Philox(key=1))
    signature = rng.integers(0, 1 << 32, (documents, MINHASH_SIZE), dtype=np.uint64).astype(np.uint32)
    signature[1::10, : MINHASH_SIZE * 3 // 4] = signature[0::10, : MINHASH_SIZE * 3 // 4][: len(signature[1::10])]
    index = pa.table(
        {
            "document": [f"{i:016x}" for i in range(documents)],
            "words": pa.array([100] * documents, pa.int32()),
            "minhash": pa.FixedSizeListArray.from_arrays(pa.array(signature.ravel()), MINHASH_SIZE),
        }
    )
    clock = [time.process_time()]
    parts = partitioned(band_records(index, 0, FEW_WORDS), -(-documents // 65_536))
    clock.append(time.process_time())
    edges = [edges_of(part) for part in parts]
    clock.append(time.process_time())
    found = sides_of(edges, 0.05)
    clock.append(time.process_time())
    sent, compared, decided = (1e6 * float(seconds) / documents for seconds in np.diff(clock))
    size = sum(part.nbytes for part in parts) / documents
    print(
        f"{documents} documents, {len(found)} of them like another: microseconds CPU a page: sent {sent:.0f}, compared"
        f" {compared:.0f}, sides {decided:.0f}; {size:.0f} bytes a page are sent"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pages")
    parser.add_argument("--shards", type=int, default=400_000)
    parser.add_argument("--draws", type=int, default=300)
    parser.add_argument("--sides", type=int, default=200_000)
    options = parser.parse_args()
    draw(options.pages, options.shards, options.draws)
    sides(options.sides)


if __name__ == "__main__":
    main()
