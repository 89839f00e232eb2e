"""The inputs of a generation as they are copied: as they were, but for what a retry cannot try again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from jobs.dataset.leftout import LeftOut, Retry
from jobs.dataset.original import Original
from pipeline.ingest.inputs import SEAL
from pipeline.shards.generation import GenerationFiles
from pipeline.shards.tar import parquet_bytes, read_parquet
from schemas.dataset import FileRef, Listing
from schemas.manifest import LISTING_SCHEMA, PROBE_SCHEMA


@dataclass
class CopiedInputs:
    """Listing and probes of `original`, without the inputs whose pages are left out where they are tried again."""

    original: Original
    left_out: LeftOut
    retry: Retry | None  # in a retry; learns what is listed
    listing: Listing | None = None  # once all parts were given

    def parts(self) -> Iterator[tuple[str, bytes]]:
        """(name, bytes) of all parts; then `listing` is what seals them."""
        refs = {ref.name: ref for ref in self.original.inputs}
        listing = Listing.from_json(self.original.read(refs[SEAL]))
        listed: list[FileRef] = []
        rows = 0
        for ref in listing.files:
            name = ref.name.replace("listing/", "probes/", 1)
            data, probed, count = self._part(ref, refs[name])
            listed.append(GenerationFiles.ref(ref.name, data))
            rows += count
            yield ref.name, data
            yield name, probed
        replaces = {} if self.retry is None else {"replaces": self.retry.replaced()}
        self.listing = listing.model_copy(update={"inputs": rows, "files": listed, **replaces})

    def _part(self, listing: FileRef, probes: FileRef) -> tuple[bytes, bytes, int]:
        """One part of both, and how many inputs it has."""
        data, probed = self.original.read(listing), self.original.read(probes)
        table = read_parquet(data, LISTING_SCHEMA, listing.name)
        if self.retry is None:
            return data, probed, table.num_rows
        places = list(zip(table["uri"].to_pylist(), table["sha256"].to_pylist(), strict=True))
        gone = self.left_out.named(places)
        self.retry.list(place for place, out in zip(places, gone, strict=True) if not out)
        if not gone.any():
            return data, probed, table.num_rows
        kept = table.filter(pa.array(~gone))
        opened = read_parquet(probed, PROBE_SCHEMA, probes.name).filter(pa.array(~gone))
        return parquet_bytes(kept), parquet_bytes(opened), kept.num_rows
