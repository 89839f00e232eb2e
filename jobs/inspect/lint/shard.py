"""One shard: its index against the manifest, its tar against the index, its samples against both."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from jobs.inspect.lint.page import check_page
from jobs.inspect.lint.sample import check_sample, expected_members
from jobs.inspect.lint.scope import Scope
from jobs.inspect.lint.tars import TarMember, TarStream
from pipeline.shards.tar import read_parquet
from schemas.dataset import FileRef
from schemas.index import INDEX_SCHEMA
from schemas.manifest import ManifestRow

_PAGE_MEMBERS = (["jpg", "json"], ["png", "json"])


def check_shard(scope: Scope, generation: str, tar: FileRef, index: FileRef, ok: list[ManifestRow] | None) -> None:
    """A shard and its index; `ok` are its rows of the manifest where they could be read."""
    table = _index(scope, generation, index)
    if table is not None and ok is not None:
        _check_rows(scope, f"{generation}/{index.name}", table, ok)
    name = f"{generation}/{tar.name}"
    if not scope.findings.expect(name in scope.files, "file-missing", name, "is named, and absent"):
        return
    scope.present(name, tar.size)
    with scope.findings.guard("tar-read", name):
        stream = TarStream(scope.store, name, scope.findings)
        members = iter(stream)
        if table is not None:
            _check_samples(scope, name, members, table.to_pylist(), {row.key: row for row in ok or []})
        for _ in members:
            pass
        scope.findings.expect(stream.finish() == tar.sha256, "file-sha256", name, "its bytes are others")


def _index(scope: Scope, generation: str, ref: FileRef) -> pa.Table | None:
    data = scope.read(generation, ref)
    if data is None:
        return None
    where = f"{generation}/{ref.name}"
    with scope.findings.guard("index-file", where):
        table = read_parquet(data, INDEX_SCHEMA, where)
        table.validate(full=True)
        return table
    return None


def _check_rows(scope: Scope, where: str, table: pa.Table, ok: list[ManifestRow]) -> None:
    """The index holds exactly the ok rows of the manifest part, in order."""
    have = table.select(["key", "document", "words"]).to_pylist()
    want = [{"key": row.key, "document": row.document, "words": row.words} for row in ok]
    if have != want:
        place = next((i for i, (a, b) in enumerate(zip(have, want, strict=False)) if a != b), min(len(have), len(want)))
        scope.findings.add(
            "index-rows", where, f"{len(have)} rows for {len(want)} ok pages; the first other one is row {place}"
        )


def _check_samples(
    scope: Scope, name: str, members: Iterator[TarMember], rows: list[dict[str, Any]], manifest: dict[Any, ManifestRow]
) -> None:
    for row in rows:
        where = f"{name}: {row['key']}"
        sample = _members(scope, where, members, row)
        scope.tick()
        if sample is None:
            return  # the tar and the index have parted: what follows cannot be told apart
        if sample:
            with scope.findings.guard("index-rows", where):
                _check_content(scope, where, row, sample, manifest.get(row["key"]))
    extra = sum(1 for _ in members)
    scope.findings.expect(not extra, "tar-order", name, f"{extra} members that the index does not have")


def _members(scope: Scope, where: str, members: Iterator[TarMember], row: dict[str, Any]) -> dict[str, bytes] | None:
    """A sample's bytes by name; empty where a member is not the indexed one, None where the order is lost."""
    found: dict[str, bytes] = {}
    whole = scope.findings.expect(bool(row["members"]), "index-members", where, "no members")
    for entry in row["members"]:
        member = next(members, None)
        named = f"{row['key']}.{entry['name']}"
        if member is None or member.name != named:
            there = "the end of the tar" if member is None else repr(member.name)
            scope.findings.add("tar-order", where, f"{there}, where the index has {named!r}")
            return None
        whole &= _check_entry(scope, where, entry, member)
        found[entry["name"]] = member.data
    return found if whole else {}


def _check_entry(scope: Scope, where: str, entry: dict[str, Any], member: TarMember) -> bool:
    place = f"{where}.{entry['name']}"
    lies = scope.findings.expect(
        (entry["offset"], entry["size"]) == (member.offset, len(member.data)),
        "index-position",
        place,
        f"{len(member.data)} bytes at {member.offset}, indexed are {entry['size']} at {entry['offset']}",
    )
    same = hashlib.sha256(member.data).digest() == entry["sha256"]
    return scope.findings.expect(same, "index-sha256", place, "its bytes are not those indexed") and lies


def _check_content(
    scope: Scope, where: str, row: dict[str, Any], members: dict[str, bytes], manifest: ManifestRow | None
) -> None:
    findings = scope.findings
    names = [entry["name"] for entry in row["members"]]
    if scope.info.content == "pages":
        if findings.expect(names in _PAGE_MEMBERS, "index-members", where, f"members {names}"):
            check_page(findings, where, row, members, manifest, scope.info.config)
        return
    sample = check_sample(findings, where, row, members, manifest, scope.train)
    if sample is None:
        return
    expected = expected_members(sample)
    findings.expect(names == expected, "index-members", where, f"members {names}, expected {expected}")
    for plan in sample.tim:
        if plan.partner is not None:
            scope.pairs.add(sample.key, plan.partner)
