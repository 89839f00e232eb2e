"""A generation's plan: what each unit was to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from jobs.inspect.lint.scope import Scope
from pipeline.shards.generation import PLAN_FILE
from pipeline.shards.planparts import UNITS_PER_PART, PlanReader, part_name
from pipeline.shards.tar import read_parquet
from schemas.dataset import FileRef, Generation, GenerationPlan, Kind
from schemas.manifest import PLAN_SCHEMA, TRAIN_PLAN_SCHEMA

_SCHEMA: dict[Kind, pa.Schema] = {"pages": PLAN_SCHEMA, "train": TRAIN_PLAN_SCHEMA}
_CHECKED = ["uri", "sha256", "page", "pages"]


@dataclass
class Plan:
    """The plan with its rows, one row group a unit."""

    generation: str  # in whose folder it lies
    record: GenerationPlan
    _scope: Scope
    inputs: list[FileRef] = field(default_factory=list)  # the files that it was made from

    def __post_init__(self) -> None:
        def read(name: str) -> bytes:
            return self._scope.store.read(f"{self.generation}/{name}")

        self._units = PlanReader(read, _SCHEMA[self._scope.info.content])

    def unit(self, number: int) -> list[dict[str, Any]]:
        """Planned rows of a unit."""
        rows: list[dict[str, Any]] = self._units.unit(number).to_pylist()
        return rows


def read_plan(scope: Scope, generation: Generation) -> GenerationPlan | None:
    """plan.json of a generation, or None and a finding where it cannot be used."""
    where = f"{generation.name}/{PLAN_FILE}"
    findings = scope.findings
    if not findings.expect(where in scope.files, "plan-file", where, "is absent"):
        return None
    with findings.guard("plan-file", where):
        plan = GenerationPlan.from_json(scope.store.read(where))
        findings.expect(plan.name == generation.name, "plan-file", where, f"is the plan of {plan.name}")
        findings.expect(plan.inputs == generation.inputs, "plan-file", where, "its inputs are not the generation's")
        findings.expect(plan.replaces == generation.replaces, "plan-file", where, "it replaces other rows")
        findings.expect(
            (plan.copied_from, plan.relaid) == (generation.copied_from, generation.relaid),
            "plan-file",
            where,
            "it is copied from another",
        )
        return plan
    return None


def check_plan(scope: Scope, generation: Generation) -> Plan | None:
    """The plan of a generation with its rows, or None and a finding where it cannot be used."""
    where = f"{generation.name}/{PLAN_FILE}"
    plan = read_plan(scope, generation)
    if plan is None:
        return None
    with scope.findings.guard("plan-file", where):
        parts = [part_name(i) for i in range(-(-plan.units // UNITS_PER_PART))]
        if not scope.findings.expect(
            [ref.name for ref in plan.files[: len(parts)]] == parts, "plan-file", where, f"must name {parts} first"
        ):
            return None
        tables = [_part(scope, generation, plan, number) for number in range(len(parts))]
        if any(table is None for table in tables):
            return None
        _check_rows(scope, plan, tables)
        return Plan(generation.name, plan, scope, plan.files[len(parts) :])
    return None


def _part(scope: Scope, generation: Generation, plan: GenerationPlan, number: int) -> pa.Table | None:
    """One part: as many units as it must have, each with as many rows; None where it is not there whole."""
    ref = plan.files[number]
    data = scope.read(generation.name, ref)
    if data is None:
        return None
    where = f"{generation.name}/{ref.name}"
    table = read_parquet(data, _SCHEMA[scope.info.content], where)
    units = min(plan.units - number * UNITS_PER_PART, UNITS_PER_PART)
    sizes: list[int] = []
    with scope.findings.guard("plan-rows", where):
        reader = PlanReader(lambda _: data, table.schema)
        sizes += [reader.unit(number * UNITS_PER_PART + unit).num_rows for unit in range(units)]
    if not sizes:
        return None
    last = number == (plan.units - 1) // UNITS_PER_PART
    full = plan.copied_from or all(size == plan.unit_rows for size in (sizes[:-1] if last else sizes))
    whole = full and sum(sizes) == table.num_rows and all(0 < size <= plan.unit_rows for size in sizes)
    if not scope.findings.expect(
        whole, "plan-rows", where, f"{table.num_rows} rows are not {units} units of {plan.unit_rows}"
    ):
        return None
    return table


def _check_rows(scope: Scope, plan: GenerationPlan, tables: list[pa.Table]) -> None:
    if scope.info.content == "pages":
        rows = sum(table.num_rows for table in tables)
        if tables:
            _check_pages(scope, plan, pa.concat_tables([table.select(_CHECKED) for table in tables]))
    else:
        rows = sum(sum(table["samples"].to_pylist()) for table in tables)
    where = f"{plan.name}/{PLAN_FILE}"
    scope.findings.expect(rows == plan.rows, "plan-rows", where, f"rows for {rows} pages, {plan.rows} are planned")


def _check_pages(scope: Scope, plan: GenerationPlan, table: pa.Table) -> None:
    """Every planned input has its pages 0..n-1, each once, or some of them where they are tried again.

    That the manifest holds the same rows is checked by unit.
    """
    grouped = table.group_by(["uri", "sha256"]).aggregate(
        [
            ("page", "count"),
            ("page", "count_distinct"),
            ("page", "min"),
            ("page", "max"),
            ("pages", "min"),
            ("pages", "max"),
        ]
    )
    for row in grouped.to_pylist():
        pages, count = row["pages_max"], row["page_count"]
        once = count == row["page_count_distinct"] and row["pages_min"] == pages
        inside = row["page_min"] >= 0 and row["page_max"] < pages
        scope.findings.expect(
            once and inside and (count == pages or plan.retry),
            "manifest-pages",
            row["uri"],
            f"{count} rows ({row['page_count_distinct']} pages) of a file of {pages} in the plan of {plan.name}",
        )
