"""One generation of a dataset while it is made: a plan, then units in any order, then an entry in dataset.json.

    plan.json, plan/part-*.parquet    what is to be done, before any work
    units/<unit>.json                 one marker per finished unit, written after the unit's files
    <shard>.tar, <shard>.parquet      a unit's samples and their index
    manifest/part-<unit>.parquet      a unit's rows of the manifest

A unit whose marker is there is never done again; one without is done from its start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from pipeline.shards import planparts
from pipeline.shards.files import Store
from pipeline.shards.tar import parquet_bytes, read_parquet
from schemas.base import sha256_hex
from schemas.dataset import (
    DATASET_FILE,
    Counts,
    DatasetInfo,
    FileRef,
    Generation,
    GenerationDigest,
    GenerationPlan,
    Kind,
    UnitMarker,
)
from schemas.manifest import ManifestRow, Reason, Status, manifest_table

PLAN_FILE, LISTING_FILE = "plan.json", "listing.json"
_INPUTS = "inputs-"  # units of rows that were decided before any page was made

SHARD_PREFIX: dict[Kind, str] = {"pages": "pages", "train": "train"}


def unit_name(number: int) -> str:
    """Name of a unit, and of everything it writes."""
    return f"{number:06d}"


def inputs_unit(number: int) -> str:
    """Name of the unit of the rows that were decided when part `number` of the inputs was looked at."""
    return f"{_INPUTS}{number:06d}"


def is_inputs_unit(name: str) -> bool:
    """Whether a unit holds decided rows and no shard."""
    return name.startswith(_INPUTS)


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

    def put(self, name: str, data: bytes) -> FileRef:
        """Publish one file of the generation."""
        self.store.write(f"{self.name}/{name}", data)
        return self.ref(name, data)

    @staticmethod
    def ref(name: str, data: bytes) -> FileRef:
        """How a file is named by what promises its bytes."""
        return FileRef(name=name, size=len(data), sha256=sha256_hex(data))

    def discard(self) -> int | None:
        """Remove every file of it, which must not be finished: how many of its units were done, None without any file.

        Whenever this is cut off, the same work can go on. ValueError where something else has its name.
        """
        path = self.store.local_path(self.name)
        if path is not None and path.exists() and (path.is_symlink() or not path.is_dir()):
            raise ValueError(f"{path} is no folder of a generation")
        if not self.store.exists(self.name):
            return None
        units = len(self.done())
        self.store.remove_folder(f"{self.name}/units")  # no marker may outlive what it promises
        # A listing without its plan is that of an ingestion, which makes the plan again; of a copy it must not be seen.
        for seal in (LISTING_FILE, PLAN_FILE) if self._is_copy() else (PLAN_FILE, LISTING_FILE):
            self.store.remove(f"{self.name}/{seal}")
        self.store.remove_folder(self.name)
        return units

    def _is_copy(self) -> bool:
        try:
            plan = self.read_plan()
        except ValueError:  # damaged: nothing goes on from it
            return False
        return plan is not None and plan.copied_from is not None

    def write_plan_parts(self, tables: Iterable[pa.Table], unit_rows: int) -> tuple[list[FileRef], int]:
        """Rows of a plan as they come, one row group a unit; (files, number of rows) for `seal_plan`."""
        return planparts.write_parts(self.put, tables, unit_rows)

    def seal_plan(self, plan: GenerationPlan) -> GenerationPlan:
        """Fix what is to be done: unit i is rows [i * unit_rows, (i + 1) * unit_rows) of the parts."""
        self.put(PLAN_FILE, plan.to_json())
        return plan

    def write_plan(
        self,
        table: pa.Table,
        unit_rows: int,
        inputs: str,
        rows: int | None = None,
        more: Sequence[FileRef] = (),
    ) -> GenerationPlan:
        """A plan that is one table; `rows` are the manifest rows of its units (default: one for each of its own).

        `more` are further files that the plan names.
        """
        parts, planned = self.write_plan_parts([table], unit_rows)
        return self.seal_plan(
            GenerationPlan(
                name=self.name,
                units=-(-planned // unit_rows),
                unit_rows=unit_rows,
                rows=planned if rows is None else rows,
                inputs=inputs,
                files=[*parts, *more],
            )
        )

    def read_plan(self) -> GenerationPlan | None:
        """The plan, or None where the generation was not planned."""
        if not self.store.exists(f"{self.name}/{PLAN_FILE}"):
            return None
        return GenerationPlan.from_json(self.store.read(f"{self.name}/{PLAN_FILE}"))

    def plan_reader(self, schema: pa.Schema) -> planparts.PlanReader:
        """Planned rows, unit by unit; no more than a unit's part of the plan is read."""
        return planparts.PlanReader(lambda name: self.store.read(f"{self.name}/{name}"), schema)

    def read_plan_parts(self, plan: GenerationPlan, schema: pa.Schema) -> Iterator[pa.Table]:
        """All planned rows, part by part."""
        names = [f"{self.name}/{ref.name}" for ref in plan.files if planparts.is_part(ref.name)]
        for name, data in zip(names, self.store.read_many(names), strict=True):
            yield read_parquet(data, schema, name)

    def write_unit(
        self, unit: str, rows: list[ManifestRow], shard: tuple[str, bytes, bytes] | None = None
    ) -> UnitMarker:
        """Publish a finished unit: its shard (stem, tar, index), its manifest rows, and its marker last."""
        files: list[FileRef] = []
        if shard is not None:
            stem, tar, index = shard
            files += [self.put(f"{stem}.tar", tar), self.put(f"{stem}.parquet", index)]
        files.append(self.put(f"manifest/part-{unit}.parquet", parquet_bytes(manifest_table(rows))))
        stem_or_none = shard[0] if shard else None
        marker = UnitMarker(unit=unit, shard=stem_or_none, files=files, counts=count_rows(rows))
        self.put(f"units/{unit}.json", marker.to_json())
        return marker

    def done(self) -> set[str]:
        """Names of the units that have a marker."""
        return {name.removesuffix(".json") for name in self.store.list(f"{self.name}/units") if name.endswith(".json")}

    def each_marker(self) -> Iterator[UnitMarker]:
        """The markers in the order of the units, read as they are asked for: of 10^8 pages there are 400,000."""
        names = [f"{self.name}/units/{unit}.json" for unit in sorted(self.done())]
        return map(UnitMarker.from_json, self.store.read_many(names))

    def markers(self) -> list[UnitMarker]:
        """All markers, in the order of the units."""
        return list(self.each_marker())

    def finish(self, plan: GenerationPlan, environment: dict[str, str]) -> Generation:
        """The entry for dataset.json; RuntimeError naming the units that are missing."""
        tally = _Tally()
        for marker in self.each_marker():
            tally.count(marker)
        missing = {unit_name(i) for i in range(plan.units)} - tally.units
        if missing:
            raise RuntimeError(
                f"{self.name}: {len(missing)} of {plan.units} units are not finished: {min(missing)} ..."
            )
        if tally.total.rows != plan.rows + tally.decided:
            raise RuntimeError(
                f"{self.name}: {plan.rows + tally.decided} rows were planned, {tally.total.rows} are accounted for"
            )
        return Generation(
            name=self.name,
            digest=tally.digest.hexdigest(),
            shards=tally.shards,
            counts=tally.total,
            replaces=plan.replaces,
            copied_from=plan.copied_from,
            relaid=plan.relaid,
            inputs=plan.inputs,
            environment=environment,
        )


