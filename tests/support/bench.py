"""A dataset folder in which faults are planted."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.shards.tar import SampleFacts, ShardBuilder, parquet_bytes
from schemas.dataset import DatasetInfo, UnitMarker, generation_digest
from schemas.index import INDEX_SCHEMA
from schemas.manifest import LISTING_SCHEMA, MANIFEST_SCHEMA, PLAN_SCHEMA, PROBE_SCHEMA


class Bench:
    """A dataset folder in which faults are planted. `seal` makes markers and digests agree with the files again."""

    def __init__(self, folder: Path, per_shard: int) -> None:
        self.folder = folder
        self.per_shard = per_shard
        self.url = str(folder)

    def path(self, name: str) -> Path:
        return self.folder / name

    def edit_json(self, name: str, edit: Callable[[dict[str, Any]], Any]) -> None:
        """Change a JSON file in place."""
        value = json.loads(self.path(name).read_bytes())
        edit(value)
        self.path(name).write_text(json.dumps(value))

    def edit_bytes(self, name: str, edit: Callable[[bytes], bytes]) -> None:
        """Change a file."""
        self.path(name).write_bytes(edit(self.path(name).read_bytes()))

    def edit_rows(self, name: str, schema: pa.Schema, edit: Callable[[list[dict[str, Any]]], Any], groups: int) -> None:
        """Change the rows of a Parquet file, written in row groups of `groups`."""
        rows = pq.read_table(self.path(name)).to_pylist()
        edit(rows)
        self.path(name).write_bytes(parquet_bytes(pa.Table.from_pylist(rows, schema=schema), groups))

    def edit_index(self, name: str, edit: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Change the rows of a shard's index."""
        self.edit_rows(f"{name}.parquet", INDEX_SCHEMA, edit, 1 << 20)
        self.seal()

    def edit_manifest(self, unit: str, edit: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Change rows of a manifest part of the first generation."""
        self.edit_rows(f"gen-0000/manifest/part-{unit}.parquet", MANIFEST_SCHEMA, edit, 1 << 20)
        self.seal()

    def edit_plan(self, edit: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Change rows of the first generation's plan."""
        self.edit_rows("gen-0000/plan/part-000000.parquet", PLAN_SCHEMA, edit, self.per_shard)
        self.seal()

    def schema(self, name: str) -> pa.Schema:
        """Columns of a Parquet file."""
        return pq.read_schema(self.path(name)).remove_metadata()

    def edit_listing(self, edit: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Change rows of the first generation's listing."""
        self.edit_rows("gen-0000/listing/part-000000.parquet", LISTING_SCHEMA, edit, 1 << 20)
        self.seal()

    def edit_probes(self, edit: Callable[[list[dict[str, Any]]], Any]) -> None:
        """Change what opening the inputs of the first generation has shown."""
        self.edit_rows("gen-0000/probes/part-000000.parquet", PROBE_SCHEMA, edit, 1 << 20)
        self.seal()

    def edit_tar(self, name: str, edit: Callable[[bytes], bytes]) -> None:
        """Change a tar, which its marker then says it must be."""
        self.edit_bytes(f"{name}.tar", edit)
        self.seal()

    def edit_sample(self, name: str, key: str, edit: Callable[[dict[str, bytes], dict[str, Any]], Any]) -> None:
        """Change one sample's members (by name) or row of the index; tar, index and markers agree afterwards."""
        rows = pq.read_table(self.path(f"{name}.parquet")).to_pylist()
        tar = self.path(f"{name}.tar").read_bytes()
        builder = ShardBuilder()
        for row in rows:
            members = {m["name"]: tar[m["offset"] : m["offset"] + m["size"]] for m in row["members"]}
            if row["key"] == key:
                edit(members, row)
            facts = {k: row[k] for k in ("document", "words", "tokens", "minhash", "phash")}
            builder.add(row["key"], list(members.items()), SampleFacts(**facts))
        made, index = builder.finish()
        self.path(f"{name}.tar").write_bytes(made)
        self.path(f"{name}.parquet").write_bytes(index)
        self.seal()

    def edit_record(self, name: str, key: str, edit: Callable[[dict[str, Any]], Any]) -> None:
        """Change the JSON record of one sample."""

        def change(members: dict[str, bytes], row: dict[str, Any]) -> None:
            record = json.loads(members["json"])
            edit(record)
            members["json"] = json.dumps(record).encode()

        self.edit_sample(name, key, change)

    def keys(self, name: str) -> list[str]:
        """Keys of a shard."""
        return [str(key) for key in pq.read_table(self.path(f"{name}.parquet"))["key"].to_pylist()]

    def seal(self) -> None:
        """Sizes and hashes in plans and markers, and the digests in dataset.json, as the files now are."""
        info = json.loads(self.path("dataset.json").read_bytes())
        for generation in info["generations"]:
            root = self.path(generation["name"])
            # The plan names the listing's own record, which names its parts.
            listing = [root / "listing.json"] if (root / "listing.json").exists() else []
            for file in [*listing, root / "plan.json", *sorted((root / "units").glob("*.json"))]:
                record = json.loads(file.read_bytes())
                for ref in record["files"]:
                    data = (root / ref["name"]).read_bytes()
                    ref.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
                file.write_text(json.dumps(record))
            markers = [UnitMarker.from_json(file.read_bytes()) for file in sorted((root / "units").glob("*.json"))]
            generation["digest"] = generation_digest(markers)
        self.path("dataset.json").write_text(json.dumps(info))
        parsed = DatasetInfo.from_json(self.path("dataset.json").read_bytes())
        info["digest"] = DatasetInfo.digest_of(parsed.generations)
        self.path("dataset.json").write_text(json.dumps(info))
