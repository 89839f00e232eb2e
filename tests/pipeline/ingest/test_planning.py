"""Plans from listed and opened inputs: the same bytes however often the looking was cut off."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reportlab.lib import pdfencrypt

from jobs.inspect.lint import lint
from pipeline.ingest import IngestConfig, InputFiles, Probe, accounted, inputs, listing_row, make_plan
from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, is_inputs_unit, open_or_create
from pipeline.sources import Listed
from schemas.base import sha256_hex
from schemas.dataset import GenerationPlan
from schemas.manifest import PLAN_SCHEMA, Reason

Ingest = Callable[..., Any]
DrawPdf = Callable[..., bytes]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "PART_INPUTS", 2)


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def folder(tmp_path: Path, draw_pdf: DrawPdf) -> Path:
    """Seven inputs: four documents of seven pages, a copy of one, a locked file, one that is empty."""
    made = tmp_path / "inputs"
    made.mkdir()
    for name, data in {
        "a.pdf": draw_pdf("one", "two"),
        "b.pdf": draw_pdf("x", encrypt=pdfencrypt.StandardEncryption("secret", "owner")),
        "c.pdf": draw_pdf("three"),
        "d.pdf": draw_pdf("one", "two"),
        "e.pdf": draw_pdf("four", "five", "six"),
        "f.pdf": b"",
        "g.pdf": draw_pdf("seven"),
    }.items():
        (made / name).write_bytes(data)
    return made


def test_a_plan_names_all_that_it_was_made_from(ingestion: Ingest, folder: Path) -> None:
    run = ingestion()
    plan = run.plan([folder])
    parts = [f"part-{i:06d}.parquet" for i in range(4)]
    names = [
        "plan/part-000000.parquet",
        *(f"listing/{p}" for p in parts),
        "listing.json",
        *(f"probes/{p}" for p in parts),
    ]
    assert [ref.name for ref in plan.files] == names
    for ref in plan.files:
        assert sha256_hex(run.store.read(f"gen-0000/{ref.name}")) == ref.sha256
    assert (plan.rows, plan.units, plan.unit_rows, plan.retry, plan.replaces.rows) == (7, 3, 3, False, 0)
    assert run.files.read_plan() == plan
    units = [run.files.plan_reader(PLAN_SCHEMA).unit(unit) for unit in range(plan.units)]
    found = [(Path(row["uri"]).name, row["page"]) for unit in units for row in unit.to_pylist()]
    pages = {"a": 2, "c": 1, "e": 3, "g": 1}
    assert found == [(f"{name}.pdf", page) for name, count in pages.items() for page in range(count)]
    assert run.files.done() == {"inputs-000000", "inputs-000001", "inputs-000002"}, "as soon as they are decided"
    assert sum(marker.counts.rows for marker in run.files.markers()) == 3


@pytest.mark.parametrize(
    "left",
    [
        ("listing",),  # killed before any of it was opened
        ("listing", "probes/part-000000", "probes/part-000001"),
        ("listing", "probes/part-000003"),
        ("listing", "probes"),
        ("listing", "probes", "units/inputs-000000", "manifest/part-inputs-000000"),  # killed while it planned
        ("listing", "probes", "units", "manifest", "plan/"),  # killed before the plan was sealed
    ],
)
def test_what_was_cut_off_while_it_looked_goes_on_to_the_same_bytes(
    ingestion: Ingest, folder: Path, left: tuple[str, ...]
) -> None:
    whole = ingestion("whole")
    whole.run(folder)
    run = ingestion("cut")
    run.list_new([folder])
    for path in (whole.out / "gen-0000").rglob("*"):
        name = str(path.relative_to(whole.out / "gen-0000"))
        decided = "pages" not in name and not name.startswith(("units/0", "manifest/part-0"))
        if path.is_file() and name.startswith(left) and decided:
            (run.out / "gen-0000" / name).parent.mkdir(exist_ok=True)
            shutil.copy(path, run.out / "gen-0000" / name)
    there = len(InputFiles(run.files).probed())
    plan = run.look()
    assert len(run.opened) == 7 - sum(1 if part == 3 else 2 for part in _parts(left, there))
    run.work(plan)
    run.finish(plan)
    assert hashes(run.out) == hashes(whole.out)
    assert lint(str(run.out)) == []


def _parts(left: tuple[str, ...], there: int) -> list[int]:
    """Parts that were opened."""
    named = [int(name[-1]) for name in left if name.startswith("probes/")]
    assert len(named or range(there)) == there
    return named or list(range(there))


def test_files_that_appear_after_the_listing_are_for_the_next_generation(
    ingestion: Ingest, folder: Path, draw_pdf: DrawPdf
) -> None:
    run = ingestion()
    run.list_new([folder])
    (folder / "aa.pdf").write_bytes(draw_pdf("later"))
    plan = run.look()
    assert str(folder / "aa.pdf") not in run.opened
    run.work(plan)
    run.finish(plan)
    run.run(folder)
    assert [(row.uri, row.page) for row in run.rows("gen-0001")] == [(str(folder / "aa.pdf"), 0)]
    assert lint(str(run.out)) == []


def test_nothing_new_is_no_generation(ingestion: Ingest, folder: Path) -> None:
    run = ingestion()
    run.run(folder)
    before = hashes(run.out)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes())  # other times, the same bytes
    assert run.list_new([folder]) is not None
    assert run.look() is None
    assert hashes(run.out) == before


LOOKED = st.lists(
    st.tuples(st.sampled_from("vwxyz"), st.sampled_from([0, 0, 1, 2, 5, 30])), min_size=1, max_size=9
)  # content, pages: 0 where it cannot be opened


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LOOKED, st.none() | st.integers(1, 4), st.integers(1, 9))
def test_any_inputs_in_any_parts_are_planned_alike(
    tmp_path_factory: pytest.TempPathFactory, looked: list[tuple[str, int]], pages_per_shard: int | None, size: int
) -> None:
    config = IngestConfig(pages_per_shard=pages_per_shard)

    def planned(size: int) -> tuple[GenerationPlan, list[Any], list[Any]]:
        store = Store(str(tmp_path_factory.mktemp("planned")))
        info = open_or_create(store, "pages", {})
        files = GenerationFiles(store, "gen-0000")
        made = InputFiles(files)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(inputs, "PART_INPUTS", size)
            listing = made.write_listing(listing_row(Listed(f"/{i}.pdf", "1")) for i in range(len(looked)))
            for part in range(len(listing.files)):
                rows = looked[part * size : (part + 1) * size]
                made.write_probes(part, [_probe(content, pages).row() for content, pages in rows])
            plan = make_plan(files, listing, config, accounted(store, info))
        assert plan is not None
        rows = [row for unit in range(plan.units) for row in files.plan_reader(PLAN_SCHEMA).unit(unit).to_pylist()]
        assert {marker.unit for marker in files.markers()} == {unit for unit in files.done() if is_inputs_unit(unit)}
        return plan, rows, Dataset(store.url).manifest("gen-0000").to_pylist()

    plan, rows, decided = planned(size)
    other, *same = planned(len(looked))
    assert [rows, decided] == same
    assert (plan.units, plan.unit_rows, plan.rows, plan.inputs) == (
        other.units,
        other.unit_rows,
        other.rows,
        other.inputs,
    )
    assert plan.unit_rows == config.unit_rows(sum(pages for _, pages in looked))
    assert len({row["uri"] for row in rows} | {row["uri"] for row in decided}) == len(looked)


def _probe(content: str, pages: int) -> Probe:
    sha256 = sha256_hex(f"{content}{pages}".encode())
    return Probe(sha256, "pdf", pages) if pages else Probe(sha256, reason=Reason.DAMAGED, detail="no good")
