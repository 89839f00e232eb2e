"""What a generation was asked to hold, in parts of some thousand inputs: listed first, then opened one by one.

    listing/part-*.parquet, listing.json    which inputs, with a stamp that changes when their bytes do
    probes/part-*.parquet                   what opening each of them showed

The listing is sealed by `listing.json`; each part of probes is written when all of its inputs were opened. So a run
that is killed while it looks at ten million files goes on where it was, and a finished generation knows later which
inputs it accounts for without opening one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import pyarrow as pa

from pipeline.shards.generation import LISTING_FILE, GenerationFiles
from pipeline.shards.tar import parquet_bytes, read_parquet
from schemas.dataset import Counts, FileRef, Listing
from schemas.manifest import LISTING_SCHEMA, PROBE_SCHEMA

PART_INPUTS = 4096
SEAL = LISTING_FILE
_FOLDERS = ("listing", "probes", "plan", "units", "manifest")  # what a generation may hold before it has shards


class InputFiles:
    """The inputs of one generation."""

    def __init__(self, files: GenerationFiles) -> None:
        self._files = files
        self._store, self._folder = files.store, files.name

    def write_listing(self, rows: Iterable[dict[str, Any]], replaces: Counts | None = None) -> Listing:
        """List `rows` (of LISTING_SCHEMA) as they come; `replaces` is given where they are tried again."""
        self.discard()  # what a listing that was cut off has left would be taken for a part of this one
        refs: list[FileRef] = []
        count = 0
        rest = iter(rows)
        while part := list(islice(rest, PART_INPUTS)):
            table = pa.Table.from_pylist(part, schema=LISTING_SCHEMA)
            refs.append(self._files.put(_part("listing", len(refs)), parquet_bytes(table)))
            count += len(part)
        listing = Listing(inputs=count, files=refs, retry=replaces is not None, replaces=replaces or Counts())
        self._files.put(SEAL, listing.to_json())
        return listing

    def read_listing(self) -> Listing | None:
        """What was listed, or None where that was not finished."""
        name = f"{self._folder}/{SEAL}"
        return Listing.from_json(self._store.read(name)) if self._store.exists(name) else None

    def listed(self, part: int) -> pa.Table:
        """Rows of one part of the listing."""
        return self._table(_part("listing", part), LISTING_SCHEMA)

    def all_listed(self) -> Iterator[pa.Table]:
        """All parts of the listing."""
        return self._tables("listing", LISTING_SCHEMA)

    def probed(self) -> set[int]:
        """Parts whose inputs were all opened."""
        return {
            int(name.removeprefix("part-").partition(".")[0]) for name in self._store.list(f"{self._folder}/probes")
        }

    def write_probes(self, part: int, rows: list[dict[str, Any]]) -> None:
        """Publish what opening the inputs of a part showed."""
        self._files.put(_part("probes", part), parquet_bytes(pa.Table.from_pylist(rows, schema=PROBE_SCHEMA)))

    def probes(self, part: int) -> pa.Table:
        """What opening the inputs of a part showed, row by row as they are listed."""
        return self._table(_part("probes", part), PROBE_SCHEMA)

    def all_probes(self) -> Iterator[pa.Table]:
        """All parts of the probes."""
        return self._tables("probes", PROBE_SCHEMA)

    def refs(self, listing: Listing) -> list[FileRef]:
        """Every file of these, for the plan that was made from them."""
        names = [SEAL, *(f"probes/{name}" for name in self._store.list(f"{self._folder}/probes"))]
        whole = (self._store.read(f"{self._folder}/{name}") for name in names)
        return [*listing.files, *(self._files.ref(name, data) for name, data in zip(names, whole, strict=True))]

    def discard(self) -> None:
        """Take back all of it: nothing new is among the inputs, or they were not listed whole. The seal goes first.

        RuntimeError where the generation has a plan by now: that is somebody else's work.
        """
        if self._files.read_plan() is not None:
            raise RuntimeError(
                f"{self._store.url}/{self._folder} was planned by another command: let that one end, give it again,"
                " or drop what it has begun with `pagemill dataset discard`"
            )
        self._store.remove(f"{self._folder}/{SEAL}")
        for folder in _FOLDERS:
            for name in self._store.list(f"{self._folder}/{folder}"):
                self._store.remove(f"{self._folder}/{folder}/{name}")

    def _table(self, name: str, schema: pa.Schema) -> pa.Table:
        where = f"{self._folder}/{name}"
        return read_parquet(self._store.read(where), schema, where)

    def _tables(self, folder: str, schema: pa.Schema) -> Iterator[pa.Table]:
        names = [f"{self._folder}/{folder}/{name}" for name in self._store.list(f"{self._folder}/{folder}")]
        for name, data in zip(names, self._store.read_many(names), strict=True):
            yield read_parquet(data, schema, name)


def _part(folder: str, number: int) -> str:
    return f"{folder}/part-{number:06d}.parquet"
