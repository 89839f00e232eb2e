"""Generations and their units: markers, files, counts."""

from __future__ import annotations

from jobs.inspect.lint.inputs import check_inputs
from jobs.inspect.lint.plan import Plan, check_plan
from jobs.inspect.lint.rows import check_decided, check_planned, check_row, parse_rows
from jobs.inspect.lint.scope import Scope
from jobs.inspect.lint.shard import check_shard
from pipeline.shards.generation import PLAN_FILE, SHARD_PREFIX, count_rows, is_inputs_unit, unit_name
from pipeline.shards.tar import read_parquet
from schemas.dataset import Counts, FileRef, Generation, GenerationPlan, UnitMarker, generation_digest
from schemas.manifest import MANIFEST_SCHEMA, ManifestRow, Status


def check_generation(scope: Scope, generation: Generation) -> None:
    """Everything that a finished generation promises."""
    markers = read_markers(scope, generation.name)
    plan = check_plan(scope, generation)
    check_sums(scope, generation, markers, plan.record if plan is not None else None)
    _check_strays(scope, generation.name, markers, plan)
    for marker in markers:
        _check_unit(scope, generation.name, marker, plan)
    if plan is not None and scope.info.content == "pages":
        check_inputs(scope, generation.name, plan)


def read_markers(scope: Scope, generation: str) -> list[UnitMarker]:
    """The markers that are valid, in order."""
    markers: list[UnitMarker] = []
    for name in sorted(name for name in scope.below(generation) if name.startswith("units/")):
        where = f"{generation}/{name}"
        with scope.findings.guard("unit-marker", where):
            marker = UnitMarker.from_json(scope.store.read(where))
            if name != f"units/{marker.unit}.json":
                raise ValueError(f"is the marker of unit {marker.unit}")
            markers.append(marker)
    return markers


def check_sums(scope: Scope, generation: Generation, markers: list[UnitMarker], plan: GenerationPlan | None) -> None:
    """Digest, counts and shards are what the markers add up to, and the units are the planned ones."""
    findings, name = scope.findings, generation.name
    findings.expect(
        generation_digest(markers) == generation.digest, "generation-digest", name, "its units' files add up to another"
    )
    total = sum((marker.counts for marker in markers), Counts())
    findings.expect(total == generation.counts, "generation-counts", name, "its units add up to other counts")
    shards = sum(marker.shard is not None for marker in markers)
    findings.expect(
        shards == generation.shards, "generation-counts", name, f"{shards} shards, {generation.shards} are recorded"
    )
    if plan is None:
        return
    planned = {unit_name(i) for i in range(plan.units)}
    there = {marker.unit for marker in markers}
    for unit in sorted(planned - there):
        findings.add("unit-missing", f"{name}/units/{unit}.json", "a planned unit without a valid marker")
    for unit in sorted(unit for unit in there - planned if not is_inputs_unit(unit)):
        findings.add("unit-stray", f"{name}/units/{unit}.json", "no such unit was planned")
    decided = sum(marker.counts.rows for marker in markers if is_inputs_unit(marker.unit))
    findings.expect(
        total.rows == plan.rows + decided,
        "plan-rows",
        name,
        f"{plan.rows} pages planned and {decided} inputs decided, {total.rows} rows accounted for",
    )


def _check_strays(scope: Scope, generation: str, markers: list[UnitMarker], plan: Plan | None) -> None:
    named = {ref.name for marker in markers for ref in marker.files} | {PLAN_FILE}
    named |= {ref.name for ref in plan.record.files} if plan is not None else set()
    for name in sorted(scope.below(generation) - named):
        if not name.startswith(("units/", "plan/", "listing", "probes/") if plan is None else "units/"):
            scope.findings.add("file-stray", f"{generation}/{name}", "no unit names it")


def _check_unit(scope: Scope, generation: str, marker: UnitMarker, plan: Plan | None) -> None:
    where = f"{generation}/units/{marker.unit}.json"
    refs = _files(scope, where, marker)
    rows = _manifest(scope, generation, marker, refs)
    if rows is None:
        scope.accounts.whole = False
    else:
        scope.accounts.add(rows)
        counts = count_rows(rows)
        scope.findings.expect(counts == marker.counts, "unit-counts", where, "its manifest rows add up to others")
        _check_against_plan(scope, f"{generation}/manifest/part-{marker.unit}.parquet", marker, rows, plan)
    if marker.shard is not None and f"{marker.shard}.tar" in refs and f"{marker.shard}.parquet" in refs:
        ok = [row for row in rows if row.status is Status.OK] if rows is not None else None
        check_shard(scope, generation, refs[f"{marker.shard}.tar"], refs[f"{marker.shard}.parquet"], ok)


def _files(scope: Scope, where: str, marker: UnitMarker) -> dict[str, FileRef]:
    """What the marker names, checked against what a unit must have."""
    stem = None if is_inputs_unit(marker.unit) else f"{SHARD_PREFIX[scope.info.content]}-{marker.unit}"
    expected = [f"manifest/part-{marker.unit}.parquet"]
    if stem is not None:
        expected = [f"{stem}.tar", f"{stem}.parquet", *expected]
    names = [ref.name for ref in marker.files]
    scope.findings.expect(
        marker.shard == stem and names == expected,
        "unit-files",
        where,
        f"shard {marker.shard} and files {names}, expected {stem} and {expected}",
    )
    return {ref.name: ref for ref in marker.files}


def _manifest(scope: Scope, generation: str, marker: UnitMarker, refs: dict[str, FileRef]) -> list[ManifestRow] | None:
    ref = refs.get(f"manifest/part-{marker.unit}.parquet")
    data = scope.read(generation, ref) if ref is not None else None
    if ref is None or data is None:
        return None
    where = f"{generation}/{ref.name}"
    with scope.findings.guard("manifest-file", where):
        rows = parse_rows(scope.findings, where, read_parquet(data, MANIFEST_SCHEMA, where))
        for row in rows:
            check_row(scope.findings, where, row, scope.info.content, generation, marker.shard)
        return rows
    return None


def _check_against_plan(
    scope: Scope, where: str, marker: UnitMarker, rows: list[ManifestRow], plan: Plan | None
) -> None:
    if is_inputs_unit(marker.unit):
        check_decided(scope.findings, where, rows)
    elif plan is not None and marker.unit.isdecimal() and int(marker.unit) < plan.record.units:
        with scope.findings.guard("plan-rows", f"{where}: the plan"):
            check_planned(scope.findings, where, rows, plan.unit(int(marker.unit)), scope.info.content)
