"""What of one dataset is left out of a merged one, because a dataset before it accounts for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.ingest.retry import Place, Rejected, rejected
from pipeline.ingest.seen import KeySet, keys_of_hashes, keys_of_inputs
from pipeline.shards.dataset import Dataset
from schemas.dataset import Counts
from schemas.manifest import ManifestRow, Reason, Status

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Accounts:
    """What a dataset accounts for."""

    held: KeySet = field(default_factory=KeySet)  # hashes of documents whose pages it has, or is still to try again
    known: KeySet = field(default_factory=KeySet)  # (uri, sha256) of all its inputs


def accounts(dataset: Dataset) -> Accounts:
    """Of all its generations."""
    found = Accounts()
    for generation in dataset.info.generations:
        for table in dataset.manifest_parts(generation.name):
            found.known.add(keys_of_inputs(table["uri"].to_pylist(), table["sha256"].to_pylist()))
            ok = table.filter(pc.equal(table["status"], Status.OK.value))
            found.held.add(keys_of_hashes(ok["sha256"].unique().to_pylist()))
    waiting = {place[1] for place, pages in rejected(dataset).pages.items() if set(pages) - {None}}
    found.held.add(keys_of_hashes(sorted(sha256 for sha256 in waiting if sha256)))
    return found


@dataclass
class Retry:
    """What a retry tries again in the merged dataset: by then that may have other rejected rows than the original."""

    standing: dict[Place, dict[int | None, str]]  # rejected rows of the merged dataset so far
    tried: set[Place] = field(default_factory=set)  # those inputs of it that are listed
    uris: set[str] = field(default_factory=set)  # of those

    def list(self, places: Iterable[Place]) -> None:
        """Note inputs that are listed."""
        listed = {place for place in places if place in self.standing}
        self.tried |= listed
        self.uris |= {uri for uri, _ in listed}

    def replaced(self) -> Counts:
        """The rows in whose place those of the retry stand."""
        return Rejected({place: self.standing[place] for place in self.tried}, {}).counts()

    def gives(self, place: Place) -> bool:
        """Whether a rejected row of the retry for `place` is one that nothing else stands for.

        Its hash may be another than was listed: a file that was locked may be gone by then, and the other way round.
        """
        return place[0] in self.uris and (place in self.tried or place not in self.standing)


class LeftOut:
    """The rules for the generations of one dataset, which are asked about in their order."""

    def __init__(self, before: Sequence[Accounts]) -> None:
        self._before = before  # of the datasets before this one
        self._named = KeySet()  # inputs that have the row that stands for all of their pages

    def pages(self, rows: pa.Table) -> Mask:
        """Which rows of a unit with a shard are left out: pages of documents that an earlier dataset holds."""
        keys = keys_of_hashes(rows["sha256"].to_pylist())
        return _any(len(keys), [each.held.has(keys) for each in self._before])

    def stand_in(self, rows: pa.Table, generation: str) -> list[ManifestRow]:
        """For pages that are left out: one row for each of their inputs that has none yet, a duplicate."""
        inputs = list(dict.fromkeys(zip(rows["uri"].to_pylist(), rows["sha256"].to_pylist(), strict=True)))
        named = self.named(inputs)
        if inputs:
            self._named.add(keys_of_inputs(*zip(*inputs, strict=True)))
        new = [place for place, there in zip(inputs, named, strict=True) if not there]
        return [_duplicate(uri, sha256, generation) for uri, sha256 in new]

    def named(self, inputs: Sequence[Place]) -> Mask:
        """Which of the inputs have such a row."""
        return self._named.has(keys_of_inputs(*zip(*inputs, strict=True))) if inputs else np.zeros(0, dtype=np.bool_)

    def decided(self, rows: Sequence[ManifestRow], retry: Retry | None) -> list[ManifestRow]:
        """Those of a unit's decided rows that remain.

        A rejected row is left out where another one of the same input stands, or did in an earlier dataset; and in a
        retry where it is of what that does not try again here.
        """
        inputs = [(row.uri, row.sha256) for row in rows]
        if retry is None:
            keys = keys_of_inputs(*zip(*inputs, strict=True))
            gone = _any(len(keys), [each.known.has(keys) for each in self._before])
        else:
            gone = self.named(inputs) | np.array([not retry.gives(place) for place in inputs], dtype=np.bool_)
        return [row for row, out in zip(rows, gone, strict=True) if not out or row.status is not Status.REJECTED]


def _any(size: int, masks: Sequence[Mask]) -> Mask:
    found = np.zeros(size, dtype=np.bool_)
    for mask in masks:
        found |= mask
    return found


def _duplicate(uri: str, sha256: str, generation: str) -> ManifestRow:
    return ManifestRow(
        uri=uri,
        sha256=sha256,
        document=sha256[:16],
        status=Status.DUPLICATE,
        reason=Reason.SAME_FILE,
        duplicate_of=sha256,
        generation=generation,
    )
