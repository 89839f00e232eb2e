"""What the finished generations of a dataset already account for, without opening one input."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ingest.inputs import InputFiles
from pipeline.ingest.seen import Keys, KeySet, keys_of, keys_of_hashes, keys_of_inputs
from pipeline.places import is_chain
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, generation_name
from pipeline.sources import Listed
from schemas.dataset import DATASET_FILE, DatasetInfo

_SHARD = re.compile(r"gen-[0-9]{4}/pages-[0-9]{6,}\.tar")  # in a dataset of pages


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


def known_tars(store: Store) -> Callable[[str, str], bool]:
    """Whether all documents of a tar (URI, stamp) are listed in the dataset by now. Looked up at the first question.

    A listing that was begun counts once it is sealed: it is finished before anything else is done. The dataset's own
    shards count, too: a pattern or a list may lead to them.
    """

    @cache
    def keys() -> KeySet:
        return _tars_of(store) if store.exists(DATASET_FILE) else KeySet()

    own = f"{store.place}/"

    def is_known(uri: str, stamp: str) -> bool:
        place = "" if is_chain(uri) else Store(uri).place
        shard = place.startswith(own) and _SHARD.fullmatch(place.removeprefix(own)) is not None
        return shard or bool(keys().has(keys_of([(uri, stamp)]))[0])

    return is_known


def _tars_of(store: Store) -> KeySet:
    found = KeySet()
    count = len(Dataset(store.url).info.generations)
    for name in map(generation_name, range(count + 1)):
        if name == generation_name(count) and InputFiles(GenerationFiles(store, name)).read_listing() is None:
            break
        for table in InputFiles(GenerationFiles(store, name)).all_listed():
            members = table.filter(table["whole_tar"])
            tars = pc.list_element(pc.split_pattern(members["uri"], "::", max_splits=1), 1)
            pairs = pa.table({"tar": tars, "stamp": members["stamp"]}).group_by(["tar", "stamp"]).aggregate([])
            found.add(keys_of(zip(pairs["tar"].to_pylist(), pairs["stamp"].to_pylist(), strict=True)))
    return found


@dataclass(frozen=True)
class Accounted:
    """Inputs that were looked at before."""

    known: KeySet = field(default_factory=KeySet)  # (uri, sha256)
    opened: KeySet = field(default_factory=KeySet)  # (uri, sha256) of those that have pages or are duplicates
    held: KeySet = field(default_factory=KeySet)  # sha256 of those


def accounted(store: Store, info: DatasetInfo, retry: bool = False) -> Accounted:
    """All inputs of the finished generations; `opened` is for a retry, and is left empty else.

    An input that could not be opened once and can be now is accounted for by its rejected row, and has no page until
    that is tried again. What it was stays known no longer where a retry found other bytes in its place.
    """
    found = Accounted()
    for generation in info.generations:
        inputs = InputFiles(GenerationFiles(store, generation.name))
        again = generation.replaces.rows > 0
        for listing, probes in zip(inputs.all_listed(), inputs.all_probes(), strict=True):
            hashes = probes["sha256"].to_pylist()
            keys = keys_of_inputs(listing["uri"].to_pylist(), hashes)
            counts = probes["reason"].is_null().to_numpy() & (again | ~found.known.has(keys))
            if again:
                found.known.remove(_given_up(listing, hashes))
            found.known.add(keys)
            found.held.add(keys_of_hashes(sha256 for sha256, there in zip(hashes, counts, strict=True) if there))
            if retry:
                found.opened.add(keys[counts])
    return found


def _given_up(listing: pa.Table, found: Sequence[str | None]) -> Keys:
    """Keys of whole inputs that were tried again and have other bytes now: no row is for what they were."""
    rows = listing.select(["uri", "sha256", "only"]).to_pylist()
    gone = [row for row, now in zip(rows, found, strict=True) if row["only"] is None and row["sha256"] != now]
    return keys_of_inputs([row["uri"] for row in gone], [row["sha256"] for row in gone])
