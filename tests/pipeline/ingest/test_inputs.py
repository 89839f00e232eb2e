"""The inputs of a generation: listed in parts, sealed, opened part by part, and taken back without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.ingest import InputFiles, Probe, inputs, listing_row
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles
from pipeline.sources import Listed
from schemas.base import sha256_hex
from schemas.dataset import Counts, Listing
from schemas.manifest import LISTING_SCHEMA, PROBE_SCHEMA, Reason

PART = 3  # inputs, in place of some thousand


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "PART_INPUTS", PART)


@pytest.fixture
def files(tmp_path: Path) -> GenerationFiles:
    return GenerationFiles(Store(str(tmp_path / "set")), "gen-0000")


def listed(count: int) -> list[dict[str, Any]]:
    more = {"only": None, "sha256": None}
    return [listing_row(Listed(f"/{i:03d}.pdf", f"{i}-{i}", *((i, 9) if i % 2 else ()))) | more for i in range(count)]


def opened(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [Probe(sha256_hex(row["uri"].encode()), "pdf", 2).row() for row in rows]


def names(files: GenerationFiles) -> list[str]:
    root = Path(files.store.root)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 11))
def test_any_number_is_listed_in_parts_and_in_order(files: GenerationFiles, count: int) -> None:
    made = InputFiles(files)
    listing = made.write_listing(iter(listed(count)))
    assert made.read_listing() == listing
    assert (listing.inputs, listing.retry, listing.replaces) == (count, False, Counts())
    assert [ref.name for ref in listing.files] == [f"listing/part-{i:06d}.parquet" for i in range(-(-count // PART))]
    for ref in listing.files:
        data = files.store.read(f"gen-0000/{ref.name}")
        assert (ref.size, ref.sha256) == (len(data), sha256_hex(data))
    parts = [made.listed(i) for i in range(len(listing.files))]
    assert [part.num_rows for part in parts] == [PART] * (count // PART) + [count % PART] * (count % PART > 0)
    assert [row for part in parts for row in part.to_pylist()] == listed(count)
    assert [part.equals(other) for part, other in zip(parts, made.all_listed(), strict=True)] == [True] * len(parts)
    assert all(part.schema.equals(LISTING_SCHEMA) for part in parts)


def test_the_seal_comes_last(files: GenerationFiles) -> None:
    made = InputFiles(files)

    def rows() -> Any:
        for row in listed(8):
            yield row
            assert made.read_listing() is None
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        made.write_listing(rows())
    assert made.read_listing() is None


def test_a_listing_that_was_cut_off_is_no_part_of_the_next(files: GenerationFiles) -> None:
    """Neither are probes, plans and decisions that were made from another one, and were not taken back whole."""
    made = InputFiles(files)
    made.write_listing(listed(9))
    for part in range(3):
        made.write_probes(part, opened(listed(9)[part * PART : (part + 1) * PART]))
    files.write_unit("inputs-000000", [])
    files.put("plan/part-000002.parquet", b"x")
    files.store.remove("gen-0000/listing.json")  # killed right there
    fresh = GenerationFiles(Store(f"{files.store.url}-fresh"), "gen-0000")
    assert made.write_listing(listed(2)) == InputFiles(fresh).write_listing(listed(2))
    assert names(files) == names(fresh)
    assert made.probed() == set()
    assert [table.num_rows for table in made.all_listed()] == [2]


def test_parts_are_opened_in_any_order(files: GenerationFiles) -> None:
    made = InputFiles(files)
    listing = made.write_listing(listed(8))
    assert made.probed() == set()
    rows = opened(listed(8))
    rows[7] = Probe(reason=Reason.UNREADABLE, detail="gone").row()
    for part, there in ((2, {2}), (0, {0, 2}), (1, {0, 1, 2})):
        made.write_probes(part, rows[part * PART : (part + 1) * PART])
        assert made.probed() == there
    assert [row for table in made.all_probes() for row in table.to_pylist()] == rows
    assert made.probes(2).to_pylist() == rows[6:]
    assert made.probes(0).schema.equals(PROBE_SCHEMA)
    refs = made.refs(listing)
    parts = [f"part-{i:06d}.parquet" for i in range(3)]
    expected = [*(f"listing/{part}" for part in parts), "listing.json", *(f"probes/{part}" for part in parts)]
    assert [ref.name for ref in refs] == expected
    for ref in refs:
        data = files.store.read(f"gen-0000/{ref.name}")
        assert (ref.size, ref.sha256) == (len(data), sha256_hex(data))


def test_what_is_taken_back_leaves_nothing(files: GenerationFiles) -> None:
    made = InputFiles(files)
    files.store.write("dataset.json", b"{}")
    files.store.write("gen-0001/listing/part-000000.parquet", b"x")
    made.write_listing(listed(7))
    made.write_probes(0, opened(listed(3)))
    made.discard()
    assert names(files) == ["dataset.json", "gen-0001/listing/part-000000.parquet"]
    assert made.read_listing() is None
    made.discard()


def test_a_retry_says_what_it_is_in_place_of(files: GenerationFiles) -> None:
    made = InputFiles(files)
    replaced = Counts(rejected=3, reasons={"timeout": 3})
    rows = [row | {"only": [1, 4], "sha256": "0" * 64} for row in listed(1)]
    listing = made.write_listing(rows, replaced)
    assert (listing.retry, listing.replaces) == (True, replaced)
    assert made.listed(0).to_pylist() == rows
    assert Listing.from_json(listing.to_json()) == listing
