"""Rows of one manifest part: each by itself, and against the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from jobs.inspect.lint.findings import Findings
from schemas.dataset import Kind
from schemas.manifest import ManifestRow, Reason, Status
from schemas.page import Route, page_key


def parse_rows(findings: Findings, where: str, table: pa.Table) -> list[ManifestRow]:
    """The rows that are valid records; a finding for each other one (an unknown status or reason, say)."""
    rows: list[ManifestRow] = []
    for position, row in enumerate(table.to_pylist()):
        with findings.guard("manifest-row", f"{where}: row {position}"):
            rows.append(ManifestRow.model_validate(row))
    return rows


def check_row(
    findings: Findings, where: str, row: ManifestRow, content: Kind, generation: str, stem: str | None
) -> None:
    """A row's fields fit its status."""
    place = f"{where}: {row.key or row.uri}"
    for fault in _faults(row, content, generation, stem):
        findings.add("manifest-row", place, fault)


def _faults(row: ManifestRow, content: Kind, generation: str, stem: str | None) -> list[str]:
    faults = _identity(row)
    if row.generation != generation:
        faults.append(f"says generation {row.generation}")
    if (row.duplicate_of is not None) != (row.status is Status.DUPLICATE):
        faults.append(f"{row.status} with duplicate_of {row.duplicate_of}")
    if (row.reason is None) != (row.status is Status.OK):
        faults.append(f"{row.status} with reason {row.reason}")
    if row.route is not None and row.route not in set(Route):
        faults.append(f"unknown route {row.route!r}")
    if row.status is Status.OK:
        faults += _ok(row, stem)
    elif row.shard is not None:
        faults.append(f"{row.status} and in shard {row.shard}")
    if row.status is Status.DUPLICATE and (row.reason is not Reason.SAME_FILE or row.duplicate_of != row.sha256):
        faults.append(f"duplicate of {row.duplicate_of} for {row.reason}, with sha256 {row.sha256}")
    if content == "train" and row.key is None:
        faults.append("a row without a page in a training dataset")
    return faults


def _identity(row: ManifestRow) -> list[str]:
    """Key, document and page are functions of the file's hash and the page."""
    if row.document != (row.sha256[:16] if row.sha256 else None):
        return [f"document {row.document} of a file with sha256 {row.sha256}"]
    if (row.key is None) != (row.page is None):
        return [f"key {row.key} with page {row.page}"]
    if row.key is None or row.page is None:
        return []
    try:
        expected = page_key(row.sha256 or "", row.page)
    except ValueError as error:
        return [str(error)]
    return [] if row.key == expected else [f"key {row.key}, expected {expected}"]


def _ok(row: ManifestRow, stem: str | None) -> list[str]:
    faults = []
    if row.key is None:
        faults.append("ok without a key")
    if row.shard is None or row.shard != stem:
        faults.append(f"ok in shard {row.shard}, of a unit with shard {stem}")
    if row.route is None or row.words is None or row.words < 0:
        faults.append(f"ok with route {row.route} and {row.words} words")
    return faults


def check_planned(
    findings: Findings, where: str, rows: Sequence[ManifestRow], planned: Sequence[dict[str, Any]], content: Kind
) -> None:
    """The rows of a unit are the planned ones, in their order."""
    if content == "train":
        count = sum(row["samples"] for row in planned)
        findings.expect(len(rows) == count, "manifest-plan", where, f"{len(rows)} rows, {count} are planned")
        return
    have = [(row.uri, row.sha256, row.page) for row in rows]
    want = [(row["uri"], row["sha256"], row["page"]) for row in planned]
    if have != want:
        place = next((i for i, (a, b) in enumerate(zip(have, want, strict=False)) if a != b), min(len(have), len(want)))
        findings.add(
            "manifest-plan", where, f"{len(have)} rows for {len(want)} planned; the first other one is row {place}"
        )


def check_decided(findings: Findings, where: str, rows: Sequence[ManifestRow]) -> None:
    """Inputs decided before any work: one row each, without a page."""
    places = Counter((row.uri, row.sha256) for row in rows)
    for row in rows:
        if row.page is not None or row.status is Status.OK:
            findings.add("manifest-row", f"{where}: {row.uri}", "a page among the inputs that were decided at once")
    for uri in sorted({uri for (uri, _), count in places.items() if count > 1}):
        findings.add("manifest-pages", uri, f"more than one row in {where}")
