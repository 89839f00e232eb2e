"""A generation's plan: what each unit was to do."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from jobs.inspect.lint.scope import Scope
from pipeline.shards.tar import read_parquet
from schemas.dataset import Generation, GenerationPlan, Kind
from schemas.manifest import PLAN_SCHEMA, TRAIN_PLAN_SCHEMA

PLAN_FILE = "plan.json"
PLAN_ROWS = "plan.parquet"

_SCHEMA: dict[Kind, pa.Schema] = {"pages": PLAN_SCHEMA, "train": TRAIN_PLAN_SCHEMA}


@dataclass
class Plan:
    """The plan with its rows, one row group a unit."""

    record: GenerationPlan
    _file: pq.ParquetFile

    def unit(self, number: int) -> list[dict[str, Any]]:
        """Planned rows of a unit."""
        rows: list[dict[str, Any]] = self._file.read_row_group(number).to_pylist()
        return rows


def check_plan(scope: Scope, generation: Generation) -> Plan | None:
    """The plan of a generation, or None and a finding where it cannot be used."""
    where = f"{generation.name}/{PLAN_FILE}"
    findings = scope.findings
    if not findings.expect(where in scope.files, "plan-file", where, "is absent"):
        return None
    with findings.guard("plan-file", where):
        plan = GenerationPlan.from_json(scope.store.read(where))
        findings.expect(plan.name == generation.name, "plan-file", where, f"is the plan of {plan.name}")
        findings.expect(plan.inputs == generation.inputs, "plan-file", where, "its inputs are not the generation's")
        if not findings.expect(
            [ref.name for ref in plan.files] == [PLAN_ROWS], "plan-file", where, f"must name {PLAN_ROWS} alone"
        ):
            return None
        data = scope.read(generation.name, plan.files[0])
        return _opened(scope, generation, plan, data) if data is not None else None
    return None


def _opened(scope: Scope, generation: Generation, plan: GenerationPlan, data: bytes) -> Plan | None:
    where = f"{generation.name}/{PLAN_ROWS}"
    table = read_parquet(data, _SCHEMA[scope.info.content], where)
    file = pq.ParquetFile(io.BytesIO(data))
    groups = file.num_row_groups if table.num_rows else 0
    if not scope.findings.expect(
        groups == plan.units, "plan-rows", where, f"{groups} row groups for {plan.units} units"
    ):
        return None
    if scope.info.content == "pages":
        rows = table.num_rows
        _check_pages(scope, where, table)
    else:
        rows = sum(table["samples"].to_pylist())
    scope.findings.expect(rows == plan.rows, "plan-rows", where, f"rows for {rows} pages, {plan.rows} are planned")
    return Plan(plan, file)


def _check_pages(scope: Scope, where: str, table: pa.Table) -> None:
    """Every planned input has its pages 0..n-1, each once. That the manifest holds the same rows is checked by unit."""
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
        pages = row["pages_max"]
        seen = [row["page_count"], row["page_count_distinct"], row["page_max"] + 1, row["pages_min"]]
        scope.findings.expect(
            row["page_min"] == 0 and seen == [pages] * 4,
            "manifest-pages",
            row["uri"],
            f"{row['page_count']} rows ({row['page_count_distinct']} pages) of a file of {pages} in {where}",
        )
