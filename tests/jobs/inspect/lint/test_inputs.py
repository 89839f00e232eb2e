"""Faults of what was listed and of what opening it showed, in datasets whose hashes are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jobs.inspect.lint import lint

Rows = list[dict[str, Any]]
LISTING = "gen-0000/listing.json"


def codes(url: str) -> set[str]:
    return {finding.code for finding in lint(url)}


SEAL_FAULTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "an input more": lambda listing: listing.update(inputs=listing["inputs"] + 1),
    "an input less": lambda listing: listing.update(inputs=listing["inputs"] - 1),
    "a retry": lambda listing: listing.update(retry=True),
    "in place of others": lambda listing: listing["replaces"].update(rejected=1),
    "no files": lambda listing: listing.update(files=[]),
    "a file twice": lambda listing: listing["files"].append(listing["files"][0]),
    "another schema": lambda listing: listing.update(schema="x"),
    "unknown field": lambda listing: listing.update(more=1),
}


@pytest.mark.parametrize("name", SEAL_FAULTS)
def test_faults_of_the_listings_own_record(pages: Any, name: str) -> None:
    pages.edit_json(LISTING, SEAL_FAULTS[name])
    pages.seal()
    assert codes(pages.url) == {"input-files"}


def test_a_listing_under_another_hash(pages: Any) -> None:
    pages.edit_bytes(LISTING, lambda data: data + b"\n")
    assert codes(pages.url) == {"file-size"}


PLAN_FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], set[str]]] = {
    "a retry": (lambda plan: plan.update(retry=True), {"input-files"}),
    "in place of others": (lambda plan: plan["replaces"].update(rejected=1), {"input-files", "plan-file"}),
    "a file left out": (lambda plan: plan["files"].pop(), {"input-files", "file-stray"}),
    "files in another order": (lambda plan: plan["files"].append(plan["files"].pop(1)), {"input-files"}),
}


@pytest.mark.parametrize("name", PLAN_FAULTS)
def test_faults_of_what_the_plan_was_made_from(pages: Any, name: str) -> None:
    fault, expected = PLAN_FAULTS[name]
    pages.edit_json("gen-0000/plan.json", fault)
    assert codes(pages.url) == expected


def test_an_input_that_was_never_opened(pages: Any) -> None:
    pages.edit_probes(lambda rows: rows.pop())
    assert codes(pages.url) == {"input-files"}


def test_an_opened_input_that_was_never_listed(pages: Any) -> None:
    pages.edit_listing(lambda rows: rows.pop())
    assert codes(pages.url) == {"input-files"}


@pytest.mark.parametrize(("name", "other"), [("listing", "probes"), ("probes", "plan"), ("listing", "manifest")])
def test_rows_of_another_kind(pages: Any, name: str, other: str) -> None:
    source = next(pages.path(f"gen-0000/{other}").glob("*.parquet"))
    pages.path(f"gen-0000/{name}/part-000000.parquet").write_bytes(source.read_bytes())
    pages.seal()
    assert codes(pages.url) == {"input-files"}


def test_an_input_without_a_row(pages: Any) -> None:
    """It was listed and opened, and then nothing was heard of it."""
    pages.edit_listing(lambda rows: rows.append(rows[0] | {"uri": "/data/lost.pdf"}))
    pages.edit_probes(lambda rows: rows.append(rows[0]))
    pages.edit_json(LISTING, lambda listing: listing.update(inputs=listing["inputs"] + 1))
    pages.seal()
    (finding,) = lint(pages.url)
    assert (finding.code, finding.where) == ("manifest-input", "/data/lost.pdf")
    assert "gen-0000/listing/part-000000.parquet" in finding.what


def test_a_row_of_an_earlier_generation_is_enough(pages: Any) -> None:
    """Such an input was touched, opened again, and is what it was."""
    name = "gen-0001/{}/part-000000.parquet"
    for folder in ("listing", "probes"):
        rows: Rows = []
        schema = pages.schema(name.format(folder))
        pages.edit_rows(
            f"gen-0000/{folder}/part-000000.parquet", schema, lambda found, r=rows: r.append(found[0]), 1 << 20
        )
        pages.edit_rows(name.format(folder), schema, lambda found, r=rows: found.extend(r), 1 << 20)
    pages.edit_json("gen-0001/listing.json", lambda listing: listing.update(inputs=listing["inputs"] + 1))
    pages.seal()
    assert codes(pages.url) == set()


def test_one_place_may_have_a_decided_row_for_each_of_its_files(pages: Any) -> None:
    """As it has where it was another file when its pages were tried again."""
    pages.edit_manifest("inputs-000000", lambda rows: rows.append(rows[0] | {"sha256": None, "document": None}))
    assert codes(pages.url) == {"unit-counts"}
