"""Finding and reading samples of a dataset by key, or evenly over all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ingest.retry import tried_again
from pipeline.shards.dataset import Dataset, ShardRef
from schemas.manifest import ManifestRow, Status


@dataclass(frozen=True)
class Place:
    """Where an ok page lies."""

    generation: str
    shard: str
    key: str
    route: str


@dataclass(frozen=True)
class Sample:
    """One sample: its place, its row of the index and its members."""

    place: Place
    row: dict[str, Any]
    members: dict[str, bytes]


def manifest_parts(dataset: Dataset) -> Iterator[pa.Table]:
    """The manifest as it stands, part by part, in order: without rejected rows that were tried again later."""
    again = tried_again(dataset)
    for generation in dataset.info.generations:
        tried = again[generation.name]
        for part in dataset.manifest_parts(generation.name):
            yield _standing(part, tried) if tried else part


def _standing(part: pa.Table, tried: frozenset[tuple[str, str | None]]) -> pa.Table:
    columns = (part[name].to_pylist() for name in ("status", "uri", "sha256"))
    stands = [
        status != Status.REJECTED or (uri, sha256) not in tried for status, uri, sha256 in zip(*columns, strict=True)
    ]
    return part.filter(pa.array(stands, pa.bool_()))


def manifest_rows(dataset: Dataset) -> Iterator[ManifestRow]:
    """Rows of the manifest as they stand, in order."""
    for part in manifest_parts(dataset):
        for row in part.to_pylist():
            yield ManifestRow.model_validate(row)


def find_row(dataset: Dataset, key: str) -> ManifestRow:
    """The row of a page: the ok one where there is one; ValueError where no row has the key."""
    found: ManifestRow | None = None
    for part in manifest_parts(dataset):
        for row in part.filter(pc.equal(part["key"], key)).to_pylist():
            found = ManifestRow.model_validate(row)
            if found.status is Status.OK:
                return found
    if found is None:
        raise ValueError(f"no page with key {key!r} in {dataset.store.url}; `ls` lists them")
    return found


def rows_of(dataset: Dataset, keys: set[str]) -> dict[str, ManifestRow]:
    """The ok rows of `keys`, by key."""
    wanted = pa.array(sorted(keys), pa.string())
    found: dict[str, ManifestRow] = {}
    for part in manifest_parts(dataset):
        for row in part.filter(pc.is_in(part["key"], value_set=wanted)).to_pylist():
            if row["status"] == Status.OK:
                found[row["key"]] = ManifestRow.model_validate(row)
    return found


def places(dataset: Dataset) -> list[Place]:
    """All ok pages, in order."""
    found: list[Place] = []
    for part in manifest_parts(dataset):
        ok = part.filter(pc.equal(part["status"], Status.OK.value)).select(["generation", "shard", "key", "route"])
        found += [Place(r["generation"], r["shard"], r["key"], r["route"] or "") for r in ok.to_pylist()]
    return found


def spread(found: list[Place], count: int) -> list[Place]:
    """`count` of the places, or all if there are fewer: even over the dataset, each route in its share, at least once.

    The same for the same dataset. A `count` below the number of routes gives one page for each route.
    """
    if len(found) <= count:
        return found
    routes: dict[str, list[int]] = {}
    for position, place in enumerate(found):
        routes.setdefault(place.route, []).append(position)
    chosen: set[int] = set()
    for route, share in _shares({name: len(places) for name, places in routes.items()}, count).items():
        steps = np.linspace(0, len(routes[route]) - 1, share).round().astype(int)
        chosen.update(routes[route][step] for step in steps)
    return [found[position] for position in sorted(chosen)]


def _shares(sizes: dict[str, int], count: int) -> dict[str, int]:
    """Largest remainders, but at least one for each name."""
    total = sum(sizes.values())
    shares = {name: max(1, count * size // total) for name, size in sizes.items()}
    by_remainder = sorted(sizes, key=lambda name: (-(count * sizes[name] % total), name))
    for name in by_remainder:
        if sum(shares.values()) < count and shares[name] < sizes[name]:
            shares[name] += 1
    while sum(shares.values()) > max(count, len(shares)):
        shares[max(shares, key=lambda name: (shares[name], name))] -= 1
    return shares


def samples_at(dataset: Dataset, wanted: Iterable[Place], members: Iterable[str] | None = None) -> Iterator[Sample]:
    """The samples at `wanted`, in that order; only the members named, where `members` is given."""
    names = None if members is None else frozenset(members)
    shard: tuple[str, str] | None = None
    rows: dict[str, dict[str, Any]] = {}
    for place in wanted:
        ref = ShardRef(place.generation, place.shard, 0)
        if shard != (place.generation, place.shard):
            shard = (place.generation, place.shard)
            rows = {row["key"]: row for row in dataset.index(ref).to_pylist()}
        if place.key not in rows:
            raise ValueError(f"{ref.index}: has no {place.key}, which the manifest puts there; `lint` says more")
        row = rows[place.key]
        chosen = [m for m in row["members"] if names is None or m["name"] in names]
        yield Sample(place, row, {m["name"]: dataset.member(ref, place.key, m) for m in chosen})


def read_sample(dataset: Dataset, row: ManifestRow) -> Sample:
    """The sample of an ok row of the manifest."""
    assert row.key is not None
    assert row.shard is not None
    place = Place(row.generation, row.shard, row.key, row.route or "")
    return next(samples_at(dataset, [place]))
