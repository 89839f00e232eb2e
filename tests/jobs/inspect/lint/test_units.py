"""Faults of plans, markers and manifest rows, in datasets whose hashes are right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jobs.inspect.lint import lint

Rows = list[dict[str, Any]]


def codes(url: str) -> set[str]:
    return {finding.code for finding in lint(url)}


MARKER_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], set[str]]] = {
    "unknown field": (lambda marker: marker.update(more=1), {"unit-marker"}),
    "another unit's name": (lambda marker: marker.update(unit="000000"), {"unit-marker"}),
    "another shard": (lambda marker: marker.update(shard="pages-000009"), {"unit-files"}),
    "a file left out": (lambda marker: marker["files"].pop(0), {"unit-files", "file-stray"}),
    "a file twice": (lambda marker: marker["files"].append(marker["files"][0]), {"unit-files"}),
    "counts": (lambda marker: marker["counts"].update(ok=1), {"unit-counts", "generation-counts", "plan-rows"}),
    "words": (lambda marker: marker["counts"].update(words=1), {"unit-counts", "generation-counts"}),
    "routes": (lambda marker: marker["counts"].update(routes={}), {"unit-counts", "generation-counts"}),
}


@pytest.mark.parametrize("name", MARKER_FAULTS)
def test_faults_of_a_marker(pages: Any, name: str) -> None:
    fault, expected = MARKER_FAULTS[name]
    pages.edit_json("gen-0000/units/000001.json", fault)
    found = codes(pages.url)
    assert expected <= found


def test_a_marker_names_a_file_outside(pages: Any) -> None:
    pages.edit_json("gen-0000/units/000001.json", lambda marker: marker["files"][0].update(name="../../secret"))
    assert {"unit-files", "generation-digest"} <= codes(pages.url)


def test_a_marker_of_no_planned_unit(pages: Any) -> None:
    pages.edit_json("gen-0000/plan.json", lambda plan: plan.update(units=2))
    assert codes(pages.url) == {"plan-rows"}


def test_a_marker_too_many(pages: Any) -> None:
    pages.path("gen-0000/units/000009.json").write_bytes(
        pages.path("gen-0000/units/000001.json").read_bytes().replace(b"000001", b"000009")
    )
    assert {"unit-stray", "file-missing", "generation-digest", "generation-counts"} <= codes(pages.url)


PLAN_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], set[str]]] = {
    "name": (lambda plan: plan.update(name="gen-0003"), {"plan-file"}),
    "inputs": (lambda plan: plan.update(inputs="others"), {"plan-file"}),
    "rows": (lambda plan: plan.update(rows=plan["rows"] + 1), {"plan-rows"}),
    "units": (lambda plan: plan.update(units=plan["units"] + 1), {"plan-rows"}),
    "files": (lambda plan: plan.update(files=[]), {"plan-file"}),
    "hash": (lambda plan: plan["files"][0].update(sha256="0" * 64), {"file-sha256"}),
    "size": (lambda plan: plan["files"][0].update(size=1), {"file-size"}),
    "schema": (lambda plan: plan.update(schema="x"), {"plan-file"}),
}


@pytest.mark.parametrize("name", PLAN_FAULTS)
def test_faults_of_the_plan(pages: Any, name: str) -> None:
    fault, expected = PLAN_FAULTS[name]
    pages.edit_json("gen-0000/plan.json", fault)
    assert codes(pages.url) == expected


def _swap(rows: Rows) -> None:
    rows[0], rows[1] = rows[1], rows[0]


ROW_FAULTS: dict[str, tuple[Callable[[Rows], Any], set[str]]] = {
    "a page left out": (lambda rows: rows.pop(1), {"manifest-pages", "manifest-plan", "plan-rows"}),
    "a page twice": (lambda rows: rows.insert(1, rows[0]), {"manifest-pages", "manifest-plan", "plan-rows"}),
    "a page for another": (lambda rows: rows[1].update(page=0), {"manifest-pages", "manifest-plan"}),
    "a page more than there are": (lambda rows: rows[0].update(pages=1), {"manifest-pages"}),
    "pages swapped": (_swap, {"manifest-plan"}),
}


@pytest.mark.parametrize("name", ROW_FAULTS)
def test_faults_of_planned_rows(pages: Any, name: str) -> None:
    fault, expected = ROW_FAULTS[name]
    pages.edit_plan(fault)
    assert codes(pages.url) == expected


def _first(**change: Any) -> Callable[[Rows], Any]:
    return lambda rows: rows[0].update(change)


# Unit 000000 holds two ok pages of one document and one of another; 000001 one ok, one rejected, one empty page.
MANIFEST_FAULTS: dict[str, tuple[str, Callable[[Rows], Any], set[str]]] = {
    "unknown status": ("000000", _first(status="lost"), {"manifest-row", "unit-counts", "manifest-plan", "index-rows"}),
    "unknown reason": (
        "000001",
        lambda r: r[1].update(reason="moon"),
        {"manifest-row", "unit-counts", "manifest-plan"},
    ),
    "unknown route": ("000000", _first(route="guess"), {"manifest-row", "unit-counts", "page-match"}),
    "ok with a reason": ("000000", _first(reason="killed"), {"manifest-row", "unit-counts"}),
    "ok without a shard": ("000000", _first(shard=None), {"manifest-row"}),
    "ok in another shard": ("000000", _first(shard="pages-000002"), {"manifest-row"}),
    "ok without words": ("000000", _first(words=None), {"manifest-row", "unit-counts", "index-rows", "page-words"}),
    "ok with other words": ("000000", _first(words=5), {"unit-counts", "index-rows", "page-words"}),
    "another generation": ("000000", _first(generation="gen-0005"), {"manifest-row"}),
    "another key": ("000000", _first(key="0" * 16 + "-00000"), {"manifest-row", "index-rows"}),
    "no key": ("000000", _first(key=None), {"manifest-row", "index-rows"}),
    "another document": ("000000", _first(document="0" * 16), {"manifest-row", "index-rows"}),
    "another uri": ("000000", _first(uri="/other.pdf"), {"manifest-plan", "page-match"}),
    "a copy without being one": ("000000", _first(duplicate_of="0" * 64), {"manifest-row", "manifest-duplicate"}),
    "rejected without a reason": ("000001", lambda r: r[1].update(reason=None), {"manifest-row", "unit-counts"}),
    "rejected in a shard": ("000001", lambda r: r[1].update(shard="pages-000001"), {"manifest-row"}),
    "a row left out": (
        "000000",
        lambda r: r.pop(),
        {"unit-counts", "manifest-plan", "index-rows", "manifest-duplicate", "manifest-input"},
    ),
    "rows swapped": ("000000", _swap, {"manifest-plan", "index-rows"}),
    "a decided row twice": ("inputs-000000", lambda r: r.append(r[0]), {"unit-counts", "manifest-pages"}),
    "a decided row with a page": ("inputs-000000", _first(page=0), {"manifest-row"}),
    "a copy of nothing": (
        "inputs-000000",
        lambda r: r[1].update(sha256="7" * 64, document="7" * 16, duplicate_of="7" * 64),
        {"manifest-duplicate"},
    ),
    "a copy of another file": ("inputs-000000", lambda r: r[1].update(duplicate_of=r[0]["sha256"]), {"manifest-row"}),
    "a copy for another reason": (
        "inputs-000000",
        lambda r: r[1].update(reason="damaged"),
        {"manifest-row", "unit-counts"},
    ),
}


@pytest.mark.parametrize("name", MANIFEST_FAULTS)
def test_faults_of_manifest_rows(pages: Any, name: str) -> None:
    unit, fault, expected = MANIFEST_FAULTS[name]
    pages.edit_manifest(unit, fault)
    assert codes(pages.url) == expected


def test_a_manifest_with_other_columns(pages: Any) -> None:
    pages.path("gen-0000/manifest/part-000000.parquet").write_bytes(
        pages.path("gen-0000/plan/part-000000.parquet").read_bytes()
    )
    pages.seal()
    assert codes(pages.url) == {"manifest-file"}


def test_the_same_page_in_two_generations(pages: Any, writers: dict[str, Any]) -> None:
    writers["write_pages"](pages.folder, [writers["Doc"]("form", [41])])
    assert [(finding.code, finding.what) for finding in lint(pages.url)] == [
        ("manifest-key", "2 ok rows have this key")
    ]


def test_a_training_unit_with_another_number_of_rows(train: Any) -> None:
    train.edit_json("gen-0000/plan.json", lambda plan: plan.update(rows=plan["rows"] - 1))
    assert codes(train.url) == {"plan-rows"}


def test_a_finding_names_the_row(pages: Any) -> None:
    pages.edit_manifest("000001", lambda rows: rows[1].update(shard="pages-000001"))
    (finding,) = lint(pages.url)
    assert finding.where.startswith("gen-0000/manifest/part-000001.parquet: ")
    assert "rejected and in shard pages-000001" in finding.what


def test_lint_reads_only(clean_pages: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in clean_pages.rglob("*")}
    lint(str(clean_pages))
    assert {path: path.stat().st_mtime_ns for path in clean_pages.rglob("*")} == before
