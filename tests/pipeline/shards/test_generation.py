"""Generations: a plan first, markers last, and nothing listed that does not add up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.shards.dataset import Dataset
from pipeline.shards.files import Store
from pipeline.shards.generation import (
    GenerationFiles,
    add_generation,
    count_rows,
    inputs_unit,
    is_inputs_unit,
    open_or_create,
    unit_name,
)
from schemas.base import sha256_hex
from schemas.dataset import Counts, DatasetInfo, GenerationPlan
from schemas.manifest import PLAN_SCHEMA, ManifestRow, Reason, Status

CONFIG: dict[str, object] = {"ocr": "rapidocr", "pages_per_shard": 2, "rate": 0.5}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "set"))


@pytest.fixture
def files(store: Store) -> GenerationFiles:
    return GenerationFiles(store, "gen-0000")


def row(status: Status = Status.OK, **more: Any) -> ManifestRow:
    return ManifestRow(uri="/a.pdf", status=status, generation="gen-0000", **more)


def plan_rows(pages: int) -> pa.Table:
    rows = [{"uri": "/a.pdf", "sha256": "0" * 64, "format": "pdf", "page": i, "pages": pages} for i in range(pages)]
    return pa.Table.from_pylist(rows, schema=PLAN_SCHEMA)


def test_a_plan_is_read_as_it_was_written(files: GenerationFiles, store: Store) -> None:
    assert files.read_plan() is None
    plan = files.write_plan(plan_rows(5), 2, "digest of inputs")
    assert files.read_plan() == plan
    assert (plan.units, plan.rows, plan.inputs) == (3, 5, "digest of inputs")
    units = [files.plan_reader(PLAN_SCHEMA).unit(unit) for unit in range(plan.units)]
    assert pa.concat_tables(units).equals(plan_rows(5))
    name = "plan/part-000000.parquet"
    data = store.read(f"gen-0000/{name}")
    assert [(f.name, f.size, f.sha256) for f in plan.files] == [(name, len(data), sha256_hex(data))]
    with pytest.raises(ValueError, match=f"{name}: has no unit 3"):
        files.plan_reader(PLAN_SCHEMA).unit(3)
    groups = pq.ParquetFile(pa.BufferReader(data)).metadata
    assert [groups.row_group(i).num_rows for i in range(groups.num_row_groups)] == [2, 2, 1], "a unit is a row group"


def test_a_plan_of_nothing_has_no_units(files: GenerationFiles) -> None:
    plan = files.write_plan(plan_rows(0), 2, "")
    assert (plan.units, plan.rows, plan.files) == (0, 0, [])
    assert files.read_plan() == plan


def test_a_unit_is_done_once_its_marker_is_there(files: GenerationFiles, store: Store) -> None:
    assert files.done() == set()
    marker = files.write_unit("000000", [row()], ("pages-000000", b"tar", b"index"))
    assert files.done() == {"000000"}
    assert files.markers() == [marker]
    assert marker.shard == "pages-000000"
    for file in marker.files:
        data = store.read(f"gen-0000/{file.name}")
        assert (file.size, file.sha256) == (len(data), sha256_hex(data))
    names = [file.name for file in marker.files]
    assert names == ["pages-000000.tar", "pages-000000.parquet", "manifest/part-000000.parquet"]


def test_the_marker_is_written_last(files: GenerationFiles, store: Store, tmp_path: Path) -> None:
    (tmp_path / "set" / "gen-0000" / "manifest" / "part-000000.parquet").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        files.write_unit("000000", [row()], ("pages-000000", b"tar", b"index"))
    assert store.exists("gen-0000/pages-000000.tar")
    assert files.done() == set(), "a unit whose files are not all there is not done"


def test_a_unit_that_is_done_again_has_the_same_bytes(files: GenerationFiles, tmp_path: Path) -> None:
    def content() -> dict[str, bytes]:
        return {str(p.relative_to(tmp_path)): p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    files.write_unit("000000", [row(words=3, route="ocr")], ("pages-000000", b"tar", b"index"))
    before = content()
    files.write_unit("000000", [row(words=3, route="ocr")], ("pages-000000", b"tar", b"index"))
    assert content() == before


def test_the_unit_of_decided_inputs_has_no_shard(files: GenerationFiles) -> None:
    files.write_unit(inputs_unit(0), [row(Status.REJECTED, reason=Reason.ENCRYPTED)])
    [marker] = files.markers()
    assert marker.shard is None
    assert [file.name for file in marker.files] == ["manifest/part-inputs-000000.parquet"]
    assert marker.counts == Counts(rejected=1, reasons={"encrypted": 1})


def test_rows_are_counted_by_what_became_of_them() -> None:
    rows = [
        row(words=10, route="ocr"),
        row(words=0, route="text-layer"),
        row(words=5, route="ocr"),
        row(Status.REJECTED, reason=Reason.TIMEOUT),
        row(Status.DUPLICATE, reason=Reason.SAME_FILE),
    ]
    assert count_rows(rows) == Counts(
        ok=3,
        rejected=1,
        duplicate=1,
        words=15,
        routes={"ocr": 2, "text-layer": 1},
        reasons={"timeout": 1, "same-file": 1},
    )
    assert count_rows([]) == Counts()


def test_finishing_names_the_units_that_are_missing(files: GenerationFiles) -> None:
    plan = files.write_plan(plan_rows(6), 2, "")
    files.write_unit("000001", [row(), row()], ("pages-000001", b"", b""))
    with pytest.raises(RuntimeError, match=r"gen-0000: 2 of 3 units are not finished: 000000"):
        files.finish(plan, {})


@pytest.mark.parametrize("written", [1, 3])
def test_finishing_refuses_sums_that_do_not_hold(files: GenerationFiles, written: int) -> None:
    plan = files.write_plan(plan_rows(2), 2, "")
    files.write_unit("000000", [row()] * written, ("pages-000000", b"", b""))
    with pytest.raises(RuntimeError, match=f"2 rows were planned, {written} are accounted for"):
        files.finish(plan, {})


def test_finishing_refuses_a_unit_that_was_not_planned(files: GenerationFiles) -> None:
    plan = files.write_plan(plan_rows(1), 1, "")
    for unit in ("000000", "000001"):
        files.write_unit(unit, [row()], (f"pages-{unit}", b"", b""))
    with pytest.raises(RuntimeError, match="1 rows were planned, 2 are accounted for"):
        files.finish(plan, {})


def test_rows_in_the_place_of_others_count_once(files: GenerationFiles, store: Store) -> None:
    info = open_or_create(store, "pages", CONFIG)
    plan = files.write_plan(plan_rows(3), 2, "")
    timed_out = row(Status.REJECTED, reason=Reason.TIMEOUT)
    files.write_unit("000000", [row(words=1, route="ocr"), timed_out], ("pages-000000", b"t", b"i"))
    files.write_unit("000001", [timed_out], ("pages-000001", b"t", b"i"))
    info = add_generation(store, info, files.finish(plan, {}))
    again = GenerationFiles(store, "gen-0001")
    parts, rows = again.write_plan_parts([plan_rows(2)], 2)
    replaced = Counts(rejected=2, reasons={"timeout": 2})
    values = {"units": 1, "unit_rows": 2, "rows": rows, "inputs": "", "files": parts}
    plan = again.seal_plan(GenerationPlan(name="gen-0001", retry=True, replaces=replaced, **values))
    again.write_unit("000000", [row(words=5, route="ocr"), timed_out], ("pages-000000", b"t", b"i"))
    generation = again.finish(plan, {})
    assert (generation.counts.rows, generation.replaces) == (2, replaced)
    totals = add_generation(store, info, generation).totals
    assert totals == Counts(ok=2, rejected=1, words=6, routes={"ocr": 2}, reasons={"timeout": 1})


def test_a_finished_generation_is_listed_with_its_sums(files: GenerationFiles, store: Store) -> None:
    info = open_or_create(store, "pages", CONFIG)
    files.write_unit(inputs_unit(0), [row(Status.REJECTED, reason=Reason.EMPTY_FILE)])
    files.write_unit(inputs_unit(7), [row(Status.DUPLICATE, reason=Reason.SAME_FILE)])
    plan = files.write_plan(plan_rows(3), 2, "inputs")
    files.write_unit("000000", [row(words=1, route="ocr")] * 2, ("pages-000000", b"t", b"i"))
    files.write_unit("000001", [row(Status.REJECTED, reason=Reason.TIMEOUT)], ("pages-000001", b"t", b"i"))
    generation = files.finish(plan, {"python": "3"})
    assert (generation.shards, generation.counts.rows, generation.inputs) == (2, 5, "inputs")
    longer = add_generation(store, info, generation)
    assert longer == DatasetInfo.from_json(store.read("dataset.json")) == Dataset(store.url).info
    assert longer.totals == generation.counts
    assert longer.digest == DatasetInfo.digest_of([generation]) != info.digest


def test_the_same_dataset_is_gone_on_with(store: Store) -> None:
    made = open_or_create(store, "pages", CONFIG)
    assert made.generations == []
    before = store.read("dataset.json")
    assert open_or_create(store, "pages", dict(reversed(CONFIG.items()))) == made
    assert store.read("dataset.json") == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pages_per_shard": 3}, "pages_per_shard was 2 and is 3"),
        ({"rate": 0.25, "pages_per_shard": 3}, r"pages_per_shard was 2 and is 3 \(2 field"),
        ({"new_option": 1}, "new_option was None and is 1"),
    ],
)
def test_another_configuration_is_refused_by_field(store: Store, change: dict[str, object], message: str) -> None:
    open_or_create(store, "pages", CONFIG)
    before = store.read("dataset.json")
    with pytest.raises(ValueError, match=message):
        open_or_create(store, "pages", {**CONFIG, **change})
    assert store.read("dataset.json") == before


def test_another_content_is_refused(store: Store) -> None:
    open_or_create(store, "pages", CONFIG)
    with pytest.raises(ValueError, match="is a dataset of pages, expected one of train"):
        open_or_create(store, "train", CONFIG)


def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    with pytest.raises(ValueError, match="is not empty and holds no dataset"):
        open_or_create(Store(str(tmp_path)), "pages", CONFIG)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_first_write_that_was_cut_off_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".dataset.json.deadbeef.tmp").write_bytes(b"{")
    assert open_or_create(Store(str(tmp_path)), "pages", CONFIG).generations == []


@pytest.mark.parametrize("name", ["gen-1", "gen-00000", "../gen-0000", "gen-0000/..", ""])
def test_names_of_generations_are_checked(store: Store, name: str) -> None:
    with pytest.raises(ValueError, match="not a generation's name"):
        GenerationFiles(store, name)


def test_units_sort_by_their_number() -> None:
    names = [unit_name(i) for i in (0, 9, 10, 99_999, 100_000)]
    assert names == sorted(names)
    decided = [inputs_unit(i) for i in (0, 9, 10)]
    assert sorted([*decided, *names]) == [*names, *decided], "decided inputs come after all shards"
    assert [is_inputs_unit(name) for name in (*names, *decided)] == [False] * 5 + [True] * 3


def test_no_dataset_is_made_inside_another(store: Store, tmp_path: Path) -> None:
    open_or_create(store, "pages", CONFIG)
    inner = Store(f"{store.url}/gen-0000/again")
    with pytest.raises(ValueError, match=f"lies in the dataset {tmp_path}/set"):
        open_or_create(inner, "pages", CONFIG)
    assert not (tmp_path / "set/gen-0000").exists()
    (tmp_path / "set/gen-0000").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "set/gen-0000")
    with pytest.raises(ValueError, match="lies in the dataset"):
        open_or_create(Store(str(tmp_path / "link/again")), "pages", CONFIG)
    open_or_create(Store(f"{store.url}/../beside"), "pages", CONFIG)


def test_what_is_no_folder_of_a_generation_is_not_discarded(files: GenerationFiles, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/plan.json").write_text("{}")
    (tmp_path / "set").mkdir()
    place = tmp_path / "set/gen-0000"
    for make in (lambda: place.symlink_to(tmp_path / "other"), lambda: place.write_text("x")):
        make()
        with pytest.raises(ValueError, match="is no folder of a generation"):
            files.discard()
        place.unlink()
    assert (tmp_path / "other/plan.json").exists()


def test_no_marker_outlives_the_rest(files: GenerationFiles, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """However far a discard has come: what is still there of the generation can be gone on with."""
    files.write_plan(plan_rows(2), 2, "")
    files.write_unit("000000", [row()], ("pages-000000", b"tar", b"index"))

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "remove", cut_off)
        with pytest.raises(KeyboardInterrupt):
            files.discard()
    assert files.done() == set()
    assert files.read_plan() is not None
    assert files.discard() == 0
    assert files.discard() is None
    assert not store.exists("gen-0000")
