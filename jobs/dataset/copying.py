"""One generation copied into another dataset: its plan first, then unit by unit. What is there already stays.

Units without a document that is left out keep their shard byte for byte; of the others the samples that remain keep
their members byte for byte. A unit of which nothing remains is dropped, and those after it are numbered anew.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.dataset.inputs import CopiedInputs
from jobs.dataset.leftout import LeftOut, Retry
from jobs.dataset.original import Original
from pipeline.ingest import InputFiles
from pipeline.ingest.inputs import PART_INPUTS, SEAL
from pipeline.ingest.retry import rejected
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import SHARD_PREFIX, GenerationFiles, inputs_unit, is_inputs_unit, unit_name
from pipeline.shards.planparts import UNITS_PER_PART, part_name
from pipeline.shards.tar import SampleFacts, ShardBuilder, read_parquet
from schemas.dataset import Counts, DatasetInfo, FileRef, Generation, GenerationPlan, UnitMarker
from schemas.index import INDEX_SCHEMA
from schemas.manifest import ManifestRow, Status


@dataclass
class Copy:
    """A generation on its way from `original` to `files`."""

    original: Original
    files: GenerationFiles
    left_out: LeftOut
    relaid: bool = False  # lines and order are made again
    _kept: list[tuple[int, bool]] = field(default_factory=list)  # units of which something remains; whether all does

    def plan(self, merged: Dataset) -> GenerationPlan:
        """Look through the original and fix what is to be copied, or find that fixed already.

        `merged` holds the generations before this one, and this one where it is finished. ValueError where something
        else is under way in its place.
        """
        there = self.files.read_plan()
        self._refuse_another(there)
        if there is not None and self.files.name in {generation.name for generation in merged.info.generations}:
            _write_plan(None, self._remaining(None, None))
            return there
        retry = Retry(rejected(merged).pages) if self.original.plan.replaces.rows else None
        inputs = CopiedInputs(self.original, self.left_out, retry)
        if there is None:
            InputFiles(self.files).discard()  # what was cut off before it was fixed
        made = {name: self._put(there is None, name, data) for name, data in inputs.parts()}
        decided = self.files if there is None else None
        parts, rows = _write_plan(decided, self._remaining(decided, retry))
        assert inputs.listing is not None
        seal = inputs.listing.to_json()
        made[SEAL] = self.files.ref(SEAL, seal)
        if there is None:
            files = [*parts, *(made[ref.name] for ref in self.original.inputs)]
            there = self.files.seal_plan(self._planned(rows, files, inputs.listing.replaces))
        self.files.put(SEAL, seal)  # after the plan: a listing without one is that of a run of ingestion
        return there

    def unit(self, number: int) -> UnitMarker:
        """Copy one unit of the plan."""
        old, whole = self._kept[number]
        rows = self.original.rows(unit_name(old))
        stem = f"{SHARD_PREFIX['pages']}-{unit_name(number)}"
        tar, index = self.original.shard(old)
        if not whole:
            rows = rows.filter(pa.array(~self.left_out.pages(rows)))
            tar, index = _without_others(tar, index, {row["key"] for row in rows.to_pylist() if row["shard"]})
        return self.files.write_unit(unit_name(number), renamed(rows, self.files.name, stem), (stem, tar, index))

    def _put(self, new: bool, name: str, data: bytes) -> FileRef:
        return self.files.put(name, data) if new else self.files.ref(name, data)

    def _planned(self, rows: int, files: list[FileRef], replaces: Counts) -> GenerationPlan:
        update = {"name": self.files.name, "units": len(self._kept), "rows": rows, "files": files}
        return self.original.plan.model_copy(
            update={
                **update,
                "replaces": replaces,
                "copied_from": self.original.generation.digest,
                "relaid": self.relaid,
            }
        )

    def _refuse_another(self, there: GenerationPlan | None) -> None:
        begun = InputFiles(self.files).read_listing() is not None
        if (
            begun
            if there is None
            else (there.copied_from, there.relaid) != (self.original.generation.digest, self.relaid)
        ):
            raise ValueError(f"{self.files.store.url} has another {self.files.name} under way: finish that first")

    def _remaining(self, files: GenerationFiles | None, retry: Retry | None) -> Iterator[pa.Table]:
        """Planned rows of each unit of which something remains; units of decided rows go to `files` on the way."""
        decided = _Decided(files)
        for unit in self.original.markers:
            if is_inputs_unit(unit):
                rows = renamed(self.original.rows(unit), self.files.name) if files is not None else []
                decided.copy(unit, self.left_out.decided(rows, retry) if rows else [])
        for number in range(self.original.plan.units):
            table = self.original.rows(unit_name(number))
            mask = self.left_out.pages(table)
            decided.add(self.left_out.stand_in(table.filter(pa.array(mask)), self.files.name))
            if not mask.all():
                self._kept.append((number, not mask.any()))
                yield self.original.planned(number).filter(pa.array(~mask))
        decided.flush()


def renamed(rows: pa.Table, generation: str, stem: str | None = None) -> list[ManifestRow]:
    """Rows of the manifest as those of another generation, whose shard is `stem`."""
    found = (ManifestRow.model_validate(row) for row in rows.to_pylist())
    update = {"generation": generation}
    return [row.model_copy(update=update | ({"shard": stem} if row.status is Status.OK else {})) for row in found]


@dataclass
class _Decided:
    """Units of decided rows: those of the original, and new ones for the inputs that are left out."""

    files: GenerationFiles | None  # None: they are there already
    _next: int = 0
    _rows: list[ManifestRow] = field(default_factory=list)

    def copy(self, unit: str, rows: list[ManifestRow]) -> None:
        """One of the original, under its name."""
        self._next = int(unit.rpartition("-")[2]) + 1
        if self.files is not None and rows:
            self.files.write_unit(unit, rows)

    def add(self, rows: Iterable[ManifestRow]) -> None:
        """Rows of inputs that are left out."""
        self._rows += rows
        while len(self._rows) >= PART_INPUTS:
            self._write(PART_INPUTS)

    def flush(self) -> None:
        """Write what is left."""
        if self._rows:
            self._write(len(self._rows))

    def _write(self, count: int) -> None:
        if self.files is not None:
            self.files.write_unit(inputs_unit(self._next), self._rows[:count])
        self._next += 1
        del self._rows[:count]


def _write_plan(files: GenerationFiles | None, units: Iterator[pa.Table]) -> tuple[list[FileRef], int]:
    """Plan parts of units that may be smaller than others; without `files` the units are only gone through."""
    parts: list[FileRef] = []
    rows = 0
    while part := list(islice(units, UNITS_PER_PART)):
        rows += sum(unit.num_rows for unit in part)
        if files is not None:
            parts.append(files.put(part_name(len(parts)), _part_bytes(part)))
    return parts, rows


def _part_bytes(units: list[pa.Table]) -> bytes:
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, units[0].schema, compression="zstd") as writer:
        for unit in units:
            writer.write_table(unit, row_group_size=unit.num_rows)
    return sink.getvalue()


def _without_others(tar: bytes, index: bytes, keys: set[str]) -> tuple[bytes, bytes]:
    """Tar and index of the samples named by `keys` alone, each member as it was."""
    builder = ShardBuilder()
    for row in read_parquet(index, INDEX_SCHEMA, "index").to_pylist():
        if row["key"] in keys:
            facts = {name: row[name] for name in ("document", "words", "minhash", "phash", "tokens")}
            builder.add(row["key"], [member(tar, row["key"], entry) for entry in row["members"]], SampleFacts(**facts))
    assert len(builder) == len(keys), "a sample of the manifest that the index does not have"
    return builder.finish()


def member(tar: bytes, key: str, entry: dict[str, Any]) -> tuple[str, bytes]:
    """Name and bytes of a member by its entry in the index; RuntimeError where they are not the ones indexed."""
    data = tar[entry["offset"] : entry["offset"] + entry["size"]]
    if hashlib.sha256(data).digest() != entry["sha256"]:
        raise RuntimeError(f"{key}.{entry['name']}: its bytes are not those of the index")
    return entry["name"], data


def refuse_others(store: Store, info: DatasetInfo, expected: Sequence[Generation], *, relaid: bool = False) -> None:
    """ValueError unless the generations of `info` are the first copies of those expected, or all of them and more."""
    for have, want in zip(info.generations, expected, strict=False):
        if (have.copied_from, have.relaid) != (want.digest, relaid):
            raise ValueError(
                f"{store.url} was not made from these datasets: {have.name} is another; choose another --out"
            )