@dataclass
class _Tally:
    """What markers add up to, one after another."""

    digest: GenerationDigest = field(default_factory=GenerationDigest)
    units: set[str] = field(default_factory=set)
    total: Counts = field(default_factory=Counts)
    decided: int = 0
    shards: int = 0

    def count(self, marker: UnitMarker) -> None:
        """Take the marker that comes next."""
        self.digest.add(marker)
        self.units.add(marker.unit)
        self.total += marker.counts
        self.decided += marker.counts.rows if is_inputs_unit(marker.unit) else 0
        self.shards += marker.shard is not None


def write_info(store: Store, info: DatasetInfo) -> None:
    """Publish dataset.json."""
    store.write(DATASET_FILE, info.to_json())


def add_generation(store: Store, info: DatasetInfo, generation: Generation) -> DatasetInfo:
    """dataset.json with one more finished generation; RuntimeError where another command has added one meanwhile."""
    if DatasetInfo.from_json(store.read(DATASET_FILE)).generations != info.generations:
        raise RuntimeError(f"{store.url}: another command has added a generation meanwhile; give this one again")
    generations = [*info.generations, generation]
    longer = info.model_copy(
        update={
            "generations": generations,
            "digest": DatasetInfo.digest_of(generations),
            "totals": DatasetInfo.totals_of(generations),
        }
    )
    write_info(store, longer)
    return longer


def generation_name(number: int) -> str:
    """Name of a generation, counted from 0."""
    return f"gen-{number:04d}"


def next_generation(info: DatasetInfo) -> str:
    """Name of the generation that comes after the finished ones."""
    return generation_name(len(info.generations))


def unfinished(store: Store, info: DatasetInfo) -> str | None:
    """What to say of a generation that was begun and that `info` does not list yet; None where there is none."""
    files = GenerationFiles(store, next_generation(info))
    if not store.exists(files.name):
        return None
    try:
        plan = files.read_plan()
    except ValueError as error:
        return f"{files.name} was begun and is not finished; its plan is damaged: {error}"
    if plan is None:
        return f"{files.name} was begun and is not finished: it is not planned yet"
    done = sum(not is_inputs_unit(name) for name in files.done())
    return f"{files.name} was begun and is not finished: {done} of {plan.units} units are done"


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
    _refuse_inside_another(store)
    info = DatasetInfo(
        content=content, generations=[], digest=DatasetInfo.digest_of([]), config=dict(config), totals=Counts()
    )
    write_info(store, info)
    return info


def _refuse_inside_another(store: Store) -> None:
    """ValueError where a folder lies in that of another dataset: what copies or removes the one would meet it."""
    for folder in Path(store.root).resolve().parents if store.local else ():
        if (folder / DATASET_FILE).is_file():
            raise ValueError(f"--out {store.root} lies in the dataset {folder}: choose a folder outside of it")


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
