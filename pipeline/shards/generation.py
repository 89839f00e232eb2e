"""One generation of a dataset while it is made: a plan, then units in any order, then an entry in dataset.json.

    plan.json + plan.parquet          what is to be done, before any work
    units/<unit>.json                 one marker per finished unit, written after the unit's files
    <shard>.tar, <shard>.parquet      a unit's samples and their index
    manifest/part-<unit>.parquet      a unit's rows of the manifest

A unit whose marker is there is never done again; one without is done from its start.
"""

from __future__ import annotations

import re

import pyarrow as pa

from pipeline.shards.files import Store
from pipeline.shards.tar import parquet_bytes, read_parquet
from schemas.base import sha256_hex
from schemas.dataset import (
    DATASET_FILE,
    Counts,
    DatasetInfo,
    FileRef,
    Generation,
    GenerationPlan,
    Kind,
    UnitMarker,
    generation_digest,
)
from schemas.manifest import ManifestRow, Reason, Status, manifest_table

_PLAN = "plan.json"
_ROWS = "plan.parquet"
INPUTS_UNIT = "inputs"  # the unit of rows that were decided while the inputs were listed

SHARD_PREFIX: dict[Kind, str] = {"pages": "pages", "train": "train"}


def unit_name(number: int) -> str:
    """Name of a unit, and of everything it writes."""
    return f"{number:06d}"


def count_rows(rows: list[ManifestRow]) -> Counts:
    """What a unit's manifest rows add up to."""
    total = Counts()
    for row in rows:
        total += Counts(
            ok=int(row.status is Status.OK),
            rejected=int(row.status is Status.REJECTED),
            duplicate=int(row.status is Status.DUPLICATE),
            words=row.words or 0,
            routes={row.route: 1} if row.status is Status.OK and row.route else {},
            reasons={row.reason: 1} if isinstance(row.reason, Reason) else {},
        )
    return total


class GenerationFiles:
    """The files of one generation; the only place that knows their names."""

    def __init__(self, store: Store, name: str) -> None:
        if not re.fullmatch(r"gen-[0-9]{4}", name):
            raise ValueError(f"not a generation's name: {name!r}")
        self.store = store
        self.name = name

    def _put(self, name: str, data: bytes) -> FileRef:
        self.store.write(f"{self.name}/{name}", data)
        return FileRef(name=name, size=len(data), sha256=sha256_hex(data))

    def write_plan(self, table: pa.Table, unit_rows: int, inputs: str, rows: int | None = None) -> GenerationPlan:
        """Fix what is to be done: unit i is rows [i * unit_rows, (i + 1) * unit_rows) of `table`, one row group.

        `rows` is the number of manifest rows that the units will write (default: one for each row of `table`).
        """
        ref = self._put(_ROWS, parquet_bytes(table, row_group_size=unit_rows))
        units = -(-table.num_rows // unit_rows)
        planned = table.num_rows if rows is None else rows
        plan = GenerationPlan(name=self.name, units=units, rows=planned, inputs=inputs, files=[ref])
        self._put(_PLAN, plan.to_json())
        return plan

    def read_plan(self) -> GenerationPlan | None:
        """The plan, or None where the generation was not begun."""
        if not self.store.exists(f"{self.name}/{_PLAN}"):
            return None
        return GenerationPlan.from_json(self.store.read(f"{self.name}/{_PLAN}"))

    def read_plan_rows(self, schema: pa.Schema) -> pa.Table:
        """All rows of the plan."""
        name = f"{self.name}/{_ROWS}"
        return read_parquet(self.store.read(name), schema, name)

    def write_unit(
        self, unit: str, rows: list[ManifestRow], shard: tuple[str, bytes, bytes] | None = None
    ) -> UnitMarker:
        """Publish a finished unit: its shard (stem, tar, index), its manifest rows, and its marker last."""
        files: list[FileRef] = []
        if shard is not None:
            stem, tar, index = shard
            files += [self._put(f"{stem}.tar", tar), self._put(f"{stem}.parquet", index)]
        files.append(self._put(f"manifest/part-{unit}.parquet", parquet_bytes(manifest_table(rows))))
        stem_or_none = shard[0] if shard else None
        marker = UnitMarker(unit=unit, shard=stem_or_none, files=files, counts=count_rows(rows))
        self._put(f"units/{unit}.json", marker.to_json())
        return marker

    def done(self) -> set[str]:
        """Names of the units that have a marker."""
        return {name.removesuffix(".json") for name in self.store.list(f"{self.name}/units") if name.endswith(".json")}

    def markers(self) -> list[UnitMarker]:
        """All markers, in the order of the units."""
        return [UnitMarker.from_json(self.store.read(f"{self.name}/units/{unit}.json")) for unit in sorted(self.done())]

    def finish(self, plan: GenerationPlan, environment: dict[str, str]) -> Generation:
        """The entry for dataset.json; RuntimeError naming the units that are missing."""
        markers = self.markers()
        missing = {unit_name(i) for i in range(plan.units)} - {marker.unit for marker in markers}
        if missing:
            raise RuntimeError(
                f"{self.name}: {len(missing)} of {plan.units} units are not finished: {min(missing)} ..."
            )
        total = sum((marker.counts for marker in markers), Counts())
        decided = sum(marker.counts.rows for marker in markers if marker.unit == INPUTS_UNIT)
        if total.rows != plan.rows + decided:
            raise RuntimeError(f"{self.name}: {plan.rows + decided} rows were planned, {total.rows} are accounted for")
        return Generation(
            name=self.name,
            digest=generation_digest(markers),
            shards=sum(marker.shard is not None for marker in markers),
            counts=total,
            inputs=plan.inputs,
            environment=environment,
        )


def write_info(store: Store, info: DatasetInfo) -> None:
    """Publish dataset.json."""
    store.write(DATASET_FILE, info.to_json())


def add_generation(store: Store, info: DatasetInfo, generation: Generation) -> DatasetInfo:
    """dataset.json with one more finished generation."""
    generations = [*info.generations, generation]
    longer = info.model_copy(
        update={
            "generations": generations,
            "digest": DatasetInfo.digest_of(generations),
            "totals": sum((g.counts for g in generations), Counts()),
        }
    )
    write_info(store, longer)
    return longer


def open_or_create(store: Store, content: Kind, config: dict[str, object]) -> DatasetInfo:
    """The dataset at `store`, made if nothing is there.

    Raises ValueError where something else lies there, or the configuration differs, naming the field.
    """
    if store.exists(DATASET_FILE):
        info = DatasetInfo.from_json(store.read(DATASET_FILE))
        _refuse_other(info, store.url, content, config)
        return info
    if not store.is_empty():
        raise ValueError(f"{store.url} is not empty and holds no dataset: choose another --out")
    info = DatasetInfo(
        content=content, generations=[], digest=DatasetInfo.digest_of([]), config=dict(config), totals=Counts()
    )
    write_info(store, info)
    return info


def _refuse_other(info: DatasetInfo, url: str, content: Kind, config: dict[str, object]) -> None:
    if info.content != content:
        raise ValueError(f"{url} is a dataset of {info.content}, expected one of {content}")
    changed = sorted(key for key in {*info.config, *config} if info.config.get(key) != config.get(key))
    if changed:
        key = changed[0]
        raise ValueError(
            f"{url} was made with another configuration: {key} was {info.config.get(key)!r} and is {config.get(key)!r}"
            f" ({len(changed)} field(s) differ); use the same options or another --out"
        )
