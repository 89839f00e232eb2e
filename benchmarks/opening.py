"""Time and memory of opening a training dataset of very many shards.

    python benchmarks/opening.py [--shards 100000]

Simulated: the contents of the markers. Real: a file for each marker in a folder, and the code that a run opens it with.
No tar and no index is there: opening reads none.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipeline.prepare import load_tokenizer, tokenizer_from_vocab
from pipeline.prepare.tokenizer import SPECIAL
from pipeline.prepare.unit import TOKENIZER_FILE
from pipeline.shards.generation import unit_name
from pipeline.stream import PretrainStream, make_spec
from schemas.dataset import DATASET_FILE, Counts, DatasetInfo, FileRef, Generation, GenerationDigest, UnitMarker

T = TypeVar("T")

_EACH = 256  # samples of a shard


def _ref(name: str, size: int) -> FileRef:
    return FileRef(name=name, size=size, sha256=hashlib.sha256(name.encode()).hexdigest())


def _marker(unit: int) -> UnitMarker:
    stem = f"train-{unit_name(unit)}"
    files = [_ref(f"{stem}.parquet", 130_000), _ref(f"{stem}.tar", 12_000_000), _ref(f"manifest/{unit}.parquet", 9_000)]
    counts = Counts(ok=_EACH, words=_EACH * 200, routes={"text-layer": _EACH})
    return UnitMarker(unit=unit_name(unit), shard=stem, files=files, counts=counts)


def write(folder: Path, shards: int) -> None:
    """dataset.json, the tokenizer and the markers of a dataset."""
    units = folder / "gen-0000" / "units"
    units.mkdir(parents=True)
    digest, total = GenerationDigest(), 0
    for unit in range(shards):
        marker = _marker(unit)
        data = marker.to_json()
        (units / f"{marker.unit}.json").write_bytes(data)
        digest.add(marker)
        total += len(data)
    tokenizer = tokenizer_from_vocab("\n".join([*SPECIAL, "a"]))
    (folder / TOKENIZER_FILE).write_bytes(tokenizer)
    counts = Counts(ok=shards * _EACH)
    made = Generation(
        name="gen-0000", digest=digest.hexdigest(), shards=shards, counts=counts, inputs="", environment={}
    )
    info = DatasetInfo(
        content="train",
        generations=[made],
        digest=DatasetInfo.digest_of([made]),
        config={"tokenizer": load_tokenizer(tokenizer).digest, "variants": 5},
        totals=counts,
    )
    (folder / DATASET_FILE).write_bytes(info.to_json())
    print(f"{shards} markers of {total / shards:.0f} bytes")


def _timed(what: str, call: Callable[[], T]) -> T:
    begun, cpu = time.perf_counter(), time.process_time()
    value = call()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = f"{time.perf_counter() - begun:7.2f} s ({time.process_time() - cpu:.2f} s CPU)"
    print(f"  {what:28} {seconds}, {peak:.0f} MB at most so far", flush=True)
    return value


def main() -> None:
    """Write the dataset and open it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _timed("write", lambda: write(Path(folder), options.shards))
        spec = _timed("specification", lambda: make_spec(folder, 0, 256))
        stream = _timed("stream of a rank", lambda: PretrainStream(folder, spec))
        data = _timed("to a loader process", lambda: pickle.dumps(stream))
        _timed(f"there ({len(data) / 1e6:.0f} MB)", lambda: pickle.loads(data))
        _timed("first position", lambda: stream.order.slot(0))


if __name__ == "__main__":
    main()
