"""A finished generation as it is read to be copied: no byte is taken on trust."""

from __future__ import annotations

from functools import cached_property

import pyarrow as pa

from pipeline.shards.dataset import Dataset
from pipeline.shards.generation import GenerationFiles, unit_name
from pipeline.shards.planparts import PlanReader
from pipeline.shards.tar import read_parquet
from schemas.base import sha256_hex
from schemas.dataset import FileRef, Generation, GenerationPlan, UnitMarker, generation_digest
from schemas.manifest import MANIFEST_SCHEMA, PLAN_SCHEMA


class Original:
    """One generation of a dataset. RuntimeError naming the file where something is not as it was recorded."""

    def __init__(self, dataset: Dataset, generation: Generation) -> None:
        self.generation = generation
        self._dataset = dataset
        self._planned = PlanReader(self._checked_plan, PLAN_SCHEMA)

    @cached_property
    def plan(self) -> GenerationPlan:
        """What it set out to do."""
        plan = GenerationFiles(self._dataset.store, self.generation.name).read_plan()
        if plan is None:
            raise self._damaged("plan.json", "is absent")
        return plan

    @property
    def inputs(self) -> list[FileRef]:
        """What its plan was made from."""
        return [ref for ref in self.plan.files if not ref.name.startswith("plan/")]

    @cached_property
    def markers(self) -> dict[str, UnitMarker]:
        """Markers of its units by name, in order."""
        found = self._dataset.markers(self.generation.name)
        if generation_digest(found) != self.generation.digest:
            raise self._damaged("units", "do not add up to the digest of the generation")
        return {marker.unit: marker for marker in found}

    def read(self, ref: FileRef) -> bytes:
        """The bytes of a file, which are those recorded."""
        data = self._dataset.store.read(f"{self.generation.name}/{ref.name}")
        if sha256_hex(data) != ref.sha256:
            raise self._damaged(ref.name, "has other bytes than recorded")
        return data

    def rows(self, unit: str) -> pa.Table:
        """A unit's rows of the manifest."""
        name = f"manifest/part-{unit}.parquet"
        return read_parquet(self.read(self._ref(unit, name)), MANIFEST_SCHEMA, name)

    def planned(self, number: int) -> pa.Table:
        """A unit's rows of the plan: those of the manifest, before they were done."""
        table = self._planned.unit(number)
        if table.num_rows != self.markers[unit_name(number)].counts.rows:
            raise self._damaged(f"units/{unit_name(number)}.json", "has another number of rows than planned")
        return table

    def shard(self, number: int) -> tuple[bytes, bytes]:
        """Tar and index of a unit."""
        unit = unit_name(number)
        stem = self.markers[unit].shard
        return self.read(self._ref(unit, f"{stem}.tar")), self.read(self._ref(unit, f"{stem}.parquet"))

    def _checked_plan(self, name: str) -> bytes:
        for ref in self.plan.files:
            if ref.name == name:
                return self.read(ref)
        raise self._damaged(name, "is not in the plan")

    def _ref(self, unit: str, name: str) -> FileRef:
        for ref in self.markers[unit].files if unit in self.markers else []:
            if ref.name == name:
                return ref
        raise self._damaged(f"units/{unit}.json", f"does not name {name}")

    def _damaged(self, name: str, what: str) -> RuntimeError:
        url = self._dataset.store.url
        return RuntimeError(f"{url}/{self.generation.name}/{name} {what}: `pagemill dataset verify {url}` says more")
