"""What the finished generations of a dataset already account for, without opening one input."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pyarrow.compute as pc

from pipeline.ingest.inputs import InputFiles
from pipeline.ingest.seen import KeySet, keys_of_hashes, keys_of_inputs
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles
from pipeline.sources import Listed
from schemas.dataset import DatasetInfo


def unseen(store: Store, info: DatasetInfo, inputs: Iterable[Listed]) -> Iterator[Listed]:
    """Those of `inputs`, sorted by uri, that no finished generation has listed with the same stamp.

    Both sides are sorted, so they are read side by side, whatever their number. One whose name no record can hold
    is given each time; one without a stamp, once, as nothing tells whether it has changed.
    """
    listed = heapq.merge(*(_stamped(store, generation.name) for generation in info.generations))
    there = next(listed, None)
    for one in inputs:
        seen = False
        while there is not None and there[0] <= one.uri:
            seen |= there == (one.uri, one.stamp)
            there = next(listed, None)
        if not seen:
            yield one


def _stamped(store: Store, generation: str) -> Iterator[tuple[str, str]]:
    """(uri, stamp) of what a generation has listed, sorted; names that were written with escapes are left out."""
    for table in InputFiles(GenerationFiles(store, generation)).all_listed():
        named = table.filter(pc.is_null(table["fault"])) if table["fault"].null_count < table.num_rows else table
        yield from zip(named["uri"].to_pylist(), named["stamp"].to_pylist(), strict=True)


@dataclass(frozen=True)
class Accounted:
    """Inputs that were looked at before."""

    known: KeySet = field(default_factory=KeySet)  # (uri, sha256)
    opened: KeySet = field(default_factory=KeySet)  # (uri, sha256) of those that have pages or are duplicates
    held: KeySet = field(default_factory=KeySet)  # sha256 of those


def accounted(store: Store, info: DatasetInfo, retry: bool = False) -> Accounted:
    """All inputs of the finished generations; `opened` is for a retry, and is left empty else.

    An input that could not be opened once and can be now is accounted for by its rejected row, and has no page until
    that is tried again.
    """
    found = Accounted()
    for generation in info.generations:
        inputs = InputFiles(GenerationFiles(store, generation.name))
        again = generation.replaces.rows > 0
        for listing, probes in zip(inputs.all_listed(), inputs.all_probes(), strict=True):
            hashes = probes["sha256"].to_pylist()
            keys = keys_of_inputs(listing["uri"].to_pylist(), hashes)
            counts = probes["reason"].is_null().to_numpy() & (again | ~found.known.has(keys))
            found.known.add(keys)
            found.held.add(keys_of_hashes(sha256 for sha256, there in zip(hashes, counts, strict=True) if there))
            if retry:
                found.opened.add(keys[counts])
    return found
