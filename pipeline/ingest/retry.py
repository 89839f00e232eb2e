"""Rejected pages that are tried again: which they are, and what stands in their place once they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ingest.inputs import InputFiles
from pipeline.shards.dataset import Dataset
from pipeline.shards.generation import GenerationFiles
from schemas.dataset import Counts
from schemas.manifest import Reason, Status

Place = tuple[str, str | None]  # uri, sha256


@dataclass(frozen=True)
class Rejected:
    """Rejected rows that no later generation has tried again, by input."""

    pages: dict[Place, dict[int | None, str]]  # page (None: the whole input) -> reason
    only: dict[Place, list[int]]  # what the last retry of an input was after

    def counts(self) -> Counts:
        """What they are in the totals."""
        reasons = Counter(reason for rows in self.pages.values() for reason in rows.values())
        named = {Reason(name): count for name, count in sorted(reasons.items())}
        return Counts(rejected=reasons.total(), reasons=dict(named))


def rejected(dataset: Dataset) -> Rejected:
    """All rejected rows of a page dataset as they stand now."""
    found = Rejected({}, {})
    for generation in dataset.info.generations:
        if generation.replaces.rows:  # a retry: it tries all rejected pages of each input that it lists
            for row in _listed(dataset, generation.name):
                place = (row["uri"], row["sha256"])
                found.pages.pop(place, None)
                if row["only"] is not None:
                    found.only[place] = row["only"]
        for table in dataset.manifest_parts(generation.name):
            bad = table.filter(pc.equal(table["status"], Status.REJECTED.value))
            for row in bad.select(["uri", "sha256", "page", "reason"]).to_pylist():
                found.pages.setdefault((row["uri"], row["sha256"]), {})[row["page"]] = row["reason"]
    return found


def tried_again(dataset: Dataset) -> dict[str, frozenset[Place]]:
    """For each generation, the inputs whose rejected rows there a later one stands in place of."""
    later: frozenset[Place] = frozenset()
    found: dict[str, frozenset[Place]] = {}
    for generation in reversed(dataset.info.generations):
        found[generation.name] = later
        if generation.replaces.rows:
            later |= {(row["uri"], row["sha256"]) for row in _listed(dataset, generation.name)}
    return found


def retry_rows(dataset: Dataset, again: Rejected) -> list[dict[str, Any]]:
    """Rows of LISTING_SCHEMA, in order, that have the pages of `again` tried once more."""
    last: dict[str, dict[str, Any]] = {}
    for generation in dataset.info.generations:
        for row in _listed(dataset, generation.name, {uri for uri, _ in again.pages}):
            last[row["uri"]] = row
    places = sorted(again.pages, key=lambda place: (place[0], place[1] or ""))
    rows = (last[uri] | {"only": _only(again, (uri, sha256)), "sha256": sha256} for uri, sha256 in places)
    return [row | {"whole_tar": False} for row in rows]  # it lists a few of a tar's documents


def _only(again: Rejected, place: Place) -> list[int] | None:
    """Pages to try: those that were rejected, and where the whole input was, those that it was opened for."""
    rows = again.pages[place]
    pages = {page for page in rows if page is not None} | set(again.only.get(place, []) if None in rows else [])
    return sorted(pages) or None


def _listed(dataset: Dataset, generation: str, uris: set[str] | None = None) -> Iterator[dict[str, Any]]:
    """Rows of a generation's listing, or those of some URIs."""
    wanted = pa.array(sorted(uris), pa.string()) if uris is not None else None
    for table in InputFiles(GenerationFiles(dataset.store, generation)).all_listed():
        yield from (table if wanted is None else table.filter(pc.is_in(table["uri"], value_set=wanted))).to_pylist()
