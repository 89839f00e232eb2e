"""Reading a dataset: every byte is the one that was indexed, or the file is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.shards.dataset import Dataset, ShardRef
from pipeline.shards.files import Store
from pipeline.shards.generation import GenerationFiles, add_generation, open_or_create
from pipeline.shards.tar import ShardBuilder
from schemas.manifest import MANIFEST_SCHEMA, ManifestRow, Reason, Status

Filled = Callable[[int], ShardBuilder]
TAR = "gen-0000/pages-000000.tar"


def write(folder: Path, filled: Filled, shards: int = 1) -> Dataset:
    """A dataset of one generation with three samples in each shard, and one decided input."""
    store = Store(str(folder))
    info = open_or_create(store, "pages", {})
    files = GenerationFiles(store, "gen-0000")
    rejected = ManifestRow(uri="/b", status=Status.REJECTED, reason=Reason.EMPTY_FILE, generation="gen-0000")
    files.write_unit("inputs-000000", [rejected])
    for i in range(shards):
        rows = [ManifestRow(uri="/a", status=Status.OK, generation="gen-0000", page=n) for n in range(3)]
        files.write_unit(f"{i:06d}", rows, (f"pages-{i:06d}", *filled(3).finish()))
    plan = files.write_plan(MANIFEST_SCHEMA.empty_table(), 1, "", rows=3 * shards)
    add_generation(store, info, files.finish(plan.model_copy(update={"units": shards}), {}))
    return Dataset(store.url)


@pytest.fixture
def dataset(tmp_path: Path, filled: Filled) -> Dataset:
    return write(tmp_path, filled)


def test_shards_come_in_order_with_their_sizes(tmp_path: Path, filled: Filled) -> None:
    dataset = write(tmp_path, filled, shards=3)
    assert dataset.shards() == [ShardRef("gen-0000", f"pages-{i:06d}", 3) for i in range(3)]
    assert dataset.shards(["gen-0000"]) == dataset.shards()
    assert dataset.shards([]) == []
    assert dataset.shards()[1].tar == "gen-0000/pages-000001.tar"
    assert dataset.shards()[1].index == "gen-0000/pages-000001.parquet"


def test_every_member_is_read_by_its_offset(dataset: Dataset) -> None:
    samples = list(dataset.samples(dataset.shards()[0]))
    assert [row["key"] for row, _ in samples] == [f"0123456789abcdef-{i:05d}" for i in range(3)]
    assert [set(members) for _, members in samples] == [{"jpg", "json"}, {"png", "json"}, {"jpg", "json"}]
    assert samples[1][1]["png"].startswith(b"\x89PNG")
    assert all(members["json"].startswith(b'{"number":%d' % i) for i, (_, members) in enumerate(samples))


def test_the_manifest_holds_the_rows_of_all_units(dataset: Dataset) -> None:
    table = dataset.manifest("gen-0000")
    assert table.schema.equals(MANIFEST_SCHEMA)
    assert sorted(table["status"].to_pylist()) == ["ok", "ok", "ok", "rejected"]
    assert dataset.manifest("gen-0001").num_rows == 0


def test_a_flipped_byte_is_refused_by_name(dataset: Dataset, tmp_path: Path) -> None:
    [shard] = dataset.shards()
    rows = dataset.index(shard).to_pylist()
    path = tmp_path / TAR
    good = path.read_bytes()
    for row in rows:
        for member in row["members"]:
            for place in (member["offset"], member["offset"] + member["size"] - 1):
                damaged = bytearray(good)
                damaged[place] ^= 1
                path.write_bytes(damaged)
                with pytest.raises(ValueError, match=rf"^{TAR}: {row['key']}\.{member['name']}: its bytes are not"):
                    dataset.member(shard, row["key"], member)
    path.write_bytes(good)
    assert len(list(dataset.samples(shard))) == 3


def test_a_cut_tar_is_refused_by_name_wherever_it_was_cut(dataset: Dataset, tmp_path: Path) -> None:
    [shard] = dataset.shards()
    path = tmp_path / TAR
    good = path.read_bytes()
    last = max(m["offset"] + m["size"] for row in dataset.index(shard).to_pylist() for m in row["members"])
    for length in [*range(0, last, 512), last - 1]:
        path.write_bytes(good[:length])
        with pytest.raises(ValueError, match=rf"^{TAR}: "):
            list(dataset.samples(shard))


@pytest.mark.parametrize("size", [-1, 1 << 40])
def test_a_size_out_of_all_proportion_is_refused_unread(dataset: Dataset, size: int) -> None:
    [shard] = dataset.shards()
    member = {"name": "jpg", "offset": 512, "size": size, "sha256": b"\0" * 32}
    with pytest.raises(ValueError, match=f"a size of {size} bytes is refused"):
        dataset.member(shard, "key", member)


def test_an_offset_before_the_file_is_refused(dataset: Dataset) -> None:
    [shard] = dataset.shards()
    member = {**dataset.index(shard).to_pylist()[0]["members"][0], "offset": -5}
    with pytest.raises(ValueError, match=TAR):
        dataset.member(shard, "key", member)


def test_a_place_without_a_dataset_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "absent"):
        with pytest.raises(ValueError, match=f"no dataset at {place}"):
            Dataset(str(place))


def test_a_damaged_dataset_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dataset.json").write_bytes(b'{"schema": "pagemill.dataset/1"')
    with pytest.raises(ValueError, match=r"^DatasetInfo: "):
        Dataset(str(tmp_path))


def test_content_is_asked_for_by_name(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> None:
    assert dataset.require("pages") is dataset
    with pytest.raises(ValueError, match="is a dataset of pages, expected one of train"):
        dataset.require("train")
    empty = str(tmp_path_factory.mktemp("empty"))
    open_or_create(Store(empty), "pages", {})
    with pytest.raises(ValueError, match="no finished generation"):
        Dataset(empty).require("pages")
